#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/errors.h"
#include "core/try.h"
#include "formats/graph_file.h"
#include "formats/node_call.h"
#include "formats/weight_bytes.h"
#include "formats/weights.h"
#include "graph/infer_context.h"

namespace webnn::formats {
namespace {

// Numbers that stand for whole constants, in one file: a few bytes must not ask for gigabytes.
constexpr uint64_t kMaxFilledBytes = uint64_t{256} << 20;

std::string Quoted(std::string_view name) { return fmt::format("\"{}\"", EscapeControls(name)); }

/// The sizes of open dimensions, as the caller fixes them.
class DimensionSizes {
 public:
  explicit DimensionSizes(const LoadOptions& options) : options_(options) {}

  /// Takes what the options say, checked against the file's inputs.
  Result<void> Read(const GraphFile& file) {
    if (!options_.values.empty()) {
      return NotSupported("only inputs of ONNX files can be given a value");
    }
    for (const auto& [name, size] : options_.dimensions) {
      const bool exists = std::any_of(
          file.inputs.begin(), file.inputs.end(), [&, &name = name](const FileInput& input) {
            return std::any_of(
                input.shape.begin(), input.shape.end(),
                [&](const FileDimension& dimension) { return dimension.name == name; });
          });
      if (!exists) return TypeError("no input has an open dimension {}", Quoted(name));
      WEBNN_RETURN_IF_ERROR(Fix(name, size));
    }
    for (const auto& [name, shape] : options_.shapes) {
      const auto input = std::find_if(
          file.inputs.begin(), file.inputs.end(),
          [&, &name = name](const FileInput& candidate) { return candidate.name == name; });
      if (input == file.inputs.end()) return TypeError("there is no input {}", Quoted(name));
      if (shape.rank() != input->shape.size()) {
        return TypeError("input {} has rank {}; the shape {} is given for it", Quoted(name),
                         input->shape.size(), ToString(shape));
      }
      for (size_t i = 0; i < input->shape.size(); ++i) {
        const FileDimension& dimension = input->shape[i];
        if (!dimension.name.empty()) {
          WEBNN_RETURN_IF_ERROR(Fix(dimension.name, shape[i]));
        } else if (dimension.size != shape[i]) {
          return TypeError("dimension {} of input {} is {} and not open; {} is given for it", i,
                           Quoted(name), dimension.size, shape[i]);
        }
      }
    }
    return {};
  }

  /// An open dimension that nobody fixes has its largest size.
  Result<Shape> Resolve(const FileInput& input) const {
    std::vector<uint32_t> sizes;
    for (const FileDimension& dimension : input.shape) {
      const auto fixed = fixed_.find(dimension.name);
      if (dimension.name.empty() || fixed == fixed_.end()) {
        sizes.push_back(dimension.size);
        continue;
      }
      if (fixed->second > dimension.size) {
        return TypeError("the dimension {} of input {} is at most {}; {} is given for it",
                         Quoted(dimension.name), Quoted(input.name), dimension.size, fixed->second);
      }
      sizes.push_back(fixed->second);
    }
    return Shape(std::move(sizes));
  }

 private:
  Result<void> Fix(const std::string& name, uint32_t size) {
    const auto [place, is_new] = fixed_.emplace(name, size);
    if (is_new || place->second == size) return {};
    return TypeError("two sizes are given for the dimension {}: {} and {}", Quoted(name),
                     place->second, size);
  }

  const LoadOptions& options_;
  std::map<std::string, uint32_t> fixed_;
};

class FileBuilder {
 public:
  FileBuilder(GraphBuilder& builder, const GraphFile& file, const LoadOptions& options)
      : builder_(builder), file_(file), options_(options), dimensions_(options) {}

