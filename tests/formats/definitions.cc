#include "tests/formats/definitions.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <random>

#include "fmt/format.h"
#include "graph/graph_data.h"
#include "gtest/gtest.h"

namespace webnn::formats_test {

std::string Renumbered(const GraphDefinition& definition) {
  const std::string text = definition.ToText();
  std::map<std::string, size_t> numbers;
  std::string renumbered;
  bool quoted = false;
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '\\') {
      renumbered += text.substr(i, 2);
      i += 2;
      continue;
    }
    if (text[i] == '"') quoted = !quoted;
    renumbered += text[i++];
    if (quoted || text[i - 1] != '%') continue;
    std::string id;
    while (i < text.size() && std::isdigit(static_cast<unsigned char>(text[i]))) id += text[i++];
    renumbered += std::to_string(numbers.emplace(id, numbers.size()).first->second);
  }
  return renumbered;
}

std::vector<ConstantOf> ConstantsOf(const GraphDefinition& definition) {
  std::vector<ConstantOf> constants;
  const GraphData& graph = *definition.data();
  for (const OperandRecord& record : graph.operands) {
    if (record.kind != OperandKind::kConstant) continue;
    const auto& bytes = graph.constants[record.source].bytes;
    if (bytes.empty()) continue;
    constants.push_back({record.descriptor, {bytes.begin(), bytes.end()}});
  }
  return constants;
}

void ExpectSame(const GraphDefinition& actual, const GraphDefinition& expected) {
  EXPECT_EQ(Renumbered(actual), Renumbered(expected));
  EXPECT_TRUE(ConstantsOf(actual) == ConstantsOf(expected)) << "constants differ";
}

TemporaryFolder::TemporaryFolder() {
  std::random_device random;
  path_ = std::filesystem::path(testing::TempDir()) / fmt::format("formats-{:08x}", random());
  std::filesystem::create_directories(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::Write(std::string_view name, std::string_view content) const {
  std::string path = *this / name;
  std::ofstream file(path, std::ios::binary);
  file << content;
  EXPECT_TRUE(file.flush()) << path;
  return path;
}

std::vector<std::string> TemporaryFolder::Files() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string Safetensors(std::string_view header, std::string_view data) {
  std::string file;
  for (int i = 0; i < 8; ++i) {
    file += static_cast<char>(uint64_t{header.size()} >> (8 * i));
  }
  file += header;
  file += data;
  return file;
}

}  // namespace webnn::formats_test
