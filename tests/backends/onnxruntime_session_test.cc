#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "backends/onnxruntime/session.h"
#include "core/mapped_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "onnx/serialize.h"
#include "tests/backends/allocations.h"
#include "tests/backends/test_model.h"
#include "tests/support/result_matchers.h"

namespace webnn::ort {
namespace {

using lowering::ValueId;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::AllocationCount;
using testing_support::Fails;
using testing_support::Succeeds;
using testing_support::TestModel;

std::shared_ptr<const Log> Silent() { return std::make_shared<const Log>(ContextOptions{}); }

const Library& TheLibrary() { return *Library::Open({}, Silent()).value(); }

std::unique_ptr<Session> Compile(TestModel model, std::shared_ptr<const Log> log = Silent()) {
  return Session::Compile(TheLibrary(), std::move(log), 1, std::move(model).Finish()).value();
}

// c = a + b, each float32[2, 3].
TestModel AddModel() {
  TestModel model;
  const ValueId a = model.Input("a", DataType::kFloat32, Shape{2, 3});
  const ValueId b = model.Input("b", DataType::kFloat32, Shape{2, 3});
  model.Output("c", model.Node("Add", {a, b}), DataType::kFloat32, Shape{2, 3});
  return model;
}

// A tensor of six floats.
class Floats {
 public:
  explicit Floats(float value = 0) { Fill(value); }
  void Fill(float value) { std::fill_n(data(), 6, value); }
  float* data() { return reinterpret_cast<float*>(tensor_->data()); }
  std::vector<float> values() { return {data(), data() + 6}; }
  BackendTensor* get() { return tensor_.get(); }

 private:
  std::unique_ptr<HostTensor> tensor_ =
      std::make_unique<HostTensor>(AlignedBuffer::Allocate(24).value());
};

Result<void> RunAdd(Session& session, Floats& a, Floats& b, Floats& c) {
  BackendTensor* const inputs[] = {a.get(), b.get()};
  BackendTensor* const outputs[] = {c.get()};
  return session.Run(inputs, outputs);
}

template <class T>
std::span<const std::byte> Bytes(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}
template <class T>
std::span<std::byte> WritableBytes(std::vector<T>& values) {
  return std::as_writable_bytes(std::span(values));
}

// One input, one output, in host memory.
template <class In, class Out>
std::vector<Out> Compute(Session& session, const std::vector<In>& input, size_t output_size) {
  std::vector<Out> output(output_size);
  const std::span<const std::byte> inputs[] = {Bytes(input)};
  const std::span<std::byte> outputs[] = {WritableBytes(output)};
  EXPECT_THAT(session.Compute(inputs, outputs), Succeeds());
  return output;
}

TEST(AlignedBufferTest, IsAlignedAndZero) {
  for (size_t size : {1, 63, 64, 65, 4096, 1 << 20}) {
    AlignedBuffer buffer = AlignedBuffer::Allocate(size).value();
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % 64, 0u);
    const std::span<std::byte> bytes = buffer.bytes();
    EXPECT_TRUE(
        std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; }));
  }
}

TEST(AlignedBufferTest, SaysWhenThereIsNoMemory) {
  EXPECT_THAT(AlignedBuffer::Allocate(~size_t{0}), Fails(ErrorCode::kUnknown, "no memory"));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_THAT(AlignedBuffer::Allocate(size_t{1} << 62), Fails(ErrorCode::kUnknown, "no memory"));
#endif
}

TEST(SessionTest, RunsOnTensors) {
  auto session = Compile(AddModel());
  Floats a(1), b(2), c;
  ASSERT_THAT(RunAdd(*session, a, b, c), Succeeds());
  EXPECT_THAT(c.values(), Each(3.0f));
  a.Fill(10);
  ASSERT_THAT(RunAdd(*session, a, b, c), Succeeds());
  EXPECT_THAT(c.values(), Each(12.0f));
}

TEST(SessionTest, ComputesOnHostMemory) {
  auto session = Compile(AddModel());
  const std::vector<float> a(6, 1), b(6, 2);
  std::vector<float> c(6);
  const std::span<const std::byte> inputs[] = {Bytes(a), Bytes(b)};
  const std::span<std::byte> outputs[] = {WritableBytes(c)};
  ASSERT_THAT(session->Compute(inputs, outputs), Succeeds());
  EXPECT_THAT(c, Each(3.0f));
}

