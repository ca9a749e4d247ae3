// What is computed in which precision: by the engine's own description, and by the results.

#include <cmath>

#include "backends/tensorrt/inspect.h"
#include "backends/tensorrt/module.h"
#include "backends/tensorrt/payload.h"
#include "gpu_test.h"
#include "runtime/compiled_file.h"

namespace webnn::gpu_test {
namespace {

constexpr auto kHalf = lowering::Element::kFloat16;
constexpr uint32_t kSize = 256;

class PrecisionTest : public GpuTest {
 protected:
  static CompileOptions With(Precision precision) {
    CompileOptions options = QuickOptions().compile;
    options.precision = precision;
    return options;
  }
  /// The engine inspector's description of all layers.
  std::string Layers(const GraphDefinition& definition, const CompileOptions& options) {
    const std::string path = folder_.path() + "/graph.compiled";
    context_.CompileToFile(definition, path, options).value();
    const CompiledFile file = ReadCompiledFile(path).value();
    const trt::Payload payload = trt::Decode(file.compiled.payload).value();
    const auto flavor =
        BackendName() == "tensorrt" ? trt::Flavor::kTensorRt : trt::Flavor::kTensorRtRtx;
    Cuda::Get().MakeCurrent();
    const trt::Module* const module = trt::OpenModule(flavor, QuickOptions()).value();
    return module->Deserialize(payload.plan.bytes).value()->Inspect().value();
  }
  double Error(Precision precision) { return ErrorWith(With(precision)); }
  double ErrorWith(const CompileOptions& options) {
    const std::vector<float> x = Pseudo(kSize * kSize, 77);
    const Graph graph = context_.Compile(Product(kSize, kSize, kSize), options).value();
    return ProductError(x, kSize, kSize, kSize, Compute(context_, graph, x));
  }

  Folder folder_;
  const Context context_ = [] {
    auto context = Context::Create(QuickOptions());
    return context ? *std::move(context) : Context(nullptr);
  }();
};

TEST_F(PrecisionTest, Float32IsSinglePrecisionWithoutTf32) {
  // TF32 has 10 bits of fraction, which would be about 3e-4 here.
  EXPECT_LT(Error(Precision::kFloat32), 2e-6);
  const std::string layers = Layers(Product(kSize, kSize, kSize), With(Precision::kFloat32));
  EXPECT_FALSE(trt::ComputesIn(layers, kHalf)) << layers;
}

TEST_F(PrecisionTest, EveryOtherPrecisionShowsInTheResults) {
  // What a product of 256 x 256 numbers in [-1, 1) loses, by the bits of the fraction.
  const double tf32 = Error(Precision::kTf32);
  EXPECT_LT(tf32, 2e-3);
  const double float16 = Error(Precision::kFloat16);
  EXPECT_GT(float16, 1e-5);
  EXPECT_LT(float16, 2e-3);
  const double bfloat16 = Error(Precision::kBfloat16);
  EXPECT_GT(bfloat16, 3e-4);
  EXPECT_LT(bfloat16, 2e-2);
}

TEST_F(PrecisionTest, Float16HasHalfLayersAndDeclaredTypesOutside) {
  const GraphDefinition definition = Product(kSize, kSize, kSize);
  const std::string layers = Layers(definition, With(Precision::kFloat16));
  EXPECT_TRUE(trt::ComputesIn(layers, kHalf)) << layers;
  const Graph graph = context_.Compile(definition, With(Precision::kFloat16)).value();
  EXPECT_EQ(graph.inputs()[0].descriptor.data_type(), DataType::kFloat32);
  EXPECT_EQ(graph.outputs()[0].descriptor.data_type(), DataType::kFloat32);
}

TEST_F(PrecisionTest, Bfloat16HasSuchLayers) {
  const std::string layers = Layers(Product(kSize, kSize, kSize), With(Precision::kBfloat16));
  EXPECT_TRUE(trt::ComputesIn(layers, lowering::Element::kBfloat16)) << layers;
}

TEST_F(PrecisionTest, AutoTakesFloat16OnAGpuThatIsFastAtIt) {
  const std::string layers = Layers(Product(kSize, kSize, kSize), With(Precision::kAuto));
  EXPECT_TRUE(trt::ComputesIn(layers, kHalf)) << layers;
}

TEST_F(PrecisionTest, Float16KeepsWhatWouldOverflowInFloat32) {
  // Squares of 1,000 are beyond float16's 65,504, and so are sums and exponentials.
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, Shape{4, 64}).value();
  const Operand squares = builder.ReduceSumSquare({.input = x, .axes = {{1}}}).value();
  const Operand root = builder.Sqrt({.input = squares}).value();
  const GraphDefinition definition = builder.Finish({{"y", root}}).value();
  const Graph graph = context_.Compile(definition, With(Precision::kFloat16)).value();
  const std::vector<float> y = Compute(context_, graph, Constants(256, 1000));
  for (const float value : y) EXPECT_NEAR(value, 8000, 8);
}

TEST_F(PrecisionTest, EnginesForLaterGpusComputeTheSame) {
  CompileOptions options = With(Precision::kFloat32);
  options.hardware_compatible = true;
  EXPECT_LT(ErrorWith(options), 2e-6);
}

TEST_F(PrecisionTest, EnginesForLaterVersionsComputeTheSame) {
  CompileOptions options = With(Precision::kFloat32);
  options.version_compatible = true;
  const auto graph = context_.Compile(Product(kSize, kSize, kSize), options);
  if (!graph && graph.error().message.find("libnvinfer_lean") != std::string::npos) {
    GTEST_SKIP() << "this TensorRT comes without the library that such engines need: "
                 << ToString(graph.error());
  }
  ASSERT_THAT(graph, Succeeds());
  EXPECT_LT(ErrorWith(options), 2e-6);
}

}  // namespace
}  // namespace webnn::gpu_test
