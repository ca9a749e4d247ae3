#pragma once

#include <cmath>
#include <string>

#include "cli/terminal.h"
#include "nlohmann/json.hpp"
#include "webnn/types.h"

namespace webnn::cli {

/// Members stay in the order in which they are added.
using Json = nlohmann::ordered_json;

/// JSON has no NaN and no infinities: they are the texts "NaN", "Infinity", "-Infinity".
inline Json JsonNumber(double value) {
  return std::isfinite(value) ? Json(value) : Json(ToString(Number(value)));
}

/// What `--json` prints; what is not UTF-8 in a name must not lose the rest.
inline void PrintJson(const Json& json) {
  Print(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace webnn::cli
