#include "cli/model_arguments.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "backends/backend.h"
#include "cli/errors.h"
#include "cli/terminal.h"
#include "cli/typos.h"
#include "fmt/ranges.h"

namespace webnn::cli {
namespace {

std::vector<std::string_view> BackendNames() {
  std::vector<std::string_view> names;
  for (const BackendEntry& entry : AllBackends()) names.push_back(entry.name);
  return names;
}

Result<uint32_t> ParseSize(std::string_view option, std::string_view text) {
  uint32_t size = 0;
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (status != std::errc() || stop != text.data() + text.size() || size == 0) {
    return BadUse("{}: \"{}\" is no size (a whole number from 1)", option, text);
  }
  return size;
}

Result<Number> ParseNumber(std::string_view option, const std::string& text) {
  const char* const end = text.data() + text.size();
  int64_t integer = 0;
  if (const auto read = std::from_chars(text.data(), end, integer);
      read.ec == std::errc() && read.ptr == end) {
    return Number(integer);
  }
  double number = 0;
  if (const auto read = std::from_chars(text.data(), end, number);
      read.ec == std::errc() && read.ptr == end) {
    return Number(number);
  }
  return BadUse("{}: \"{}\" is no number", option, text);
}

void ShowMessage(LogLevel level, std::string_view message) {
  static constexpr std::array<std::string_view, 4> kNames = {"verbose", "info", "warning", "error"};
  Note(kNames[static_cast<size_t>(level)], message);
}

// Texts of an enumeration as a choice: "auto|float32".
template <class E>
std::string ChoiceOf() {
  return fmt::format("{}", fmt::join(EnumNames(E{}), "|"));
}

// The value of a text that was checked against the choice; the first, a default, without one.
template <class E>
E ValueOf(std::string_view text) {
  constexpr auto kNames = EnumNames(E{});
  const auto found = std::find(kNames.begin(), kNames.end(), text);
  return found == kNames.end() ? E{} : static_cast<E>(found - kNames.begin());
}

Result<Shape> ParseShape(std::string_view text) {
  std::vector<uint32_t> sizes;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of("x,"), text.size());
    WEBNN_ASSIGN_OR_RETURN(const uint32_t size, ParseSize("--shape", text.substr(0, end)));
    sizes.push_back(size);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return Shape(std::move(sizes));
}

}  // namespace

Result<std::pair<std::string, std::string>> SplitPair(std::string_view option,
                                                      const std::string& text, bool at_last) {
  const size_t place = at_last ? text.rfind('=') : text.find('=');
  if (place == std::string::npos || place == 0) {
    return BadUse("{} takes NAME=..., not \"{}\"", option, text);
  }
  return std::pair(text.substr(0, place), text.substr(place + 1));
}

void AddModelOptions(std::vector<Option>& options, ModelArguments& arguments) {
  constexpr std::string_view kGroup = "Model";
  const Option added[] = {
      {.name = "MODEL",
       .value = "MODEL",
       .help = "Model file: ONNX, .webnn or JSON, told by its content, or, where a model is run or "
               "looked at, a file of `webnn compile`",
       .target = &arguments.path,
       .required = true},
      {.name = "--shape",
       .value = "NAME=SIZES",
       .help = "Shape of an input whose sizes the file leaves open, as x=1x3x224x224; may be "
               "repeated",
       .target = &arguments.shapes,
       .group = kGroup},
      {.name = "--dim",
       .value = "NAME=SIZE",
       .help = "Size of a named dimension, as batch=1; may be repeated",
       .target = &arguments.dimensions,
       .group = kGroup},
      {.name = "--constant",
       .value = "NAME=NUMBER",
       .help = "Make an input of an ONNX model a constant of this value, as sr=16000; may be "
               "repeated",
       .target = &arguments.constants,
       .group = kGroup},
      {.name = "--narrow",
       .value = "",
       .help = "Turn float64 and bfloat16, which WebNN lacks, into float32",
       .target = &arguments.narrow,
       .group = kGroup},
      {.name = "--weights",
       .value = "FILE",
       .help = "Weights of a .webnn or JSON model, where they do not lie beside it",
       .target = &arguments.weights,
       .group = kGroup},
      {.name = "--manifest",
       .value = "FILE",
       .help = "Manifest of weights that are raw bytes",
       .target = &arguments.manifest,
       .group = kGroup},
  };
  options.insert(options.end(), std::begin(added), std::end(added));
}

Result<LoadOptions> ToLoadOptions(const ModelArguments& arguments) {
  LoadOptions options;
  for (const std::string& text : arguments.shapes) {
    WEBNN_ASSIGN_OR_RETURN(const auto pair, SplitPair("--shape", text, true));
    WEBNN_ASSIGN_OR_RETURN(Shape shape, ParseShape(pair.second));
    options.shapes.emplace_back(pair.first, std::move(shape));
  }
  for (const std::string& text : arguments.dimensions) {
    WEBNN_ASSIGN_OR_RETURN(const auto pair, SplitPair("--dim", text, true));
    WEBNN_ASSIGN_OR_RETURN(const uint32_t size, ParseSize("--dim", pair.second));
    options.dimensions.emplace_back(pair.first, size);
  }
  for (const std::string& text : arguments.constants) {
    WEBNN_ASSIGN_OR_RETURN(const auto pair, SplitPair("--constant", text, true));
    WEBNN_ASSIGN_OR_RETURN(const Number value, ParseNumber("--constant", pair.second));
    options.values.emplace_back(pair.first, value);
  }
  options.narrow = arguments.narrow;
  options.weights = arguments.weights;
  options.manifest = arguments.manifest;
  return options;
}

