#include "graph/op_schema.h"

#include <algorithm>
#include <unordered_map>

#include "core/check.h"

namespace webnn {
namespace {

const std::unordered_map<std::string_view, size_t>& OpIndex() {
  static const auto kIndex = [] {
    std::unordered_map<std::string_view, size_t> index;
    for (const OpSchema* schema : AllOps()) index.emplace(schema->name, index.size());
    return index;
  }();
  return kIndex;
}

}  // namespace

const OpField* OpSchema::FindField(std::string_view field) const {
  auto found = std::find_if(fields.begin(), fields.end(),
                            [&](const OpField& candidate) { return candidate.name == field; });
  return found == fields.end() ? nullptr : &*found;
}

const OpSchema* FindOp(std::string_view name) {
  auto found = OpIndex().find(name);
  return found == OpIndex().end() ? nullptr : AllOps()[found->second];
}

size_t IndexOf(const OpSchema& schema) {
  auto found = OpIndex().find(schema.name);
  WEBNN_CHECK(found != OpIndex().end());
  return found->second;
}

ContextLimits SpecificationLimits(uint32_t max_rank) {
  auto bounded = [&](TensorLimits limits) {
    limits.rank_range.max = std::min(limits.rank_range.max, max_rank);
    return limits;
  };
  constexpr DataTypeSet kEvery = {DataType::kFloat32, DataType::kFloat16, DataType::kInt32,
                                  DataType::kUint32,  DataType::kInt64,   DataType::kUint64,
                                  DataType::kInt8,    DataType::kUint8,   DataType::kInt4,
                                  DataType::kUint4};
  ContextLimits limits;
  limits.input = limits.constant = limits.output = bounded({kEvery, {}});
  for (const OpSchema* schema : AllOps()) {
    OpLimits& op = limits.ops.emplace_back();
    for (const OpField& field : schema->fields) op.fields.push_back(bounded(field.limits));
    for (const OpOutput& output : schema->outputs) op.outputs.push_back(bounded(output.limits));
  }
  return limits;
}

}  // namespace webnn
