#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lowering/model.h"
#include "webnn/context.h"

namespace webnn::ort {

/// An ONNX file that ONNX Runtime runs as it is, with its own options but for the threads: what
/// results of ours are compared with.
class FileSession {
 public:
  struct Tensor {
    std::string name;
    lowering::Element element = lowering::Element::kNone;
    std::vector<int64_t> sizes;
    std::vector<std::byte> bytes;  ///< bool takes one.
  };

  /// Library and threads as `options` say.
  static Result<std::unique_ptr<FileSession>> Open(const std::string& path,
                                                   const ContextOptions& options);
  virtual ~FileSession() = default;
  /// Names and element types of the inputs.
  virtual const std::vector<Tensor>& inputs() const = 0;
  /// NotSupported for outputs that are no tensors of numbers.
  virtual Result<std::vector<Tensor>> Run(std::span<const Tensor> inputs) = 0;
};

}  // namespace webnn::ort