  Result<LoadedModel> Build() && {
    if (auto read = dimensions_.Read(file_); !read) return At({}, read.error());
    for (const FileInput& input : file_.inputs) {
      if (auto added = AddInput(input); !added) return At(input.place, added.error());
    }
    for (const FileConstant& constant : file_.constants) {
      if (auto added = AddConstant(constant); !added) return At(constant.place, added.error());
    }
    for (const FileNode& node : file_.nodes) {
      for (const std::string& output : node.outputs) later_.insert(output);
    }
    for (const FileNode& node : file_.nodes) {
      if (auto added = AddNode(node); !added) return At(node.place, added.error());
    }
    for (const FileOutput& output : file_.outputs) {
      if (auto added = AddOutput(output); !added) return At(output.place, added.error());
    }
    if (file_.quantized) model_.metadata.emplace("quantized", "true");
    return std::move(model_);
  }

 private:
  Error At(const Place& place, Error error) const {
    error.message = Where(file_, place) + error.message;
    return error;
  }

  Result<void> Define(const std::string& name, Operand operand) {
    if (name.empty()) return TypeError("the name of a value is empty");
    if (!values_.emplace(name, operand).second) {
      return TypeError("two values are named {}", Quoted(name));
    }
    sanitized_.emplace(Sanitized(name), operand);
    return {};
  }

  Result<Operand> Find(const std::string& name) const {
    if (auto found = values_.find(name); found != values_.end()) return found->second;
    if (auto found = sanitized_.find(Sanitized(name)); found != sanitized_.end()) {
      return found->second;
    }
    if (later_.contains(name)) {
      return TypeError("{} is computed by a later node; a node reads what stands before it",
                       Quoted(name));
    }
    return TypeError("there is no value {}", Quoted(name));
  }

  Result<void> AddInput(const FileInput& input) {
    WEBNN_ASSIGN_OR_RETURN(Shape shape, dimensions_.Resolve(input));
    WEBNN_ASSIGN_OR_RETURN(const Operand operand,
                           builder_.Input(input.name, input.type, std::move(shape)));
    model_.inputs.emplace_back(input.name, operand);
    return Define(input.name, operand);
  }

  Result<void> AddConstant(const FileConstant& constant) {
    auto descriptor = OperandDescriptor::Create(constant.type, constant.shape);
    if (!descriptor) {
      return TypeError("constant {}: {}", Quoted(constant.name), descriptor.error().message);
    }
    auto data = ReadConstant(constant, *descriptor);
    if (!data) return TypeError("constant {}: {}", Quoted(constant.name), data.error().message);
    WEBNN_ASSIGN_OR_RETURN(const Operand operand,
                           builder_.ConstantView(*descriptor, data->bytes, data->owner));
    return Define(constant.name, operand);
  }

  Result<ConstantData> ReadConstant(const FileConstant& constant,
                                    const OperandDescriptor& descriptor) {
    if (const auto* data = std::get_if<ConstantData>(&constant.init)) {
      if (data->bytes.size() == descriptor.byte_length()) return *data;
      return TypeError("{} takes {} bytes, given are {}", ToString(descriptor),
                       descriptor.byte_length(), data->bytes.size());
    }
    if (const auto* number = std::get_if<Number>(&constant.init)) {
      filled_bytes_ += descriptor.byte_length();
      if (filled_bytes_ > kMaxFilledBytes) {
        return TypeError("numbers that are repeated fill more than {} bytes", kMaxFilledBytes);
      }
      return Filled(*number, descriptor);
    }
    if (!weights_) {
      WEBNN_ASSIGN_OR_RETURN(WeightsFile weights, WeightsFile::Open(file_.path, options_));
      weights_ = std::make_unique<WeightsFile>(std::move(weights));
    }
    return weights_->Get(std::get<WeightKey>(constant.init).key, descriptor, options_.narrow);
  }

  static ConstantData Filled(Number number, const OperandDescriptor& descriptor) {
    auto element = number.Encode(descriptor.data_type());
    size_t width = static_cast<size_t>(BitsPerElement(descriptor.data_type())) / 8;
    if (width == 0) {
      element[0] |= element[0] << 4;
      width = 1;
    }
    std::vector<std::byte> bytes(descriptor.byte_length());
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = element[i % width];
    // The half of the last byte that is not used.
    if (descriptor.element_count() * BitsPerElement(descriptor.data_type()) % 8 != 0) {
      bytes.back() &= std::byte{0x0f};
    }
    return Own(std::move(bytes));
  }

