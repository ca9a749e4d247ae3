#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/bisect.h"
#include "cli/commands.h"
#include "cli/compilation.h"
#include "cli/difference.h"
#include "cli/errors.h"
#include "cli/json.h"
#include "cli/model.h"
#include "cli/reference.h"
#include "cli/statistics.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "graph/infer_context.h"

namespace webnn::cli {
namespace {

struct Arguments : RunArguments {
  std::vector<std::string> backends;  ///< The model's, then the reference's.
  std::string against;
  Tolerance tolerance;
  bool bisect = false;
};

struct NamedDifference {
  std::string name;
  Difference difference;
};

// Each output with its reference: by name, or by place where no name fits and there are as many.
Result<std::vector<NamedDifference>> CompareAll(const std::vector<TensorData>& outputs,
                                                const NamedArrays& expected,
                                                const Tolerance& tolerance) {
  const auto find = [&](const std::string& name) {
    return std::find_if(expected.begin(), expected.end(),
                        [&](const auto& candidate) { return candidate.first == name; });
  };
  const bool by_name = std::any_of(outputs.begin(), outputs.end(), [&](const TensorData& output) {
    return find(output.name) != expected.end();
  });
  std::vector<NamedDifference> differences;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const TensorData& output = outputs[i];
    auto reference = find(output.name);
    if (!by_name && expected.size() == outputs.size()) {
      reference = expected.begin() + static_cast<std::ptrdiff_t>(i);
    }
    if (reference == expected.end()) {
      return BadUse("the reference has no output \"{}\"", output.name);
    }
    auto difference =
        Compare(FromOperand(output.descriptor, output.bytes), reference->second, tolerance);
    if (!difference) {
      difference.error().message =
          fmt::format("output {}: {}", output.name, difference.error().message);
      return std::move(difference.error());
    }
    differences.push_back({output.name, *std::move(difference)});
  }
  return differences;
}

Result<std::optional<Departure>> Bisect(const Arguments& arguments, const PreparedModel& model,
                                        const Context& context, const Reference& reference) {
  if (!reference.definition || !model.definition) {
    return BadUse(
        "--bisect compares graphs: the reference must be a back end or a model, and "
        "neither side a compiled file");
  }
  const auto side = [](const GraphDefinition& definition, const Context& on,
                       const std::vector<TensorData>& inputs) {
    return Side{
        definition, [&on, &inputs](const GraphDefinition& part) -> Result<std::vector<TensorData>> {
          WEBNN_ASSIGN_OR_RETURN(const Graph graph, CompileGraph("compare", on, part));
          std::vector<TensorData> needed;
          for (const NamedDescriptor& input : graph.inputs()) {
            needed.push_back(
                *std::find_if(inputs.begin(), inputs.end(),
                              [&](const TensorData& given) { return given.name == input.name; }));
          }
          return Compute(on, graph, needed);
        }};
  };
  Progress progress("bisecting");
  return FindDeparture(side(*model.definition, context, model.inputs),
                       side(*reference.definition, *reference.context, reference.inputs),
                       arguments.tolerance, [&](double done) { progress.Show(done); });
}

std::string DifferencesText(const std::vector<NamedDifference>& differences) {
  Table table({{"output"},
               {"result"},
               {"max abs", true},
               {"max rel", true},
               {"max ULP", true},
               {"cosine", true},
               {"NaN", true},
               {"beyond", true},
               {"worst at"}});
  for (const auto& [name, difference] : differences) {
    table.Add(
        {name, difference.ok() ? "ok" : "DIFFERS", fmt::format("{:.3g}", difference.max_absolute),
         fmt::format("{:.3g}", difference.max_relative),
         difference.max_ulp ? fmt::format("{}", *difference.max_ulp) : "",
         fmt::format("{:.7f}", difference.cosine),
         difference.unequal > 0 ? fmt::format("{}", difference.unequal) : "",
         difference.beyond > 0 ? fmt::format("{} of {}", difference.beyond, difference.compared)
                               : "",
         difference.ok() && difference.max_absolute == 0
             ? ""
             : fmt::format("{}: {}, not {}", difference.position, difference.got,
                           difference.expected)});
  }
  return table.ToText(StandardOutput());
}

std::string DepartureText(const std::optional<Departure>& departure) {
  if (!departure) {
    return "\nNo operator's result departs when it is looked at alone: what differs comes from how "
           "the engines join operators.\n";
  }
  const Difference& difference = departure->difference;
  return fmt::format(
      "\nThe first operator that departs is {}{}, %{} in `webnn inspect --graph`:\n"
      "  {} of {} elements beyond; the worst is {}: {}, not {}\n",
      departure->op,
      departure->label.empty() ? "" : fmt::format(" \"{}\"", EscapeControls(departure->label)),
      departure->operand, difference.beyond, difference.compared, difference.position,
      difference.got, difference.expected);
}

Result<void> CheckTolerance(const Tolerance& tolerance) {
  for (const auto& [option, value] :
       {std::pair{"--atol", tolerance.absolute}, std::pair{"--rtol", tolerance.relative}}) {
    // Also NaN, which nothing would be beyond.
    if (value && !(*value >= 0)) return BadUse("{} takes a number from 0, not {}", option, *value);
  }
  return {};
}

// What to compare with: --against, run by a second --backend where one is given.
Result<ReferenceChoice> ChooseReference(const Arguments& arguments) {
  const std::vector<std::string>& backends = arguments.backends;
  if (backends.size() > 2) {
    return BadUse("--backend is given {} times; twice compares two back ends", backends.size());
  }
  ReferenceChoice choice = {.against = arguments.against};
  if (backends.size() == 2) {
    WEBNN_RETURN_IF_ERROR(CheckBackend(backends[1]));
    choice.backend = backends[1];
    if (choice.against.empty()) choice.against = backends[1];
  }
  if (choice.against.empty()) {
    return WithHint(BadUse("there is nothing to compare with"),
                    "--against takes a back end, a model, outputs or onnxruntime-original; "
                    "--backend twice compares two back ends");
  }
  return choice;
}

Result<int> CompareModels(const Arguments& arguments) {
  WEBNN_RETURN_IF_ERROR(CheckTolerance(arguments.tolerance));
  WEBNN_ASSIGN_OR_RETURN(const ReferenceChoice choice, ChooseReference(arguments));
  EngineArguments engine = arguments.engine;
  if (!arguments.backends.empty()) engine.backend = arguments.backends[0];
  WEBNN_ASSIGN_OR_RETURN(const ContextOptions options, OptionsFor(arguments.model, engine));
  WEBNN_ASSIGN_OR_RETURN(const PreparedModel model,
                         Prepare("compare", arguments.model, arguments.inputs));
  WEBNN_ASSIGN_OR_RETURN(const CompiledModel compiled, CompileModel("compare", model, options));
  const Context& context = compiled.context;
  WEBNN_ASSIGN_OR_RETURN(const auto outputs, Compute(context, compiled.graph, model.inputs));
  WEBNN_ASSIGN_OR_RETURN(const Reference reference, MakeReference(choice, model, options));
  WEBNN_ASSIGN_OR_RETURN(const auto differences,
                         CompareAll(outputs, reference.outputs, arguments.tolerance));
  const bool equal = std::all_of(differences.begin(), differences.end(),
                                 [](const auto& one) { return one.difference.ok(); });
  std::optional<Departure> departure;
  if (arguments.bisect) {
    WEBNN_ASSIGN_OR_RETURN(departure, Bisect(arguments, model, context, reference));
  }

  if (arguments.json) {
    Json list = Json::array();
    for (const auto& [name, difference] : differences) {
      Json json = {{"name", name}};
      json.update(DifferenceJson(difference));
      list.push_back(std::move(json));
    }
    Json json = {{"model", arguments.model.path},
                 {"backend", EngineText(context)},
                 {"reference", reference.what},
                 {"equal", equal},
                 {"outputs", list}};
    if (arguments.bisect) {
      json["bisect"] = nullptr;
      if (departure) {
        json["bisect"] = {{"op", departure->op},
                          {"label", departure->label},
                          {"operand", departure->operand},
                          {"difference", DifferenceJson(departure->difference)}};
      }
    }
    PrintJson(json);
  } else {
    Print(DifferencesText(differences));
    if (arguments.bisect && !(equal && !departure)) Print(DepartureText(departure));
    Print(
        Paint(StandardOutput(), Colour::kDim,
              fmt::format("\n{} against {}", EngineText(context), EscapeControls(reference.what))) +
        "\n");
  }
  return equal && !departure ? kExitOk : kExitFailed;
}

Runner SetUp(std::vector<Option>& options) {
  auto arguments = std::make_shared<Arguments>();
  std::vector<Option> own;
  own.insert(
      own.end(),
      {{.name = "--against",
        .value = "FILE",
        .help = fmt::format("The reference: a back end's name; {}, which is ONNX Runtime on the "
                            "ONNX file as it is; stored outputs in FILE.npz or FILE.npy; or "
                            "another model file",
                            kOriginal),
        .target = &arguments->against,
        .group = "Reference"},
       {.name = "--bisect",
        .value = "",
        .help = "Find the first operator whose result departs; the reference must be a back end, "
                "or a model with the same operators",
        .target = &arguments->bisect,
        .group = "Reference"}});
  AddToleranceOptions(own, arguments->tolerance);
  AddRunOptions(options, *arguments, own);
  for (Option& option : options) {
    if (option.name != "--backend") continue;
    option.help += "; a second one runs the reference, in float32";
    option.target = &arguments->backends;
  }
  return [arguments] { return CompareModels(*arguments); };
}

}  // namespace

Command CompareCommand() {
  return {
      .name = "compare",
      .summary = "Compare a model's outputs with a reference",
      .description =
          "Runs the model and the reference on the same inputs and shows, for every output, the "
          "largest absolute and relative difference, the largest distance in ULP, the cosine and "
          "how many elements are beyond the tolerance. An element is within it when "
          "|got - expected| <= atol + rtol * |expected|, or when it is within --ulp. The exit "
          "status is 1 when one is beyond.",
      .examples = {{"webnn compare model.onnx --against onnxruntime-original",
                    "Is what we make of the file what ONNX Runtime makes of it? Inputs are random"},
                   {"webnn compare model.onnx --input in.npz --against expected.npz --rtol 1e-3",
                    "With outputs that were stored"},
                   {"webnn compare model.onnx --against model.webnn --ulp 0",
                    "Do two files hold the same model?"},
                   {"webnn compare model.onnx --backend tensorrt --precision float16 "
                    "--backend onnxruntime",
                    "Does TensorRT compute what ONNX Runtime does?"},
                   {"webnn compare half.onnx --against full.onnx --bisect",
                    "Where two models part"}},
      .set_up = &SetUp};
}

}  // namespace webnn::cli
