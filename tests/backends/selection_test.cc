#include "backends/selection.h"

#include <map>
#include <string>
#include <vector>

#include "backends/host_memory.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/result_matchers.h"

namespace webnn {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::Fails;
using testing_support::Succeeds;

class NamedBackend final : public Backend {
 public:
  explicit NamedBackend(std::string_view name) : name_(name) {}
  std::string_view name() const override { return name_; }
  std::string version() const override { return "7"; }
  std::string device() const override { return name_.starts_with("gpu") ? "cuda:0" : "cpu"; }
  uint32_t max_rank() const override { return 8; }
  Result<std::unique_ptr<CompiledGraph>> Compile(const std::shared_ptr<const GraphData>&,
                                                 const CompileOptions&) override {
    return Error{ErrorCode::kOperation, "it compiles nothing"};
  }
  Result<std::unique_ptr<BackendTensor>> CreateTensor(
      const OperandDescriptor& descriptor) override {
    return HostTensor::Create(descriptor);
  }

 private:
  const std::string_view name_;
};

// What a test says of the machine, and what was done to it.
struct Machine {
  std::map<std::string, std::string> refused_by_probe;
  std::map<std::string, std::string> refused_by_open;
  bool has_gpu = true;
  std::vector<std::string> opened;
  std::vector<std::string> library_paths;
};
Machine* machine = nullptr;

template <const char* kName>
Result<std::unique_ptr<Backend>> OpenNamed(const ContextOptions& options) {
  machine->opened.emplace_back(kName);
  machine->library_paths.push_back(options.library_path);
  const auto refused = machine->refused_by_open.find(kName);
  if (refused != machine->refused_by_open.end()) {
    return Error{ErrorCode::kNotSupported, std::string(kName) + ": " + refused->second};
  }
  return std::unique_ptr<Backend>(new NamedBackend(kName));
}

template <const char* kName>
BackendStatus ProbeNamed(const ContextOptions&, bool) {
  BackendStatus status = {.name = kName};
  if (!machine->has_gpu) {
    status.reason = "there is no GPU";
    return status;
  }
  status.device = "cuda:0";
  const auto refused = machine->refused_by_probe.find(kName);
  status.available = refused == machine->refused_by_probe.end();
  if (!status.available) status.reason = refused->second;
  return status;
}

constexpr char kGpu1[] = "gpu1";
constexpr char kGpu2[] = "gpu2";
constexpr char kCpu1[] = "cpu1";
constexpr char kCpu2[] = "cpu2";
constexpr BackendEntry kEntries[] = {
    {kGpu1, &OpenNamed<kGpu1>, &ProbeNamed<kGpu1>, true},
    {kGpu2, &OpenNamed<kGpu2>, &ProbeNamed<kGpu2>, true},
    {kCpu1, &OpenNamed<kCpu1>},
    {kCpu2, &OpenNamed<kCpu2>},
};

class SelectionTest : public testing::Test {
 protected:
  SelectionTest() { machine = &machine_; }
  ~SelectionTest() override { machine = nullptr; }

