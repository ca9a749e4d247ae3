#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/try.h"
#include "fmt/format.h"
#include "onnx/import/host_tensor.h"
#include "webnn/graph_builder.h"
#include "webnn/ops.h"

/// What the import of one ONNX operator sees. See docs/architecture.md, "Importing ONNX".
namespace webnn::onnx_format {

using lowering::Element;

/// A value of the ONNX graph: absent, known now, or computed by the WebNN graph.
struct ImportedValue {
  std::variant<std::monostate, HostTensor, Operand> what;
  /// ONNX's element type. An operand of `kBool` is a uint8 operand of 0 and 1.
  Element element = Element::kNone;
  std::vector<int64_t> sizes;

  bool present() const { return what.index() != 0; }
  const HostTensor* known() const { return std::get_if<HostTensor>(&what); }
};

class ImporterImpl;
struct NodeData;  // the NodeProto and where it stands

/// One node on its way into the builder. An operator's import function reads inputs and
/// attributes, adds operators with `Emit` and sets every output with `Set`.
///
/// Errors. What reads (`Ints`, `KnownIntegers` ...) returns a `Result`; what cannot be expressed is
/// `return node.Refuse("reason", "help")`. `Emit` does not return a `Result`: after the first
/// failure it does nothing and returns an operand that must not be described; the failure surfaces
/// in `Set` (so end with `return node.Set(0, y)`) or in `status()`. Ask for sizes of inputs, which
/// are always there; call `status()` before asking for those of an emitted operand.
class Node {
 public:
  Node(ImporterImpl& importer, const NodeData& data);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  std::string_view op() const;
  /// Version of the operator's domain that the model imports.
  int opset() const;

  // ---- Inputs. ----

  size_t input_count() const;
  /// Present and not the empty name.
  bool Has(size_t k) const;
  const ImportedValue& In(size_t k) const;  ///< The absent value when `!Has(k)`.
  Element TypeOf(size_t k) const { return In(k).element; }
  const std::vector<int64_t>& SizesOf(size_t k) const { return In(k).sizes; }
  int64_t RankOf(size_t k) const { return static_cast<int64_t>(In(k).sizes.size()); }
  /// The input as an operand: what is known becomes a constant of the builder, once. Fails in the
  /// manner of `Emit` when it is absent, empty, or of a type that WebNN lacks.
  Operand Get(size_t k);
  /// Its elements where they are known now, else null.
  const HostTensor* Known(size_t k) const { return In(k).known(); }
  /// The same as integers or numbers; refused ("`axes` is computed at run time ...") when it is not
  /// known. `name` is ONNX's name of the input, for the message.
  Result<std::vector<int64_t>> KnownIntegers(size_t k, std::string_view name) const;
  Result<std::vector<double>> KnownNumbers(size_t k, std::string_view name) const;
  /// The one element of input k, exact.
  Result<Number> KnownScalar(size_t k, std::string_view name) const;
  /// Has(k) or a refusal, for inputs that ONNX requires. The importer has checked the count of
  /// required inputs that the operator's row gives.
  Result<void> Require(size_t k, std::string_view name) const;

  // ---- Attributes. A wrong type of attribute is a TypeError. ----

  bool HasAttribute(std::string_view name) const;
  Result<int64_t> Int(std::string_view name, int64_t fallback) const;
  Result<float> Float(std::string_view name, float fallback) const;
  Result<std::string> String(std::string_view name, std::string_view fallback) const;
  /// Nothing when absent.
  Result<std::optional<std::vector<int64_t>>> Ints(std::string_view name) const;
  Result<std::optional<std::vector<float>>> Floats(std::string_view name) const;
  Result<std::optional<std::vector<std::string>>> Strings(std::string_view name) const;
  Result<std::optional<HostTensor>> TensorAttribute(std::string_view name) const;
  /// `axis` counted from the end where it is negative, checked against [-rank, rank).
  Result<uint32_t> Axis(int64_t axis, int64_t rank) const;
  Result<std::vector<uint32_t>> Axes(std::span<const int64_t> axes, int64_t rank) const;

  // ---- Operators. ----

  /// `node.Emit(ops::Relu{.input = x})`; gets the node's name as its label.
  template <class Op>
    requires(!requires { typename Op::Outputs; })
  Operand Emit(Op op) {
    op.label = Label();
    if (!Ready()) return {};
    return Take(Build(std::move(op)));
  }
  /// Operators with several outputs; as many operands as `count`, also after a failure.
  template <class Op>
    requires requires { typename Op::Outputs; }
  std::vector<Operand> EmitMany(Op op, size_t count) {
    op.label = Label();
    if (!Ready()) return std::vector<Operand>(count);
    return TakeMany(Build(std::move(op)), count);
  }
  Operand Add(Operand a, Operand b) { return Emit(ops::Add{.a = a, .b = b}); }
  Operand Sub(Operand a, Operand b) { return Emit(ops::Sub{.a = a, .b = b}); }
  Operand Mul(Operand a, Operand b) { return Emit(ops::Mul{.a = a, .b = b}); }
  Operand Div(Operand a, Operand b) { return Emit(ops::Div{.a = a, .b = b}); }
  /// Nothing when the operand has this type or shape already.
  Operand Cast(Operand x, DataType type);
  Operand Reshape(Operand x, std::span<const int64_t> sizes);
  Operand Reshape(Operand x, std::initializer_list<int64_t> sizes) {
    return Reshape(x, std::span(sizes.begin(), sizes.size()));
  }
  Operand Expand(Operand x, std::span<const int64_t> sizes);
  /// Nothing when it is the identity.
  Operand Transpose(Operand x, std::span<const uint32_t> permutation);
  Operand Transpose(Operand x, std::initializer_list<uint32_t> permutation) {
    return Transpose(x, std::span(permutation.begin(), permutation.size()));
  }
  /// The type that `element` has in the graph. Refused when WebNN lacks it.
  Result<DataType> TypeFor(Element element) const;
  /// A scalar constant.
  Operand Scalar(Number value, DataType type);
  Operand Constant(const HostTensor& tensor);
  /// Data type and shape of an emitted operand; only while `status()` is good.
  const OperandDescriptor& Describe(Operand operand);
  DataType DataTypeOf(Operand operand) { return Describe(operand).data_type(); }
  std::vector<int64_t> Sizes(Operand operand);

