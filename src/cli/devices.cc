#include <memory>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "cli/commands.h"
#include "cli/errors.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace webnn::cli {
namespace {

struct Arguments {
  std::string library;
  bool json = false;
};

Result<int> Devices(const Arguments& arguments) {
  Table table({{"back end"}, {"device"}, {"version"}, {"library"}});
  Json list = Json::array();
  std::string missing;
  bool any = false;
  for (const BackendEntry& entry : AllBackends()) {
    ContextOptions options;
    options.library_path = arguments.library;
    const auto backend = entry.open(options);
    if (backend) {
      const Backend& open = **backend;
      table.Add({std::string(entry.name), open.device(), open.version(), open.library()});
      list.push_back({{"backend", entry.name},
                      {"available", true},
                      {"device", open.device()},
                      {"version", open.version()},
                      {"library", open.library()},
                      {"default", !any}});
      any = true;
    } else {
      missing += fmt::format("{}{} is not available here:\n{}", missing.empty() && !any ? "" : "\n",
                             entry.name, Wrap(backend.error().message, 100, 2));
      list.push_back(
          {{"backend", entry.name}, {"available", false}, {"reason", backend.error().message}});
    }
  }
  if (arguments.json) {
    PrintJson({{"backends", list}});
  } else {
    if (any) Print(table.ToText(StandardOutput()));
    Print(missing);
  }
  return any ? kExitOk : kExitFailed;
}

Runner SetUp(std::vector<Option>& options) {
  auto arguments = std::make_shared<Arguments>();
  options = {{.name = "--library",
              .value = "FILE",
              .help = "The back end's shared library, instead of looking for it",
              .target = &arguments->library},
             {.name = "--json", .value = "", .help = "Print JSON", .target = &arguments->json}};
  return [arguments] { return Devices(*arguments); };
}

}  // namespace

Command DevicesCommand() {
  return {
      .name = "devices",
      .summary = "List the back ends and what they run on",
      .description =
          "Back ends that work here with their devices, versions and libraries, the one that is "
          "used by default first; for others, what was looked for and how to get it. The exit "
          "status is 1 when none works.",
      .examples = {{"webnn devices", "What can run models here"},
                   {"webnn devices --library /opt/ort/lib/libonnxruntime.so.1",
                    "Whether that library can be used"}},
      .set_up = &SetUp};
}

}  // namespace webnn::cli
