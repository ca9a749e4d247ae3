// Builds random graphs through `GraphBuilder::Call`, guided by the operator table, and runs them:
// whatever the builder accepts must compile on ONNX Runtime, run, and give the same bytes each
// time; whatever it refuses must be a TypeError with a message and a rule. What TensorRT would get,
// in float32, float16 and bfloat16, must be well formed and run there, too, and graphs of integers
// alone must give the same numbers.
//
// The input is a stream of choices. Where its first byte is odd, a pseudo-random stream that it
// seeds goes on after its end, so that every small input makes a graph. With WEBNN_FUZZ_RECORD=FILE
// the choices made up to the last graph are written to FILE as an input without such an end, which
// `-minimize_crash=1` can work on; WEBNN_FUZZ_PRINT=1 prints every graph. With WEBNN_FUZZ_BUILD=1
// TensorRT-RTX builds every graph, too, in float32 and float16, for which it needs no GPU.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/op_schema.h"
#include "webnn/webnn.h"

#ifdef WEBNN_HAVE_TENSORRT
#include "backends/onnxruntime/library.h"
#include "backends/onnxruntime/log.h"
#include "backends/onnxruntime/session.h"
#include "backends/tensorrt/module.h"
#include "backends/tensorrt/target.h"
#include "lowering/writer.h"
#include "onnx/serialize.h"
#include "passes/precision.h"
#include "tests/support/model_check.h"
#endif

namespace webnn {
namespace {

using Sizes = std::vector<uint32_t>;

constexpr uint64_t kMaxTensorBytes = 64 << 10;

// ---- Choices. ----

class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : data_(data), size_(size) {
    if (size == 0 || (data[0] & 1) == 0) return;
    state_ = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; ++i) state_ = (state_ ^ data[i]) * 0x100000001b3u;
    state_ |= 1;
  }

  uint8_t Byte() {
    uint8_t byte = 0;
    if (drawn_.size() < size_) {
      byte = data_[drawn_.size()];
    } else if (state_ != 0 && drawn_.size() < size_ + kTail) {
      state_ ^= state_ << 13;
      state_ ^= state_ >> 7;
      state_ ^= state_ << 17;
      byte = static_cast<uint8_t>(state_ >> 32);
    }
    if (drawn_.size() < size_ + kTail) drawn_.push_back(byte);
    return byte;
  }
  uint64_t Bits() {
    uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits = bits << 8 | Byte();
    return bits;
  }
  /// In [0, count).
  uint32_t Below(uint32_t count) { return Byte() % count; }
  /// In [low, high].
  uint32_t Between(uint32_t low, uint32_t high) { return low + Below(high - low + 1); }
  /// Never where the input has ended.
  bool OneIn(uint32_t count) { return Below(count) == count - 1; }
  template <class List>
  auto& Of(List& list) {
    return list[Below(static_cast<uint32_t>(std::size(list)))];
  }

  /// What was drawn, as an input that needs no tail.
  std::vector<uint8_t> Record() const {
    std::vector<uint8_t> record = drawn_;
    if (!record.empty()) record[0] &= 0xfe;
    while (!record.empty() && record.back() == 0) record.pop_back();
    return record;
  }

 private:
  static constexpr size_t kTail = 4096;
  const uint8_t* data_;
  size_t size_;
  uint64_t state_ = 0;
  std::vector<uint8_t> drawn_;
};

// ---- Failures. ----

[[noreturn]] void Fail(std::string_view what, const Error* error, std::string_view graph = {}) {
  std::fprintf(stderr, "\n== graph_fuzz: %.*s\n", static_cast<int>(what.size()), what.data());
  if (error != nullptr) {
    std::fprintf(stderr, "%s\nrule: \"%s\"\n", ToString(*error).c_str(), error->rule.c_str());
  }
  std::fprintf(stderr, "%.*s\n", static_cast<int>(graph.size()), graph.data());
  std::abort();
}

void ExpectTypeError(std::string_view what, const Error& error, bool with_rule) {
  if (error.code != ErrorCode::kTypeError) Fail(std::string(what) + ": not a TypeError", &error);
  if (error.message.empty()) Fail(std::string(what) + ": no message", &error);
  if (with_rule && error.rule.empty()) Fail(std::string(what) + ": no rule", &error);
}

// Graphs that the builder has to accept although they mean nothing, by their operator and a part of
// the message with which ONNX Runtime refuses them.
struct Exemption {
  std::string_view op;
  std::string_view message;
};
constexpr std::array<Exemption, 1> kExemptions = {{
    // Upstream's validation tests want input channels accepted that are not a multiple of `groups`.
    {"convTranspose2d", "Input channels C must be divisible by group"},
}};

bool IsExempt(const Error& error, std::string_view graph) {
  return std::any_of(kExemptions.begin(), kExemptions.end(), [&](const Exemption& exemption) {
    return graph.find(exemption.op) != graph.npos &&
           error.message.find(exemption.message) != error.message.npos;
  });
}

// ---- Bytes of tensors. ----

constexpr std::array<double, 24> kSpecialNumbers = {0.0,
                                                    -0.0,
                                                    1.0,
                                                    -1.0,
                                                    0.5,
                                                    1.5,
                                                    -2.5,
                                                    3.0,
                                                    100.0,
                                                    -1e-3,
                                                    1e-8,
                                                    65504.0,
                                                    65520.0,
                                                    1e10,
                                                    -1e30,
                                                    1e39,
                                                    3.5e38,
                                                    1e300,
                                                    5e-324,
                                                    6e-8,
                                                    std::numeric_limits<double>::infinity(),
                                                    -std::numeric_limits<double>::infinity(),
                                                    std::numeric_limits<double>::quiet_NaN(),
                                                    2147483648.0};