TEST(SessionTest, ComputesOnMemoryThatIsNotAligned) {
  auto session = Compile(AddModel());
  std::vector<std::byte> memory(200);
  for (size_t offset : {1, 2, 3, 4}) {
    std::byte* const a = memory.data() + offset;
    std::byte* const b = a + 25;
    std::byte* const c = b + 25;
    const std::vector<float> ones(6, 1);
    std::memcpy(a, ones.data(), 24);
    std::memcpy(b, ones.data(), 24);
    const std::span<const std::byte> inputs[] = {{a, 24}, {b, 24}};
    const std::span<std::byte> outputs[] = {{c, 24}};
    for (int run = 0; run < 2; ++run) {
      std::vector<float> result(6);
      ASSERT_THAT(session->Compute(inputs, outputs), Succeeds());
      std::memcpy(result.data(), c, 24);
      EXPECT_THAT(result, Each(run + 2.0f));
      std::memcpy(a, c, 24);
    }
  }
}

TEST(SessionTest, FollowsTensorsAsTheyComeAndGo) {
  auto session = Compile(AddModel());
  Floats a(1), c;
  for (int i = 0; i < 100; ++i) {
    Floats b(static_cast<float>(i));  // often at the address of the last one
    auto other = std::make_unique<Floats>(-1.0f);
    ASSERT_THAT(RunAdd(*session, a, b, c), Succeeds());
    EXPECT_THAT(c.values(), Each(i + 1.0f));
    ASSERT_THAT(RunAdd(*session, *other, b, c), Succeeds());
    EXPECT_THAT(c.values(), Each(i - 1.0f));
  }
}

TEST(SessionTest, KeepsFewBindings) {
  auto session = Compile(AddModel());
  std::vector<Floats> tensors(50);
  Floats b(1), c;
  for (Floats& a : tensors) ASSERT_THAT(RunAdd(*session, a, b, c), Succeeds());
  EXPECT_LE(session->idle_binding_count(), 9u);
}

TEST(SessionTest, AllocatesNoMoreThanOnnxRuntimeItself) {
  const Library& library = TheLibrary();
  const OrtApi& api = library.api();
  auto session = Compile(AddModel());
  Floats a(1), b(2), c;
  ASSERT_THAT(RunAdd(*session, a, b, c), Succeeds());

  // The same with the bare API.
  const auto serialized = onnx_format::Serialize(AddModel().Finish()).value();
  auto options = Make<OrtSessionOptions>(api, "make options", api.CreateSessionOptions).value();
  auto bare = Make<OrtSession>(api, "make a session", api.CreateSessionFromArray, library.env(),
                               serialized.proto.data(), serialized.proto.size(), options.get())
                  .value();
  auto binding = Make<OrtIoBinding>(api, "make a binding", api.CreateIoBinding, bare.get()).value();
  auto run_options = Make<OrtRunOptions>(api, "make options", api.CreateRunOptions).value();
  std::vector<Handle<OrtValue>> values;
  const int64_t sizes[] = {2, 3};
  for (float* data : {a.data(), b.data(), c.data()}) {
    values.push_back(Make<OrtValue>(api, "make a value", api.CreateTensorWithDataAsOrtValue,
                                    library.cpu_memory(), static_cast<void*>(data), 24, sizes, 2,
                                    ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT)
                         .value());
  }
  ASSERT_EQ(api.BindInput(binding.get(), "a", values[0].get()), nullptr);
  ASSERT_EQ(api.BindInput(binding.get(), "b", values[1].get()), nullptr);
  ASSERT_EQ(api.BindOutput(binding.get(), "c", values[2].get()), nullptr);

  // The first runs fill caches.
  auto count = [](auto run) {
    for (int i = 0; i < 5; ++i) run();
    const size_t before = AllocationCount();
    for (int i = 0; i < 10; ++i) run();
    return AllocationCount() - before;
  };
  const size_t bare_count = count([&] {
    EXPECT_EQ(api.RunWithBinding(bare.get(), run_options.get(), binding.get()), nullptr);
  });
  EXPECT_LE(count([&] { EXPECT_TRUE(RunAdd(*session, a, b, c).ok()); }), bare_count);
}

