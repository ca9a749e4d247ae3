#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "conformance/run_conformance.h"
#include "conformance/shard.h"
#include "webnn/context.h"

namespace webnn::conformance {

/// Exit statuses of the program.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

struct Options {
  std::vector<std::filesystem::path> cases;
  std::string backend;                        ///< Empty: the best one.
  std::string device;                         ///< Empty: the back end's choice.
  std::string library;                        ///< Of the back end's vendor; empty: looked for.
  Precision precision = Precision::kFloat32;  ///< What upstream's tolerances are for.
  std::optional<uint32_t> optimization_level;
  std::string cache_dir;  ///< Empty: nothing is kept.
  std::string filter;
  Shard shard;
  unsigned jobs = 1;       ///< Threads, of each process.
  unsigned processes = 0;  ///< Beside this one; 0: the cases run in this one.
  RunMode mode = RunMode::kTensors;
  ModelFormat through = ModelFormat::kAuto;  ///< kAuto: no file.
  bool any_result = false;                   ///< What has run does not fail, however far off it is.
  bool list = false;
  bool verbose = false;
  std::filesystem::path report;  ///< Empty: none.
  std::filesystem::path junit;
  std::filesystem::path dump_onnx;  ///< Folder; empty: none.
  std::filesystem::path known;
  bool known_required = false;  ///< Given by the caller, so that it must be there.
};

/// The options, or the exit status after help or an error was printed.
std::variant<Options, int> ParseOptions(int argc, const char* const* argv);

}  // namespace webnn::conformance
