#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "webnn/webnn.h"

/// Operators on integers of 64 bits near the ends of their range and near 2^63, where runtimes that
/// compute in something else go wrong. Every back end is to give exactly this.
namespace webnn::testing_support {

struct ExpectedOutput {
  std::string name;
  Operand operand;
  std::vector<std::byte> bytes;
};

/// A graph of "x" and "y", both of the case's type and of 4 x 6 elements.
struct IntegerCase {
  std::string name;
  DataType type;
  std::vector<std::byte> x;
  std::vector<std::byte> y;
  std::function<std::vector<ExpectedOutput>(GraphBuilder& builder, Operand x, Operand y)> build;
};

std::vector<IntegerCase> IntegerCases();

Result<GraphDefinition> Define(const IntegerCase& one);

/// What is wrong with what the context makes of it, a line an output; empty when nothing is.
std::string Judge(const Context& context, const IntegerCase& one);

}  // namespace webnn::testing_support
