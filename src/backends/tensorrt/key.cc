#include "backends/tensorrt/key.h"

#include <algorithm>
#include <charconv>
#include <compare>
#include <string_view>

#include "core/errors.h"
#include "core/try.h"
#include "graph/fingerprint.h"
#include "webnn/version.h"

namespace webnn::trt {
namespace {

// Raised with every change of what a graph is lowered to, or of how it is built, that a key does
// not show otherwise.
constexpr std::string_view kLowering = "3";

constexpr Capability kFastFloat16 = 70;
constexpr Capability kAmpere = 80;
constexpr uint32_t kMaxOptimizationLevel = 5;
constexpr int kDefaultOptimizationLevel = 3;

std::string_view TextOf(Precision precision) {
  return EnumNames(precision)[static_cast<size_t>(precision)];
}

// "sm86" -> 86
Result<Capability> ParseTarget(std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with("sm")) digits.remove_prefix(2);
  if (digits.starts_with('_')) digits.remove_prefix(1);
  Capability capability = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), capability);
  if (error != std::errc() || end != digits.data() + digits.size() || capability < 10 ||
      capability > 999) {
    return TypeError("the target '{}' is no GPU: write sm86 for compute capability 8.6", text);
  }
  return capability;
}

std::string TargetsText(const std::vector<Capability>& targets) {
  if (targets.empty()) return "all";
  std::string text;
  for (Capability target : targets) {
    text += fmt::format("{}sm{}", text.empty() ? "" : " ", target);
  }
  return text;
}

std::string_view YesNo(bool value) { return value ? "yes" : "no"; }

std::string_view ValueOf(const cache::Key& key, std::string_view name) {
  const cache::KeyField* field = key.Find(name);
  return field == nullptr ? std::string_view() : field->value;
}

// "10.6.0.26" as numbers to compare.
std::vector<int> Numbers(std::string_view version) {
  std::vector<int> numbers;
  while (!version.empty()) {
    int number = 0;
    const auto [end, error] =
        std::from_chars(version.data(), version.data() + version.size(), number);
    if (error != std::errc()) break;
    numbers.push_back(number);
    version.remove_prefix(static_cast<size_t>(end - version.data()));
    if (version.starts_with('.')) version.remove_prefix(1);
  }
  return numbers;
}

bool IsLaterOfSameMajor(std::string_view here, std::string_view made) {
  const std::vector<int> a = Numbers(here);
  const std::vector<int> b = Numbers(made);
  return !a.empty() && !b.empty() && a[0] == b[0] && a >= b;
}

// "sm86" of "8.6"
std::string TargetOf(std::string_view capability) {
  std::string text = "sm";
  for (char letter : capability) {
    if (letter != '.') text += letter;
  }
  return text;
}

bool HasWord(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(' '), list.size());
    if (list.substr(0, end) == word) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

// Whether the device can compute in it.
Result<void> CheckPrecision(Flavor flavor, Precision precision, Capability capability) {
  const bool needs_ampere = precision == Precision::kTf32 || precision == Precision::kBfloat16;
  if (!needs_ampere || capability >= kAmpere) return {};
  return NotSupported("{}: precision {} needs a GPU of compute capability 8.0 or later; this is {}",
                      Name(flavor), TextOf(precision), CapabilityText(capability));
}

}  // namespace

std::string CapabilityText(Capability capability) {
  return fmt::format("{}.{}", capability / 10, capability % 10);
}

