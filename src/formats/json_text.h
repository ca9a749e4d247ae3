#pragma once

#include <string>
#include <string_view>

#include "webnn/result.h"

namespace webnn::formats {

/// The text as a JSON string, quoted. TypeError when it is not UTF-8, which JSON cannot say.
Result<std::string> JsonString(std::string_view text);

}  // namespace webnn::formats
