#include <gtest/gtest.h>

#include "tests/onnx/import/import_test.h"

namespace webnn::onnx_test {
namespace {

::onnx::NodeProto& AddNode(::onnx::FunctionProto& function, const std::string& op,
                           const std::vector<std::string>& inputs, const std::string& output) {
  auto& node = *function.add_node();
  const size_t dot = op.find('.');
  if (dot != std::string::npos) node.set_domain(op.substr(0, dot));
  node.set_op_type(dot == std::string::npos ? op : op.substr(dot + 1));
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  return node;
}

::onnx::FunctionProto& AddFunction(TestModel& model, const std::string& name) {
  auto& function = *model.model().add_functions();
  function.set_domain("local");
  function.set_name(name);
  for (const auto& [domain, version] : {std::pair("", 21), std::pair("local", 1)}) {
    auto* set = function.add_opset_import();
    set->set_domain(domain);
    set->set_version(version);
  }
  return function;
}

// y = leaky(a) + b, where the slope is an attribute of the call.
TestModel LeakySum() {
  TestModel model;
  model.Import("local", 1);
  auto& function = AddFunction(model, "LeakySum");
  function.add_input("a");
  function.add_input("b");
  function.add_output("y");
  auto& leaky = AddNode(function, "LeakyRelu", {"a"}, "t");
  auto* alpha = leaky.add_attribute();
  alpha->set_name("alpha");
  alpha->set_ref_attr_name("slope");
  alpha->set_type(::onnx::AttributeProto::FLOAT);
  AddNode(function, "Add", {"t", "b"}, "y");
  return model;
}

TEST(ImportFunction, IsInlinedWithTheAttributesOfTheCall) {
  TestModel model = LeakySum();
  model.model().mutable_functions(0)->add_attribute("slope");
  const TestTensor x = Random({2, 3});
  model.Input("x", x).Output("y");
  model.Node("local.LeakySum", {"x", "x"}, {"t"}, {{"slope", 0.5f}});
  model.Node("local.LeakySum", {"t", "x"}, {"y"}, {{"slope", 0.25f}});
  ExpectSameAsOnnxRuntime(model, {{"x", x}});
}

TEST(ImportFunction, HasDefaultsOfAttributes) {
  TestModel model = LeakySum();
  auto* slope = model.model().mutable_functions(0)->add_attribute_proto();
  slope->set_name("slope");
  slope->set_type(::onnx::AttributeProto::FLOAT);
  slope->set_f(0.75f);
  const TestTensor x = Random({2, 3});
  model.Input("x", x).Output("y");
  model.Node("local.LeakySum", {"x", "x"}, {"y"});
  ExpectSameAsOnnxRuntime(model, {{"x", x}});
}

TEST(ImportFunction, RefusalsNameTheNodeInside) {
  TestModel model;
  model.Import("local", 1);
  auto& function = AddFunction(model, "Outer");
  function.add_input("a");
  function.add_output("y");
  AddNode(function, "NonZero", {"a"}, "y").set_name("inside");
  auto& call = model.Input("x", Random({2})).Output("y").Node("local.Outer", {"x"}, {"y"});
  call.set_name("outside");
  ExpectRefused(model, "node \"outside/inside\" (NonZero)", "");
}

TEST(ImportFunction, CallsWithoutEndAreErrors) {
  TestModel model;
  model.Import("local", 1);
  auto& function = AddFunction(model, "Self");
  function.add_input("a");
  function.add_output("y");
  AddNode(function, "local.Self", {"a"}, "y");
  model.Input("x", Random({2})).Output("y").Node("local.Self", {"x"}, {"y"});
  ExpectInvalid(model.Serialize(), "call one another without end");
}

// Each function calls the one before twice: 2^40 nodes from 80.
TEST(ImportFunction, ExpansionIsBounded) {
  TestModel model;
  model.Import("local", 1);
  for (int level = 0; level < 40; ++level) {
    auto& function = AddFunction(model, "F" + std::to_string(level));
    function.add_input("a");
    function.add_output("y");
    const std::string inner = level == 0 ? "Relu" : "local.F" + std::to_string(level - 1);
    AddNode(function, inner, {"a"}, "t");
    AddNode(function, inner, {"t"}, "y");
  }
  model.Input("x", Random({2})).Output("y").Node("local.F39", {"x"}, {"y"});
  ExpectRefused(model, "local.F", "more than 1000000 nodes and values");
}

}  // namespace
}  // namespace webnn::onnx_test
