#include "cli/program.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/errors.h"
#include "cli/help.h"
#include "cli/parse.h"
#include "cli/terminal.h"
#include "cli/typos.h"
#include "graph/infer_context.h"
#include "webnn/version.h"

namespace webnn::cli {
namespace {

// "webnn run: what is wrong"; further lines are indented below.
int Complain(std::string_view where, const Error& error) {
  const Terminal& terminal = StandardError();
  std::fflush(stdout);
  std::string_view rest = error.message;
  for (bool first = true; first || !rest.empty(); first = false) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string line = EscapeControls(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (first) {
      fmt::print(stderr, "{} {}\n", Paint(terminal, Colour::kRed, fmt::format("{}:", where)), line);
    } else if (!line.empty()) {
      fmt::print(stderr, "  {}\n", line);
    }
  }
  if (error.rule == kInterruptedRule) return kExitInterrupted;
  return error.rule == kBadUseRule ? kExitBadUse : kExitFailed;
}

Result<int> Execute(const Command& command, std::span<const std::string> arguments) {
  std::vector<Option> options;
  const Runner runner = command.set_up(options);
  WEBNN_ASSIGN_OR_RETURN(const Parsed parsed, Parse(command, options, arguments));
  if (parsed == Parsed::kHelp) {
    Print(CommandHelp(command, StandardOutput()));
    return kExitOk;
  }
  return runner();
}

// `webnn`, `webnn help run`, `webnn --version`.
Result<int> RunWithoutCommand(std::span<const std::string> arguments) {
  if (arguments.empty()) {
    fmt::print(stderr, "{}", ProgramHelp(StandardError()));
    return kExitBadUse;
  }
  const std::string& word = arguments[0];
  if (word == "--version") {
    Print(fmt::format("webnn {}\n", Version()));
    return kExitOk;
  }
  const bool help = word == "--help" || word == "-h" || word == "help";
  if (help && arguments.size() == 1) {
    Print(ProgramHelp(StandardOutput()));
    return kExitOk;
  }
  const std::string& name = help ? arguments[1] : word;
  if (const Command* command = FindCommand(name)) {
    Print(CommandHelp(*command, StandardOutput()));
    return kExitOk;
  }
  std::vector<std::string_view> known = {"--help", "--version"};
  for (const Command& command : AllCommands()) known.push_back(command.name);
  return WithHint(BadUse("there is no command \"{}\"{}", name, DidYouMean(name, known)),
                  "`webnn --help` lists the commands");
}

Result<int> Dispatch(const Command* command, std::span<const std::string> arguments) {
  try {
    WEBNN_ASSIGN_OR_RETURN(const int status, command != nullptr
                                                 ? Execute(*command, arguments.subspan(1))
                                                 : RunWithoutCommand(arguments));
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      return OperationError("cannot write to standard output: {}", std::strerror(errno));
    }
    return status;
  } catch (const std::bad_alloc&) {
    return UnknownError("there is not enough memory");
  } catch (const std::exception& error) {
    return UnknownError("{}", error.what());
  }
}

}  // namespace

int RunProgram(std::span<const std::string> arguments) {
  const Command* command = arguments.empty() ? nullptr : FindCommand(arguments[0]);
  const Result<int> status = Dispatch(command, arguments);
  if (status) return *status;
  return Complain(command != nullptr ? fmt::format("webnn {}", command->name) : "webnn",
                  status.error());
}

}  // namespace webnn::cli
