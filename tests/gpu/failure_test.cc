// What goes wrong: no such device, no memory, a device that is lost.

#include <fmt/format.h>

#include <cstdio>

#include "gpu_test.h"
#include "webnn/devices.h"

namespace webnn::gpu_test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class FailureTest : public GpuTest {};

TEST_F(FailureTest, AnUnknownDeviceIsNamed) {
  for (const char* device : {"cuda:97", "cuda:-1", "cuda:x", "gpu", "cpu"}) {
    ContextOptions options = QuickOptions();
    options.device = device;
    EXPECT_THAT(Context::Create(options), Fails(ErrorCode::kNotSupported, device));
  }
  ContextOptions options = QuickOptions();
  options.device = "cuda:0";
  EXPECT_THAT(Context::Create(options), Succeeds());
}

TEST_F(FailureTest, AMissingLibraryIsNamed) {
  ContextOptions options = QuickOptions();
  options.library_path = "/nowhere/at/all";
  EXPECT_THAT(Context::Create(options), Fails(ErrorCode::kNotSupported, "/nowhere/at/all"));
}

TEST_F(FailureTest, VisibleDevicesAreHonoured) {
  const Folder folder;
  MakeContext(KeepingOptions(folder.path())).Compile(PlusOne(8)).value();
  const auto run = [&](const std::string& visible) {
    return RunChild("shows-device", {folder.path()}, {{"CUDA_VISIBLE_DEVICES", visible}});
  };
  const Ended none = run("");
  EXPECT_EQ(none.status, 0);
  EXPECT_THAT(none.output, StartsWith("NotSupported"));
  EXPECT_THAT(none.output, HasSubstr("CUDA_VISIBLE_DEVICES"));
  const Ended first = run("0");
  EXPECT_EQ(first.status, 0);
  EXPECT_THAT(first.output, AllOf(StartsWith("works on "), HasSubstr("cuda:0")));
  // By its name as well, which is how job schedulers give devices out.
  const DeviceList devices = Devices();
  ASSERT_FALSE(devices.gpus.empty());
  const Ended named = run(devices.gpus[0].uuid);
  EXPECT_THAT(named.output, AllOf(StartsWith("works on "), HasSubstr("cuda:0")));
}

TEST_F(FailureTest, DevicesAreListed) {
  const DeviceList devices = Devices({.open_libraries = true});
  ASSERT_FALSE(devices.gpus.empty());
  EXPECT_EQ(devices.gpus[0].device, "cuda:0");
  EXPECT_GE(devices.gpus[0].major, 7);
  EXPECT_GT(devices.gpus[0].memory_bytes, uint64_t{1} << 30);
  EXPECT_THAT(devices.gpus[0].uuid, StartsWith("GPU-"));
  EXPECT_FALSE(devices.driver.empty());
  bool found = false;
  for (const BackendStatus& status : devices.backends) {
    if (status.name != BackendName()) continue;
    found = true;
    EXPECT_TRUE(status.available) << status.reason;
    EXPECT_FALSE(status.version.empty());
    EXPECT_FALSE(status.library.empty());
  }
  EXPECT_TRUE(found);
}

// ---- Memory. ----

/// Takes the device's memory by the driver, but for `left` bytes or a little less.
class Hog {
 public:
  explicit Hog(uint64_t left) {
    for (uint64_t size = uint64_t{8} << 30; size >= (uint64_t{2} << 20);) {
      CUdeviceptr address = 0;
      if (FreeMemory() > left + size && Cuda::Get().cuMemAlloc(&address, size) == CUDA_SUCCESS) {
        taken_.push_back(address);
      } else {
        size /= 2;
      }
    }
  }
  Hog(const Hog&) = delete;
  Hog& operator=(const Hog&) = delete;
  ~Hog() {
    Cuda::Get().MakeCurrent();
    for (const CUdeviceptr address : taken_) Cuda::Get().cuMemFree(address);
  }

 private:
  std::vector<CUdeviceptr> taken_;
};

