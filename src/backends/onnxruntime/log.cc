#include "backends/onnxruntime/log.h"

#include "fmt/format.h"

namespace webnn::ort {
namespace {

OrtLoggingLevel ToOrt(LogLevel level) {
  switch (level) {
    case LogLevel::kVerbose:
      return ORT_LOGGING_LEVEL_VERBOSE;
    case LogLevel::kInfo:
      return ORT_LOGGING_LEVEL_INFO;
    case LogLevel::kWarning:
      return ORT_LOGGING_LEVEL_WARNING;
    case LogLevel::kError:
      return ORT_LOGGING_LEVEL_ERROR;
  }
  return ORT_LOGGING_LEVEL_FATAL;
}

LogLevel FromOrt(OrtLoggingLevel severity) {
  switch (severity) {
    case ORT_LOGGING_LEVEL_VERBOSE:
      return LogLevel::kVerbose;
    case ORT_LOGGING_LEVEL_INFO:
      return LogLevel::kInfo;
    case ORT_LOGGING_LEVEL_WARNING:
      return LogLevel::kWarning;
    default:
      return LogLevel::kError;
  }
}

}  // namespace

OrtLoggingLevel Log::severity() const {
  return callback_ ? ToOrt(level_) : ORT_LOGGING_LEVEL_FATAL;
}

void Log::Write(OrtLoggingLevel severity, const char* location, const char* message) const {
  if (!callback_ || severity < ToOrt(level_)) return;
  // The caller is C code of another library: nothing may be thrown through it.
  try {
    callback_(FromOrt(severity), fmt::format("onnxruntime: {} ({})", message, location));
  } catch (...) {  // NOLINT(bugprone-empty-catch): there is nowhere left to report it
  }
}

void Log::Callback(void* log, OrtLoggingLevel severity, const char* /*category*/,
                   const char* /*id*/, const char* location, const char* message) {
  static_cast<const Log*>(log)->Write(severity, location, message);
}

void ProcessLog::Add(const std::shared_ptr<const Log>& log) {
  const std::lock_guard lock(mutex_);
  std::erase_if(logs_, [&](const auto& other) { return other.expired() || other.lock() == log; });
  logs_.push_back(log);
}

void ProcessLog::Callback(void* log, OrtLoggingLevel severity, const char* /*category*/,
                          const char* /*id*/, const char* location, const char* message) {
  auto* self = static_cast<ProcessLog*>(log);
  std::vector<std::shared_ptr<const Log>> logs;
  {
    const std::lock_guard lock(self->mutex_);
    for (const auto& candidate : self->logs_) {
      if (auto alive = candidate.lock()) logs.push_back(std::move(alive));
    }
  }
  // Not under the lock: what a callback does is not ours.
  for (const auto& alive : logs) alive->Write(severity, location, message);
}

}  // namespace webnn::ort