  // ---- Outputs. ----

  size_t output_count() const;
  /// Somebody reads it.
  bool Wants(size_t k) const;
  /// Sets an output and returns `status()`. Its element type is the operand's, or `element`
  /// (`kBool` for the result of a comparison).
  Result<void> Set(size_t k, Operand operand, Element element = Element::kNone);
  Result<void> Set(size_t k, HostTensor tensor);
  /// Output k is input i as it is.
  Result<void> Forward(size_t k, size_t i);

  /// The first failure of `Emit` or `Get`.
  Result<void> status() const;

  /// "cannot be expressed": NotSupported with the reason, and what would help.
  Error Refuse(std::string reason, std::string help = {}) const;
  /// "not valid ONNX": TypeError.
  template <class... Args>
  Error Invalid(fmt::format_string<Args...> format, Args&&... args) const {
    return InvalidNode(fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  const std::string& Label() const;
  bool Ready() const;
  Operand Take(Result<Operand> result);
  std::vector<Operand> TakeMany(Result<std::vector<Operand>> result, size_t count);
  Error InvalidNode(std::string text) const;
  Error RefuseComputed(std::string_view name) const;
  void Fail(Error error);
  // Nothing, with a failure, when an operand cannot have these sizes.
  std::optional<std::vector<Dimension>> CheckedSizes(std::span<const int64_t> sizes);
  GraphBuilder& builder();
#define WEBNN_IMPORT_BUILD(Name) \
  auto Build(ops::Name op) { return builder().Name(op); }
  WEBNN_FOR_EACH_OP(WEBNN_IMPORT_BUILD)
#undef WEBNN_IMPORT_BUILD

  ImporterImpl& importer_;
  const NodeData& data_;
  std::optional<Error> failure_;
};

/// One ONNX operator. Rows of one name with different `since` are versions: the newest that is not
/// newer than the model's opset counts.
struct ImportRow {
  std::string_view name;  ///< "Conv"; other domains as "com.microsoft.Gelu".
  int since;              ///< First version of the domain that behaves like this.
  int min_inputs;
  Result<void> (*import)(Node& node);
};

/// The rows of one family, each from its ops_<family>.cc; `AllImportRows` joins them.
std::span<const ImportRow> ElementwiseRows();  // unary, binary, comparison, logic, Cast, Clip ...
std::span<const ImportRow> ActivationRows();   // Relu, Gelu, HardSigmoid, PRelu, Dropout ...
std::span<const ImportRow> FormulaRows();      // inverse trigonometric, hyperbolic
std::span<const ImportRow> BitwiseRows();      // Mod, Bitwise*, BitShift
std::span<const ImportRow> ReductionRows();    // Reduce*, ArgMax, Softmax family, CumSum
std::span<const ImportRow> ShapeRows();        // Shape, Reshape, Transpose, Slice, Concat, Pad ...
std::span<const ImportRow> IndexingRows();     // Gather*, Scatter*, OneHot, TopK, Trilu, Range ...
std::span<const ImportRow> ConvolutionRows();  // Conv, ConvTranspose, pooling, Resize, DepthToSpace
std::span<const ImportRow> NormalizationRows();  // Batch, Instance, Layer, Group, RMS, LRN, Lp
std::span<const ImportRow> MatrixRows();         // MatMul, Gemm, Einsum, Attention, RotaryEmbedding
std::span<const ImportRow> RecurrentRows();      // LSTM, GRU, RNN
std::span<const ImportRow> LossRows();           // NegativeLogLikelihoodLoss ...
std::span<const ImportRow> QuantizationRows();   // Q/DQ, QLinear*, *Integer

/// All rows, by name, the newest version first.
std::vector<const ImportRow*> AllImportRows();
/// The row for an operator of a domain ("" is ai.onnx) at a version; null when there is none.
const ImportRow* FindImportRow(std::string_view domain, std::string_view op, int opset);

/// Constant folding: the operator's results where all its inputs are known and it is one that is
/// evaluated here (shape arithmetic in every type, and whatever else is cheap); nothing where it is
/// not, so that the graph computes it. An error when the node is not valid ONNX. Results larger
/// than `kMaxFoldedBytes` are left to the graph, where the operator has an import function.
inline constexpr uint64_t kMaxFoldedBytes = uint64_t{1} << 20;
Result<std::optional<std::vector<HostTensor>>> Fold(const Node& node);

}  // namespace webnn::onnx_format
