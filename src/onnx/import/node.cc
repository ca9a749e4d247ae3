#include "onnx/import/node.h"

#include <algorithm>
#include <utility>

#include "core/errors.h"
#include "fmt/ranges.h"
#include "onnx/import/importer.h"

namespace webnn::onnx_format {
namespace {

using ::onnx::AttributeProto;

// The attribute if there is one; a TypeError when it has another type. Files from before the field
// `type` was required have none.
Result<const AttributeProto*> Find(const NodeData& data, std::string_view name,
                                   AttributeProto::AttributeType type) {
  const AttributeProto* attribute = data.Attribute(name);
  if (attribute == nullptr) return attribute;
  if (attribute->has_type() && attribute->type() != type) {
    return TypeError("attribute \"{}\" has type {}; it must have type {}", name,
                     AttributeProto::AttributeType_Name(attribute->type()),
                     AttributeProto::AttributeType_Name(type));
  }
  return attribute;
}

template <class T, class Field>
std::optional<std::vector<T>> ListOf(const AttributeProto* attribute, const Field& field) {
  if (attribute == nullptr) return std::nullopt;
  return std::vector<T>(field.begin(), field.end());
}

}  // namespace

Node::Node(ImporterImpl& importer, const NodeData& data) : importer_(importer), data_(data) {}
Node::~Node() = default;

std::string_view Node::op() const { return data_.op; }
int Node::opset() const { return data_.opset; }
const std::string& Node::Label() const { return data_.label; }
GraphBuilder& Node::builder() { return importer_.builder(); }

// ---- Inputs. ----

size_t Node::input_count() const { return data_.inputs.size(); }

bool Node::Has(size_t k) const {
  return k < data_.inputs.size() && data_.inputs[k] != nullptr && data_.inputs[k]->value.present();
}

const ImportedValue& Node::In(size_t k) const {
  static const ImportedValue kAbsent;
  return Has(k) ? data_.inputs[k]->value : kAbsent;
}

Operand Node::Get(size_t k) {
  if (!Ready()) return {};
  if (const HostTensor* known = Known(k); known != nullptr) return Constant(*known);
  if (!Has(k)) {
    failure_ = Invalid("input {} is missing", k);
    return {};
  }
  return std::get<Operand>(In(k).what);
}

Result<std::vector<int64_t>> Node::KnownIntegers(size_t k, std::string_view name) const {
  WEBNN_RETURN_IF_ERROR(Require(k, name));
  const HostTensor* known = Known(k);
  if (known == nullptr) return RefuseComputed(name);
  auto values = known->ToIntegers();
  if (!values) return Invalid("`{}` has type {}, not integers", name, NameOf(known->element));
  return *std::move(values);
}

Result<std::vector<double>> Node::KnownNumbers(size_t k, std::string_view name) const {
  WEBNN_RETURN_IF_ERROR(Require(k, name));
  const HostTensor* known = Known(k);
  if (known == nullptr) return RefuseComputed(name);
  auto values = known->ToDoubles();
  if (!values) return Invalid("`{}` has type {}, not numbers", name, NameOf(known->element));
  return *std::move(values);
}

Result<Number> Node::KnownScalar(size_t k, std::string_view name) const {
  WEBNN_RETURN_IF_ERROR(Require(k, name));
  const HostTensor* known = Known(k);
  if (known == nullptr) return RefuseComputed(name);
  const auto number = known->ToNumber();
  if (!number) {
    return Invalid("`{}` is {}[{}], not one number", name, NameOf(known->element),
                   fmt::join(known->sizes, ", "));
  }
  return *number;
}

Result<void> Node::Require(size_t k, std::string_view name) const {
  if (Has(k)) return {};
  return Invalid("input {} (`{}`) is missing", k, name);
}

// ---- Attributes. ----

bool Node::HasAttribute(std::string_view name) const { return data_.Attribute(name) != nullptr; }

Result<int64_t> Node::Int(std::string_view name, int64_t fallback) const {
  WEBNN_ASSIGN_OR_RETURN(const auto* attribute, Find(data_, name, AttributeProto::INT));
  return attribute == nullptr ? fallback : attribute->i();
}

Result<float> Node::Float(std::string_view name, float fallback) const {
  WEBNN_ASSIGN_OR_RETURN(const auto* attribute, Find(data_, name, AttributeProto::FLOAT));
  return attribute == nullptr ? fallback : attribute->f();
}

Result<std::string> Node::String(std::string_view name, std::string_view fallback) const {
  WEBNN_ASSIGN_OR_RETURN(const auto* attribute, Find(data_, name, AttributeProto::STRING));
  return attribute == nullptr ? std::string(fallback) : attribute->s();
}

Result<std::optional<std::vector<int64_t>>> Node::Ints(std::string_view name) const {
  WEBNN_ASSIGN_OR_RETURN(const auto* attribute, Find(data_, name, AttributeProto::INTS));
  return attribute == nullptr ? std::nullopt : ListOf<int64_t>(attribute, attribute->ints());
}

Result<std::optional<std::vector<float>>> Node::Floats(std::string_view name) const {
  WEBNN_ASSIGN_OR_RETURN(const auto* attribute, Find(data_, name, AttributeProto::FLOATS));
  return attribute == nullptr ? std::nullopt : ListOf<float>(attribute, attribute->floats());
}

Result<std::optional<std::vector<std::string>>> Node::Strings(std::string_view name) const {
  WEBNN_ASSIGN_OR_RETURN(const auto* attribute, Find(data_, name, AttributeProto::STRINGS));
  return attribute == nullptr ? std::nullopt : ListOf<std::string>(attribute, attribute->strings());
}

Result<std::optional<HostTensor>> Node::TensorAttribute(std::string_view name) const {
  const AttributeProto* attribute = data_.Attribute(name);
  if (attribute != nullptr && attribute->has_sparse_tensor()) {
    WEBNN_ASSIGN_OR_RETURN(HostTensor tensor, importer_.loader().Load(attribute->sparse_tensor()));
    return std::optional(std::move(tensor));
  }
  WEBNN_ASSIGN_OR_RETURN(attribute, Find(data_, name, AttributeProto::TENSOR));
  if (attribute == nullptr) return std::optional<HostTensor>();
  WEBNN_ASSIGN_OR_RETURN(HostTensor tensor, importer_.loader().Load(attribute->t()));
  return std::optional(std::move(tensor));
}

Result<uint32_t> Node::Axis(int64_t axis, int64_t rank) const {
  if (axis < -rank || axis >= rank) {
    return Invalid("axis {} is not in [{}, {})", axis, -rank, rank);
  }
  return static_cast<uint32_t>(axis < 0 ? axis + rank : axis);
}

Result<std::vector<uint32_t>> Node::Axes(std::span<const int64_t> axes, int64_t rank) const {
  std::vector<uint32_t> result;
  for (int64_t axis : axes) {
    WEBNN_ASSIGN_OR_RETURN(const uint32_t checked, Axis(axis, rank));
    if (std::find(result.begin(), result.end(), checked) != result.end()) {
      return Invalid("axis {} is listed twice in [{}]", axis, fmt::join(axes, ", "));
    }
    result.push_back(checked);
  }
  return result;
}

// ---- Operators. ----

Operand Node::Cast(Operand x, DataType type) {
  if (!Ready() || DataTypeOf(x) == type) return x;
  return Emit(ops::Cast{.input = x, .data_type = type});
}

Operand Node::Reshape(Operand x, std::span<const int64_t> sizes) {
  if (!Ready()) return {};
  const auto shape = CheckedSizes(sizes);
  if (!shape || std::ranges::equal(Describe(x).shape().sizes(), sizes)) return x;
  return Emit(ops::Reshape{.input = x, .new_shape = *shape});
}

Operand Node::Expand(Operand x, std::span<const int64_t> sizes) {
  if (!Ready()) return {};
  const auto shape = CheckedSizes(sizes);
  if (!shape || std::ranges::equal(Describe(x).shape().sizes(), sizes)) return x;
  return Emit(ops::Expand{.input = x, .new_shape = *shape});
}

Operand Node::Transpose(Operand x, std::span<const uint32_t> permutation) {
  if (!Ready() || std::ranges::is_sorted(permutation)) return x;
  return Emit(ops::Transpose{.input = x,
                             .permutation = std::vector(permutation.begin(), permutation.end())});
}

Result<DataType> Node::TypeFor(Element element) const {
  const auto type = onnx_format::DataTypeOf(importer_.loader().Narrow(element));
  if (!type) return ImporterImpl::NoSuchType(element);
  return *type;
}

Operand Node::Scalar(Number value, DataType type) {
  if (!Ready()) return {};
  return Take(importer_.Scalar(value, type));
}

Operand Node::Constant(const HostTensor& tensor) {
  if (!Ready()) return {};
  if (auto counted = importer_.CountMade(data_, tensor); !counted) {
    Fail(std::move(counted.error()));
    return {};
  }
  return Take(importer_.Materialize(tensor));
}

const OperandDescriptor& Node::Describe(Operand operand) { return importer_.Describe(operand); }

std::vector<int64_t> Node::Sizes(Operand operand) {
  const Shape& shape = Describe(operand).shape();
  return {shape.begin(), shape.end()};
}

// ---- Outputs. ----

size_t Node::output_count() const { return data_.outputs.size(); }

bool Node::Wants(size_t k) const {
  return k < data_.outputs.size() && data_.outputs[k] != nullptr && data_.outputs[k]->wanted;
}

Result<void> Node::Set(size_t k, Operand operand, Element element) {
  WEBNN_RETURN_IF_ERROR(status());
  if (k >= data_.outputs.size() || data_.outputs[k] == nullptr) return {};
  const Element own = lowering::ElementOf(Describe(operand).data_type());
  data_.outputs[k]->value = {.what = operand,
                             .element = element == Element::kNone ? own : element,
                             .sizes = Sizes(operand)};
  return {};
}

Result<void> Node::Set(size_t k, HostTensor tensor) {
  WEBNN_RETURN_IF_ERROR(status());
  if (k >= data_.outputs.size() || data_.outputs[k] == nullptr) return {};
  WEBNN_ASSIGN_OR_RETURN(tensor, importer_.loader().Narrow(std::move(tensor)));
  WEBNN_RETURN_IF_ERROR(importer_.CountMade(data_, tensor));
  ImportedValue& value = data_.outputs[k]->value;
  value.element = tensor.element;
  value.sizes = tensor.sizes;
  value.what = std::move(tensor);
  return {};
}

Result<void> Node::Forward(size_t k, size_t i) {
  WEBNN_RETURN_IF_ERROR(status());
  if (!Has(i)) return Invalid("input {} is missing", i);
  if (k < data_.outputs.size() && data_.outputs[k] != nullptr) data_.outputs[k]->value = In(i);
  return {};
}

Result<void> Node::status() const {
  if (failure_) return *failure_;
  return {};
}

// ---- Errors. ----

// What would help travels as the error's rule until the importer writes it down.
Error Node::Refuse(std::string reason, std::string help) const {
  return {ErrorCode::kNotSupported, std::move(reason), std::move(help)};
}

Error Node::InvalidNode(std::string text) const {
  return {ErrorCode::kTypeError, std::move(text), {}};
}

Error Node::RefuseComputed(std::string_view name) const {
  return Refuse(
      fmt::format("`{}` is computed at run time; WebNN needs it when the graph is built", name));
}

bool Node::Ready() const { return !failure_.has_value(); }

void Node::Fail(Error error) {
  // What the builder does not accept is not expressible; a lost context is another matter.
  if (error.code == ErrorCode::kTypeError) {
    error.code = ErrorCode::kNotSupported;
    error.rule.clear();
  }
  failure_ = std::move(error);
}

Operand Node::Take(Result<Operand> result) {
  if (result.ok()) return *result;
  Fail(std::move(result.error()));
  return {};
}

std::vector<Operand> Node::TakeMany(Result<std::vector<Operand>> result, size_t count) {
  if (!result.ok()) Fail(std::move(result.error()));
  std::vector<Operand> operands = result.ok() ? *std::move(result) : std::vector<Operand>();
  operands.resize(count);
  return operands;
}

std::optional<std::vector<Dimension>> Node::CheckedSizes(std::span<const int64_t> sizes) {
  std::vector<Dimension> shape;
  for (int64_t size : sizes) {
    if (size < 1 || size > INT32_MAX) {
      failure_ =
          Refuse(fmt::format("a tensor of shape [{}] is needed; WebNN's sizes are in [1, {}]",
                             fmt::join(sizes, ", "), INT32_MAX));
      return std::nullopt;
    }
    shape.emplace_back(static_cast<uint32_t>(size));
  }
  return shape;
}

}  // namespace webnn::onnx_format
