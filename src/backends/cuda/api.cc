#include "backends/cuda/api.h"

#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "core/dynamic_library.h"
#include "core/errors.h"
#include "core/try.h"

namespace webnn::cuda {
namespace {

constexpr int kMinimumVersion = 12000;
constexpr const char* kVariable = "WEBNN_CUDA_LIBRARY";
constexpr const char* kDefaultLibrary = "libcuda.so.1";
constexpr std::string_view kHowToGetIt =
    "It comes with NVIDIA's driver for the GPU (version 525 or newer), not with the CUDA toolkit; "
    "in "
    "a container it is that of the host, given by the NVIDIA Container Toolkit (`--gpus all`).";

// What can be done about a driver that does not start.
std::string_view Hint(CUresult result) {
  switch (result) {
    case CUDA_ERROR_NO_DEVICE:
      return "There is no NVIDIA GPU that this process may use: see what `nvidia-smi -L` lists and "
             "the environment variable CUDA_VISIBLE_DEVICES; a container needs `--gpus all`.";
    case CUDA_ERROR_STUB_LIBRARY:
      return "This is the toolkit's stub for linking: take its folder off LD_LIBRARY_PATH.";
    case CUDA_ERROR_SYSTEM_DRIVER_MISMATCH:
      return "The library and the loaded kernel module are of different versions: restart the "
             "machine after an update of the driver, or, in a container, take its own libcuda "
             "away.";
    case CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE:
      return "The forward compatibility package does not work on this GPU: take its folder off "
             "LD_LIBRARY_PATH or update the driver.";
    default:
      return "See whether `nvidia-smi` works and whether /dev/nvidia* may be read and written.";
  }
}

struct Loaded {
  Api api;
  std::optional<CUresult> initialised;  // what cuInit gave
};

Result<std::unique_ptr<Loaded>> Load(const std::string& path) {
  Result<DynamicLibrary> file = DynamicLibrary::Open(path);
  if (!file) {
    return NotSupported("CUDA: the driver's library {} cannot be opened: {}. {}", path,
                        file.error().message, kHowToGetIt);
  }
  auto loaded = std::make_unique<Loaded>();
  Api& api = loaded->api;
  // Asked first: an old driver lacks others of the functions.
  WEBNN_ASSIGN_OR_RETURN(void* get_version, file->Symbol("cuDriverGetVersion"));
  api.cuDriverGetVersion = reinterpret_cast<decltype(api.cuDriverGetVersion)>(get_version);
  if (api.cuDriverGetVersion(&api.version) != CUDA_SUCCESS || api.version < kMinimumVersion) {
    return NotSupported(
        "CUDA: the driver {} is of CUDA {}.{}; CUDA {}.0 or newer is needed. Update NVIDIA's "
        "driver "
        "to version 525 or newer.",
        path, api.version / 1000, api.version % 1000 / 10, kMinimumVersion / 1000);
  }
#define WEBNN_CUDA_TEXT_OF(x) #x
#define WEBNN_CUDA_TEXT(x) WEBNN_CUDA_TEXT_OF(x)
#define WEBNN_CUDA_LOAD(name) \
  { \
    Result<void*> symbol = file->Symbol(WEBNN_CUDA_TEXT(name)); \
    if (!symbol) { \
      return NotSupported("CUDA: {} is not a complete driver: {}", path, symbol.error().message); \
    } \
    api.name = reinterpret_cast<decltype(api.name)>(*symbol); \
  }
  WEBNN_CUDA_FUNCTIONS(WEBNN_CUDA_LOAD)
#undef WEBNN_CUDA_LOAD
#undef WEBNN_CUDA_TEXT
#undef WEBNN_CUDA_TEXT_OF
  api.library = DynamicLibrary::FileOf(get_version);
  if (api.library.empty()) api.library = path;
  file->Keep();  // the driver cannot be unloaded safely
  return loaded;
}

// The environment is looked at each time, so that a test can take another library.
Result<Loaded*> Find() {
  static std::mutex mutex;
  static auto* const kLoaded = new std::map<std::string, std::unique_ptr<Loaded>>;
  const char* named = std::getenv(kVariable);
  const std::string path = named != nullptr && *named != '\0' ? named : kDefaultLibrary;
  const std::lock_guard lock(mutex);
  auto known = kLoaded->find(path);
  if (known == kLoaded->end()) {
    WEBNN_ASSIGN_OR_RETURN(std::unique_ptr<Loaded> loaded, Load(path));
    known = kLoaded->emplace(path, std::move(loaded)).first;
  }
  return known->second.get();
}

}  // namespace

std::string ErrorText(const Api& api, CUresult result) {
  const char* name = nullptr;
  const char* text = nullptr;
  if (api.cuGetErrorName(result, &name) != CUDA_SUCCESS || name == nullptr) {
    return fmt::format("error {}", static_cast<int>(result));
  }
  if (api.cuGetErrorString(result, &text) != CUDA_SUCCESS || text == nullptr) return name;
  return fmt::format("{} ({})", name, text);
}

Result<const Api*> LoadApi() {
  WEBNN_ASSIGN_OR_RETURN(Loaded * loaded, Find());
  return &loaded->api;
}

Result<const Api*> OpenApi() {
  WEBNN_ASSIGN_OR_RETURN(Loaded * loaded, Find());
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (loaded->initialised != CUDA_SUCCESS) loaded->initialised = loaded->api.cuInit(0);
  if (*loaded->initialised == CUDA_SUCCESS) return &loaded->api;
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  return NotSupported("CUDA: the driver {} does not start: {}. {}{}", loaded->api.library,
                      ErrorText(loaded->api, *loaded->initialised), Hint(*loaded->initialised),
                      visible == nullptr
                          ? std::string()
                          : fmt::format(" CUDA_VISIBLE_DEVICES is \"{}\".", visible));
}

}  // namespace webnn::cuda