std::vector<std::byte> RandomBytes(Choices& in, const OperandDescriptor& descriptor) {
  std::vector<std::byte> bytes(descriptor.byte_length());
  const DataType type = descriptor.data_type();
  const int bits = BitsPerElement(type);
  const uint32_t style = in.Below(8);
  // The elements come from a stream of their own: the choices are for the graph.
  uint64_t state = in.Bits() | 1;
  auto next = [&] {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1du >> 32;
  };
  if (bits < 8 || style == 7) {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(next());
    return bytes;
  }
  const bool is_float = type == DataType::kFloat32 || type == DataType::kFloat16;
  for (size_t i = 0; i < descriptor.element_count(); ++i) {
    Number number = 0;
    const auto small = static_cast<int64_t>(next() % 9) - 3;
    switch (style) {
      case 0:
      case 1:
        if (is_float) {
          number = static_cast<double>(static_cast<int32_t>(next())) * 0x1p-30;
        } else {
          number = small;
        }
        break;
      case 2:
        number = static_cast<int64_t>(next() % 5);
        break;
      case 3:
      case 4:
        number = next() % 3 == 0 ? Number(kSpecialNumbers[next() % kSpecialNumbers.size()])
                                 : Number(small);
        break;
      case 5:
        switch (next() % 4) {
          case 0:
            number = std::numeric_limits<int64_t>::min();
            break;
          case 1:
            number = std::numeric_limits<uint64_t>::max();
            break;
          default:
            number = small;
        }
        break;
      default:
        break;  // zeros
    }
    const auto encoded = number.Encode(type);
    std::memcpy(bytes.data() + i * static_cast<size_t>(bits / 8), encoded.data(),
                static_cast<size_t>(bits / 8));
  }
  return bytes;
}

// ---- Graphs. ----

struct Known {
  Operand operand;
  DataType type = DataType::kFloat32;
  Sizes sizes = {};
};

// Arguments and options of one call by name.
using Plan = std::map<std::string_view, Value>;

template <class E>
std::vector<std::string_view> NamesOf() {
  constexpr auto kNames = EnumNames(E{});
  return {kNames.begin(), kNames.end()};
}

// Names of an IDL enumeration, with or without "sequence<...>" around it.
const std::vector<std::string_view>* EnumerationOf(std::string_view type) {
  static const std::map<std::string_view, std::vector<std::string_view>> kNames = {
      {"MLInputOperandLayout", NamesOf<InputOperandLayout>()},
      {"MLConv2dFilterOperandLayout", NamesOf<Conv2dFilterOperandLayout>()},
      {"MLConvTranspose2dFilterOperandLayout", NamesOf<ConvTranspose2dFilterOperandLayout>()},
      {"MLGruWeightLayout", NamesOf<GruWeightLayout>()},
      {"MLLstmWeightLayout", NamesOf<LstmWeightLayout>()},
      {"MLRecurrentNetworkActivation", NamesOf<RecurrentNetworkActivation>()},
      {"MLRecurrentNetworkDirection", NamesOf<RecurrentNetworkDirection>()},
      {"MLPaddingMode", NamesOf<PaddingMode>()},
      {"MLRoundingType", NamesOf<RoundingType>()},
      {"MLInterpolationMode", NamesOf<InterpolationMode>()},
  };
  if (type.starts_with("sequence<")) type = type.substr(9, type.size() - 10);
  auto found = kNames.find(type);
  return found == kNames.end() ? nullptr : &found->second;
}

class GraphMaker {
 public:
  GraphMaker(Choices& in, GraphBuilder& builder) : in_(in), builder_(builder) {}

  void AddCalls() {
    for (uint32_t count = in_.Between(1, 6); count > 0; --count) AddCall();
  }
  std::vector<GraphBuilder::NamedOutput> Outputs() {
    std::vector<GraphBuilder::NamedOutput> outputs;
    if (results_.empty()) return outputs;
    outputs.emplace_back("out0", results_.back());
    for (const Operand& result : results_) {
      if (outputs.size() < 4 && in_.OneIn(3)) {
        outputs.emplace_back("out" + std::to_string(outputs.size()), result);
      }
    }
    if (in_.OneIn(64)) outputs.emplace_back("out0", results_[0]);
    if (in_.OneIn(64)) outputs.emplace_back("", results_[0]);
    if (in_.OneIn(64)) outputs.emplace_back("known", in_.Of(known_).operand);
    if (in_.OneIn(64)) outputs.emplace_back("foreign", Operand{0, 0});
    return outputs;
  }

 private:
  using Recipe = void (GraphMaker::*)(const OpSchema& schema, Plan& plan);

  static const std::map<std::string_view, Recipe>& Recipes();

  // ---- Operands. ----

  uint32_t SmallSize() { return in_.OneIn(32) ? in_.Between(7, 40) : in_.Between(1, 6); }
  Sizes RandomSizes(uint32_t rank) {
    Sizes sizes;
    for (uint32_t i = 0; i < rank; ++i) sizes.push_back(rank > 5 ? in_.Between(1, 3) : SmallSize());
    return sizes;
  }
  DataType AnyType() { return static_cast<DataType>(in_.Below(kDataTypeCount)); }
  DataType TypeIn(DataTypeSet types) {
    if (in_.OneIn(40)) return AnyType();
    const std::vector<DataType> list = types.List();
    return list.empty() ? DataType::kFloat32 : in_.Of(list);
  }
  uint32_t RankIn(RankRange ranks) {
    if (in_.OneIn(40)) return in_.Below(10);
    const uint32_t high = std::min(ranks.max, in_.OneIn(12) ? 9u : 4u);
    return high <= ranks.min ? ranks.min : in_.Between(ranks.min, high);
  }