void AddEngineOptions(std::vector<Option>& options, EngineArguments& arguments) {
  constexpr std::string_view kGroup = "Engine";
  const Option added[] = {
      {.name = "--backend",
       .value = "BACKEND",
       .help = fmt::format("Back end: {}; without it the first that works here",
                           fmt::join(BackendNames(), ", ")),
       .target = &arguments.backend,
       .group = kGroup},
      {.name = "--device",
       .value = "NAME",
       .help = "Device of the back end, as `webnn devices` lists them: cpu, cuda:0",
       .target = &arguments.device,
       .group = kGroup},
      {.name = "--fallback",
       .value = ChoiceOf<Fallback>(),
       .help = "Whether a back end that fails, or a graph that it cannot build, makes the next one "
               "take over, with a warning; none without it: the failure is the error",
       .target = &arguments.fallback,
       .group = kGroup},
      {.name = "--precision",
       .value = ChoiceOf<Precision>(),
       .help = "What float32 is computed in: auto is what the device is fast at; a precision that "
               "the back end lacks is an error",
       .target = &arguments.precision,
       .group = kGroup},
      {.name = "--optimization-level",
       .value = "N",
       .help =
           "How hard to look for fast kernels: TensorRT's 0 (quick to build) to 5; 3 without it",
       .target = &arguments.optimization_level,
       .group = kGroup},
      {.name = "--workspace",
       .value = "SIZE",
       .help = "Device memory that one kernel may use beside its operands, as 512M or 2G; all "
               "there is without it",
       .target = &arguments.workspace,
       .group = kGroup},
      {.name = "--threads",
       .value = "N",
       .help = "Threads inside one operator; 0, the default, leaves it to the back end",
       .target = &arguments.threads,
       .group = kGroup},
      {.name = "--library",
       .value = "FILE",
       .help = "The back end's shared library, or a folder with it, instead of looking for it",
       .target = &arguments.library,
       .group = kGroup},
      {.name = "--no-cache",
       .value = "",
       .help = "Compile anew, and keep nothing, where the back end keeps compiled graphs",
       .target = &arguments.no_cache,
       .group = kGroup},
      {.name = "--verbose",
       .value = "",
       .help = "Show what the back end and its library have to say, not just warnings",
       .target = &arguments.verbose,
       .group = kGroup},
  };
  options.insert(options.end(), std::begin(added), std::end(added));
}

Result<void> CheckBackend(std::string_view name) {
  const auto known = BackendNames();
  if (name.empty() || std::find(known.begin(), known.end(), name) != known.end()) return {};
  return BadUse("there is no back end \"{}\"{}; there are {}", name, DidYouMean(name, known),
                fmt::join(known, ", "));
}

Result<uint64_t> ParseBytes(std::string_view option, std::string_view text) {
  constexpr std::string_view kUnits = "KMGT";
  uint64_t bytes = 0;
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  const std::string_view unit = text.substr(static_cast<size_t>(stop - text.data()));
  const size_t place = unit.empty() ? 0 : kUnits.find(unit[0]) + 1;
  const auto shift = static_cast<unsigned>(10 * place);
  if (status != std::errc() || unit.size() > 1 || (!unit.empty() && place == 0) ||
      bytes << shift >> shift != bytes) {
    return BadUse("{} takes a size, as 1000000, 512M or 2G, not \"{}\"", option, text);
  }
  return bytes << shift;
}

Result<ContextOptions> ToContextOptions(const EngineArguments& arguments) {
  WEBNN_RETURN_IF_ERROR(CheckBackend(arguments.backend));
  constexpr uint32_t kMaxThreads = 4096;
  if (arguments.threads > kMaxThreads) {
    return BadUse("--threads takes a number up to {}, not {}", kMaxThreads, arguments.threads);
  }
  constexpr uint32_t kMaxLevel = 5;
  if (arguments.optimization_level.value_or(0) > kMaxLevel) {
    return BadUse("--optimization-level takes a number from 0 to {}, not {}", kMaxLevel,
                  *arguments.optimization_level);
  }
  ContextOptions options;
  options.compile.precision = ValueOf<Precision>(arguments.precision);
  options.fallback = ValueOf<Fallback>(arguments.fallback);
  options.compile.optimization_level = arguments.optimization_level;
  if (!arguments.workspace.empty()) {
    WEBNN_ASSIGN_OR_RETURN(options.compile.workspace_bytes,
                           ParseBytes("--workspace", arguments.workspace));
  }
  options.cache = !arguments.no_cache;
  options.backend = arguments.backend;
  options.device = arguments.device;
  options.library_path = arguments.library;
  options.threads = arguments.threads;
  options.log = &ShowMessage;
  options.log_level = arguments.verbose ? LogLevel::kInfo : LogLevel::kWarning;
  return options;
}

}  // namespace webnn::cli
