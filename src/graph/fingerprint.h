#pragma once

#include "cache/key.h"
#include "graph/graph_data.h"

namespace webnn {

/// Adds what a finished graph means to a key, as four fields:
///
/// - "inputs" and "outputs": names, types and shapes, in order;
/// - "operators": every operator with all of its options, and what it reads; constants count by
///   type, shape and place;
/// - "weights": the bytes of the constants.
///
/// Labels, ids, what no output needs, and the order of building do not count.
void AddFingerprint(const GraphData& graph, cache::Key& key);

}  // namespace webnn
