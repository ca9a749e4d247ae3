#pragma once

#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backends/openvino/api.h"
#include "webnn/context.h"
#include "webnn/result.h"

namespace webnn::ov {

/// A property and its value, as the library's documentation writes them.
using Property = std::pair<std::string, std::string>;

/// OpenVINO's library, opened, with its core. There is one for each path in a process, and it stays
/// until the process ends: OpenVINO keeps threads and static objects that make it unsafe to unload.
class Library {
 public:
  /// In this order: `options.library_path`, the environment variable WEBNN_OPENVINO_LIBRARY,
  /// installed Python packages, the loader's own path. What was named explicitly is never passed
  /// over. May be called from several threads.
  static Result<const Library*> Open(const ContextOptions& options);

  /// The first of `paths` (a name without a slash is the loader's to find) that can be used.
  static Result<const Library*> OpenFirst(std::span<const std::string> paths);

  const Api& api() const { return api_; }
  const ov_core_t* core() const { return core_; }
  /// "2026.4.1"
  const std::string& version() const { return version_; }
  /// With the number of the build: what a compiled model is bound to.
  const std::string& build() const { return build_; }
  const std::string& path() const { return path_; }

  /// Names of the devices that work here, as "CPU" and "GPU.1".
  Result<std::vector<std::string>> Devices() const;
  /// A property of a device as text.
  Result<std::string> DeviceProperty(const std::string& device, const char* key) const;

  Result<Handle<ov_model_t>> ReadModel(const std::string& onnx) const;
  Result<Handle<ov_compiled_model_t>> Compile(const ov_model_t* model, const std::string& device,
                                              const std::vector<Property>& properties) const;
  /// The same from what `ov_compiled_model_export_model` has written.
  Result<Handle<ov_compiled_model_t>> Import(std::span<const std::byte> bytes,
                                             const std::string& device,
                                             const std::vector<Property>& properties) const;

 private:
  friend class LibraryList;
  Library() = default;

  Api api_;
  ov_core_t* core_ = nullptr;
  std::string version_;
  std::string build_;
  std::string path_;
  // An imported model takes the properties that its device has at the time.
  mutable std::mutex import_mutex_;
};

}  // namespace webnn::ov
