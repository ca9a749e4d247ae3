#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/compilation.h"
#include "cli/errors.h"
#include "cli/json.h"
#include "cli/model.h"
#include "cli/statistics.h"
#include "cli/terminal.h"
#include "runtime/compiled_file.h"

namespace webnn::cli {
namespace {

struct Arguments {
  ModelArguments model;
  EngineArguments engine;
  std::string output;
  std::vector<std::string> targets;
  bool hardware_compatible = false;
  bool version_compatible = false;
  bool json = false;
};

// "sm86,sm120", also in several options.
Result<std::vector<std::string>> ParseTargets(const std::vector<std::string>& texts) {
  std::vector<std::string> targets;
  for (const std::string& text : texts) {
    for (size_t begin = 0; begin <= text.size();) {
      const size_t end = std::min(text.find(',', begin), text.size());
      const std::string target = text.substr(begin, end - begin);
      begin = end + 1;
      constexpr std::string_view kDigits = "0123456789";
      if (!target.starts_with("sm") || target.size() < 4 || target.size() > 5 ||
          target.find_first_not_of(kDigits, 2) != target.npos) {
        return BadUse("--target takes compute capabilities, as sm86,sm120, not \"{}\"", target);
      }
      if (std::find(targets.begin(), targets.end(), target) == targets.end()) {
        targets.push_back(target);
      }
    }
  }
  return targets;
}

Result<int> Compile(const Arguments& arguments) {
  if (LooksCompiled(arguments.model.path)) {
    return BadUse("\"{}\" is compiled already; compile the model that it was made from",
                  arguments.model.path);
  }
  WEBNN_ASSIGN_OR_RETURN(ContextOptions options, ToContextOptions(arguments.engine));
  WEBNN_ASSIGN_OR_RETURN(options.compile.targets, ParseTargets(arguments.targets));
  options.compile.hardware_compatible = arguments.hardware_compatible;
  options.compile.version_compatible = arguments.version_compatible;
  options.compile_only = true;
  WEBNN_ASSIGN_OR_RETURN(LoadOptions load_options, ToLoadOptions(arguments.model));
  WEBNN_ASSIGN_OR_RETURN(
      const GraphDefinition definition,
      LoadWithInputs("compile", arguments.model.path, load_options, {}, ImageOptions()));
  WEBNN_ASSIGN_OR_RETURN(const Context context, Context::Create(options));
  const Stopwatch stopwatch;
  WEBNN_RETURN_IF_ERROR(CompileFile("compile", context, definition, arguments.output));
  const double seconds = stopwatch.seconds();
  WEBNN_ASSIGN_OR_RETURN(const CompiledFile file, ReadCompiledFile(arguments.output));
  const uint64_t bytes = file.compiled.payload.bytes.size();
  const std::string maker = MakerOf(file.compiled.key);
  if (arguments.json) {
    Json key = Json::object();
    for (const cache::KeyField& field : file.compiled.key.fields()) key[field.name] = field.value;
    PrintJson({{"model", arguments.model.path},
               {"output", arguments.output},
               {"backend", maker},
               {"operators", definition.operator_count()},
               {"bytes", bytes},
               {"buildSeconds", seconds},
               {"key", key}});
  } else {
    std::string made = maker;
    for (const std::string_view name : {"precision", "targets", "device"}) {
      const cache::KeyField* field = file.compiled.key.Find(name);
      if (field != nullptr && field->value != "none") {
        made += fmt::format(", {} {}", name, field->value);
      }
    }
    Print(fmt::format("{}: {} operators, {}, compiled in {}\n{}\n", arguments.output,
                      definition.operator_count(), BytesText(bytes), DurationText(seconds), made));
  }
  return kExitOk;
}

Runner SetUp(std::vector<Option>& options) {
  auto arguments = std::make_shared<Arguments>();
  AddModelOptions(options, arguments->model);
  constexpr std::string_view kGroup = "Compilation";
  options.insert(
      options.end(),
      {{.name = "--output",
        .value = "FILE",
        .help = "The file to write; it is there when it is whole, over one that was "
                "there before",
        .target = &arguments->output,
        .group = kGroup,
        .required = true,
        .letter = "-o"},
       {.name = "--target",
        .value = "SM,...",
        .help = "TensorRT-RTX: the GPUs to compile for, by compute capability, as "
                "sm86,sm120; without it the one here, or else all that it knows",
        .target = &arguments->targets,
        .group = kGroup},
       {.name = "--hardware-compatible",
        .value = "",
        .help = "TensorRT: the file also runs on GPUs of later generations, slower",
        .target = &arguments->hardware_compatible,
        .group = kGroup},
       {.name = "--version-compatible",
        .value = "",
        .help = "TensorRT: the file also runs with later versions of the library, slower",
        .target = &arguments->version_compatible,
        .group = kGroup}});
  AddEngineOptions(options, arguments->engine);
  options.push_back(
      {.name = "--json", .value = "", .help = "Print JSON", .target = &arguments->json});
  return [arguments] { return Compile(*arguments); };
}

}  // namespace

Command CompileCommand() {
  return {
      .name = "compile",
      .summary = "Compile a model into a file, ahead of time",
      .description =
          "The file holds the graph as the back end runs it; `webnn run`, `bench`, `compare` and "
          "`inspect` take it in the place of a model, and programs load it with "
          "Context::LoadCompiled. It is for one back end, its version and the GPUs that it was "
          "compiled for. TensorRT-RTX needs no GPU to compile; TensorRT needs the GPU that the "
          "file is for. A compiled graph is code: run only files that you trust.\n\n"
          "Ctrl-C ends the compilation and leaves nothing behind.",
      .examples =
          {{"webnn compile model.onnx -o model.engine --backend tensorrt --precision float16",
            "For the GPU here"},
           {"webnn compile model.onnx -o model.rtx --backend tensorrt-rtx --target sm86,sm120",
            "For two kinds of GPU, on a machine that may have none"},
           {"webnn run model.engine --input image=cat.jpg", "Run what was compiled"}},
      .set_up = &SetUp};
}

}  // namespace webnn::cli
