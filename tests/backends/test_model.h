#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lowering/model.h"

namespace webnn::testing_support {

/// Builds small ONNX models without the operators of WebNN.
class TestModel {
 public:
  TestModel() {
    model_.opset = 21;
    model_.labels = {"label"};
  }

  lowering::ValueId Input(std::string name, DataType type, Shape shape) {
    model_.inputs.push_back({next_, std::move(name), Describe(type, std::move(shape))});
    return next_++;
  }
  /// A constant of the graph, not copied.
  lowering::ValueId Weight(DataType type, std::vector<int64_t> sizes,
                           std::span<const std::byte> bytes,
                           std::shared_ptr<const void> owner = nullptr) {
    lowering::Initializer& weight = model_.initializers.emplace_back();
    weight.value = next_;
    weight.element = lowering::ElementOf(type);
    weight.sizes = std::move(sizes);
    weight.reference = bytes;
    weight.owner = std::move(owner);
    return next_++;
  }
  lowering::ValueId Node(std::string_view op, std::vector<lowering::ValueId> inputs,
                         std::vector<lowering::Attribute> attributes = {}) {
    model_.nodes.push_back({op, std::move(inputs), {next_}, std::move(attributes), 0});
    return next_++;
  }
  void Output(std::string name, lowering::ValueId value, DataType type, Shape shape) {
    model_.outputs.push_back({value, std::move(name), Describe(type, std::move(shape))});
  }
  lowering::Model Finish() && {
    model_.value_count = next_;
    return std::move(model_);
  }

 private:
  static OperandDescriptor Describe(DataType type, Shape shape) {
    return OperandDescriptor::Create(type, std::move(shape)).value();
  }
  lowering::Model model_;
  lowering::ValueId next_ = 1;
};

}  // namespace webnn::testing_support