TEST(SessionTest, RunsInSeveralThreads) {
  auto session = Compile(AddModel());
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&session, thread] {
      Floats a(static_cast<float>(thread)), b, c, d;
      for (int i = 0; i < 300; ++i) {
        b.Fill(static_cast<float>(i));
        Floats& output = i % 3 == 0 ? d : c;
        ASSERT_THAT(RunAdd(*session, a, b, output), Succeeds());
        ASSERT_THAT(output.values(), Each(static_cast<float>(thread + i)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(session->idle_binding_count(), 12u);
}

TEST(SessionTest, GivesOutputsThatNoOperatorComputes) {
  // The optimiser leaves an input and a constant as outputs, and neither may be aliased or lost.
  const std::vector<float> weight = {1, 2, 3, 4, 5, 6};
  TestModel model;
  const ValueId x = model.Input("x", DataType::kFloat32, Shape{2, 3});
  const ValueId w = model.Weight(DataType::kFloat32, {2, 3}, Bytes(weight));
  model.Output("same", model.Node("Identity", {x}), DataType::kFloat32, Shape{2, 3});
  model.Output("constant", model.Node("Identity", {w}), DataType::kFloat32, Shape{2, 3});
  model.Output("folded", model.Node("Neg", {w}), DataType::kFloat32, Shape{2, 3});
  auto session = Compile(std::move(model));
  Floats input(7), same, constant, folded;
  BackendTensor* const inputs[] = {input.get()};
  BackendTensor* const outputs[] = {same.get(), constant.get(), folded.get()};
  for (int run = 0; run < 2; ++run) {
    ASSERT_THAT(session->Run(inputs, outputs), Succeeds());
    EXPECT_THAT(same.values(), Each(7.0f));
    EXPECT_EQ(constant.values(), weight);
    EXPECT_THAT(folded.values(), ElementsAre(-1, -2, -3, -4, -5, -6));
    constant.Fill(0);
    folded.Fill(0);
  }
}

TEST(SessionTest, AnInputAndAnOutputMayHaveOneName) {
  TestModel model;
  const ValueId x = model.Input("x", DataType::kFloat32, Shape{2, 3});
  model.Output("x", model.Node("Neg", {x}), DataType::kFloat32, Shape{2, 3});
  auto session = Compile(std::move(model));
  EXPECT_THAT((Compute<float, float>(*session, {1, 2, 3, 4, 5, 6}, 6)),
              ElementsAre(-1, -2, -3, -4, -5, -6));
}

struct TypeCase {
  DataType type;
  size_t element_bytes;
};
class SessionTypeTest : public testing::TestWithParam<TypeCase> {};

TEST_P(SessionTypeTest, ReadsWeightsInputsAndOutputs) {
  const auto [type, element_bytes] = GetParam();
  constexpr uint32_t kRows = 1000;
  std::vector<uint8_t> weight(kRows * 4 * element_bytes);
  std::iota(weight.begin(), weight.end(), uint8_t{0});
  TestModel model;
  const ValueId indices = model.Input("indices", DataType::kInt32, Shape{2});
  const ValueId w = model.Weight(type, {kRows, 4}, Bytes(weight));
  model.Output("rows", model.Node("Gather", {w, indices}), type, Shape{2, 4});
  auto session = Compile(std::move(model));
  const std::vector<uint8_t> rows =
      Compute<int32_t, uint8_t>(*session, {999, 3}, 8 * element_bytes);
  const size_t row = 4 * element_bytes;
  EXPECT_EQ(std::memcmp(rows.data(), weight.data() + 999 * row, row), 0);
  EXPECT_EQ(std::memcmp(rows.data() + row, weight.data() + 3 * row, row), 0);
}

INSTANTIATE_TEST_SUITE_P(
    All, SessionTypeTest,
    testing::Values(TypeCase{DataType::kFloat32, 4}, TypeCase{DataType::kFloat16, 2},
                    TypeCase{DataType::kInt32, 4}, TypeCase{DataType::kUint32, 4},
                    TypeCase{DataType::kInt64, 8}, TypeCase{DataType::kUint64, 8},
                    TypeCase{DataType::kInt8, 1}, TypeCase{DataType::kUint8, 1}),
    [](const auto& test) { return std::string(Name(test.param.type)); });

TEST(SessionTest, ReadsAndWritesNibbles) {
  // An odd count: the last byte is half used. Low nibble first.
  const std::vector<float> scale = {1};
  TestModel model;
  const ValueId x = model.Input("x", DataType::kInt4, Shape{3});
  const ValueId one = model.Weight(DataType::kFloat32, {}, Bytes(scale));
  model.Output("wide", model.Node("DequantizeLinear", {x, one}), DataType::kFloat32, Shape{3});
  auto widen = Compile(std::move(model));
  EXPECT_THAT((Compute<uint8_t, float>(*widen, {0xf7, 0x08}, 3)), ElementsAre(7, -1, -8));

  TestModel back;
  const ValueId y = back.Input("y", DataType::kFloat32, Shape{3});
  const ValueId unit = back.Weight(DataType::kFloat32, {}, Bytes(scale));
  const auto uint4 = static_cast<int64_t>(lowering::Element::kUint4);
  back.Output("narrow", back.Node("QuantizeLinear", {y, unit}, {{"output_dtype", uint4}}),
              DataType::kUint4, Shape{3});
  auto narrow = Compile(std::move(back));
  const auto packed = Compute<float, uint8_t>(*narrow, {1, 15, 9}, 2);
  EXPECT_EQ(packed[0], 0xf1);
  EXPECT_EQ(packed[1] & 0x0f, 9);
}

TEST(SessionTest, ReadsNibblesOfWeights) {
  const std::vector<float> scale = {1};
  const std::vector<uint8_t> weight(2001, 0x21);  // 4001 nibbles
  TestModel model;
  const ValueId x = model.Input("x", DataType::kInt32, Shape{3});
  const ValueId w = model.Weight(DataType::kUint4, {4001}, Bytes(weight));
  const ValueId one = model.Weight(DataType::kFloat32, {}, Bytes(scale));
  const ValueId wide = model.Node("DequantizeLinear", {w, one});
  model.Output("y", model.Node("Gather", {wide, x}), DataType::kFloat32, Shape{3});
  auto session = Compile(std::move(model));
  EXPECT_THAT((Compute<int32_t, float>(*session, {0, 1, 4000}, 3)), ElementsAre(1, 2, 1));
}

TEST(SessionTest, ConvolvesInt8) {
  const std::vector<float> scale = {1};
  const std::vector<int8_t> zero = {0};
  const std::vector<int8_t> weight = {-2};
  TestModel model;
  const ValueId x = model.Input("x", DataType::kInt8, Shape{1, 1, 2, 2});
  const ValueId w = model.Weight(DataType::kInt8, {1, 1, 1, 1}, Bytes(weight));
  const ValueId one = model.Weight(DataType::kFloat32, {}, Bytes(scale));
  const ValueId none = model.Weight(DataType::kInt8, {}, Bytes(zero));
  const ValueId product = model.Node("Conv", {model.Node("DequantizeLinear", {x, one, none}),
                                              model.Node("DequantizeLinear", {w, one, none})});
  model.Output("y", model.Node("QuantizeLinear", {product, one, none}), DataType::kInt8,
               Shape{1, 1, 2, 2});
  auto session = Compile(std::move(model));
  EXPECT_THAT((Compute<int8_t, int8_t>(*session, {1, -2, 3, 100}, 4)),
              ElementsAre(-2, 4, -6, -128));
}

// Weights in pages that nobody may write to, as of a file that is mapped.
class ReadOnlyFloats {
 public:
  explicit ReadOnlyFloats(size_t count) : size_(count * sizeof(float)) {
    memory_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < count; ++i) static_cast<float*>(memory_)[i] = static_cast<float>(i);
    mprotect(memory_, size_, PROT_READ);
  }
  ReadOnlyFloats(const ReadOnlyFloats&) = delete;
  ~ReadOnlyFloats() { munmap(memory_, size_); }
  std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(memory_), size_};
  }
  float at(size_t i) const { return static_cast<const float*>(memory_)[i]; }

 private:
  void* memory_;
  size_t size_;
};

