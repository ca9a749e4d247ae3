#include "webnn/devices.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/errors.h"
#include "cli/json.h"
#include "cli/model_arguments.h"
#include "cli/statistics.h"
#include "cli/table.h"
#include "cli/terminal.h"

namespace webnn::cli {
namespace {

struct Arguments {
  EngineArguments engine;  // but for the library only with `explain`
  bool low_power = false;
  bool no_gpu = false;
  bool explain = false;
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

// ---- What a context would take. ----

std::string ChoiceText(const std::vector<Candidate>& candidates) {
  Table table({{"", true}, {"back end"}, {"device"}, {"version"}, {"what became of it"}});
  std::string reasons;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& candidate = candidates[i];
    const auto state = static_cast<size_t>(candidate.state);
    table.Add({fmt::format("{}", i + 1), candidate.backend, candidate.device, candidate.version,
               std::string(EnumNames(CandidateState{})[state])});
    if (candidate.reason.empty()) continue;
    // All back ends on GPUs say the same where there is none.
    const auto same =
        std::find_if(candidates.begin(), candidates.begin() + static_cast<ptrdiff_t>(i),
                     [&](const Candidate& earlier) { return earlier.reason == candidate.reason; });
    const std::string reason =
        same->backend == candidate.backend ? candidate.reason : fmt::format("as {}", same->backend);
    reasons += fmt::format("\n{} is {}:\n{}", candidate.backend, EnumNames(CandidateState{})[state],
                           Wrap(reason, 100, 2));
  }
  return table.ToText(StandardOutput()) + reasons;
}

Json ChoiceJson(const std::vector<Candidate>& candidates) {
  Json list = Json::array();
  for (const Candidate& candidate : candidates) {
    Json json = {{"backend", candidate.backend},
                 {"state", EnumNames(CandidateState{})[static_cast<size_t>(candidate.state)]}};
    if (!candidate.device.empty()) json["device"] = candidate.device;
    if (!candidate.version.empty()) json["version"] = candidate.version;
    if (!candidate.reason.empty()) json["reason"] = candidate.reason;
    list.push_back(std::move(json));
  }
  return {{"candidates", list}};
}

Result<int> ExplainChoice(const Arguments& arguments) {
  WEBNN_ASSIGN_OR_RETURN(ContextOptions options, ToContextOptions(arguments.engine));
  if (arguments.low_power) options.power_preference = PowerPreference::kLowPower;
  options.accelerated = !arguments.no_gpu;
  const std::vector<Candidate> candidates = Candidates(options);
  if (arguments.json) {
    PrintJson(ChoiceJson(candidates));
  } else {
    Print(ChoiceText(candidates));
  }
  const bool any = std::any_of(
      candidates.begin(), candidates.end(),
      [](const Candidate& candidate) { return candidate.state == CandidateState::kChosen; });
  return any ? kExitOk : kExitFailed;
}

Result<void> CheckUse(const Arguments& arguments) {
  const EngineArguments& engine = arguments.engine;
  if (arguments.explain ||
      (engine.backend.empty() && engine.device.empty() && engine.precision.empty() &&
       engine.fallback.empty() && !arguments.low_power && !arguments.no_gpu)) {
    return {};
  }
  return BadUse(
      "--backend, --device, --precision, --fallback, --low-power and --no-gpu say what a context "
      "asks for: they go with --explain");
}

Result<int> ListDevices(const Arguments& arguments) {
  WEBNN_RETURN_IF_ERROR(CheckUse(arguments));
  if (arguments.explain) return ExplainChoice(arguments);
  const DeviceList list =
      Devices({.library_path = arguments.engine.library, .open_libraries = true});
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
  options = {{.name = "--explain",
              .value = "",
              .help = "Say in which order back ends are tried for a context, and why each is taken "
                      "or not",
              .target = &arguments->explain},
             {.name = "--json", .value = "", .help = "Print JSON", .target = &arguments->json},
             {.name = "--low-power",
              .value = "",
              .help = "With --explain: for a context that is to save power",
              .target = &arguments->low_power},
             {.name = "--no-gpu",
              .value = "",
              .help = "With --explain: for a context that is not to be accelerated",
              .target = &arguments->no_gpu}};
  std::vector<Option> engine;
  AddEngineOptions(engine, arguments->engine);
  constexpr auto kShared = std::to_array<std::string_view>(
      {"--library", "--backend", "--device", "--precision", "--fallback"});
  for (Option& option : engine) {
    if (std::find(kShared.begin(), kShared.end(), option.name) != kShared.end()) {
      options.push_back(std::move(option));
    }
  }
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
          "what is missing, what was looked for and how to get it. With --explain, the order in "
          "which back ends are tried for a context of the given options, and the reasons; no GPU "
          "is used for it. The exit status is 1 when no back end works.",
      .examples = {{"webnn devices", "What can run models here"},
                   {"webnn devices --json", "For programs"},
                   {"webnn devices --explain --precision float16",
                    "What a context of that precision would run on, and why"},
                   {"webnn devices --library /opt/ort/lib/libonnxruntime.so.1",
                    "Whether that library can be used"}},
      .set_up = &SetUp};
}

}  // namespace webnn::cli
