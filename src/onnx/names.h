#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

#include "lowering/model.h"

namespace webnn::onnx_format {

/// Names of values in a file. ONNX has one name space for all of them, WebNN has one for inputs and
/// one for outputs, and other values have no name there at all.
class ValueNames {
 public:
  /// "%12": no name that `Unique` gives is of this form.
  static std::string Internal(lowering::ValueId id);

  /// `name` where nothing has it yet, else with a number behind it; `fallback` for an empty one.
  std::string Unique(std::string_view name, std::string_view fallback);

 private:
  std::unordered_set<std::string> taken_;
};

}  // namespace webnn::onnx_format
