#pragma once

#include <memory>
#include <vector>

#include "backends/host_memory.h"
#include "backends/onnxruntime/library.h"
#include "onnx/serialize.h"

namespace webnn::ort {

/// What a session's weights live in; must outlive the session.
struct WeightMemory {
  std::vector<std::shared_ptr<const void>> owners;
  std::vector<AlignedBuffer> copies;  ///< Of weights that were not aligned for their elements.
};

/// Makes sessions of `options` take the model's external weights from memory. From ONNX
/// Runtime 1.31 on they are used in place; before, and beside weights that stay in files, ONNX
/// Runtime has no way without a copy of its own.
Result<WeightMemory> HandOverWeights(const Library& library, OrtSessionOptions* options,
                                     const onnx_format::SerializedModel& model);

/// The model's bytes, with its weights where they cost ONNX Runtime the least memory: large ones in
/// mapped files named by their file, so that ONNX Runtime maps them for itself and lets go of what
/// it rewrites for its kernels, where memory of ours would have to stay.
Result<onnx_format::SerializedModel> SerializeForSession(const Library& library,
                                                         const lowering::Model& model);

}  // namespace webnn::ort
