#include "backends/openvino/target.h"

#include <string_view>

namespace webnn {
namespace {

using lowering::Element;
using lowering::ElementSet;

constexpr ElementSet kFloats = {Element::kFloat, Element::kFloat16};
constexpr ElementSet kBytes = {Element::kInt8, Element::kUint8};
// As `ov::ExactIntegers` makes them exact.
constexpr ElementSet kSigned = {Element::kInt32, Element::kInt64};
constexpr ElementSet kIntegers = kSigned | ElementSet{Element::kUint32, Element::kUint64};
constexpr ElementSet kNumbers = kFloats | kBytes | kIntegers;
constexpr ElementSet kBool = {Element::kBool};
constexpr ElementSet kNibbles = {Element::kInt4, Element::kUint4};

struct Kernel {
  std::string_view op;
  ElementSet elements;
};

// Types that the plug-in computes right; it has many more, but computes them in another type. What
// is not here is made of what is: integer Clip and the integer reductions would go through float32,
// with its 24 bits, and QuantizeLinear through a FakeQuantize that rounds otherwise.
constexpr Kernel kKernels[] = {
    {"Abs", kFloats | kSigned | ElementSet{Element::kInt8}},
    {"Add", kNumbers},
    {"And", kBool},
    {"ArgMax", kFloats | kBytes | ElementSet{Element::kInt32}},
    {"ArgMin", kFloats | kBytes | ElementSet{Element::kInt32}},
    {"AveragePool", kFloats},
    {"BatchNormalization", kFloats},
    {"BitwiseAnd", kBytes | kIntegers},
    {"BitwiseNot", kBytes | kIntegers},
    {"BitwiseOr", kBytes | kIntegers},
    {"BitwiseXor", kBytes | kIntegers},
    {"Cast", kNumbers | kBool | kNibbles},
    {"Ceil", kFloats},
    {"Clip", kFloats},
    {"Concat", kNumbers | kBool},
    {"Conv", kFloats},
    {"ConvTranspose", kFloats},
    {"Cos", kFloats},
    {"CumSum", kFloats | kIntegers},
    {"Div", kFloats | kBytes | kIntegers},
    {"Elu", kFloats},
    {"Equal", kNumbers | kBool},
    {"Erf", kFloats},
    {"Exp", kFloats},
    {"Expand", kNumbers | kBool},
    {"Floor", kFloats},
    {"GRU", kFloats},
    {"Gather", kNumbers | kBool},
    {"GatherElements", kNumbers | kBool},
    {"GatherND", kNumbers | kBool},
    {"Gelu", kFloats},
    {"Gemm", kFloats},
    {"Greater", kNumbers},
    {"GreaterOrEqual", kNumbers},
    {"HardSigmoid", kFloats},
    {"HardSwish", kFloats},
    {"Identity", kNumbers | kBool},
    {"InstanceNormalization", kFloats},
    {"IsInf", kFloats},
    {"IsNaN", kFloats},
    {"LSTM", kFloats},
    {"LayerNormalization", kFloats},
    {"LeakyRelu", kFloats},
    {"Less", kNumbers},
    {"LessOrEqual", kNumbers},
    {"Log", kFloats},
    {"LpPool", kFloats},
    {"MatMul", kFloats},
    {"Max", kNumbers},
    {"MaxPool", kFloats},
    {"Min", kNumbers},
    {"Mod", kFloats},
    {"Mul", kNumbers},
    {"Neg", kFloats | kSigned | ElementSet{Element::kInt8}},
    {"Not", kBool},
    {"Or", kBool},
    {"PRelu", kFloats},
    {"Pad", kNumbers | kBool},
    {"Pow", kFloats | kSigned},
    {"Reciprocal", kFloats},
    {"ReduceL1", kFloats},
    {"ReduceL2", kFloats},
    {"ReduceLogSum", kFloats},
    {"ReduceLogSumExp", kFloats},
    {"ReduceMax", kFloats | kBytes},
    {"ReduceMean", kFloats},
    {"ReduceMin", kFloats | kBytes},
    {"ReduceProd", kFloats},
    {"ReduceSum", kFloats},
    {"ReduceSumSquare", kFloats},
    {"Relu", kFloats},
    {"Reshape", kNumbers | kBool},
    {"Resize", kFloats | kBytes},
    {"Round", kFloats},
    {"ScatterElements", kNumbers | kBool},
    {"ScatterND", kNumbers | kBool},
    {"Sigmoid", kFloats},
    {"Sign", kFloats | kSigned | ElementSet{Element::kInt8}},
    {"Sin", kFloats},
    {"Slice", kNumbers | kBool},
    {"Softmax", kFloats},
    {"Softplus", kFloats},
    {"Softsign", kFloats},
    {"Split", kNumbers | kBool},
    {"Sqrt", kFloats},
    {"Squeeze", kNumbers | kBool},
    {"Sub", kNumbers},
    {"Tan", kFloats},
    {"Tanh", kFloats},
    {"Tile", kNumbers | kBool},
    {"Transpose", kNumbers | kBool | kNibbles},
    {"Trilu", kNumbers | kBool},
    {"Unsqueeze", kNumbers | kBool},
    {"Where", kNumbers | kBool},
    {"Xor", kBool},
};

lowering::Target MakeTarget() {
  lowering::Target target;
  target.name = "openvino";
  target.opset = 21;
  // Its kernels of LSTM and GRU have sigmoid and tanh; others are a loop of single steps.
  target.unrolled_unusual_steps = 64;
  for (const Kernel& kernel : kKernels) target.kernels.emplace(kernel.op, kernel.elements);
  return target;
}

}  // namespace

const lowering::Target& OpenVinoTarget() {
  static const lowering::Target kTarget = MakeTarget();
  return kTarget;
}

}  // namespace webnn
