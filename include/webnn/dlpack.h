#pragma once

#include "webnn/context.h"
#include "webnn/export.h"
#include "webnn/result.h"
#include "webnn/tensor.h"

/// DLPack's structure (https://dmlc.github.io/dlpack), the form in which frameworks pass tensors on
/// without a copy; declared by its own header, <dlpack/dlpack.h>.
struct DLManagedTensor;

namespace webnn {

/// The tensor for another framework, in place: both see what the other writes. The memory lives
/// until the structure's deleter is called, whatever becomes of the tensor's handles; it may be
/// called from any thread, once. Work of the context on the tensor is not waited for: call
/// `Context::Synchronize` before, or share `ContextOptions::cuda_stream` with the other side.
/// NotSupported for a back end whose memory others cannot use, for a constant tensor, and for
/// elements of 4 bits; InvalidState for a destroyed tensor.
WEBNN_EXPORT Result<DLManagedTensor*> ToDlpack(const Tensor& tensor);

/// A tensor of the context in the memory of another framework, in place. Takes the structure over,
/// also when it fails: its deleter is called, from any thread, when the memory is no longer used.
/// TypeError for a data type that WebNN lacks, for strides that are not those of a packed row-major
/// array, and for null; NotSupported for memory on another device than the context's. `bool` is
/// taken for uint8. The rules of `Context::ImportTensor` hold.
WEBNN_EXPORT Result<Tensor> FromDlpack(const Context& context, DLManagedTensor* managed,
                                       TensorOptions options = {});

}  // namespace webnn
