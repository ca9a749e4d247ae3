#include "cli/commands.h"

#include <algorithm>

namespace webnn::cli {

std::span<const Command> AllCommands() {
  static const std::vector<Command> kCommands = {
      RunCommand(),     InspectCommand(),    ConvertCommand(), CompileCommand(),
      CompareCommand(), BenchCommand(),      OpsCommand(),     DevicesCommand(),
      CacheCommand(),   CompletionCommand(), ManCommand(),
  };
  return kCommands;
}

const Command* FindCommand(std::string_view name) {
  const auto commands = AllCommands();
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const Command& command) { return command.name == name; });
  return found == commands.end() ? nullptr : &*found;
}

std::vector<std::string_view> ChoicesOf(const Option& option) {
  std::vector<std::string_view> choices;
  std::string_view rest = option.value;
  if (rest.find('|') == std::string_view::npos) return choices;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('|'), rest.size());
    choices.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return choices;
}

}  // namespace webnn::cli
