#include <gtest/gtest.h>

#include <chrono>

#include "onnx/import/import.h"
#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

Result<LoadedModel> Load(const TestModel& model, const LoadOptions& options = {}) {
  GraphBuilder builder;
  const std::string bytes = model.Serialize();
  return onnx_format::Import(builder, {.bytes = std::as_bytes(std::span(bytes))}, options);
}

TEST(Importer, KeepsOrderAndMetadata) {
  TestModel model;
  model.Input("b", Random({2})).Input("a", Random({2})).Output("z").Output("y");
  model.Node("Relu", {"a"}, {"y"});
  model.Node("Add", {"a", "b"}, {"z"});
  auto* entry = model.model().add_metadata_props();
  entry->set_key("character");
  entry->set_value("abc");
  model.model().set_producer_version("2");
  const auto loaded = Load(model);
  ASSERT_TRUE(loaded.ok()) << ToString(loaded.error());
  EXPECT_EQ(loaded->inputs[0].first, "b");
  EXPECT_EQ(loaded->inputs[1].first, "a");
  EXPECT_EQ(loaded->outputs[0].first, "z");
  EXPECT_EQ(loaded->outputs[1].first, "y");
  EXPECT_EQ(loaded->metadata.at("character"), "abc");
  EXPECT_EQ(loaded->metadata.at("producer"), "test 2");
  EXPECT_EQ(loaded->metadata.at("opset"), "ai.onnx 21");
}

TEST(Importer, OutputsMayBeInputsConstantsOrTheSame) {
  TestModel model;
  const TestTensor x = Random({2});
  model.Input("x", x).Weight("w", Floats({2}, {3, 4}));
  model.Output("x").Output("w").Output("a").Output("b");
  model.Node("Relu", {"x"}, {"a"});
  model.Node("Identity", {"a"}, {"b"});
  const auto outputs = RunImported(model.Serialize(), {{"x", x}});
  ASSERT_TRUE(outputs.ok()) << ToString(outputs.error());
  EXPECT_EQ(outputs->at("x").bytes, x.bytes);
  EXPECT_EQ(outputs->at("w").Values<float>(), (std::vector<float>{3, 4}));
  EXPECT_EQ(outputs->at("a").bytes, outputs->at("b").bytes);
}

TEST(Importer, NodesMayStandInAnyOrder) {
  TestModel model;
  const TestTensor x = Random({2});
  model.Input("x", x).Output("y");
  model.Node("Exp", {"t"}, {"y"});
  model.Node("Relu", {"x"}, {"t"});
  ExpectSameAsOnnxRuntime(model, {{"x", x}});
}

TEST(Importer, WeightsThatAreInputsAreConstants) {
  TestModel model;
  const TestTensor x = Random({2});
  const TestTensor w = Random({2}, 1, -1, 1, 2);
  model.Input("x", x).Input("w", w).Weight("w", w).Output("y");
  model.Node("Add", {"x", "w"}, {"y"});
  const auto loaded = Load(model);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->inputs.size(), 1);
  ExpectSameAsOnnxRuntime(model, {{"x", x}});
}

TEST(Importer, InputsWithAValueAreConstants) {
  TestModel model;
  model.Input("x", TensorProto::FLOAT, {6}).Input("shape", TensorProto::INT64, {2}).Output("y");
  model.Input("b", TensorProto::BOOL, {}).Input("c", TensorProto::FLOAT, {});
  model.Node("Reshape", {"x", "shape"}, {"square"});
  model.Node("Where", {"b", "square", "c"}, {"y"});
  const std::string bytes = model.Serialize();
  const auto load = [&](std::vector<std::pair<std::string, Number>> values) {
    return LoadGraph(std::as_bytes(std::span(bytes)), {.values = std::move(values)});
  };
  EXPECT_EQ(load({}).error().code, ErrorCode::kNotSupported);
  EXPECT_EQ(load({{"sr", 1}}).error().code, ErrorCode::kTypeError);

  model.graph()
      .mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(0)
      ->set_dim_value(4);
  const LoadOptions options = {.values = {{"shape", 2}, {"b", 7}, {"c", 0.5}}};
  const auto outputs = RunImported(model.Serialize(), {{"x", Floats({4}, {1, 2, 3, 4})}}, options);
  ASSERT_TRUE(outputs.ok()) << ToString(outputs.error());
  EXPECT_EQ(outputs->at("y").sizes, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(outputs->at("y").Values<float>(), (std::vector<float>{1, 2, 3, 4}));
}

TEST(Importer, NarrowsOnRequest) {
  TestModel model;
  const TestTensor x = Random({2, 3}, TensorProto::DOUBLE);
  model.Input("x", x).Weight("w", Random({3}, TensorProto::DOUBLE)).Output("y");
  model.Node("Add", {"x", "w"}, {"t"});
  model.Node("Cast", {"t"}, {"u"}, {{"to", TensorProto::DOUBLE}});
  model.Node("Exp", {"u"}, {"y"});
  ExpectSameAsOnnxRuntime(model, {{"x", x}}, 1e-6, {.narrow = true});
  ExpectRefused(model, "input \"x\": WebNN has no tensors of float64", "--narrow");
}

TEST(Importer, ListsAllThatIsMissingAtOnce) {
  TestModel model;
  model.Input("x", Random({2, 3})).Output("y").Output("z");
  model.Node("NonZero", {"x"}, {"places"}).set_name("first");
  model.Node("com.example.Other", {"places"}, {"unique"});
  model.Node("com.example.Strange", {"x"}, {"y"});
  model.Node("ReduceSum", {"x", "unique"}, {"z"});
  model.Import("com.example", 1);
  const auto loaded = Load(model);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ErrorCode::kNotSupported);
  const std::string& message = loaded.error().message;
  EXPECT_NE(message.find("\n  node \"first\" (NonZero): "), std::string::npos) << message;
  EXPECT_NE(message.find("\n  node \"#1\" (com.example.Other): "), std::string::npos) << message;
  EXPECT_NE(message.find("\n  node \"#2\" (com.example.Strange): "), std::string::npos) << message;
  EXPECT_EQ(message.find("ReduceSum"), std::string::npos) << message;
}

