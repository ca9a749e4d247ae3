#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "fmt/ranges.h"
#include "onnx/import/fold_tables.h"
#include "onnx/import/ops_indexing.h"

namespace webnn::onnx_format {
namespace {

// What `reduction` makes of the element that is there and the update.
struct Reduction {
  std::string_view name;
  std::string_view fold;
  Operand (*emit)(Node& node, Operand a, Operand b);
};
constexpr Reduction kReductions[] = {
    {"none", {}, nullptr},
    {"add", "Add", [](Node& node, Operand a, Operand b) { return node.Add(a, b); }},
    {"mul", "Mul", [](Node& node, Operand a, Operand b) { return node.Mul(a, b); }},
    {"max", "Max",
     [](Node& node, Operand a, Operand b) { return node.Emit(ops::Max{.a = a, .b = b}); }},
    {"min", "Min",
     [](Node& node, Operand a, Operand b) { return node.Emit(ops::Min{.a = a, .b = b}); }},
};

Result<const Reduction*> ReadReduction(const Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const std::string name, node.String("reduction", "none"));
  // The sum of truths is whether any is true, their product whether all are.
  const bool is_bool = node.TypeOf(0) == Element::kBool;
  const std::string_view wanted = !is_bool        ? name
                                  : name == "add" ? "max"
                                  : name == "mul" ? "min"
                                                  : std::string_view(name);
  for (const Reduction& reduction : kReductions) {
    if (reduction.name == wanted) return &reduction;
  }
  return node.Invalid("`reduction` is \"{}\"; allowed are none, add, mul, max and min", name);
}

// `data` as a list of slices, `updates` as a list of slices, and the slice that each goes to.
struct Scatter {
  ImportedValue data;
  ImportedValue updates;
  std::optional<std::vector<int64_t>> places;  // where the indices are known
  Operand place_operand;                       // int64, where they are not
  const Reduction* reduction;
};

HostTensor ScatterHere(const Scatter& scatter) {
  const HostTensor& data = *scatter.data.known();
  const HostTensor& updates = *scatter.updates.known();
  const std::vector<int64_t>& places = *scatter.places;
  const size_t slice = updates.bytes.size() / std::max<size_t>(1, places.size());
  if (scatter.reduction->fold.empty()) {
    std::byte* memory = nullptr;
    HostTensor result = HostTensor::Allocate(data.element, data.sizes, &memory);
    if (slice == 0) return data;
    std::memcpy(memory, data.bytes.data(), data.bytes.size());
    for (size_t i = 0; i < places.size(); ++i) {
      std::memcpy(memory + static_cast<size_t>(places[i]) * slice, updates.bytes.data() + i * slice,
                  slice);
    }
    return result;
  }
  const BinaryFold& fold = *FindBinaryFold(scatter.reduction->fold);
  Numbers numbers = *ReadNumbers(data);
  const Numbers others = *ReadNumbers(updates);
  const size_t count = slice / BytesOf(data.element);
  std::visit(
      [&]<class T>(std::vector<T>& values) {
        const auto& added = std::get<std::vector<T>>(others);
        for (size_t i = 0; i < added.size(); ++i) {
          T& value = values[static_cast<size_t>(places[i / count]) * count + i % count];
          value = FunctionOf<T>(fold)(value, added[i]);
        }
      },
      numbers);
  return WriteNumbers(data.element, data.sizes, numbers);
}

// Updates in rounds: in each no place is there twice, so that every one finds the result of those
// before it.
Result<std::vector<std::vector<int64_t>>> Rounds(const Node& node, const Scatter& scatter) {
  constexpr size_t kMaxRounds = 64;
  std::vector<std::vector<int64_t>> rounds;
  const int64_t count = scatter.updates.sizes[0];
  std::map<int64_t, size_t> seen;
  for (int64_t i = 0; i < count; ++i) {
    const size_t round =
        scatter.places ? seen[(*scatter.places)[static_cast<size_t>(i)]]++ : static_cast<size_t>(i);
    if (round >= kMaxRounds) {
      return node.Refuse(
          fmt::format("`reduction` is \"{}\", and {} may come to one element",
                      scatter.reduction->name,
                      scatter.places ? fmt::format("more than {} updates", kMaxRounds)
                                     : fmt::format("the {} updates, whose indices are computed at "
                                                   "run time,",
                                                   count)),
          "constant indices, or one update at a time");
    }
    if (round == rounds.size()) rounds.emplace_back();
    rounds[round].push_back(i);
  }
  return rounds;
}

// The result as a list of slices.
Result<ImportedValue> Apply(Node& node, Movement& movement, const Scatter& scatter) {
  const auto& [data, updates, places, place_operand, reduction] = scatter;
  if (updates.sizes[0] == 0 || ElementCount(data.sizes) == 0) return data;
  const bool known = data.known() && updates.known() && places;
  if (movement.OnHost(known, data.element, data.sizes)) {
    return Movement::Known(ScatterHere(scatter));
  }
  const auto as_lists = [&](std::span<const int64_t> list) {
    return node.Constant(
        HostReshape(HostTensor::Integers(list), {static_cast<int64_t>(list.size()), 1}));
  };
  if (!reduction->emit) {
    const Operand indices =
        places ? as_lists(*places) : node.Reshape(place_operand, {updates.sizes[0], 1});
    const Operand y = node.Emit(ops::ScatterND{
        .input = movement.Get(data), .indices = indices, .updates = movement.Get(updates)});
    return Movement::Computed(y, data.element, data.sizes);
  }
  WEBNN_ASSIGN_OR_RETURN(const auto rounds, Rounds(node, scatter));
  Operand y = movement.Get(data);
  for (const std::vector<int64_t>& round : rounds) {
    Operand indices;
    if (places) {
      std::vector<int64_t> here;
      for (int64_t i : round) here.push_back((*places)[static_cast<size_t>(i)]);
      indices = as_lists(here);
    } else {
      const auto start = static_cast<uint32_t>(round[0]);
      indices = node.Reshape(
          node.Emit(ops::Slice{.input = place_operand, .starts = {start}, .sizes = {1}}), {1, 1});
    }
    const Operand there = node.Emit(ops::GatherND{.input = y, .indices = indices});
    const Operand added = movement.Get(movement.Take(updates, 0, round));
    y = node.Emit(ops::ScatterND{
        .input = y, .indices = indices, .updates = reduction->emit(node, there, added)});
  }
  return Movement::Computed(y, data.element, data.sizes);
}

// Indices counted from the start, times the stride of their axis.
Operand Strided(Node& node, Operand indices, int64_t size, int64_t stride) {
  const auto scalar = [&](int64_t value) { return node.Scalar(value, DataType::kInt64); };
  const Operand wrapped =
      node.Emit(ops::Where{.condition = node.Emit(ops::Lesser{.a = indices, .b = scalar(0)}),
                           .true_value = node.Add(indices, scalar(size)),
                           .false_value = indices});
  return stride == 1 ? wrapped : node.Mul(wrapped, scalar(stride));
}

}  // namespace

