#include "backends/cuda/driver.h"

#include <array>
#include <charconv>
#include <fstream>
#include <iterator>

#include "backends/cuda/api.h"
#include "core/errors.h"
#include "core/try.h"

namespace webnn::cuda {
namespace {

std::string UuidText(const CUuuid& uuid) {
  std::string text = "GPU";
  for (size_t i = 0; i < sizeof(uuid.bytes); ++i) {
    if (i == 0 || i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", static_cast<unsigned char>(uuid.bytes[i]));
  }
  return text;
}

Result<void> Ask(const Api& api, CUresult result, const char* call) {
  if (result == CUDA_SUCCESS) return {};
  return NotSupported("CUDA: {}: {}", call, ErrorText(api, result));
}

Result<DeviceInfo> Describe(const Api& api, int ordinal) {
  DeviceInfo info;
  info.ordinal = ordinal;
  CUdevice device = 0;
  std::array<char, 256> name{};
  CUuuid uuid{};
  size_t bytes = 0;
  WEBNN_RETURN_IF_ERROR(Ask(api, api.cuDeviceGet(&device, ordinal), "cuDeviceGet"));
  WEBNN_RETURN_IF_ERROR(
      Ask(api, api.cuDeviceGetName(name.data(), static_cast<int>(name.size()) - 1, device),
          "cuDeviceGetName"));
  WEBNN_RETURN_IF_ERROR(Ask(api, api.cuDeviceTotalMem(&bytes, device), "cuDeviceTotalMem"));
  WEBNN_RETURN_IF_ERROR(Ask(api, api.cuDeviceGetUuid(&uuid, device), "cuDeviceGetUuid"));
  for (auto [attribute, value] :
       {std::pair(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, &info.major),
        std::pair(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, &info.minor)}) {
    WEBNN_RETURN_IF_ERROR(
        Ask(api, api.cuDeviceGetAttribute(value, attribute, device), "cuDeviceGetAttribute"));
  }
  info.name = name.data();
  info.memory_bytes = bytes;
  info.uuid = UuidText(uuid);
  return info;
}

}  // namespace

std::string KernelVersionIn(std::string_view text) {
  // "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.159.04  Release Build ...": the first word
  // of digits and points.
  constexpr std::string_view kSpaces = " \t\n";
  for (size_t begin = 0; (begin = text.find_first_not_of(kSpaces, begin)) != text.npos;) {
    const std::string_view word = text.substr(begin, text.find_first_of(kSpaces, begin) - begin);
    if (word.find_first_not_of("0123456789.") == word.npos && word.find('.') != word.npos &&
        word.front() != '.') {
      return std::string(word);
    }
    begin += word.size();
  }
  return {};
}

Result<DriverInfo> Driver() {
  WEBNN_ASSIGN_OR_RETURN(const Api* api, LoadApi());
  DriverInfo info;
  info.cuda_version = api->version;
  info.library = api->library;
  std::ifstream file("/proc/driver/nvidia/version");
  info.version = KernelVersionIn(
      std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()));
  if (info.version.empty()) {
    info.version = fmt::format("CUDA {}.{}", api->version / 1000, api->version % 1000 / 10);
  }
  return info;
}

Result<std::vector<DeviceInfo>> ListDevices() {
  WEBNN_ASSIGN_OR_RETURN(const Api* api, OpenApi());
  int count = 0;
  WEBNN_RETURN_IF_ERROR(Ask(*api, api->cuDeviceGetCount(&count), "cuDeviceGetCount"));
  std::vector<DeviceInfo> devices;
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    WEBNN_ASSIGN_OR_RETURN(DeviceInfo info, Describe(*api, ordinal));
    devices.push_back(std::move(info));
  }
  return devices;
}

Result<DeviceInfo> FindDevice(std::string_view name) {
  constexpr std::string_view kPrefix = "cuda:";
  int index = 0;
  if (!name.empty() && name != "cuda") {
    const std::string_view digits =
        name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : std::string_view();
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() ||
        index < 0) {
      return NotSupported(
          "CUDA: there is no device \"{}\"; devices are named \"cuda:0\", \"cuda:1\" ... in the "
          "order "
          "that CUDA_VISIBLE_DEVICES gives them, and \"cuda\" is the first",
          name);
    }
  }
  WEBNN_ASSIGN_OR_RETURN(std::vector<DeviceInfo> devices, ListDevices());
  if (static_cast<size_t>(index) < devices.size()) return std::move(devices[index]);
  std::string list;
  for (const DeviceInfo& device : devices) {
    list += fmt::format("{}cuda:{} ({})", list.empty() ? "" : ", ", device.ordinal, device.name);
  }
  return NotSupported("CUDA: there is no device \"{}\"; this process sees {}", name,
                      list.empty() ? "none" : list);
}

}  // namespace webnn::cuda
