// Reads the input, after its first byte, as the payload of a compiled file: what is accepted must
// be as it is written. Where the first byte is odd, the length of the signature is put right first
// and its end filled with zeros, so that what lies behind that check is reached.

#include "runtime/compiled_file.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & 1) != 0 && bytes.size() >= 16) {
    bytes.resize((bytes.size() + 63) / 64 * 64);
    const auto length = static_cast<uint32_t>(bytes.size());
    std::memcpy(bytes.data() + 12, &length, sizeof(length));
  }
  const auto decoded = webnn::DecodeSignature(std::as_bytes(std::span(bytes)));
  if (!decoded.ok()) return 0;
  if (decoded->signature.outputs.empty() || decoded->length > bytes.size()) std::abort();
  if (webnn::EncodeSignature(decoded->signature) != bytes.substr(0, decoded->length)) std::abort();
  return 0;
}
