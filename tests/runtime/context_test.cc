#include "webnn/context.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/runtime/scripted_backend.h"
#include "tests/support/result_matchers.h"

namespace webnn {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using testing_support::Fails;
using testing_support::Succeeds;

TEST(ContextTest, EchoesItsOptions) {
  const Context plain = Context::Create().value();
  EXPECT_TRUE(plain.accelerated());
  EXPECT_EQ(plain.options().power_preference, PowerPreference::kDefault);
  EXPECT_FALSE(plain.options().queued);

  const Context context = Context::Create({.power_preference = PowerPreference::kLowPower,
                                           .accelerated = false,
                                           .backend = "onnxruntime",
                                           .device = "cpu",
                                           .threads = 2,
                                           .queued = true,
                                           .max_tensor_byte_length = 12345})
                              .value();
  EXPECT_FALSE(context.accelerated());
  EXPECT_EQ(context.options().power_preference, PowerPreference::kLowPower);
  EXPECT_EQ(context.options().backend, "onnxruntime");
  EXPECT_EQ(context.options().device, "cpu");
  EXPECT_EQ(context.options().threads, 2u);
  EXPECT_TRUE(context.options().queued);
  EXPECT_EQ(context.options().max_tensor_byte_length, 12345u);
}

TEST(ContextTest, SaysWhatRuns) {
  const Context context = Context::Create({.backend = "onnxruntime"}).value();
  EXPECT_EQ(context.backend(), "onnxruntime");
  EXPECT_THAT(context.Explain(), StartsWith("onnxruntime 1."));
  EXPECT_THAT(context.Explain(), HasSubstr("cpu"));
  EXPECT_EQ(context.lost(), std::nullopt);
}

TEST(ContextTest, AnUnknownBackendIsNamedWithThoseThatThereAre) {
  const auto context = Context::Create({.backend = "directml"});
  EXPECT_THAT(context, Fails(ErrorCode::kNotSupported, "directml"));
  EXPECT_THAT(context, Fails(ErrorCode::kNotSupported, "onnxruntime"));
}

TEST(ContextTest, AnUnknownDeviceIsNamedWithThoseThatThereAre) {
  for (const std::string backend : {"", "onnxruntime"}) {
    const auto context = Context::Create({.backend = backend, .device = "toaster"});
    EXPECT_THAT(context, Fails(ErrorCode::kNotSupported, "toaster"));
    EXPECT_THAT(context, Fails(ErrorCode::kNotSupported, "cpu"));
  }
}

TEST(ContextTest, AnExplicitLibraryIsTheOnlyOneTried) {
  const std::string path = "/nowhere/libonnxruntime.so.1";
  for (const std::string backend : {"", "onnxruntime"}) {
    EXPECT_THAT(Context::Create({.backend = backend, .library_path = path}),
                Fails(ErrorCode::kNotSupported, path));
  }
  // A file that is no library.
  EXPECT_THAT(Context::Create({.library_path = "/proc/self/cmdline"}),
              Fails(ErrorCode::kNotSupported, "/proc/self/cmdline"));
}

TEST(ContextTest, OneDefinitionCompilesOftenAndAnywhere) {
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kUint8, {4}).value();
  const Operand y = builder.Add({.a = x, .b = x}).value();
  const GraphDefinition definition = builder.Finish({{"y", y}}).value();
  for (int i = 0; i < 2; ++i) {
    const Context context = Context::Create().value();
    for (int k = 0; k < 2; ++k) {
      const Graph graph = context.Compile(definition).value();
      ASSERT_EQ(graph.inputs().size(), 1u);
      EXPECT_EQ(graph.inputs()[0].name, "x");
      EXPECT_EQ(ToString(graph.outputs()[0].descriptor), "uint8[4]");
      const Tensor in = MakeTensor(context);
      const Tensor out = MakeTensor(context);
      ASSERT_THAT(context.WriteTensor(in, Filled(21)), Succeeds());
      ASSERT_THAT(DispatchOne(context, graph, in, out), Succeeds());
      EXPECT_EQ(ReadByte(context, out), 42);
    }
  }
}

TEST(ContextTest, AFailedCompilationSpendsTheBuilder) {
  const auto script = std::make_shared<Script>();
  script->on_compile = [] { return Result<void>(Error{ErrorCode::kOperation, "no kernel"}); };
  const Context context = MakeScripted(script);
  GraphBuilder builder = GraphBuilder::Create(context).value();
  const Operand x = builder.Input("x", Bytes()).value();
  const Operand y = builder.Identity({.input = x}).value();
  EXPECT_THAT(builder.Build({}), Fails(ErrorCode::kTypeError));
  EXPECT_THAT(builder.Build({{"y", y}}), Fails(ErrorCode::kOperation, "no kernel"));
  EXPECT_THAT(builder.Build({{"y", y}}), Fails(ErrorCode::kInvalidState));
}

TEST(ContextTest, AGraphIsFreedWithItsLastHandle) {
  const auto script = std::make_shared<Script>();
  const Context context = MakeScripted(script);
  {
    std::vector<Graph> handles = {BuildOne(context).value()};
    handles.push_back(handles.front());
    handles.erase(handles.begin());
    EXPECT_EQ(script->graphs, 1);
  }
  EXPECT_EQ(script->graphs, 0);
  Graph graph = BuildOne(context).value();
  graph.Destroy();
  EXPECT_EQ(script->graphs, 0);
  graph.Destroy();
  EXPECT_EQ(graph.inputs().size(), 1u);
}

TEST(ContextTest, GraphsTensorsAndBuildersOutliveTheHandle) {
  const auto script = std::make_shared<Script>();
  {
    std::optional<Graph> graph;
    std::optional<Tensor> tensor;
    std::optional<GraphBuilder> builder;
    {
      const Context context = MakeScripted(script);
      graph = BuildOne(context).value();
      tensor = MakeTensor(context);
      builder = GraphBuilder::Create(context).value();
    }
    EXPECT_EQ(script->backends, 1);
    EXPECT_EQ(graph->outputs()[0].name, "y");
    EXPECT_EQ(tensor->descriptor(), Bytes());
    tensor->Destroy();
    graph->Destroy();
    const Operand x = builder->Input("x", Bytes()).value();
    EXPECT_THAT(builder->Build({{"y", *builder->Identity({.input = x})}}), Succeeds());
  }
  EXPECT_EQ(script->backends, 0);
  EXPECT_EQ(script->graphs, 0);
  EXPECT_EQ(script->tensors, 0);
}

TEST(VersionTest, IsThatOfTheHeaders) {
  EXPECT_EQ(Version(), std::to_string(WEBNN_VERSION_MAJOR) + "." +
                           std::to_string(WEBNN_VERSION_MINOR) + "." +
                           std::to_string(WEBNN_VERSION_PATCH));
}

}  // namespace
}  // namespace webnn
