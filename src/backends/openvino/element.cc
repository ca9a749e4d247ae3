#include "backends/openvino/element.h"

namespace webnn::ov {

size_t BitsOf(ov_element_type_e type) {
  switch (type) {
    case ov_element_type_e::I4:
    case ov_element_type_e::U4:
      return 4;
    case ov_element_type_e::I8:
    case ov_element_type_e::U8:
      return 8;
    case ov_element_type_e::F16:
      return 16;
    case ov_element_type_e::F32:
    case ov_element_type_e::I32:
    case ov_element_type_e::U32:
      return 32;
    case ov_element_type_e::I64:
    case ov_element_type_e::U64:
      return 64;
    default:
      return 0;
  }
}

}  // namespace webnn::ov
