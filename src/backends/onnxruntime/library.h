#pragma once

#include <memory>
#include <span>
#include <string>

#include "backends/onnxruntime/api.h"
#include "backends/onnxruntime/log.h"
#include "webnn/context.h"
#include "webnn/result.h"

namespace webnn::ort {

/// ONNX Runtime's library, opened, with its environment. There is one for each path in a process,
/// and it stays until the process ends: ONNX Runtime keeps threads and static objects that make it
/// unsafe to unload, and an environment that other users of the library in this process may share.
class Library {
 public:
  /// In this order: `options.library_path`, the environment variable WEBNN_ONNXRUNTIME_LIBRARY,
  /// installed Python packages, the loader's own path. What was named explicitly is never passed
  /// over. `log` also gets the process's messages. May be called from several threads.
  static Result<const Library*> Open(const ContextOptions& options,
                                     const std::shared_ptr<const Log>& log);

  /// The first of `paths` (a name without a slash is the loader's to find) that can be used.
  static Result<const Library*> OpenFirst(std::span<const std::string> paths,
                                          const std::shared_ptr<const Log>& log);

  const OrtApi& api() const { return *api_; }
  const OrtEnv* env() const { return env_; }
  const OrtMemoryInfo* cpu_memory() const { return cpu_memory_; }
  const std::string& version() const { return version_; }
  /// 32 for "1.32.0"; the major version is 1.
  int minor_version() const { return minor_version_; }
  const std::string& path() const { return path_; }

 private:
  friend class LibraryList;
  Library() = default;

  const OrtApi* api_ = nullptr;
  OrtEnv* env_ = nullptr;
  OrtMemoryInfo* cpu_memory_ = nullptr;
  std::string version_;
  int minor_version_ = 0;
  std::string path_;
  ProcessLog* log_ = nullptr;
};

}  // namespace webnn::ort
