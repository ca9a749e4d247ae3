#include <cuda.h>

#include <filesystem>
#include <memory>
#include <string>

#include "backends/cuda/driver.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/backends/cuda_support.h"
#include "tests/backends/fake_cuda.h"

namespace webnn::cuda {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing_support::FakeCuda;
using testing_support::OpenFakeCuda;
using testing_support::ScopedVariable;

// A copy of the fake driver is another library, which is loaded and looked at anew.
std::string CopyOfDriver() {
  static int count = 0;
  const std::string path =
      testing::TempDir() + "/fake_cuda_" + std::to_string(getpid()) + "_" + std::to_string(count++);
  std::filesystem::copy_file(WEBNN_FAKE_CUDA, path,
                             std::filesystem::copy_options::overwrite_existing);
  return path;
}

class CudaDriverTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(fake_, nullptr);
    fake_->Reset();
  }
  ScopedVariable library_{"WEBNN_CUDA_LIBRARY", WEBNN_FAKE_CUDA};
  FakeCuda* fake_ = OpenFakeCuda(WEBNN_FAKE_CUDA);
};

TEST_F(CudaDriverTest, AMissingDriverSaysWhatToDo) {
  ScopedVariable missing("WEBNN_CUDA_LIBRARY", "/nowhere/libcuda.so.1");
  const auto driver = Driver();
  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error().code, ErrorCode::kNotSupported);
  EXPECT_THAT(driver.error().message,
              AllOf(HasSubstr("/nowhere/libcuda.so.1"), HasSubstr("NVIDIA's driver"),
                    HasSubstr("525"), HasSubstr("--gpus")));
  const auto devices = ListDevices();
  ASSERT_FALSE(devices);
  EXPECT_EQ(devices.error().message, driver.error().message);
}

TEST_F(CudaDriverTest, AnOldDriverIsRefusedByItsVersion) {
  const std::string copy = CopyOfDriver();
  ScopedVariable library("WEBNN_CUDA_LIBRARY", copy);
  {
    ScopedVariable old("FAKE_CUDA_VERSION", "11080");
    const auto driver = Driver();
    ASSERT_FALSE(driver);
    EXPECT_EQ(driver.error().code, ErrorCode::kNotSupported);
    EXPECT_THAT(driver.error().message, AllOf(HasSubstr("CUDA 11.8"), HasSubstr("CUDA 12.0"),
                                              HasSubstr("Update NVIDIA's driver")));
  }
  std::filesystem::remove(copy);
}

TEST_F(CudaDriverTest, ALibraryThatIsNoDriverIsNamed) {
  ScopedVariable library("WEBNN_CUDA_LIBRARY", WEBNN_FAKE_OLD_ORT);
  const auto driver = Driver();
  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error().code, ErrorCode::kNotSupported);
  EXPECT_THAT(driver.error().message, HasSubstr("cuDriverGetVersion"));
}

TEST_F(CudaDriverTest, ADriverWithoutADeviceHasAVersionAndAReason) {
  const std::string copy = CopyOfDriver();
  ScopedVariable library("WEBNN_CUDA_LIBRARY", copy);
  ScopedVariable init("FAKE_CUDA_INIT", std::to_string(CUDA_ERROR_NO_DEVICE));
  ScopedVariable visible("CUDA_VISIBLE_DEVICES", "7");
  const auto driver = Driver();
  ASSERT_TRUE(driver) << driver.error().message;
  EXPECT_EQ(driver->cuda_version, 13000);
  const auto devices = ListDevices();
  ASSERT_FALSE(devices);
  EXPECT_EQ(devices.error().code, ErrorCode::kNotSupported);
  EXPECT_THAT(devices.error().message,
              AllOf(HasSubstr("CUDA_ERROR_NO_DEVICE"), HasSubstr("nvidia-smi"),
                    HasSubstr("CUDA_VISIBLE_DEVICES is \"7\"")));
  std::filesystem::remove(copy);
}

TEST_F(CudaDriverTest, DevicesAreListedWithoutAContext) {
  const auto devices = ListDevices();
  ASSERT_TRUE(devices) << devices.error().message;
  ASSERT_EQ(devices->size(), 2u);
  const DeviceInfo& second = (*devices)[1];
  EXPECT_EQ(second.ordinal, 1);
  EXPECT_EQ(second.name, "Fake GPU 1");
  EXPECT_EQ(second.major, 9);
  EXPECT_EQ(second.minor, 0);
  EXPECT_EQ(second.memory_bytes, uint64_t{4} << 30);
  EXPECT_EQ(second.uuid, "GPU-01112131-4151-6171-8191-a1b1c1d1e1f1");
  EXPECT_EQ(fake_->Calls("cuDevicePrimaryCtxRetain"), 0u);
  const auto driver = Driver();
  ASSERT_TRUE(driver);
  EXPECT_EQ(driver->library, WEBNN_FAKE_CUDA);
}

