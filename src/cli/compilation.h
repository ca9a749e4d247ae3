#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "cli/terminal.h"
#include "webnn/context.h"
#include "webnn/result.h"

namespace webnn::cli {

/// Shows how far a compilation is, and ends it at Ctrl-C: a bar on a terminal; elsewhere, where
/// details are asked for, a line or two a second. One at a time.
class CompileWatch {
 public:
  /// Notes are in the name of `command`.
  CompileWatch(std::string_view command, bool verbose);
  CompileWatch(const CompileWatch&) = delete;
  CompileWatch& operator=(const CompileWatch&) = delete;
  ~CompileWatch();

  /// For `CompileOptions::progress`, while this lives.
  ProgressCallback callback();
  /// Whether Ctrl-C was pressed. A second one ends the program at once.
  static bool interrupted();

 private:
  bool Show(const CompileProgress& progress);

  const std::string command_;
  const bool verbose_;
  Progress bar_{"compiling"};
  std::string phase_;
  std::chrono::steady_clock::time_point shown_ = {};
};

/// Compiles, watched, with the options of the context. Ctrl-C is an error of its own (exit status
/// 130).
Result<Graph> CompileGraph(std::string_view command, const Context& context,
                           const GraphDefinition& definition);
/// The same into a file.
Result<void> CompileFile(std::string_view command, const Context& context,
                         const GraphDefinition& definition, const std::string& path);

}  // namespace webnn::cli