  // An input or a constant. What cannot be is a scalar instead.
  Known New(DataType type, Sizes sizes) {
    auto descriptor = OperandDescriptor::Create(type, Shape(sizes));
    if (!descriptor) {
      ExpectTypeError("descriptor", descriptor.error(), false);
      return New(type, {});
    }
    const uint32_t kind = in_.Below(6);
    Result<Operand> operand = [&]() -> Result<Operand> {
      if (kind < 3) {
        const size_t number = in_.OneIn(128) ? 0 : inputs_;
        ++inputs_;
        return builder_.Input("in" + std::to_string(number), *descriptor);
      }
      if (kind == 3 && sizes.empty()) return builder_.Constant(type, RandomNumber());
      if (descriptor->byte_length() > 2 * kMaxTensorBytes) {
        return builder_.Constant(*descriptor, {});
      }
      return builder_.Constant(*descriptor, RandomBytes(in_, *descriptor));
    }();
    if (!operand) {
      ExpectTypeError("operand", operand.error(), false);
      if (sizes.empty()) type = DataType::kFloat32;
      operand = builder_.Input("in" + std::to_string(inputs_++), type, {});
      if (!operand) Fail("a scalar input is refused", &operand.error());
      sizes = {};
    }
    known_.push_back({*operand, type, std::move(sizes)});
    return known_.back();
  }
  // An operand of this type and shape: one that is there or a new one.
  Known Get(DataType type, const Sizes& sizes) {
    if (in_.Below(2) == 0) {
      for (size_t i = known_.size(); i-- > 0;) {
        if (known_[i].type == type && known_[i].sizes == sizes) return known_[i];
      }
    }
    return New(type, sizes);
  }
  Known Get(DataTypeSet types, RankRange ranks) {
    if (!known_.empty() && in_.Below(3) != 0) {
      for (size_t i = known_.size(); i-- > 0;) {
        if (types.Has(known_[i].type) && known_[i].sizes.size() >= ranks.min &&
            known_[i].sizes.size() <= ranks.max && in_.Below(3) != 0) {
          return known_[i];
        }
      }
    }
    const DataType type = TypeIn(types);
    return New(type, RandomSizes(RankIn(ranks)));
  }
  Known Get(const OpField& field) { return Get(field.limits.data_types, field.limits.rank_range); }

  // ---- Plain values. ----

  uint32_t Extreme() {
    static constexpr std::array<uint32_t, 12> kExtremes = {
        0,      7,       255,        4096,       65535,      65536,
        100000, 1 << 20, 0x7ffffffe, 0x7fffffff, 0x80000000, 0xffffffff};
    return in_.Of(kExtremes);
  }
  uint32_t Unsigned() { return in_.OneIn(12) ? Extreme() : in_.Below(6); }
  Number RandomNumber() {
    switch (in_.Below(8)) {
      case 0:
      case 1:
        return static_cast<int64_t>(in_.Below(9)) - 3;
      case 2:
        return static_cast<double>(static_cast<int8_t>(in_.Byte())) / 16.0;
      case 3:
      case 4:
        return in_.Of(kSpecialNumbers);
      case 5:
        return static_cast<int64_t>(in_.Bits());
      case 6:
        return in_.OneIn(2) ? Number(in_.Bits()) : Number(std::numeric_limits<int64_t>::min());
      default:
        return std::bit_cast<double>(in_.Bits());
    }
  }
  Number UsualNumber() {
    if (in_.OneIn(4)) return RandomNumber();
    return static_cast<double>(static_cast<int8_t>(in_.Byte())) / 16.0;
  }
  Value AnyKind(int depth) {
    switch (in_.Below(depth > 2 ? 6 : 7)) {
      case 0:
        return {};
      case 1:
        return in_.OneIn(2);
      case 2:
        return RandomNumber();
      case 3:
        return std::string(in_.Below(4), static_cast<char>(in_.Byte()));
      case 4:
        return known_.empty() ? Operand{} : in_.Of(known_).operand;
      case 5:
        return Operand{in_.Below(8), in_.OneIn(2) ? 1u : 0u};
      default: {
        Value::List list;
        for (uint32_t i = in_.Below(5); i > 0; --i) list.push_back(AnyKind(depth + 1));
        return list;
      }
    }
  }
  template <class Make>
  static Value ListOf(uint32_t count, Make make) {
    Value::List list;
    for (uint32_t i = 0; i < count; ++i) list.push_back(make(i));
    return list;
  }
  static Value ListOf(const Sizes& sizes) {
    return ListOf(static_cast<uint32_t>(sizes.size()), [&](uint32_t i) { return sizes[i]; });
  }
  Value Numbers(uint32_t count, uint32_t low, uint32_t high) {
    return ListOf(count, [&](uint32_t) { return in_.Between(low, high); });
  }
  uint32_t ListLength() { return in_.OneIn(16) ? in_.Below(40) : in_.Below(6); }

  // A value of the field's IDL type, whatever the other arguments are.
  Value OfType(const OpField& field) {
    if (in_.OneIn(48)) return AnyKind(0);
    const std::string_view type = field.type;
    if (type == "MLOperand") return Get(field).operand;
    if (type == "sequence<MLOperand>") {
      return ListOf(in_.Below(5), [&](uint32_t) { return Get(field).operand; });
    }
    if (type == "boolean") return in_.OneIn(2);
    if (type == "unsigned long") return Unsigned();
    if (type == "long") {
      return in_.OneIn(4) ? Value(static_cast<int32_t>(Extreme()))
                          : Value(static_cast<int32_t>(in_.Below(13)) - 6);
    }
    if (type == "(unsigned long or sequence<unsigned long>)" && in_.OneIn(2)) return Unsigned();
    if (type.find("sequence<unsigned long>") != type.npos) {
      // Most lists of a fixed length have 2 or 4.
      const uint32_t length = in_.OneIn(3) ? ListLength() : in_.OneIn(2) ? 4 : 2;
      return ListOf(length, [&](uint32_t) { return Unsigned(); });
    }
    if (type == "sequence<float>") {
      return ListOf(in_.OneIn(8) ? ListLength() : 2, [&](uint32_t) { return UsualNumber(); });
    }
    if (type == "float" || type == "double" || type == "MLNumber") return UsualNumber();
    if (type == "MLOperandDataType") return Name(AnyType());
    if (type == "USVString") {
      return std::string(in_.Below(6), static_cast<char>(in_.OneIn(4) ? in_.Byte() : 'x'));
    }
    if (const auto* names = EnumerationOf(type)) {
      if (!type.starts_with("sequence<")) return in_.Of(*names);
      return ListOf(in_.OneIn(2) ? 2 : 3, [&](uint32_t) { return in_.Of(*names); });
    }
    Fail("an IDL type that the fuzzer does not know: " + std::string(type), nullptr);
  }

  // ---- Values that fit the others. ----

