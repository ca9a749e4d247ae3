#include <algorithm>

#include "onnx/import/constants.h"
#include "onnx/import/quantization.h"

namespace webnn::onnx_format {
namespace {

using Sizes = std::vector<int64_t>;

// The sizes that WebNN wants of input k, which ONNX gives as a scalar, a vector along the axis, or
// in blocks. They divide `sizes` but for a last block that is not full.
Result<Sizes> SizesOver(const Node& node, size_t k, std::span<const int64_t> sizes,
                        const Granularity& granularity) {
  const Sizes& given = node.SizesOf(k);
  Sizes wanted(sizes.size(), 1);
  if (granularity.block == 0 && ProductOf(given) == 1) return wanted;
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis,
                         node.Axis(granularity.axis, static_cast<int64_t>(sizes.size())));
  if (granularity.block > 0) {
    wanted.assign(sizes.begin(), sizes.end());
    wanted[axis] = (sizes[axis] + granularity.block - 1) / granularity.block;
    if (given == wanted) return wanted;
  } else if (given.size() == 1 && given[0] == sizes[axis]) {
    wanted[axis] = given[0];
    return wanted;
  } else if (given.size() == sizes.size()) {
    // A vector that has been given the tensor's rank.
    wanted[axis] = sizes[axis];
    if (given == wanted) return wanted;
  }
  return node.Invalid(
      "a scale or zero point of shape [{}] does not fit [{}] along axis {}{}",
      fmt::join(given, ", "), fmt::join(sizes, ", "), axis,
      granularity.block > 0 ? fmt::format(" in blocks of {}", granularity.block) : std::string());
}

// Where the last block is not full: one for each element.
Operand RepeatBlocks(Node& node, Operand x, std::span<const int64_t> sizes, uint32_t axis,
                     int64_t block) {
  std::vector<int64_t> places(static_cast<size_t>(sizes[axis]));
  for (size_t i = 0; i < places.size(); ++i) places[i] = static_cast<int64_t>(i) / block;
  return node.Emit(ops::Gather{.input = x, .indices = Indices(node, places), .axis = axis});
}

struct Parameters {
  Operand scale;
  Operand zero_point;
};

// Scale and zero point in equal sizes of the rank of `sizes`.
Result<Parameters> GetParameters(Node& node, std::span<const int64_t> sizes, DataType type,
                                 const QuantizationInputs& inputs) {
  const Granularity& granularity = inputs.granularity;
  WEBNN_ASSIGN_OR_RETURN(const Sizes wanted, SizesOver(node, inputs.scale, sizes, granularity));
  Parameters parameters = {.scale = GetAs(node, inputs.scale, wanted)};
  if (node.Has(inputs.zero_point)) {
    WEBNN_ASSIGN_OR_RETURN(const Sizes own, SizesOver(node, inputs.zero_point, sizes, granularity));
    parameters.zero_point = node.Expand(GetAs(node, inputs.zero_point, own), wanted);
  } else {
    const Element element = lowering::ElementOf(type);
    std::byte* memory = nullptr;
    if (!ByteLength(element, wanted)) return node.Invalid("scale is too large");
    parameters.zero_point = node.Constant(HostTensor::Allocate(element, wanted, &memory));
  }
  if (granularity.block == 0) return parameters;
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis,
                         node.Axis(granularity.axis, static_cast<int64_t>(sizes.size())));
  if (sizes[axis] == wanted[axis] * granularity.block) return parameters;
  if (BitsPerElement(type) < 8) {
    return node.Refuse(fmt::format("blocks of {} that do not divide {} elements of {}",
                                   granularity.block, sizes[axis], Name(type)),
                       "use a block size that divides the axis");
  }
  for (Operand* operand : {&parameters.scale, &parameters.zero_point}) {
    *operand = RepeatBlocks(node, *operand, sizes, axis, granularity.block);
  }
  return parameters;
}

Result<Granularity> ReadGranularity(const Node& node) {
  Granularity granularity;
  WEBNN_ASSIGN_OR_RETURN(granularity.axis, node.Int("axis", 1));
  WEBNN_ASSIGN_OR_RETURN(granularity.block, node.Int("block_size", 0));
  if (granularity.block >= 0) return granularity;
  return node.Invalid("block_size is {}; it must not be negative", granularity.block);
}

// The type that an attribute asks for; nothing when it does not.
Result<std::optional<DataType>> TypeAttribute(const Node& node, std::string_view name) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t number, node.Int(name, 0));
  if (number == 0) return std::optional<DataType>();
  const std::optional<DataType> type =
      number > 0 && number < 256 ? DataTypeOf(static_cast<Element>(number)) : std::nullopt;
  if (type && number != static_cast<int64_t>(Element::kBool)) return type;
  return node.Refuse(fmt::format("{} {}, a type that WebNN lacks", name, number),
                     "quantise to int8, uint8, int4 or uint4");
}

// ---- QuantizeLinear, DequantizeLinear ----

