#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/element_types.h"
#include "graph/graph_data.h"
#include "webnn/model_io.h"

namespace webnn::formats {

/// A tensor of a weights file, in the mapped file.
struct Weight {
  const ElementType* type = nullptr;  ///< Null: the manifest does not say.
  std::optional<std::vector<uint64_t>> sizes;
  std::span<const std::byte> bytes;
};

/// "a.b::c" -> "a_b__c", as older programs wrote names into graphs, but not into weights.
std::string Sanitized(std::string_view name);

/// The weights of a graph file: safetensors, or raw bytes with a manifest. A handle on the mapping.
class WeightsFile {
 public:
  /// The file that the options name, else the one beside `model_path`: <stem>.safetensors,
  /// model.safetensors, <stem>.weights, model.weights. An empty path: nothing lies beside it.
  static Result<WeightsFile> Open(const std::string& model_path, const LoadOptions& options);

  /// The tensor under this key, as a constant. TypeError when there is none (the key as it is, or
  /// the only one that is the same once sanitised), or one of another type or shape.
  Result<ConstantData> Get(const std::string& key, const OperandDescriptor& descriptor,
                           bool narrow) const;

 private:
  Result<void> ReadSafetensors();
  Result<void> ReadManifest(const std::string& manifest_path);
  Result<const Weight*> Find(const std::string& key) const;

  std::string path_;
  std::shared_ptr<const void> owner_;
  std::unordered_map<std::string, Weight> weights_;
  /// Sanitised keys; null where several keys become the same.
  std::unordered_map<std::string, const Weight*> sanitized_;
};

/// "." for a path without a folder.
std::string FolderOf(const std::string& path);

}  // namespace webnn::formats
