#include <cstdio>
#include <exception>
#include <variant>

#include "conformance/program.h"

int main(int argc, char** argv) {
  using webnn::conformance::Options;
  try {
    const auto parsed = webnn::conformance::ParseOptions(argc, argv);
    if (const int* status = std::get_if<int>(&parsed)) return *status;
    return webnn::conformance::RunProgram(std::get<Options>(parsed));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "webnn-conformance: %s\n", error.what());
    return webnn::conformance::kExitUsage;
  }
}
