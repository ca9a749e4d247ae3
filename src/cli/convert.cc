#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/errors.h"
#include "cli/json.h"
#include "cli/model.h"
#include "cli/statistics.h"
#include "cli/terminal.h"
#include "webnn/model_io.h"

namespace webnn::cli {
namespace {

struct Arguments {
  ModelArguments model;
  std::string output;
  std::string to;
  std::string name = "graph";
  bool embed = false;
  bool external = false;
  bool json = false;
};

Result<SaveOptions> ToSaveOptions(const Arguments& arguments) {
  if (arguments.embed && arguments.external) {
    return BadUse("--embed and --external exclude each other");
  }
  SaveOptions options;
  options.name = arguments.name;
  if (arguments.embed) options.weights = WeightStorage::kEmbedded;
  if (arguments.external) options.weights = WeightStorage::kExternal;
  constexpr auto kNames = EnumNames(ModelFormat{});
  if (!arguments.to.empty()) {
    options.format = static_cast<ModelFormat>(
        std::find(kNames.begin(), kNames.end(), arguments.to) - kNames.begin());
    return options;
  }
  const std::string extension = std::filesystem::path(arguments.output).extension();
  if (extension != ".onnx" && extension != ".webnn" && extension != ".json") {
    return WithHint(BadUse("the name \"{}\" does not tell the format", arguments.output),
                    "end it in .onnx, .webnn or .json, or give --to onnx|webnn|json");
  }
  return options;
}

Result<int> Convert(const Arguments& arguments) {
  WEBNN_ASSIGN_OR_RETURN(const SaveOptions save_options, ToSaveOptions(arguments));
  WEBNN_ASSIGN_OR_RETURN(LoadOptions load_options, ToLoadOptions(arguments.model));
  WEBNN_ASSIGN_OR_RETURN(const GraphDefinition definition,
                         LoadWithInputs("convert", arguments.model.path, load_options, {}, {}));
  WEBNN_RETURN_IF_ERROR(SaveModel(definition, arguments.output, save_options));
  std::error_code error;
  const uint64_t bytes = std::filesystem::file_size(arguments.output, error);
  if (arguments.json) {
    PrintJson({{"model", arguments.model.path},
               {"output", arguments.output},
               {"operators", definition.operator_count()},
               {"bytes", bytes}});
  } else {
    Print(fmt::format("{}: {} operators, {}\n", arguments.output, definition.operator_count(),
                      BytesText(bytes)));
  }
  return kExitOk;
}

Runner SetUp(std::vector<Option>& options) {
  auto arguments = std::make_shared<Arguments>();
  AddModelOptions(options, arguments->model);
  options.insert(
      options.begin() + 1,
      {.name = "OUTPUT",
       .value = "FILE",
       .help = "The file to write; it is there when it is whole, over one that was there before",
       .target = &arguments->output,
       .required = true});
  options.insert(
      options.end(),
      {{.name = "--to",
        .value = "onnx|webnn|json",
        .help = "The format; without it the name of OUTPUT tells",
        .target = &arguments->to},
       {.name = "--embed",
        .value = "",
        .help = "Weights inside OUTPUT",
        .target = &arguments->embed},
       {.name = "--external",
        .value = "",
        .help = "Weights in a file beside OUTPUT: NAME.onnx.data, or NAME.safetensors",
        .target = &arguments->external},
       {.name = "--name",
        .value = "TEXT",
        .help = "The name of the graph in the file",
        .target = &arguments->name},
       {.name = "--json", .value = "", .help = "Print JSON", .target = &arguments->json}});
  return [arguments] { return Convert(*arguments); };
}

}  // namespace

Command ConvertCommand() {
  return {.name = "convert",
          .summary = "Write a model in another format",
          .description =
              "From ONNX, .webnn and JSON to each of them. Sizes are fixed and constants folded: "
              "the new file holds the graph that would run. Weights are inside an ONNX file up to "
              "1 GiB and inside JSON, and beside a .webnn file, unless --embed or --external says "
              "otherwise.",
          .examples = {{"webnn convert model.onnx model.webnn --dim batch=1",
                        "Text, with model.safetensors beside it"},
                       {"webnn convert model.webnn model.onnx", "Back to ONNX"},
                       {"webnn convert model.onnx small.onnx --shape x=1x3x224x224 --external",
                        "ONNX with fixed sizes, the weights in small.onnx.data"}},
          .set_up = &SetUp};
}

}  // namespace webnn::cli
