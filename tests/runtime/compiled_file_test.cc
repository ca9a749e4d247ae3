#include "runtime/compiled_file.h"

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/runtime/scripted_backend.h"
#include "tests/support/result_matchers.h"

namespace webnn {
namespace {

using testing::HasSubstr;
using testing_support::Fails;
using testing_support::Succeeds;

// ---- What the graph takes and gives. ----

NamedDescriptor Named(std::string name, DataType type, Shape shape) {
  return {std::move(name), OperandDescriptor::Create(type, std::move(shape)).value()};
}
GraphSignature Sample() {
  return {{Named("image", DataType::kFloat16, {1, 3, 8, 8}), Named("s", DataType::kInt4, {})},
          {Named("\n\"ä", DataType::kUint64, {2147483647})}};
}
Result<DecodedSignature> Decode(const std::string& bytes) {
  return DecodeSignature(std::as_bytes(std::span(bytes)));
}

TEST(SignatureTest, ComesBackAsItWas) {
  std::string bytes = EncodeSignature(Sample());
  EXPECT_EQ(bytes.size() % 64, 0u);
  const size_t length = bytes.size();
  bytes += "the engine";
  const auto decoded = Decode(bytes);
  ASSERT_THAT(decoded, Succeeds());
  EXPECT_EQ(decoded->length, length);
  const GraphSignature expected = Sample();
  for (const auto list : {&GraphSignature::inputs, &GraphSignature::outputs}) {
    ASSERT_EQ((decoded->signature.*list).size(), (expected.*list).size());
    for (size_t i = 0; i < (expected.*list).size(); ++i) {
      EXPECT_EQ((decoded->signature.*list)[i].name, (expected.*list)[i].name);
      EXPECT_EQ((decoded->signature.*list)[i].descriptor, (expected.*list)[i].descriptor);
    }
  }
}

TEST(SignatureTest, EveryDataTypeHasAName) {
  for (size_t i = 0; i < kDataTypeCount; ++i) {
    const GraphSignature signature = {{}, {Named("y", static_cast<DataType>(i), {2, 3})}};
    const auto decoded = Decode(EncodeSignature(signature));
    ASSERT_THAT(decoded, Succeeds());
    EXPECT_EQ(decoded->signature.outputs[0].descriptor, signature.outputs[0].descriptor);
  }
}

TEST(SignatureTest, WhatIsCutShortIsRefused) {
  const std::string bytes = EncodeSignature(Sample());
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THAT(Decode(bytes.substr(0, length)), Fails(ErrorCode::kOperation)) << length;
  }
}

// A change is refused or means something else.
TEST(SignatureTest, EveryBitCounts) {
  const std::string bytes = EncodeSignature(Sample());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
    const auto decoded = Decode(changed);
    if (decoded) {
      EXPECT_EQ(EncodeSignature(decoded->signature), changed) << bit;
    }
  }
}

TEST(SignatureTest, SaysWhatItIsNot) {
  EXPECT_THAT(Decode("TRT engine"), Fails(ErrorCode::kOperation, "no compiled graph"));
  std::string later = EncodeSignature(Sample());
  later[8] = 2;
  EXPECT_THAT(Decode(later), Fails(ErrorCode::kOperation, "format 2; this library reads format 1"));
  EXPECT_THAT(Decode(EncodeSignature({{}, {}})), Fails(ErrorCode::kOperation, "malformed"));
  const NamedDescriptor y = Named("y", DataType::kInt8, {2});
  EXPECT_THAT(Decode(EncodeSignature({{}, {y, y}})), Fails(ErrorCode::kOperation, "malformed"));
  EXPECT_THAT(Decode(EncodeSignature({{Named("", DataType::kInt8, {2})}, {y}})),
              Fails(ErrorCode::kOperation, "malformed"));
}

// ---- Files. ----

