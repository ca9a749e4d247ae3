#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "onnx/onnx.pb.h"
#include "webnn/model_io.h"

/// Small ONNX models written in C++, imported and run, with ONNX Runtime on the same bytes as the
/// oracle.
namespace webnn::onnx_test {

using ::onnx::TensorProto;

/// A tensor with its bytes; `element` is a TensorProto.DataType.
struct TestTensor {
  int element = TensorProto::FLOAT;
  std::vector<int64_t> sizes;
  std::vector<std::byte> bytes;

  template <class T>
  std::vector<T> Values() const {
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
};

template <class T>
TestTensor TensorOf(int element, std::vector<int64_t> sizes, const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {element, std::move(sizes), {bytes.begin(), bytes.end()}};
}
inline TestTensor Floats(std::vector<int64_t> sizes, const std::vector<float>& values) {
  return TensorOf(TensorProto::FLOAT, std::move(sizes), values);
}
inline TestTensor Int64s(std::vector<int64_t> sizes, const std::vector<int64_t>& values) {
  return TensorOf(TensorProto::INT64, std::move(sizes), values);
}
inline TestTensor Int32s(std::vector<int64_t> sizes, const std::vector<int32_t>& values) {
  return TensorOf(TensorProto::INT32, std::move(sizes), values);
}
inline TestTensor Bools(std::vector<int64_t> sizes, const std::vector<uint8_t>& values) {
  return TensorOf(TensorProto::BOOL, std::move(sizes), values);
}
/// The same numbers every time, uniform in [low, high); of float, float16 or any integer type.
TestTensor Random(std::vector<int64_t> sizes, int element = TensorProto::FLOAT, double low = -1,
                  double high = 1, uint32_t seed = 1);

/// `{"axis", 1}`, `{"pads", {1, 1, 1, 1}}`, `{"alpha", 0.5f}`, `{"mode", "linear"}`,
/// `{"scales", {1.f, 2.f}}` ...
struct TestAttribute {
  using Value = std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>,
                             std::vector<std::string>, TestTensor, ::onnx::GraphProto>;
  TestAttribute(std::string named, int given) : name(std::move(named)), value(int64_t{given}) {}
  TestAttribute(std::string named, float given) : name(std::move(named)), value(given) {}
  TestAttribute(std::string named, const char* given)
      : name(std::move(named)), value(std::string(given)) {}
  TestAttribute(std::string named, std::initializer_list<int> given)
      : name(std::move(named)), value(std::vector<int64_t>(given.begin(), given.end())) {}
  TestAttribute(std::string named, std::initializer_list<int64_t> given)
      : name(std::move(named)), value(std::vector<int64_t>(given)) {}
  TestAttribute(std::string named, std::initializer_list<float> given)
      : name(std::move(named)), value(std::vector<float>(given)) {}
  /// Lists of strings, tensors and graphs.
  template <class T>
    requires(std::constructible_from<Value, T> && !std::integral<T>)
  TestAttribute(std::string named, T given) : name(std::move(named)), value(std::move(given)) {}
  std::string name;
  Value value;
};

/// A size or the name of an open dimension.
using TestDimension = std::variant<int64_t, std::string>;

/// A graph under construction: that of a model, or a subgraph (`graph()` as an attribute).
class TestGraph {
 public:
  TestGraph& Input(const std::string& name, int element, const std::vector<TestDimension>& sizes);
  TestGraph& Input(const std::string& name, const TestTensor& like);
  TestGraph& Weight(const std::string& name, const TestTensor& tensor);
  /// Gives a value a declared type; `element` 0 leaves it open.
  TestGraph& Output(const std::string& name, int element = 0);
  ::onnx::NodeProto& Node(const std::string& op, const std::vector<std::string>& inputs,
                          const std::vector<std::string>& outputs,
                          const std::vector<TestAttribute>& attributes = {});
  ::onnx::GraphProto& graph() { return graph_; }
  const ::onnx::GraphProto& graph() const { return graph_; }

 private:
  ::onnx::GraphProto graph_;
};

class TestModel : public TestGraph {
 public:
  explicit TestModel(int opset = 21);
  TestModel& Import(const std::string& domain, int version);
  /// To be changed further; the graph in it comes from `graph()`.
  ::onnx::ModelProto& model() { return model_; }
  std::string Serialize() const;

 private:
  ::onnx::ModelProto model_;
};

using TestTensors = std::map<std::string, TestTensor>;

/// Imports the model, runs it with the ONNX Runtime back end, and gives its outputs (bool as
/// uint8).
Result<TestTensors> RunImported(const std::string& bytes, const TestTensors& inputs,
                                const LoadOptions& options = {});
/// ONNX Runtime on the bytes as they are, without optimisations.
Result<TestTensors> RunOnnxRuntime(const std::string& bytes, const TestTensors& inputs);

/// Both, compared: sizes and types equal (bool is uint8, with `narrow` float64 is float32),
/// integers exactly, floats within `tolerance` * max(1, |expected|). Adds failures to the running
/// test.
void ExpectSameAsOnnxRuntime(const TestModel& model, const TestTensors& inputs,
                             double tolerance = 1e-6, const LoadOptions& options = {});

/// One operator with these inputs and attributes as a model. Inputs whose names begin with "const"
/// are weights, those of the name "" are absent. Outputs are "y0", "y1" ...
TestModel OneNode(const std::string& op,
                  const std::vector<std::pair<std::string, TestTensor>>& inputs,
                  const std::vector<TestAttribute>& attributes = {}, int outputs = 1,
                  int opset = 21);
/// `OneNode`, run and compared.
void ExpectNodeSame(const std::string& op,
                    const std::vector<std::pair<std::string, TestTensor>>& inputs,
                    const std::vector<TestAttribute>& attributes = {}, double tolerance = 1e-6,
                    int outputs = 1, int opset = 21);

/// The import is NotSupported, and the message has the operator and the part of a reason.
void ExpectRefused(const TestModel& model, std::string_view op, std::string_view reason,
                   const LoadOptions& options = {});
/// The import is a TypeError whose message has the part.
void ExpectInvalid(const std::string& bytes, std::string_view part,
                   const LoadOptions& options = {});

}  // namespace webnn::onnx_test
