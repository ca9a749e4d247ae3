// Formats by name and content, what is left on the disk, and what is said of a file.

#include "webnn/model_io.h"

#include <sys/mman.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/formats/definitions.h"
#include "tests/support/result_matchers.h"

namespace webnn::formats_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::Fails;
using testing_support::Succeeds;

// y = w * x of 1000 numbers.
GraphDefinition Scaled(float first = 1) {
  GraphBuilder builder;
  std::vector<float> weights(1000, 2.5f);
  weights[0] = first;
  const Operand x = builder.Input("x", DataType::kFloat32, {1000}).value();
  const Operand w = builder.Constant<float>({1000}, weights).value();
  return builder.Finish({{"y", builder.Mul({.a = w, .b = x}).value()}}).value();
}

// But for labels: ONNX's nodes have names.
void ExpectScaled(const Result<GraphDefinition>& actual, float first = 1) {
  ASSERT_THAT(actual, Succeeds());
  const std::string text = Renumbered(*actual);
  EXPECT_THAT(text, testing::HasSubstr("%2 float32[1000] = mul(%1, %0)"));
  EXPECT_THAT(text, testing::HasSubstr("input(\"x\")"));
  EXPECT_THAT(text, testing::HasSubstr("output(\"y\") = %2"));
  EXPECT_EQ(actual->operator_count(), 1u);
  EXPECT_TRUE(ConstantsOf(*actual) == ConstantsOf(Scaled(first))) << "constants differ";
}

TEST(ModelIo, FormatsByNameAndContent) {
  const TemporaryFolder folder;
  for (const char* name : {"a.onnx", "b.webnn", "c.json"}) {
    const std::string path = folder / name;
    ASSERT_THAT(SaveModel(Scaled(), path), Succeeds()) << name;
    ExpectScaled(LoadGraph(path));
  }
  EXPECT_THAT(folder.Files(), ElementsAre("a.onnx", "b.safetensors", "b.webnn", "c.json"));
  // The name of what is read does not matter.
  ASSERT_THAT(SaveModel(Scaled(), folder / "b.onnx", {.format = ModelFormat::kWebnnText}),
              Succeeds());
  EXPECT_THAT(LoadGraph(folder / "b.onnx"), Succeeds());
  EXPECT_THAT(LoadGraph(folder.Write("d", "  \r\n// said first\nwebnn_graph \"g\" v2 {}")),
              Fails(ErrorCode::kTypeError, "there are no outputs"));
}

TEST(ModelIo, NamesThatSayNoFormat) {
  const TemporaryFolder folder;
  EXPECT_THAT(SaveModel(Scaled(), folder / "model"), Fails(ErrorCode::kTypeError, ".onnx, .webnn"));
  EXPECT_THAT(SaveModelToMemory(Scaled(), {}), Fails(ErrorCode::kTypeError, "format"));
  EXPECT_THAT(SaveModelToMemory(
                  Scaled(), {.format = ModelFormat::kOnnx, .weights = WeightStorage::kExternal}),
              Fails(ErrorCode::kTypeError, "cannot be external"));
  EXPECT_THAT(folder.Files(), IsEmpty());
}

TEST(ModelIo, OnnxWithWeightsBesideIt) {
  const TemporaryFolder folder;
  const std::string path = folder / "model.onnx";
  ASSERT_THAT(SaveModel(Scaled(), path, {.weights = WeightStorage::kExternal}), Succeeds());
  EXPECT_THAT(folder.Files(), ElementsAre("model.onnx", "model.onnx.data"));
  ExpectScaled(LoadGraph(path));
}

TEST(ModelIo, SavingOverALoadedModelKeepsItsWeights) {
  const TemporaryFolder folder;
  for (const std::string name : {"a.onnx", "a.webnn"}) {
    const SaveOptions external = {.weights = WeightStorage::kExternal};
    ASSERT_THAT(SaveModel(Scaled(1), folder / name, external), Succeeds());
    const auto loaded = LoadGraph(folder / name);
    ASSERT_THAT(loaded, Succeeds());
    ASSERT_THAT(SaveModel(Scaled(7), folder / name, external), Succeeds());
    ExpectScaled(loaded, 1);
    ASSERT_THAT(SaveModel(*loaded, folder / name, external), Succeeds());
    ExpectScaled(LoadGraph(folder / name), 1);
  }
}

