#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/inputs.h"
#include "cli/json.h"

/// What becomes of a model's outputs.
namespace webnn::cli {

struct OutputArguments {
  std::vector<std::string> files;  ///< "y=FILE.npy"
  std::string archive;             ///< "FILE.npz"
  std::optional<uint32_t> top;
  std::string labels;
};
void AddOutputOptions(std::vector<Option>& options, OutputArguments& arguments);

/// Where each output is written.
struct OutputFile {
  std::string name;
  std::string path;
};
/// Checked before the model runs: bad use for names that the model has not.
Result<std::vector<OutputFile>> PlanOutputs(const OutputArguments& arguments,
                                            const std::vector<NamedDescriptor>& declared);
Result<void> WriteOutputs(const OutputArguments& arguments, const std::vector<OutputFile>& files,
                          const std::vector<TensorData>& outputs);

/// One text a line of the file; none without a file.
Result<std::vector<std::string>> ReadLabels(const std::string& path);

/// The table of outputs, and the best of each row where `top` is given.
std::string OutputsText(const OutputArguments& arguments, const std::vector<TensorData>& outputs,
                        const std::vector<std::string>& labels);
Json OutputsJson(const OutputArguments& arguments, const std::vector<TensorData>& outputs,
                 const std::vector<std::string>& labels);

Json ShapeJson(const Shape& shape);
Json NumberJson(const Number& number);

}  // namespace webnn::cli
