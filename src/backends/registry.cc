#include <array>

#include "backends/backend.h"
#include "backends/onnxruntime/backend.h"
#ifdef WEBNN_HAVE_TENSORRT
#include "backends/tensorrt/backend.h"
#endif
#ifdef WEBNN_HAVE_OPENVINO
#include "backends/openvino/backend.h"
#endif

namespace webnn {

std::span<const BackendEntry> AllBackends() {
  static constexpr std::array kBackends = {
#ifdef WEBNN_HAVE_TENSORRT
      BackendEntry{"tensorrt", &OpenTensorRt, &ProbeTensorRt, true},
      BackendEntry{"tensorrt-rtx", &OpenTensorRtRtx, &ProbeTensorRtRtx, true},
#endif
#ifdef WEBNN_HAVE_OPENVINO
      BackendEntry{"openvino", &OpenOpenVino},
#endif
      BackendEntry{"onnxruntime", &OpenOnnxRuntime},
  };
  return kBackends;
}

}  // namespace webnn
