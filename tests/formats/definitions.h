#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "webnn/graph.h"

/// Comparing graphs and making files in tests of file formats.
namespace webnn::formats_test {

/// `ToText` with the values numbered as they appear.
std::string Renumbered(const GraphDefinition& definition);

/// A constant that the outputs depend on.
struct ConstantOf {
  OperandDescriptor descriptor;
  std::vector<std::byte> bytes;
  friend bool operator==(const ConstantOf&, const ConstantOf&) = default;
};
/// In the order of the graph.
std::vector<ConstantOf> ConstantsOf(const GraphDefinition& definition);

/// Expects the same operators, names, types, shapes, attributes and constants, bit for bit.
void ExpectSame(const GraphDefinition& actual, const GraphDefinition& expected);

/// A folder of the test that goes with it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(std::string_view name) const { return path_ / name; }
  /// Writes a file and gives its path.
  std::string Write(std::string_view name, std::string_view content) const;
  /// The names of the files in it, sorted.
  std::vector<std::string> Files() const;

 private:
  std::filesystem::path path_;
};

/// As bytes.
inline std::span<const std::byte> AsBytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

/// A safetensors file of this header and data.
std::string Safetensors(std::string_view header, std::string_view data);

}  // namespace webnn::formats_test
