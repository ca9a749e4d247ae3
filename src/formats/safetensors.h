#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/atomic_file.h"
#include "webnn/types.h"

/// Writing safetensors; `SafetensorsFile` reads them.
namespace webnn::formats {

struct TensorToWrite {
  std::string name;
  OperandDescriptor descriptor;
  std::span<const std::byte> bytes;
};

/// The whole file: names unique. 4-bit types, which the format lacks, become uint8 tensors of
/// their packed bytes.
Result<void> WriteSafetensors(AtomicFile& file, const std::vector<TensorToWrite>& tensors);

}  // namespace webnn::formats