// The declared type of what a refused node computes lets the nodes behind it be judged.
TEST(Importer, DeclaredTypesCarryThroughRefusals) {
  TestModel model;
  model.Input("x", Random({2, 3})).Output("y");
  model.Node("com.example.Strange", {"x"}, {"t"});
  model.Node("Det", {"t"}, {"u"});
  model.Node("Reshape", {"t", "u"}, {"y"});
  model.Import("com.example", 1);
  auto* info = model.graph().add_value_info();
  info->set_name("u");
  info->mutable_type()->mutable_tensor_type()->set_elem_type(TensorProto::INT64);
  info->mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(1);
  *model.graph().add_value_info() = model.graph().input(0);
  model.graph().mutable_value_info(1)->set_name("t");
  const auto loaded = Load(model);
  ASSERT_FALSE(loaded.ok());
  const std::string& message = loaded.error().message;
  for (const char* op : {"Strange", "Det", "Reshape"}) {
    EXPECT_NE(message.find(op), std::string::npos) << message;
  }
}

TEST(Importer, WhatTheBuilderRejectsIsRefusedInItsWords) {
  TestModel model;
  model.Input("a", Random({2, 3})).Input("b", Random({2, 4})).Output("y");
  model.Node("Add", {"a", "b"}, {"y"}).set_name("sum");
  ExpectRefused(model, "node \"sum\" (Add)", "[sum] add:");
}

TEST(Importer, NodesThatNothingNeedsMayBeAnything) {
  TestModel model;
  const TestTensor x = Random({2});
  model.Input("x", x).Output("y");
  model.Node("NonZero", {"x"}, {"unused"});
  model.Node("Relu", {"x"}, {"y"});
  EXPECT_TRUE(Load(model).ok());
}

TEST(Importer, InspectTellsWhatIsInTheFile) {
  TestModel model;
  model.Input("x", TensorProto::FLOAT, {"batch", 3}).Input("w", Random({3}));
  model.Weight("w", Random({3})).Output("y", TensorProto::BOOL);
  model.Node("Add", {"x", "w"}, {"t"});
  model.Node("Add", {"t", "w"}, {"u"});
  model.Node("NonZero", {"u"}, {"y"}).set_name("last");
  const std::string bytes = model.Serialize();
  const auto summary = onnx_format::Inspect({.bytes = std::as_bytes(std::span(bytes))},
                                            {.dimensions = {{"batch", 2}}});
  ASSERT_TRUE(summary.ok()) << ToString(summary.error());
  EXPECT_EQ(summary->format, ModelFormat::kOnnx);
  EXPECT_EQ(summary->name, "test");
  ASSERT_EQ(summary->inputs.size(), 1);
  EXPECT_EQ(summary->inputs[0].data_type, "float32");
  EXPECT_EQ(std::get<std::string>(summary->inputs[0].dimensions[0]), "batch");
  EXPECT_EQ(std::get<uint64_t>(summary->inputs[0].dimensions[1]), 3);
  EXPECT_EQ(summary->outputs[0].data_type, "bool");
  EXPECT_EQ(summary->operators,
            (std::vector<std::pair<std::string, uint64_t>>{{"Add", 2}, {"NonZero", 1}}));
  EXPECT_EQ(summary->weight_count, 1);
  EXPECT_EQ(summary->weight_bytes, 12);
  ASSERT_EQ(summary->unsupported.size(), 1);
  EXPECT_EQ(summary->unsupported[0].op, "NonZero");
  EXPECT_EQ(summary->unsupported[0].node, "last");
}

// A long chain must not take time that grows with its square.
TEST(Importer, TakesTenThousandNodesInAMoment) {
  TestModel model;
  model.Input("x0", Random({2}));
  for (int i = 0; i < 10'000; ++i) {
    model.Node("Relu", {"x" + std::to_string(i)}, {"x" + std::to_string(i + 1)});
  }
  model.Output("x10000");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(Load(model).ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

}  // namespace
}  // namespace webnn::onnx_test