  uint32_t Axis(const Sizes& sizes) {
    return sizes.empty() ? 0 : in_.Below(static_cast<uint32_t>(sizes.size()));
  }
  Sizes Permutation(uint32_t rank) {
    Sizes axes;
    for (uint32_t i = 0; i < rank; ++i) {
      axes.insert(axes.begin() + in_.Below(static_cast<uint32_t>(axes.size()) + 1), i);
    }
    return axes;
  }
  Sizes SomeAxes(uint32_t rank) {
    Sizes axes = Permutation(rank);
    axes.resize(in_.Below(rank + 1));
    return axes;
  }
  // Sizes that broadcast to `sizes`.
  Sizes Narrowed(Sizes sizes) {
    for (uint32_t& size : sizes) {
      if (in_.OneIn(3)) size = 1;
    }
    while (!sizes.empty() && in_.OneIn(4)) sizes.erase(sizes.begin());
    return sizes;
  }
  bool Maybe() { return in_.OneIn(2); }
  // One operand of `op` in `plan`; the first of a list.
  const Known& Find(const Plan& plan, std::string_view name) const {
    const Operand* operand = plan.at(name).As<Operand>();
    auto found = std::find_if(known_.begin(), known_.end(),
                              [&](const Known& known) { return known.operand == *operand; });
    return *found;
  }
  Known Primary(const OpSchema& schema, Plan& plan, std::string_view name = "input") {
    Known known = Get(*schema.FindField(name));
    // New() gives another shape where it must; the recipes count on ranks.
    plan[name] = known.operand;
    return known;
  }
  bool HasRank(const Known& known, size_t rank) const { return known.sizes.size() == rank; }

