// Reads any bytes as an ONNX model: an error that says something, or a graph that the builder
// finishes and that can be lowered and printed. The summary of a model comes to the same end.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "onnx/import/import.h"
#include "webnn/graph_builder.h"

namespace {

void Check(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "onnx_import: %s\n", what);
  std::abort();
}

// Options that fix some open dimensions, by the last byte.
webnn::LoadOptions OptionsOf(uint8_t choice) {
  webnn::LoadOptions options;
  options.narrow = (choice & 1) != 0;
  if ((choice & 2) != 0) options.dimensions = {{"n", 2}};
  if ((choice & 4) != 0) options.shapes = {{"x", {2, 3}}};
  return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const webnn::LoadOptions options = OptionsOf(data[size - 1]);
  const webnn::onnx_format::ImportSource source = {
      .bytes = std::as_bytes(std::span(data, size - 1)),
      .owner = nullptr,
      .path = "",
      .folder = ""};
  webnn::GraphBuilder builder;
  const auto loaded = webnn::onnx_format::Import(builder, source, options);
  const auto summary = webnn::onnx_format::Inspect(source, options);
  if (!loaded.ok()) {
    Check(!loaded.error().message.empty(), "an error says nothing");
    Check(!summary.ok() || !summary->unsupported.empty() ||
              loaded.error().code == webnn::ErrorCode::kNotSupported,
          "the summary has nothing against a model that is refused");
    return 0;
  }
  Check(summary.ok() && summary->unsupported.empty(), "the summary differs");
  const auto definition = builder.Finish(loaded->outputs);
  Check(definition.ok(), "what is imported does not finish");
  Check(!definition->ToText().empty(), "the graph is empty");
  return 0;
}
