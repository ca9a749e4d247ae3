#pragma once

#include <chrono>
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

/// A model with something in all its inputs.
struct PreparedModel {
  GraphDefinition definition;
  std::vector<TensorData> inputs;
  LoadOptions load_options;  ///< With the sizes that the inputs have settled.
  double load_seconds = 0;
};

/// Loads the model. Sizes that the file leaves open and no option gives come from the arrays and
/// pictures for the inputs; a first one that is left, a batch, becomes 1 with a note.
Result<GraphDefinition> LoadWithInputs(std::string_view command, const std::string& path,
                                       LoadOptions& options, const std::vector<GivenInput>& given,
                                       const ImageOptions& image_options);

/// Loads the model and reads its inputs; notes go to standard error in the name of `command`.
Result<PreparedModel> Prepare(std::string_view command, const ModelArguments& model,
                              const InputArguments& inputs);

/// Runs a compiled graph once on host memory.
Result<std::vector<TensorData>> Compute(const Context& context, const Graph& graph,
                                        std::span<const TensorData> inputs);

/// "onnxruntime 1.32.0, cpu"
std::string EngineText(const Context& context);

}  // namespace webnn::cli
