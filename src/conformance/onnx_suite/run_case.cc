#include "conformance/onnx_suite/run_case.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <span>
#include <utility>
#include <vector>

#include "conformance/json.h"
#include "core/errors.h"
#include "core/try.h"
#include "fmt/ranges.h"
#include "webnn/graph_builder.h"

namespace webnn::conformance::onnx_suite {
namespace {

using lowering::Element;
using onnx_format::GivenImport;
using onnx_format::GivenInput;
using onnx_format::HostTensor;

/// An input or output of the case; those that are no tensors have no data.
struct NamedTensorData {
  std::string name;
  std::optional<GivenInput> data;
};

Result<std::vector<NamedTensorData>> ReadTensors(const std::vector<SuiteTensor>& list) {
  std::vector<NamedTensorData> tensors;
  for (const SuiteTensor& one : list) {
    NamedTensorData& read = tensors.emplace_back(NamedTensorData{.name = one.name});
    if (one.file.empty()) continue;
    WEBNN_ASSIGN_OR_RETURN(std::string file, ReadFile(one.file));
    auto parsed = onnx_format::ParseGivenInput(one.name, std::move(file));
    if (!parsed) return TypeError("{}: {}", one.file.string(), parsed.error().message);
    read.data = *std::move(parsed);
  }
  return tensors;
}

/// The elements as float32.
HostTensor Narrow(const HostTensor& tensor) {
  const std::vector<double> values = tensor.ToDoubles().value_or(std::vector<double>());
  std::byte* memory = nullptr;
  HostTensor narrow = HostTensor::Allocate(Element::kFloat, tensor.sizes, &memory);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto value = static_cast<float>(values[i]);
    std::memcpy(memory + i * sizeof value, &value, sizeof value);
  }
  return narrow;
}

bool IsNarrowed(Element element) {
  return element == Element::kDouble || element == Element::kBfloat16;
}

/// One data set of a case.
class Attempt {
 public:
  Attempt(const Context& context, const SuiteCase& suite_case)
      : context_(context), case_(suite_case) {}

  Result<void> Read(const SuiteData& data) {
    WEBNN_ASSIGN_OR_RETURN(inputs_, ReadTensors(data.inputs));
    WEBNN_ASSIGN_OR_RETURN(expected_, ReadTensors(data.outputs));
    WEBNN_ASSIGN_OR_RETURN(model_, ReadFile(case_.model));
    return {};
  }

  Result<GivenImport> Import() const {
    std::vector<GivenInput> given;
    for (const NamedTensorData& input : inputs_) {
      if (input.data) given.push_back(*input.data);
    }
    return onnx_format::ImportGiven({.bytes = std::as_bytes(std::span(model_)),
                                     .path = case_.model.string(),
                                     .folder = case_.model.parent_path().string()},
                                    given, [&] { return GraphBuilder::Create(context_); });
  }

  /// What is wrong with the outputs; empty when all is well.
  Result<std::string> Run(const GraphDefinition& definition) const {
    WEBNN_ASSIGN_OR_RETURN(const Graph graph, context_.Compile(definition));
    std::vector<HostTensor> fed;
    std::vector<NamedInputBytes> inputs;
    for (const NamedDescriptor& declared : graph.inputs()) {
      const NamedTensorData* given = Find(inputs_, declared.name);
      if (given == nullptr || !given->data) return NoData(declared.name);
      const HostTensor& tensor = given->data->tensor;
      fed.push_back(IsNarrowed(tensor.element) ? Narrow(tensor) : tensor);
      inputs.emplace_back(declared.name, fed.back().bytes);
    }
    std::vector<std::vector<std::byte>> got;
    std::vector<NamedOutputBytes> outputs;
    for (const NamedDescriptor& declared : graph.outputs()) {
      got.emplace_back(declared.descriptor.byte_length());
      outputs.emplace_back(declared.name, got.back());
    }
    WEBNN_RETURN_IF_ERROR(context_.Compute(graph, inputs, outputs));
    for (const NamedTensorData& expected : expected_) {
      WEBNN_ASSIGN_OR_RETURN(const std::string difference, CompareOutput(graph, outputs, expected));
      if (!difference.empty()) return fmt::format("output {}: {}", expected.name, difference);
    }
    return std::string();
  }

 private:
  static const NamedTensorData* Find(const std::vector<NamedTensorData>& list,
                                     std::string_view name) {
    for (const NamedTensorData& one : list) {
      if (one.name == name) return &one;
    }
    return nullptr;
  }

