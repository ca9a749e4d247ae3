#include "onnx/serialize.h"

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "core/mapped_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "onnx/onnx.pb.h"
#include "tests/support/result_matchers.h"
#include "webnn/version.h"

namespace webnn::onnx_format {
namespace {

using lowering::Element;
using lowering::Initializer;
using lowering::Model;
using lowering::ValueId;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing_support::Fails;
using testing_support::Succeeds;

OperandDescriptor Float(Shape shape) {
  return OperandDescriptor::Create(DataType::kFloat32, std::move(shape)).value();
}

// out = Add(in, weight), each [2, 3].
Model AddModel(std::string input, std::string output) {
  Model model;
  model.opset = 21;
  model.inputs = {{1, std::move(input), Float({2, 3})}};
  model.outputs = {{3, std::move(output), Float({2, 3})}};
  Initializer& weight = model.initializers.emplace_back();
  weight.value = 2;
  weight.element = Element::kFloat;
  weight.sizes = {2, 3};
  weight.own.resize(24);
  model.nodes = {{"Add", {1, 2}, {3}, {}, 0}};
  model.labels = {"my add"};
  model.value_count = 4;
  return model;
}

// y = Gather(weight, x) with a weight of `bytes`.
Model WeightModel(std::span<const std::byte> bytes) {
  Model model;
  model.opset = 21;
  model.inputs = {{1, "x", OperandDescriptor::Scalar(DataType::kInt32)}};
  model.outputs = {{3, "y", OperandDescriptor::Scalar(DataType::kUint8)}};
  Initializer& weight = model.initializers.emplace_back();
  weight.value = 2;
  weight.element = Element::kUint8;
  weight.sizes = {static_cast<int64_t>(bytes.size())};
  weight.reference = bytes;
  model.nodes = {{"Gather", {2, 1}, {3}, {}, 0}};
  model.labels = {"gather"};
  model.value_count = 4;
  return model;
}

onnx::ModelProto Parse(const SerializedModel& serialized) {
  onnx::ModelProto proto;
  EXPECT_TRUE(proto.ParseFromString(serialized.proto));
  return proto;
}

TEST(SerializeTest, WritesTheHeader) {
  Result<SerializedModel> serialized = Serialize(AddModel("a", "b"));
  ASSERT_THAT(serialized, Succeeds());
  const onnx::ModelProto proto = Parse(*serialized);
  EXPECT_EQ(proto.ir_version(), 10);
  EXPECT_EQ(proto.producer_name(), "webnn.cpp");
  EXPECT_EQ(proto.producer_version(), Version());
  ASSERT_EQ(proto.opset_import_size(), 1);
  EXPECT_EQ(proto.opset_import(0).version(), 21);
  EXPECT_EQ(proto.opset_import(0).domain(), "");
}

TEST(SerializeTest, WritesInputsOutputsAndNodes) {
  Result<SerializedModel> serialized = Serialize(AddModel("a", "b"));
  ASSERT_THAT(serialized, Succeeds());
  const onnx::ModelProto proto = Parse(*serialized);
  const onnx::GraphProto& graph = proto.graph();
  ASSERT_EQ(graph.input_size(), 1);
  EXPECT_EQ(graph.input(0).name(), "a");
  const onnx::TypeProto::Tensor& type = graph.input(0).type().tensor_type();
  EXPECT_EQ(type.elem_type(), onnx::TensorProto::FLOAT);
  ASSERT_EQ(type.shape().dim_size(), 2);
  EXPECT_EQ(type.shape().dim(0).dim_value(), 2);
  EXPECT_EQ(type.shape().dim(1).dim_value(), 3);
  ASSERT_EQ(graph.output_size(), 1);
  EXPECT_EQ(graph.output(0).name(), "b");
  ASSERT_EQ(graph.node_size(), 1);
  EXPECT_EQ(graph.node(0).op_type(), "Add");
  EXPECT_EQ(graph.node(0).name(), "my add/Add_0");
  EXPECT_THAT(graph.node(0).input(), ElementsAre("a", "%2"));
  EXPECT_THAT(graph.node(0).output(), ElementsAre("b"));
  EXPECT_THAT(graph.value_info(), IsEmpty());
}

TEST(SerializeTest, KeepsAScalarsShape) {
  Result<SerializedModel> serialized = Serialize(WeightModel({}));
  ASSERT_THAT(serialized, Succeeds());
  const onnx::ModelProto proto = Parse(*serialized);
  // A shape without sizes is a scalar; no shape would be any shape.
  EXPECT_TRUE(proto.graph().input(0).type().tensor_type().has_shape());
}

TEST(SerializeTest, WritesEveryKindOfAttribute) {
  Model model = AddModel("a", "b");
  model.nodes[0].attributes = {{"integer", int64_t{-7}},
                               {"number", 0.5f},
                               {"text", std::string_view("reflect")},
                               {"integers", std::vector<int64_t>{1, -2}},
                               {"texts", std::vector<std::string_view>{"Tanh", "Relu"}}};
  Result<SerializedModel> serialized = Serialize(model);
  ASSERT_THAT(serialized, Succeeds());
  const onnx::ModelProto proto = Parse(*serialized);
  const auto& attributes = proto.graph().node(0).attribute();
  ASSERT_THAT(attributes, SizeIs(5));
  EXPECT_EQ(attributes[0].name(), "integer");
  EXPECT_EQ(attributes[0].type(), onnx::AttributeProto::INT);
  EXPECT_EQ(attributes[0].i(), -7);
  EXPECT_EQ(attributes[1].type(), onnx::AttributeProto::FLOAT);
  EXPECT_EQ(attributes[1].f(), 0.5f);
  EXPECT_EQ(attributes[2].type(), onnx::AttributeProto::STRING);
  EXPECT_EQ(attributes[2].s(), "reflect");
  EXPECT_EQ(attributes[3].type(), onnx::AttributeProto::INTS);
  EXPECT_THAT(attributes[3].ints(), ElementsAre(1, -2));
  EXPECT_EQ(attributes[4].type(), onnx::AttributeProto::STRINGS);
  EXPECT_THAT(attributes[4].strings(), ElementsAre("Tanh", "Relu"));
}

TEST(SerializeTest, AnAbsentInputHasNoName) {
  Model model = AddModel("a", "b");
  model.nodes[0].inputs = {1, 0, 2};
  Result<SerializedModel> serialized = Serialize(model);
  ASSERT_THAT(serialized, Succeeds());
  const onnx::ModelProto proto = Parse(*serialized);
  EXPECT_THAT(proto.graph().node(0).input(), ElementsAre("a", "", "%2"));
}

struct Names {
  std::string input, output;  // the user's
  std::string onnx_input, onnx_output;
};
class NamesTest : public testing::TestWithParam<Names> {};

TEST_P(NamesTest, AreTheUsersWhereOnnxAllows) {
  const Names& names = GetParam();
  const Model model = AddModel(names.input, names.output);
  Result<SerializedModel> serialized = Serialize(model);
  ASSERT_THAT(serialized, Succeeds());
  EXPECT_THAT(serialized->input_names, ElementsAre(names.onnx_input));
  EXPECT_THAT(serialized->output_names, ElementsAre(names.onnx_output));
  const onnx::ModelProto proto = Parse(*serialized);
  EXPECT_EQ(proto.graph().input(0).name(), names.onnx_input);
  EXPECT_EQ(proto.graph().output(0).name(), names.onnx_output);
  EXPECT_EQ(Serialize(model)->proto, serialized->proto);
}

INSTANTIATE_TEST_SUITE_P(All, NamesTest,
                         testing::Values(Names{"a", "b", "a", "b"}, Names{"x", "x", "x", "x_1"},
                                         Names{"x_1", "x_1", "x_1", "x_1_1"},
                                         Names{"", "", "input", "output"},
                                         Names{"output", "", "output", "output_1"},
                                         // The internal name of the weight.
                                         Names{"%2", "y", "%2_1", "y"},
                                         Names{"%", "%2x", "%", "%2x"},
                                         Names{std::string("a\0b", 3), "a_b", "a_b", "a_b_1"},
                                         Names{"größe", "出力", "größe", "出力"}));

TEST(SerializeTest, NamesAreUnique) {
  Model model;
  model.opset = 21;
  ValueId next = 1;
  for (const char* name : {"x", "y", "x_1", "%9"}) {
    model.inputs.push_back({next++, name, Float({1})});
  }
  for (const char* name : {"x", "x_1", "y", "x_2", ""}) {
    model.nodes.push_back({"Neg", {1}, {next}, {}, 0});
    model.outputs.push_back({next++, name, Float({1})});
  }
  model.labels = {"neg"};
  model.value_count = next;
  Result<SerializedModel> serialized = Serialize(model);
  ASSERT_THAT(serialized, Succeeds());
  std::set<std::string> names(serialized->input_names.begin(), serialized->input_names.end());
  names.insert(serialized->output_names.begin(), serialized->output_names.end());
  EXPECT_THAT(names, SizeIs(9));
}

TEST(SerializeTest, SmallConstantsAreInTheFile) {
  const std::vector<std::byte> bytes(1024, std::byte{7});
  Result<SerializedModel> serialized = Serialize(WeightModel(bytes));
  ASSERT_THAT(serialized, Succeeds());
  EXPECT_THAT(serialized->weights, IsEmpty());
  const onnx::ModelProto proto = Parse(*serialized);
  const onnx::TensorProto& tensor = proto.graph().initializer(0);
  EXPECT_EQ(tensor.data_type(), onnx::TensorProto::UINT8);
  EXPECT_THAT(tensor.dims(), ElementsAre(1024));
  EXPECT_EQ(tensor.raw_data(), std::string(1024, '\7'));
  EXPECT_EQ(tensor.data_location(), onnx::TensorProto::DEFAULT);
}

TEST(SerializeTest, LargeConstantsStayOutside) {
  auto owner = std::make_shared<std::vector<std::byte>>(1025, std::byte{7});
  Model model = WeightModel(*owner);
  model.initializers[0].owner = owner;
  Result<SerializedModel> serialized = Serialize(model);
  ASSERT_THAT(serialized, Succeeds());
  ASSERT_THAT(serialized->weights, SizeIs(1));
  const ExternalWeight& weight = serialized->weights[0];
  EXPECT_EQ(weight.name, "%2");
  EXPECT_EQ(weight.element, Element::kUint8);
  EXPECT_THAT(weight.sizes, ElementsAre(1025));
  EXPECT_EQ(weight.bytes.data(), owner->data());
  EXPECT_EQ(weight.owner, owner);

  const onnx::ModelProto proto = Parse(*serialized);
  const onnx::TensorProto& tensor = proto.graph().initializer(0);
  EXPECT_EQ(tensor.name(), "%2");
  EXPECT_FALSE(tensor.has_raw_data());
  EXPECT_EQ(tensor.data_location(), onnx::TensorProto::EXTERNAL);
  ASSERT_EQ(tensor.external_data_size(), 3);
  EXPECT_EQ(tensor.external_data(0).key(), "length");
  EXPECT_EQ(tensor.external_data(0).value(), "1025");
  EXPECT_EQ(tensor.external_data(1).key(), "location");
  EXPECT_EQ(tensor.external_data(1).value(), weight.location);
  EXPECT_EQ(tensor.external_data(2).key(), "offset");
  EXPECT_EQ(tensor.external_data(2).value(), "0");
}

TEST(SerializeTest, LargeConstantsInMappedFilesStayThere) {
  const std::string path = std::filesystem::canonical(testing::TempDir()) / "serialize_weights";
  std::ofstream(path, std::ios::binary) << std::string(200000, '\7');
  const auto mapped = MappedFile::Open(path).value();
  const FileMappings files = FileMappings::Read();
  Result<SerializedModel> serialized =
      Serialize(WeightModel(mapped->bytes().subspan(1000, 100000)), {.files = &files});
  ASSERT_THAT(serialized, Succeeds());
  EXPECT_THAT(serialized->weights, IsEmpty());
  const onnx::ModelProto proto = Parse(*serialized);
  const onnx::TensorProto& tensor = proto.graph().initializer(0);
  ASSERT_EQ(tensor.external_data_size(), 3);
  EXPECT_EQ(tensor.external_data(0).value(), "100000");
  EXPECT_EQ("/" + tensor.external_data(1).value(), path);
  EXPECT_EQ(tensor.external_data(2).value(), "1000");

  // A small one is handed over, as without the files.
  serialized = Serialize(WeightModel(mapped->bytes().first(2000)), {.files = &files});
  ASSERT_THAT(serialized, Succeeds());
  EXPECT_THAT(serialized->weights, SizeIs(1));
}

TEST(SerializeTest, ItsOwnConstantsAreAlwaysInTheFile) {
  Model model = WeightModel({});
  model.initializers[0].own.resize(5000, std::byte{1});
  model.initializers[0].sizes = {5000};
  Result<SerializedModel> serialized = Serialize(model);
  ASSERT_THAT(serialized, Succeeds());
  EXPECT_THAT(serialized->weights, IsEmpty());
  EXPECT_THAT(Parse(*serialized).graph().initializer(0).raw_data(), SizeIs(5000));
}

TEST(SerializeTest, EmbedsWeightsOnRequest) {
  const std::vector<std::byte> bytes(5000, std::byte{7});
  Result<SerializedModel> serialized = Serialize(WeightModel(bytes), {.embed_weights = true});
  ASSERT_THAT(serialized, Succeeds());
  EXPECT_THAT(serialized->weights, IsEmpty());
  EXPECT_THAT(Parse(*serialized).graph().initializer(0).raw_data(), SizeIs(5000));
}

TEST(SerializeTest, AppendedWeightsReadLikeEmbeddedOnes) {
  std::vector<std::byte> bytes(70000, std::byte{7});
  bytes[69999] = std::byte{8};
  const Model model = WeightModel(bytes);
  Result<SerializedModel> embedded = Serialize(model, {.embed_weights = true});
  Result<SerializedModel> appended = Serialize(model, {.append_weights = true});
  ASSERT_THAT(embedded, Succeeds());
  ASSERT_THAT(appended, Succeeds());
  EXPECT_THAT(appended->weights, IsEmpty());
  EXPECT_NE(appended->proto, embedded->proto);
  EXPECT_EQ(Parse(*appended).SerializeAsString(), Parse(*embedded).SerializeAsString());
}

TEST(SerializeTest, RefusesMoreThanTheFormatHolds) {
  // The limit is checked before the bytes are read, so the span may lie.
  const std::byte byte{};
  const std::span<const std::byte> huge(&byte, size_t{1} << 31);
  EXPECT_THAT(Serialize(WeightModel(huge), {.embed_weights = true}),
              Fails(ErrorCode::kOperation, "2147483648 bytes with its weights embedded"));
  EXPECT_THAT(Serialize(WeightModel(huge), {.append_weights = true}),
              Fails(ErrorCode::kOperation, "2147483648 bytes with its weights embedded"));
  EXPECT_THAT(Serialize(WeightModel(huge)), Succeeds());
}

TEST(SerializeTest, WritesShapesOnRequest) {
  Model model = AddModel("a", "b");
  model.nodes = {{"Neg", {1}, {4}, {}, 0}, {"Add", {4, 2}, {3}, {}, 0}};
  model.value_count = 5;
  model.shapes = {{4, Element::kFloat, Shape{2, 3}},
                  {4, Element::kFloat, Shape{2, 3}},
                  {3, Element::kFloat, Shape{2, 3}}};
  Result<SerializedModel> serialized = Serialize(model, {.value_shapes = true});
  ASSERT_THAT(serialized, Succeeds());
  const onnx::ModelProto proto = Parse(*serialized);
  ASSERT_EQ(proto.graph().value_info_size(), 1);
  EXPECT_EQ(proto.graph().value_info(0).name(), "%4");
  EXPECT_EQ(proto.graph().value_info(0).type().tensor_type().shape().dim_size(), 2);
}

TEST(SerializeTest, TakesLinearTime) {
  auto model_of = [](uint32_t nodes) {
    Model model;
    model.opset = 21;
    model.inputs = {{1, "x", Float({1})}};
    for (ValueId id = 1; id <= nodes; ++id) model.nodes.push_back({"Neg", {id}, {id + 1}, {}, 0});
    model.outputs = {{nodes + 1, "y", Float({1})}};
    model.labels = {"neg"};
    model.value_count = nodes + 2;
    return model;
  };
  auto seconds = [](const Model& model) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_THAT(Serialize(model), Succeeds());
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const Model model = model_of(100'000);
  // 0.1 s on an idle machine; a quadratic step would take minutes.
  EXPECT_LT(seconds(model), 5.0);
}

}  // namespace
}  // namespace webnn::onnx_format
