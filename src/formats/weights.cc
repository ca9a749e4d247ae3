#include "formats/weights.h"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <system_error>
#include <utility>

#include "core/errors.h"
#include "core/mapped_file.h"
#include "core/try.h"
#include "formats/json_tree.h"
#include "formats/weight_bytes.h"
#include "graph/infer_context.h"

namespace webnn::formats {
namespace {

constexpr std::string_view kSafetensors = ".safetensors";

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// The first of the candidates that is there, or nothing.
std::string FirstOf(const std::string& folder, std::initializer_list<std::string> names) {
  for (const std::string& name : names) {
    std::string path = fmt::format("{}/{}", folder, name);
    if (Exists(path)) return path;
  }
  return {};
}

std::string Stem(const std::string& path) { return std::filesystem::path(path).stem().string(); }

std::string RelativeTo(const std::string& model_path, const std::string& path) {
  if (model_path.empty() || path.starts_with('/')) return path;
  return FolderOf(model_path) + "/" + path;
}

std::string Shown(const Weight& weight, const OperandDescriptor& expected) {
  return fmt::format(
      "{}[{}]", weight.type == nullptr ? Name(expected.data_type()) : weight.type->name,
      weight.sizes ? fmt::format("{}", fmt::join(*weight.sizes, ", ")) : std::string("?"));
}

}  // namespace

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return path.substr(0, slash == 0 ? 1 : slash);
}

std::string Sanitized(std::string_view name) {
  std::string sanitized;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name.substr(i).starts_with("::")) {
      sanitized += "__";
      ++i;
    } else {
      sanitized += name[i] == '.' ? '_' : name[i];
    }
  }
  return sanitized;
}

Result<WeightsFile> WeightsFile::Open(const std::string& model_path, const LoadOptions& options) {
  WeightsFile weights;
  const std::string folder = FolderOf(model_path);
  const std::string stem = Stem(model_path);
  if (!options.weights.empty()) {
    weights.path_ = RelativeTo(model_path, options.weights);
  } else if (!model_path.empty()) {
    weights.path_ = FirstOf(
        folder, {stem + ".safetensors", "model.safetensors", stem + ".weights", "model.weights"});
  }
  if (weights.path_.empty()) {
    if (model_path.empty()) return TypeError("the weights are in another file: name it");
    return TypeError(
        "the weights are in another file, and \"{}\" holds neither {}.safetensors, "
        "model.safetensors, {}.weights nor model.weights",
        folder, stem, stem);
  }
  if (weights.path_.ends_with(kSafetensors)) {
    WEBNN_RETURN_IF_ERROR(weights.ReadSafetensors());
  } else {
    std::string manifest = RelativeTo(model_path, options.manifest);
    if (options.manifest.empty()) {
      const std::string weights_folder = FolderOf(weights.path_);
      manifest = FirstOf(weights_folder, {Stem(weights.path_) + ".manifest.json",
                                          stem + ".manifest.json", "manifest.json"});
      if (manifest.empty()) {
        return TypeError("\"{}\" holds neither {}.manifest.json nor manifest.json for \"{}\"",
                         weights_folder, Stem(weights.path_), weights.path_);
      }
    }
    WEBNN_RETURN_IF_ERROR(weights.ReadManifest(manifest));
  }
  for (const auto& [key, weight] : weights.weights_) {
    const auto [place, is_new] = weights.sanitized_.emplace(Sanitized(key), &weight);
    if (!is_new) place->second = nullptr;
  }
  return weights;
}

Result<void> WeightsFile::ReadSafetensors() {
  WEBNN_ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::Open(path_));
  owner_ = std::make_shared<SafetensorsFile>(file);
  for (const SafetensorsEntry& entry : file.entries()) {
    weights_[entry.name] = {FindSafetensorsType(entry.data_type), entry.sizes, entry.bytes};
  }
  return {};
}

