#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "webnn/types.h"
#include "webnn/value.h"

/// A row of the operator table in a form that needs no template: everything that handles operators
/// in general (builder, limits, printing, files, bindings, documents) is a loop over these.
namespace webnn {

namespace lowering {
class Writer;
struct LoweredValue;
}  // namespace lowering
class InferContext;

/// What an operator's `Infer` says of one output. Sizes are 64-bit, so that an overflow is seen
/// where all outputs are checked.
struct OutputShape {
  DataType data_type;
  std::vector<uint64_t> sizes;
};

/// An argument or option: an operand, operands, or an attribute.
struct OpField {
  std::string_view name;  ///< As in the specification: "keepDimensions".
  std::string_view type;  ///< As in its IDL: "sequence<unsigned long>".
  bool required = false;
  bool is_operand = false;

  /// Operands: what the specification allows, and the operand whose data type it must have.
  TensorLimits limits = {};
  std::string_view same_type_as = {};
  /// Operands in the structure: none, one, or a list.
  std::span<Operand> (*operands)(void* op) = nullptr;

  /// Attributes (and operands, as values): reading, writing, and what a value must look like.
  bool (*read)(void* op, const Value& value) = nullptr;
  Value (*write)(const void* op) = nullptr;
  bool (*valid)(const void* op) = nullptr;
  std::string_view expects = {};
};

/// An output, for `opSupportLimits()`.
struct OpOutput {
  std::string_view name;
  TensorLimits limits;
  std::string_view same_type_as = {};
};

/// What an operator on float32 makes of a request for 16 bits.
enum class HalfPrecision : uint8_t {
  /// Computes in float32 and gives float32: its result may be beyond float16, or what follows needs
  /// its digits. Sums, powers, exponentials. The default.
  kWide,
  /// Computes in float32; its result has few digits and an ordinary size. Normalisations.
  kIsland,
  /// Computes in what its operands are: 16 bits when all of them are, constants aside. Whatever
  /// moves elements, and arithmetic that makes nothing worse than it was.
  kFollows,
  /// The same, and its result is small whatever the operands: 16 bits hold it. Sigmoid, softmax.
  kBounded,
  /// Computes in 16 bits whatever its operands are: this is where the time goes. Products.
  kHalf,
};

struct OpSchema {
  std::string_view name;  ///< As in the specification: "averagePool2d".
  std::string_view doc;
  bool returns_list = false;
  HalfPrecision half_precision = HalfPrecision::kWide;
  std::vector<OpField> fields;  ///< Required ones first, `label` last.
  std::vector<OpOutput> outputs;

  std::shared_ptr<void> (*make)() = nullptr;
  std::shared_ptr<void> (*copy)(const void* op) = nullptr;
  const std::string& (*label)(const void* op) = nullptr;
  Result<std::vector<OutputShape>> (*infer)(const InferContext& context, const void* op) = nullptr;
  std::vector<lowering::LoweredValue> (*lower)(lowering::Writer& writer, const void* op) = nullptr;

  const OpField* FindField(std::string_view field) const;
};

/// Every operator, in the specification's order.
std::span<const OpSchema* const> AllOps();
/// By the specification's name; null when there is none.
const OpSchema* FindOp(std::string_view name);
/// Place in `AllOps()`.
size_t IndexOf(const OpSchema& schema);

inline std::span<const Operand> OperandsOf(const OpField& field, const void* op) {
  return field.operands(const_cast<void*>(op));
}

/// What a context can do with the operands of one operator: the row, narrowed by a back end.
struct OpLimits {
  std::vector<TensorLimits> fields;   ///< Parallel to `OpSchema::fields`.
  std::vector<TensorLimits> outputs;  ///< Parallel to `OpSchema::outputs`.
};

/// The limits of a context: `MLOpSupportLimits`.
struct ContextLimits {
  uint64_t max_tensor_byte_length = uint64_t{1} << 34;
  TensorLimits input;
  TensorLimits constant;
  TensorLimits output;
  std::vector<OpLimits> ops;  ///< Parallel to `AllOps()`.
};

/// The limits that the specification sets: types and ranks of the rows, ranks up to `max_rank`.
ContextLimits SpecificationLimits(uint32_t max_rank = 8);

}  // namespace webnn
