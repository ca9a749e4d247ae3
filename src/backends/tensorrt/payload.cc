#include "backends/tensorrt/payload.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "core/errors.h"

namespace webnn::trt {
namespace {

// "WNTRTP01", then the number of inputs and of outputs, each name with its length before it (all
// numbers are 4 bytes, little-endian), zeros up to a multiple of 64, the plan.
constexpr std::string_view kMagic = "WNTRTP01";
constexpr size_t kAlignment = 64;

void AddNumber(std::string& text, size_t number) {
  for (int shift = 0; shift < 32; shift += 8) {
    text.push_back(static_cast<char>(static_cast<uint32_t>(number) >> shift));
  }
}

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::optional<std::string_view> Text(size_t length) {
    if (bytes_.size() - at_ < length) return std::nullopt;
    const auto* begin = reinterpret_cast<const char*>(bytes_.data()) + at_;
    at_ += length;
    return std::string_view(begin, length);
  }
  std::optional<uint32_t> Number() {
    const std::optional<std::string_view> text = Text(4);
    if (!text) return std::nullopt;
    uint32_t number = 0;
    for (size_t i = 0; i < 4; ++i) {
      number |= static_cast<uint32_t>(static_cast<unsigned char>((*text)[i])) << (8 * i);
    }
    return number;
  }
  bool Names(uint32_t count, std::vector<std::string>& names) {
    for (uint32_t i = 0; i < count; ++i) {
      const std::optional<uint32_t> length = Number();
      const std::optional<std::string_view> name = length ? Text(*length) : std::nullopt;
      if (!name) return false;
      names.emplace_back(*name);
    }
    return true;
  }
  size_t at() const { return at_; }

 private:
  const std::span<const std::byte> bytes_;
  size_t at_ = 0;
};

}  // namespace

cache::Blob Encode(const Payload& payload) {
  std::string header(kMagic);
  AddNumber(header, payload.inputs.size());
  AddNumber(header, payload.outputs.size());
  for (const std::vector<std::string>* names : {&payload.inputs, &payload.outputs}) {
    for (const std::string& name : *names) {
      AddNumber(header, name.size());
      header += name;
    }
  }
  header.resize((header.size() + kAlignment - 1) / kAlignment * kAlignment);
  const std::span<const std::byte> plan = payload.plan.bytes;
  auto bytes = std::make_shared_for_overwrite<std::byte[]>(header.size() + plan.size());
  std::memcpy(bytes.get(), header.data(), header.size());
  if (!plan.empty()) std::memcpy(bytes.get() + header.size(), plan.data(), plan.size());
  const std::span<const std::byte> all(bytes.get(), header.size() + plan.size());
  return {std::move(bytes), all};
}

Result<Payload> Decode(const cache::Blob& bytes) {
  const Error damaged = OperationError("these {} bytes are no compiled graph", bytes.bytes.size());
  Reader reader(bytes.bytes);
  if (reader.Text(kMagic.size()) != kMagic) return damaged;
  const std::optional<uint32_t> inputs = reader.Number();
  const std::optional<uint32_t> outputs = reader.Number();
  Payload payload;
  if (!inputs || !outputs || !reader.Names(*inputs, payload.inputs) ||
      !reader.Names(*outputs, payload.outputs)) {
    return damaged;
  }
  const size_t plan = (reader.at() + kAlignment - 1) / kAlignment * kAlignment;
  if (plan > bytes.bytes.size()) return damaged;
  payload.plan = {bytes.owner, bytes.bytes.subspan(plan)};
  return payload;
}

}  // namespace webnn::trt
