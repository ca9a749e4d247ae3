// Reads any bytes as an array and as an archive of arrays: an error, or arrays whose bytes fit
// their shapes. An array that was read is read again from what is written of it.

#include "cli/npy.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

namespace {

using webnn::cli::Array;

void Check(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "npy: %s\n", what);
  std::abort();
}

void CheckArray(const Array& array) {
  uint64_t count = 1;
  for (const uint64_t size : array.sizes) count *= size;
  Check(array.element_count() == count, "the bytes do not fit the shape");
  const std::string header = NpyHeader(array);
  std::vector<std::byte> file(array.bytes.size() + header.size());
  std::copy_n(std::as_bytes(std::span(header)).begin(), header.size(), file.begin());
  std::copy(array.bytes.begin(), array.bytes.end(),
            file.begin() + static_cast<std::ptrdiff_t>(header.size()));
  const auto again = webnn::cli::ParseNpy(file);
  Check(again.ok(), "what is written is not read");
  Check(again->sizes == array.sizes && again->type == array.type && again->bytes == array.bytes,
        "what is read again differs");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto array = webnn::cli::ParseNpy(bytes)) CheckArray(*array);
  if (const auto arrays = webnn::cli::ParseNpz(bytes)) {
    for (const auto& [name, array] : *arrays) CheckArray(array);
  }
  return 0;
}
