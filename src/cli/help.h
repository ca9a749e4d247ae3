#pragma once

#include <span>
#include <string>

#include "cli/command.h"
#include "cli/terminal.h"

namespace webnn::cli {

/// What `webnn --help` prints.
std::string ProgramHelp(const Terminal& terminal);
/// What `webnn COMMAND --help` prints.
std::string CommandHelp(const Command& command, const Terminal& terminal);

/// The man page webnn(1), of the same definitions, in roff.
std::string ManPage();

/// "webnn run [OPTION...] MODEL"
std::string UsageOf(const Command& command, std::span<const Option> options);
/// "--input NAME=SOURCE"
std::string SyntaxOf(const Option& option);
/// The options of a command with `--help`, which all have. What they write to is gone.
std::vector<Option> OptionsOf(const Command& command);
/// The groups of options, in the order in which they first appear, "Options" last.
std::vector<std::string_view> GroupsOf(std::span<const Option> options);

}  // namespace webnn::cli
