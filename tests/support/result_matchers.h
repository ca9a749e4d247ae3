#pragma once

#include <ostream>
#include <string>

#include "gmock/gmock.h"
#include "webnn/result.h"

/// Matchers for `Result`: `EXPECT_THAT(builder.Relu(..), Fails(ErrorCode::kTypeError, "rank"))`.
namespace webnn {

/// For gtest's messages.
template <class T>
void PrintTo(const Result<T>& result, std::ostream* out) {
  *out << (result.ok() ? std::string("a value") : ToString(result.error()));
}
inline void PrintTo(ErrorCode code, std::ostream* out) { *out << Name(code); }

namespace testing_support {

MATCHER(Succeeds, negation ? "fails" : "succeeds") { return arg.ok(); }

/// Has an error of this kind.
MATCHER_P(Fails, code, "fails with " + std::string(Name(code))) {
  return !arg.ok() && arg.error().code == code;
}
/// Has an error of this kind whose message contains the text.
MATCHER_P2(Fails, code, text,
           "fails with " + std::string(Name(code)) + " and says \"" + std::string(text) + "\"") {
  return !arg.ok() && arg.error().code == code &&
         arg.error().message.find(text) != std::string::npos;
}
/// Is rejected with a TypeError under the name of the rule.
MATCHER_P(BreaksRule, rule, "breaks the rule " + std::string(rule)) {
  return !arg.ok() && arg.error().code == ErrorCode::kTypeError && arg.error().rule == rule;
}

}  // namespace testing_support
}  // namespace webnn
