#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "cli/commands.h"
#include "cli/errors.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "cli/typos.h"
#include "graph/op_text.h"
#include "runtime/impl.h"
#include "webnn/context.h"

namespace webnn::cli {
namespace {

struct Arguments {
  std::string op;
  bool json = false;
};

// A back end that works here, with its limits.
struct OpenBackend {
  std::string_view name;
  Context context;
  const OpLimits& Of(const OpSchema& schema) const {
    return context.impl()->limits()->ops[IndexOf(schema)];
  }
};

std::vector<OpenBackend> OpenBackends() {
  std::vector<OpenBackend> open;
  for (const BackendEntry& entry : AllBackends()) {
    auto context = Context::Create({.backend = std::string(entry.name)});
    if (context) open.push_back({entry.name, *std::move(context)});
  }
  return open;
}

std::string FieldTypes(DataTypeSet types, std::string_view same_type_as) {
  return same_type_as.empty() ? TypesText(types) : fmt::format("that of {}", same_type_as);
}

// ---- All operators. ----

std::string Names(const OpSchema& schema, bool required) {
  std::string names;
  for (const OpField& field : schema.fields) {
    if (field.required != required || field.name == "label") continue;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", field.name);
  }
  return names;
}

std::string ListText() {
  Table table({{"operator"}, {"rank"}, {"data types"}, {"arguments [options]"}});
  for (const OpSchema* schema : AllOps()) {
    const auto first = std::find_if(schema->fields.begin(), schema->fields.end(),
                                    [](const OpField& field) { return field.is_operand; });
    const TensorLimits& limits =
        first != schema->fields.end() ? first->limits : schema->outputs[0].limits;
    const std::string options = Names(*schema, false);
    table.Add({std::string(schema->name), RanksText(limits.rank_range),
               TypesText(limits.data_types),
               Names(*schema, true) + (options.empty() ? "" : fmt::format(" [{}]", options))});
  }
  return table.ToText(StandardOutput()) +
         fmt::format(
             "\n{} operators; rank and data types are those of the first operand. "
             "`webnn ops NAME` explains one.\n",
             AllOps().size());
}

// ---- One operator. ----

std::string OpText(const OpSchema& schema) {
  const auto op = schema.make();
  std::string text =
      fmt::format("{}: {}\n\n", Paint(StandardOutput(), Colour::kBold, schema.name), schema.doc);
  Table table({{"name"}, {"type"}, {"default"}, {"data types"}, {"rank"}});
  for (const OpField& field : schema.fields) {
    if (field.name == "label") continue;
    table.Add({std::string(field.name), std::string(field.type), DefaultText(field, op.get()),
               field.is_operand ? FieldTypes(field.limits.data_types, field.same_type_as) : "",
               field.is_operand ? RanksText(field.limits.rank_range) : ""});
  }
  for (const OpOutput& output : schema.outputs) {
    table.Add(
        {fmt::format("→ {}", output.name),
         schema.returns_list && schema.outputs.size() == 1 ? "sequence<MLOperand>" : "MLOperand",
         "", FieldTypes(output.limits.data_types, output.same_type_as),
         RanksText(output.limits.rank_range)});
  }
  text += table.ToText(StandardOutput());

  for (const OpenBackend& backend : OpenBackends()) {
    const OpLimits& limits = backend.Of(schema);
    Table narrowed({{"operand"}, {"data types"}, {"rank"}});
    const auto add = [&](std::string_view name, const TensorLimits& ours,
                         const TensorLimits& allowed) {
      const bool same_types = (ours.data_types & allowed.data_types) == allowed.data_types;
      const bool same_ranks = ours.rank_range.max >= std::min(allowed.rank_range.max, 8u) &&
                              ours.rank_range.min <= allowed.rank_range.min;
      if (same_types && same_ranks) return;
      narrowed.Add({std::string(name), TypesText(ours.data_types), RanksText(ours.rank_range)});
    };
    for (size_t i = 0; i < schema.fields.size(); ++i) {
      if (!schema.fields[i].is_operand) continue;
      add(schema.fields[i].name, limits.fields[i], schema.fields[i].limits);
    }
    for (size_t i = 0; i < schema.outputs.size(); ++i) {
      add(schema.outputs[i].name, limits.outputs[i], schema.outputs[i].limits);
    }
    text += narrowed.empty() ? fmt::format("\n{} takes all of these, up to rank 8.\n", backend.name)
                             : fmt::format("\n{} takes less:\n{}", backend.name,
                                           narrowed.ToText(StandardOutput()));
  }
  return text;
}

// ---- JSON. ----

Json LimitsJson(const TensorLimits& limits) {
  Json types = Json::array();
  for (const DataType type : limits.data_types.List()) types.push_back(Name(type));
  Json json = {{"dataTypes", types}, {"minRank", limits.rank_range.min}};
  if (limits.rank_range.max != RankRange{}.max) json["maxRank"] = limits.rank_range.max;
  return json;
}

Json OpJson(const OpSchema& schema, const std::vector<OpenBackend>& backends) {
  const auto op = schema.make();
  Json fields = Json::array();
  for (const OpField& field : schema.fields) {
    Json json = {{"name", field.name}, {"type", field.type}, {"required", field.required}};
    if (field.is_operand) json.update(LimitsJson(field.limits));
    const std::string value = DefaultText(field, op.get());
    if (!field.required && value != "absent") {
      // NaN and infinities are texts, as everywhere.
      json["default"] = Json::accept(value) ? Json::parse(value) : Json(value);
    }
    if (!field.same_type_as.empty()) json["sameTypeAs"] = field.same_type_as;
    fields.push_back(std::move(json));
  }
  Json outputs = Json::array();
  for (const OpOutput& output : schema.outputs) {
    Json json = {{"name", output.name}};
    json.update(LimitsJson(output.limits));
    if (!output.same_type_as.empty()) json["sameTypeAs"] = output.same_type_as;
    outputs.push_back(std::move(json));
  }
  Json limits = Json::object();
  for (const OpenBackend& backend : backends) {
    const OpLimits& ours = backend.Of(schema);
    Json json = Json::object();
    for (size_t i = 0; i < schema.fields.size(); ++i) {
      if (!schema.fields[i].is_operand) continue;
      json[std::string(schema.fields[i].name)] = LimitsJson(ours.fields[i]);
    }
    for (size_t i = 0; i < schema.outputs.size(); ++i) {
      json[std::string(schema.outputs[i].name)] = LimitsJson(ours.outputs[i]);
    }
    limits[std::string(backend.name)] = std::move(json);
  }
  return {{"name", schema.name},
          {"description", schema.doc},
          {"fields", fields},
          {"outputs", outputs},
          {"backends", limits}};
}

Result<int> Ops(const Arguments& arguments) {
  const OpSchema* schema = nullptr;
  if (!arguments.op.empty()) {
    schema = FindOp(arguments.op);
    if (schema == nullptr) {
      std::vector<std::string_view> known;
      for (const OpSchema* candidate : AllOps()) known.push_back(candidate->name);
      return WithHint(
          BadUse("there is no operator \"{}\"{}", arguments.op, DidYouMean(arguments.op, known)),
          "`webnn ops` lists all operators");
    }
  }
  if (arguments.json) {
    const auto backends = OpenBackends();
    Json ops = Json::array();
    for (const OpSchema* candidate : AllOps()) {
      if (schema == nullptr || schema == candidate) ops.push_back(OpJson(*candidate, backends));
    }
    PrintJson({{"ops", ops}});
  } else {
    Print(schema != nullptr ? OpText(*schema) : ListText());
  }
  return kExitOk;
}

Runner SetUp(std::vector<Option>& options) {
  auto arguments = std::make_shared<Arguments>();
  options = {{.name = "OP",
              .value = "OP",
              .help = "An operator by the specification's name; without it all are listed",
              .target = &arguments->op},
             {.name = "--json", .value = "", .help = "Print JSON", .target = &arguments->json}};
  return [arguments] { return Ops(*arguments); };
}

}  // namespace

Command OpsCommand() {
  return {.name = "ops",
          .summary = "List the operators, or explain one",
          .description =
              "The operators of W3C WebNN with their arguments, options, data types and ranks. One "
              "operator is shown in full, with what each back end that works here narrows.",
          .examples = {{"webnn ops", "All operators, one a line"},
                       {"webnn ops conv2d", "Arguments, options and defaults of one operator"},
                       {"webnn ops --json", "The whole table for programs"}},
          .set_up = &SetUp};
}

}  // namespace webnn::cli