  void Broadcast(const OpSchema& schema, Plan& plan) {
    const OpField& first = schema.fields[0];
    Known a = Get(first);
    const OpField& second = schema.fields[1];
    Known b = Get(second.same_type_as.empty() ? TypeIn(second.limits.data_types) : a.type,
                  Narrowed(a.sizes));
    const bool swap = a.type == b.type && Maybe();
    plan[first.name] = swap ? b.operand : a.operand;
    plan[second.name] = swap ? a.operand : b.operand;
    if (schema.fields[2].is_operand) {  // where
      plan[schema.fields[2].name] = Get(b.type, Narrowed(a.sizes)).operand;
    }
  }
  void BatchNormalization(const OpSchema& schema, Plan& plan) {
    const Known input = Primary(schema, plan);
    const uint32_t axis = Axis(input.sizes);
    const Sizes sizes = {input.sizes.empty() ? 1 : input.sizes[axis]};
    plan["axis"] = axis;
    plan["mean"] = Get(input.type, sizes).operand;
    plan["variance"] = Get(input.type, sizes).operand;
    if (Maybe()) plan["scale"] = Get(input.type, sizes).operand;
    if (Maybe()) plan["bias"] = Get(input.type, sizes).operand;
  }
  void Concat(const OpSchema& schema, Plan& plan) {
    const Known input = Get(schema.fields[0]);
    const uint32_t axis = Axis(input.sizes);
    Value::List list = {input.operand};
    for (uint32_t i = in_.Below(4); i > 0; --i) {
      Sizes sizes = input.sizes;
      if (!sizes.empty()) sizes[axis] = SmallSize();
      list.emplace_back(Get(input.type, sizes).operand);
    }
    plan["inputs"] = list;
    plan["axis"] = axis;
  }
  void Window(Plan& plan) {
    if (Maybe()) plan["padding"] = Numbers(4, 0, 3);
    if (Maybe()) plan["strides"] = Numbers(2, 1, 3);
    if (Maybe()) plan["dilations"] = Numbers(2, 1, 3);
    if (in_.OneIn(8)) {
      static constexpr std::array<std::string_view, 3> kNames = {"padding", "strides", "dilations"};
      const std::string_view name = in_.Of(kNames);
      const uint32_t count = name == "padding" ? 4 : 2;
      plan[name] = ListOf(count, [&](uint32_t) { return Unsigned(); });
    }
  }
  void Conv2d(const OpSchema& schema, Plan& plan) {
    const uint32_t groups = in_.Between(1, 3);
    const uint32_t in_channels = in_.Between(1, 3);
    const uint32_t out_channels = in_.Between(1, 3);
    const bool nhwc = Maybe();
    const uint32_t n = in_.Between(1, 2), h = SmallSize(), w = SmallSize();
    const uint32_t kh = in_.Between(1, 4), kw = in_.Between(1, 4);
    const uint32_t c = in_channels * groups;
    const bool transposed = schema.name == "convTranspose2d";
    const DataType type = TypeIn(schema.fields[0].limits.data_types);
    plan["input"] = Get(type, nhwc ? Sizes{n, h, w, c} : Sizes{n, c, h, w}).operand;
    plan["inputLayout"] = nhwc ? "nhwc" : "nchw";
    const auto& layouts = *EnumerationOf(schema.FindField("filterLayout")->type);
    const std::string_view layout = in_.Of(layouts);
    Sizes filter;
    for (char axis : layout) {
      const uint32_t i = transposed ? c : in_channels;
      const uint32_t o = transposed ? out_channels : out_channels * groups;
      filter.push_back(axis == 'i' ? i : axis == 'o' ? o : axis == 'h' ? kh : kw);
    }
    plan["filterLayout"] = layout;
    plan["filter"] = Get(type, filter).operand;
    if (groups != 1) plan["groups"] = groups;
    if (Maybe()) plan["bias"] = Get(type, {out_channels * groups}).operand;
    Window(plan);
    if (!transposed) return;
    if (Maybe()) plan["outputPadding"] = Numbers(2, 0, 2);
    if (in_.OneIn(4)) plan["outputSizes"] = Numbers(2, 1, 20);
  }
  void Pool2d(const OpSchema& schema, Plan& plan) {
    Primary(schema, plan);
    if (Maybe()) plan["windowDimensions"] = Numbers(2, 1, 4);
    Window(plan);
    if (in_.OneIn(4)) plan["outputSizes"] = Numbers(2, 1, 6);
  }
  void Quantize(const OpSchema& schema, Plan& plan) {
    const Known input = Primary(schema, plan);
    Sizes sizes = input.sizes;
    for (uint32_t& size : sizes) {
      const uint32_t block = in_.Between(1, size);
      if (size % block == 0) size /= block;
      if (in_.OneIn(3)) size = 1;
    }
    const bool to = schema.name == "quantizeLinear";
    plan["scale"] =
        Get(to ? input.type : TypeIn(schema.FindField("scale")->limits.data_types), sizes).operand;
    plan["zeroPoint"] =
        Get(to ? TypeIn(schema.FindField("zeroPoint")->limits.data_types) : input.type, sizes)
            .operand;
  }
  void Expand(const OpSchema& schema, Plan& plan) {
    const Known input = Primary(schema, plan);
    Sizes sizes = input.sizes;
    for (uint32_t& size : sizes) {
      if (size == 1) size = SmallSize();
    }
    while (sizes.size() < 6 && in_.OneIn(3)) sizes.insert(sizes.begin(), in_.Between(1, 3));
    plan["newShape"] = ListOf(sizes);
  }
  DataType IndexType() {
    static constexpr std::array<DataType, 3> kTypes = {DataType::kInt32, DataType::kUint32,
                                                       DataType::kInt64};
    return in_.OneIn(40) ? AnyType() : in_.Of(kTypes);
  }
  void Gather(const OpSchema& schema, Plan& plan) {
    const Known input = Primary(schema, plan);
    plan["axis"] = Axis(input.sizes);
    plan["indices"] = Get(IndexType(), RandomSizes(in_.Below(4))).operand;
  }
  // gatherElements and scatterElements
  void AlongAxis(const OpSchema& schema, Plan& plan) {
    const Known input = Primary(schema, plan);
    const uint32_t axis = Axis(input.sizes);
    Sizes sizes = input.sizes;
    if (!sizes.empty()) sizes[axis] = SmallSize();
    plan["axis"] = axis;
    plan["indices"] = Get(IndexType(), sizes).operand;
    if (schema.FindField("updates")) plan["updates"] = Get(input.type, sizes).operand;
  }
  // gatherND and scatterND
  void AtCoordinates(const OpSchema& schema, Plan& plan) {
    const Known input = Primary(schema, plan);
    Sizes sizes = RandomSizes(in_.Below(3));
    const uint32_t depth =
        in_.Between(1, std::max<uint32_t>(1, static_cast<uint32_t>(input.sizes.size())));
    Sizes updates = sizes;
    for (size_t i = depth; i < input.sizes.size(); ++i) updates.push_back(input.sizes[i]);
    sizes.push_back(depth);
    plan["indices"] = Get(IndexType(), sizes).operand;
    if (schema.FindField("updates")) plan["updates"] = Get(input.type, updates).operand;
  }
  void Gemm(const OpSchema& schema, Plan& plan) {
    const uint32_t m = SmallSize(), n = SmallSize(), k = SmallSize();
    const DataType type = TypeIn(schema.fields[0].limits.data_types);
    const bool a = Maybe(), b = Maybe();
    if (a || Maybe()) plan["aTranspose"] = a;
    if (b || Maybe()) plan["bTranspose"] = b;
    plan["a"] = Get(type, a ? Sizes{k, m} : Sizes{m, k}).operand;
    plan["b"] = Get(type, b ? Sizes{n, k} : Sizes{k, n}).operand;
    if (Maybe()) plan["c"] = Get(type, Narrowed({m, n})).operand;
  }
  void Matmul(const OpSchema& schema, Plan& plan) {
    const uint32_t m = SmallSize(), n = SmallSize(), k = SmallSize();
    const DataType type = TypeIn(schema.fields[0].limits.data_types);
    const Sizes batch = RandomSizes(in_.Below(4));
    auto with = [&](uint32_t rows, uint32_t columns) {
      Sizes sizes = Narrowed(batch);
      sizes.insert(sizes.end(), {rows, columns});
      return sizes;
    };
    plan["a"] = Get(type, with(m, k)).operand;
    plan["b"] = Get(type, with(k, n)).operand;
  }
  // gru, gruCell, lstm, lstmCell
  void Recurrent(const OpSchema& schema, Plan& plan) {
    const bool lstm = schema.name.starts_with("lstm");
    const bool cell = schema.name.ends_with("Cell");
    const uint32_t gates = lstm ? 4 : 3;
    const uint32_t steps = in_.Between(1, 4), batch = in_.Between(1, 4);
    const uint32_t columns = in_.Between(1, 5), hidden = in_.Between(1, 5);
    const DataType type = TypeIn(schema.fields[0].limits.data_types);
    uint32_t directions = 1;
    if (!cell && Maybe()) {
      static const std::vector<std::string_view> kNames = NamesOf<RecurrentNetworkDirection>();
      const std::string_view direction = in_.Of(kNames);
      plan["direction"] = direction;
      if (direction == "both") directions = 2;
    }
    auto get = [&](Sizes sizes) -> Value {
      if (!cell) sizes.insert(sizes.begin(), directions);
      return Get(type, sizes).operand;
    };
    plan["input"] = Get(type, cell ? Sizes{batch, columns} : Sizes{steps, batch, columns}).operand;
    plan["weight"] = get({gates * hidden, columns});
    plan["recurrentWeight"] = get({gates * hidden, hidden});
    plan["hiddenSize"] = hidden;
    if (Maybe()) plan["bias"] = get({gates * hidden});
    if (Maybe()) plan["recurrentBias"] = get({gates * hidden});
    if (lstm && Maybe()) plan["peepholeWeight"] = get({3 * hidden});
    if (Maybe()) {
      static const std::vector<std::string_view> kNames = NamesOf<RecurrentNetworkActivation>();
      plan["activations"] = ListOf(gates - 1, [&](uint32_t) { return in_.Of(kNames); });
    }
    if (cell) {
      plan["hiddenState"] = get({batch, hidden});
      if (lstm) plan["cellState"] = get({batch, hidden});
      return;
    }
    plan["steps"] = steps;
    if (Maybe()) plan["initialHiddenState"] = get({batch, hidden});
    if (lstm && Maybe()) plan["initialCellState"] = get({batch, hidden});
    if (Maybe()) plan["returnSequence"] = true;
  }
  void InstanceNormalization(const OpSchema& schema, Plan& plan) {
    const Known input = Primary(schema, plan);
    const bool nhwc = Maybe();
    plan["layout"] = nhwc ? "nhwc" : "nchw";
    if (!HasRank(input, 4)) return;
    const Sizes sizes = {input.sizes[nhwc ? 3 : 1]};
    if (Maybe()) plan["scale"] = Get(input.type, sizes).operand;
    if (Maybe()) plan["bias"] = Get(input.type, sizes).operand;
  }
  void LayerNormalization(const OpSchema& schema, Plan& plan) {
    const Known input = Primary(schema, plan);
    Sizes axes;
    if (Maybe()) {
      axes = SomeAxes(static_cast<uint32_t>(input.sizes.size()));
      plan["axes"] = ListOf(axes);
    } else {
      for (uint32_t axis = 1; axis < input.sizes.size(); ++axis) axes.push_back(axis);
    }
    Sizes sizes;
    for (uint32_t axis : axes) sizes.push_back(input.sizes[axis]);
    if (Maybe()) plan["scale"] = Get(input.type, sizes).operand;
    if (Maybe()) plan["bias"] = Get(input.type, sizes).operand;
  }
  void Pad(const OpSchema& schema, Plan& plan) {
    const Known input = Primary(schema, plan);
    const auto rank = static_cast<uint32_t>(input.sizes.size());
    const uint32_t most = in_.OneIn(4) ? 7 : 2;
    plan["beginningPadding"] = Numbers(rank, 0, most);
    plan["endingPadding"] = Numbers(rank, 0, most);
  }
  void Resample2d(const OpSchema& schema, Plan& plan) {
    Primary(schema, plan);
    if (Maybe()) {
      plan["sizes"] = Numbers(2, 1, 12);
    } else {
      plan["scales"] =
          ListOf(2, [&](uint32_t) { return static_cast<double>(in_.Between(1, 64)) / 16.0; });
    }
    Sizes axes = Permutation(4);
    axes.resize(2);
    if (Maybe()) plan["axes"] = ListOf(axes);
  }
  void Reshape(const OpSchema& schema, Plan& plan) {
    const Known input = Primary(schema, plan);
    Sizes sizes = input.sizes;
    for (uint32_t i = in_.Below(4); i > 0; --i) {
      const uint32_t at = in_.Below(static_cast<uint32_t>(sizes.size()) + 1);
      if (at + 1 < sizes.size() && Maybe()) {
        sizes[at] *= sizes[at + 1];
        sizes.erase(sizes.begin() + at + 1);
      } else {
        sizes.insert(sizes.begin() + at, 1);
      }
    }
    plan["newShape"] = ListOf(sizes);
  }
  void Slice(const OpSchema& schema, Plan& plan) {
    const Known input = Primary(schema, plan);
    Value::List starts, sizes;
    for (uint32_t size : input.sizes) {
      const uint32_t start = in_.Below(size);
      starts.emplace_back(start);
      sizes.emplace_back(in_.Between(1, size - start));
    }
    plan["starts"] = starts;
    plan["sizes"] = sizes;
    if (Maybe()) plan["strides"] = Numbers(static_cast<uint32_t>(input.sizes.size()), 1, 3);
  }
  void Split(const OpSchema& schema, Plan& plan) {
    const Known input = Primary(schema, plan);
    const uint32_t axis = Axis(input.sizes);
    uint32_t left = input.sizes.empty() ? 1 : input.sizes[axis];
    plan["axis"] = axis;
    if (Maybe()) {
      const uint32_t parts = in_.Between(1, left);
      plan["splits"] = left % parts == 0 ? parts : 1;
      return;
    }
    Value::List sizes;
    while (left > 0) {
      const uint32_t size = in_.Between(1, left);
      sizes.emplace_back(size);
      left -= size;
    }
    plan["splits"] = sizes;
  }
  // Operators whose fields say by their names what fits.
  void ByName(const OpSchema& schema, Plan& plan) {
    const OpField& first = schema.fields[0];
    const Known input = Get(first);
    plan[first.name] = input.operand;
    const auto rank = static_cast<uint32_t>(input.sizes.size());
    for (const OpField& field : schema.fields) {
      if (!field.required && Maybe()) continue;
      if (field.name == "axis") {
        plan["axis"] = Axis(input.sizes);
      } else if (field.name == "axes") {
        plan["axes"] = ListOf(SomeAxes(rank));
      } else if (field.name == "permutation") {
        plan["permutation"] = ListOf(Permutation(rank));
      } else if (field.name == "repetitions") {
        plan["repetitions"] = Numbers(rank, 1, 3);
      } else if (field.name == "outputDataType") {
        plan["outputDataType"] = Maybe() ? "int64" : "int32";
      }
    }
  }

