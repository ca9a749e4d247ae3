#pragma once

#include <string>

#include "graph/op_schema.h"

/// Rows of the operator table as words, for documents and help.
namespace webnn {

/// "any" (the eight types of the specification), or "float32, float16".
std::string TypesText(DataTypeSet types);
/// "any", "4", "2 to 5", "1 or more".
std::string RanksText(RankRange ranks);
/// "required", "absent", or the value as JSON writes it: "0.2", "[1, 1]", "\"nchw\"".
std::string DefaultText(const OpField& field, const void* op);

}  // namespace webnn
