#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "webnn/types.h"

namespace webnn::formats {

/// A finite number as JSON and `.webnn` text have it: what is a double is one again when read.
std::string NumberText(const Number& number);

/// "1, 2, 255"
void AddByteList(std::string& text, std::span<const std::byte> bytes);

}  // namespace webnn::formats
