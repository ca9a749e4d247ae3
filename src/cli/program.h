#pragma once

#include <span>
#include <string>

namespace webnn::cli {

/// The program `webnn`: its exit status. `arguments` come without the program's own name.
int RunProgram(std::span<const std::string> arguments);

}  // namespace webnn::cli
