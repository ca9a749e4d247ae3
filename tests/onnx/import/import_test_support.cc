#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "backends/onnxruntime/library.h"
#include "core/float16.h"
#include "core/try.h"
#include "onnx/import/host_tensor.h"
#include "onnx/import/import.h"
#include "tests/onnx/import/import_test.h"
#include "webnn/webnn.h"

namespace webnn::onnx_test {
namespace {

using lowering::Element;
using onnx_format::HostTensor;

HostTensor View(const TestTensor& tensor) {
  return {static_cast<Element>(tensor.element), tensor.sizes, tensor.bytes, nullptr};
}

void SetType(::onnx::TypeProto* type, int element) {
  type->mutable_tensor_type()->set_elem_type(element);
}

void SetTensor(TensorProto* proto, const TestTensor& tensor) {
  proto->set_data_type(tensor.element);
  proto->mutable_dims()->Add(tensor.sizes.begin(), tensor.sizes.end());
  proto->set_raw_data(tensor.bytes.data(), tensor.bytes.size());
}

struct AttributeWriter {
  ::onnx::AttributeProto& proto;
  using Proto = ::onnx::AttributeProto;
  void operator()(int64_t value) const { proto.set_type(Proto::INT), proto.set_i(value); }
  void operator()(float value) const { proto.set_type(Proto::FLOAT), proto.set_f(value); }
  void operator()(const std::string& value) const {
    proto.set_type(Proto::STRING), proto.set_s(value);
  }
  void operator()(const std::vector<int64_t>& value) const {
    proto.set_type(Proto::INTS), proto.mutable_ints()->Add(value.begin(), value.end());
  }
  void operator()(const std::vector<float>& value) const {
    proto.set_type(Proto::FLOATS), proto.mutable_floats()->Add(value.begin(), value.end());
  }
  void operator()(const std::vector<std::string>& value) const {
    proto.set_type(Proto::STRINGS), proto.mutable_strings()->Add(value.begin(), value.end());
  }
  void operator()(const TestTensor& value) const {
    proto.set_type(Proto::TENSOR), SetTensor(proto.mutable_t(), value);
  }
  void operator()(const ::onnx::GraphProto& value) const {
    proto.set_type(Proto::GRAPH), *proto.mutable_g() = value;
  }
};

const Context& TestContext() {
  static const Context kContext = Context::Create({.backend = "onnxruntime"}).value();
  return kContext;
}

const ort::Library& OrtLibrary() {
  static const ort::Library* const kLibrary =
      ort::Library::Open(ContextOptions{}, std::make_shared<const ort::Log>(ContextOptions{}))
          .value();
  return *kLibrary;
}

int ElementOf(DataType type) { return static_cast<int>(lowering::ElementOf(type)); }

Result<ort::Handle<OrtValue>> ToOrtValue(TestTensor& tensor) {
  const OrtApi& api = OrtLibrary().api();
  // ONNX Runtime numbers the types as ONNX does.
  return ort::Make<OrtValue>(api, "wrap an input", api.CreateTensorWithDataAsOrtValue,
                             OrtLibrary().cpu_memory(), static_cast<void*>(tensor.bytes.data()),
                             tensor.bytes.size(), tensor.sizes.data(), tensor.sizes.size(),
                             static_cast<ONNXTensorElementDataType>(tensor.element));
}

Result<TestTensor> FromOrtValue(OrtValue* value) {
  const OrtApi& api = OrtLibrary().api();
  constexpr std::string_view kAction = "read an output";
  OrtTensorTypeAndShapeInfo* info = nullptr;
  WEBNN_RETURN_IF_ERROR(ort::Check(api, api.GetTensorTypeAndShape(value, &info), kAction));
  const std::unique_ptr<OrtTensorTypeAndShapeInfo, void (*)(OrtTensorTypeAndShapeInfo*)> owned(
      info, api.ReleaseTensorTypeAndShapeInfo);
  ONNXTensorElementDataType element{};
  size_t rank = 0;
  WEBNN_RETURN_IF_ERROR(ort::Check(api, api.GetTensorElementType(info, &element), kAction));
  WEBNN_RETURN_IF_ERROR(ort::Check(api, api.GetDimensionsCount(info, &rank), kAction));
  TestTensor tensor{.element = element, .sizes = std::vector<int64_t>(rank), .bytes = {}};
  WEBNN_RETURN_IF_ERROR(
      ort::Check(api, api.GetDimensions(info, tensor.sizes.data(), rank), kAction));
  void* data = nullptr;
  WEBNN_RETURN_IF_ERROR(ort::Check(api, api.GetTensorMutableData(value, &data), kAction));
  const auto length =
      onnx_format::ByteLength(static_cast<Element>(element), tensor.sizes).value_or(0);
  const auto* bytes = static_cast<const std::byte*>(data);
  tensor.bytes.assign(bytes, bytes + length);
  return tensor;
}

// The type that the element has after an import.
Element Imported(int element, bool narrow) {
  const auto given = static_cast<Element>(element);
  if (given == Element::kBool) return Element::kUint8;
  const bool wide = given == Element::kDouble || given == Element::kBfloat16;
  return narrow && wide ? Element::kFloat : given;
}

void ExpectEqual(const std::string& name, const TestTensor& actual, const TestTensor& expected,
                 double tolerance, bool narrow) {
  EXPECT_EQ(actual.sizes, expected.sizes) << name;
  EXPECT_EQ(static_cast<Element>(actual.element), Imported(expected.element, narrow)) << name;
  if (!lowering::IsFloat(static_cast<Element>(expected.element))) {
    EXPECT_EQ(View(actual).ToIntegers(), View(expected).ToIntegers()) << name;
    return;
  }
  const auto given = View(actual).ToDoubles();
  const auto wanted = View(expected).ToDoubles();
  ASSERT_TRUE(given && wanted) << name;
  ASSERT_EQ(given->size(), wanted->size()) << name;
  for (size_t i = 0; i < given->size(); ++i) {
    const double a = (*given)[i];
    const double e = (*wanted)[i];
    if (a == e || (std::isnan(a) && std::isnan(e))) continue;
    ASSERT_LE(std::fabs(a - e), tolerance * std::max(1.0, std::fabs(e)))
        << name << "[" << i << "] is " << a << ", expected is " << e;
  }
}

}  // namespace

TestTensor Random(std::vector<int64_t> sizes, int element, double low, double high, uint32_t seed) {
  std::byte* memory = nullptr;
  const auto type = static_cast<Element>(element);
  const HostTensor tensor = HostTensor::Allocate(type, sizes, &memory);
  const size_t width = static_cast<size_t>(onnx_format::BitsOf(type)) / 8;
  std::mt19937 engine(seed);
  for (int64_t i = 0; i < tensor.element_count(); ++i) {
    const double value = low + (high - low) * (engine() / 4294967296.0);
    std::byte* place = memory + static_cast<size_t>(i) * width;
    if (type == Element::kDouble) {
      std::memcpy(place, &value, width);
    } else if (const auto data_type = onnx_format::DataTypeOf(type); data_type) {
      std::memcpy(place, Number(value).Encode(*data_type).data(), width);
    } else {
      const auto integer = static_cast<int64_t>(value);
      std::memcpy(place, &integer, width);
    }
  }
  return {element, std::move(sizes), {tensor.bytes.begin(), tensor.bytes.end()}};
}

TestGraph& TestGraph::Input(const std::string& name, int element,
                            const std::vector<TestDimension>& sizes) {
  auto* input = graph_.add_input();
  input->set_name(name);
  SetType(input->mutable_type(), element);
  auto* shape = input->mutable_type()->mutable_tensor_type()->mutable_shape();
  for (const TestDimension& size : sizes) {
    auto* dim = shape->add_dim();
    if (const auto* value = std::get_if<int64_t>(&size)) {
      dim->set_dim_value(*value);
    } else {
      dim->set_dim_param(std::get<std::string>(size));
    }
  }
  return *this;
}

TestGraph& TestGraph::Input(const std::string& name, const TestTensor& like) {
  return Input(name, like.element,
               std::vector<TestDimension>(like.sizes.begin(), like.sizes.end()));
}

TestGraph& TestGraph::Weight(const std::string& name, const TestTensor& tensor) {
  auto* weight = graph_.add_initializer();
  weight->set_name(name);
  SetTensor(weight, tensor);
  return *this;
}

TestGraph& TestGraph::Output(const std::string& name, int element) {
  auto* output = graph_.add_output();
  output->set_name(name);
  if (element != 0) SetType(output->mutable_type(), element);
  return *this;
}

::onnx::NodeProto& TestGraph::Node(const std::string& op, const std::vector<std::string>& inputs,
                                   const std::vector<std::string>& outputs,
                                   const std::vector<TestAttribute>& attributes) {
  auto* node = graph_.add_node();
  const size_t dot = op.rfind('.');
  if (dot != std::string::npos) node->set_domain(op.substr(0, dot));
  node->set_op_type(dot == std::string::npos ? op : op.substr(dot + 1));
  for (const std::string& input : inputs) node->add_input(input);
  for (const std::string& output : outputs) node->add_output(output);
  for (const TestAttribute& attribute : attributes) {
    auto* proto = node->add_attribute();
    proto->set_name(attribute.name);
    std::visit(AttributeWriter{*proto}, attribute.value);
  }
  return *node;
}

TestModel::TestModel(int opset) {
  model_.set_ir_version(10);
  model_.set_producer_name("test");
  Import("", opset);
  graph().set_name("test");
}

TestModel& TestModel::Import(const std::string& domain, int version) {
  auto* set = model_.add_opset_import();
  set->set_domain(domain);
  set->set_version(version);
  return *this;
}

std::string TestModel::Serialize() const {
  ::onnx::ModelProto whole = model_;
  *whole.mutable_graph() = graph();
  return whole.SerializeAsString();
}

Result<TestTensors> RunImported(const std::string& bytes, const TestTensors& inputs,
                                const LoadOptions& options) {
  WEBNN_ASSIGN_OR_RETURN(GraphBuilder builder, GraphBuilder::Create(TestContext()));
  WEBNN_ASSIGN_OR_RETURN(
      const LoadedModel loaded,
      onnx_format::Import(builder, {.bytes = std::as_bytes(std::span(bytes))}, options));
  WEBNN_ASSIGN_OR_RETURN(const Graph graph, builder.Build(loaded.outputs));
  std::vector<NamedInputBytes> input_bytes;
  std::map<std::string, std::vector<std::byte>> narrowed;
  for (const NamedDescriptor& input : graph.inputs()) {
    const auto found = inputs.find(input.name);
    if (found == inputs.end()) {
      return Error{ErrorCode::kTypeError, "no value for input " + input.name};
    }
    const TestTensor& given = found->second;
    if (given.element != TensorProto::DOUBLE && given.element != TensorProto::BFLOAT16) {
      input_bytes.emplace_back(input.name, given.bytes);
      continue;
    }
    std::vector<std::byte>& narrow = narrowed[input.name];
    const auto values = View(given).ToDoubles();
    for (const double value : *values) {
      const auto element = Number(value).Encode(DataType::kFloat32);
      narrow.insert(narrow.end(), element.begin(), element.begin() + sizeof(float));
    }
    input_bytes.emplace_back(input.name, narrow);
  }
  TestTensors outputs;
  std::vector<NamedOutputBytes> output_bytes;
  for (const NamedDescriptor& output : graph.outputs()) {
    const OperandDescriptor& descriptor = output.descriptor;
    TestTensor& tensor = outputs[output.name];
    tensor.element = ElementOf(descriptor.data_type());
    tensor.sizes.assign(descriptor.shape().begin(), descriptor.shape().end());
    tensor.bytes.resize(descriptor.byte_length());
    output_bytes.emplace_back(output.name, tensor.bytes);
  }
  WEBNN_RETURN_IF_ERROR(TestContext().Compute(graph, input_bytes, output_bytes));
  return outputs;
}

Result<TestTensors> RunOnnxRuntime(const std::string& bytes, const TestTensors& inputs) {
  const OrtApi& api = OrtLibrary().api();
  WEBNN_ASSIGN_OR_RETURN(const auto options,
                         ort::Make<OrtSessionOptions>(api, "set up", api.CreateSessionOptions));
  WEBNN_RETURN_IF_ERROR(ort::Check(
      api, api.SetSessionGraphOptimizationLevel(options.get(), ORT_DISABLE_ALL), "set up"));
  WEBNN_ASSIGN_OR_RETURN(
      const auto session,
      ort::Make<OrtSession>(api, "load", api.CreateSessionFromArray, OrtLibrary().env(),
                            bytes.data(), bytes.size(), options.get()));
  TestTensors given = inputs;
  std::vector<const char*> input_names;
  std::vector<const OrtValue*> values;
  std::vector<ort::Handle<OrtValue>> owned;
  ::onnx::ModelProto proto;
  proto.ParseFromString(bytes);
  for (auto& [name, tensor] : given) {
    const bool is_input = std::ranges::any_of(
        proto.graph().input(), [&](const auto& input) { return input.name() == name; });
    if (!is_input) continue;
    WEBNN_ASSIGN_OR_RETURN(auto value, ToOrtValue(tensor));
    input_names.push_back(name.c_str());
    values.push_back(value.get());
    owned.push_back(std::move(value));
  }
  std::vector<const char*> output_names;
  for (const auto& output : proto.graph().output()) output_names.push_back(output.name().c_str());
  std::vector<OrtValue*> results(output_names.size(), nullptr);
  WEBNN_RETURN_IF_ERROR(
      ort::Check(api,
                 api.Run(session.get(), nullptr, input_names.data(), values.data(), values.size(),
                         output_names.data(), output_names.size(), results.data()),
                 "run"));
  TestTensors outputs;
  for (size_t i = 0; i < results.size(); ++i) {
    const ort::Handle<OrtValue> result(results[i], ort::Releaser{&api});
    WEBNN_ASSIGN_OR_RETURN(outputs[output_names[i]], FromOrtValue(result.get()));
  }
  return outputs;
}

void ExpectSameAsOnnxRuntime(const TestModel& model, const TestTensors& inputs, double tolerance,
                             const LoadOptions& options) {
  const std::string bytes = model.Serialize();
  const auto expected = RunOnnxRuntime(bytes, inputs);
  ASSERT_TRUE(expected.ok()) << "ONNX Runtime: " << ToString(expected.error());
  const auto actual = RunImported(bytes, inputs, options);
  ASSERT_TRUE(actual.ok()) << ToString(actual.error());
  ASSERT_EQ(actual->size(), expected->size());
  for (const auto& [name, tensor] : *expected) {
    ASSERT_TRUE(actual->contains(name)) << name;
    ExpectEqual(name, actual->at(name), tensor, tolerance, options.narrow);
  }
}

TestModel OneNode(const std::string& op,
                  const std::vector<std::pair<std::string, TestTensor>>& inputs,
                  const std::vector<TestAttribute>& attributes, int outputs, int opset) {
  TestModel model(opset);
  if (const size_t dot = op.rfind('.'); dot != std::string::npos) {
    model.Import(op.substr(0, dot), 1);
  }
  std::vector<std::string> names;
  for (const auto& [name, tensor] : inputs) {
    names.push_back(name);
    if (name.empty()) continue;
    if (name.starts_with("const")) {
      model.Weight(name, tensor);
    } else {
      model.Input(name, tensor);
    }
  }
  std::vector<std::string> results;
  for (int k = 0; k < outputs; ++k) {
    results.push_back("y" + std::to_string(k));
    model.Output(results.back());
  }
  model.Node(op, names, results, attributes);
  return model;
}

void ExpectNodeSame(const std::string& op,
                    const std::vector<std::pair<std::string, TestTensor>>& inputs,
                    const std::vector<TestAttribute>& attributes, double tolerance, int outputs,
                    int opset) {
  SCOPED_TRACE(op);
  ExpectSameAsOnnxRuntime(OneNode(op, inputs, attributes, outputs, opset),
                          TestTensors(inputs.begin(), inputs.end()), tolerance);
}

namespace {

void ExpectError(const std::string& bytes, ErrorCode code, std::string_view op,
                 std::string_view part, const LoadOptions& options) {
  GraphBuilder builder;
  const auto loaded =
      onnx_format::Import(builder, {.bytes = std::as_bytes(std::span(bytes))}, options);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, code) << loaded.error().message;
  EXPECT_NE(loaded.error().message.find(op), std::string::npos) << loaded.error().message;
  EXPECT_NE(loaded.error().message.find(part), std::string::npos) << loaded.error().message;
}

}  // namespace

void ExpectRefused(const TestModel& model, std::string_view op, std::string_view reason,
                   const LoadOptions& options) {
  ExpectError(model.Serialize(), ErrorCode::kNotSupported, op, reason, options);
}

void ExpectInvalid(const std::string& bytes, std::string_view part, const LoadOptions& options) {
  ExpectError(bytes, ErrorCode::kTypeError, "", part, options);
}

}  // namespace webnn::onnx_test
