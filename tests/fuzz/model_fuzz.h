#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

#include "graph/graph_data.h"
#include "webnn/model_io.h"

/// What the fuzzers of graph files demand.
namespace webnn {

inline void Demand(bool holds, const char* what, const std::string& shown = {}) {
  if (holds) return;
  std::fprintf(stderr, "%s\n%s\n", what, shown.c_str());
  std::abort();
}

/// Saved and loaded, twice: the second file is the first, and the third too.
inline void CheckRoundTrip(const GraphDefinition& definition, ModelFormat format) {
  const auto save = [&](const GraphDefinition& graph) {
    auto saved = SaveModelToMemory(graph, {.format = format});
    if (saved) return *std::move(saved);
    Demand(saved.error().message.find("is not UTF-8") != std::string::npos, "not saved",
           saved.error().message);
    return std::string();
  };
  const auto load = [&](const std::string& file) {
    auto loaded = LoadGraph(std::as_bytes(std::span(file)), {.format = format});
    Demand(loaded.ok(), "not loaded again", loaded ? "" : loaded.error().message + "\n" + file);
    return *std::move(loaded);
  };
  const std::string first = save(definition);
  if (first.empty()) return;
  // Names of values have their ids in them, which the first loading settles.
  const GraphDefinition again = load(first);
  Demand(again.operator_count() == definition.operator_count(), "operators are lost", first);
  const std::string second = save(again);
  const std::string third = save(load(second));
  Demand(second == third, "another graph", second + "\n" + third);
}

/// Reads the bytes: what is refused has a reason, what is accepted can be saved.
inline void CheckModel(std::span<const std::byte> bytes, ModelFormat format) {
  GraphBuilder builder;
  const auto model = LoadModel(builder, bytes, {.format = format});
  if (!model) {
    Demand(!model.error().message.empty(), "an error without a message");
    return;
  }
  if (model->outputs.empty()) return;
  const auto definition = builder.Finish(model->outputs);
  Demand(definition.ok(), "not finished", definition ? "" : definition.error().message);
  size_t weights = 0;
  for (const ConstantData& constant : definition->data()->constants) {
    weights += constant.bytes.size();
  }
  constexpr size_t kMaxWeights = 1 << 20;  // as text they are several times this
  if (weights > kMaxWeights) return;
  CheckRoundTrip(*definition, ModelFormat::kWebnnText);
  CheckRoundTrip(*definition, ModelFormat::kWebnnJson);
}

}  // namespace webnn