TEST_F(CudaDriverTest, DevicesAreFoundByName) {
  EXPECT_EQ(FindDevice("")->ordinal, 0);
  EXPECT_EQ(FindDevice("cuda")->ordinal, 0);
  EXPECT_EQ(FindDevice("cuda:0")->ordinal, 0);
  EXPECT_EQ(FindDevice("cuda:1")->ordinal, 1);
  for (const char* name : {"cuda:2", "cuda:99"}) {
    const auto device = FindDevice(name);
    ASSERT_FALSE(device) << name;
    EXPECT_EQ(device.error().code, ErrorCode::kNotSupported);
    EXPECT_THAT(device.error().message, AllOf(HasSubstr(name), HasSubstr("cuda:0 (Fake GPU 0)"),
                                              HasSubstr("cuda:1 (Fake GPU 1)")));
  }
  for (const char* name :
       {"gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "CUDA:0", "cuda:99999999999"}) {
    const auto device = FindDevice(name);
    ASSERT_FALSE(device) << name;
    EXPECT_EQ(device.error().code, ErrorCode::kNotSupported);
    EXPECT_THAT(device.error().message, AllOf(HasSubstr(name), HasSubstr("\"cuda:0\"")));
  }
}

TEST_F(CudaDriverTest, TheKernelModulesVersionIsRead) {
  EXPECT_EQ(
      KernelVersionIn("NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.159.04  Tue Jan 1\n"
                      "GCC version:  gcc version 12.3.0\n"),
      "580.159.04");
  EXPECT_EQ(
      KernelVersionIn("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54  Release"),
      "550.54");
  EXPECT_EQ(KernelVersionIn("nothing of the kind"), "");
  EXPECT_EQ(KernelVersionIn(""), "");
}

TEST_F(CudaDriverTest, ADeviceIsSharedAndItsContextReleased) {
  {
    auto first = Device::Open("cuda:1");
    ASSERT_TRUE(first) << first.error().message;
    auto second = Device::Open("cuda:1");
    ASSERT_TRUE(second);
    EXPECT_EQ(*first, *second);
    EXPECT_EQ((*first)->name(), "cuda:1");
    EXPECT_EQ(fake_->Contexts(), 1);
    auto other = Device::Open("cuda");
    ASSERT_TRUE(other);
    EXPECT_EQ(fake_->Contexts(), 2);
  }
  EXPECT_EQ(fake_->Contexts(), 0);
}

TEST_F(CudaDriverTest, AKeptDeviceStays) {
  const std::string copy = CopyOfDriver();
  ScopedVariable library("WEBNN_CUDA_LIBRARY", copy);
  FakeCuda* fake = OpenFakeCuda(copy);
  Device* kept = nullptr;
  {
    auto device = Device::Open("cuda");
    ASSERT_TRUE(device);
    (*device)->Keep();
    (*device)->Keep();
    kept = device->get();
  }
  EXPECT_EQ(fake->Contexts(), 1);
  auto again = Device::Open("cuda");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->get(), kept);
  std::filesystem::remove(copy);
}

TEST_F(CudaDriverTest, TheThreadsContextIsAsBefore) {
  auto device = Device::Open("cuda");
  ASSERT_TRUE(device);
  void* library = dlopen(WEBNN_FAKE_CUDA, RTLD_NOW | RTLD_LOCAL);
  const auto get = reinterpret_cast<decltype(&cuCtxGetCurrent)>(dlsym(library, "cuCtxGetCurrent"));
  CUcontext current = nullptr;
  {
    auto buffer = DeviceBuffer::Allocate(**device, 100);
    ASSERT_TRUE(buffer);
    EXPECT_EQ(get(&current), CUDA_SUCCESS);
    EXPECT_EQ(current, nullptr);
    const Scope scope(**device);
    const Scope inner(**device);
    EXPECT_EQ(get(&current), CUDA_SUCCESS);
    EXPECT_EQ(current, (*device)->context());
  }
  EXPECT_EQ(get(&current), CUDA_SUCCESS);
  EXPECT_EQ(current, nullptr);
  EXPECT_EQ(fake_->DeviceAllocations(), 0u);
}

TEST_F(CudaDriverTest, NoRoomSaysWhatWasAskedAndWhatIsFree) {
  auto device = Device::Open("cuda");
  ASSERT_TRUE(device);
  fake_->SetMemory(uint64_t{1} << 30);
  auto first = DeviceBuffer::Allocate(**device, uint64_t{1} << 29);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->handle() % 256, 0u);
  auto second = DeviceBuffer::Allocate(**device, 600000000);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnknown);
  EXPECT_THAT(second.error().message, AllOf(HasSubstr("cuda:0"), HasSubstr("600000000 bytes"),
                                            HasSubstr("0.50 of 1.00 GiB are free")));
  EXPECT_EQ((*device)->lost(), std::nullopt);
  auto nothing = DeviceBuffer::Allocate(**device, 0);
  ASSERT_TRUE(nothing);
  EXPECT_NE(nothing->handle(), 0u);
}

TEST_F(CudaDriverTest, AnErrorThatStaysLosesTheDevice) {
  auto device = Device::Open("cuda");
  ASSERT_TRUE(device);
  auto stream = Stream::Create(**device);
  ASSERT_TRUE(stream);
  {
    const Scope scope(**device);
    fake_->Fail("cuStreamSynchronize", 0, 1, CUDA_ERROR_INVALID_VALUE);
    auto failed = stream->Synchronize();
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, AllOf(HasSubstr("cuda:0"), HasSubstr("cuStreamSynchronize"),
                                              HasSubstr("CUDA_ERROR_INVALID_VALUE")));
    EXPECT_EQ((*device)->lost(), std::nullopt);

    fake_->Fail("cuStreamSynchronize", 0, 1, CUDA_ERROR_ILLEGAL_ADDRESS);
    failed = stream->Synchronize();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::kOperation);
    EXPECT_THAT(failed.error().message, HasSubstr("lost"));
  }
  ASSERT_TRUE((*device)->lost());
  EXPECT_THAT(*(*device)->lost(),
              AllOf(HasSubstr("CUDA_ERROR_ILLEGAL_ADDRESS"), HasSubstr("illegal memory access")));
  fake_->Reset();  // so that the listing of devices works
  auto again = Device::Open("cuda");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kNotSupported);
  EXPECT_THAT(again.error().message, AllOf(HasSubstr("restarted"), HasSubstr("ILLEGAL_ADDRESS")));
}

}  // namespace
}  // namespace webnn::cuda