void ExpectWorks(const Context& context) {
  EXPECT_FALSE(context.lost().has_value());
  const auto graph = context.Compile(PlusOne(128));
  ASSERT_THAT(graph, Succeeds());
  EXPECT_THAT(Compute(context, *graph, Constants(128, 1)), AllAre(2.0f));
}

TEST_F(FailureTest, NoMemoryForATensor) {
  const Context context = MakeContext();
  const auto descriptor =
      OperandDescriptor::Create(DataType::kInt64, Shape{1u << 15, (1u << 15) - 1}).value();
  {
    // 8 GiB each; no GPU has a terabyte.
    std::vector<Tensor> tensors;
    std::optional<Error> error;
    while (!error && tensors.size() < 128) {
      auto tensor = context.CreateTensor(descriptor);
      if (tensor) {
        tensors.push_back(*std::move(tensor));
      } else {
        error = tensor.error();
      }
    }
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->code, ErrorCode::kUnknown);
    EXPECT_THAT(error->message, HasSubstr("memory"));
    std::printf("%zu tensors of 8 GiB, then: %s\n", tensors.size(), error->message.c_str());
    EXPECT_FALSE(context.lost().has_value());
  }
  ExpectWorks(context);
}

TEST_F(FailureTest, NoMemoryToBuild) {
  const Context context = MakeContext();
  const Graph warm = context.Compile(PlusOne(16)).value();  // The library's own needs come first.
  // 1 GiB in, 1 GiB out, and as much between.
  GraphBuilder builder;
  const Operand x = builder.Input("x", DataType::kFloat32, Shape{1, 64, 2048, 2048}).value();
  std::vector<float> filter = Pseudo(64 * 64 * 9, 3);
  const Operand weights = builder.Constant<float>(Shape{64, 64, 3, 3}, filter).value();
  const auto conv = [&](Operand operand) {
    return builder.Conv2d({.input = operand, .filter = weights, .padding = {1, 1, 1, 1}}).value();
  };
  const GraphDefinition definition = builder.Finish({{"y", conv(conv(x))}}).value();
  {
    const Hog hog(uint64_t{512} << 20);
    const auto graph = context.Compile(definition);
    ASSERT_FALSE(graph.ok());
    EXPECT_THAT(graph.error().message, HasSubstr("memory"));
    std::printf("%s\n", ToString(graph.error()).c_str());
  }
  ExpectWorks(context);
}

TEST_F(FailureTest, NoMemoryToRun) {
  const Context context = MakeContext();
  // Two products with 1 GiB between them; not in the form of an attention, which needs none.
  GraphBuilder builder;
  constexpr uint32_t kLong = 1 << 14;
  const Operand x = builder.Input("x", DataType::kFloat32, Shape{kLong, 16}).value();
  const Operand w = builder.Constant<float>(Shape{16, kLong}, Pseudo(16 * kLong, 1)).value();
  const Operand v = builder.Constant<float>(Shape{kLong, 16}, Pseudo(16 * kLong, 2)).value();
  const Operand inner =
      builder.Softmax({.input = builder.Matmul({.a = x, .b = w}).value(), .axis = 0}).value();
  const GraphDefinition definition =
      builder.Finish({{"y", builder.Matmul({.a = inner, .b = v}).value()}}).value();
  Folder folder;
  const ContextOptions options = KeepingOptions(folder.path());
  const Context keeping = MakeContext(options);
  const std::vector<float> input = Pseudo(kLong * 16, 9);
  const std::vector<float> expected = Compute(keeping, keeping.Compile(definition).value(), input);
  const Context late = MakeContext(options);
  {
    const Hog hog(uint64_t{256} << 20);
    auto graph = late.Compile(definition);  // From the cache: needs no builder.
    Result<void> run;
    std::vector<float> y(expected.size());
    if (graph) {
      const NamedInputBytes from = {"x", std::as_bytes(std::span(input))};
      const NamedOutputBytes to = {"y", std::as_writable_bytes(std::span(y))};
      run = late.Compute(*graph, {&from, 1}, {&to, 1});
    } else {
      run = std::move(graph.error());
    }
    ASSERT_FALSE(run.ok());
    EXPECT_THAT(run.error().message, HasSubstr("memory"));
    std::printf("%s\n", ToString(run.error()).c_str());
  }
  EXPECT_EQ(Compute(late, late.Compile(definition).value(), input), expected);
  ExpectWorks(context);
}

