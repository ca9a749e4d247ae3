// What the TensorRT back end reads of files: the payload, the plan's header, and what a library
// says of its engines.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "backends/tensorrt/inspect.h"
#include "backends/tensorrt/messages.h"
#include "backends/tensorrt/payload.h"
#include "backends/tensorrt/plan.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace trt = webnn::trt;
  const auto bytes = std::as_bytes(std::span(data, size));
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto payload = trt::Decode({nullptr, bytes})) {
    // What was read is written in the same way, but for the zeros between names and plan.
    const auto again = trt::Decode(trt::Encode(*payload));
    if (!again.ok() || again->inputs != payload->inputs || again->outputs != payload->outputs ||
        !std::ranges::equal(again->plan.bytes, payload->plan.bytes)) {
      std::abort();
    }
  }
  (void)trt::CheckPlan(trt::Flavor::kTensorRt, {10, 6, 0, 26}, bytes, size % 2 != 0).ok();
  (void)trt::ComputesIn(text, webnn::lowering::Element::kFloat16);
  if (trt::Shorten(text, 100).size() > 104) std::abort();
  return 0;
}
