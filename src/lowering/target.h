#pragma once

#include <initializer_list>
#include <string_view>
#include <unordered_map>

#include "lowering/model.h"

namespace webnn::lowering {

/// A set of ONNX element types.
class ElementSet {
 public:
  constexpr ElementSet() = default;
  constexpr ElementSet(std::initializer_list<Element> elements) {
    for (Element element : elements) bits_ |= 1u << static_cast<unsigned>(element);
  }
  constexpr bool Has(Element element) const {
    return ((bits_ >> static_cast<unsigned>(element)) & 1u) != 0;
  }
  friend constexpr ElementSet operator|(ElementSet a, ElementSet b) {
    a.bits_ |= b.bits_;
    return a;
  }

 private:
  uint32_t bits_ = 0;
};

/// What the runtime that gets a model can compute. Lowering asks it; where a type is missing, the
/// value is widened, computed and narrowed.
struct Target {
  std::string_view name;
  int opset = 21;
  /// Element types that each ONNX operator takes.
  std::unordered_map<std::string_view, ElementSet> kernels;
  /// AveragePool is slower than a convolution, but for multiples of this many channels; 0: it never
  /// is.
  int64_t pooled_channels = 0;

  bool Supports(std::string_view op, Element element) const {
    auto found = kernels.find(op);
    return found != kernels.end() && found->second.Has(element);
  }
};

}  // namespace webnn::lowering