float FloatAt(const std::string& path, size_t offset) {
  float value = 0;
  std::ifstream(path, std::ios::binary)
      .seekg(static_cast<std::streamoff>(offset))
      .read(reinterpret_cast<char*>(&value), sizeof value);
  return value;
}

TEST(SessionTest, NeverWritesToWeights) {
  // The optimiser moves the transpositions through the addition and transposes the weight.
  const ReadOnlyFloats weight(64 * 32);
  TestModel model;
  const ValueId x = model.Input("x", DataType::kFloat32, Shape{32, 64});
  const ValueId w = model.Weight(DataType::kFloat32, {64, 32}, weight.bytes());
  const std::vector<int64_t> swap = {1, 0};
  const ValueId sum = model.Node("Add", {model.Node("Transpose", {x}, {{"perm", swap}}), w});
  model.Output("y", model.Node("Transpose", {sum}, {{"perm", swap}}), DataType::kFloat32,
               Shape{32, 64});
  auto session = Compile(std::move(model));
  const auto y = Compute<float, float>(*session, std::vector<float>(64 * 32, 1), 64 * 32);
  for (size_t row = 0; row < 32; ++row) {
    for (size_t column = 0; column < 64; ++column) {
      ASSERT_EQ(y[row * 64 + column], weight.at(column * 32 + row) + 1);
    }
  }
}

