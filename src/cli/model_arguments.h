#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

/// Where and how a graph is compiled and run.
struct EngineArguments {
  std::string backend;
  std::string device;
  std::string library;
  std::string fallback;
  std::string precision;
  std::optional<uint32_t> optimization_level;
  std::string workspace;
  uint32_t threads = 0;
  bool no_cache = false;
  bool verbose = false;
};
void AddEngineOptions(std::vector<Option>& options, EngineArguments& arguments);
Result<ContextOptions> ToContextOptions(const EngineArguments& arguments);
/// Bad use when there is no back end of this name.
Result<void> CheckBackend(std::string_view name);
/// "512M", "2G": bytes, K, M, G or T of 1024 each. Bad use for anything else.
Result<uint64_t> ParseBytes(std::string_view option, std::string_view text);

/// "name=text" split at the first or the last `=`; bad use when there is none or nothing before it.
Result<std::pair<std::string, std::string>> SplitPair(std::string_view option,
                                                      const std::string& text, bool at_last);

}  // namespace webnn::cli
