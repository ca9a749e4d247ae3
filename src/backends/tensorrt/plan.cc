#include "backends/tensorrt/plan.h"

#include <cstdint>
#include <cstring>

#include "core/errors.h"

namespace webnn::trt {
namespace {

// The documented part of a plan: a magic number at its beginning and the version behind it.
constexpr uint32_t kMagic = 0x74727466;     // "ftrt"
constexpr uint32_t kRtxMagic = 0x74727476;  // "vtrt"
constexpr size_t kVersionAt = 24;
constexpr size_t kHeaderBytes = 32;

}  // namespace

std::optional<LibraryVersion> PlanVersion(std::span<const std::byte> plan) {
  if (plan.size() < kHeaderBytes) return std::nullopt;
  uint32_t magic = 0;
  std::memcpy(&magic, plan.data(), sizeof magic);
  if (magic != kMagic && magic != kRtxMagic) return std::nullopt;
  const auto at = [&](size_t i) { return static_cast<int>(plan[kVersionAt + i]); };
  return LibraryVersion{at(0), at(1), at(2), at(3)};
}

Result<void> CheckPlan(Flavor flavor, const LibraryVersion& library,
                       std::span<const std::byte> plan, bool version_compatible) {
  const std::optional<LibraryVersion> version = PlanVersion(plan);
  if (!version) {
    return OperationError("{}: these {} bytes are no plan", Name(flavor), plan.size());
  }
  // The build number may be larger than its byte.
  const auto three = [](LibraryVersion v) { return LibraryVersion{v.major, v.minor, v.patch, 0}; };
  const bool fits = version_compatible
                        ? version->major == library.major && three(*version) <= three(library)
                        : three(*version) == three(library);
  if (fits) return {};
  return OperationError("{}: the plan was made by version {}.{}.{}; this is {}", Name(flavor),
                        version->major, version->minor, version->patch, ToString(library));
}

}  // namespace webnn::trt
