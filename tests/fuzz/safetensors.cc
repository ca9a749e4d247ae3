// Opens the input as a safetensors file: what is accepted has tensors whose bytes can be read, and
// constants made of them can be saved.

#include <sys/mman.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "model_fuzz.h"

namespace webnn {
namespace {

void Check(std::span<const std::byte> bytes) {
  const int file = memfd_create("safetensors", MFD_CLOEXEC);
  Demand(file >= 0 && write(file, bytes.data(), bytes.size()) == std::ssize(bytes), "no file");
  const auto opened = SafetensorsFile::Open("/proc/self/fd/" + std::to_string(file));
  close(file);
  if (!opened) {
    Demand(!opened.error().message.empty(), "an error without a message");
    return;
  }
  GraphBuilder builder;
  std::vector<GraphBuilder::NamedOutput> outputs;
  for (const SafetensorsEntry& entry : opened->entries()) {
    Demand(opened->Find(entry.name) == &entry, "not found", entry.name);
    const auto constant = opened->Constant(builder, entry.name);
    if (!constant) continue;
    const auto copy = builder.Identity({.input = *constant});
    if (copy) outputs.emplace_back(std::to_string(outputs.size()), *copy);
  }
  if (outputs.empty()) return;
  const auto definition = builder.Finish(outputs);
  Demand(definition.ok(), "not finished", definition ? "" : definition.error().message);
  CheckRoundTrip(*definition, ModelFormat::kWebnnText);
}

}  // namespace
}  // namespace webnn

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  webnn::Check({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
