#include "conformance/onnx_suite/run_case.h"

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
#include "onnx/import/import.h"
#include "onnx/import/tensor_file.h"
#include "webnn/graph_builder.h"

namespace webnn::conformance::onnx_suite {
namespace {

using lowering::Element;
using onnx_format::HostTensor;

std::span<const std::byte> BytesOf(const std::string& text) {
  return std::as_bytes(std::span(text));
}

/// An input or output of the case with its elements; those that are no tensors have none.
struct NamedTensorData {
  std::string name;
  std::string file;  ///< Content of the file.
  std::optional<HostTensor> tensor;
};

Result<std::vector<NamedTensorData>> ReadTensors(const std::vector<SuiteTensor>& list) {
  std::vector<NamedTensorData> tensors;
  for (const SuiteTensor& one : list) {
    NamedTensorData& read = tensors.emplace_back(NamedTensorData{.name = one.name});
    if (one.file.empty()) continue;
    WEBNN_ASSIGN_OR_RETURN(read.file, ReadFile(one.file));
    auto tensor = onnx_format::ParseTensor(BytesOf(read.file));
    if (!tensor) return TypeError("{}: {}", one.file.string(), tensor.error().message);
    read.tensor = *std::move(tensor);
  }
  return tensors;
}

bool IsFixed(const HostTensor& tensor, Fixed fixed) {
  if (fixed == Fixed::kNone || tensor.sizes.size() > 1) return false;
  return fixed == Fixed::kSmall || !lowering::IsFloat(tensor.element);
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

/// One data set of a case in one form.
class Attempt {
 public:
  Attempt(const Context& context, const SuiteCase& suite_case, Fixed fixed, bool narrow)
      : context_(context), case_(suite_case), fixed_(fixed), narrow_(narrow) {}

  Result<void> Read(const SuiteData& data) {
    WEBNN_ASSIGN_OR_RETURN(inputs_, ReadTensors(data.inputs));
    WEBNN_ASSIGN_OR_RETURN(expected_, ReadTensors(data.outputs));
    WEBNN_ASSIGN_OR_RETURN(model_, ReadFile(case_.model));
    std::vector<onnx_format::FixedInput> constants;
    for (const NamedTensorData& input : inputs_) {
      if (!input.tensor) continue;
      if (IsFixed(*input.tensor, fixed_)) {
        constants.emplace_back(input.name, input.file);
      } else if (input.tensor->element_count() > 0) {  // The model itself says that it is empty.
        std::vector<uint32_t> sizes;
        for (const int64_t size : input.tensor->sizes) sizes.push_back(static_cast<uint32_t>(size));
        options_.shapes.emplace_back(input.name, Shape(std::move(sizes)));
      }
    }
    if (!constants.empty()) {
      WEBNN_ASSIGN_OR_RETURN(model_, onnx_format::FixInputs(BytesOf(model_), constants));
    }
    options_.narrow = narrow_;
    return {};
  }

  Result<GraphDefinition> Import() const {
    WEBNN_ASSIGN_OR_RETURN(GraphBuilder builder, GraphBuilder::Create(context_));
    WEBNN_ASSIGN_OR_RETURN(const LoadedModel loaded,
                           onnx_format::Import(builder, Source(), options_));
    return builder.Finish(loaded.outputs);
  }

  /// What `refusal` stands for; where no node is to blame, the model is.
  Result<std::vector<UnsupportedNode>> Unsupported(const Error& refusal) const {
    WEBNN_ASSIGN_OR_RETURN(ModelSummary summary, onnx_format::Inspect(Source(), options_));
    if (summary.unsupported.empty()) {
      summary.unsupported.push_back({.op = "model", .reason = refusal.message});
    }
    return std::move(summary.unsupported);
  }

  /// What is wrong with the outputs; empty when all is well.
  Result<std::string> Run(const GraphDefinition& definition) const {
    WEBNN_ASSIGN_OR_RETURN(const Graph graph, context_.Compile(definition));
    std::vector<HostTensor> fed;
    std::vector<NamedInputBytes> inputs;
    for (const NamedDescriptor& declared : graph.inputs()) {
      const NamedTensorData* given = Find(inputs_, declared.name);
      if (given == nullptr || !given->tensor) return NoData(declared.name);
      const bool narrow = IsNarrowed(given->tensor->element);
      fed.push_back(narrow ? Narrow(*given->tensor) : *given->tensor);
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
  onnx_format::ImportSource Source() const {
    return {.bytes = BytesOf(model_),
            .path = case_.model.string(),
            .folder = case_.model.parent_path().string()};
  }

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
    if (!expected.tensor) return NoData(expected.name);
    for (size_t k = 0; k < outputs.size(); ++k) {
      if (outputs[k].first != expected.name) continue;
      const OperandDescriptor& descriptor = graph.outputs()[k].descriptor;
      HostTensor got{.element = lowering::ElementOf(descriptor.data_type()),
                     .bytes = outputs[k].second};
      got.sizes.assign(descriptor.shape().begin(), descriptor.shape().end());
      return Difference(got, *expected.tensor, case_.rtol, case_.atol);
    }
    return TypeError("the imported model has no output \"{}\"", expected.name);
  }

  const Context& context_;
  const SuiteCase& case_;
  const Fixed fixed_;
  const bool narrow_;
  std::vector<NamedTensorData> inputs_;
  std::vector<NamedTensorData> expected_;
  std::string model_;
  LoadOptions options_;
};

/// All data sets in one form.
Result<Outcome> RunForm(const Context& context, const SuiteCase& suite_case, Fixed fixed,
                        bool narrow) {
  Outcome outcome{.verdict = Verdict::kPassed, .fixed = fixed, .narrowed = narrow};
  if (suite_case.data.empty()) return TypeError("the case has no data");
  for (const SuiteData& data : suite_case.data) {
    Attempt attempt(context, suite_case, fixed, narrow);
    WEBNN_RETURN_IF_ERROR(attempt.Read(data));
    const auto definition = attempt.Import();
    if (!definition && definition.error().code == ErrorCode::kNotSupported) {
      outcome.verdict = Verdict::kRefused;
      WEBNN_ASSIGN_OR_RETURN(outcome.unsupported, attempt.Unsupported(definition.error()));
      return outcome;
    }
    if (!definition) return definition.error();
    WEBNN_ASSIGN_OR_RETURN(const auto difference, attempt.Run(*definition));
    if (!difference.empty()) {
      outcome.verdict = Verdict::kFailed;
      outcome.error = difference;
      return outcome;
    }
  }
  return outcome;
}

Result<Outcome> RunForms(const Context& context, const SuiteCase& suite_case) {
  Outcome outcome;
  for (const bool narrow : {false, true}) {
    for (const Fixed fixed : {Fixed::kNone, Fixed::kSmallIntegers, Fixed::kSmall}) {
      WEBNN_ASSIGN_OR_RETURN(outcome, RunForm(context, suite_case, fixed, narrow));
      if (outcome.verdict != Verdict::kRefused) return outcome;
    }
  }
  return outcome;
}

}  // namespace

Outcome RunCase(const Context& context, const SuiteCase& suite_case) {
  try {
    auto outcome = RunForms(context, suite_case);
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
