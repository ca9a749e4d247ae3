#include <ctime>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cache/store.h"
#include "cli/commands.h"
#include "cli/errors.h"
#include "cli/json.h"
#include "cli/model.h"
#include "cli/model_arguments.h"
#include "cli/statistics.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "runtime/impl.h"

namespace webnn::cli {
namespace {

using cache::EntryInfo;
using cache::Store;

struct Arguments {
  std::string action;
  std::vector<std::string> what;
  std::string folder;
  bool json = false;
  ModelArguments model;
  EngineArguments engine;
};

// ---- Entries. ----

std::string TimeText(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm local = {};
  char text[sizeof("2026-01-31 23:59")] = {};
  if (localtime_r(&seconds, &local) != nullptr) {
    std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &local);
  }
  return text;
}

// "3 entries", "1 entry"
std::string CountText(size_t count) {
  return fmt::format("{} {}", count, count == 1 ? "entry" : "entries");
}

std::string FieldOf(const EntryInfo& entry, std::string_view name) {
  const cache::KeyField* field = entry.key ? entry.key->Find(name) : nullptr;
  return field != nullptr ? field->value : "";
}

Json EntryJson(const EntryInfo& entry) {
  Json json = {{"id", entry.id},
               {"bytes", entry.bytes},
               {"used", std::chrono::system_clock::to_time_t(entry.used)}};
  if (!entry.key) {
    json["problem"] = entry.problem;
    return json;
  }
  Json key = Json::object();
  for (const cache::KeyField& field : entry.key->fields()) key[field.name] = field.value;
  json["key"] = key;
  return json;
}

Json EntriesJson(const std::vector<EntryInfo>& entries) {
  Json json = Json::array();
  for (const EntryInfo& entry : entries) json.push_back(EntryJson(entry));
  return json;
}

uint64_t BytesOf(const std::vector<EntryInfo>& entries) {
  uint64_t bytes = 0;
  for (const EntryInfo& entry : entries) bytes += entry.bytes;
  return bytes;
}

// The entries whose ids begin with the words, each of which stands for one.
Result<std::vector<EntryInfo>> Select(const Store& store, const std::vector<std::string>& words) {
  const std::vector<EntryInfo> entries = store.List();
  std::vector<EntryInfo> selected;
  for (const std::string& word : words) {
    const EntryInfo* found = nullptr;
    for (const EntryInfo& entry : entries) {
      if (!entry.id.starts_with(word)) continue;
      if (found != nullptr) return BadUse("several entries begin with \"{}\"", word);
      found = &entry;
    }
    if (found == nullptr) {
      return WithHint(BadUse("there is no entry \"{}\"", word), "`webnn cache ls` lists them");
    }
    selected.push_back(*found);
  }
  return selected;
}

std::string KeyText(const EntryInfo& entry) {
  std::string text = Paint(StandardOutput(), Colour::kBold, entry.id) + "\n";
  Table table({{"field"}, {"value"}});
  table.Add({"size", BytesText(entry.bytes)});
  table.Add({"used", TimeText(entry.used)});
  if (!entry.key) table.Add({"problem", entry.problem});
  if (entry.key) {
    for (const cache::KeyField& field : entry.key->fields()) table.Add({field.name, field.value});
  }
  return text + table.ToText(StandardOutput(), 2);
}

// ---- Actions. ----

Result<int> List(const Arguments& arguments, const Store& store) {
  std::vector<EntryInfo> entries = store.List();
  if (!arguments.what.empty()) {
    WEBNN_ASSIGN_OR_RETURN(entries, Select(store, arguments.what));
  }
  if (arguments.json) {
    PrintJson({{"folder", store.folder()}, {"entries", EntriesJson(entries)}});
    return kExitOk;
  }
  if (!arguments.what.empty()) {
    for (const EntryInfo& entry : entries) Print(KeyText(entry));
    return kExitOk;
  }
  Table table({{"id"}, {"size", true}, {"used"}, {"back end"}, {"outputs"}});
  for (const EntryInfo& entry : entries) {
    table.Add({entry.id.substr(0, 12), BytesText(entry.bytes), TimeText(entry.used),
               FieldOf(entry, "backend"),
               entry.key ? FieldOf(entry, "outputs") : "damaged: " + entry.problem});
  }
  if (!table.empty()) Print(table.ToText(StandardOutput()));
  Print(fmt::format("{}, {} in {}\n", CountText(entries.size()), BytesText(BytesOf(entries)),
                    store.folder()));
  return kExitOk;
}

Result<int> Remove(const Arguments& arguments, const Store& store) {
  if (arguments.what.empty()) return BadUse("rm takes the ids of entries");
  WEBNN_ASSIGN_OR_RETURN(const auto entries, Select(store, arguments.what));
  for (const EntryInfo& entry : entries) WEBNN_RETURN_IF_ERROR(store.Remove(entry.id));
  if (arguments.json) {
    PrintJson({{"folder", store.folder()}, {"removed", EntriesJson(entries)}});
  } else {
    Print(fmt::format("{} removed, {}\n", CountText(entries.size()), BytesText(BytesOf(entries))));
  }
  return kExitOk;
}

Result<int> Verify(const Arguments& arguments, const Store& store) {
  const size_t count = store.List().size();
  const std::vector<EntryInfo> damaged = store.Verify();
  if (arguments.json) {
    PrintJson({{"folder", store.folder()}, {"checked", count}, {"removed", EntriesJson(damaged)}});
  } else {
    for (const EntryInfo& entry : damaged) Print(fmt::format("{}: {}\n", entry.id, entry.problem));
    Print(fmt::format("{} checked, {} damaged and removed\n", CountText(count), damaged.size()));
  }
  return damaged.empty() ? kExitOk : kExitFailed;
}

Result<int> Clear(const Arguments& arguments, const Store& store) {
  const uint64_t bytes = store.Clear();
  if (arguments.json) {
    PrintJson({{"folder", store.folder()}, {"bytes", bytes}});
  } else {
    Print(fmt::format("{} freed in {}\n", BytesText(bytes), store.folder()));
  }
  return kExitOk;
}

Result<int> Explain(const Arguments& arguments, const Store& store) {
  if (arguments.what.size() != 1) return BadUse("explain takes one model");
  WEBNN_ASSIGN_OR_RETURN(LoadOptions load_options, ToLoadOptions(arguments.model));
  WEBNN_ASSIGN_OR_RETURN(ContextOptions options, ToContextOptions(arguments.engine));
  options.cache_dir = arguments.folder;
  WEBNN_ASSIGN_OR_RETURN(
      const GraphDefinition definition,
      LoadWithInputs("cache", arguments.what[0], load_options, {}, ImageOptions()));
  auto created = Context::Create(options);
  if (!created) {
    // What compiles ahead of time needs less.
    options.compile_only = true;
    if (auto compiler = Context::Create(options)) created = std::move(compiler);
  }
  if (!created) return std::move(created.error());
  const Context& context = *created;
  const auto key =
      context.impl()->backend().CacheKey(*definition.data(), context.options().compile);
  if (!key) {
    return NotSupported("{} keeps no compiled graphs; it compiles each time", EngineText(context));
  }
  const cache::Explanation explanation = store.Explain(*key);
  if (!arguments.json) {
    Print(fmt::format("{}: {}\n", key->Id(), ToString(explanation)));
    return kExitOk;
  }
  Json json = {{"id", key->Id()}, {"found", explanation.found}};
  if (explanation.nearest) json["nearest"] = EntryJson(*explanation.nearest);
  Json differences = Json::array();
  for (const cache::KeyDifference& difference : explanation.differences) {
    Json item = {{"field", difference.name}};
    if (difference.wanted) item["wanted"] = difference.wanted->value;
    if (difference.stored) item["stored"] = difference.stored->value;
    differences.push_back(std::move(item));
  }
  json["differences"] = differences;
  PrintJson(json);
  return kExitOk;
}

struct Action {
  std::string_view name;
  Result<int> (*run)(const Arguments& arguments, const Store& store);
};
constexpr Action kActions[] = {
    {"ls", &List}, {"rm", &Remove}, {"verify", &Verify}, {"clear", &Clear}, {"explain", &Explain}};

Result<int> Cache(const Arguments& arguments) {
  cache::StoreOptions options = {.folder = arguments.folder};
  options.log = [](LogLevel, std::string_view message) { Note("cache", message); };
  WEBNN_ASSIGN_OR_RETURN(const auto store, Store::Open(std::move(options)));
  for (const Action& action : kActions) {
    if (action.name == arguments.action) return action.run(arguments, *store);
  }
  return BadUse("ACTION is missing");
}

Runner SetUp(std::vector<Option>& options) {
  auto arguments = std::make_shared<Arguments>();
  AddModelOptions(options, arguments->model);
  AddEngineOptions(options, arguments->engine);
  // The model is one of the words behind the action.
  std::erase_if(options, &IsArgument);
  std::string actions;
  for (const Action& action : kActions) {
    actions += fmt::format("{}{}", actions.empty() ? "" : "|", action.name);
  }
  const Option added[] = {
      {.name = "ACTION",
       .value = actions,
       .help = "ls: list the entries, or show those whose ids are given; rm: remove entries; "
               "verify: check every byte and remove what is damaged; clear: remove everything; "
               "explain: say whether a model would be found, and if not, why",
       .target = &arguments->action,
       .required = true},
      {.name = "WHAT",
       .value = "MODEL",
       .help = "Ids or their beginnings (ls, rm), or a model file (explain)",
       .target = &arguments->what},
      {.name = "--folder",
       .value = "FOLDER",
       .help = "The cache's folder; without it WEBNN_CACHE_DIR, else $XDG_CACHE_HOME/webnn, else "
               "~/.cache/webnn",
       .target = &arguments->folder},
      {.name = "--json", .value = "", .help = "Print JSON", .target = &arguments->json}};
  options.insert(options.begin(), std::begin(added), std::end(added));
  return [arguments] { return Cache(*arguments); };
}

}  // namespace

Command CacheCommand() {
  return {
      .name = "cache",
      .summary = "Look at the compiled graphs that are kept, and remove them",
      .description =
          "Back ends that take long to compile keep their compiled graphs in a folder. An entry "
          "is taken again only when everything that it depends on is the same: the graph, its "
          "weights, the options, library, device and driver.",
      .examples = {{"webnn cache ls", "What is kept, the most recently used first"},
                   {"webnn cache explain model.onnx",
                    "Whether that would be compiled anew, and because of what"},
                   {"webnn cache verify", "Check every entry"},
                   {"webnn cache clear", "Start from nothing"}},
      .set_up = &SetUp};
}

}  // namespace webnn::cli