class CompiledFileTest : public testing::Test {
 protected:
  CompiledFileTest() {
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("webnn-compiled-{}-{}", getpid(), static_cast<void*>(this));
    std::filesystem::create_directory(folder_);
    script_->compiled_as = "the engine";
  }
  ~CompiledFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ / name; }
  static std::string ReadFile(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  static void WriteFile(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  size_t FileCount() const {
    const std::filesystem::directory_iterator files(folder_);
    return static_cast<size_t>(std::distance(begin(files), end(files)));
  }
  static GraphDefinition Definition() {
    GraphBuilder builder;
    const Operand x = builder.Input("x", Bytes()).value();
    return builder.Finish({{"y", *builder.Identity({.input = x})}}).value();
  }

  std::filesystem::path folder_;
  std::shared_ptr<Script> script_ = std::make_shared<Script>();
};

TEST_F(CompiledFileTest, IsLoadedWithoutTheModel) {
  const std::string path = Path("graph");
  ASSERT_THAT(MakeScripted(script_).CompileToFile(Definition(), path, {}), Succeeds());
  EXPECT_EQ(FileCount(), 1u);
  EXPECT_TRUE(LooksCompiled(path));
  const Context context = MakeScripted(script_);
  const Graph graph = context.LoadCompiled(path).value();
  EXPECT_EQ(graph.inputs()[0].name, "x");
  EXPECT_EQ(graph.outputs()[0].descriptor, Bytes());
  const Tensor x = MakeTensor(context);
  const Tensor y = MakeTensor(context);
  ASSERT_THAT(context.WriteTensor(x, Filled(7)), Succeeds());
  ASSERT_THAT(DispatchOne(context, graph, x, y), Succeeds());
  EXPECT_EQ(ReadByte(context, y), 8);
}

TEST_F(CompiledFileTest, TheBackendsBytesAreAligned) {
  ASSERT_THAT(MakeScripted(script_).CompileToFile(Definition(), Path("graph"), {}), Succeeds());
  const auto file = ReadCompiledFile(Path("graph"));
  ASSERT_THAT(file, Succeeds());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(file->compiled.payload.bytes.data()) % 64, 0u);
  EXPECT_EQ(MakerOf(file->compiled.key), "scripted 1");
}

TEST_F(CompiledFileTest, AnotherBackendSaysWhose) {
  ASSERT_THAT(MakeScripted(script_).CompileToFile(Definition(), Path("graph"), {}), Succeeds());
  const auto other = std::make_shared<Script>();
  other->name = "tensorrt";
  other->compiled_as = "the engine";
  const auto loaded = MakeScripted(other).LoadCompiled(Path("graph"));
  EXPECT_THAT(loaded, Fails(ErrorCode::kNotSupported, "was compiled by scripted 1"));
  EXPECT_THAT(loaded, Fails(ErrorCode::kNotSupported, "load it with a context of the back end"));
  EXPECT_THAT(Context::Create({.backend = "onnxruntime"}).value().LoadCompiled(Path("graph")),
              Fails(ErrorCode::kNotSupported, "this context is of onnxruntime"));
}

TEST_F(CompiledFileTest, ABackendWithoutCompiledGraphsSaysSo) {
  EXPECT_THAT(Context::Create({.backend = "onnxruntime"})
                  .value()
                  .CompileToFile(Definition(), Path("graph"), {}),
              Fails(ErrorCode::kNotSupported, "onnxruntime: its compiled graphs cannot be saved"));
  EXPECT_EQ(FileCount(), 0u);
}

TEST_F(CompiledFileTest, WhatTheBackendRefusesNamesTheFile) {
  ASSERT_THAT(MakeScripted(script_).CompileToFile(Definition(), Path("graph"), {}), Succeeds());
  script_->compiled_as = "another engine";
  const auto loaded = MakeScripted(script_).LoadCompiled(Path("graph"));
  EXPECT_THAT(loaded, Fails(ErrorCode::kOperation, Path("graph") + "\": the engine was refused"));
}

TEST_F(CompiledFileTest, AFailedCompilationLeavesNothing) {
  script_->on_compile = [] { return Result<void>(Error{ErrorCode::kAborted, "cancelled"}); };
  EXPECT_THAT(MakeScripted(script_).CompileToFile(Definition(), Path("graph"), {}),
              Fails(ErrorCode::kAborted, "cancelled"));
  EXPECT_EQ(FileCount(), 0u);
  // What was there before is still there.
  WriteFile(Path("graph"), "old");
  EXPECT_THAT(MakeScripted(script_).CompileToFile(Definition(), Path("graph"), {}),
              Fails(ErrorCode::kAborted));
  EXPECT_EQ(ReadFile(Path("graph")), "old");
}

