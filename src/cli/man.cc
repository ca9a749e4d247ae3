#include <string>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/terminal.h"
#include "fmt/format.h"
#include "webnn/version.h"

namespace webnn::cli {
namespace {

// Text for roff: backslashes and hyphens as they are, no line that looks like a request.
std::string Escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (escaped.empty() || escaped.back() == '\n')) escaped += "\\&";
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string Paragraphs(std::string_view text) {
  std::string roff = Escape(text);
  for (size_t at = 0; (at = roff.find("\n\n", at)) != std::string::npos;) {
    roff.replace(at, 2, "\n.PP\n");
  }
  return roff + "\n";
}

std::string Tagged(std::string_view tag, std::string_view text) {
  return fmt::format(".TP\n.B {}\n{}\n", Escape(tag), Escape(text));
}

std::string CommandSection(const Command& command) {
  const std::vector<Option> options = OptionsOf(command);
  std::string text = fmt::format(".SS {}\n{}.\n.PP\n.B {}\n.PP\n", Escape(command.name),
                                 Escape(command.summary), Escape(UsageOf(command, options)));
  text += Paragraphs(command.description);
  for (const Option& option : options) text += Tagged(SyntaxOf(option), option.help);
  if (!command.examples.empty()) text += ".PP\nExamples:\n";
  for (const Example& example : command.examples) text += Tagged(example.line, example.says);
  return text;
}

}  // namespace

std::string ManPage() {
  std::string text = fmt::format(
      ".TH WEBNN 1 \"\" \"webnn {}\" \"User Commands\"\n"
      ".SH NAME\nwebnn \\- run, inspect, convert and compare models with the operators of W3C "
      "WebNN\n"
      ".SH SYNOPSIS\n.B webnn\n.I COMMAND\n[\n.I OPTION...\n]\n.SH COMMANDS\n",
      Version());
  for (const Command& command : AllCommands()) text += CommandSection(command);
  text +=
      ".SH EXIT STATUS\n"
      ".TP\n.B 0\nSuccess.\n"
      ".TP\n.B 1\nFailure: a file that cannot be read, a model that cannot be expressed or run, "
      "outputs that differ.\n"
      ".TP\n.B 2\nBad use: options, names or inputs that do not fit.\n"
      ".TP\n.B 130\nInterrupted with Ctrl-C.\n"
      ".SH ENVIRONMENT\n"
      ".TP\n.B NO_COLOR\nNo colours on a terminal.\n"
      ".TP\n.B WEBNN_ONNXRUNTIME_LIBRARY\nThe path of ONNX Runtime's library.\n"
      ".TP\n.B TENSORRT_ROOT, TENSORRT_RTX_ROOT\nThe folder of an unpacked TensorRT or "
      "TensorRT-RTX.\n"
      ".TP\n.B WEBNN_CACHE_DIR\nThe folder of compiled graphs that are kept.\n"
      ".TP\n.B CUDA_VISIBLE_DEVICES\nThe GPUs that may be used, and their order.\n";
  return text;
}

Command ManCommand() {
  return {.name = "man",
          .summary = "Print the man page",
          .description = "An installed webnn brings it along: `man webnn`.",
          .examples = {{"webnn man | man -l -", "Read it"}},
          .set_up = [](std::vector<Option>&) -> Runner {
            return []() -> Result<int> {
              Print(ManPage());
              return kExitOk;
            };
          }};
}

}  // namespace webnn::cli
