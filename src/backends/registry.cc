#include <array>

#include "backends/backend.h"
#include "backends/onnxruntime/backend.h"

namespace webnn {

std::span<const BackendEntry> AllBackends() {
  static constexpr std::array kBackends = {
      BackendEntry{"onnxruntime", &OpenOnnxRuntime},
  };
  return kBackends;
}

}  // namespace webnn
