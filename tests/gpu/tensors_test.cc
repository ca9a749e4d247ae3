// Tensors, and the order of everything that uses them.

#include <dlpack/dlpack.h>

#include <algorithm>
#include <future>

#include "gpu_test.h"
#include "webnn/dlpack.h"

namespace webnn::gpu_test {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

class TensorTest : public GpuTest {};

CUdeviceptr AddressOf(const Tensor& tensor) {
  const auto memory = tensor.memory();
  EXPECT_TRUE(memory.has_value());
  EXPECT_EQ(memory->kind, MemoryKind::kCuda);
  EXPECT_EQ(memory->device, 0);
  return reinterpret_cast<CUdeviceptr>(memory->address);
}

TEST_F(TensorTest, AreZeroAtFirstAndKeepWhatIsWritten) {
  const Context context = MakeContext();
  for (const uint32_t count : {1u, 3u, 1000u, 1u << 20}) {
    const Tensor tensor = MakeTensor(context, count);
    EXPECT_THAT(Read(context, tensor), AllAre(0.0f));
    const std::vector<float> values = Pseudo(count, count);
    Write(context, tensor, values);
    EXPECT_EQ(Read(context, tensor), values);
  }
}

TEST_F(TensorTest, EveryTypeKeepsItsBytes) {
  const Context context = MakeContext();
  const std::vector<float> random = Pseudo(64, 5);
  const auto bytes = std::as_bytes(std::span(random));
  for (const DataType type :
       {DataType::kFloat32, DataType::kFloat16, DataType::kInt32, DataType::kUint32,
        DataType::kInt64, DataType::kUint64, DataType::kInt8, DataType::kUint8, DataType::kInt4,
        DataType::kUint4}) {
    for (const uint32_t count : {1u, 7u, 16u}) {
      const auto descriptor = OperandDescriptor::Create(type, Shape{count}).value();
      const Tensor tensor = MakeTensor(context, descriptor);
      const auto given = bytes.first(descriptor.byte_length());
      ASSERT_THAT(context.WriteTensor(tensor, given), Succeeds());
      std::vector<std::byte> got(given.size());
      ASSERT_THAT(context.ReadTensor(tensor, got), Succeeds());
      EXPECT_THAT(got, ElementsAreArray(given)) << Name(type) << count;
    }
  }
}

TEST_F(TensorTest, LieOnTheDeviceInPlace) {
  const Context context = MakeContext();
  const Graph graph = context.Compile(PlusOne(1000)).value();
  const Tensor x = MakeTensor(context, 1000);
  const Tensor y = MakeTensor(context, 1000);
  const std::vector<float> values = Pseudo(1000, 3);
  const Cuda& cuda = Cuda::Get();
  // The context has made x zero in a stream of its own.
  context.Synchronize();
  cuda.Must(cuda.cuMemcpyHtoD(AddressOf(x), values.data(), 4000));
  ASSERT_THAT(
      context.Dispatch(graph, std::array{NamedTensor{"x", x}}, std::array{NamedTensor{"y", y}}),
      Succeeds());
  context.Synchronize();
  std::vector<float> got(1000);
  cuda.Must(cuda.cuMemcpyDtoH(got.data(), AddressOf(y), 4000));
  for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], values[i] + 1);
}

TEST_F(TensorTest, AnOutputIsTheNextInput) {
  const Context context = MakeContext();
  const Graph graph = context.Compile(PlusOne(4096)).value();
  const std::array<Tensor, 2> tensors = {MakeTensor(context, 4096), MakeTensor(context, 4096)};
  for (size_t i = 0; i < 501; ++i) {
    ASSERT_THAT(context.Dispatch(graph, std::array{NamedTensor{"x", tensors[i % 2]}},
                                 std::array{NamedTensor{"y", tensors[1 - i % 2]}}),
                Succeeds());
  }
  EXPECT_THAT(Read(context, tensors[1]), AllAre(501.0f));
  EXPECT_THAT(Read(context, tensors[0]), AllAre(500.0f));
}

