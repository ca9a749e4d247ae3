#include "backends/openvino/compiler.h"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "core/errors.h"
#include "core/mapped_file.h"
#include "core/try.h"

namespace webnn::ov {

Result<void> Progress::Report(std::string_view phase, double fraction) const {
  if (!wanted()) return {};
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start_;
  if (callback_({.phase = phase, .fraction = fraction, .seconds = seconds.count()})) return {};
  return AbortError("openvino: the compilation was cancelled");
}

Compiler::~Compiler() {
  for (std::thread& thread : given_up_) {
    if (IsForked()) {
      thread.detach();  // it is not in this process
    } else {
      thread.join();
    }
  }
}

Result<Handle<ov_compiled_model_t>> Compiler::Compile(Handle<ov_model_t> model,
                                                      const std::string& device,
                                                      const std::vector<Property>& properties,
                                                      const Progress& progress) {
  if (!progress.wanted()) return library_.Compile(model.get(), device, properties);
  struct Work {
    std::mutex mutex;
    std::condition_variable done;
    std::optional<Result<Handle<ov_compiled_model_t>>> result;
  };
  const auto work = std::make_shared<Work>();
  std::thread thread([work, &library = library_, model = std::move(model), device, properties] {
    auto result = library.Compile(model.get(), device, properties);
    const std::lock_guard lock(work->mutex);
    work->result = std::move(result);
    work->done.notify_one();
  });
  std::unique_lock lock(work->mutex);
  Result<void> wanted = progress.Report("build", 0);
  while (wanted.ok() && !work->result) {
    constexpr std::chrono::milliseconds kPause{250};
    if (work->done.wait_for(lock, kPause, [&] { return work->result.has_value(); })) break;
    lock.unlock();  // what a callback does is not ours
    wanted = progress.Report("build", 0);
    lock.lock();
  }
  if (wanted.ok()) {
    lock.unlock();
    thread.join();
    WEBNN_RETURN_IF_ERROR(progress.Report("build", 1));
    return *std::move(work->result);
  }
  lock.unlock();
  const std::lock_guard list(mutex_);
  given_up_.push_back(std::move(thread));
  return std::move(wanted.error());
}

Result<cache::Blob> Export(const Library& library, const ov_compiled_model_t* model) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  std::string path = (error ? "/tmp" : folder) / "webnn-openvino-XXXXXX";
  const int file = mkstemp(path.data());
  if (file < 0) {
    return OperationError("openvino: cannot make the temporary file {}: {}", path,
                          std::strerror(errno));
  }
  close(file);
  const Api& api = library.api();
  const Result<void> written = Check(api, api.ov_compiled_model_export_model(model, path.c_str()),
                                     "export the compiled graph");
  auto mapped = MappedFile::Open(path);
  unlink(path.c_str());  // the mapping keeps its pages
  WEBNN_RETURN_IF_ERROR(written);
  if (!mapped.ok()) return std::move(mapped.error());
  const std::span<const std::byte> bytes = (*mapped)->bytes();
  return cache::Blob{*std::move(mapped), bytes};
}

}  // namespace webnn::ov
