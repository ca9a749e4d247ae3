#pragma once

#include <cstddef>
#include <string>

#include "webnn/result.h"

namespace webnn::conformance {

/// Part `index` of `count`, counted from 1. The parts of a run are disjoint and cover it.
struct Shard {
  size_t index = 1;
  size_t count = 1;
  bool Has(size_t place) const { return place % count == index - 1; }
};

/// "2/3"; TypeError for anything else.
Result<Shard> ParseShard(const std::string& text);

}  // namespace webnn::conformance
