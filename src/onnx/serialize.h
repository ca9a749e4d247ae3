#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/file_mappings.h"
#include "lowering/model.h"
#include "webnn/result.h"

/// Models in ONNX's wire format.
namespace webnn::onnx_format {

/// Where a runtime finds a weight by itself: location and offset of ONNX's external data, in the
/// words that this runtime understands.
struct WeightPlace {
  std::string location;
  uint64_t offset = 0;
};

struct SerializeOptions {
  /// All weights inside the file, for tools that get nothing but the file.
  bool embed_weights = false;
  /// The same for runtimes that get the bytes and no file: each weight is copied once. The graph's
  /// message comes in several parts then, which readers of protobuf merge.
  bool append_weights = false;
  /// Data types and shapes of the values between the operators, for checkers and viewers.
  bool value_shapes = false;
  /// Large external weights that lie in one of these files are referred to there, by a location
  /// relative to the root folder, and not handed over.
  const FileMappings* files = nullptr;
  /// Asked for each external weight; those that it gives a place are not handed over.
  std::function<std::optional<WeightPlace>(std::span<const std::byte> bytes)> place = nullptr;
  /// All external weights lie in a file of this name, in the order in which they are handed over
  /// and at their offsets. Empty: each in one of its own.
  std::string weights_file = {};
  /// The graph's name.
  std::string name = "webnn";
};

/// A weight that the model refers to as external data and that is handed over beside it.
struct ExternalWeight {
  std::string name;      ///< Of the tensor.
  std::string location;  ///< Of the external data in the file; a name, no such file exists.
  uint64_t offset;       ///< There.
  lowering::Element element;
  std::vector<int64_t> sizes;
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;  ///< Keeps `bytes` alive; may be null.
};

struct SerializedModel {
  std::string proto;  ///< A ModelProto.
  std::vector<ExternalWeight> weights;
  /// Bytes of weights that are not handed over but named by their files.
  uint64_t bytes_in_files = 0;
  /// The names of inputs and outputs in the file, in the model's order: the user's, but where those
  /// are empty or not unique in ONNX's one name space.
  std::vector<std::string> input_names;
  std::vector<std::string> output_names;
};

/// OperationError when what must be inside the file makes it larger than protobuf's 2 GiB.
Result<SerializedModel> Serialize(const lowering::Model& model,
                                  const SerializeOptions& options = {});

}  // namespace webnn::onnx_format
