// Reads the line of text in each picture:
// read_text [--model FILE] [--backend NAME] [--precision NAME] [--optimization-level N] PICTURE...
//
// The model is PP-OCRv4's recogniser, an ordinary ONNX file that brings its list of characters
// along. The text alone goes to standard output, one line a picture.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include "stb/stb_image.h"
#include "webnn/webnn.h"

namespace {

constexpr const char* kDefaultModel =
    WEBNN_SOURCE_DIR "/.deps/models/rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx";

// What the model was trained on: pictures 48 high, and at least 320 wide, filled up with grey.
constexpr int kHeight = 48;
constexpr int kMinWidth = 320;

// Colours from 0 to 1, row by row, in the order red, green, blue.
struct Picture {
  int width = 0;
  int height = 0;
  std::vector<float> colours;

  float At(int x, int y, int colour) const {
    return colours[(static_cast<size_t>(y) * width + x) * 3 + colour];
  }
};

Picture Load(const std::string& path) {
  int width = 0;
  int height = 0;
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load(path.c_str(), &width, &height, nullptr, STBI_rgb_alpha), stbi_image_free);
  if (!pixels) throw std::runtime_error(path + ": " + stbi_failure_reason());
  Picture picture{width, height, std::vector<float>(static_cast<size_t>(width) * height * 3)};
  for (size_t i = 0; i < picture.colours.size(); ++i) {
    const size_t pixel = i / 3 * 4;
    const float alpha = static_cast<float>(pixels.get()[pixel + 3]) / 255;
    // What is transparent shows white paper.
    picture.colours[i] = alpha * static_cast<float>(pixels.get()[pixel + i % 3]) / 255 + 1 - alpha;
  }
  return picture;
}

// One axis of a bilinear resize: between which two source pixels a point lies, and how far along.
struct Between {
  int first;
  int second;
  float part;
  Between(int index, int size, int source_size) {
    const float scale = static_cast<float>(source_size) / static_cast<float>(size);
    const float at = (static_cast<float>(index) + 0.5f) * scale - 0.5f;
    const float inside = std::clamp(at, 0.0f, static_cast<float>(source_size - 1));
    first = static_cast<int>(inside);
    second = std::min(first + 1, source_size - 1);
    part = inside - static_cast<float>(first);
  }
};

// [3, 48, width]: blue, green, red, from -1 to 1; beyond the picture 0.
struct ModelInput {
  uint32_t width;
  std::vector<float> values;
};

ModelInput Prepare(const Picture& picture) {
  const double ratio = static_cast<double>(picture.width) / picture.height;
  const int filled = std::max(1, static_cast<int>(std::lround(kHeight * ratio)));
  const int width = std::max(kMinWidth, filled);
  ModelInput input{static_cast<uint32_t>(width),
                   std::vector<float>(static_cast<size_t>(3) * kHeight * width)};
  for (int y = 0; y < kHeight; ++y) {
    const Between row(y, kHeight, picture.height);
    for (int x = 0; x < filled; ++x) {
      const Between column(x, filled, picture.width);
      for (int colour = 0; colour < 3; ++colour) {
        const auto mix = [&](int line) {
          return std::lerp(picture.At(column.first, line, 2 - colour),
                           picture.At(column.second, line, 2 - colour), column.part);
        };
        const float value = std::lerp(mix(row.first), mix(row.second), row.part);
        input.values[(static_cast<size_t>(colour) * kHeight + y) * width + x] =
            (value - 0.5f) / 0.5f;
      }
    }
  }
  return input;
}

// What the model's classes stand for: nothing, the characters of the list, a space.
std::vector<std::string> Characters(const webnn::LoadedModel& model) {
  const auto list = model.metadata.find("character");
  if (list == model.metadata.end()) {
    throw std::runtime_error("the model has no list of characters; is it a PP-OCR recogniser?");
  }
  std::vector<std::string> characters = {""};
  std::string_view rest = list->second;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    characters.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  characters.emplace_back(" ");
  return characters;
}

// Each column of the picture has the probabilities of all classes. The best of each, where it
// changes, spell the text; class 0 separates.
std::string Spell(std::span<const float> probabilities,
                  const std::vector<std::string>& characters) {
  std::string text;
  size_t last = 0;
  for (; !probabilities.empty(); probabilities = probabilities.subspan(characters.size())) {
    const auto column = probabilities.first(characters.size());
    const auto best =
        static_cast<size_t>(std::max_element(column.begin(), column.end()) - column.begin());
    if (best != last) text += characters[best];
    last = best;
  }
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

// `value()` throws what went wrong, so that the steps read one after the other.
std::string Read(const webnn::Context& context, const std::string& model_path,
                 const std::string& picture_path) {
  const ModelInput input = Prepare(Load(picture_path));

  webnn::GraphBuilder builder = webnn::GraphBuilder::Create(context).value();
  const webnn::LoadedModel model =
      webnn::LoadModel(builder, model_path, {.shapes = {{"x", {1, 3, kHeight, input.width}}}})
          .value();
  const std::vector<std::string> characters = Characters(model);
  const webnn::GraphDefinition definition = builder.Finish(model.outputs).value();
  const webnn::Graph graph = context.Compile(definition).value();

  const webnn::OperandDescriptor& described =
      graph.outputs()[0].descriptor;  // [1, columns, classes]
  if (described.shape().rank() != 3 || described.shape()[2] != characters.size()) {
    throw std::runtime_error("the model's output does not fit its list of characters");
  }
  std::vector<float> output(described.element_count());
  const webnn::NamedInputBytes from = {"x", std::as_bytes(std::span(input.values))};
  const webnn::NamedOutputBytes to = {graph.outputs()[0].name,
                                      std::as_writable_bytes(std::span(output))};
  context.Compute(graph, {&from, 1}, {&to, 1}).value();
  return Spell(output, characters);
}

}  // namespace

int main(int argc, char** argv) {
  std::string model = kDefaultModel;
  webnn::ContextOptions options;
  std::vector<std::string> pictures(argv + 1, argv + argc);
  while (pictures.size() >= 2 && pictures[0].starts_with("--")) {
    const std::string& value = pictures[1];
    const auto precisions = EnumNames(webnn::Precision{});
    const auto* const precision = std::find(precisions.begin(), precisions.end(), value);
    if (pictures[0] == "--model") {
      model = value;
    } else if (pictures[0] == "--backend") {
      options.backend = value;
    } else if (pictures[0] == "--optimization-level" && value.size() == 1 && value >= "0" &&
               value <= "5") {
      options.compile.optimization_level = static_cast<uint32_t>(value[0] - '0');
    } else if (pictures[0] == "--precision" && precision != precisions.end()) {
      options.compile.precision = static_cast<webnn::Precision>(precision - precisions.begin());
    } else {
      break;
    }
    pictures.erase(pictures.begin(), pictures.begin() + 2);
  }
  if (pictures.empty() || pictures[0].starts_with("--")) {
    std::fprintf(stderr,
                 "usage: read_text [--model FILE] [--backend NAME] [--precision NAME]\n"
                 "                 [--optimization-level N] PICTURE...\n");
    return 2;
  }
  try {
    const webnn::Context context = webnn::Context::Create(options).value();
    for (const std::string& picture : pictures) {
      std::printf("%s\n", Read(context, model, picture).c_str());
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "read_text: %s\n", error.what());
    return 1;
  }
  return 0;
}
