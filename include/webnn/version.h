#pragma once

#include <string_view>

#include "webnn/export.h"

#define WEBNN_VERSION_MAJOR 0
#define WEBNN_VERSION_MINOR 1
#define WEBNN_VERSION_PATCH 0

namespace webnn {

/// Version of the library that runs, which may differ from the headers': "0.1.0".
WEBNN_EXPORT std::string_view Version();

}  // namespace webnn
