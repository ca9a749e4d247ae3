#include "ops/common.h"

namespace webnn::ops {

// ---- matmul ----

template <>
const OpSchema& SchemaOf<Matmul>() {
  static const OpSchema kSchema = With(
      HalfPrecision::kHalf,
      MakeSchema<Matmul>("matmul", "Matrix product of the last two axes; the others are broadcast.",
                         {In<&Matmul::a>("a", kFloats, RankAtLeast(2)),
                          In<&Matmul::b>("b", kFloats, RankAtLeast(2), "a")},
                         {Out("output", kFloats, RankAtLeast(2), "a")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const Matmul& op) {
  const Shape& a = context.ShapeOf(op.a);
  const Shape& b = context.ShapeOf(op.b);
  if (a[a.rank() - 1] != b[b.rank() - 2]) {
    return context.Reject("inner-sizes-match",
                          "a has {} columns and b has {} rows, in the shapes {} and {}; they must "
                          "be equal",
                          a[a.rank() - 1], b[b.rank() - 2], ToString(a), ToString(b));
  }
  const size_t batch_rank = std::max(a.rank(), b.rank()) - 2;
  OutputShape output = {context.TypeOf(op.a), std::vector<uint64_t>(batch_rank, 1)};
  for (const Shape* shape : {&a, &b}) {
    const size_t offset = batch_rank - (shape->rank() - 2);
    for (uint32_t axis = 0; axis + 2 < shape->rank(); ++axis) {
      uint64_t& size = output.sizes[offset + axis];
      if (size != (*shape)[axis] && size != 1 && (*shape)[axis] != 1) {
        return context.Reject("batch-broadcastable",
                              "the sizes of {} and {} before the last two cannot be broadcast",
                              ToString(a), ToString(b));
      }
      size = std::max<uint64_t>(size, (*shape)[axis]);
    }
  }
  output.sizes.push_back(a[a.rank() - 2]);
  output.sizes.push_back(b[b.rank() - 1]);
  return output;
}

LoweredValue LowerToOnnx(Writer& writer, const Matmul& op) {
  return writer.Emit("MatMul", {writer.Get(op.a), writer.Get(op.b)});
}

// ---- gemm ----

template <>
const OpSchema& SchemaOf<Gemm>() {
  static const OpSchema kSchema =
      With(HalfPrecision::kHalf,
           MakeSchema<Gemm>(
               "gemm", "alpha * A * B + beta * c, A and B transposed on request.",
               {In<&Gemm::a>("a", kFloats, Rank(2)), In<&Gemm::b>("b", kFloats, Rank(2), "a"),
                In<&Gemm::c>("c", kFloats, {0, 2}, "a"), Option<&Gemm::alpha>("alpha"),
                Option<&Gemm::beta>("beta"), Option<&Gemm::a_transpose>("aTranspose"),
                Option<&Gemm::b_transpose>("bTranspose")},
               {Out("output", kFloats, Rank(2), "a")}));
  return kSchema;
}

Result<OutputShape> Infer(const InferContext& context, const Gemm& op) {
  const Shape& a = context.ShapeOf(op.a);
  const Shape& b = context.ShapeOf(op.b);
  const uint32_t rows = a[op.a_transpose ? 1 : 0];
  const uint32_t columns = b[op.b_transpose ? 0 : 1];
  const uint32_t inner_a = a[op.a_transpose ? 0 : 1];
  const uint32_t inner_b = b[op.b_transpose ? 1 : 0];
  if (inner_a != inner_b) {
    return context.Reject("inner-sizes-match",
                          "A{} has {} columns and B{} has {} rows; they must be equal",
                          op.a_transpose ? " (transposed)" : "", inner_a,
                          op.b_transpose ? " (transposed)" : "", inner_b);
  }
  if (op.c && !BroadcastsTo(context.ShapeOf(*op.c).sizes(), Shape{rows, columns}.sizes())) {
    return context.Reject("c-broadcastable",
                          "c has shape {}, which cannot be broadcast to [{}, {}]",
                          ToString(context.ShapeOf(*op.c)), rows, columns);
  }
  return OutputShape{context.TypeOf(op.a), {rows, columns}};
}

namespace {

// The factors as operators of their own.
LoweredValue LowerPlain(Writer& writer, const Gemm& op) {
  const auto scaled = [&](LoweredValue value, double factor) {
    return factor == 1 ? value : writer.Mul(value, writer.Scalar(factor, value.element));
  };
  const std::vector<Attribute> attributes = {{"transA", int64_t{op.a_transpose}},
                                             {"transB", int64_t{op.b_transpose}}};
  const LoweredValue a = writer.PreciseChain(op.a);
  const LoweredValue b = writer.PreciseChain(op.b);
  const LoweredValue c = op.c ? scaled(writer.PreciseChain(*op.c), op.beta) : LoweredValue{};
  if (op.alpha == 1) return writer.Emit("Gemm", {a, b, c}, attributes);
  const LoweredValue product = scaled(writer.Emit("Gemm", {a, b}, attributes), op.alpha);
  return c ? writer.Add(product, c) : product;
}

}  // namespace

LoweredValue LowerToOnnx(Writer& writer, const Gemm& op) {
  if (writer.target().plain_gemm) return LowerPlain(writer, op);
  return writer.Emit(
      "Gemm", {writer.PreciseChain(op.a), writer.PreciseChain(op.b), writer.PreciseChain(op.c)},
      {{"alpha", static_cast<float>(op.alpha)},
       {"beta", static_cast<float>(op.beta)},
       {"transA", int64_t{op.a_transpose}},
       {"transB", int64_t{op.b_transpose}}});
}

}  // namespace webnn::ops
