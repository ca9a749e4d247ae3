#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/errors.h"
#include "cli/inputs.h"
#include "cli/json.h"
#include "cli/model.h"
#include "cli/outputs.h"
#include "cli/statistics.h"
#include "cli/terminal.h"

namespace webnn::cli {
namespace {

struct Arguments : RunArguments {
  OutputArguments outputs;
};

Result<int> Run(const Arguments& arguments) {
  WEBNN_ASSIGN_OR_RETURN(const ContextOptions options,
                         OptionsFor(arguments.model, arguments.engine));
  WEBNN_ASSIGN_OR_RETURN(const auto labels, ReadLabels(arguments.outputs.labels));
  WEBNN_ASSIGN_OR_RETURN(const PreparedModel model,
                         Prepare("run", arguments.model, arguments.inputs));
  WEBNN_ASSIGN_OR_RETURN(const auto files, PlanOutputs(arguments.outputs, model.outputs));
  WEBNN_ASSIGN_OR_RETURN(const CompiledModel compiled, CompileModel("run", model, options));
  const auto& [context, graph, build_seconds] = compiled;
  const Stopwatch run;
  WEBNN_ASSIGN_OR_RETURN(const auto outputs, Compute(context, graph, model.inputs));
  const double run_seconds = run.seconds();
  WEBNN_RETURN_IF_ERROR(WriteOutputs(arguments.outputs, files, outputs));

  if (!arguments.json) {
    Print(OutputsText(arguments.outputs, outputs, labels));
    Print(Paint(StandardOutput(), Colour::kDim,
                fmt::format("\n{}; loaded in {}, built in {}, ran in {}", EngineText(context),
                            DurationText(model.load_seconds), DurationText(build_seconds),
                            DurationText(run_seconds))) +
          "\n");
    return kExitOk;
  }
  Json inputs = Json::array();
  for (const TensorData& input : model.inputs) {
    inputs.push_back({{"name", input.name},
                      {"dataType", Name(input.descriptor.data_type())},
                      {"shape", ShapeJson(input.descriptor.shape())},
                      {"source", input.source}});
  }
  PrintJson({{"model", arguments.model.path},
             {"backend", context.backend()},
             {"inputs", inputs},
             {"outputs", OutputsJson(arguments.outputs, outputs, labels)},
             {"loadSeconds", model.load_seconds},
             {"buildSeconds", build_seconds},
             {"runSeconds", run_seconds}});
  return kExitOk;
}

Runner SetUp(std::vector<Option>& options) {
  auto arguments = std::make_shared<Arguments>();
  std::vector<Option> own;
  AddOutputOptions(own, arguments->outputs);
  AddRunOptions(options, *arguments, own);
  return [arguments] { return Run(*arguments); };
}

}  // namespace

Command RunCommand() {
  return {
      .name = "run",
      .summary = "Run a model once and show or save its outputs",
      .description =
          "Without --input every input gets random numbers, always the same ones. Sizes that the "
          "file leaves open come from --shape and --dim, or from the arrays and pictures that are "
          "given.\n\n"
          "A picture becomes (pixel * scale - mean) / std, pixels being 0 to 255. Models trained "
          "on "
          "ImageNet usually want --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225.",
      .examples =
          {{"webnn run model.onnx", "Does it run, and what comes out? Inputs are random"},
           {"webnn run model.onnx --input image=cat.jpg --resize crop --top 5 --labels names.txt",
            "The five best classes for a picture"},
           {"webnn run model.onnx --input in.npz --outputs out.npz",
            "Arrays from NumPy and back: in.npz has one array for each input"},
           {"webnn run model.onnx --input ids=ids.npy --input mask=ones --dim sequence=128 --json",
            "For programs"}},
      .set_up = &SetUp};
}

}  // namespace webnn::cli
