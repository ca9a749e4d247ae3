// A library as TensorRT of any version looks to who opens it: built on its own, for the loader's
// test. The version comes from the environment.
#include <cstdint>
#include <cstdlib>

extern "C" {

__attribute__((visibility("default"))) int32_t getInferLibVersion() {
  const char* version = std::getenv("WEBNN_FAKE_TENSORRT_VERSION");
  return version == nullptr ? 0 : static_cast<int32_t>(std::strtol(version, nullptr, 10));
}
__attribute__((visibility("default"))) void* createInferBuilder_INTERNAL(void* /*logger*/,
                                                                         int32_t /*version*/) {
  return nullptr;
}
__attribute__((visibility("default"))) void* createInferRuntime_INTERNAL(void* /*logger*/,
                                                                         int32_t /*version*/) {
  return nullptr;
}

}  // extern "C"
