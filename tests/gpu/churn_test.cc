// Many contexts, graphs and tensors one after the other: nothing may be left behind.
// WEBNN_TEST_CHURN is a factor for the counts; 10 makes them 10,000 tensors.

#include <cstdlib>
#include <fstream>

#include "gpu_test.h"

namespace webnn::gpu_test {
namespace {

class ChurnTest : public GpuTest {
 protected:
  static int Times(int count) {
    const char* const factor = std::getenv("WEBNN_TEST_CHURN");
    return factor == nullptr ? count : count * std::max(1, std::atoi(factor));
  }
  static size_t Status(std::string_view key) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with(key)) return std::stoul(line.substr(key.size()));
    }
    return 0;
  }
  static size_t OpenFiles() {
    size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator("/proc/self/fd")) {
      (void)file;
      ++count;
    }
    return count;
  }

  /// Calls `round` until it has settled, then often: memory of the device, threads and open files
  /// must be the same afterwards.
  template <class Function>
  void Churn(int count, const Function& round) {
    for (int i = 0; i < 20; ++i) round(i);
    const uint64_t free = FreeMemory();
    const size_t threads = Status("Threads:");
    const size_t files = OpenFiles();
    const size_t host = Status("RssAnon:");
    for (int i = 0; i < count; ++i) round(i);
    EXPECT_GE(FreeMemory(), free);
    EXPECT_LE(Status("Threads:"), threads);
    EXPECT_LE(OpenFiles(), files);
    std::printf("%d rounds: device %+.1f MiB, host %+.1f MiB\n", count,
                (static_cast<double>(free) - static_cast<double>(FreeMemory())) * 0x1p-20,
                (static_cast<double>(Status("RssAnon:")) - static_cast<double>(host)) / 1024);
  }
};

TEST_F(ChurnTest, Tensors) {
  const Context context = MakeContext();
  Churn(Times(1000), [&](int i) {
    const Tensor tensor = MakeTensor(context, 1 + 37u * static_cast<uint32_t>(i % 5000));
    if (i % 10 == 0) {
      Write(context, tensor, Constants(tensor.descriptor().element_count(), 3));
      EXPECT_THAT(Read(context, tensor), AllAre(3.0f));
    }
  });
}

TEST_F(ChurnTest, Graphs) {
  Folder folder;
  const ContextOptions options = KeepingOptions(folder.path());
  const Context context = MakeContext(options);
  const GraphDefinition definition = Product(16, 32, 8);
  const std::vector<float> x = Pseudo(16 * 32, 3);
  Churn(Times(100), [&](int) {
    const Graph graph = context.Compile(definition).value();
    EXPECT_LT(ProductError(x, 16, 32, 8, Compute(context, graph, x)), 1e-6);
  });
}

TEST_F(ChurnTest, Contexts) {
  Folder folder;
  const ContextOptions options = KeepingOptions(folder.path());
  // Something else uses the device meanwhile, so that its own context stays.
  const Context other = MakeContext();
  Churn(Times(50), [&](int i) {
    Context context = MakeContext(options);
    const Graph graph = context.Compile(PlusOne(64)).value();
    EXPECT_THAT(Compute(context, graph, Constants(64, 1)), AllAre(2.0f));
    if (i % 2 == 0) context.Destroy();
  });
}

}  // namespace
}  // namespace webnn::gpu_test
