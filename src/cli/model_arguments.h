#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "webnn/context.h"
#include "webnn/model_io.h"

/// Options that several subcommands share: the model, and what runs it.
namespace webnn::cli {

struct ModelArguments {
  std::string path;
  std::vector<std::string> shapes;
  std::vector<std::string> dimensions;
  std::vector<std::string> constants;
  bool narrow = false;
  std::string weights;
  std::string manifest;
};
void AddModelOptions(std::vector<Option>& options, ModelArguments& arguments);
Result<LoadOptions> ToLoadOptions(const ModelArguments& arguments);

struct EngineArguments {
  std::string backend;
  std::string device;
  std::string library;
  uint32_t threads = 0;
  bool verbose = false;
};
void AddEngineOptions(std::vector<Option>& options, EngineArguments& arguments);
Result<ContextOptions> ToContextOptions(const EngineArguments& arguments);
/// Bad use when there is no back end of this name.
Result<void> CheckBackend(std::string_view name);

/// "name=text" split at the first or the last `=`; bad use when there is none or nothing before it.
Result<std::pair<std::string, std::string>> SplitPair(std::string_view option,
                                                      const std::string& text, bool at_last);

}  // namespace webnn::cli