  // ---- Calls. ----

  void AddCall() {
    const auto ops = AllOps();
    const OpSchema* schema = in_.Of(ops);
    // The many that are computed element by element have little to get wrong.
    if (!Recipes().contains(schema->name) && Maybe()) schema = in_.Of(ops);
    auto recipe = Recipes().find(schema->name);
    Plan plan;
    if (!in_.OneIn(16)) {
      const Recipe make = recipe == Recipes().end() ? &GraphMaker::ByName : recipe->second;
      (this->*make)(*schema, plan);
    }
    if (in_.OneIn(10)) {
      const OpField& field = in_.Of(schema->fields);
      plan[field.name] = OfType(field);
    }

    std::vector<Value> arguments;
    NamedValues options;
    for (const OpField& field : schema->fields) {
      auto planned = plan.find(field.name);
      if (field.required) {
        arguments.push_back(planned == plan.end() ? OfType(field) : planned->second);
      } else if (planned != plan.end()) {
        options.emplace(field.name, planned->second);
      } else if (in_.OneIn(field.is_operand ? 24 : 5)) {
        options.emplace(field.name, OfType(field));
      }
    }
    if (in_.OneIn(96)) arguments.push_back(AnyKind(0));
    if (in_.OneIn(96) && !arguments.empty()) arguments.pop_back();
    if (in_.OneIn(96)) options.emplace("unknown", AnyKind(0));

    auto results = builder_.Call(schema->name, arguments, options);
    if (!results) {
      ExpectTypeError(schema->name, results.error(), true);
      return;
    }
    if (results->empty()) Fail(std::string(schema->name) + " has no results", nullptr);
    for (Operand result : *results) {
      auto descriptor = builder_.Describe(result);
      if (!descriptor) Fail("a result cannot be described", &descriptor.error());
      const auto sizes = descriptor->shape().sizes();
      known_.push_back({result, descriptor->data_type(), {sizes.begin(), sizes.end()}});
      results_.push_back(result);
    }
  }

