#include "backends/openvino/device.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <thread>
#include <vector>

#include "core/errors.h"
#include "core/try.h"

namespace webnn::ov {
namespace {

struct PrecisionRow {
  Precision precision;
  std::string_view capability;  ///< What the device lists.
  const char* hint;
};
constexpr std::array kPrecisions = {
    PrecisionRow{Precision::kAuto, "FP32", "f32"},
    PrecisionRow{Precision::kFloat32, "FP32", "f32"},
    PrecisionRow{Precision::kBfloat16, "BF16", "bf16"},
    PrecisionRow{Precision::kFloat16, "FP16", "f16"},
};

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

// Is the word in the list, which has one space between two?
bool HasWord(std::string_view list, std::string_view word) {
  for (size_t at = list.find(word); at != std::string_view::npos; at = list.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || list[at - 1] == ' ') && (end == list.size() || list[end] == ' ')) return true;
  }
  return false;
}

Result<Device> Describe(const Library& library, const std::string& ov_name) {
  Device device{.name = Lower(ov_name), .ov_name = ov_name, .full_name = {}, .capabilities = {}};
  WEBNN_ASSIGN_OR_RETURN(device.full_name, library.DeviceProperty(ov_name, "FULL_DEVICE_NAME"));
  WEBNN_ASSIGN_OR_RETURN(device.capabilities,
                         library.DeviceProperty(ov_name, "OPTIMIZATION_CAPABILITIES"));
  return device;
}

}  // namespace

Result<Device> FindDevice(const Library& library, const std::string& name) {
  if (name.empty() || name == "cpu") {
    // Without a list of all devices: for that the library would open the plug-in of each.
    Result<Device> cpu = Describe(library, "CPU");
    if (cpu.ok()) return cpu;
    return NotSupported("openvino: {} has no device for the CPU: {}", library.path(),
                        cpu.error().message);
  }
  WEBNN_ASSIGN_OR_RETURN(const std::vector<std::string> devices, library.Devices());
  std::string known;
  for (const std::string& one : devices) {
    const std::string ours = Lower(one);
    // "gpu.0" is "gpu" where there is one.
    if (ours == name || (ours == name + ".0")) return Describe(library, one);
    known += (known.empty() ? "" : ", ") + ours;
  }
  return NotSupported("openvino: there is no device '{}'; the devices are: {}", name,
                      known.empty() ? "none" : known);
}

Result<std::vector<Property>> PropertiesFor(const Device& device, Precision precision,
                                            uint32_t threads, bool one_stream) {
  const auto* row =
      std::find_if(kPrecisions.begin(), kPrecisions.end(),
                   [&](const PrecisionRow& one) { return one.precision == precision; });
  if (row == kPrecisions.end() || !HasWord(device.capabilities, row->capability)) {
    std::string there;
    for (const PrecisionRow& one : kPrecisions) {
      if (!HasWord(device.capabilities, one.capability)) continue;
      if (!there.empty()) there += ", ";
      there += EnumNames(one.precision)[static_cast<size_t>(one.precision)];
    }
    return NotSupported("openvino: precision {} is not available on {} ({}); there are: {}",
                        EnumNames(precision)[static_cast<size_t>(precision)], device.name,
                        device.full_name, there.empty() ? "none" : there);
  }
  std::vector<Property> properties = {{"INFERENCE_PRECISION_HINT", row->hint}};
  if (!device.is_cpu()) return properties;
  // Otherwise products with weights of 4 or 8 bits round their other operand to 8 bits, too.
  properties.emplace_back("DYNAMIC_QUANTIZATION_GROUP_SIZE", "0");
  // A stream runs one graph at a time, on its part of the threads.
  const uint32_t cores = std::max(1u, std::thread::hardware_concurrency());
  const uint32_t streams = threads == 0 || one_stream ? 1 : std::max(1u, cores / threads);
  properties.emplace_back("NUM_STREAMS", std::to_string(streams));
  properties.emplace_back("INFERENCE_NUM_THREADS", std::to_string(threads * streams));
  // Several processes that bind their threads bind them to the same cores.
  properties.emplace_back("ENABLE_CPU_PINNING", "NO");
  return properties;
}

}  // namespace webnn::ov
