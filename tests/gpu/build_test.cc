// Building: progress, cancelling, what is kept and taken up again.

#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>

#include "cache/container.h"
#include "core/atomic_file.h"
#include "gpu_test.h"
#include "runtime/compiled_file.h"
#include "runtime/impl.h"

namespace webnn::gpu_test {
namespace {

using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

constexpr uint32_t kRows = 48;
constexpr uint32_t kInner = 64;
constexpr uint32_t kColumns = 32;

GraphDefinition SomeGraph(uint32_t seed = 1) { return Product(kRows, kInner, kColumns, seed); }
std::vector<float> SomeInput() { return Pseudo(kRows * kInner, 4); }
double ErrorOf(const Context& context, const Graph& graph, uint32_t seed = 1) {
  return ProductError(SomeInput(), kRows, kInner, kColumns, Compute(context, graph, SomeInput()),
                      seed);
}

size_t EntriesIn(const Folder& folder) {
  size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder.path())) {
    if (file.path().extension() == ".entry") ++count;
  }
  return count;
}

class BuildTest : public GpuTest {};

TEST_F(BuildTest, TellsItsProgressEverySecond) {
  const Context context = MakeContext();
  CompileOptions options = context.options().compile;
  options.optimization_level = 3;
  std::mutex mutex;
  const auto start = Clock::now();
  double last = 0;
  double longest = 0;
  int calls = 0;
  std::atomic<int> inside = 0;
  std::map<std::string, double> fractions;
  options.progress = [&](const CompileProgress& progress) {
    EXPECT_EQ(inside++, 0) << "two calls at once";
    const double now = SecondsSince(start);
    {
      const std::lock_guard lock(mutex);
      longest = std::max(longest, now - last);
      last = now;
      ++calls;
      double& fraction = fractions[std::string(progress.phase)];
      EXPECT_GE(progress.fraction, fraction) << progress.phase;
      EXPECT_LE(progress.fraction, 1);
      EXPECT_NEAR(progress.seconds, now, 0.5);
      fraction = progress.fraction;
    }
    --inside;
    return true;
  };
  ASSERT_THAT(context.Compile(Deep(20), options), Succeeds());
  longest = std::max(longest, SecondsSince(start) - last);
  EXPECT_GT(calls, 0);
  EXPECT_LE(longest, 1.0);
  EXPECT_TRUE(fractions.contains("build"));
  std::printf("%d calls in %.1f s, at most %.2f s apart\n", calls, SecondsSince(start), longest);
}

TEST_F(BuildTest, IsCancelledWithinTwoSeconds) {
  const Context context = MakeContext();
  for (const double after : {0.0, 1.5}) {
    CompileOptions options = context.options().compile;
    options.optimization_level = 5;
    const auto start = Clock::now();
    std::atomic<bool> cancelled = false;
    std::atomic<double> cancelled_at = 0;
    options.progress = [&](const CompileProgress&) {
      if (SecondsSince(start) < after) return true;
      if (!cancelled.exchange(true)) cancelled_at = SecondsSince(start);
      return false;
    };
    const auto graph = context.Compile(Deep(60), options);
    const double took = SecondsSince(start) - cancelled_at;
    EXPECT_THAT(graph, Fails(ErrorCode::kAborted));
    EXPECT_LT(took, 2.0);
    std::printf("cancelled after %.2f s, ended %.2f s later\n", cancelled_at.load(), took);
  }
  // The context, and the builder in its pool, are as good as before.
  const auto graph = context.Compile(SomeGraph());
  ASSERT_THAT(graph, Succeeds());
  EXPECT_LT(ErrorOf(context, *graph), 1e-6);
}

