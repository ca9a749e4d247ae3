#pragma once

#include <cmath>
#include <string>

#include "nlohmann/json.hpp"
#include "webnn/types.h"

namespace webnn::cli {

/// Members stay in the order in which they are added.
using Json = nlohmann::ordered_json;

/// JSON has no NaN and no infinities: they are the texts "NaN", "Infinity", "-Infinity".
inline Json JsonNumber(double value) {
  return std::isfinite(value) ? Json(value) : Json(ToString(Number(value)));
}

/// What `--json` prints: a member a line, lists of plain values on one.
void PrintJson(const Json& json);

}  // namespace webnn::cli
