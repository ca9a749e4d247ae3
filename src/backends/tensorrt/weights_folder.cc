#include "backends/tensorrt/weights_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "core/errors.h"

namespace webnn::trt {

WeightsFolder::~WeightsFolder() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

Result<void> WeightsFolder::Write(const std::vector<onnx_format::ExternalWeight>& weights) {
  std::error_code error;
  std::string name = (std::filesystem::temp_directory_path(error) / "webnn-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    return OperationError("the folder {} for the weights cannot be made: {}", name,
                          std::strerror(errno));
  }
  folder_ = name;
  for (const onnx_format::ExternalWeight& weight : weights) {
    const std::string path = folder_ + "/" + weight.location;
    // Several weights may share a file, each behind the one before.
    std::ofstream file(path, std::ios::binary | std::ios::app);
    file.seekp(0, std::ios::end);
    for (auto at = static_cast<uint64_t>(file.tellp()); file && at < weight.offset; ++at) {
      file.put('\0');
    }
    file.write(reinterpret_cast<const char*>(weight.bytes.data()),
               static_cast<std::streamsize>(weight.bytes.size()));
    file.close();
    if (!file) {
      return OperationError("{} bytes of weights cannot be written to {}: {}", weight.bytes.size(),
                            path, std::strerror(errno));
    }
  }
  return {};
}

}  // namespace webnn::trt