Result<void> ImportScatterElements(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t given, node.Int("axis", 0));
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis, node.Axis(given, node.RankOf(0)));
  WEBNN_ASSIGN_OR_RETURN(const Reduction* reduction, ReadReduction(node));
  const ImportedValue& x = node.In(0);
  const std::vector<int64_t>& indices = node.SizesOf(1);
  WEBNN_RETURN_IF_ERROR(CheckElementIndices(node, x.sizes, indices, axis));
  if (node.SizesOf(2) != indices || node.TypeOf(2) != x.element) {
    return node.Invalid("`updates` is {}[{}] for indices of shape [{}] and an input of type {}",
                        NameOf(node.TypeOf(2)), fmt::join(node.SizesOf(2), ", "),
                        fmt::join(indices, ", "), NameOf(x.element));
  }
  Movement movement(node);
  const int64_t count = ElementCount(indices);
  if (count == 0) return node.Forward(0, 0);
  Scatter scatter = {.data = movement.Reshape(x, {ElementCount(x.sizes)}),
                     .updates = movement.Reshape(node.In(2), {count}),
                     .reduction = reduction};
  std::vector<int64_t> others = indices;
  others[axis] = x.sizes[axis];
  const bool direct = !reduction->emit && others == x.sizes;
  if (const HostTensor* known = node.Known(1)) {
    WEBNN_ASSIGN_OR_RETURN(scatter.places, FlatElements(node, x.sizes, *known, axis));
  } else if (!direct) {
    // The place of each along the other axes is known.
    WEBNN_RETURN_IF_ERROR(CheckHostSize(node, Element::kInt64, indices));
    std::byte* memory = nullptr;
    const HostTensor zeros = HostTensor::Allocate(Element::kInt64, indices, &memory);
    WEBNN_ASSIGN_OR_RETURN(const std::vector<int64_t> base,
                           FlatElements(node, x.sizes, zeros, axis));
    const Operand list = node.Reshape(node.Cast(node.Get(1), DataType::kInt64), {count});
    scatter.place_operand =
        node.Add(Strided(node, list, x.sizes[axis], PackedStrides(x.sizes)[axis]),
                 node.Constant(HostTensor::Integers(base)));
  }
  const bool known = x.known() && node.Known(1) && node.Known(2);
  if (direct && !movement.OnHost(known, x.element, x.sizes)) {
    const Operand y = node.Emit(ops::ScatterElements{
        .input = movement.Get(x), .indices = node.Get(1), .updates = node.Get(2), .axis = axis});
    return movement.Set(0, Movement::Computed(y, x.element, x.sizes));
  }
  WEBNN_ASSIGN_OR_RETURN(const ImportedValue y, Apply(node, movement, scatter));
  return movement.Set(0, movement.Reshape(y, x.sizes));
}

