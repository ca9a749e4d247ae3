#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/terminal.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "graph/op_schema.h"

namespace webnn::cli {
namespace {

struct Arguments {
  std::string shell;
};

// What may stand for a value, where that is a known list.
std::vector<std::string_view> WordsFor(const Option& option) {
  std::vector<std::string_view> words = ChoicesOf(option);
  if (option.value == "OP") {
    for (const OpSchema* schema : AllOps()) words.push_back(schema->name);
  } else if (option.value == "BACKEND") {
    for (const BackendEntry& entry : AllBackends()) words.push_back(entry.name);
  }
  return words;
}

bool TakesFile(const Option& option) {
  return option.value.find("FILE") != std::string::npos || option.value == "MODEL";
}

std::string Replace(std::string_view text, std::string_view characters, std::string_view before) {
  std::string replaced;
  for (const char c : text) {
    if (characters.find(c) != std::string_view::npos) replaced += before;
    replaced += c;
  }
  return replaced;
}

// A word in single quotes for a shell; a quote inside ends them for a moment.
std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string CommandNames() {
  std::vector<std::string_view> names;
  for (const Command& command : AllCommands()) names.push_back(command.name);
  return fmt::format("{}", fmt::join(names, " "));
}

// ---- bash ----

// What completes a value: words, files or nothing.
std::string BashReply(const Option& option) {
  const auto words = WordsFor(option);
  if (!words.empty()) {
    return fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$word\"))", fmt::join(words, " "));
  }
  return TakesFile(option) ? "_webnn_files" : ":";
}

std::string Bash() {
  std::string text =
      "# Completion for webnn in bash: source this file, or put it into\n"
      "# ~/.local/share/bash-completion/completions/webnn.\n"
      "_webnn_files() {\n"
      "  # Behind NAME= the file begins anew.\n"
      "  compopt -o filenames 2>/dev/null\n"
      "  mapfile -t COMPREPLY < <(compgen -f -- \"${word##*=}\")\n"
      "}\n"
      "_webnn() {\n"
      "  local word=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
      "  local command=\"${COMP_WORDS[1]}\"\n"
      "  COMPREPLY=()\n";
  text += fmt::format(
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W '{} --help --version' -- \"$word\"))\n    return\n  fi\n",
      CommandNames());
  text +=
      "  # bash makes words of their own of = and what follows it.\n"
      "  if [ \"$word\" = = ] || [ \"$before\" = = ]; then _webnn_files; return; fi\n"
      "  case \"$command $before\" in\n";
  for (const Command& command : AllCommands()) {
    for (const Option& option : OptionsOf(command)) {
      if (IsArgument(option) || option.value.empty()) continue;
      for (const std::string_view name : {option.name, option.letter}) {
        if (name.empty()) continue;
        text += fmt::format("    '{} {}') {}; return ;;\n", command.name, name, BashReply(option));
      }
    }
  }
  text += "  esac\n  case \"$command\" in\n";
  for (const Command& command : AllCommands()) {
    std::vector<std::string_view> names;
    std::string argument = ":";
    for (const Option& option : OptionsOf(command)) {
      if (!IsArgument(option)) {
        names.push_back(option.name);
      } else if (argument == ":") {
        argument = BashReply(option);
      }
    }
    text += fmt::format(
        "    {})\n      case \"$word\" in\n"
        "        -*) COMPREPLY=($(compgen -W '{}' -- \"$word\")) ;;\n"
        "        *) {} ;;\n      esac ;;\n",
        command.name, fmt::join(names, " "), argument);
  }
  return text + "  esac\n}\ncomplete -F _webnn webnn\n";
}

// ---- zsh ----

std::string ZshValue(const Option& option) {
  const auto words = WordsFor(option);
  const std::string what = Replace(option.value.empty() ? option.name : option.value, ":", "\\");
  if (!words.empty()) return fmt::format(":{}:({})", what, fmt::join(words, " "));
  return fmt::format(":{}:{}", what, TakesFile(option) ? "_files" : " ");
}

std::string Zsh() {
  std::string text =
      "#compdef webnn\n"
      "# Completion for webnn in zsh: put this file as _webnn into a folder of $fpath.\n"
      "_webnn() {\n  local -a commands=(\n";
  for (const Command& command : AllCommands()) {
    text += fmt::format("    {}\n", Quoted(fmt::format("{}:{}", command.name, command.summary)));
  }
  text +=
      "  )\n"
      "  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n"
      "  local command=$words[2]\n"
      "  shift words\n  (( CURRENT-- ))\n"
      "  case $command in\n";
  for (const Command& command : AllCommands()) {
    text += fmt::format("    {})\n      _arguments", command.name);
    size_t place = 1;
    for (const Option& option : OptionsOf(command)) {
      std::string spec;
      if (IsArgument(option)) {
        spec = (MayRepeat(option) ? "*" : fmt::format("{}", place++)) + ZshValue(option);
      } else {
        spec = fmt::format("{}{}[{}]{}", MayRepeat(option) ? "*" : "", option.name,
                           Replace(option.help, "[]\\:", "\\"),
                           option.value.empty() ? "" : ZshValue(option));
        if (!option.letter.empty()) {
          text += " \\\n        " + Quoted(std::string(option.letter) + ZshValue(option));
        }
      }
      text += " \\\n        " + Quoted(spec);
    }
    text += " ;;\n";
  }
  return text +
         "  esac\n}\nif [ \"$funcstack[1]\" = _webnn ]; then _webnn \"$@\"; else compdef _webnn "
         "webnn; fi\n";
}

// ---- fish ----

std::string Fish() {
  std::string text =
      "# Completion for webnn in fish: put this file into ~/.config/fish/completions/webnn.fish.\n"
      "complete -c webnn -f\n";
  for (const Command& command : AllCommands()) {
    text += fmt::format("complete -c webnn -n __fish_use_subcommand -a {} -d {}\n", command.name,
                        Quoted(command.summary));
  }
  for (const Command& command : AllCommands()) {
    const std::string condition =
        Quoted(fmt::format("__fish_seen_subcommand_from {}", command.name));
    for (const Option& option : OptionsOf(command)) {
      text += fmt::format("complete -c webnn -n {}", condition);
      if (!IsArgument(option)) {
        if (!option.letter.empty()) text += fmt::format(" -s {}", option.letter.substr(1));
        text += fmt::format(" -l {} -d {}", option.name.substr(2), Quoted(option.help));
      }
      const auto words = WordsFor(option);
      if (!words.empty()) {
        text += fmt::format("{} -a {}", IsArgument(option) ? "" : " -x",
                            Quoted(fmt::format("{}", fmt::join(words, " "))));
      } else if (TakesFile(option)) {
        text += IsArgument(option) ? " -F" : " -r -F";
      } else if (!option.value.empty()) {
        text += " -x";
      }
      text += "\n";
    }
  }
  return text;
}

Result<int> Completion(const Arguments& arguments) {
  if (arguments.shell == "bash") {
    Print(Bash());
  } else {
    Print(arguments.shell == "zsh" ? Zsh() : Fish());
  }
  return kExitOk;
}

Runner SetUp(std::vector<Option>& options) {
  auto arguments = std::make_shared<Arguments>();
  options = {{.name = "SHELL",
              .value = "bash|zsh|fish",
              .help = "bash, zsh or fish",
              .target = &arguments->shell,
              .required = true}};
  return [arguments] { return Completion(*arguments); };
}

}  // namespace

Command CompletionCommand() {
  return {
      .name = "completion",
      .summary = "Print a script that completes commands and options in a shell",
      .description = "An installed webnn brings these scripts along.",
      .examples = {{"source <(webnn completion bash)", "In this bash"},
                   {"webnn completion zsh > ~/.zfunc/_webnn",
                    "For zsh, where ~/.zfunc is a folder of $fpath"},
                   {"webnn completion fish > ~/.config/fish/completions/webnn.fish", "For fish"}},
      .set_up = &SetUp};
}

}  // namespace webnn::cli
