#pragma once

#include <filesystem>
#include <string>

#include "nlohmann/json.hpp"
#include "webnn/result.h"
#include "webnn/types.h"

namespace webnn::conformance {

/// Keeps the order of members: arguments of operators are read by position.
using Json = nlohmann::ordered_json;

/// The whole file; the error names it.
Result<std::string> ReadFile(const std::filesystem::path& path);
Result<void> WriteFile(const std::filesystem::path& path, const std::string& text);

/// Integers stay integers, so that all 64 bits of them arrive.
Number ReadNumber(const Json& json);

/// A number in a string: "NaN", "Infinity", "-Infinity", "-0", an integer of any length (the
/// nearest double beyond 64 bits) or a decimal fraction. TypeError for other text.
Result<Number> ParseNumber(const std::string& text);

/// A number as the case files write it: a JSON number, such a string, `{"$number": "NaN"}` or
/// `{"$bigint": "1"}`.
Result<Number> ReadAnyNumber(const Json& json);

/// An object with exactly this one member whose name begins with `$`.
bool IsSpecial(const Json& json, const char* member);

}  // namespace webnn::conformance
