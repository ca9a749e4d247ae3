#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "webnn/export.h"
#include "webnn/graph.h"
#include "webnn/op_list.h"
#include "webnn/ops.h"
#include "webnn/tensor.h"
#include "webnn/types.h"
#include "webnn/value.h"

namespace webnn {

class Context;
struct BuilderState;
struct OpSchema;

/// What a builder's method for an operator returns: one operand, or a list for the operators that
/// have several outputs (`split`, `lstm`, `lstmCell`, `gru`).
template <class Op>
struct OperatorResult {
  using Type = Operand;
};
template <class Op>
  requires requires { typename Op::Outputs; }
struct OperatorResult<Op> {
  using Type = typename Op::Outputs;
};

/// Describes a graph (`MLGraphBuilder`). Every method checks its arguments at once. A builder makes
/// one graph; what its outputs do not reach is left out. For one thread at a time.
class WEBNN_EXPORT GraphBuilder {
 public:
  using NamedOutput = std::pair<std::string, Operand>;

  /// A builder for graphs of `context`, with its limits. InvalidState when the context is lost.
  static Result<GraphBuilder> Create(const Context& context);
  /// A builder without a context, with the specification's limits: `Finish` instead of `Build`.
  GraphBuilder();
  GraphBuilder(GraphBuilder&&) noexcept;
  GraphBuilder& operator=(GraphBuilder&&) noexcept;
  ~GraphBuilder();

  /// A graph input. The name must not be empty; two of one name are refused when the graph is
  /// built.
  Result<Operand> Input(std::string name, const OperandDescriptor& descriptor);
  Result<Operand> Input(std::string name, DataType type, Shape shape);

  /// A constant whose bytes are copied; the length must be exact.
  Result<Operand> Constant(const OperandDescriptor& descriptor, std::span<const std::byte> bytes);
  /// A constant whose bytes are not copied: they must stay as they are until `keep_alive` is
  /// released by the builder and every graph made from it, or, where it is null, as long as these
  /// live.
  Result<Operand> ConstantView(const OperandDescriptor& descriptor,
                               std::span<const std::byte> bytes,
                               std::shared_ptr<const void> keep_alive = nullptr);
  /// A scalar.
  Result<Operand> Constant(DataType type, Number value);
  /// The value of a constant tensor, not copied. The tensor may be destroyed once the graph is
  /// built.
  Result<Operand> Constant(const Tensor& tensor);
  /// A constant from numbers: `Constant<float>({2, 2}, std::vector{1.f, 2.f, 3.f, 4.f})`.
  template <class T>
  Result<Operand> Constant(Shape shape, const std::type_identity_t<std::vector<T>>& elements) {
    auto descriptor = OperandDescriptor::Create(kDataTypeOf<T>, std::move(shape));
    if (!descriptor) return std::move(descriptor.error());
    return Constant(*descriptor, std::as_bytes(std::span<const T>(elements)));
  }

  /// One method an operator: `Result<Operand> Softmax(const ops::Softmax& op)` ...
#define WEBNN_BUILDER_METHOD(Name) \
  Result<typename OperatorResult<ops::Name>::Type> Name(const ops::Name& op);
  WEBNN_FOR_EACH_OP(WEBNN_BUILDER_METHOD)
#undef WEBNN_BUILDER_METHOD

  /// An operator by the specification's name, with its arguments in order and its options by name.
  /// TypeError for an unknown operator or option and for a value of the wrong kind.
  Result<std::vector<Operand>> Call(std::string_view op, std::span<const Value> arguments,
                                    const NamedValues& options = {});

  /// Type and shape of an operand of this builder; TypeError for any other.
  Result<OperandDescriptor> Describe(Operand operand) const;

  /// Compiles the graph whose outputs these are. Errors before the back end is asked (TypeError)
  /// leave the builder usable, otherwise it is spent.
  Result<Graph> Build(std::span<const NamedOutput> outputs);
  Result<Graph> Build(std::initializer_list<NamedOutput> outputs) {
    return Build(std::span<const NamedOutput>(outputs.begin(), outputs.size()));
  }
  /// The same without a back end: the definition, which contexts can compile.
  Result<GraphDefinition> Finish(std::span<const NamedOutput> outputs);
  Result<GraphDefinition> Finish(std::initializer_list<NamedOutput> outputs) {
    return Finish(std::span<const NamedOutput>(outputs.begin(), outputs.size()));
  }
  /// The same, and the builder goes on: for other graphs of the same inputs and operators.
  Result<GraphDefinition> Snapshot(std::span<const NamedOutput> outputs) const;

 private:
  explicit GraphBuilder(std::unique_ptr<BuilderState> state);
  template <class T>
  static constexpr DataType kDataTypeOf = [] {
    if constexpr (std::is_same_v<T, float>)
      return DataType::kFloat32;
    else if constexpr (std::is_same_v<T, int32_t>)
      return DataType::kInt32;
    else if constexpr (std::is_same_v<T, uint32_t>)
      return DataType::kUint32;
    else if constexpr (std::is_same_v<T, int64_t>)
      return DataType::kInt64;
    else if constexpr (std::is_same_v<T, uint64_t>)
      return DataType::kUint64;
    else if constexpr (std::is_same_v<T, int8_t>)
      return DataType::kInt8;
    else {
      static_assert(std::is_same_v<T, uint8_t>, "no data type has this element");
      return DataType::kUint8;
    }
  }();
  Result<std::vector<Operand>> AddOp(const OpSchema& schema, const void* op);
  Result<void> CheckOutputs(std::span<const NamedOutput> outputs) const;

  std::unique_ptr<BuilderState> state_;
};

}  // namespace webnn