TEST_F(BuildTest, OneThatWaitsForAnotherSaysSoAndCanBeCancelled) {
  if (BackendName() != "tensorrt") GTEST_SKIP() << "TensorRT-RTX measures nothing";
  const Context context = MakeContext();
  CompileOptions options = context.options().compile;
  options.optimization_level = 5;  // Longer than the test.
  std::atomic<bool> builds = false;
  std::atomic<bool> end = false;
  std::thread first([&] {
    CompileOptions long_options = options;
    long_options.progress = [&](const CompileProgress& progress) {
      if (progress.phase == "build") builds = true;
      return !end;
    };
    EXPECT_THAT(context.Compile(Deep(60), long_options), Fails(ErrorCode::kAborted));
    builds = true;  // Whatever it was, nobody need wait for it.
  });
  while (!builds) std::this_thread::sleep_for(std::chrono::milliseconds(10));

  std::mutex mutex;
  const auto start = Clock::now();
  double last = 0;
  double longest = 0;
  double waited = 0;  // Since it was said first.
  std::optional<double> waits_from;
  options.progress = [&](const CompileProgress& progress) {
    const std::lock_guard lock(mutex);
    const double now = SecondsSince(start);
    longest = std::max(longest, now - last);
    last = now;
    if (progress.phase != "wait for another build") return true;
    if (!waits_from) waits_from = now;
    waited = now - *waits_from;
    return waited < 1.5;
  };
  EXPECT_THAT(context.Compile(SomeGraph(), options), Fails(ErrorCode::kAborted));
  EXPECT_GE(waited, 1.5);
  EXPECT_LE(longest, 1.0);
  EXPECT_LT(SecondsSince(start) - last, 2.0);
  std::printf("waited for %.2f s, told at most %.2f s apart, ended %.2f s after it was cancelled\n",
              waited, longest, SecondsSince(start) - last);
  end = true;
  first.join();
  EXPECT_THAT(context.Compile(SomeGraph()), Succeeds());
}

// A server goes on while it builds the next graph.
TEST_F(BuildTest, OthersLoadAndRunMeanwhile) {
  const Folder folder;
  const Context context = MakeContext(KeepingOptions(folder.path()));
  const Graph ready = context.Compile(SomeGraph()).value();
  std::atomic<bool> building = false;
  std::atomic<bool> enough = false;
  std::jthread builder([&] {
    CompileOptions options;
    options.optimization_level = 5;
    options.progress = [&](const CompileProgress& progress) {
      building = building || progress.phase == "build";
      return !enough;
    };
    EXPECT_THAT(context.Compile(Deep(60), options), Fails(ErrorCode::kAborted));
  });
  const auto start = Clock::now();
  while (!building && SecondsSince(start) < 60) std::this_thread::yield();
  ASSERT_TRUE(building);
  // The longest of each, in seconds.
  double run = 0;
  double load = 0;
  double rest = 0;  // of a compilation, after the engine is loaded
  int count = 0;
  for (const auto begin = Clock::now(); SecondsSince(begin) < 8; ++count) {
    auto last = Clock::now();
    EXPECT_LT(ErrorOf(context, ready), 1e-6);
    run = std::max(run, SecondsSince(last));
    last = Clock::now();
    auto loaded = last;
    CompileOptions options = context.options().compile;
    options.progress = [&](const CompileProgress& progress) {
      if (progress.phase == "load" && progress.fraction == 1) loaded = Clock::now();
      return true;
    };
    ASSERT_THAT(context.Compile(SomeGraph(), options), Succeeds());
    rest = std::max(rest, SecondsSince(loaded));
    load = std::max(load, std::chrono::duration<double>(loaded - last).count());
  }
  enough = true;
  std::printf("%d turns beside a build; at most %.3f s to run, %.3f s to load, %.3f s after it\n",
              count, run, load, rest);
  EXPECT_LT(run, 1.0);
  EXPECT_LT(load + rest, 2.0);
}

TEST_F(BuildTest, ACancelledBuildLeavesNothingInTheCache) {
  const Folder folder;
  const Context context = MakeContext(KeepingOptions(folder.path()));
  CompileOptions options = context.options().compile;
  options.progress = [](const CompileProgress&) { return false; };
  EXPECT_THAT(context.Compile(SomeGraph(), options), Fails(ErrorCode::kAborted));
  EXPECT_EQ(EntriesIn(folder), 0u);
  ASSERT_THAT(context.Compile(SomeGraph()), Succeeds());
  EXPECT_GE(EntriesIn(folder), 1u);
}

// ---- The cache. ----

