#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "backends/openvino/library.h"
#include "cache/container.h"
#include "webnn/context.h"

namespace webnn::ov {

/// Tells a compilation's caller how far it is, and whether it was given up.
class Progress {
 public:
  explicit Progress(ProgressCallback callback) : callback_(std::move(callback)) {}
  bool wanted() const { return callback_ != nullptr; }
  /// AbortError when the caller has cancelled.
  Result<void> Report(std::string_view phase, double fraction) const;

 private:
  ProgressCallback callback_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Compiles. OpenVINO reports no progress and cannot be stopped: where the caller wants either, it
/// works in a thread of its own, which goes on to its end after it was given up.
class Compiler {
 public:
  explicit Compiler(const Library& library) : library_(library) {}
  /// Waits for compilations that were given up.
  ~Compiler();

  Result<Handle<ov_compiled_model_t>> Compile(Handle<ov_model_t> model, const std::string& device,
                                              const std::vector<Property>& properties,
                                              const Progress& progress);

 private:
  const Library& library_;
  std::mutex mutex_;
  std::vector<std::thread> given_up_;
};

/// The compiled model as bytes. OperationError where they cannot be written to a temporary file,
/// the only way that the library has.
Result<cache::Blob> Export(const Library& library, const ov_compiled_model_t* model);

}  // namespace webnn::ov
