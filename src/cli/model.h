#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/inputs.h"
#include "cli/model_arguments.h"
#include "webnn/context.h"
#include "webnn/model_io.h"

namespace webnn::cli {

/// Seconds since it was made.
class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// What the commands that run a model have in common.
struct RunArguments {
  ModelArguments model;
  InputArguments inputs;
  EngineArguments engine;
  bool json = false;
};
/// `own` are those that the command has besides.
void AddRunOptions(std::vector<Option>& options, RunArguments& arguments,
                   const std::vector<Option>& own);

/// A model with something in all its inputs.
struct PreparedModel {
  std::string path;
  std::optional<GraphDefinition> definition;  ///< None for a file of `webnn compile`.
  std::vector<NamedDescriptor> outputs;
  std::vector<TensorData> inputs;
  LoadOptions load_options;  ///< With the sizes that the inputs have settled.
  double load_seconds = 0;
};

/// A model on its back end.
struct CompiledModel {
  Context context;
  Graph graph;
  double build_seconds = 0;
};

/// Loads the model. Sizes that the file leaves open and no option gives come from the arrays and
/// pictures for the inputs; a first one that is left, a batch, becomes 1 with a note.
Result<GraphDefinition> LoadWithInputs(std::string_view command, const std::string& path,
                                       LoadOptions& options, const std::vector<GivenInput>& given,
                                       const ImageOptions& image_options);

/// The options of the engine for this model: a compiled file settles the back end and how it was
/// compiled. Bad use for options that contradict that.
Result<ContextOptions> OptionsFor(const ModelArguments& model, const EngineArguments& engine);

/// Loads the model and reads its inputs; notes go to standard error in the name of `command`.
Result<PreparedModel> Prepare(std::string_view command, const ModelArguments& model,
                              const InputArguments& inputs);

/// Compiles the model, or loads what was compiled.
Result<CompiledModel> CompileModel(std::string_view command, const PreparedModel& model,
                                   const ContextOptions& options);

/// Runs a compiled graph once on host memory.
Result<std::vector<TensorData>> Compute(const Context& context, const Graph& graph,
                                        std::span<const TensorData> inputs);

/// "onnxruntime 1.32.0, cpu"; the precision as well where it was asked for.
std::string EngineText(const Context& context);

}  // namespace webnn::cli
