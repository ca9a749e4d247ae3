#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/program.h"

int main(int argc, char** argv) {
  const int status = webnn::cli::RunProgram(std::vector<std::string>(argv + 1, argv + argc));
  if (status == webnn::cli::kExitInterrupted) {
    // Threads of a vendor's library may be busy for seconds yet with what nobody waits for.
    std::fflush(nullptr);
    std::_Exit(status);
  }
  return status;
}
