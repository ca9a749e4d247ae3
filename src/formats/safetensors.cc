#include "core/errors.h"
#include "webnn/model_io.h"

namespace webnn {

struct SafetensorsFile::Data {
  std::vector<SafetensorsEntry> entries;
  std::map<std::string, std::string> metadata;
};

Result<SafetensorsFile> SafetensorsFile::Open(const std::string& path) {
  return NotSupported("{}: safetensors files are not read yet", path);
}
const std::vector<SafetensorsEntry>& SafetensorsFile::entries() const { return data_->entries; }
const SafetensorsEntry* SafetensorsFile::Find(std::string_view) const { return nullptr; }
const std::map<std::string, std::string>& SafetensorsFile::metadata() const {
  return data_->metadata;
}
Result<Operand> SafetensorsFile::Constant(GraphBuilder&, std::string_view name) const {
  return TypeError("there is no tensor \"{}\"", name);
}

}  // namespace webnn