  Choices& in_;
  GraphBuilder& builder_;
  std::vector<Known> known_;
  std::vector<Operand> results_;
  size_t inputs_ = 0;
};

const std::map<std::string_view, GraphMaker::Recipe>& GraphMaker::Recipes() {
  static const std::map<std::string_view, Recipe> kRecipes = [] {
    std::map<std::string_view, Recipe> recipes;
    auto add = [&](std::initializer_list<std::string_view> names, Recipe recipe) {
      for (std::string_view name : names) recipes[name] = recipe;
    };
    add({"batchNormalization"}, &GraphMaker::BatchNormalization);
    add({"concat"}, &GraphMaker::Concat);
    add({"conv2d", "convTranspose2d"}, &GraphMaker::Conv2d);
    add({"add", "sub", "mul", "div", "max", "min", "pow", "equal", "notEqual", "greater",
         "greaterOrEqual", "lesser", "lesserOrEqual", "logicalAnd", "logicalOr", "logicalXor",
         "prelu", "where"},
        &GraphMaker::Broadcast);
    add({"dequantizeLinear", "quantizeLinear"}, &GraphMaker::Quantize);
    add({"expand"}, &GraphMaker::Expand);
    add({"gather"}, &GraphMaker::Gather);
    add({"gatherElements", "scatterElements"}, &GraphMaker::AlongAxis);
    add({"gatherND", "scatterND"}, &GraphMaker::AtCoordinates);
    add({"gemm"}, &GraphMaker::Gemm);
    add({"gru", "gruCell", "lstm", "lstmCell"}, &GraphMaker::Recurrent);
    add({"instanceNormalization"}, &GraphMaker::InstanceNormalization);
    add({"layerNormalization"}, &GraphMaker::LayerNormalization);
    add({"matmul"}, &GraphMaker::Matmul);
    add({"pad"}, &GraphMaker::Pad);
    add({"averagePool2d", "l2Pool2d", "maxPool2d"}, &GraphMaker::Pool2d);
    add({"resample2d"}, &GraphMaker::Resample2d);
    add({"reshape"}, &GraphMaker::Reshape);
    add({"slice"}, &GraphMaker::Slice);
    add({"split"}, &GraphMaker::Split);
    for (const auto& [name, recipe] : recipes) {
      if (FindOp(name) == nullptr) Fail("a recipe for no operator: " + std::string(name), nullptr);
    }
    return recipes;
  }();
  return kRecipes;
}

// ---- Running. ----

const Context& TheContext() {
  static const Context kContext = [] {
    auto context = Context::Create({.backend = "onnxruntime",
                                    .threads = 1,
                                    .max_tensor_byte_length = kMaxTensorBytes,
                                    .log = [](LogLevel, std::string_view) {}});
    if (!context) Fail("no context", &context.error());
    return *std::move(context);
  }();
  return kContext;
}

using Buffers = std::vector<std::vector<std::byte>>;

// With the caller's memory, filled with `fill` before.
Result<Buffers> Compute(const Graph& graph, const Buffers& inputs, std::byte fill) {
  std::vector<NamedInputBytes> from;
  for (size_t i = 0; i < inputs.size(); ++i) from.emplace_back(graph.inputs()[i].name, inputs[i]);
  Buffers outputs;
  for (const NamedDescriptor& output : graph.outputs()) {
    outputs.emplace_back(output.descriptor.byte_length(), fill);
  }
  std::vector<NamedOutputBytes> to;
  for (size_t i = 0; i < outputs.size(); ++i) to.emplace_back(graph.outputs()[i].name, outputs[i]);
  if (auto done = TheContext().Compute(graph, from, to); !done) return done.error();
  return outputs;
}

// With tensors.
Result<Buffers> Dispatch(const Graph& graph, const Buffers& inputs, std::byte fill) {
  const Context& context = TheContext();
  std::vector<NamedTensor> from;
  for (size_t i = 0; i < inputs.size(); ++i) {
    auto tensor = context.CreateTensor(graph.inputs()[i].descriptor, {.writable = true});
    if (!tensor) return tensor.error();
    if (auto done = context.WriteTensor(*tensor, inputs[i]); !done) return done.error();
    from.emplace_back(graph.inputs()[i].name, *tensor);
  }
  std::vector<NamedTensor> to;
  Buffers outputs;
  for (const NamedDescriptor& output : graph.outputs()) {
    outputs.emplace_back(output.descriptor.byte_length(), fill);
    auto tensor = context.CreateTensor(output.descriptor, {.readable = true, .writable = true});
    if (!tensor) return tensor.error();
    if (auto done = context.WriteTensor(*tensor, outputs.back()); !done) return done.error();
    to.emplace_back(output.name, *tensor);
  }
  if (auto done = context.Dispatch(graph, from, to); !done) return done.error();
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (auto done = context.ReadTensor(to[i].second, outputs[i]); !done) return done.error();
  }
  return outputs;
}

void CheckDescriptors(const std::vector<NamedDescriptor>& a, const std::vector<NamedDescriptor>& b,
                      std::string_view text) {
  const bool equal =
      std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
        return one.name == other.name && one.descriptor == other.descriptor;
      });
  if (!equal) Fail("the graph has other inputs or outputs than its definition", nullptr, text);
}

#ifdef WEBNN_HAVE_TENSORRT