Result<void> ImportScatterND(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const Reduction* reduction, ReadReduction(node));
  const ImportedValue& x = node.In(0);
  const std::vector<int64_t>& indices = node.SizesOf(1);
  const int64_t depth = indices.empty() ? 0 : indices.back();
  if (indices.empty() || depth < 1 || depth > node.RankOf(0)) {
    return node.Invalid("indices of shape [{}] do not go with an input of shape [{}]",
                        fmt::join(indices, ", "), fmt::join(x.sizes, ", "));
  }
  std::vector<int64_t> expected(indices.begin(), indices.end() - 1);
  const int64_t count = ElementCount(expected);
  expected.insert(expected.end(), x.sizes.begin() + depth, x.sizes.end());
  if (node.SizesOf(2) != expected || node.TypeOf(2) != x.element) {
    return node.Invalid("`updates` is {}[{}]; it must be {}[{}]", NameOf(node.TypeOf(2)),
                        fmt::join(node.SizesOf(2), ", "), NameOf(x.element),
                        fmt::join(expected, ", "));
  }
  if (ElementCount(expected) == 0) return node.Forward(0, 0);
  Movement movement(node);
  const std::span<const int64_t> indexed = std::span(x.sizes).first(static_cast<size_t>(depth));
  const auto slices = [&](int64_t length) {
    std::vector<int64_t> list = {length};
    list.insert(list.end(), x.sizes.begin() + depth, x.sizes.end());
    return list;
  };
  const bool known = x.known() && node.Known(1) && node.Known(2);
  std::optional<std::vector<int64_t>> places;
  if (const HostTensor* tensor = node.Known(1)) {
    WEBNN_ASSIGN_OR_RETURN(places, FlatPlaces(node, indexed, *tensor, 0));
  }
  if (!reduction->emit && !movement.OnHost(known, x.element, x.sizes)) {
    const Operand y = node.Emit(
        ops::ScatterND{.input = movement.Get(x), .indices = node.Get(1), .updates = node.Get(2)});
    return movement.Set(0, Movement::Computed(y, x.element, x.sizes));
  }
  Scatter scatter = {.data = movement.Reshape(x, slices(ElementCount(indexed))),
                     .updates = movement.Reshape(node.In(2), slices(count)),
                     .places = std::move(places),
                     .reduction = reduction};
  if (!scatter.places) {
    const Operand lists = node.Reshape(node.Cast(node.Get(1), DataType::kInt64), {count, depth});
    const std::vector<int64_t> strides = PackedStrides(indexed);
    for (uint32_t k = 0; k < static_cast<uint32_t>(depth); ++k) {
      const Operand column = node.Reshape(
          node.Emit(ops::Slice{
              .input = lists, .starts = {0, k}, .sizes = {static_cast<uint32_t>(count), 1}}),
          {count});
      const Operand places_along = Strided(node, column, indexed[k], strides[k]);
      scatter.place_operand = k == 0 ? places_along : node.Add(scatter.place_operand, places_along);
    }
  }
  WEBNN_ASSIGN_OR_RETURN(const ImportedValue y, Apply(node, movement, scatter));
  return movement.Set(0, movement.Reshape(y, x.sizes));
}

// Writes `update` into the cache along `axis`, from a place of its own for each item of the batch.
Result<void> ImportTensorScatter(Node& node) {
  WEBNN_ASSIGN_OR_RETURN(const int64_t given, node.Int("axis", -2));
  WEBNN_ASSIGN_OR_RETURN(const uint32_t axis, node.Axis(given, node.RankOf(0)));
  WEBNN_ASSIGN_OR_RETURN(const std::string mode, node.String("mode", "linear"));
  const std::vector<int64_t>& cache = node.SizesOf(0);
  const std::vector<int64_t>& update = node.SizesOf(1);
  std::vector<int64_t> expected = cache;
  if (update.size() == cache.size()) expected[axis] = std::min(update[axis], cache[axis]);
  const bool batch = !node.Has(2) || node.SizesOf(2) == std::vector<int64_t>{cache[0]};
  if (axis == 0 || update != expected || !batch || (mode != "linear" && mode != "circular")) {
    return node.Invalid(
        "an update of shape [{}] and write indices of shape [{}] do not go with a cache of shape "
        "[{}], axis {} and mode \"{}\"",
        fmt::join(update, ", "), fmt::join(node.SizesOf(2), ", "), fmt::join(cache, ", "), axis,
        mode);
  }
  WEBNN_ASSIGN_OR_RETURN(const std::vector<int64_t> steps, Iota(node, update[axis]));
  std::vector<int64_t> along(cache.size(), 1);
  along[axis] = update[axis];
  Operand indices = node.Constant(HostReshape(HostTensor::Integers(steps), along));
  if (node.Has(2)) {
    std::vector<int64_t> items(cache.size(), 1);
    items[0] = cache[0];
    indices = node.Add(indices, node.Reshape(node.Cast(node.Get(2), DataType::kInt64), items));
    if (mode == "circular") {
      const Operand size = node.Scalar(cache[axis], DataType::kInt64);
      indices = node.Sub(indices, node.Mul(node.Div(indices, size), size));
    }
  }
  const Operand y = node.Emit(ops::ScatterElements{.input = node.Get(0),
                                                   .indices = node.Expand(indices, update),
                                                   .updates = node.Get(1),
                                                   .axis = axis});
  return node.Set(0, y);
}

}  // namespace webnn::onnx_format
