#include "conformance/worker.h"

#include <chrono>
#include <exception>
#include <filesystem>
#include <utility>

#include "core/try.h"
#include "fmt/format.h"

namespace webnn::conformance {

Result<CaseResult> Worker::Run(const CaseRef& ref) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  WEBNN_ASSIGN_OR_RETURN(CaseResult result, RunCaught(ref));
  result.file = ref.file->name;
  result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return result;
}

// What is thrown (no memory, say) fails the case and not the run.
Result<CaseResult> Worker::RunCaught(const CaseRef& ref) {
  const CaseKind kind = ref.file->kind;
  try {
    return kind == CaseKind::kConformance ? RunConformance(ref) : RunValidation(ref);
  } catch (const std::exception& error) {
    return CaseResult{.name = ref.name(), .kind = kind, .error = error.what()};
  }
}

Result<CaseResult> Worker::RunConformance(const CaseRef& ref) {
  if (!conformance_) {
    WEBNN_ASSIGN_OR_RETURN(conformance_, Context::Create(ContextOptionsFor()));
  }
  std::filesystem::path dump;
  if (!options_.dump_onnx.empty()) {
    std::filesystem::create_directories(options_.dump_onnx);
    const std::string stem = std::filesystem::path(ref.file->name).stem().string();
    dump = options_.dump_onnx / fmt::format("{}-{}.onnx", stem, ref.index);
  }
  return RunConformanceCase(*conformance_, ref.file->conformance[ref.index], options_.mode, dump,
                            options_.through);
}

Result<CaseResult> Worker::RunValidation(const CaseRef& ref) {
  if (!validation_) {
    ContextOptions context_options = ContextOptionsFor();
    // The cases were captured with this limit and test it.
    context_options.max_tensor_byte_length = uint64_t{1} << 31;
    WEBNN_ASSIGN_OR_RETURN(validation_, Context::Create(std::move(context_options)));
    runner_.emplace(*validation_);
  }
  return runner_->Run(ref.file->validation[ref.index]);
}

ContextOptions Worker::ContextOptionsFor() const {
  ContextOptions context{.backend = options_.backend,
                         .device = options_.device,
                         .library_path = options_.library,
                         .threads = 1,
                         // The user's own cache is not for thousands of tiny graphs.
                         .cache = !options_.cache_dir.empty(),
                         .cache_dir = options_.cache_dir};
  context.compile.precision = options_.precision;
  context.compile.optimization_level = options_.optimization_level;
  return context;
}

}  // namespace webnn::conformance
