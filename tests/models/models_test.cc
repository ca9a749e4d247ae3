// Model files of third parties against ONNX Runtime on the original file.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "backends/tensorrt/target.h"
#include "bench/child.h"
#include "bench/file_session.h"
#include "bench/model_files.h"
#include "bench/tensorrt_models.h"
#include "gtest/gtest.h"
#include "lowering/writer.h"
#include "onnx/serialize.h"
#include "passes/precision.h"
#include "tests/support/result_matchers.h"
#include "webnn/webnn.h"

namespace webnn {
namespace bench {
/// For gtest's messages.
void PrintTo(const FileRun& run, std::ostream* out) { *out << run.title; }
}  // namespace bench

namespace {

using bench::FileRun;
using testing_support::Succeeds;

std::vector<std::vector<std::byte>> RunImported(const FileRun& run, const Context& context,
                                                std::vector<std::string>& names) {
  const auto definition = LoadGraph(run.file, run.load_options());
  EXPECT_THAT(definition, Succeeds());
  if (!definition) return {};
  const auto graph = context.Compile(*definition);
  EXPECT_THAT(graph, Succeeds());
  if (!graph) return {};
  std::vector<NamedInputBytes> inputs;
  for (const bench::FileInput& input : run.inputs) {
    const auto declared = graph->inputs();
    const bool wanted =
        std::any_of(declared.begin(), declared.end(),
                    [&](const NamedDescriptor& one) { return one.name == input.name; });
    if (wanted) inputs.emplace_back(input.name, input.bytes);
  }
  std::vector<std::vector<std::byte>> results;
  std::vector<NamedOutputBytes> outputs;
  for (const NamedDescriptor& declared : graph->outputs()) {
    names.push_back(declared.name);
    results.emplace_back(declared.descriptor.byte_length());
    outputs.emplace_back(declared.name, results.back());
  }
  EXPECT_THAT(context.Compute(*graph, inputs, outputs), Succeeds());
  return results;
}

// The largest difference, relative to the largest number of the output.
double RelativeDifference(const std::vector<double>& got, const std::vector<double>& expected) {
  double difference = 0;
  double largest = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    // A NaN stays.
    difference = std::isnan(got[i]) ? got[i] : std::max(difference, std::abs(got[i] - expected[i]));
    largest = std::max(largest, std::abs(expected[i]));
  }
  return difference / largest;
}

class ModelFiles : public ::testing::TestWithParam<FileRun> {};

TEST_P(ModelFiles, EqualsOnnxRuntimeOnTheOriginal) {
  const FileRun& run = GetParam();
  if (!std::filesystem::exists(run.file)) {
    GTEST_SKIP() << run.file << " is not there: tools/setup.sh models";
  }
  const auto context = Context::Create({.backend = "onnxruntime", .threads = 1});
  ASSERT_THAT(context, Succeeds());
  bench::FileSession original(run, 1);
  std::vector<std::string> names;
  const auto results = RunImported(run, *context, names);
  ASSERT_EQ(results.size(), original.output_count());
  for (size_t k = 0; k < results.size(); ++k) {
    const onnx_format::HostTensor expected = original.Output(k);
    ASSERT_EQ(names[k], original.output_name(k));
    ASSERT_EQ(results[k].size(), expected.bytes.size());
    const onnx_format::HostTensor got{
        .element = expected.element, .sizes = expected.sizes, .bytes = results[k]};
    const double difference =
        RelativeDifference(got.ToDoubles().value(), expected.ToDoubles().value());
    EXPECT_LE(difference, run.tolerance) << "output " << names[k];
    RecordProperty("difference of " + names[k], fmt::format("{:.2e}", difference));
  }
}

#ifdef WEBNN_HAVE_TENSORRT

// What TensorRT gets of a model, run by ONNX Runtime: its results, whatever TensorRT then does.
std::vector<std::vector<double>> RunAsForTensorRt(const FileRun& run, bool half) {
  const auto definition = LoadGraph(run.file, run.load_options());
  EXPECT_THAT(definition, Succeeds());
  if (!definition) return {};
  const lowering::Target& target = trt::TensorRtTarget();
  lowering::Model model = lowering::Writer(*definition->data(), target).Finish();
  if (half) passes::ApplyPrecision(model, *definition->data(), target, {});
  const auto serialized = onnx_format::Serialize(model, {.embed_weights = true});
  EXPECT_THAT(serialized, Succeeds());
  if (!serialized) return {};
  const bench::TemporaryFolder folder;
  FileRun lowered{.title = run.title, .file = folder.path() + "/model.onnx", .inputs = {}};
  std::ofstream(lowered.file, std::ios::binary)
      .write(serialized->proto.data(), static_cast<std::streamsize>(serialized->proto.size()));
  const auto inputs = definition->inputs();
  for (size_t i = 0; i < inputs.size(); ++i) {
    for (const bench::FileInput& input : run.inputs) {
      if (input.name != inputs[i].name) continue;
      lowered.inputs.push_back(input);
      lowered.inputs.back().name = serialized->input_names[i];
    }
  }
  const auto options = bench::SameOptions(1);
  // Optimised, casts of float16 would vanish and with them what they round.
  bench::MustOrt(bench::OrtLibrary().api().SetSessionGraphOptimizationLevel(
      options.get(), half ? ORT_DISABLE_ALL : ORT_ENABLE_BASIC));
  bench::FileSession session(lowered, 1, options.get());
  std::vector<std::vector<double>> outputs;
  for (size_t k = 0; k < session.output_count(); ++k) {
    outputs.push_back(session.Output(k).ToDoubles().value());
  }
  return outputs;
}

TEST_P(ModelFiles, IsTheSameLoweredForTensorRtAndCloseInFloat16) {
  const FileRun& run = GetParam();
  if (!std::filesystem::exists(run.file)) {
    GTEST_SKIP() << run.file << " is not there: tools/setup.sh models";
  }
  bench::FileSession original(run, 1);
  const auto single = RunAsForTensorRt(run, false);
  ASSERT_EQ(single.size(), original.output_count());
  for (size_t k = 0; k < single.size(); ++k) {
    EXPECT_LE(RelativeDifference(single[k], original.Output(k).ToDoubles().value()), run.tolerance)
        << "output " << original.output_name(k);
  }
  // The weights of the light models are chance, which float16 need not survive.
  if (run.title.starts_with("light_")) return;
  const auto half = RunAsForTensorRt(run, true);
  ASSERT_EQ(half.size(), single.size());
  for (size_t k = 0; k < half.size(); ++k) {
    const double cosine = bench::Cosine(half[k], single[k]);
    EXPECT_GE(cosine, 0.999) << "output " << original.output_name(k);
    RecordProperty("cosine of " + original.output_name(k), fmt::format("{:.7f}", cosine));
  }
}

#endif  // WEBNN_HAVE_TENSORRT

std::string TestName(const ::testing::TestParamInfo<FileRun>& info) {
  std::string name = info.param.title;
  std::replace_if(
      name.begin(), name.end(),
      [](char letter) { return std::isalnum(static_cast<unsigned char>(letter)) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, ModelFiles, ::testing::ValuesIn(bench::FileRuns()), TestName);

}  // namespace
}  // namespace webnn
