#include "backends/openvino/api.h"

#include <pthread.h>

#include <atomic>
#include <mutex>
#include <string>
#include <string_view>

#include "core/errors.h"

namespace webnn::ov {
namespace {

// Its messages begin with the places in its own sources: "Exception from src/x.cpp:1:\n", perhaps
// several. What follows is what a user can read.
std::string_view WithoutPlaces(std::string_view text) {
  while (text.starts_with("Exception from ") || text.starts_with("Check '")) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos || end + 1 >= text.size()) break;
    text.remove_prefix(end + 1);
  }
  while (text.ends_with('\n') || text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::atomic<bool> forked{false};

}  // namespace

void WatchForks() {
  static std::once_flag once;
  std::call_once(once, [] { pthread_atfork(nullptr, nullptr, [] { forked = true; }); });
}

bool IsForked() { return forked.load(std::memory_order_relaxed); }

std::string_view ForkedMessage() {
  return "this process was forked from one that had opened OpenVINO, whose threads a fork does not "
         "take along: any call would wait for them without end. Start the process by spawn or exec "
         "(Python: multiprocessing.get_context(\"spawn\")), or use the back end \"onnxruntime\"";
}

Error StatusError(const Api& api, ov_status_e status, std::string_view action) {
  // There is one last message for the process, and none of a call with wrong arguments.
  std::string reason;
  if (status != ov_status_e::INVALID_C_PARAM && status != ov_status_e::NOT_IMPLEMENT_C_METHOD) {
    if (const char* message = api.ov_get_last_err_msg(); message != nullptr) {
      reason = WithoutPlaces(message);
      api.ov_free(message);
    }
  }
  if (reason.empty()) reason = api.ov_get_error_info(status);
  return OperationError("openvino: {}: {}", action, reason);
}

}  // namespace webnn::ov