TEST(ModelIo, WhatCannotBeWrittenLeavesNothing) {
  const TemporaryFolder folder;
  EXPECT_THAT(SaveModel(Scaled(), folder / "none/a.webnn"), Fails(ErrorCode::kOperation));
  // A folder is in the place of the model.
  const TemporaryFolder other;
  for (const std::string name : {"a.webnn", "a.onnx"}) {
    ASSERT_TRUE(std::filesystem::create_directory(other / name));
    EXPECT_THAT(SaveModel(Scaled(), other / name, {.weights = WeightStorage::kExternal}),
                Fails(ErrorCode::kOperation, name));
  }
  EXPECT_THAT(other.Files(), ElementsAre("a.onnx", "a.webnn"));
}

// Protobuf ends at 2 GiB; the pages of this weight are never touched.
TEST(ModelIo, ModelsThatAreTooLargeForOneFile) {
  constexpr size_t kBytes = (size_t{1} << 31) + 4096;
  void* memory =
      mmap(nullptr, kBytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  {
    GraphBuilder builder;
    const auto descriptor = OperandDescriptor::Create(DataType::kFloat32, {kBytes / 4}).value();
    const Operand w =
        builder.ConstantView(descriptor, {static_cast<const std::byte*>(memory), kBytes}).value();
    const auto definition = builder.Finish({{"y", builder.Neg({.input = w}).value()}}).value();
    const TemporaryFolder folder;
    EXPECT_THAT(SaveModel(definition, folder / "a.onnx", {.weights = WeightStorage::kEmbedded}),
                Fails(ErrorCode::kOperation, "with its weights embedded"));
    EXPECT_THAT(SaveModelToMemory(definition, {.format = ModelFormat::kOnnx}),
                Fails(ErrorCode::kOperation, "with its weights embedded"));
    EXPECT_THAT(folder.Files(), IsEmpty());
  }
  munmap(memory, kBytes);
}

TEST(ModelIo, AddsAModelToABuilder) {
  const auto bytes = SaveModelToMemory(Scaled(), {.format = ModelFormat::kWebnnJson});
  ASSERT_THAT(bytes, Succeeds());
  GraphBuilder builder;
  const auto model = LoadModel(builder, AsBytes(*bytes));
  ASSERT_THAT(model, Succeeds());
  ASSERT_EQ(model->inputs.size(), 1u);
  EXPECT_EQ(model->inputs[0].first, "x");
  ASSERT_EQ(model->outputs.size(), 1u);
  const auto softmax = builder.Softmax({.input = model->outputs[0].second, .axis = 0});
  ASSERT_THAT(softmax, Succeeds());
  EXPECT_EQ(builder.Finish({{"z", *softmax}}).value().operator_count(), 2u);
}

TEST(ModelIo, InspectsAGraphFile) {
  const TemporaryFolder folder;
  const std::string path = folder.Write("net.webnn", R"(webnn_graph "net" v2 @quantized {
    inputs { x: f16[dyn("n", 8), 2]; }
    consts { c: f16[2] @scalar(1); d: i8[3] @bytes([1, 2, 3]); }
    nodes { a = add(x, c); b = add(a, c); y = relu(b); }
    outputs { y; }
  })");
  const auto summary = InspectModel(path, {.dimensions = {{"n", 4}}});
  ASSERT_THAT(summary, Succeeds());
  EXPECT_EQ(summary->format, ModelFormat::kWebnnText);
  EXPECT_EQ(summary->name, "net");
  EXPECT_EQ(summary->metadata.at("quantized"), "true");
  ASSERT_EQ(summary->inputs.size(), 1u);
  EXPECT_EQ(summary->inputs[0].data_type, "float16");
  EXPECT_EQ(std::get<std::string>(summary->inputs[0].dimensions[0]), "n");
  EXPECT_EQ(std::get<uint64_t>(summary->inputs[0].dimensions[1]), 2u);
  ASSERT_EQ(summary->outputs.size(), 1u);
  EXPECT_EQ(std::get<uint64_t>(summary->outputs[0].dimensions[0]), 4u);
  EXPECT_THAT(summary->operators, ElementsAre(testing::Pair("add", 2), testing::Pair("relu", 1)));
  EXPECT_EQ(summary->weight_count, 2u);
  EXPECT_EQ(summary->weight_bytes, 7u);
  EXPECT_THAT(summary->unsupported, IsEmpty());

  folder.Write("net.webnn", "webnn_graph \"g\" v2 { nodes { y = what(); } outputs { y; } }");
  const auto bad = InspectModel(path);
  ASSERT_THAT(bad, Succeeds());
  ASSERT_EQ(bad->unsupported.size(), 1u);
  EXPECT_THAT(bad->unsupported[0].reason, testing::HasSubstr("1:30: there is no operator"));
}

}  // namespace
}  // namespace webnn::formats_test