  static Selection Make(ContextOptions options = {}) {
    return Selection::Make(kEntries, std::move(options)).value();
  }
  static std::vector<std::string> Order(const ContextOptions& options) {
    std::vector<std::string> names;
    const Selection selection = Make(options);
    for (const Candidate& candidate : selection.candidates()) {
      names.push_back(candidate.backend);
    }
    return names;
  }
  static std::string NameOf(const Result<std::unique_ptr<Backend>>& backend) {
    return backend ? std::string((*backend)->name()) : ToString(backend.error());
  }
  Machine machine_;
};

TEST_F(SelectionTest, OrdersByHintsAndNames) {
  EXPECT_THAT(Order({}), ElementsAre("gpu1", "gpu2", "cpu1", "cpu2"));
  EXPECT_THAT(Order({.power_preference = PowerPreference::kLowPower}),
              ElementsAre("cpu1", "cpu2", "gpu1", "gpu2"));
  EXPECT_THAT(Order({.backend = "gpu2"}), ElementsAre("gpu2"));
  EXPECT_THAT(Order({.backend = "gpu2", .fallback = Fallback::kBackend}),
              ElementsAre("gpu2", "cpu1", "cpu2", "gpu1"));
  // From the processor nothing goes to a GPU, whose precision is another.
  EXPECT_THAT(Order({.backend = "cpu2", .fallback = Fallback::kBackend}),
              ElementsAre("cpu2", "cpu1"));
  EXPECT_THAT(Selection::Make(kEntries, {.backend = "gpu3"}),
              Fails(ErrorCode::kNotSupported,
                    "there is no back end \"gpu3\"; there are gpu1, gpu2, cpu1, cpu2"));
}

TEST_F(SelectionTest, TakesTheFirstThatIsThereAndTellsOfTheOthers) {
  machine_.refused_by_probe = {{"gpu1", "its library is missing"}};
  machine_.refused_by_open = {{"cpu1", "broken"}};
  Selection selection = Make();
  EXPECT_EQ(NameOf(selection.Next()), "gpu2");
  EXPECT_THAT(machine_.opened, ElementsAre("gpu2"));
  EXPECT_EQ(ToString(selection.candidates()),
            "gpu1, device cuda:0: not taken: its library is missing\n"
            "gpu2 7, device cuda:0: chosen, the first that works here\n"
            "not tried: cpu1, cpu2\n");
  // The walk goes on behind it.
  selection.Fail(Error{ErrorCode::kOperation, "gpu2: no memory"});
  EXPECT_EQ(NameOf(selection.Next()), "cpu2");
  EXPECT_EQ(ToString(selection.candidates()),
            "gpu1, device cuda:0: not taken: its library is missing\n"
            "gpu2 7, device cuda:0: taken, but failed: no memory\n"
            "cpu1: not taken: broken\n"
            "cpu2 7, device cpu: chosen, the first that works here\n");
}

TEST_F(SelectionTest, AMachineWithoutAGpuIsNothingToWarnOf) {
  machine_.has_gpu = false;
  Selection selection = Make({.fallback = Fallback::kBackend});
  EXPECT_EQ(NameOf(selection.Next()), "cpu1");
  EXPECT_FALSE(selection.warns());
}

TEST_F(SelectionTest, AGpuThatNothingUsesIsWorthAWarning) {
  machine_.refused_by_probe = {{"gpu1", "its library is too old"}, {"gpu2", "no library"}};
  Selection selection = Make({.fallback = Fallback::kBackend});
  EXPECT_EQ(NameOf(selection.Next()), "cpu1");
  ASSERT_TRUE(selection.warns());
  EXPECT_EQ(selection.Warning(),
            "gpu1 cannot be used: its library is too old\n"
            "The context uses cpu1 7, device cpu instead.");
  selection.ClearWarning();
  EXPECT_FALSE(selection.warns());
}

TEST_F(SelectionTest, WithoutFallbackTheChosenOnesErrorIsTheError) {
  machine_.refused_by_open = {{"gpu1", "out of memory"}};
  EXPECT_THAT(Make().Next(), Fails(ErrorCode::kNotSupported, "gpu1: out of memory"));
  EXPECT_THAT(Make().Next(), Fails(ErrorCode::kNotSupported, "fallback = backend"));
  EXPECT_THAT(Make({.backend = "gpu1"}).Next(),
              Fails(ErrorCode::kNotSupported, "gpu1: out of memory"));
  EXPECT_THAT(machine_.opened, ElementsAre("gpu1", "gpu1", "gpu1"));
}

TEST_F(SelectionTest, WithFallbackTheNextIsTaken) {
  machine_.refused_by_open = {{"gpu1", "out of memory"}};
  machine_.refused_by_probe = {{"gpu2", "its library is missing"}};
  for (const std::string backend : {"", "gpu1"}) {
    Selection selection = Make({.backend = backend, .fallback = Fallback::kBackend});
    EXPECT_EQ(NameOf(selection.Next()), "cpu1");
    ASSERT_TRUE(selection.warns());
    EXPECT_THAT(selection.Warning(),
                AllOf(HasSubstr("gpu1"), HasSubstr("out of memory"), HasSubstr("cpu1 7")));
  }
}

TEST_F(SelectionTest, TheLibraryOfOneIsNotThatOfTheNext) {
  machine_.refused_by_open = {{"gpu1", "out of memory"}};
  machine_.refused_by_probe = {{"gpu2", "its library is missing"}};
  Selection selection =
      Make({.backend = "gpu1", .fallback = Fallback::kBackend, .library_path = "/lib/gpu1.so"});
  ASSERT_THAT(selection.Next(), Succeeds());
  EXPECT_THAT(machine_.library_paths, ElementsAre("/lib/gpu1.so", ""));
}

TEST_F(SelectionTest, ADeviceThatWasNamedStays) {
  machine_.refused_by_open = {{"gpu1", "out of memory"}, {"gpu2", "out of memory, too"}};
  Selection selection = Make({.device = "cuda:0", .fallback = Fallback::kBackend});
  const auto backend = selection.Next();
  EXPECT_THAT(backend, Fails(ErrorCode::kNotSupported, "out of memory, too"));
  EXPECT_THAT(backend, Fails(ErrorCode::kNotSupported,
                             "cpu1: not taken: it has no device \"cuda:0\", which was asked for"));
  EXPECT_THAT(machine_.opened, ElementsAre("gpu1", "gpu2"));
  EXPECT_EQ(NameOf(Make({.device = "cpu"}).Next()), "cpu1");
}

TEST_F(SelectionTest, WithoutAccelerationNoGpuIsLookedFor) {
  Selection selection = Make({.accelerated = false});
  EXPECT_EQ(NameOf(selection.Next()), "cpu1");
  EXPECT_THAT(selection.candidates()[0].reason, HasSubstr("accelerated = false"));
  // A name is stronger than a hint.
  EXPECT_EQ(NameOf(Make({.accelerated = false, .backend = "gpu1"}).Next()), "gpu1");
}

TEST_F(SelectionTest, ProbingOpensNothingThatHasAProbe) {
  Selection selection = Make();
  selection.Probe();
  EXPECT_THAT(machine_.opened, IsEmpty());
  EXPECT_EQ(selection.candidates()[0].state, CandidateState::kChosen);
  machine_.has_gpu = false;
  Selection without = Make();
  without.Probe();
  EXPECT_THAT(machine_.opened, ElementsAre("cpu1"));
  EXPECT_EQ(without.candidates()[0].state, CandidateState::kRefused);
  EXPECT_EQ(without.candidates()[2].state, CandidateState::kChosen);
  EXPECT_EQ(without.candidates()[3].state, CandidateState::kNotTried);
}

TEST_F(SelectionTest, WhereNothingWorksAllReasonsAreTold) {
  machine_.has_gpu = false;
  machine_.refused_by_open = {{"cpu1", "no library"}, {"cpu2", "too old"}};
  const auto backend = Make().Next();
  EXPECT_THAT(backend, Fails(ErrorCode::kNotSupported, "no back end works here"));
  for (const char* reason : {"gpu1: not taken: there is no GPU", "cpu1: not taken: no library",
                             "cpu2: not taken: too old"}) {
    EXPECT_THAT(backend, Fails(ErrorCode::kNotSupported, reason));
  }
}

}  // namespace
}  // namespace webnn
