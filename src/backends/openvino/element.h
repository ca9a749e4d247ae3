#pragma once

#include <cstddef>

#include "backends/openvino/api.h"

namespace webnn::ov {

/// Bits of an element of the types that graphs of ours have at their ends; 0 for others.
size_t BitsOf(ov_element_type_e type);

}  // namespace webnn::ov
