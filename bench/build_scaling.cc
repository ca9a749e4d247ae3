// What it takes to describe, check and lower a long graph: builder, Finish, Writer and Serialize,
// without a runtime. A chain of operators of several kinds, most with a constant of their own.

#include "backends/onnxruntime/target.h"
#include "harness.h"
#include "lowering/writer.h"
#include "models.h"
#include "onnx/serialize.h"

namespace webnn::bench {
namespace {

struct Phases {
  double build = 0;
  double finish = 0;
  double lower = 0;
  double serialize = 0;
  double release = 0;
  size_t bytes = 0;
  double ours() const { return build + finish + lower; }
  double sum() const { return ours() + serialize; }
};

Phases Run(size_t operators) {
  Phases phases;
  double last = Seconds();
  const auto lap = [&] {
    const double now = Seconds();
    return now - std::exchange(last, now);
  };
  {
    GraphBuilder builder;
    Operand x = Must(builder.Input("x", DataType::kFloat32, Shape{2, 3}));
    const auto constant = [&](Shape shape) {
      return Must(builder.Constant<float>(std::move(shape), {0.5f, 1.0f, 1.5f}));
    };
    for (size_t i = 0; i < operators; ++i) {
      switch (i % 5) {
        case 0:
          x = Must(builder.Add({.a = x, .b = constant(Shape{3})}));
          break;
        case 1:
          x = Must(builder.Mul({.a = constant(Shape{1, 3}), .b = x}));
          break;
        case 2:
          x = Must(builder.Relu({.input = x}));
          break;
        case 3:
          x = Must(builder.Reshape({.input = x, .new_shape = {2, 3}}));
          break;
        default:
          x = Must(builder.Clamp({.input = x, .min_value = -1.0, .max_value = 6.0}));
      }
    }
    phases.build = lap();
    const GraphDefinition definition = Must(builder.Finish({{"y", x}}));
    phases.finish = lap();
    const lowering::Model model =
        lowering::Writer(*definition.data(), OnnxRuntimeTarget()).Finish();
    phases.lower = lap();
    const onnx_format::SerializedModel serialized = Must(onnx_format::Serialize(model));
    phases.serialize = lap();
    phases.bytes = serialized.proto.size();
  }
  phases.release = lap();
  return phases;
}

int Main(int argc, char** argv) {
  Report report("build_scaling", argc, argv);
  constexpr std::array<size_t, 3> kSizes = {1'000, 10'000, 100'000};
  std::array<std::vector<Phases>, 3> all;
  Run(kSizes[1]);
  std::vector<std::function<double()>> variants;
  for (size_t k = 0; k < kSizes.size(); ++k) {
    variants.push_back([&, k] { return all[k].emplace_back(Run(kSizes[k])).sum(); });
  }
  const Rounds rounds = Interleave(15, 60, variants);
  const auto shown = [](double seconds) { return fmt::format("{:.1f} ms", seconds * 1e3); };
  for (size_t k = 0; k < kSizes.size(); ++k) {
    const auto least = [&](double Phases::* phase) {
      std::vector<double> values;
      for (const Phases& phases : all[k]) values.push_back(phases.*phase);
      return shown(Min(values));
    };
    report.Row(
        "Chain of add, mul, relu, reshape and clamp",
        {"operators", "median", "least", "build", "finish", "lower", "serialize", "free", "model"},
        {fmt::format("{}", kSizes[k]), shown(rounds.Median(k)), shown(rounds.Min(k)),
         least(&Phases::build), least(&Phases::finish), least(&Phases::lower),
         least(&Phases::serialize), least(&Phases::release),
         fmt::format("{:.1f} MB", static_cast<double>(all[k].front().bytes) * 1e-6)});
  }
  report.Note("The parts are their least; the sum of the first four is the whole.");
  report.Note(fmt::format("{} rounds, {} of them quiet", rounds.taken, rounds.quiet));
  report.AtMost("seconds for 100,000 operators", rounds.Median(2), 1.0);
  report.AtMost("seconds for 10,000 operators", rounds.Median(1), 0.1);
  // Without protobuf's share, which for a large model is that of the pages it takes.
  const auto least = [&](size_t k) {
    std::vector<double> values;
    for (const Phases& phases : all[k]) values.push_back(phases.ours());
    return Min(values);
  };
  report.Note(
      fmt::format("build, finish and lower of 100,000 operators / 10 times those of 10,000: "
                  "{:.3f}; from one to the other the graph leaves the caches",
                  least(2) / least(1) / 10));
  return report.Finish();
}

}  // namespace
}  // namespace webnn::bench

int main(int argc, char** argv) { return webnn::bench::Main(argc, argv); }