TEST_F(TensorTest, WritesDispatchesAndReadsTakeEffectInOrder) {
  const Context context = MakeContext();
  constexpr uint32_t kCount = 1 << 18;
  const Graph graph = context.Compile(Sum(kCount)).value();
  const Tensor a = MakeTensor(context, kCount);
  const Tensor b = MakeTensor(context, kCount);
  const Tensor y = MakeTensor(context, kCount);
  const auto dispatch = [&](const Tensor& left, const Tensor& right, const Tensor& to) {
    ASSERT_THAT(context.Dispatch(graph, std::array{NamedTensor{"a", left}, NamedTensor{"b", right}},
                                 std::array{NamedTensor{"y", to}}),
                Succeeds());
  };
  for (int i = 0; i < 50; ++i) {
    const auto number = static_cast<float>(i);
    Write(context, a, Constants(kCount, number));
    Write(context, b, Constants(kCount, 100));
    dispatch(a, b, y);
    // The dispatch must not see these, whether it has begun or not.
    Write(context, a, Constants(kCount, -1));
    Write(context, b, Constants(kCount, -2));
    ASSERT_THAT(Read(context, y), AllAre(number + 100));
    dispatch(y, b, a);
    Write(context, y, Constants(kCount, 7));
    ASSERT_THAT(Read(context, a), AllAre(number + 98));
    ASSERT_THAT(Read(context, y), AllAre(7.0f));
  }
}

TEST_F(TensorTest, AReadThatDoesNotWaitSeesWhatWasBegunBefore) {
  const Context context = MakeContext();
  constexpr uint32_t kCount = 1 << 20;
  const Graph graph = context.Compile(PlusOne(kCount)).value();
  const Tensor x = MakeTensor(context, kCount);
  const Tensor y = MakeTensor(context, kCount);
  std::vector<std::vector<float>> got(20, std::vector<float>(kCount));
  std::vector<std::future<Result<void>>> reads;
  for (size_t i = 0; i < got.size(); ++i) {
    Write(context, x, Constants(kCount, static_cast<float>(i)));
    ASSERT_THAT(
        context.Dispatch(graph, std::array{NamedTensor{"x", x}}, std::array{NamedTensor{"y", y}}),
        Succeeds());
    reads.push_back(context.ReadTensorAsync(y, std::as_writable_bytes(std::span(got[i]))));
  }
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_THAT(reads[i].get(), Succeeds());
    EXPECT_THAT(got[i], AllAre(static_cast<float>(i) + 1)) << i;
  }
}

TEST_F(TensorTest, GraphsPassTensorsOn) {
  const Context context = MakeContext();
  const Graph sum = context.Compile(Sum(256)).value();
  const Graph plus = context.Compile(PlusOne(256)).value();
  const Tensor x = MakeTensor(context, Constants(256, 3));
  const Tensor y = MakeTensor(context, 256);
  const Tensor z = MakeTensor(context, 256);
  ASSERT_THAT(
      context.Dispatch(plus, std::array{NamedTensor{"x", x}}, std::array{NamedTensor{"y", z}}),
      Succeeds());
  ASSERT_THAT(context.Dispatch(sum, std::array{NamedTensor{"a", x}, NamedTensor{"b", z}},
                               std::array{NamedTensor{"y", y}}),
              Succeeds());
  ASSERT_THAT(
      context.Dispatch(plus, std::array{NamedTensor{"x", y}}, std::array{NamedTensor{"y", z}}),
      Succeeds());
  EXPECT_THAT(Read(context, z), AllAre(8.0f));
}

