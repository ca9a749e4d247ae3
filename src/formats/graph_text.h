#pragma once

#include <string>
#include <string_view>

#include "formats/graph_file.h"

/// `.webnn` text.
namespace webnn::formats {

/// `path` is for messages, and to find weights by; empty: memory.
Result<GraphFile> ReadGraphText(std::string_view text, const std::string& path);
std::string WriteGraphText(const GraphFile& file);

}  // namespace webnn::formats
