#include "tests/engines/cases.h"

#include <atomic>
#include <cstdlib>
#include <thread>

#include "conformance/run_conformance.h"
#include "fmt/format.h"
#include "fmt/ranges.h"

namespace webnn::engines {
namespace {

std::filesystem::path CaseFolder() {
  const char* folder = std::getenv("WEBNN_WPT_CASES");
  const std::filesystem::path wpt =
      folder != nullptr ? folder
                        : std::filesystem::path(WEBNN_SOURCE_DIR) / ".." / "shared" / "wpt";
  return wpt / "conformance";
}

std::string_view NameOf(lowering::Element element) {
  using E = lowering::Element;
  switch (element) {
    case E::kFloat:
      return "float32";
    case E::kFloat16:
      return "float16";
    case E::kBfloat16:
      return "bfloat16";
    case E::kInt8:
      return "int8";
    case E::kUint8:
      return "uint8";
    case E::kInt32:
      return "int32";
    case E::kInt64:
      return "int64";
    case E::kBool:
      return "bool";
    default:
      return "another type";
  }
}

}  // namespace

const std::vector<conformance::CaseFile>& CaseFiles() {
  static const std::vector<conformance::CaseFile> kFiles = [] {
    std::vector<conformance::CaseFile> files;
    const auto paths = conformance::FindCaseFiles(CaseFolder());
    if (!paths) return files;
    for (const std::filesystem::path& path : *paths) {
      auto file = conformance::LoadCaseFile(path);
      if (file && file->kind == conformance::CaseKind::kConformance) {
        files.push_back(*std::move(file));
      }
    }
    return files;
  }();
  return kFiles;
}

std::vector<std::string> ForEachCase(const std::function<std::string(const CaseGraph&)>& work,
                                     size_t every) {
  std::vector<CaseGraph> cases;
  std::vector<std::string> texts;
  const char* filter = std::getenv("WEBNN_CASES");
  for (const conformance::CaseFile& file : CaseFiles()) {
    for (const conformance::ConformanceCase& test : file.conformance) {
      std::string name = file.name + "/" + test.name;
      if (filter != nullptr && name.find(filter) == std::string::npos) continue;
      cases.push_back({std::move(name), &test, nullptr});
    }
  }
  texts.resize(cases.size());
  std::atomic<size_t> next = 0;
  const auto run = [&] {
    for (size_t i = next++; i < cases.size(); i = next++) {
      if (i % every != 0) continue;
      const auto graph = conformance::DefineGraph(*cases[i].test);
      if (!graph) {
        texts[i] = ToString(graph.error());
        continue;
      }
      cases[i].graph = &*graph;
      texts[i] = work(cases[i]);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned k = 1; k < std::thread::hardware_concurrency(); ++k) threads.emplace_back(run);
    run();
  }
  std::vector<std::string> failures;
  for (size_t i = 0; i < cases.size(); ++i) {
    if (!texts[i].empty()) failures.push_back(cases[i].name + ": " + texts[i]);
  }
  return failures;
}

std::vector<std::byte> BytesOf(const conformance::NamedData& data, const std::string& name) {
  for (const auto& [other, tensor] : data) {
    if (other == name) return tensor.Encode();
  }
  return {};
}

std::string Print(const lowering::Model& model) {
  std::string text;
  const auto describe = [&](lowering::ValueId id) {
    return fmt::format("%{} {}", id, NameOf(model.elements[id]));
  };
  for (const lowering::ModelInput& input : model.inputs) {
    text += fmt::format("  {} = input {} {}\n", describe(input.value), input.name,
                        fmt::join(input.sizes, "x"));
  }
  for (const lowering::Initializer& constant : model.initializers) {
    text += fmt::format("  {} = constant {}\n", describe(constant.value),
                        fmt::join(constant.sizes, "x"));
  }
  for (const lowering::ModelNode& node : model.nodes) {
    std::vector<std::string> outputs;
    for (lowering::ValueId id : node.outputs) outputs.push_back(describe(id));
    text += fmt::format("  {} = {}(%{})\n", fmt::join(outputs, ", "), node.op_type,
                        fmt::join(node.inputs, ", %"));
  }
  for (const lowering::ModelInput& output : model.outputs) {
    text += fmt::format("  output {} = {}\n", output.name, describe(output.value));
  }
  return text;
}

}  // namespace webnn::engines