TEST_F(TensorTest, OtherAddressesMeanOtherResults) {
  // More sets of tensors than any cache of captured graphs holds, and back to the first.
  const Context context = MakeContext();
  const Graph graph = context.Compile(PlusOne(64)).value();
  std::vector<std::pair<Tensor, Tensor>> pairs;
  for (int i = 0; i < 100; ++i) {
    pairs.emplace_back(MakeTensor(context, Constants(64, static_cast<float>(i))),
                       MakeTensor(context, 64));
  }
  for (int round = 0; round < 3; ++round) {
    for (const auto& [x, y] : pairs) {
      Write(context, y, Constants(64, -1));
      ASSERT_THAT(
          context.Dispatch(graph, std::array{NamedTensor{"x", x}}, std::array{NamedTensor{"y", y}}),
          Succeeds());
    }
    for (size_t i = 0; i < pairs.size(); ++i) {
      ASSERT_THAT(Read(context, pairs[i].second), AllAre(static_cast<float>(i) + 1)) << round;
    }
  }
}

TEST_F(TensorTest, ADestroyedTensorsWorkIsDone) {
  const Context context = MakeContext();
  constexpr uint32_t kCount = 1 << 20;
  const Graph graph = context.Compile(PlusOne(kCount)).value();
  const Tensor y = MakeTensor(context, kCount);
  for (int i = 0; i < 20; ++i) {
    Tensor x = MakeTensor(context, Constants(kCount, static_cast<float>(i)));
    ASSERT_THAT(
        context.Dispatch(graph, std::array{NamedTensor{"x", x}}, std::array{NamedTensor{"y", y}}),
        Succeeds());
    x.Destroy();
    // What takes its memory must not be seen by the dispatch.
    const Tensor next = MakeTensor(context, Constants(kCount, -5));
    ASSERT_THAT(Read(context, y), AllAre(static_cast<float>(i) + 1));
  }
}

TEST_F(TensorTest, MemoryOfTheCallersIsUsedInPlace) {
  const Context context = MakeContext();
  const Graph graph = context.Compile(PlusOne(512)).value();
  const auto descriptor = OperandDescriptor::Create(DataType::kFloat32, Shape{512}).value();
  const Cuda& cuda = Cuda::Get();
  const RawMemory from(512 * 4);
  const RawMemory to(512 * 4);
  const std::vector<float> values = Pseudo(512, 9);
  cuda.Must(cuda.cuMemcpyHtoD(from.address(), values.data(), from.bytes()));
  auto owner = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = owner;
  {
    const auto import = [&](const RawMemory& memory) {
      return context
          .ImportTensor(descriptor, {MemoryKind::kCuda, 0, bench::AsPointer(memory.address())},
                        owner, {.readable = true, .writable = true})
          .value();
    };
    const Tensor x = import(from);
    const Tensor y = import(to);
    owner.reset();
    EXPECT_FALSE(watched.expired());
    EXPECT_EQ(AddressOf(x), from.address());
    ASSERT_THAT(
        context.Dispatch(graph, std::array{NamedTensor{"x", x}}, std::array{NamedTensor{"y", y}}),
        Succeeds());
    context.Synchronize();
    std::vector<float> got(512);
    cuda.Must(cuda.cuMemcpyDtoH(got.data(), to.address(), to.bytes()));
    for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], values[i] + 1);
    // Reading and writing by way of the context works on the same memory.
    EXPECT_EQ(Read(context, y), got);
    Write(context, x, Constants(512, 4));
    context.Synchronize();
    cuda.Must(cuda.cuMemcpyDtoH(got.data(), from.address(), from.bytes()));
    EXPECT_THAT(got, AllAre(4.0f));
  }
  context.Synchronize();
  EXPECT_TRUE(watched.expired());
}

