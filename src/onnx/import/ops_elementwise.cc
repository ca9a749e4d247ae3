#include "onnx/import/node.h"

namespace webnn::onnx_format {
namespace {

template <class Op>
Result<void> ImportUnary(Node& node) {
  return node.Set(0, node.Emit(Op{.input = node.Get(0)}));
}
template <class Op>
Result<void> ImportBinary(Node& node) {
  return node.Set(0, node.Emit(Op{.a = node.Get(0), .b = node.Get(1)}));
}
Result<void> ImportIdentity(Node& node) { return node.Forward(0, 0); }

constexpr ImportRow kRows[] = {
    {"Abs", 1, 1, ImportUnary<ops::Abs>},   {"Add", 7, 2, ImportBinary<ops::Add>},
    {"Div", 7, 2, ImportBinary<ops::Div>},  {"Exp", 1, 1, ImportUnary<ops::Exp>},
    {"Identity", 1, 1, ImportIdentity},     {"Mul", 7, 2, ImportBinary<ops::Mul>},
    {"Relu", 1, 1, ImportUnary<ops::Relu>}, {"Sigmoid", 1, 1, ImportUnary<ops::Sigmoid>},
    {"Sub", 7, 2, ImportBinary<ops::Sub>},
};

}  // namespace

std::span<const ImportRow> ElementwiseRows() { return kRows; }

}  // namespace webnn::onnx_format
