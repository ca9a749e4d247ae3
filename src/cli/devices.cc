#include "webnn/devices.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/errors.h"
#include "cli/json.h"
#include "cli/statistics.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace webnn::cli {
namespace {

struct Arguments {
  std::string library;
  bool json = false;
};

std::string Reason(std::string_view what, std::string_view reason) {
  return fmt::format("\n{} not available here:\n{}", what, Wrap(reason, 100, 2));
}

// What is missing for all back ends on GPUs is said once, below.
std::string OwnReason(std::string reason, const std::string& common) {
  const size_t place = common.empty() ? std::string::npos : reason.find(common);
  if (place == std::string::npos) return reason;
  return reason.replace(place, common.size(), "there is no GPU that can be used, see below");
}

std::string DevicesText(const DeviceList& list) {
  Table backends({{"back end"}, {"device"}, {"version"}, {"library"}});
  Table gpus({{"GPU"}, {"name"}, {"compute capability"}, {"memory", true}});
  std::string missing;
  for (const BackendStatus& status : list.backends) {
    if (status.available) {
      backends.Add({status.name, status.device, status.version, status.library});
    } else {
      std::string reason = OwnReason(status.reason, list.gpu_reason);
      if (!status.library.empty()) {
        reason += fmt::format("\nits library {} is there: {}", status.version, status.library);
      }
      missing += Reason(status.name + " is", reason);
    }
  }
  for (const GpuInfo& gpu : list.gpus) {
    gpus.Add({gpu.device, gpu.name, fmt::format("{}.{}", gpu.major, gpu.minor),
              BytesText(gpu.memory_bytes)});
  }
  std::string text;
  if (!backends.empty()) text += backends.ToText(StandardOutput());
  if (!gpus.empty()) {
    text += fmt::format("\n{}driver {}\n", gpus.ToText(StandardOutput()), list.driver);
  }
  text += missing;
  if (!list.gpu_reason.empty()) text += Reason("GPUs are", list.gpu_reason);
  // The first table may be missing.
  return text.starts_with('\n') ? text.substr(1) : text;
}

Json DevicesJson(const DeviceList& list) {
  Json backends = Json::array();
  bool any = false;
  for (const BackendStatus& status : list.backends) {
    Json json = {{"backend", status.name}, {"available", status.available}};
    if (status.available) {
      json["device"] = status.device;
      json["default"] = !any;
      any = true;
    } else {
      json["reason"] = status.reason;
    }
    if (status.available || !status.library.empty()) {
      json["version"] = status.version;
      json["library"] = status.library;
    }
    backends.push_back(std::move(json));
  }
  Json gpus = Json::array();
  for (const GpuInfo& gpu : list.gpus) {
    gpus.push_back({{"device", gpu.device},
                    {"name", gpu.name},
                    {"computeCapability", fmt::format("{}.{}", gpu.major, gpu.minor)},
                    {"memoryBytes", gpu.memory_bytes},
                    {"uuid", gpu.uuid}});
  }
  Json json = {{"backends", backends}, {"gpus", gpus}};
  if (!list.driver.empty()) json["driver"] = list.driver;
  if (!list.gpu_reason.empty()) json["gpuReason"] = list.gpu_reason;
  return json;
}

Result<int> ListDevices(const Arguments& arguments) {
  const DeviceList list = Devices({.library_path = arguments.library, .open_libraries = true});
  if (arguments.json) {
    PrintJson(DevicesJson(list));
  } else {
    Print(DevicesText(list));
  }
  const bool any = std::any_of(list.backends.begin(), list.backends.end(),
                               [](const BackendStatus& status) { return status.available; });
  return any ? kExitOk : kExitFailed;
}

Runner SetUp(std::vector<Option>& options) {
  auto arguments = std::make_shared<Arguments>();
  options = {{.name = "--library",
              .value = "FILE",
              .help = "A back end's shared library, instead of looking for it",
              .target = &arguments->library},
             {.name = "--json", .value = "", .help = "Print JSON", .target = &arguments->json}};
  return [arguments] { return ListDevices(*arguments); };
}

}  // namespace

Command DevicesCommand() {
  return {
      .name = "devices",
      .summary = "List the back ends and GPUs that can be used here",
      .description =
          "Back ends that work here with their devices, versions and libraries, the one that is "
          "used by default first, and GPUs with their compute capability, memory and driver; for "
          "what is missing, what was looked for and how to get it. The exit status is 1 when no "
          "back end works.",
      .examples = {{"webnn devices", "What can run models here"},
                   {"webnn devices --json", "For programs"},
                   {"webnn devices --library /opt/ort/lib/libonnxruntime.so.1",
                    "Whether that library can be used"}},
      .set_up = &SetUp};
}

}  // namespace webnn::cli