// No float anywhere, no operator that may choose between equals, and none that ONNX Runtime
// computes in floating point where TensorRT does not.
bool IsExact(const GraphData& graph) {
  return std::none_of(graph.operands.begin(), graph.operands.end(),
                      [](const OperandRecord& operand) {
                        const DataType type = operand.descriptor.data_type();
                        return type == DataType::kFloat32 || type == DataType::kFloat16;
                      }) &&
         std::none_of(graph.nodes.begin(), graph.nodes.end(), [](const NodeRecord& node) {
           constexpr std::array<std::string_view, 5> kInexact = {"argMin", "argMax", "reduceL1",
                                                                 "reduceSum", "reduceSumSquare"};
           return std::ranges::find(kInexact, node.schema->name) != kInexact.end();
         });
}

bool IsFatal() { return std::getenv("WEBNN_FUZZ_GO_ON") == nullptr; }

// Fails when TensorRT-RTX does not build the model.
void BuildTensorRt(const lowering::Model& model, const std::string& text) {
  static const trt::Module* const kModule = []() -> const trt::Module* {
    if (std::getenv("WEBNN_FUZZ_BUILD") == nullptr) return nullptr;
    auto module = trt::OpenModule(trt::Flavor::kTensorRtRtx, {});
    if (!module) Fail("no TensorRT-RTX", &module.error());
    return *module;
  }();
  if (kModule == nullptr) return;
  const auto serialized = onnx_format::Serialize(model, {.embed_weights = true});
  if (!serialized) Fail("TensorRT's model is not written", &serialized.error(), text);
  const auto built =
      kModule->Build(*serialized, {.optimization_level = 0, .compute_capabilities = {86}}, {});
  if (!built && IsFatal()) Fail("TensorRT-RTX does not build the model", &built.error(), text);
  if (!built)
    std::fprintf(stderr, "NOT BUILT %s\n%s\n", ToString(built.error()).c_str(), text.c_str());
}

void CheckTensorRt(const GraphDefinition& definition, const Buffers& inputs,
                   const Buffers& expected, const std::string& text) {
  static const auto kLog = std::make_shared<const ort::Log>(ContextOptions{});
  static const ort::Library* const kLibrary = *ort::Library::Open({}, kLog);
  const GraphData& graph = *definition.data();
  const lowering::Target& target = trt::TensorRtTarget();
  using lowering::Element;
  for (Element element : {Element::kFloat, Element::kFloat16, Element::kBfloat16}) {
    lowering::Model model = lowering::Writer(graph, target).Finish();
    if (element != Element::kFloat) {
      passes::ApplyPrecision(model, graph, target, {.half = element});
    }
    for (const std::string& problem : testing_support::ProblemsOf(model, target)) {
      Fail("TensorRT's model: " + problem, nullptr, text);
    }
    if (element == Element::kBfloat16) continue;  // no kernels on the CPU
    BuildTensorRt(model, text);
    auto session = ort::Session::Compile(*kLibrary, kLog, 1, std::move(model));
    if (!session) {
      if (IsExempt(session.error(), text)) return;
      Fail("TensorRT's model does not compile", &session.error(), text);
    }
    Buffers outputs = expected;
    for (std::vector<std::byte>& output : outputs) std::ranges::fill(output, std::byte{0x33});
    const auto run =
        (*session)->Compute(std::vector<std::span<const std::byte>>(inputs.begin(), inputs.end()),
                            std::vector<std::span<std::byte>>(outputs.begin(), outputs.end()));
    if (!run) {
      if (IsExempt(run.error(), text)) return;
      Fail("TensorRT's model does not run", &run.error(), text);
    }
    if (IsExact(graph) && outputs != expected) {
      Fail("TensorRT's model gives other numbers", nullptr, text);
    }
  }
}

#endif  // WEBNN_HAVE_TENSORRT

void Run(Choices& in, const GraphDefinition& definition) {
  const std::string text = definition.ToText();
  static const bool kPrint = std::getenv("WEBNN_FUZZ_PRINT") != nullptr;
  if (kPrint) std::fprintf(stderr, "%s\n", text.c_str());
  if (definition.ToDot().empty()) Fail("no picture", nullptr, text);
  Buffers inputs;
  for (const NamedDescriptor& input : definition.inputs()) {
    inputs.push_back(RandomBytes(in, input.descriptor));
  }
  static const char* const kRecord = std::getenv("WEBNN_FUZZ_RECORD");
  if (kRecord != nullptr) {
    if (std::FILE* file = std::fopen(kRecord, "wb")) {
      const std::vector<uint8_t> record = in.Record();
      std::fwrite(record.data(), 1, record.size(), file);
      std::fclose(file);
    }
  }

  auto graph = TheContext().Compile(definition);
  if (!graph) {
    if (IsExempt(graph.error(), text)) return;
    Fail("an accepted graph does not compile", &graph.error(), text);
  }
  CheckDescriptors(graph->inputs(), definition.inputs(), text);
  CheckDescriptors(graph->outputs(), definition.outputs(), text);
  auto first = Compute(*graph, inputs, std::byte{0xaa});
  if (!first) {
    if (IsExempt(first.error(), text)) return;
    Fail("an accepted graph does not run", &first.error(), text);
  }
  // What is not written, or comes from memory that was not, differs.
  auto second = Dispatch(*graph, inputs, std::byte{0x55});
  if (!second) Fail("the graph ran, but does not run again", &second.error(), text);
  for (size_t i = 0; i < first->size(); ++i) {
    if ((*first)[i] == (*second)[i]) continue;
    Fail("output \"" + graph->outputs()[i].name + "\" differs from run to run", nullptr, text);
  }
#ifdef WEBNN_HAVE_TENSORRT
  CheckTensorRt(definition, inputs, *first, text);
#endif
}

void FuzzOne(const uint8_t* data, size_t size) {
  Choices in(data, size);
  in.Byte();  // which stream this is
  auto builder = GraphBuilder::Create(TheContext());
  if (!builder) Fail("no builder", &builder.error());
  GraphMaker maker(in, *builder);
  maker.AddCalls();
  const std::vector<GraphBuilder::NamedOutput> outputs = maker.Outputs();
  auto definition = builder->Finish(outputs);
  if (!definition) {
    ExpectTypeError("build", definition.error(), false);
    return;
  }
  Run(in, *definition);
}

}  // namespace
}  // namespace webnn

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  webnn::FuzzOne(data, size);
  return 0;
}