TEST(SessionTest, UsesWeightsInPlace) {
  if (TheLibrary().minor_version() < 31) GTEST_SKIP() << "this ONNX Runtime always copies";
  std::vector<float> weight(4000, 1);
  TestModel model;
  const ValueId x = model.Input("x", DataType::kInt32, Shape{1});
  const ValueId w = model.Weight(DataType::kFloat32, {4000}, Bytes(weight));
  model.Output("y", model.Node("Gather", {w, x}), DataType::kFloat32, Shape{1});
  auto session = Compile(std::move(model));
  weight[3] = 5;  // nothing a user may do; here it shows that there is no copy
  EXPECT_THAT((Compute<int32_t, float>(*session, {3}, 1)), ElementsAre(5));
}

TEST(SessionTest, ReadsWeightsThatAreNotAligned) {
  std::vector<std::byte> file(1 + 4000 * sizeof(float));
  const std::vector<float> values(4000, 3);
  std::memcpy(file.data() + 1, values.data(), 4000 * sizeof(float));
  TestModel model;
  const ValueId x = model.Input("x", DataType::kFloat32, Shape{4000});
  const ValueId w = model.Weight(DataType::kFloat32, {4000}, std::span(file).subspan(1));
  model.Output("y", model.Node("Mul", {w, x}), DataType::kFloat32, Shape{4000});
  auto session = Compile(std::move(model));
  EXPECT_THAT((Compute<float, float>(*session, values, 4000)), Each(9.0f));
}

// ONNX Runtime maps the file for itself: neither the mapping nor its owner is needed any more.
TEST(SessionTest, ReadsWeightsOfAMappedFileFromThere) {
  const std::string path = std::filesystem::canonical(testing::TempDir()) / "session weights";
  const std::vector<float> values(100000, 4);
  std::ofstream(path, std::ios::binary)
      .write("1234567", 8)
      .write(reinterpret_cast<const char*>(values.data()), 400000);
  for (const size_t offset : {size_t{8}, size_t{3}}) {
    auto mapped = MappedFile::Open(path).value();
    const std::weak_ptr<const MappedFile> alive = mapped;
    TestModel model;
    const ValueId x = model.Input("x", DataType::kInt32, Shape{1});
    const ValueId w =
        model.Weight(DataType::kFloat32, {99000}, mapped->bytes().subspan(offset, 396000), mapped);
    model.Output("y", model.Node("Gather", {w, x}), DataType::kFloat32, Shape{1});
    auto session = Compile(std::move(model));
    mapped.reset();
    EXPECT_TRUE(alive.expired());
    const float expected = offset == 8 ? 4 : FloatAt(path, offset + 4 * 98999);
    EXPECT_THAT((Compute<int32_t, float>(*session, {98999}, 1)), ElementsAre(expected));
  }
  std::filesystem::remove(path);
}

TEST(SessionTest, ReadsWeightsFromAFileAndFromMemory) {
  const std::string path = std::filesystem::canonical(testing::TempDir()) / "session weights";
  const std::vector<float> values(100000, 4);
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(values.data()), 400000);
  const auto mapped = MappedFile::Open(path).value();
  const std::vector<float> other(4000, 3);
  TestModel model;
  const ValueId x = model.Input("x", DataType::kInt32, Shape{1});
  const ValueId in_file = model.Weight(DataType::kFloat32, {100000}, mapped->bytes(), mapped);
  const ValueId in_memory =
      model.Weight(DataType::kFloat32, {4000}, std::as_bytes(std::span(other)));
  const ValueId a = model.Node("Gather", {in_file, x});
  const ValueId b = model.Node("Gather", {in_memory, x});
  model.Output("y", model.Node("Mul", {a, b}), DataType::kFloat32, Shape{1});
  auto session = Compile(std::move(model));
  EXPECT_THAT((Compute<int32_t, float>(*session, {3999}, 1)), ElementsAre(12));
  std::filesystem::remove(path);
}

