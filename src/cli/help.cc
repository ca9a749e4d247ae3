#include "cli/help.h"

#include <algorithm>

#include "fmt/format.h"
#include "webnn/version.h"

namespace webnn::cli {
namespace {

std::string Heading(const Terminal& terminal, std::string_view text) {
  return Paint(terminal, Colour::kBold, text) + "\n";
}

// Two columns: names on the left, the text wrapped on the right, or below a name that is long.
std::string Entry(const Terminal& terminal, std::string_view name, std::string_view text,
                  size_t column) {
  const std::string shown = "  " + Paint(terminal, Colour::kCyan, name);
  const std::string wrapped = Wrap(text, WidthFor(terminal), column);
  const size_t width = 2 + DisplayWidth(name);
  if (width + 2 > column) return shown + "\n" + wrapped;
  return shown + std::string(column - width, ' ') +
         wrapped.substr(std::min(column, wrapped.size()));
}

std::string Examples(const Terminal& terminal, const std::vector<Example>& examples) {
  std::string text;
  for (const Example& example : examples) {
    text += "  " + Paint(terminal, Colour::kCyan, example.line) + "\n";
    text += Wrap(example.says, WidthFor(terminal), 6);
  }
  return text;
}

}  // namespace

std::vector<Option> OptionsOf(const Command& command) {
  static bool ignored;
  std::vector<Option> options;
  command.set_up(options);
  options.push_back({.name = "--help", .value = "", .help = "Show this help", .target = &ignored});
  return options;
}

std::vector<std::string_view> GroupsOf(std::span<const Option> options) {
  std::vector<std::string_view> groups;
  for (const Option& option : options) {
    if (IsArgument(option)) continue;
    if (std::find(groups.begin(), groups.end(), option.group) == groups.end()) {
      groups.push_back(option.group);
    }
  }
  // What most commands have comes last.
  const auto common = std::find(groups.begin(), groups.end(), Option{}.group);
  if (common != groups.end()) std::rotate(common, common + 1, groups.end());
  return groups;
}

std::string SyntaxOf(const Option& option) {
  std::string names = option.letter.empty() ? std::string(option.name)
                                            : fmt::format("{}, {}", option.letter, option.name);
  if (IsArgument(option) || option.value.empty()) return names;
  return fmt::format("{} {}", names, option.value);
}

std::string UsageOf(const Command& command, std::span<const Option> options) {
  std::string usage = fmt::format("webnn {} [OPTION...]", command.name);
  for (const Option& option : options) {
    if (!IsArgument(option)) {
      if (option.required) usage += fmt::format(" {} {}", option.name, option.value);
      continue;
    }
    usage += option.required ? fmt::format(" {}", option.name) : fmt::format(" [{}]", option.name);
  }
  return usage;
}

std::string ProgramHelp(const Terminal& terminal) {
  std::string text = fmt::format(
      "webnn {}: run, inspect, convert and compare models with the operators of W3C WebNN\n\n",
      Version());
  text += Paint(terminal, Colour::kBold, "Usage:") + " webnn COMMAND [OPTION...]\n\n";
  text += Heading(terminal, "Commands:");
  for (const Command& command : AllCommands()) {
    text += Entry(terminal, command.name, command.summary, 14);
  }
  text += "\n" + Heading(terminal, "Start with:");
  text +=
      Examples(terminal, {{"webnn inspect model.onnx", "What is in a model, and can it run here"},
                          {"webnn run model.onnx", "Run it on random numbers"},
                          {"webnn run model.onnx --input image=photo.jpg --top 5",
                           "Run it on a picture and show the best five classes"}});
  return text +
         "\n`webnn COMMAND --help` explains a command with examples; `webnn --version` tells "
         "the version.\n";
}

std::string CommandHelp(const Command& command, const Terminal& terminal) {
  const std::vector<Option> options = OptionsOf(command);
  std::string text = std::string(command.summary) + "\n\n";
  text +=
      fmt::format("{} {}\n\n", Paint(terminal, Colour::kBold, "Usage:"), UsageOf(command, options));
  if (!command.description.empty()) {
    text += Wrap(command.description, WidthFor(terminal), 0) + "\n";
  }
  constexpr size_t kColumn = 26;
  std::string arguments;
  for (const Option& option : options) {
    if (IsArgument(option)) arguments += Entry(terminal, option.name, option.help, kColumn);
  }
  if (!arguments.empty()) text += Heading(terminal, "Arguments:") + arguments + "\n";
  for (const std::string_view group : GroupsOf(options)) {
    text += Heading(terminal, fmt::format("{}:", group));
    for (const Option& option : options) {
      if (IsArgument(option) || option.group != group) continue;
      text += Entry(terminal, SyntaxOf(option), option.help, kColumn);
    }
    text += "\n";
  }
  if (!command.examples.empty()) {
    text += Heading(terminal, "Examples:") + Examples(terminal, command.examples) + "\n";
  }
  return text + "Exit status: 0 success, 1 failure, 2 bad use, 130 interrupted.\n";
}

}  // namespace webnn::cli
