#pragma once

#include <string>
#include <string_view>

#include "formats/graph_file.h"

/// "webnn-graph-json".
namespace webnn::formats {

/// `path` is for messages, and to find weights by; empty: memory.
Result<GraphFile> ReadGraphJson(std::string_view text, const std::string& path);
/// TypeError for names that are not UTF-8.
Result<std::string> WriteGraphJson(const GraphFile& file);

}  // namespace webnn::formats
