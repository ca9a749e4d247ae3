#pragma once

#include "cli/command.h"

/// One function a subcommand, in the file of its name.
namespace webnn::cli {

Command RunCommand();
Command InspectCommand();
Command ConvertCommand();
Command CompareCommand();
Command CompileCommand();
Command BenchCommand();
Command OpsCommand();
Command DevicesCommand();
Command CacheCommand();
Command CompletionCommand();
Command ManCommand();

}  // namespace webnn::cli
