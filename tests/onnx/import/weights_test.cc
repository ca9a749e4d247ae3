#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "onnx/import/host_tensor.h"
#include "onnx/import/import.h"
#include "tests/onnx/import/import_test.h"
#include "webnn/context.h"

namespace webnn::onnx_test {
namespace {

namespace fs = std::filesystem;

// A weight of every type in every form that a file may have: the model gives it back as float.
TEST(ImportWeights, OfEachTypeInEachForm) {
  struct Row {
    int type;
    void (*fill)(TensorProto&);
  };
  const Row rows[] = {
      {TensorProto::FLOAT, [](TensorProto& t) { t.add_float_data(3), t.add_float_data(5); }},
      {TensorProto::INT32, [](TensorProto& t) { t.add_int32_data(3), t.add_int32_data(5); }},
      {TensorProto::INT8, [](TensorProto& t) { t.add_int32_data(3), t.add_int32_data(5); }},
      {TensorProto::UINT8, [](TensorProto& t) { t.add_int32_data(3), t.add_int32_data(250); }},
      {TensorProto::BOOL, [](TensorProto& t) { t.add_int32_data(0), t.add_int32_data(1); }},
      {TensorProto::FLOAT16,
       [](TensorProto& t) { t.add_int32_data(0x3c00), t.add_int32_data(0xc000); }},
      {TensorProto::INT64, [](TensorProto& t) { t.add_int64_data(3), t.add_int64_data(5); }},
      {TensorProto::UINT32, [](TensorProto& t) { t.add_uint64_data(3), t.add_uint64_data(5); }},
      {TensorProto::UINT64, [](TensorProto& t) { t.add_uint64_data(3), t.add_uint64_data(5); }},
      {TensorProto::INT64,
       [](TensorProto& t) { t.set_raw_data(std::string("\3\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0", 16)); }},
  };
  for (const Row& row : rows) {
    TestModel model;
    auto* weight = model.graph().add_initializer();
    weight->set_name("w");
    weight->set_data_type(row.type);
    weight->add_dims(2);
    row.fill(*weight);
    model.Input("x", Random({2})).Output("y");
    model.Node("Cast", {"w"}, {"t"}, {{"to", TensorProto::FLOAT}});
    model.Node("Add", {"x", "t"}, {"y"});
    SCOPED_TRACE(row.type);
    ExpectSameAsOnnxRuntime(model, {{"x", Random({2})}});
  }
}

// Large enough to be read where it lies, small, and inside of a node.
TEST(ImportWeights, WhereverTheyLie) {
  TestModel model;
  const TestTensor x = Random({1024});
  model.Input("x", x).Weight("large", Random({1024}, 1, 0, 1, 2)).Weight("small", Random({1}));
  model.Node("Constant", {}, {"inside"}, {{"value", Random({1024}, 1, 0, 1, 3)}});
  model.Node("Add", {"x", "large"}, {"t"});
  model.Node("Add", {"t", "small"}, {"u"});
  model.Node("Add", {"u", "inside"}, {"y"});
  model.Output("y");
  ExpectSameAsOnnxRuntime(model, {{"x", x}}, 0);
}

TEST(ImportWeights, SparseOnesAreFilledWithZeros) {
  TestModel model;
  auto* sparse = model.graph().add_sparse_initializer();
  auto* values = sparse->mutable_values();
  values->set_name("w");
  values->set_data_type(TensorProto::FLOAT);
  values->add_dims(2);
  values->add_float_data(3);
  values->add_float_data(4);
  auto* indices = sparse->mutable_indices();
  indices->set_data_type(TensorProto::INT64);
  indices->add_dims(2);
  indices->add_int64_data(1);
  indices->add_int64_data(5);
  sparse->add_dims(2);
  sparse->add_dims(3);
  const TestTensor x = Floats({2, 3}, {0, 0, 0, 0, 0, 0});
  model.Input("x", x).Output("y").Node("Add", {"x", "w"}, {"y"});
  const auto outputs = RunImported(model.Serialize(), {{"x", x}});
  ASSERT_TRUE(outputs.ok()) << ToString(outputs.error());
  EXPECT_EQ(outputs->at("y").Values<float>(), (std::vector<float>{0, 3, 0, 0, 0, 4}));
  indices->set_int64_data(1, 6);
  ExpectInvalid(model.Serialize(), "index 6 of a sparse tensor is not in [0, 6)");
}

// Weights at different places of the file, one of them large: equal small ones are one constant.
TEST(ImportWeights, EqualOnesAreOneConstant) {
  const TestTensor small = Random({1024});
  const TestTensor large = Random({1024, 512});
  TestModel model;
  model.Input("x", small).Output("y").Output("z");
  model.Weight("a", small).Weight("b", small).Weight("c", Random({1024}, 1, 0, 1, 9));
  model.Weight("d", large).Weight("e", large);
  for (const char* name : {"a", "b", "c"}) {
    model.Node("Mul", {"x", name}, {std::string("x") + name});
  }
  model.Node("Sum", {"xa", "xb", "xc"}, {"y"});
  model.Node("MatMul", {"x", "d"}, {"xd"});
  model.Node("MatMul", {"x", "e"}, {"xe"});
  model.Node("Add", {"xd", "xe"}, {"z"});
  ExpectSameAsOnnxRuntime(model, {{"x", small}});

  GraphBuilder builder;
  const std::string bytes = model.Serialize();
  const auto loaded =
      onnx_format::Import(builder, {.bytes = std::as_bytes(std::span(bytes)), .path = "m"}, {});
  ASSERT_TRUE(loaded.ok()) << ToString(loaded.error());
  const std::string text = builder.Finish(loaded->outputs).value().ToText();
  size_t constants = 0;
  for (size_t at = text.find("constant"); at != std::string::npos;
       at = text.find("constant", at + 1)) {
    ++constants;
  }
  EXPECT_EQ(constants, 4u) << text;  // a, c, d and e
}

class ExternalWeights : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "model" / "parts");
    const std::vector<float> values = {9, 1, 2, 9};
    for (const fs::path& path : {folder_ / "model" / "parts" / "w.bin", folder_ / "secret.bin"}) {
      std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(values.data()), 16);
    }
  }

  Result<LoadedModel> Load(const std::string& location, const std::string& offset = "4",
                           const std::string& length = "8") {
    TestModel model;
    auto* weight = model.graph().add_initializer();
    weight->set_name("w");
    weight->set_data_type(TensorProto::FLOAT);
    weight->add_dims(2);
    weight->set_data_location(TensorProto::EXTERNAL);
    for (const auto& [key, value] : {std::pair<std::string, std::string>("location", location),
                                     {"offset", offset},
                                     {"length", length}}) {
      auto* entry = weight->add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    }
    model.Input("x", Random({2})).Output("y").Node("Add", {"x", "w"}, {"y"});
    const std::string bytes = model.Serialize();
    return onnx_format::Import(builder_,
                               {.bytes = std::as_bytes(std::span(bytes)),
                                .path = "m.onnx",
                                .folder = (folder_ / "model").string()},
                               {});
  }

  void ExpectError(const Result<LoadedModel>& loaded, std::string_view part) {
    ASSERT_FALSE(loaded.ok());
    EXPECT_NE(loaded.error().message.find(part), std::string::npos) << loaded.error().message;
  }

  fs::path folder_;
  GraphBuilder builder_;
};

