#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "onnx/import/given_inputs.h"
#include "webnn/model_io.h"

namespace webnn::conformance::onnx_suite {

/// Nothing is ever skipped. `kRefused`: the import has said that the model cannot be expressed.
enum class Verdict : uint8_t { kPassed, kRefused, kFailed };
constexpr std::string_view Name(Verdict verdict) {
  constexpr std::string_view kNames[] = {"passed", "refused", "failed"};
  return kNames[static_cast<size_t>(verdict)];
}

using onnx_format::Fixed;

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
