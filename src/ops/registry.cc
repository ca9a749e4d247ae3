#include <array>

#include "graph/op_schema.h"
#include "ops/schema.h"
#include "webnn/graph_builder.h"

namespace webnn {

namespace ops {
#define WEBNN_DECLARE(Name) \
  template <> \
  const OpSchema& SchemaOf<Name>();
WEBNN_FOR_EACH_OP(WEBNN_DECLARE)
#undef WEBNN_DECLARE
}  // namespace ops

std::span<const OpSchema* const> AllOps() {
#define WEBNN_POINTER(Name) &ops::SchemaOf<ops::Name>(),
  static const auto kOps = std::to_array<const OpSchema*>({WEBNN_FOR_EACH_OP(WEBNN_POINTER)});
#undef WEBNN_POINTER
  return kOps;
}

namespace {

template <class T>
Result<T> Unpack(Result<std::vector<Operand>> operands) {
  if (!operands) return std::move(operands.error());
  if constexpr (std::is_same_v<T, Operand>) {
    return operands->front();
  } else {
    return *std::move(operands);
  }
}

}  // namespace

#define WEBNN_METHOD(Name) \
  Result<typename OperatorResult<ops::Name>::Type> GraphBuilder::Name(const ops::Name& op) { \
    return Unpack<typename OperatorResult<ops::Name>::Type>( \
        AddOp(ops::SchemaOf<ops::Name>(), &op)); \
  }
WEBNN_FOR_EACH_OP(WEBNN_METHOD)
#undef WEBNN_METHOD

}  // namespace webnn