  static Error NoData(std::string_view name) {
    return TypeError("the case has no data for \"{}\"", name);
  }

  Result<std::string> CompareOutput(const Graph& graph, std::span<const NamedOutputBytes> outputs,
                                    const NamedTensorData& expected) const {
    if (!expected.data) return NoData(expected.name);
    for (size_t k = 0; k < outputs.size(); ++k) {
      if (outputs[k].first != expected.name) continue;
      const OperandDescriptor& descriptor = graph.outputs()[k].descriptor;
      HostTensor got{.element = lowering::ElementOf(descriptor.data_type()),
                     .bytes = outputs[k].second};
      got.sizes.assign(descriptor.shape().begin(), descriptor.shape().end());
      return Difference(got, expected.data->tensor, case_.rtol, case_.atol);
    }
    return TypeError("the imported model has no output \"{}\"", expected.name);
  }

  const Context& context_;
  const SuiteCase& case_;
  std::vector<NamedTensorData> inputs_;
  std::vector<NamedTensorData> expected_;
  std::string model_;
};

Result<Outcome> RunAll(const Context& context, const SuiteCase& suite_case) {
  if (suite_case.data.empty()) return TypeError("the case has no data");
  Outcome outcome{.verdict = Verdict::kPassed};
  for (const SuiteData& data : suite_case.data) {
    Attempt attempt(context, suite_case);
    WEBNN_RETURN_IF_ERROR(attempt.Read(data));
    WEBNN_ASSIGN_OR_RETURN(GivenImport imported, attempt.Import());
    outcome.fixed = std::max(outcome.fixed, imported.fixed);
    outcome.narrowed = outcome.narrowed || imported.narrowed;
    if (!imported.definition) {
      outcome.verdict = Verdict::kRefused;
      outcome.unsupported = std::move(imported.unsupported);
      return outcome;
    }
    WEBNN_ASSIGN_OR_RETURN(outcome.error, attempt.Run(*imported.definition));
    if (outcome.error.empty()) continue;
    outcome.verdict = Verdict::kFailed;
    return outcome;
  }
  return outcome;
}

}  // namespace

Outcome RunCase(const Context& context, const SuiteCase& suite_case) {
  try {
    auto outcome = RunAll(context, suite_case);
    if (outcome) return *std::move(outcome);
    return {.verdict = Verdict::kFailed, .error = ToString(outcome.error())};
  } catch (const std::exception& error) {
    return {.verdict = Verdict::kFailed, .error = error.what()};
  }
}

std::string Difference(const HostTensor& got, const HostTensor& expected, double rtol,
                       double atol) {
  const bool narrowed = IsNarrowed(expected.element) && got.element == Element::kFloat;
  const auto data_type = onnx_format::DataTypeOf(expected.element);
  if (!narrowed && (!data_type || got.element != lowering::ElementOf(*data_type))) {
    return fmt::format("the type is {} instead of {}", onnx_format::NameOf(got.element),
                       onnx_format::NameOf(expected.element));
  }
  if (got.sizes != expected.sizes) {
    return fmt::format("the shape is {} instead of {}", got.sizes, expected.sizes);
  }
  // The suite's own allowance for the type's precision: two of its steps.
  if (expected.element == Element::kBfloat16) rtol = std::max(rtol, 0x1p-6);
  const auto values = got.ToDoubles();
  // What is too large for float32 is infinite there.
  const auto wanted = narrowed ? Narrow(expected).ToDoubles() : expected.ToDoubles();
  if (!values || !wanted) return "the elements are no numbers";
  size_t outside = 0;
  size_t worst = 0;
  double worst_excess = 0;
  for (size_t i = 0; i < values->size(); ++i) {
    const double a = (*values)[i];
    const double b = (*wanted)[i];
    if (a == b || (std::isnan(a) && std::isnan(b))) continue;
    const double excess = std::abs(a - b) - (atol + rtol * std::abs(b));
    if (excess <= 0 && std::isfinite(b)) continue;
    if (outside++ == 0 || excess > worst_excess) {
      worst = i;
      worst_excess = excess;
    }
  }
  if (outside == 0) return {};
  return fmt::format("{} of {} elements differ, element {} is {} instead of {}", outside,
                     values->size(), worst, (*values)[worst], (*wanted)[worst]);
}

}  // namespace webnn::conformance::onnx_suite