// ---- The device. ----

TEST_F(FailureTest, ALostDeviceIsALostContext) {
  const Folder folder;
  MakeContext(KeepingOptions(folder.path())).Compile(PlusOne(1024)).value();
  const Ended ended = RunChild("loses-device", {folder.path()});
  EXPECT_EQ(ended.status, 0) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("the kernel failed"));
  EXPECT_THAT(ended.output, HasSubstr("the context is lost: "));
  EXPECT_THAT(ended.output, HasSubstr("everything is destroyed\n"));
  std::printf("%s", ended.output.c_str());
}

}  // namespace

int ChildShowsDevice(ChildArguments arguments) {
  const auto context = Context::Create(KeepingOptions(arguments[0]));
  if (!context) {
    fmt::print("{}\n", ToString(context.error()));
    return 0;
  }
  const Graph graph = context->Compile(PlusOne(8)).value();
  const bool right = Compute(*context, graph, Constants(8, 1)) == Constants(8, 2);
  fmt::print("{} on {}\n", right ? "works" : "fails", context->Explain());
  return 0;
}

int ChildLosesDevice(ChildArguments arguments) {
  // A kernel that writes to address 16, where nothing is.
  constexpr const char* kKernel = R"(
    .version 6.0
    .target sm_50
    .address_size 64
    .visible .entry fault()
    {
      .reg .b64 %address;
      .reg .b32 %value;
      mov.u64 %address, 16;
      mov.u32 %value, 1;
      st.global.u32 [%address], %value;
      ret;
    })";
  {
    const Context context = MakeContext(KeepingOptions(arguments[0]));
    const Graph graph = context.Compile(PlusOne(1024)).value();
    const Tensor x = MakeTensor(context, Constants(1024, 1));
    const Tensor y = MakeTensor(context, 1024);
    const auto dispatch = [&] {
      return context.Dispatch(graph, std::array{NamedTensor{"x", x}},
                              std::array{NamedTensor{"y", y}});
    };
    dispatch().value();
    if (Read(context, y) != Constants(1024, 2)) return 3;

    const Cuda& cuda = Cuda::Get();
    cuda.MakeCurrent();
    CUmodule module = nullptr;
    CUfunction function = nullptr;
    cuda.Must(cuda.cuModuleLoadData(&module, kKernel));
    cuda.Must(cuda.cuModuleGetFunction(&function, module, "fault"));
    cuda.Must(cuda.cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr, nullptr));
    const CUresult result = cuda.cuCtxSynchronize();
    fmt::print("the kernel failed: {}\n", cuda.Text(result));

    const auto dispatched = dispatch();
    std::vector<float> values(1024);
    const auto read = context.ReadTensor(y, std::as_writable_bytes(std::span(values)));
    fmt::print("dispatch: {}\n",
               dispatched.ok() ? std::string("no error") : ToString(dispatched.error()));
    fmt::print("read: {}\n", read.ok() ? std::string("no error") : ToString(read.error()));
    if (read.ok()) return 4;
    const auto lost = context.lost();
    if (!lost) return 5;
    fmt::print("the context is lost: {}\n", lost->message);
    const auto late = context.CreateTensor(x.descriptor());
    if (late.ok()) return 6;
    fmt::print("a new tensor: {}\n", ToString(late.error()));
    const auto again = Context::Create(QuickOptions());
    fmt::print("a new context: {}\n", again.ok() ? std::string("made") : ToString(again.error()));
    std::fflush(stdout);
  }
  fmt::print("everything is destroyed\n");
  return 0;
}

}  // namespace webnn::gpu_test
