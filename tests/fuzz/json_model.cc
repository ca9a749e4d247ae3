// Reads the input as "webnn-graph-json": what is accepted can be saved, and is the same graph
// again.

#include "model_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  webnn::CheckModel({reinterpret_cast<const std::byte*>(data), size},
                    webnn::ModelFormat::kWebnnJson);
  return 0;
}
