#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/difference.h"
#include "cli/inputs.h"
#include "webnn/graph.h"

namespace webnn::cli {

/// A graph and what runs it: all that `compare --bisect` needs of one side.
struct Side {
  GraphDefinition definition;
  /// The outputs of a part of the definition.
  std::function<Result<std::vector<TensorData>>(const GraphDefinition& part)> run;
};

/// The first operator, in the order of the graph, whose result departs.
struct Departure {
  std::string op;
  std::string label;
  uint32_t operand = 0;  ///< Its id in the definition's text.
  Difference difference;
};

/// Compares the results of all operators, many at a time. The two definitions must have the same
/// operators in the same order with equal results' shapes and types; TypeError says where they
/// have not. `progress` gets the share that is done. Making results outputs may change how an
/// engine fuses operators, so that a departure of the whole can be missed.
Result<std::optional<Departure>> FindDeparture(const Side& got, const Side& expected,
                                               const Tolerance& tolerance,
                                               const std::function<void(double)>& progress);

}  // namespace webnn::cli