TEST_F(BuildTest, AHitNeedsNeitherBuilderNorParser) {
  const Folder folder;
  {
    const Context context = MakeContext(KeepingOptions(folder.path()));
    const Graph graph = context.Compile(SomeGraph()).value();
    EXPECT_LT(ErrorOf(context, graph), 1e-6);
  }
  const Ended ended = RunChild("loads-from-cache", {folder.path()});
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.output, "right result, no builder, no parser\n");
}

TEST_F(BuildTest, AnotherOptionOrWeightIsAnotherEngine) {
  const Folder folder;
  const Context context = MakeContext(KeepingOptions(folder.path()));
  size_t entries = 0;
  const auto compile = [&](uint32_t seed, const std::function<void(CompileOptions&)>& change) {
    CompileOptions options = context.options().compile;
    change(options);
    const Graph graph = context.Compile(SomeGraph(seed), options).value();
    const size_t before = std::exchange(entries, EntriesIn(folder));
    EXPECT_GT(entries, before);
    return ErrorOf(context, graph, seed);
  };
  const auto nothing = [](CompileOptions&) {};
  EXPECT_LT(compile(1, nothing), 1e-6);
  EXPECT_LT(compile(2, nothing), 1e-6);
  EXPECT_GT(compile(1, [](auto& options) { options.precision = Precision::kFloat16; }), 1e-6);
  EXPECT_LT(compile(1, [](auto& options) { options.optimization_level = 1; }), 1e-6);
  EXPECT_LT(compile(1, [](auto& options) { options.workspace_bytes = 1 << 26; }), 1e-6);
  // And what is there is taken, whatever else lies beside it.
  const Graph again = context.Compile(SomeGraph(2)).value();
  EXPECT_EQ(EntriesIn(folder), entries);
  EXPECT_LT(ErrorOf(context, again, 2), 1e-6);
}

TEST_F(BuildTest, ADamagedEngineIsBuiltAnew) {
  const Folder folder;
  const Context context = MakeContext(KeepingOptions(folder.path()));
  ASSERT_THAT(context.Compile(SomeGraph()), Succeeds());
  for (const auto& file : std::filesystem::directory_iterator(folder.path())) {
    if (file.path().extension() != ".entry") continue;
    std::fstream stream(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    const auto middle = static_cast<std::streamoff>(std::filesystem::file_size(file.path()) / 2);
    stream.seekg(middle);
    const char byte = static_cast<char>(stream.get() ^ 1);
    stream.seekp(middle);
    stream.put(byte);
  }
  const Graph graph = context.Compile(SomeGraph()).value();
  EXPECT_LT(ErrorOf(context, graph), 1e-6);
}

TEST_F(BuildTest, TimingsAreKeptForTheNextGraph) {
  const Folder folder;
  const auto build = [&](uint64_t workspace) {
    const Context context = MakeContext(KeepingOptions(folder.path()));
    CompileOptions options = context.options().compile;
    options.optimization_level = 3;
    options.workspace_bytes = workspace;  // Another engine, the same kernels to measure.
    const auto start = Clock::now();
    context.Compile(Deep(24), options).value();
    return SecondsSince(start);
  };
  // A throw-away build, so that the first of the two does not pay for the builder.
  {
    const Context warm = MakeContext();
    warm.Compile(SomeGraph()).value();
  }
  const double first = build(uint64_t{1} << 30);
  const double second = build(uint64_t{1} << 31);
  std::printf("first %.2f s, second %.2f s\n", first, second);
  EXPECT_LT(second, first * 0.7);
}

// ---- Compiled files. ----

// The file with another fact in its key, and a payload that no library should ever see.
void WriteWithKey(const std::string& from, const std::string& to, std::string_view field,
                  std::string_view text) {
  const CompiledFile file = ReadCompiledFile(from).value();
  cache::Key key;
  for (const cache::KeyField& one : file.compiled.key.fields()) {
    if (one.hashed) {
      key.Add(one.name, Hash128{});
    } else {
      key.Add(one.name, one.name == field ? text : one.value);
    }
  }
  const std::vector<std::byte> nonsense(1000, std::byte{0x5a});
  auto out = AtomicFile::Create(to).value();
  WriteCompiledFile(out, file.signature, {key, {nullptr, nonsense}}).value();
  out.Commit().value();
}

class CompiledFileTest : public GpuTest {
 protected:
  std::string Make(const Context& context) {
    const std::string path = folder_.path() + "/graph.compiled";
    context.CompileToFile(SomeGraph(), path, context.options().compile).value();
    return path;
  }
  std::string WithKey(const std::string& path, std::string_view field, std::string_view text) {
    const std::string changed = folder_.path() + "/changed.compiled";
    WriteWithKey(path, changed, field, text);
    return changed;
  }
  Folder folder_;
};

TEST_F(CompiledFileTest, LoadsInThisProcessAndInAnother) {
  const Context context = MakeContext();
  const std::string path = Make(context);
  const Graph graph = context.LoadCompiled(path).value();
  EXPECT_EQ(graph.inputs()[0].name, "x");
  EXPECT_LT(ErrorOf(context, graph), 1e-6);
  const Ended ended = RunChild("loads-compiled", {path});
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.output, "right result, no builder, no parser\n");
}