  Result<void> AddNode(const FileNode& node) {
    const OperandFinder find = [&](const std::string& name) { return Find(name); };
    WEBNN_ASSIGN_OR_RETURN(const NodeCall call, ReadNode(node, find));
    WEBNN_ASSIGN_OR_RETURN(const std::vector<Operand> results,
                           builder_.Call(call.schema->name, call.arguments, call.options));
    if (results.size() != node.outputs.size()) {
      return TypeError("{} has {} outputs; {} are named", call.schema->name, results.size(),
                       node.outputs.size());
    }
    for (size_t i = 0; i < results.size(); ++i) {
      WEBNN_RETURN_IF_ERROR(Define(node.outputs[i], results[i]));
      results_.insert(results[i].id);
    }
    return {};
  }

  Result<void> AddOutput(const FileOutput& output) {
    WEBNN_ASSIGN_OR_RETURN(Operand operand, Find(output.value));
    if (!results_.contains(operand.id)) {
      WEBNN_ASSIGN_OR_RETURN(operand, builder_.Identity({.input = operand}));
    }
    if (!output_names_.insert(output.name).second) {
      return TypeError("two outputs are named {}", Quoted(output.name));
    }
    model_.outputs.emplace_back(output.name, operand);
    return {};
  }

  GraphBuilder& builder_;
  const GraphFile& file_;
  const LoadOptions& options_;
  DimensionSizes dimensions_;
  LoadedModel model_;
  std::unordered_map<std::string, Operand> values_;
  std::unordered_map<std::string, Operand> sanitized_;
  std::unordered_set<std::string> later_;  // names of all nodes' results, for messages
  std::unordered_set<uint32_t> results_;
  std::unordered_set<std::string> output_names_;
  std::unique_ptr<WeightsFile> weights_;
  uint64_t filled_bytes_ = 0;
};

}  // namespace

std::string Where(const GraphFile& file, const Place& place) {
  return fmt::format("{}{}: ", file.path.empty() ? "model" : file.path, place);
}

Result<LoadedModel> BuildGraphFile(GraphBuilder& builder, const GraphFile& file,
                                   const LoadOptions& options) {
  return FileBuilder(builder, file, options).Build();
}

ModelSummary SummarizeGraphFile(const GraphFile& file, ModelFormat format,
                                const LoadOptions& options) {
  ModelSummary summary{.format = format, .name = file.name};
  for (const FileInput& input : file.inputs) {
    DeclaredTensor& declared =
        summary.inputs.emplace_back(DeclaredTensor{input.name, std::string(Name(input.type)), {}});
    for (const FileDimension& dimension : input.shape) {
      if (dimension.name.empty()) {
        declared.dimensions.emplace_back(uint64_t{dimension.size});
      } else {
        declared.dimensions.emplace_back(dimension.name);
      }
    }
  }
  std::map<std::string, uint64_t> counts;
  for (const FileNode& node : file.nodes) ++counts[node.op];
  summary.operators.assign(counts.begin(), counts.end());
  for (const FileConstant& constant : file.constants) {
    ++summary.weight_count;
    const auto descriptor = OperandDescriptor::Create(constant.type, constant.shape);
    if (descriptor) summary.weight_bytes += descriptor->byte_length();
  }

  GraphBuilder builder;
  auto model = BuildGraphFile(builder, file, options);
  if (!model) {
    summary.unsupported.push_back({.op = {}, .node = {}, .reason = model.error().message});
  } else {
    summary.metadata = std::move(model->metadata);
  }
  for (size_t i = 0; i < file.outputs.size(); ++i) {
    DeclaredTensor& declared = summary.outputs.emplace_back();
    declared.name = file.outputs[i].name;
    if (!model) continue;
    const OperandDescriptor descriptor = builder.Describe(model->outputs[i].second).value();
    declared.data_type = Name(descriptor.data_type());
    for (uint32_t size : descriptor.shape()) declared.dimensions.emplace_back(uint64_t{size});
  }
  return summary;
}

}  // namespace webnn::formats