TEST_F(TensorTest, MemoryThatTheDeviceCannotUseIsRefused) {
  const Context context = MakeContext();
  const auto descriptor = OperandDescriptor::Create(DataType::kFloat32, Shape{512}).value();
  std::vector<float> host(512);
  const auto import = [&](MemoryKind kind, int device, void* address) {
    return context.ImportTensor(descriptor, {kind, device, address}, nullptr, {});
  };
  const RawMemory small(1024);
  EXPECT_FALSE(import(MemoryKind::kHost, 0, host.data()).ok());
  EXPECT_FALSE(import(MemoryKind::kCuda, 0, host.data()).ok());
  EXPECT_FALSE(import(MemoryKind::kCuda, 0, nullptr).ok());
  EXPECT_FALSE(import(MemoryKind::kCuda, 97, bench::AsPointer(small.address())).ok());
  EXPECT_FALSE(context.lost().has_value());
  EXPECT_THAT(Read(context, MakeTensor(context, Constants(4, 2))), AllAre(2.0f));
}

TEST_F(TensorTest, DlpackPassesMemoryOnInBothDirections) {
  const Context context = MakeContext();
  const Graph graph = context.Compile(PlusOne(100)).value();
  CUdeviceptr address = 0;
  DLManagedTensor* managed = nullptr;
  {
    Tensor y = MakeTensor(context, Constants(100, 3));
    context.Synchronize();
    address = AddressOf(y);
    managed = ToDlpack(y).value();
    y.Destroy();
  }
  // The memory is still there, though the tensor is not.
  EXPECT_EQ(reinterpret_cast<CUdeviceptr>(managed->dl_tensor.data), address);
  EXPECT_EQ(managed->dl_tensor.device.device_type, kDLCUDA);
  EXPECT_EQ(managed->dl_tensor.device.device_id, 0);
  ASSERT_EQ(managed->dl_tensor.ndim, 1);
  EXPECT_EQ(managed->dl_tensor.shape[0], 100);
  std::vector<float> got(100);
  const Cuda& cuda = Cuda::Get();
  cuda.MakeCurrent();
  cuda.Must(cuda.cuMemcpyDtoH(got.data(), address, 400));
  EXPECT_THAT(got, AllAre(3.0f));

  const Tensor x = FromDlpack(context, managed, {.readable = true}).value();
  EXPECT_EQ(AddressOf(x), address);
  const Tensor z = MakeTensor(context, 100);
  ASSERT_THAT(
      context.Dispatch(graph, std::array{NamedTensor{"x", x}}, std::array{NamedTensor{"y", z}}),
      Succeeds());
  EXPECT_THAT(Read(context, z), AllAre(4.0f));
}

// ---- The caller's stream. ----

TEST_F(TensorTest, TheCallersStreamOrdersTheCallersWork) {
  constexpr uint32_t kCount = 1 << 20;
  constexpr size_t kBytes = kCount * sizeof(float);
  const RawStream stream;
  ContextOptions options = QuickOptions();
  options.cuda_stream = stream.get();
  const Context context = MakeContext(options);
  const Graph graph = context.Compile(PlusOne(kCount)).value();
  const Tensor x = MakeTensor(context, kCount);
  const Tensor y = MakeTensor(context, kCount);
  const Cuda& cuda = Cuda::Get();
  bench::RawPinned in(kBytes);
  bench::RawPinned out(kBytes);
  auto* const from = static_cast<float*>(in.address());
  auto* const to = static_cast<float*>(out.address());
  for (int i = 0; i < 30; ++i) {
    std::fill(from, from + kCount, static_cast<float>(i));
    std::fill(to, to + kCount, -1.0f);
    cuda.MakeCurrent();
    // Nothing here waits: the stream alone keeps the order.
    cuda.Must(cuda.cuMemcpyHtoDAsync(AddressOf(x), from, kBytes, stream.get()));
    ASSERT_THAT(
        context.Dispatch(graph, std::array{NamedTensor{"x", x}}, std::array{NamedTensor{"y", y}}),
        Succeeds());
    cuda.MakeCurrent();
    cuda.Must(cuda.cuMemcpyDtoHAsync(to, AddressOf(y), kBytes, stream.get()));
    stream.Wait();
    ASSERT_THAT(std::span(to, kCount), AllAre(static_cast<float>(i) + 1)) << i;
  }
}

}  // namespace
}  // namespace webnn::gpu_test