Result<void> WeightsFile::ReadManifest(const std::string& manifest_path) {
  WEBNN_ASSIGN_OR_RETURN(const auto manifest, MappedFile::Open(manifest_path));
  const auto fail = [&](const std::string& text) {
    return TypeError("\"{}\": {}", manifest_path, text);
  };
  const std::span<const std::byte> text = manifest->bytes();
  auto json = ParseJson({reinterpret_cast<const char*>(text.data()), text.size()});
  if (!json) return fail(json.error().message);
  const JsonTree* tensors = json->Find("tensors");
  const auto* members = tensors == nullptr ? nullptr : tensors->As<JsonTree::Object>();
  if (members == nullptr) return fail("it has no object \"tensors\"");
  if (const JsonTree* order = json->Find("endianness");
      order != nullptr &&
      (order->As<std::string>() == nullptr || *order->As<std::string>() != "little")) {
    return fail("endianness must be \"little\"");
  }
  WEBNN_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path_));
  owner_ = file;
  const std::span<const std::byte> data = file->bytes();
  for (const auto& [key, tensor] : *members) {
    const auto fail_here = [&](const std::string& what) {
      return fail(fmt::format("/tensors/{}: {}", EscapeControls(key), what));
    };
    const auto number = [&, &tensor = tensor](std::string_view name) -> std::optional<uint64_t> {
      const JsonTree* found = tensor.Find(name);
      const auto* value = found == nullptr ? nullptr : found->As<Number>();
      if (value == nullptr || !value->is_integer()) return std::nullopt;
      if (value->kind() == Number::Kind::kInt64 && value->int64() < 0) return std::nullopt;
      return value->uint64();
    };
    const auto offset = number("byteOffset");
    const auto length = number("byteLength");
    if (!offset || !length) return fail_here("byteOffset and byteLength must be sizes");
    if (*offset > data.size() || *length > data.size() - *offset) {
      return fail_here(fmt::format("bytes {} to {} + {} are not within the {} bytes of \"{}\"",
                                   *offset, *offset, *length, data.size(), path_));
    }
    Weight weight{.bytes = data.subspan(*offset, *length)};
    if (const JsonTree* type = tensor.Find("dataType")) {
      const auto* name = type->As<std::string>();
      weight.type = name == nullptr ? nullptr : FindElementType(*name);
      if (weight.type == nullptr) return fail_here("dataType names no data type");
    }
    if (const JsonTree* shape = tensor.Find("shape")) {
      weight.sizes = ToSizes(*shape);
      if (!weight.sizes) return fail_here("shape must be a list of sizes");
    }
    weights_[key] = std::move(weight);
  }
  return {};
}

Result<const Weight*> WeightsFile::Find(const std::string& key) const {
  if (auto found = weights_.find(key); found != weights_.end()) return &found->second;
  if (auto found = sanitized_.find(Sanitized(key)); found != sanitized_.end()) {
    if (found->second != nullptr) return found->second;
    return TypeError("\"{}\" has several tensors that \"{}\" could be", path_, EscapeControls(key));
  }
  return TypeError("\"{}\" has no tensor \"{}\"", path_, EscapeControls(key));
}

Result<ConstantData> WeightsFile::Get(const std::string& key, const OperandDescriptor& descriptor,
                                      bool narrow) const {
  WEBNN_ASSIGN_OR_RETURN(const Weight* weight, Find(key));
  const auto mismatch = [&](std::string_view help) {
    return TypeError("tensor \"{}\" of \"{}\" is {} and takes {} bytes; declared is {}, of {}{}",
                     EscapeControls(key), path_, Shown(*weight, descriptor), weight->bytes.size(),
                     ToString(descriptor), descriptor.byte_length(), help);
  };
  const DataType declared = descriptor.data_type();
  // Packed 4-bit elements are a list of bytes in a file that has no such type.
  const bool packed = BitsPerElement(declared) < 8 && weight->type != nullptr &&
                      weight->type->name == "uint8" && weight->sizes && weight->sizes->size() == 1;
  if (weight->sizes && !packed &&
      !std::equal(weight->sizes->begin(), weight->sizes->end(), descriptor.shape().begin(),
                  descriptor.shape().end())) {
    return mismatch("");
  }
  if (weight->type != nullptr && declared == DataType::kFloat32 && !weight->type->type &&
      (weight->type->name == "bfloat16" || weight->type->name == "float64")) {
    if (weight->type->name == "float64" && !narrow) return mismatch("; float64 can be narrowed");
    ConstantData converted = ToFloat32(*weight->type, weight->bytes);
    if (converted.bytes.size() != descriptor.byte_length()) return mismatch("");
    return converted;
  }
  if ((weight->type != nullptr && !packed && weight->type->type != declared) ||
      weight->bytes.size() != descriptor.byte_length()) {
    return mismatch("");
  }
  return Aligned({owner_, weight->bytes}, declared);
}

}  // namespace webnn::formats
