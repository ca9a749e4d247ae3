#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "backends/onnxruntime/api.h"
#include "webnn/context.h"

namespace webnn::ort {

/// Where the messages of one context go.
class Log {
 public:
  explicit Log(const ContextOptions& options) : callback_(options.log), level_(options.log_level) {}

  /// What ONNX Runtime need not even format.
  OrtLoggingLevel severity() const;
  void Write(OrtLoggingLevel severity, const char* location, const char* message) const;

  /// For ONNX Runtime; `log` is a `Log*`.
  static void ORT_API_CALL Callback(void* log, OrtLoggingLevel severity, const char* category,
                                    const char* id, const char* location, const char* message);

 private:
  LogCallback callback_;
  LogLevel level_;
};

/// The messages that belong to the process, as those about the machine's devices, go to every
/// context of the library.
class ProcessLog {
 public:
  /// Nothing for one that it has.
  void Add(const std::shared_ptr<const Log>& log);
  /// For ONNX Runtime; `log` is a `ProcessLog*`.
  static void ORT_API_CALL Callback(void* log, OrtLoggingLevel severity, const char* category,
                                    const char* id, const char* location, const char* message);

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<const Log>> logs_;
};

}  // namespace webnn::ort