TEST_F(CompiledFileTest, APathThatCannotBeWrittenIsSeenBeforeTheWork) {
  bool compiled = false;
  script_->on_compile = [&] {
    compiled = true;
    return Result<void>();
  };
  EXPECT_THAT(MakeScripted(script_).CompileToFile(Definition(), Path("missing/graph"), {}),
              Fails(ErrorCode::kOperation, "missing/graph"));
  EXPECT_FALSE(compiled);
}

TEST_F(CompiledFileTest, EveryByteIsChecked) {
  ASSERT_THAT(MakeScripted(script_).CompileToFile(Definition(), Path("graph"), {}), Succeeds());
  const std::string file = ReadFile(Path("graph"));
  const Context context = MakeScripted(script_);
  for (size_t i = 0; i < file.size(); ++i) {
    std::string damaged = file;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    WriteFile(Path("damaged"), damaged);
    EXPECT_THAT(context.LoadCompiled(Path("damaged")), Fails(ErrorCode::kOperation, "damaged\": "))
        << i;
  }
  for (size_t length : {size_t{0}, size_t{10}, file.size() / 2, file.size() - 1}) {
    WriteFile(Path("damaged"), file.substr(0, length));
    EXPECT_THAT(context.LoadCompiled(Path("damaged")), Fails(ErrorCode::kOperation, "damaged\": "));
  }
}

TEST_F(CompiledFileTest, OtherFilesSayWhatTheyAreNot) {
  const Context context = MakeScripted(script_);
  EXPECT_THAT(context.LoadCompiled(Path("none")), Fails(ErrorCode::kOperation, Path("none")));
  EXPECT_THAT(context.LoadCompiled(folder_), Fails(ErrorCode::kOperation, "Is a directory"));
  WriteFile(Path("model.onnx"), std::string(200, 'x'));
  EXPECT_THAT(context.LoadCompiled(Path("model.onnx")),
              Fails(ErrorCode::kOperation, "model.onnx\": not a"));
  EXPECT_FALSE(LooksCompiled(Path("model.onnx")));
  // A cache entry as such.
  cache::Key key;
  key.Add("backend", "scripted");
  AtomicFile entry = AtomicFile::Create(Path("entry")).value();
  ASSERT_THAT(cache::WriteEntry(entry, key, std::as_bytes(std::span("engine", 6))), Succeeds());
  ASSERT_THAT(entry.Commit(), Succeeds());
  EXPECT_THAT(context.LoadCompiled(Path("entry")), Fails(ErrorCode::kOperation, "cache"));
}

TEST_F(CompiledFileTest, AContextThatOnlyCompilesSaysSo) {
  const Context context = MakeScripted(script_, {.compile_only = true});
  ASSERT_THAT(context.CompileToFile(Definition(), Path("graph"), {}), Succeeds());
  for (const Result<void>& result : {
           [&] { return Result<void>(context.Compile(Definition()).error()); }(),
           [&] { return Result<void>(context.LoadCompiled(Path("graph")).error()); }(),
           [&] { return Result<void>(context.CreateTensor(Bytes()).error()); }(),
           [&] { return Result<void>(context.ImportTensor(Bytes(), {}, nullptr).error()); }(),
           [&] { return Result<void>(BuildOne(context).error()); }(),
       }) {
    EXPECT_THAT(result, Fails(ErrorCode::kNotSupported, "compiles into files"));
  }
  EXPECT_THAT(context.CreateConstantTensor(Bytes(), Filled(1)), Succeeds());
}

TEST_F(CompiledFileTest, ALostContextCompilesNothing) {
  Context context = MakeScripted(script_);
  ASSERT_THAT(context.CompileToFile(Definition(), Path("graph"), {}), Succeeds());
  context.Destroy();
  EXPECT_THAT(context.CompileToFile(Definition(), Path("other"), {}),
              Fails(ErrorCode::kInvalidState));
  EXPECT_THAT(context.LoadCompiled(Path("graph")), Fails(ErrorCode::kInvalidState));
  EXPECT_EQ(FileCount(), 1u);
}

}  // namespace
}  // namespace webnn