TEST_F(CompiledFileTest, OfAnotherVersionOrGpuIsRefusedBeforeTheLibrarySeesIt) {
  const Context context = MakeContext();
  const std::string path = Make(context);
  const cache::Key key = ReadCompiledFile(path).value().compiled.key;
  std::string all;
  for (const cache::KeyField& field : key.fields()) {
    all += field.name + " ";
    if (field.name == "version") {
      EXPECT_THAT(context.LoadCompiled(WithKey(path, "version", "9.9.9.9")),
                  Fails(ErrorCode::kNotSupported, "9.9.9.9"));
    } else if (field.name.find("device") != std::string::npos ||
               field.name.find("gpu") != std::string::npos ||
               field.name.find("compute") != std::string::npos) {
      EXPECT_THAT(context.LoadCompiled(WithKey(path, field.name, "another kind")),
                  Fails(ErrorCode::kNotSupported, "another kind"));
    }
  }
  std::printf("fields: %s\n", all.c_str());
  ASSERT_NE(key.Find("version"), nullptr);
  EXPECT_THAT(context.LoadCompiled(path), Succeeds());
}

TEST_F(CompiledFileTest, DamagedIsRefused) {
  const Context context = MakeContext();
  const std::string path = Make(context);
  const auto size = std::filesystem::file_size(path);
  for (const auto at : {size / 7, size / 2, size - 1}) {
    const std::string damaged = folder_.path() + "/damaged.compiled";
    std::filesystem::copy_file(path, damaged, std::filesystem::copy_options::overwrite_existing);
    std::fstream stream(damaged, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(stream.get() ^ 4);
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(byte);
    stream.close();
    EXPECT_THAT(context.LoadCompiled(damaged), Fails(ErrorCode::kOperation)) << at;
  }
  EXPECT_FALSE(context.LoadCompiled(folder_.path() + "/none").ok());
}

int Judge(const Context& context, const Graph& graph) {
  const bool right = ErrorOf(context, graph) < 1e-6;
  fmt::print("{} result, {} builder, {} parser\n", right ? "right" : "wrong",
             HasLoaded("libnvinfer_builder_resource") ? "a" : "no",
             HasLoaded("libnvonnxparser") || HasLoaded("libtensorrt_onnxparser") ? "a" : "no");
  return 0;
}

}  // namespace

int ChildLoadsFromCache(ChildArguments arguments) {
  const ContextOptions options = KeepingOptions(arguments[0]);
  const Context context = MakeContext(options);
  return Judge(context, context.Compile(SomeGraph()).value());
}

int ChildDoctorsFile(ChildArguments arguments) {
  if (arguments.size() != 4) return 2;
  WriteWithKey(arguments[0], arguments[1], arguments[2], arguments[3]);
  return 0;
}

int ChildLoadsCompiled(ChildArguments arguments) {
  const Context context = MakeContext();
  return Judge(context, context.LoadCompiled(arguments[0]).value());
}

}  // namespace webnn::gpu_test