Result<Settings> Decide(Flavor flavor, const CompileOptions& options,
                        std::optional<Capability> device) {
  Settings settings;
  if (options.optimization_level.value_or(0) > kMaxOptimizationLevel) {
    return TypeError("{}: the optimisation level is {}; it is 0 to {}", Name(flavor),
                     *options.optimization_level, kMaxOptimizationLevel);
  }
  settings.optimization_level = options.optimization_level
                                    ? static_cast<int>(*options.optimization_level)
                                    : kDefaultOptimizationLevel;
  settings.workspace_bytes = options.workspace_bytes;
  settings.hardware_compatible = options.hardware_compatible;
  settings.version_compatible = options.version_compatible;
  if (flavor == Flavor::kTensorRtRtx && options.version_compatible) {
    return NotSupported("{}: its plans are for the version that made them", Name(flavor));
  }
  if (flavor == Flavor::kTensorRtRtx && options.hardware_compatible) {
    return NotSupported("{}: name the GPUs to build for as targets", Name(flavor));
  }

  for (const std::string& text : options.targets) {
    WEBNN_ASSIGN_OR_RETURN(const Capability target, ParseTarget(text));
    settings.targets.push_back(target);
  }
  std::sort(settings.targets.begin(), settings.targets.end());
  settings.targets.erase(std::unique(settings.targets.begin(), settings.targets.end()),
                         settings.targets.end());
  if (settings.targets.empty() && device) settings.targets.push_back(*device);
  if (flavor == Flavor::kTensorRt &&
      (!device || settings.targets != std::vector<Capability>{*device})) {
    return NotSupported("{}: it builds for the GPU that is here{}, not for {}", Name(flavor),
                        device ? fmt::format(" (sm{})", *device) : "",
                        TargetsText(settings.targets));
  }

  const auto slowest = std::min_element(settings.targets.begin(), settings.targets.end());
  // Without a device, TensorRT-RTX builds for GPUs from 7.5 on.
  const Capability least = slowest == settings.targets.end() ? 75 : *slowest;
  settings.precision = options.precision;
  if (settings.precision == Precision::kAuto) {
    settings.precision = least >= kFastFloat16 ? Precision::kFloat16 : Precision::kFloat32;
  }
  WEBNN_RETURN_IF_ERROR(CheckPrecision(flavor, settings.precision, least));
  return settings;
}

cache::Key MakeKey(const GraphData& graph, const Settings& settings, const KeyFacts& facts) {
  cache::Key key;
  key.Add("backend", facts.backend)
      .Add("version", facts.version)
      .Add("device", facts.device)
      .Add("compute capability", facts.capability)
      .Add("driver", facts.driver)
      .Add("webnn", Version())
      .Add("lowering", kLowering)
      .Add("precision", TextOf(settings.precision))
      .Add("optimization level", fmt::to_string(settings.optimization_level))
      .Add("workspace", fmt::to_string(settings.workspace_bytes))
      .Add("targets", TargetsText(settings.targets))
      .Add("hardware compatible", YesNo(settings.hardware_compatible))
      .Add("version compatible", YesNo(settings.version_compatible));
  AddFingerprint(graph, key);
  return key;
}

cache::Key TimingKey(const KeyFacts& facts) {
  cache::Key key;
  key.Add("backend", facts.backend)
      .Add("version", facts.version)
      .Add("device", facts.device)
      .Add("compute capability", facts.capability)
      .Add("driver", facts.driver)
      .Add("content", "timings of kernels");
  return key;
}

Result<bool> CheckFits(const cache::Key& key, const KeyFacts& facts) {
  const std::string_view backend = ValueOf(key, "backend");
  if (backend != facts.backend) {
    return NotSupported("{}: the compiled graph is for the back end '{}'", facts.backend, backend);
  }
  const bool version_compatible = ValueOf(key, "version compatible") == "yes";
  const std::string_view version = ValueOf(key, "version");
  if (version != facts.version &&
      !(version_compatible && IsLaterOfSameMajor(facts.version, version))) {
    return NotSupported("{}: the compiled graph was made by version {}; this is {}", facts.backend,
                        version, facts.version);
  }
  const std::string_view device = ValueOf(key, "device");
  const std::string_view capability = ValueOf(key, "compute capability");
  const std::string_view targets = ValueOf(key, "targets");
  if (facts.backend == Name(Flavor::kTensorRtRtx)) {
    if (targets == "all" || HasWord(targets, TargetOf(facts.capability))) return false;
    return NotSupported("{}: the compiled graph was made for {}; this is {}, {}", facts.backend,
                        targets, facts.device, TargetOf(facts.capability));
  }
  const std::vector<int> here = Numbers(facts.capability);
  const bool fits = ValueOf(key, "hardware compatible") == "yes"
                        ? !here.empty() && here[0] >= kAmpere / 10
                        : device == facts.device && capability == facts.capability;
  if (fits) return version_compatible;
  return NotSupported(
      "{}: the compiled graph was made for {}, compute capability {}; this is {}, compute "
      "capability {}",
      facts.backend, device, capability, facts.device, facts.capability);
}

}  // namespace webnn::trt
