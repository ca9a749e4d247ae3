#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "webnn/result.h"

/// Subcommands as data: parsing, `--help`, the man page and the shells' completions are loops over
/// these.
namespace webnn::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitBadUse = 2;
inline constexpr int kExitInterrupted = 130;  ///< What shells give for a program that Ctrl-C ends.

/// Where the value of an option goes: a flag, a text, texts (the option may be repeated), a number.
using Target = std::variant<bool*, std::string*, std::vector<std::string>*, uint32_t*,
                            std::optional<uint32_t>*, std::optional<double>*>;

struct Option {
  std::string_view name;  ///< "--shape"; without dashes it is an argument: "MODEL".
  /// What it takes, as help shows it. "FILE" and "MODEL" complete to files, "a|b" is a choice that
  /// nothing else is allowed for; empty for a flag.
  std::string value;
  std::string help;
  Target target;
  std::string_view group = "Options";
  bool required = false;
  std::string_view letter = {};  ///< "-o", as a short form.
};

struct Example {
  std::string_view line;
  std::string_view says;
};

/// Runs a subcommand whose options are parsed: the exit status.
using Runner = std::function<Result<int>()>;

struct Command {
  std::string_view name;
  std::string_view summary;      ///< One line without a full stop.
  std::string_view description;  ///< Paragraphs, separated by an empty line.
  std::vector<Example> examples;
  /// Adds the options; the runner owns what they write to.
  Runner (*set_up)(std::vector<Option>& options);
};

/// Every subcommand, in the order of the help.
std::span<const Command> AllCommands();
/// Null when there is none of this name.
const Command* FindCommand(std::string_view name);

/// The words of a value like "nchw|nhwc"; empty for other values.
std::vector<std::string_view> ChoicesOf(const Option& option);
inline bool IsArgument(const Option& option) { return !option.name.starts_with('-'); }
inline bool MayRepeat(const Option& option) {
  return std::holds_alternative<std::vector<std::string>*>(option.target);
}

}  // namespace webnn::cli
