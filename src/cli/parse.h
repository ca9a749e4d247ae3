#pragma once

#include <span>
#include <string>

#include "cli/command.h"

namespace webnn::cli {

enum class Parsed { kRun, kHelp };

/// Fills the options' targets from the arguments behind the subcommand's name. Bad use: the message
/// says what is wrong and what was meant.
Result<Parsed> Parse(const Command& command, std::span<const Option> options,
                     std::span<const std::string> arguments);

}  // namespace webnn::cli
