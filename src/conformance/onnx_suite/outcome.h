#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "webnn/model_io.h"

namespace webnn::conformance::onnx_suite {

/// Nothing is ever skipped. `kRefused`: the import has said that the model cannot be expressed.
enum class Verdict : uint8_t { kPassed, kRefused, kFailed };
constexpr std::string_view Name(Verdict verdict) {
  constexpr std::string_view kNames[] = {"passed", "refused", "failed"};
  return kNames[static_cast<size_t>(verdict)];
}

/// Which inputs of a case became constants of its model, because WebNN must know them when the
/// graph is built: the cases of Reshape, say, have the new shape as an input.
enum class Fixed : uint8_t {
  kNone,
  kSmallIntegers,  ///< Integers and bools of rank 0 and 1.
  kSmall,          ///< All of rank 0 and 1.
};
constexpr std::string_view Name(Fixed fixed) {
  constexpr std::string_view kNames[] = {"none", "small integers", "small inputs"};
  return kNames[static_cast<size_t>(fixed)];
}

struct Outcome {
  Verdict verdict = Verdict::kFailed;
  Fixed fixed = Fixed::kNone;
  bool narrowed = false;                     ///< `LoadOptions::narrow`
  std::string error;                         ///< Of a failure.
  std::vector<UnsupportedNode> unsupported;  ///< Of a refusal.
};

/// One outcome as text and back: it crosses from the process that runs the case.
std::string ToText(const Outcome& outcome);
Outcome ParseOutcome(const std::string& text);

}  // namespace webnn::conformance::onnx_suite