Result<void> ImportDequantizeLinear(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Granularity granularity, ReadGranularity(node));
  WEBNN_ASSIGN_OR_RETURN(const DataType type, QuantizedType(node, node.TypeOf(0)));
  WEBNN_ASSIGN_OR_RETURN(const std::optional<DataType> output, TypeAttribute(node, "output_dtype"));
  WEBNN_ASSIGN_OR_RETURN(const Operand y, Dequantize(node, node.Get(0), node.SizesOf(0), type,
                                                     {.granularity = granularity}));
  return node.Set(0, output ? node.Cast(y, *output) : y);
}

Result<void> ImportQuantizeLinear(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Granularity granularity, ReadGranularity(node));
  WEBNN_ASSIGN_OR_RETURN(const std::optional<DataType> asked, TypeAttribute(node, "output_dtype"));
  DataType type = asked.value_or(DataType::kUint8);
  if (node.Has(2)) {
    WEBNN_ASSIGN_OR_RETURN(type, QuantizedType(node, node.TypeOf(2)));
  }
  WEBNN_ASSIGN_OR_RETURN(const Operand y, Quantize(node, node.Get(0), node.SizesOf(0), type,
                                                   {.granularity = granularity}));
  return node.Set(0, y);
}

// ---- DynamicQuantizeLinear ----

Result<void> ImportDynamicQuantizeLinear(Node& node) {
  const Operand x = node.Get(0);
  const Operand zero = node.Scalar(0.0, DataType::kFloat32);
  // The range, which includes 0.
  const Operand lowest = node.Emit(ops::Min{.a = node.Emit(ops::ReduceMin{.input = x}), .b = zero});
  const Operand highest =
      node.Emit(ops::Max{.a = node.Emit(ops::ReduceMax{.input = x}), .b = zero});
  const Operand range = node.Sub(highest, lowest);
  Operand scale = node.Div(range, node.Scalar(255.0, DataType::kFloat32));
  scale = node.Emit(ops::Where{.condition = node.Emit(ops::Equal{.a = range, .b = zero}),
                               .true_value = node.Scalar(1.0, DataType::kFloat32),
                               .false_value = scale});
  // 0 - lowest / scale, rounded and saturated: quantised with nothing added.
  const Operand none = node.Scalar(0, DataType::kUint8);
  const Operand zero_point = node.Emit(
      ops::QuantizeLinear{.input = node.Sub(zero, lowest), .scale = scale, .zero_point = none});
  const Sizes single(node.SizesOf(0).size(), 1);
  WEBNN_RETURN_IF_ERROR(node.Set(1, scale));
  WEBNN_RETURN_IF_ERROR(node.Set(2, zero_point));
  return node.Set(0,
                  node.Emit(ops::QuantizeLinear{.input = x,
                                                .scale = node.Reshape(scale, single),
                                                .zero_point = node.Reshape(zero_point, single)}));
}

}  // namespace

Result<DataType> QuantizedType(const Node& node, Element element) {
  switch (element) {
    case Element::kInt8:
    case Element::kUint8:
    case Element::kInt4:
    case Element::kUint4:
    case Element::kInt32:
      return *DataTypeOf(element);
    default:
      return node.Refuse(fmt::format("quantisation to {}", NameOf(element)),
                         "WebNN quantises to int8, uint8, int4, uint4 and int32");
  }
}

Result<Operand> Dequantize(Node& node, Operand x, std::span<const int64_t> sizes, DataType type,
                           const QuantizationInputs& inputs) {
  WEBNN_ASSIGN_OR_RETURN(const Parameters parameters, GetParameters(node, sizes, type, inputs));
  return node.Emit(ops::DequantizeLinear{
      .input = x, .scale = parameters.scale, .zero_point = parameters.zero_point});
}

Result<Operand> Quantize(Node& node, Operand x, std::span<const int64_t> sizes, DataType type,
                         const QuantizationInputs& inputs) {
  WEBNN_ASSIGN_OR_RETURN(Parameters parameters, GetParameters(node, sizes, type, inputs));
  WEBNN_RETURN_IF_ERROR(node.status());
  if (node.DataTypeOf(x) != node.DataTypeOf(parameters.scale)) {
    x = node.Cast(x, DataType::kFloat32);
    parameters.scale = node.Cast(parameters.scale, DataType::kFloat32);
  }
  return node.Emit(ops::QuantizeLinear{
      .input = x, .scale = parameters.scale, .zero_point = parameters.zero_point});
}

std::span<const ImportRow> QuantizationRows() {
  static const std::vector<ImportRow> kRows = [] {
    std::vector<ImportRow> rows = {
        {"QuantizeLinear", 10, 2, ImportQuantizeLinear},
        {"DequantizeLinear", 10, 2, ImportDequantizeLinear},
        {"DynamicQuantizeLinear", 11, 1, ImportDynamicQuantizeLinear},
        {"com.microsoft.QuantizeLinear", 1, 2, ImportQuantizeLinear},
        {"com.microsoft.DequantizeLinear", 1, 2, ImportDequantizeLinear},
    };
    for (std::span<const ImportRow> others : {IntegerRows(), QLinearRows()}) {
      rows.insert(rows.end(), others.begin(), others.end());
    }
    return rows;
  }();
  return kRows;
}

}  // namespace webnn::onnx_format
