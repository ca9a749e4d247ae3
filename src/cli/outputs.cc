#include "cli/outputs.h"

#include <algorithm>

#include "cli/errors.h"
#include "cli/model_arguments.h"
#include "cli/npy.h"
#include "cli/statistics.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/typos.h"
#include "core/atomic_file.h"
#include "core/mapped_file.h"
#include "fmt/ranges.h"
#include "graph/infer_context.h"

namespace webnn::cli {
namespace {

constexpr size_t kFirstValues = 4;
constexpr size_t kMaxRowsShown = 8;

std::string LabelOf(const std::vector<std::string>& labels, size_t index) {
  return index < labels.size() ? labels[index] : "";
}

std::string TopText(const TensorData& output, size_t count,
                    const std::vector<std::string>& labels) {
  const std::vector<TopRow> rows = TopOf(output, count);
  std::string text;
  for (size_t i = 0; i < std::min(rows.size(), kMaxRowsShown); ++i) {
    text += fmt::format("\n{}{}, the largest {} of {}:\n", EscapeControls(output.name),
                        rows[i].position, rows[i].indices.size(),
                        output.descriptor.shape()[output.descriptor.rank() - 1]);
    Table table({{"index", true}, {"value", true}, {"label"}});
    for (size_t k = 0; k < rows[i].indices.size(); ++k) {
      table.Add({fmt::format("{}", rows[i].indices[k]), ShortText(rows[i].values[k]),
                 LabelOf(labels, rows[i].indices[k])});
    }
    text += table.ToText(StandardOutput(), 2);
  }
  if (rows.size() > kMaxRowsShown) {
    text += fmt::format("\n... and {} more rows of {}; --json has all\n",
                        rows.size() - kMaxRowsShown, EscapeControls(output.name));
  }
  return text;
}

Json TopJson(const TensorData& output, size_t count, const std::vector<std::string>& labels) {
  Json rows = Json::array();
  for (const TopRow& row : TopOf(output, count)) {
    Json best = Json::array();
    for (size_t k = 0; k < row.indices.size(); ++k) {
      Json one = {{"index", row.indices[k]}, {"value", NumberJson(row.values[k])}};
      if (row.indices[k] < labels.size()) one["label"] = labels[row.indices[k]];
      best.push_back(std::move(one));
    }
    rows.push_back(std::move(best));
  }
  return rows;
}

Result<void> WriteOne(const std::string& path, const TensorData& output) {
  if (path.ends_with(".npy")) {
    return WriteNpy(path, FromOperand(output.descriptor, output.bytes));
  }
  WEBNN_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  WEBNN_RETURN_IF_ERROR(file.Write(output.bytes));
  return file.Commit();
}

}  // namespace

Json ShapeJson(const Shape& shape) {
  return Json(std::vector<uint32_t>(shape.begin(), shape.end()));
}

Json NumberJson(const Number& number) {
  switch (number.kind()) {
    case Number::Kind::kInt64:
      return number.int64();
    case Number::Kind::kUint64:
      return number.uint64();
    case Number::Kind::kDouble:
      break;
  }
  return JsonNumber(number.float64());
}

void AddOutputOptions(std::vector<Option>& options, OutputArguments& arguments) {
  constexpr std::string_view kGroup = "Outputs";
  const Option added[] = {
      {.name = "--output",
       .value = "NAME=FILE",
       .help = "Write an output: .npy, or .raw for its bytes alone. Without NAME= it is the only "
               "one. May be repeated",
       .target = &arguments.files,
       .group = kGroup},
      {.name = "--outputs",
       .value = "FILE.npz",
       .help = "Write all outputs into one archive",
       .target = &arguments.archive,
       .group = kGroup},
      {.name = "--top",
       .value = "K",
       .help = "Show the K largest values along the last axis of every output",
       .target = &arguments.top,
       .group = kGroup},
      {.name = "--labels",
       .value = "FILE",
       .help = "Names for the indices of --top, one a line",
       .target = &arguments.labels,
       .group = kGroup},
  };
  options.insert(options.end(), std::begin(added), std::end(added));
}

Result<std::vector<OutputFile>> PlanOutputs(const OutputArguments& arguments,
                                            const std::vector<NamedDescriptor>& declared) {
  std::vector<std::string_view> names;
  for (const NamedDescriptor& output : declared) names.push_back(output.name);
  std::vector<OutputFile> files;
  for (const std::string& text : arguments.files) {
    OutputFile file;
    if (text.find('=') == std::string::npos) {
      if (declared.size() != 1) {
        return BadUse("--output takes NAME=FILE, since the model has {} outputs: {}",
                      declared.size(), fmt::join(names, ", "));
      }
      file = {declared[0].name, text};
    } else {
      WEBNN_ASSIGN_OR_RETURN(const auto pair, SplitPair("--output", text, false));
      file = {pair.first, pair.second};
    }
    if (std::find(names.begin(), names.end(), file.name) == names.end()) {
      return BadUse("the model has no output \"{}\"{}; it has: {}", file.name,
                    DidYouMean(file.name, names), fmt::join(names, ", "));
    }
    if (!file.path.ends_with(".npy") && !file.path.ends_with(".raw") &&
        !file.path.ends_with(".bin")) {
      return WithHint(BadUse("--output: \"{}\" must end in .npy, or in .raw or .bin", file.path),
                      "--outputs writes a .npz file");
    }
    files.push_back(std::move(file));
  }
  if (!arguments.archive.empty() && !arguments.archive.ends_with(".npz")) {
    return BadUse("--outputs: \"{}\" must end in .npz", arguments.archive);
  }
  if (!arguments.labels.empty() && !arguments.top) return BadUse("--labels needs --top");
  if (arguments.top == 0u) return BadUse("--top takes a number from 1");
  return files;
}

Result<void> WriteOutputs(const OutputArguments& arguments, const std::vector<OutputFile>& files,
                          const std::vector<TensorData>& outputs) {
  for (const OutputFile& file : files) {
    const auto output =
        std::find_if(outputs.begin(), outputs.end(),
                     [&](const TensorData& candidate) { return candidate.name == file.name; });
    WEBNN_RETURN_IF_ERROR(WriteOne(file.path, *output));
  }
  if (arguments.archive.empty()) return {};
  NamedArrays arrays;
  for (const TensorData& output : outputs) {
    arrays.emplace_back(output.name, FromOperand(output.descriptor, output.bytes));
  }
  return WriteNpz(arguments.archive, arrays);
}

Result<std::vector<std::string>> ReadLabels(const std::string& path) {
  std::vector<std::string> labels;
  if (path.empty()) return labels;
  WEBNN_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  std::string_view text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    labels.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return labels;
}

std::string OutputsText(const OutputArguments& arguments, const std::vector<TensorData>& outputs,
                        const std::vector<std::string>& labels) {
  Table table({{"output"},
               {"type"},
               {"shape"},
               {"min", true},
               {"max", true},
               {"mean", true},
               {"NaN", true},
               {"first values"}});
  for (const TensorData& output : outputs) {
    const Statistics statistics = StatisticsOf(output, kFirstValues);
    const bool any = statistics.numbers > 0;
    std::vector<std::string> first;
    for (const Number& number : statistics.first) first.push_back(ShortText(number));
    if (output.descriptor.element_count() > first.size()) first.emplace_back("...");
    table.Add({output.name, std::string(Name(output.descriptor.data_type())),
               ToString(output.descriptor.shape()), any ? ShortText(statistics.min) : "",
               any ? ShortText(statistics.max) : "", any ? ShortText(statistics.mean) : "",
               statistics.nan > 0 ? fmt::format("{}", statistics.nan) : "",
               fmt::format("{}", fmt::join(first, " "))});
  }
  std::string text = table.ToText(StandardOutput());
  if (arguments.top) {
    for (const TensorData& output : outputs) text += TopText(output, *arguments.top, labels);
  }
  return text;
}

Json OutputsJson(const OutputArguments& arguments, const std::vector<TensorData>& outputs,
                 const std::vector<std::string>& labels) {
  Json list = Json::array();
  for (const TensorData& output : outputs) {
    const Statistics statistics = StatisticsOf(output, kFirstValues);
    Json json = {{"name", output.name},
                 {"dataType", Name(output.descriptor.data_type())},
                 {"shape", ShapeJson(output.descriptor.shape())}};
    if (statistics.numbers > 0) {
      json["min"] = NumberJson(statistics.min);
      json["max"] = NumberJson(statistics.max);
      json["mean"] = JsonNumber(statistics.mean);
    }
    json["nan"] = statistics.nan;
    json["infinite"] = statistics.infinite;
    Json first = Json::array();
    for (const Number& number : statistics.first) first.push_back(NumberJson(number));
    json["first"] = std::move(first);
    if (arguments.top) json["top"] = TopJson(output, *arguments.top, labels);
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace webnn::cli
