#pragma once

#include <initializer_list>
#include <string_view>

#include "lowering/target.h"

namespace webnn::lowering {

/// A target that has `ops` in the types given, and casts and copies of everything.
inline Target MakeTarget(std::initializer_list<std::string_view> ops, ElementSet elements) {
  constexpr ElementSet kEverything = {Element::kFloat,  Element::kFloat16, Element::kDouble,
                                      Element::kInt8,   Element::kUint8,   Element::kInt32,
                                      Element::kUint32, Element::kInt64,   Element::kUint64,
                                      Element::kBool,   Element::kInt4,    Element::kUint4};
  Target target;
  target.name = "test";
  for (std::string_view op : {"Cast", "Identity", "Where"}) target.kernels[op] = kEverything;
  for (std::string_view op : {"Not", "And", "Or", "Xor"}) target.kernels[op] = {Element::kBool};
  for (std::string_view op : ops) target.kernels[op] = elements;
  return target;
}

}  // namespace webnn::lowering
