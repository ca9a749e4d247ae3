#include "webnn/devices.h"

#include <algorithm>
#include <string>

#include "backends/backend.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace webnn {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const BackendStatus& Find(const DeviceList& list, std::string_view name) {
  return *std::find_if(list.backends.begin(), list.backends.end(),
                       [&](const BackendStatus& status) { return status.name == name; });
}

TEST(DevicesTest, ListsEveryBackEnd) {
  const DeviceList list = Devices();
  ASSERT_EQ(list.backends.size(), AllBackends().size());
  for (size_t i = 0; i < list.backends.size(); ++i) {
    const BackendStatus& status = list.backends[i];
    EXPECT_EQ(status.name, AllBackends()[i].name);
    EXPECT_NE(status.available, status.reason.empty() == false) << status.name;
  }
  const BackendStatus& cpu = Find(list, "onnxruntime");
  EXPECT_TRUE(cpu.available);
  EXPECT_EQ(cpu.device, "cpu");
  EXPECT_THAT(cpu.version, StartsWith("1."));
  EXPECT_THAT(cpu.library, HasSubstr("libonnxruntime"));
}

TEST(DevicesTest, SaysWhyABackEndIsMissing) {
  const DeviceList list = Devices({.library_path = "/nowhere/lib.so"});
  const BackendStatus& status = Find(list, "onnxruntime");
  EXPECT_FALSE(status.available);
  EXPECT_THAT(status.reason, HasSubstr("/nowhere/lib.so"));
}

TEST(DevicesTest, GpusOrAReason) {
  const DeviceList list = Devices();
  EXPECT_NE(list.gpus.empty(), list.gpu_reason.empty());
  for (const GpuInfo& gpu : list.gpus) {
    EXPECT_THAT(gpu.device, StartsWith("cuda:"));
    EXPECT_FALSE(gpu.name.empty());
    EXPECT_GT(gpu.memory_bytes, 0u);
    EXPECT_FALSE(list.driver.empty());
  }
}

}  // namespace
}  // namespace webnn
