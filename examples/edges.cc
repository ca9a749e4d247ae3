// Finds the edges in a small picture with a graph of five operators, and shows each step: what is
// described, what runs it, what comes out.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "webnn/webnn.h"

namespace {

constexpr uint32_t kRows = 20;
constexpr uint32_t kColumns = 44;

// A bright disc on a dark ground.
std::vector<float> MakePicture() {
  std::vector<float> picture(kRows * kColumns);
  for (uint32_t row = 0; row < kRows; ++row) {
    for (uint32_t column = 0; column < kColumns; ++column) {
      const float y = (static_cast<float>(row) - 9.5f) / 8.0f;
      const float x = (static_cast<float>(column) - 21.5f) / 17.0f;
      picture[row * kColumns + column] = x * x + y * y < 1 ? 1.0f : 0.0f;
    }
  }
  return picture;
}

void Print(const char* title, const std::vector<float>& picture) {
  std::printf("%s\n", title);
  for (uint32_t row = 0; row < kRows; ++row) {
    std::string line = "  ";
    for (uint32_t column = 0; column < kColumns; ++column) {
      line += picture[row * kColumns + column] > 0.5f ? '#' : '.';
    }
    std::printf("%s\n", line.c_str());
  }
  std::printf("\n");
}

// `value()` throws what went wrong, so that the steps read one after the other.
void Run() {
  const webnn::Context context = webnn::Context::Create().value();
  std::printf("back end: %s\n", context.Explain().c_str());

  // Two Sobel filters (change along rows, change along columns), then the length of their gradient.
  webnn::GraphBuilder builder = webnn::GraphBuilder::Create(context).value();
  const auto picture =
      builder.Input("picture", webnn::DataType::kFloat32, {1, 1, kRows, kColumns}).value();
  const auto filters = builder
                           .Constant<float>({2, 1, 3, 3}, {-1, 0, 1, -2, 0, 2, -1, 0, 1,  //
                                                           -1, -2, -1, 0, 0, 0, 1, 2, 1})
                           .value();
  const auto gradient =
      builder
          .Conv2d({.input = picture, .filter = filters, .padding = {1, 1, 1, 1}, .label = "sobel"})
          .value();
  const auto length =
      builder.ReduceL2({.input = gradient, .axes = {{1}}, .keep_dimensions = true}).value();
  const auto limit = builder.Constant(webnn::DataType::kFloat32, 3.5).value();
  const auto is_edge = builder.GreaterOrEqual({.a = length, .b = limit}).value();
  const auto edges =
      builder.Cast({.input = is_edge, .data_type = webnn::DataType::kFloat32}).value();

  const webnn::GraphDefinition definition = builder.Finish({{"edges", edges}}).value();
  std::printf("graph:\n%s\n", definition.ToText().c_str());
  const webnn::Graph graph = context.Compile(definition).value();

  const std::vector<float> input = MakePicture();
  std::vector<float> output(input.size());
  const webnn::NamedInputBytes from = {"picture", std::as_bytes(std::span(input))};
  const webnn::NamedOutputBytes to = {"edges", std::as_writable_bytes(std::span(output))};
  context.Compute(graph, {&from, 1}, {&to, 1}).value();
  Print("picture:", input);
  Print("edges:", output);
}

}  // namespace

int main() {
  try {
    Run();
  } catch (const webnn::BadResult& error) {
    std::fprintf(stderr, "edges: %s\n", error.what());
    return 1;
  }
  return 0;
}
