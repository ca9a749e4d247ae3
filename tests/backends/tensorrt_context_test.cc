#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backends/tensorrt/runner.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/impl.h"
#include "tests/backends/fake_cuda.h"
#include "tests/backends/fake_engine.h"
#include "tests/backends/tensorrt_fixture.h"
#include "webnn/context.h"
#include "webnn/graph_builder.h"

// The runner through the runtime.
namespace webnn::trt {
namespace {

using testing::Each;
using testing::HasSubstr;

/// A back end whose every graph is a fake engine.
class FakeBackend : public Backend {
 public:
  FakeBackend(std::unique_ptr<Runner> runner, FakeCuda& fake, FakeEngineCounts& counts)
      : runner_(std::move(runner)), fake_(fake), counts_(counts) {}
  std::string_view name() const override { return "fake"; }
  std::string version() const override { return "1"; }
  std::string device() const override { return "cuda:0"; }
  uint32_t max_rank() const override { return 8; }
  bool asynchronous() const override { return true; }
  Result<std::unique_ptr<CompiledGraph>> Compile(const std::shared_ptr<const GraphData>&,
                                                 const CompileOptions&) override {
    auto engine =
        std::make_shared<FakeEngine>(fake_, counts_, FakeEngineOptions{.microseconds = 50});
    return runner_->MakeGraph(engine, engine->InputNames(), engine->OutputNames());
  }
  Result<std::unique_ptr<BackendTensor>> CreateTensor(
      const OperandDescriptor& descriptor) override {
    return runner_->CreateTensor(descriptor);
  }
  Result<void> Synchronize() override { return runner_->Synchronize(); }
  std::optional<std::string> lost() const override { return runner_->lost(); }

 private:
  const std::unique_ptr<Runner> runner_;
  FakeCuda& fake_;
  FakeEngineCounts& counts_;
};

using Named = std::vector<NamedTensor>;

class TensorRtContextTest : public TensorRtRunnerTest {
 protected:
  Context NewContext(bool queued = false) {
    ContextOptions options;
    options.queued = queued;
    return Context(std::make_shared<ContextImpl>(
        options, std::make_unique<FakeBackend>(std::move(runner_), *fake_, counts_)));
  }
  static Graph Compile(const Context& context) {
    GraphBuilder builder = GraphBuilder::Create(context).value();
    const Operand x = builder.Input("x0", Ints(kElements)).value();
    return builder.Build({{"y0", *builder.Identity({.input = x})}}).value();
  }
  static Tensor NewTensor(const Context& context) {
    return context.CreateTensor(Ints(kElements), {.readable = true, .writable = true}).value();
  }
};

TEST_F(TensorRtContextTest, DispatchesFromSeveralThreadsKeepTheOrderOfTheirTensors) {
  for (bool queued : {false, true}) {
    if (runner_ == nullptr) {
      ASSERT_NO_FATAL_FAILURE(Open());
    }
    fake_->SetDelay(100);
    const Context context = NewContext(queued);
    const Graph graph = Compile(context);
    const Tensor shared = NewTensor(context);
    std::vector<Tensor> last(4, shared);
    for (Tensor& tensor : last) tensor = NewTensor(context);
    InThreads(4, [&](int thread) {
      const Tensor mine = NewTensor(context);
      std::vector<int32_t> values(kElements, 100 * thread);
      EXPECT_OK(context.WriteTensor(mine, std::as_bytes(std::span(values))));
      for (int i = 0; i < 20; ++i) {
        EXPECT_OK(context.Dispatch(graph, Named{{"x0", mine}}, Named{{"y0", last[thread]}}));
        EXPECT_OK(context.Dispatch(graph, Named{{"x0", last[thread]}}, Named{{"y0", mine}}));
        EXPECT_OK(context.Dispatch(graph, Named{{"x0", mine}}, Named{{"y0", shared}}));
      }
      EXPECT_OK(context.ReadTensor(mine, std::as_writable_bytes(std::span(values))));
      EXPECT_THAT(values, Each(100 * thread + 40));
    });
    std::vector<int32_t> values(kElements);
    EXPECT_OK(context.ReadTensorAsync(shared, std::as_writable_bytes(std::span(values))).get());
    EXPECT_THAT(values, Each(values[0]));
    EXPECT_EQ(values[0] % 100, 41);
    context.Synchronize();
  }
}

TEST_F(TensorRtContextTest, ALostDeviceIsALostContext) {
  const Context context = NewContext();
  const Graph graph = Compile(context);
  const Tensor a = NewTensor(context);
  const Tensor b = NewTensor(context);
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(context.Dispatch(graph, Named{{"x0", a}}, Named{{"y0", b}}));
  }
  EXPECT_EQ(context.lost(), std::nullopt);
  fake_->FaultAfter(0);
  (void)context.Dispatch(graph, Named{{"x0", a}}, Named{{"y0", b}});
  std::vector<int32_t> values(kElements);
  EXPECT_FALSE(context.ReadTensor(b, std::as_writable_bytes(std::span(values))));
  ASSERT_TRUE(context.lost());
  EXPECT_THAT(context.lost()->message, HasSubstr("CUDA_ERROR_ILLEGAL_ADDRESS"));
  auto dispatch = context.Dispatch(graph, Named{{"x0", a}}, Named{{"y0", b}});
  ASSERT_FALSE(dispatch);
  EXPECT_FALSE(context.CreateTensor(Ints(4)));
}

}  // namespace
}  // namespace webnn::trt