TEST_F(ExternalWeights, AreReadFromTheirFile) {
  const auto loaded = Load("parts/w.bin");
  ASSERT_TRUE(loaded.ok()) << ToString(loaded.error());
  const auto definition = builder_.Finish(loaded->outputs);
  ASSERT_TRUE(definition.ok());
  const Context context = Context::Create().value();
  const Graph graph = context.Compile(*definition).value();
  const std::vector<float> x = {10, 20};
  std::vector<float> y(2);
  ASSERT_TRUE(context
                  .Compute(graph, std::array{NamedInputBytes("x", std::as_bytes(std::span(x)))},
                           std::array{NamedOutputBytes("y", std::as_writable_bytes(std::span(y)))})
                  .ok());
  EXPECT_EQ(y, (std::vector<float>{11, 22}));
}

TEST_F(ExternalWeights, StayInTheFolder) {
  ExpectError(Load("../secret.bin"), "has \"..\" in its path");
  ExpectError(Load("parts/../../secret.bin"), "has \"..\" in its path");
  ExpectError(Load((folder_ / "secret.bin").string()), "has an absolute path");
  ExpectError(Load(""), "has no valid name");
  fs::create_symlink(folder_ / "secret.bin", folder_ / "model" / "link");
  ExpectError(Load("link"), "is a link that leads elsewhere");
  fs::create_directory_symlink(folder_, folder_ / "model" / "up");
  ExpectError(Load("up/secret.bin"), "is a link that leads elsewhere");
  fs::create_symlink("parts/w.bin", folder_ / "model" / "inside");
  EXPECT_TRUE(Load("inside").ok());
}

TEST_F(ExternalWeights, FitTheirFile) {
  ExpectError(Load("parts/w.bin", "12"),
              "is 8 bytes at 12 of the file \"parts/w.bin\", which has 16");
  ExpectError(Load("parts/w.bin", "18446744073709551615"), "which has 16 bytes");
  ExpectError(Load("parts/w.bin", "-1"), "the offset of its external data is \"-1\"");
  ExpectError(Load("parts/w.bin", "0", "16"), "has 16 bytes; its type and shape need 8");
  ExpectError(Load("missing.bin"), "missing.bin");
  ExpectError(Load("parts"), "parts");
}

TEST(HostTensorTest, ReadsSmallElements) {
  using lowering::Element;
  using onnx_format::HostTensor;
  const std::array bytes = {std::byte{0x8f}, std::byte{0x07}};
  const auto tensor = [&](Element element) {
    return HostTensor{.element = element, .sizes = {3}, .bytes = bytes};
  };
  EXPECT_EQ(*tensor(Element::kUint4).ToIntegers(), (std::vector<int64_t>{15, 8, 7}));
  EXPECT_EQ(*tensor(Element::kInt4).ToIntegers(), (std::vector<int64_t>{-1, -8, 7}));
  EXPECT_EQ(onnx_format::ByteLength(Element::kInt4, std::array<int64_t, 1>{3}), 2);
  EXPECT_EQ(onnx_format::ByteLength(Element::kFloat, std::array<int64_t, 2>{3, -1}), std::nullopt);
  EXPECT_EQ(onnx_format::ByteLength(Element::kFloat, std::array<int64_t, 2>{int64_t{1} << 62, 2}),
            std::nullopt);
  const std::array half = {std::byte{0x00}, std::byte{0xc0}};
  EXPECT_EQ((HostTensor{.element = Element::kFloat16, .sizes = {}, .bytes = half}).ToDoubles(),
            (std::vector<double>{-2}));
  EXPECT_EQ((HostTensor{.element = Element::kBfloat16, .sizes = {}, .bytes = half}).ToDoubles(),
            (std::vector<double>{-2}));
}

}  // namespace
}  // namespace webnn::onnx_test
