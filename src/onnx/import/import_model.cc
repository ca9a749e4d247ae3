#include <algorithm>
#include <cstring>
#include <string>
#include <unordered_set>
#include <utility>

#include "core/errors.h"
#include "core/try.h"
#include "fmt/ranges.h"
#include "onnx/import/importer.h"

namespace webnn::onnx_format {
namespace {

using ::onnx::GraphProto;
using ::onnx::TypeProto;
using ::onnx::ValueInfoProto;

// "a sequence", for what is no tensor.
std::string_view KindOf(const TypeProto& type) {
  switch (type.value_case()) {
    case TypeProto::kSequenceType:
      return "a sequence";
    case TypeProto::kMapType:
      return "a map";
    case TypeProto::kOptionalType:
      return "optional";
    case TypeProto::kSparseTensorType:
      return "a sparse tensor";
    default:
      return "of a type that the file does not give";
  }
}

// All elements equal; of a type that WebNN has.
Result<HostTensor> Filled(Element element, const std::vector<int64_t>& sizes, const Number& value) {
  const auto length = ByteLength(element, sizes);
  if (!length || BitsOf(element) < 8) {
    return TypeError("a value cannot be given for {} of shape [{}]", NameOf(element),
                     fmt::join(sizes, ", "));
  }
  std::byte* memory = nullptr;
  HostTensor tensor = HostTensor::Allocate(element, sizes, &memory);
  const Number whole = element == Element::kBool ? Number(int{value.ToDouble() != 0}) : value;
  const auto bytes = whole.Encode(*DataTypeOf(element));
  const auto size = static_cast<size_t>(BitsOf(element)) / 8;
  for (uint64_t at = 0; at < *length; at += size) std::memcpy(memory + at, bytes.data(), size);
  return tensor;
}

}  // namespace

std::vector<std::string_view> NamesOf(
    const google::protobuf::RepeatedPtrField<ValueInfoProto>& values) {
  std::vector<std::string_view> names;
  for (const ValueInfoProto& value : values) names.push_back(value.name());
  return names;
}

Result<Frame> ImporterImpl::FrameOf(
    const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto>& sets,
    std::string_view where) const {
  constexpr int64_t kOldest = 7;
  constexpr int64_t kNewest = 28;
  Frame frame;
  for (const auto& set : sets) {
    const std::string_view domain = Canonical(set.domain());
    if (domain.empty() && (set.version() < kOldest || set.version() > kNewest)) {
      return NotSupported(
          "{}: {} uses version {} of ONNX's operators; {} to {} are known{}", model_->name(), where,
          set.version(), kOldest, kNewest,
          set.version() < kOldest ? "; onnx.version_converter brings it to a newer one" : "");
    }
    if (set.version() < 1 || set.version() > INT32_MAX) {
      return TypeError("{} imports version {} of \"{}\"", where, set.version(), set.domain());
    }
    if (!frame.opsets.emplace(domain, static_cast<int>(set.version())).second) {
      return TypeError("{} imports \"{}\" twice", where, set.domain());
    }
  }
  return frame;
}

Result<void> ImporterImpl::AddInput(const ValueInfoProto& input, Slot& slot, LoadedModel& loaded) {
  if (!input.type().has_tensor_type()) {
    return NotSupported("it is {}; WebNN has tensors alone", KindOf(input.type()));
  }
  const Element element = loader_.Narrow(ElementOf(input.type()));
  const auto type = DataTypeOf(element);
  if (!type) return NoSuchType(element);
  WEBNN_ASSIGN_OR_RETURN(std::vector<int64_t> sizes, dimensions_.SizesOf(input));
  const auto given = std::find_if(options_.values.begin(), options_.values.end(),
                                  [&](const auto& one) { return one.first == input.name(); });
  if (given != options_.values.end()) {
    WEBNN_ASSIGN_OR_RETURN(HostTensor filled, Filled(element, sizes, given->second));
    slot.value = {.what = std::move(filled), .element = element, .sizes = std::move(sizes)};
    return {};
  }
  WEBNN_ASSIGN_OR_RETURN(const Operand operand,
                         builder_.Input(input.name(), *type,
                                        Shape(std::vector<uint32_t>(sizes.begin(), sizes.end()))));
  sources_.insert(operand.id);
  loaded.inputs.emplace_back(input.name(), operand);
  slot.value = {.what = operand, .element = element, .sizes = std::move(sizes)};
  return {};
}

Result<void> ImporterImpl::AddInputs(Scope& scope, LoadedModel& loaded) {
  const GraphProto& graph = model_->proto().graph();
  std::vector<const ValueInfoProto*> inputs;
  std::unordered_set<std::string_view> names;
  for (const ValueInfoProto& input : graph.input()) {
    if (input.name().empty()) return TypeError("{}: an input has no name", model_->name());
    if (!names.insert(input.name()).second) {
      return TypeError("{}: two inputs are named \"{}\"", model_->name(), input.name());
    }
    // A weight that is listed as an input, too, is its default: a constant.
    if (!scope.values.contains(input.name())) inputs.push_back(&input);
  }
  for (const auto& [name, value] : options_.values) {
    if (!names.contains(name)) {
      return TypeError("{}: a value is given for \"{}\", which is no input", model_->name(), name);
    }
  }
  auto dimensions = Dimensions::Fix(inputs, options_);
  if (!dimensions) {
    return TypeError("{}: {}", model_->name(), dimensions.error().message);
  }
  dimensions_ = *std::move(dimensions);
  for (const ValueInfoProto* input : inputs) {
    Slot* slot = NewSlot(scope, input->name());
    auto added = AddInput(*input, *slot, loaded);
    if (added.ok()) continue;
    if (added.error().code == ErrorCode::kTypeError) {
      return TypeError("{}: input \"{}\": {}", model_->name(), input->name(),
                       added.error().message);
    }
    if (added.error().code != ErrorCode::kNotSupported) return added;
    slot->refused = true;
    refused_inputs_.emplace_back(
        slot, UnsupportedNode{"input", input->name(), added.error().message, added.error().rule});
  }
  return {};
}

Result<void> ImporterImpl::AddOutputs(Scope& scope, LoadedModel& loaded) {
  std::unordered_set<std::string_view> names;
  std::unordered_set<uint32_t> used;
  const bool nodes_refused = !unsupported_.empty();
  for (const ValueInfoProto& output : model_->proto().graph().output()) {
    const auto fail = [&](const Error& error) {
      return Error{error.code,
                   fmt::format("{}: output \"{}\": {}{}{}", model_->name(), output.name(),
                               error.message, error.rule.empty() ? "" : "; ", error.rule)};
    };
    if (!names.insert(output.name()).second) return fail(TypeError("there are two of this name"));
    Slot* slot = scope.Find(output.name());
    slot->wanted = true;
    if (auto loaded_weight = LoadWeight(*slot); !loaded_weight) return fail(loaded_weight.error());
    if (slot->refused || nodes_refused) continue;
    const HostTensor* known = slot->value.known();
    auto operand = known != nullptr ? Materialize(*known)
                                    : Result<Operand>(std::get<Operand>(slot->value.what));
    // Outputs of a graph are results, each of them once.
    if (operand && (sources_.contains(operand->id) || !used.insert(operand->id).second)) {
      operand = builder_.Identity({.input = *operand, .label = output.name()});
    }
    if (!operand && operand.error().code == ErrorCode::kNotSupported) {
      unsupported_.push_back(
          {"output", output.name(), operand.error().message, operand.error().rule});
      continue;
    }
    if (!operand) return fail(operand.error());
    used.insert(operand->id);
    loaded.outputs.emplace_back(output.name(), *operand);
  }
  return {};
}

Result<LoadedModel> ImporterImpl::Run() {
  const ::onnx::ModelProto& proto = model_->proto();
  const GraphProto& graph = proto.graph();
  if (proto.ir_version() < 1 || proto.ir_version() > ::onnx::IR_VERSION) {
    return NotSupported("{}: version {} of the file format; 1 to {} are known", model_->name(),
                        proto.ir_version(), static_cast<int>(::onnx::IR_VERSION));
  }
  auto frame = FrameOf(proto.opset_import(), "the model");
  if (!frame) {
    frame.error().message = fmt::format("{}: {}", model_->name(), frame.error().message);
    return frame.error();
  }
  if (graph.output().empty()) return TypeError("{}: the graph has no outputs", model_->name());
  WEBNN_RETURN_IF_ERROR(AddFunctions());
  for (const auto* values : {&graph.value_info(), &graph.output()}) {
    for (const ValueInfoProto& value : *values) {
      if (value.type().has_tensor_type()) declared_.emplace(value.name(), &value.type());
    }
  }
  LoadedModel loaded;
  Scope scope;
  main_scope_ = &scope;
  WEBNN_RETURN_IF_ERROR(AddWeights(graph, scope));
  WEBNN_RETURN_IF_ERROR(AddInputs(scope, loaded));
  WEBNN_RETURN_IF_ERROR(ImportBody(
      {.nodes = graph.node(), .outputs = NamesOf(graph.output()), .place = ""}, *frame, scope));
  WEBNN_RETURN_IF_ERROR(AddOutputs(scope, loaded));
  // An input that cannot be had matters where something reads it.
  std::vector<UnsupportedNode> inputs;
  for (const auto& [slot, reason] : refused_inputs_) {
    if (slot->wanted) inputs.push_back(reason);
  }
  unsupported_.insert(unsupported_.begin(), inputs.begin(), inputs.end());
  if (!unsupported_.empty()) return UnsupportedError();
  loaded.metadata = MetadataOf(proto);
  return loaded;
}

}  // namespace webnn::onnx_format
