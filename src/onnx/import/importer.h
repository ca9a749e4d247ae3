#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/hash.h"
#include "onnx/import/dimensions.h"
#include "onnx/import/node.h"
#include "onnx/import/node_order.h"
#include "onnx/import/tensor_loader.h"

namespace webnn::onnx_format {

/// The domain as the importer keeps it: "" is ai.onnx.
std::string_view Canonical(std::string_view domain);
/// The element type of a tensor's type.
Element ElementOf(const ::onnx::TypeProto& type);
std::vector<std::string_view> NamesOf(
    const google::protobuf::RepeatedPtrField<::onnx::ValueInfoProto>& values);

/// A named value of a graph, function or subgraph while it is imported.
struct Slot {
  std::string_view name;
  ImportedValue value;
  /// A weight that nobody has asked for yet: exactly one of these is set.
  const ::onnx::TensorProto* weight = nullptr;
  const ::onnx::SparseTensorProto* sparse_weight = nullptr;
  bool wanted = false;
  /// What computes it was refused: what reads it cannot be judged, too.
  bool refused = false;
};

/// The values that a list of nodes sees.
struct Scope {
  const Scope* outer = nullptr;  ///< Null for a graph or function; set for a subgraph.
  std::unordered_map<std::string_view, Slot*> values;

  /// Null for an absent value: an input that a call of a function does not give.
  Slot* Find(std::string_view name) const;
  bool Has(std::string_view name) const;
};

/// What counts for the nodes of a graph or function and for their subgraphs.
struct Frame {
  std::unordered_map<std::string_view, int> opsets;  ///< By domain; "" is ai.onnx.
  /// Of a function: what the call gives, or the defaults.
  std::unordered_map<std::string_view, const ::onnx::AttributeProto*> attributes;
};

struct NodeData {
  const ::onnx::NodeProto& proto;
  std::string op;     ///< "Conv", "com.microsoft.Gelu"
  std::string label;  ///< Its name, or "#12"; behind those of the calls that it is in.
  int opset;
  const Frame& frame;
  Scope& scope;
  std::vector<Slot*> inputs;   ///< Null: absent.
  std::vector<Slot*> outputs;  ///< Null: without a name.

  /// An attribute, that of the call where the node is in a function and refers to it.
  const ::onnx::AttributeProto* Attribute(std::string_view name) const;
};

/// Nodes to be imported into a scope: of a graph, a subgraph or a function.
struct Body {
  const google::protobuf::RepeatedPtrField<::onnx::NodeProto>& nodes;
  std::vector<std::string_view> outputs;
  std::string place;  ///< In front of labels: "" or "call/".
};

class ImporterImpl {
 public:
  ImporterImpl(GraphBuilder& builder, std::shared_ptr<const ParsedModel> model,
               const std::string& folder, const LoadOptions& options);

  /// Once. NotSupported lists `unsupported()`.
  Result<LoadedModel> Run();
  const std::vector<UnsupportedNode>& unsupported() const { return unsupported_; }

  // ---- For Node and for control flow. ----

  /// What to say of an element type that WebNN lacks.
  static Error NoSuchType(Element element);

  GraphBuilder& builder() { return builder_; }
  TensorLoader& loader() { return loader_; }
  /// A constant of the builder, one for all equal tensors that are not large: operators on equal
  /// operands can then be seen to be equal.
  Result<Operand> Materialize(const HostTensor& tensor);
  Result<Operand> Scalar(Number value, DataType type);
  const OperandDescriptor& Describe(Operand operand);

  Slot* NewSlot(Scope& scope, std::string_view name);
  /// Adds a graph's weights to a scope. TypeError for two of one name.
  Result<void> AddWeights(const ::onnx::GraphProto& graph, Scope& scope);
  /// Imports what the body's outputs need. Its inputs are in the scope.
  Result<void> ImportBody(const Body& body, const Frame& frame, Scope& scope);
  /// The body of If, Loop or Scan: the values of its outputs.
  Result<std::vector<Slot*>> ImportSubgraph(const NodeData& node, const ::onnx::GraphProto& graph,
                                            std::vector<Slot> inputs, std::string place);
  /// The error with its place in front, unless it has that already.
  Error Place(const NodeData& node, Error error);
  void ReportUnsupported(const NodeData& node, const Error& error);
  /// Counts the bytes of a tensor that an import function made; NotSupported when there are too
  /// many of all.
  Result<void> CountMade(const NodeData& node, const HostTensor& tensor);

 private:
  Result<void> ImportNode(NodeData& node);
  Result<void> Compute(NodeData& node);
  Result<void> AddFunctions();
  Result<void> CallFunction(NodeData& node, const ::onnx::FunctionProto& function);
  const ::onnx::FunctionProto* FindFunction(const ::onnx::NodeProto& node) const;
  Result<void> LoadWeight(Slot& slot);
  Result<bool> FoldNode(NodeData& node);
  Result<void> CheckDeclared(const NodeData& node);
  void RefuseOutputs(NodeData& node);

  Result<Frame> FrameOf(const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto>& sets,
                        std::string_view where) const;
  Result<void> AddInputs(Scope& scope, LoadedModel& loaded);
  Result<void> AddInput(const ::onnx::ValueInfoProto& input, Slot& slot, LoadedModel& loaded);
  Result<void> AddOutputs(Scope& scope, LoadedModel& loaded);
  Error UnsupportedError() const;

  GraphBuilder& builder_;
  std::shared_ptr<const ParsedModel> model_;
  const LoadOptions& options_;
  TensorLoader loader_;
  Dimensions dimensions_;
  std::deque<Slot> slots_;
  std::unordered_map<std::string, const ::onnx::FunctionProto*> functions_;
  /// Types that the file declares for values of the main graph.
  std::unordered_map<std::string_view, const ::onnx::TypeProto*> declared_;
  const Scope* main_scope_ = nullptr;
  struct Constant {
    std::span<const std::byte> bytes;
    Operand operand;
  };
  /// By content where that is small, else by address.
  std::map<std::tuple<Hash128, Element, std::vector<int64_t>>, Constant> constants_;
  std::map<std::pair<DataType, uint64_t>, Operand> scalars_;
  std::unordered_map<uint32_t, OperandDescriptor> descriptors_;
  /// Operands that are no results of operators, by id.
  std::unordered_set<uint32_t> sources_;
  std::vector<UnsupportedNode> unsupported_;
  std::vector<std::pair<const Slot*, UnsupportedNode>> refused_inputs_;
  bool placed_ = false;        ///< An error is on its way out that says where it is.
  int depth_ = 0;              ///< Of calls and subgraphs.
  size_t inlined_values_ = 0;  ///< With the nodes, in calls and subgraphs.
  uint64_t made_bytes_ = 0;
};

/// "producer", "domain", "opset" and the model's metadata_props.
std::map<std::string, std::string> MetadataOf(const ::onnx::ModelProto& model);

}  // namespace webnn::onnx_format