TEST(SessionTest, KeepsTheOwnersOfWeights) {
  auto owner = std::make_shared<std::vector<float>>(4000, 1.0f);
  std::weak_ptr<std::vector<float>> alive = owner;
  TestModel model;
  const ValueId x = model.Input("x", DataType::kInt32, Shape{1});
  const ValueId w = model.Weight(DataType::kFloat32, {4000}, Bytes(*owner), owner);
  model.Output("y", model.Node("Gather", {w, x}), DataType::kFloat32, Shape{1});
  owner.reset();
  auto session = Compile(std::move(model));
  EXPECT_FALSE(alive.expired());
  session.reset();
  EXPECT_TRUE(alive.expired());
}

struct Message {
  LogLevel level;
  std::string text;
};

// A log whose messages can be read.
std::shared_ptr<const Log> Record(std::vector<Message>& messages, LogLevel level) {
  ContextOptions options;
  options.log_level = level;
  options.log = [&messages](LogLevel level, std::string_view text) {
    messages.push_back({level, std::string(text)});
  };
  return std::make_shared<const Log>(options);
}

// Fails at run time when an index is out of range.
TestModel GatherModel() {
  TestModel model;
  const ValueId x = model.Input("x", DataType::kFloat32, Shape{3});
  const ValueId i = model.Input("i", DataType::kInt32, Shape{1});
  model.Output("y", model.Node("Gather", {x, i}), DataType::kFloat32, Shape{1});
  return model;
}

Result<void> RunGather(Session& session, int32_t index) {
  const std::vector<float> x(3, 1);
  const std::vector<int32_t> i = {index};
  std::vector<float> y(1);
  const std::span<const std::byte> inputs[] = {Bytes(x), Bytes(i)};
  const std::span<std::byte> outputs[] = {WritableBytes(y)};
  return session.Compute(inputs, outputs);
}

TEST(SessionTest, AFailureNamesTheOperatorAndLeavesTheSessionUsable) {
  std::vector<Message> messages;
  auto session = Compile(GatherModel(), Record(messages, LogLevel::kError));
  EXPECT_THAT(RunGather(*session, 99), Fails(ErrorCode::kOperation, "label/Gather_0"));
  ASSERT_FALSE(messages.empty());
  EXPECT_EQ(messages[0].level, LogLevel::kError);
  EXPECT_THAT(messages[0].text, HasSubstr("onnxruntime: "));
  EXPECT_THAT(RunGather(*session, 2), Succeeds());
}

TEST(SessionTest, LogsWhatTheUserAskedFor) {
  std::vector<Message> quiet, loud;
  Compile(AddModel(), Record(quiet, LogLevel::kWarning));
  Compile(AddModel(), Record(loud, LogLevel::kVerbose));
  EXPECT_TRUE(quiet.empty());
  EXPECT_FALSE(loud.empty());
}

TEST(SessionTest, PrintsNothing) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  auto session = Compile(GatherModel());
  EXPECT_THAT(RunGather(*session, 99), Fails(ErrorCode::kOperation));
  session.reset();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST(SessionTest, ALogThatThrowsIsContained) {
  ContextOptions options;
  options.log_level = LogLevel::kVerbose;
  options.log = [](LogLevel, std::string_view) { throw std::string("no"); };
  auto session = Compile(AddModel(), std::make_shared<const Log>(options));
  Floats a(1), b(2), c;
  EXPECT_THAT(RunAdd(*session, a, b, c), Succeeds());
}

TEST(SessionTest, RefusesAModelThatMakesNoSense) {
  TestModel model;
  const ValueId x = model.Input("x", DataType::kFloat32, Shape{3});
  model.Output("y", model.Node("NoSuchOperator", {x}), DataType::kFloat32, Shape{3});
  EXPECT_THAT(Session::Compile(TheLibrary(), Silent(), 1, std::move(model).Finish()),
              Fails(ErrorCode::kOperation, "NoSuchOperator"));
}

}  // namespace
}  // namespace webnn::ort
