#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "cli/commands.h"
#include "cli/errors.h"
#include "cli/json.h"
#include "cli/limits.h"
#include "cli/model.h"
#include "cli/outputs.h"
#include "cli/statistics.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "core/atomic_file.h"
#include "fmt/ranges.h"
#include "graph/infer_context.h"
#include "runtime/compiled_file.h"
#include "runtime/impl.h"

namespace webnn::cli {
namespace {

struct Arguments {
  ModelArguments model;
  EngineArguments engine;
  bool graph = false;
  std::string dot;
  bool json = false;
};

// What a back end says of the graph.
struct Verdict {
  std::string backend;
  std::string missing;  ///< Why the back end is not there; empty when it is.
  std::vector<Refusal> refusals;
};

struct Report {
  ModelSummary summary;
  std::optional<GraphDefinition> definition;
  std::string problem;  ///< Why there is no graph, where `unsupported` does not say it.
  std::vector<Verdict> verdicts;
};

std::string DimensionsText(const DeclaredTensor& tensor) {
  std::vector<std::string> sizes;
  for (const auto& dimension : tensor.dimensions) {
    const uint64_t* size = std::get_if<uint64_t>(&dimension);
    const std::string& name = size != nullptr ? "" : std::get<std::string>(dimension);
    sizes.push_back(size != nullptr ? fmt::format("{}", *size) : (name.empty() ? "?" : name));
  }
  return fmt::format("[{}]", fmt::join(sizes, ", "));
}

std::string OneLine(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

using Counts = std::vector<std::pair<std::string, uint64_t>>;

// Most frequent first, then by name.
void Sort(Counts& counts) {
  std::sort(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
}

Counts OperatorsOf(const GraphData& graph) {
  std::map<std::string, uint64_t> counts;
  for (const NodeRecord& node : graph.nodes) {
    if (node.reachable) ++counts[std::string(node.schema->name)];
  }
  Counts sorted(counts.begin(), counts.end());
  Sort(sorted);
  return sorted;
}

std::string CountsText(const Counts& counts) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", EscapeControls(name), count);
  }
  return text.empty() ? "none" : text;
}

Result<std::vector<Verdict>> Judge(const Arguments& arguments, const GraphDefinition& definition) {
  WEBNN_ASSIGN_OR_RETURN(ContextOptions options, ToContextOptions(arguments.engine));
  std::vector<Verdict> verdicts;
  for (const BackendEntry& entry : AllBackends()) {
    if (!arguments.engine.backend.empty() && arguments.engine.backend != entry.name) continue;
    options.backend = entry.name;
    const auto context = Context::Create(options);
    if (context) {
      verdicts.push_back(
          {EngineText(*context), "", RefusedBy(*context->impl()->limits(), *definition.data())});
    } else {
      const std::string& message = context.error().message;
      verdicts.push_back({std::string(entry.name), message.substr(0, message.find('\n')), {}});
    }
  }
  return verdicts;
}

Result<Report> Examine(const Arguments& arguments) {
  WEBNN_ASSIGN_OR_RETURN(LoadOptions options, ToLoadOptions(arguments.model));
  // Settles what is open before the file is read for what is unsupported.
  auto definition = LoadWithInputs("inspect", arguments.model.path, options, {}, {});
  WEBNN_ASSIGN_OR_RETURN(ModelSummary summary, InspectModel(arguments.model.path, options));
  Report report{std::move(summary), std::nullopt, {}, {}};
  Sort(report.summary.operators);
  if (definition) {
    WEBNN_ASSIGN_OR_RETURN(report.verdicts, Judge(arguments, *definition));
    report.definition = *std::move(definition);
  } else if (report.summary.unsupported.empty() || definition.error().rule == kBadUseRule) {
    report.problem = EscapeLines(definition.error().message);
    report.summary.unsupported.clear();
  }
  return report;
}

std::string Heading(std::string_view text) {
  return "\n" + Paint(StandardOutput(), Colour::kBold, text) + "\n";
}

std::string TensorsText(std::string_view title, const std::vector<DeclaredTensor>& tensors) {
  Table table({{title}, {"type"}, {"shape"}});
  for (const DeclaredTensor& tensor : tensors) {
    table.Add({tensor.name, tensor.data_type, DimensionsText(tensor)});
  }
  return "\n" + table.ToText(StandardOutput());
}

std::string VerdictText(const Verdict& verdict) {
  if (!verdict.missing.empty()) {
    return fmt::format("  {} is not available: {}\n", verdict.backend,
                       EscapeControls(verdict.missing));
  }
  if (verdict.refusals.empty()) return fmt::format("  {} takes all of it\n", verdict.backend);
  Table table({{"operator"}, {"operand"}, {"reason"}});
  for (const Refusal& refusal : verdict.refusals) {
    table.Add({refusal.node, refusal.operand, refusal.reason});
  }
  return fmt::format("  {} refuses:\n{}", verdict.backend, table.ToText(StandardOutput(), 4));
}

std::string ReportText(const Arguments& arguments, const Report& report) {
  const ModelSummary& summary = report.summary;
  const size_t width = WidthFor(StandardOutput());
  std::string text = fmt::format(
      "{}: {}{}\n", EscapeControls(arguments.model.path),
      EnumNames(summary.format)[static_cast<size_t>(summary.format)],
      summary.name.empty() ? "" : fmt::format(", \"{}\"", EscapeControls(summary.name)));
  Table metadata({{"key"}, {"value"}});
  constexpr size_t kMaxValue = 80;  // some models keep their whole dictionary there
  for (const auto& [key, value] : summary.metadata) {
    metadata.Add({key, Truncate(OneLine(value), kMaxValue)});
  }
  if (!metadata.empty()) text += "\n" + metadata.ToText(StandardOutput());
  text += TensorsText("input", summary.inputs) + TensorsText("output", summary.outputs);
  text += Heading("weights") +
          fmt::format("  {}, {}\n", summary.weight_count, BytesText(summary.weight_bytes));
  text += Heading("operators in the file") + Wrap(CountsText(summary.operators), width, 2);
  if (report.definition) {
    text += Heading("operators of WebNN") +
            Wrap(CountsText(OperatorsOf(*report.definition->data())), width, 2);
    text += Heading("back ends");
    for (const Verdict& verdict : report.verdicts) text += VerdictText(verdict);
  }
  if (!report.problem.empty()) {
    text += Heading("not loaded") + Wrap(report.problem, width, 2);
  }
  if (!summary.unsupported.empty()) {
    Table table({{"operator"}, {"node"}, {"reason"}});
    for (const UnsupportedNode& node : summary.unsupported) {
      table.Add({node.op, node.node,
                 node.help.empty() ? node.reason : fmt::format("{}; {}", node.reason, node.help)});
    }
    text += Heading(fmt::format("unsupported: {}", summary.unsupported.size())) +
            table.ToText(StandardOutput(), 2);
  }
  return text;
}

Json DeclaredJson(const std::vector<DeclaredTensor>& tensors) {
  Json list = Json::array();
  for (const DeclaredTensor& tensor : tensors) {
    Json shape = Json::array();
    for (const auto& dimension : tensor.dimensions) {
      std::visit([&](const auto& size) { shape.push_back(size); }, dimension);
    }
    list.push_back({{"name", tensor.name}, {"dataType", tensor.data_type}, {"shape", shape}});
  }
  return list;
}

Json CountsJson(const Counts& counts) {
  Json json = Json::object();
  for (const auto& [name, count] : counts) json[name] = count;
  return json;
}

Json ReportJson(const Arguments& arguments, const Report& report) {
  const ModelSummary& summary = report.summary;
  Json json = {{"model", arguments.model.path},
               {"format", EnumNames(summary.format)[static_cast<size_t>(summary.format)]},
               {"name", summary.name},
               {"metadata", summary.metadata},
               {"inputs", DeclaredJson(summary.inputs)},
               {"outputs", DeclaredJson(summary.outputs)},
               {"weights", {{"count", summary.weight_count}, {"bytes", summary.weight_bytes}}},
               {"operators", CountsJson(summary.operators)},
               {"loaded", report.definition.has_value()}};
  if (!report.problem.empty()) json["problem"] = report.problem;
  Json unsupported = Json::array();
  for (const UnsupportedNode& node : summary.unsupported) {
    unsupported.push_back(
        {{"op", node.op}, {"node", node.node}, {"reason", node.reason}, {"help", node.help}});
  }
  json["unsupported"] = std::move(unsupported);
  if (!report.definition) return json;
  json["webnnOperators"] = CountsJson(OperatorsOf(*report.definition->data()));
  Json backends = Json::array();
  for (const Verdict& verdict : report.verdicts) {
    Json refusals = Json::array();
    for (const Refusal& refusal : verdict.refusals) {
      refusals.push_back(
          {{"node", refusal.node}, {"operand", refusal.operand}, {"reason", refusal.reason}});
    }
    backends.push_back({{"backend", verdict.backend},
                        {"available", verdict.missing.empty()},
                        {"refusals", refusals}});
  }
  json["backends"] = std::move(backends);
  if (arguments.graph) json["graph"] = report.definition->ToText();
  return json;
}

// ---- A file of `webnn compile`. ----

std::vector<DeclaredTensor> Declared(const std::vector<NamedDescriptor>& list) {
  std::vector<DeclaredTensor> declared;
  for (const auto& [name, descriptor] : list) {
    DeclaredTensor& tensor = declared.emplace_back();
    tensor.name = name;
    tensor.data_type = Name(descriptor.data_type());
    for (const uint32_t size : descriptor.shape()) tensor.dimensions.emplace_back(uint64_t{size});
  }
  return declared;
}

Result<int> InspectCompiled(const Arguments& arguments) {
  const std::string& path = arguments.model.path;
  if (arguments.graph || !arguments.dot.empty()) {
    return NotSupported("\"{}\" is compiled: there is no graph in it to show", path);
  }
  WEBNN_ASSIGN_OR_RETURN(const CompiledFile file, ReadCompiledFile(path));
  const auto inputs = Declared(file.signature.inputs);
  const auto outputs = Declared(file.signature.outputs);
  const auto fields = file.compiled.key.fields();
  const uint64_t bytes = file.compiled.payload.bytes.size();
  if (arguments.json) {
    Json key = Json::object();
    for (const cache::KeyField& field : fields) key[field.name] = field.value;
    PrintJson({{"model", path},
               {"format", "compiled"},
               {"inputs", DeclaredJson(inputs)},
               {"outputs", DeclaredJson(outputs)},
               {"bytes", bytes},
               {"key", key}});
    return kExitOk;
  }
  Table made({{"made for"}, {"value"}});
  for (const cache::KeyField& field : fields) {
    // Those say the same as the tables.
    if (field.name != "inputs" && field.name != "outputs") made.Add({field.name, field.value});
  }
  Print(fmt::format("{}: compiled by {}, {}\n", EscapeControls(path), MakerOf(file.compiled.key),
                    BytesText(bytes)) +
        TensorsText("input", inputs) + TensorsText("output", outputs) + "\n" +
        made.ToText(StandardOutput()));
  return kExitOk;
}

Result<int> Inspect(const Arguments& arguments) {
  if (LooksCompiled(arguments.model.path)) return InspectCompiled(arguments);
  WEBNN_ASSIGN_OR_RETURN(const Report report, Examine(arguments));
  if (!report.definition && (arguments.graph || !arguments.dot.empty())) {
    return NotSupported(
        "there is no graph to show, since the model cannot be loaded; "
        "`webnn inspect` without --graph and --dot tells why");
  }
  if (!arguments.dot.empty()) {
    WEBNN_RETURN_IF_ERROR(WriteFileAtomically(arguments.dot, report.definition->ToDot()));
  }
  if (arguments.json) {
    PrintJson(ReportJson(arguments, report));
  } else {
    Print(arguments.graph ? report.definition->ToText() : ReportText(arguments, report));
  }
  return kExitOk;
}

Runner SetUp(std::vector<Option>& options) {
  auto arguments = std::make_shared<Arguments>();
  AddModelOptions(options, arguments->model);
  AddEngineOptions(options, arguments->engine);
  options.insert(
      options.end(),
      {{.name = "--graph",
        .value = "",
        .help = "Print the graph of WebNN's operators instead, one value a line",
        .target = &arguments->graph},
       {.name = "--dot",
        .value = "FILE",
        .help = "Write the graph as a picture for Graphviz: `dot -Tsvg FILE`",
        .target = &arguments->dot},
       {.name = "--json", .value = "", .help = "Print JSON", .target = &arguments->json}});
  return [arguments] { return Inspect(*arguments); };
}

}  // namespace

Command InspectCommand() {
  return {
      .name = "inspect",
      .summary = "Show what is in a model and whether it can run here",
      .description =
          "Inputs, outputs, weights, metadata and operators of the file; what cannot be "
          "expressed with WebNN's operators, with reasons and what would help; and, for every "
          "back end, what is beyond its limits. Of a file of `webnn compile`: inputs, outputs, and "
          "what it was compiled for. The exit status is 0 for every file that can be read.",
      .examples = {{"webnn inspect model.onnx", "All of that"},
                   {"webnn inspect model.onnx --dim batch=1 --graph",
                    "The graph that is run, as text"},
                   {"webnn inspect model.onnx --json", "For programs"}},
      .set_up = &SetUp};
}

}  // namespace webnn::cli
