#include "webnn/devices.h"

#include <utility>

#include "backends/backend.h"
#include "backends/selection.h"
#include "fmt/format.h"
#include "webnn/context.h"
#ifdef WEBNN_HAVE_TENSORRT
#include "backends/cuda/driver.h"
#endif

namespace webnn {
namespace {

BackendStatus StatusOf(const BackendEntry& entry, const ContextOptions& options,
                       bool open_library) {
  if (entry.probe != nullptr) return entry.probe(options, open_library);
  BackendStatus status = {.name = std::string(entry.name)};
  const auto backend = entry.open(options);
  if (!backend) {
    status.reason = backend.error().message;
    return status;
  }
  status.available = true;
  status.device = (*backend)->device();
  status.version = (*backend)->version();
  status.library = (*backend)->library();
  return status;
}

#ifdef WEBNN_HAVE_TENSORRT
void AddGpus(DeviceList& list) {
  if (const auto driver = cuda::Driver()) list.driver = driver->version;
  const auto devices = cuda::ListDevices();
  if (!devices) {
    list.gpu_reason = devices.error().message;
    return;
  }
  for (const cuda::DeviceInfo& device : *devices) {
    list.gpus.push_back({.device = fmt::format("cuda:{}", device.ordinal),
                         .name = device.name,
                         .major = device.major,
                         .minor = device.minor,
                         .memory_bytes = device.memory_bytes,
                         .uuid = device.uuid});
  }
}
#else
void AddGpus(DeviceList& list) {
  list.gpu_reason = "this build of the library has no back end for GPUs";
}
#endif

}  // namespace

DeviceList Devices(const DeviceQuery& query) {
  DeviceList list;
  const ContextOptions options = {.library_path = query.library_path};
  for (const BackendEntry& entry : AllBackends()) {
    list.backends.push_back(StatusOf(entry, options, query.open_libraries));
  }
  AddGpus(list);
  return list;
}

std::vector<Candidate> Candidates(const ContextOptions& options) {
  Result<Selection> selection = Selection::Make(AllBackends(), options);
  // A name that there is not.
  if (!selection) {
    return {{.backend = options.backend,
             .state = CandidateState::kRefused,
             .reason = selection.error().message}};
  }
  selection->Probe();
  return selection->candidates();
}

}  // namespace webnn
