#include <gtest/gtest.h>

#include "onnx/import/import.h"
#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

TestModel ReluModel() {
  TestModel model;
  model.Input("x", Random({2})).Weight("w", Random({2, 600})).Output("y");
  model.Node("Relu", {"x"}, {"y"}).set_name("relu");
  return model;
}

TEST(InvalidModel, CutOffAnywhereIsAnErrorOrAnotherModel) {
  const std::string bytes = ReluModel().Serialize();
  for (size_t length = 0; length < bytes.size(); ++length) {
    GraphBuilder builder;
    const auto loaded = onnx_format::Import(
        builder, {.bytes = std::as_bytes(std::span(bytes.data(), length)), .path = "m.onnx"}, {});
    ASSERT_FALSE(loaded.ok()) << length;
    EXPECT_EQ(loaded.error().message.find("m.onnx"), 0) << loaded.error().message;
  }
}

TEST(InvalidModel, NoModelAtAll) {
  ExpectInvalid("", "has no graph");
  ExpectInvalid("this is text, not a model", "not an ONNX model of 25 bytes");
}

// Graphs in attributes in nodes in graphs, 100,000 messages deep.
TEST(InvalidModel, NestedDeeply) {
  std::vector<std::string> headers;
  size_t length = 0;
  const auto wrap = [&](char tag) {
    std::string header(1, tag);
    for (size_t rest = length;; rest >>= 7) {
      header += static_cast<char>((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
      if (rest <= 0x7f) break;
    }
    length += header.size();
    headers.push_back(std::move(header));
  };
  for (int level = 0; level < 100'000 / 3; ++level) {
    for (char tag : {0x32, 0x2a, 0x0a}) wrap(tag);  // node { attribute { g { ... } } }
  }
  wrap(0x3a);
  std::string bytes;
  for (auto header = headers.rbegin(); header != headers.rend(); ++header) bytes += *header;
  ExpectInvalid(bytes, "nested too deeply");
}

TEST(InvalidModel, NamesThatAreThereTwice) {
  TestModel model = ReluModel();
  model.Node("Exp", {"x"}, {"y"}).set_name("other");
  ExpectInvalid(model.Serialize(), "node \"other\" (Exp): there is another value \"y\"");
  model = ReluModel();
  model.Node("Exp", {"x"}, {"w"});
  ExpectInvalid(model.Serialize(), "node #1 (Exp): there is another value \"w\"");
  model = ReluModel();
  model.Input("x", Random({2}));
  ExpectInvalid(model.Serialize(), "two inputs are named \"x\"");
  model = ReluModel();
  model.Weight("w", Random({2}));
  ExpectInvalid(model.Serialize(), "two values are named \"w\"");
  model = ReluModel();
  model.Output("y");
  ExpectInvalid(model.Serialize(), "output \"y\": there are two of this name");
}

TEST(InvalidModel, ValuesThatNothingComputes) {
  TestModel model = ReluModel();
  model.Node("Exp", {"nothing"}, {"z"});
  ExpectInvalid(model.Serialize(), "node #1 (Exp) reads \"nothing\", which nothing computes");
  model = ReluModel();
  model.Output("z");
  ExpectInvalid(model.Serialize(), "nothing computes the output \"z\"");
  model = TestModel();
  model.Input("x", Random({2}));
  ExpectInvalid(model.Serialize(), "the graph has no outputs");
}

TEST(InvalidModel, Cycles) {
  TestModel model = ReluModel();
  model.Node("Add", {"x", "b"}, {"a"}).set_name("one");
  model.Node("Exp", {"a"}, {"b"}).set_name("two");
  model.Output("b");
  ExpectInvalid(model.Serialize(), "node \"one\" (Add) is in a cycle");
  model = ReluModel();
  model.Node("Add", {"a", "x"}, {"a"});
  ExpectInvalid(model.Serialize(), "is in a cycle");
}

TEST(InvalidModel, TypesThatContradictOneAnother) {
  TestModel model = ReluModel();
  model.graph().mutable_output(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
      TensorProto::INT64);
  ExpectInvalid(model.Serialize(),
                "node \"relu\" (Relu): its output \"y\" is declared as int64, but is float32");
}

TEST(InvalidModel, Versions) {
  ExpectRefused(OneNode("Relu", {{"x", Random({2})}}, {}, 1, 6), "version 6", "version_converter");
  ExpectRefused(OneNode("Relu", {{"x", Random({2})}}, {}, 1, 999), "version 999", "7 to 28");
  TestModel model = ReluModel();
  model.model().set_ir_version(99);
  ExpectRefused(model, "version 99 of the file format", "");
  model = ReluModel();
  model.model().clear_opset_import();
  ExpectInvalid(model.Serialize(), "imports no version of the operators");
}

TEST(InvalidModel, AttributesOfAnotherType) {
  ExpectInvalid(OneNode("LeakyRelu", {{"x", Random({2})}}, {{"alpha", 1}}).Serialize(),
                "attribute \"alpha\" has type INT; it must have type FLOAT");
  ExpectInvalid(OneNode("Softmax", {{"x", Random({2})}}, {{"axis", 1}}).Serialize(),
                "axis 1 is not in [-1, 1)");
  ExpectInvalid(OneNode("Add", {{"x", Random({2})}}).Serialize(), "input 1 is missing");
}

TestModel WeightModel(TensorProto weight) {
  weight.set_name("w");
  TestModel model;
  *model.graph().add_initializer() = std::move(weight);
  model.Input("x", Random({1})).Output("y").Node("Add", {"x", "w"}, {"y"});
  return model;
}

TEST(InvalidModel, WeightsThatContradictThemselves) {
  TensorProto weight;
  weight.set_data_type(TensorProto::FLOAT);
  weight.add_dims(3);
  weight.set_raw_data("12345678");
  ExpectInvalid(WeightModel(weight).Serialize(),
                "tensor \"w\": raw_data has 8 bytes; float32[3] needs 12");
  weight.clear_raw_data();
  weight.add_float_data(1);
  ExpectInvalid(WeightModel(weight).Serialize(), "float_data has 4 bytes");
  weight.set_data_type(TensorProto::UINT8);
  ExpectInvalid(WeightModel(weight).Serialize(), "int32_data has 0 numbers, 3 are needed");
  weight.set_data_type(77);
  ExpectInvalid(WeightModel(weight).Serialize(), "there is no element type 77");
  weight.set_data_type(TensorProto::FLOAT);
  weight.set_dims(0, -1);
  ExpectInvalid(WeightModel(weight).Serialize(), "negative or too large");
  weight.set_dims(0, int64_t{1} << 62);
  weight.add_dims(int64_t{1} << 62);
  ExpectInvalid(WeightModel(weight).Serialize(), "negative or too large");
}

}  // namespace
}  // namespace webnn::onnx_test
