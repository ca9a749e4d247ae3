#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "webnn/export.h"

namespace webnn {

struct ContextOptions;

/// Whether a back end can be used here, and with what.
struct BackendStatus {
  std::string name;  ///< "onnxruntime", for `ContextOptions::backend`.
  bool available = false;
  std::string device = {};   ///< That a context takes by default: "cpu", "cuda:0".
  std::string version = {};  ///< Of the vendor's library; empty where it was not opened.
  std::string library = {};  ///< Its path; empty where none was found.
  /// Where it is not available: what is missing, every place that was looked at, and how to get it.
  std::string reason = {};
};

/// A GPU of this machine.
struct GpuInfo {
  std::string device;  ///< "cuda:0", for `ContextOptions::device`; after CUDA_VISIBLE_DEVICES.
  std::string name;    ///< "NVIDIA H200"
  int major = 0;       ///< Compute capability 9.0 is major 9, minor 0.
  int minor = 0;
  uint64_t memory_bytes = 0;
  std::string uuid;  ///< "GPU-8-4-4-4-12"
};

/// What this machine can run graphs on.
struct DeviceList {
  std::vector<BackendStatus> backends;  ///< All that there are, the preferred one first.
  std::vector<GpuInfo> gpus;
  std::string driver = {};      ///< NVIDIA's: "580.159.04"; empty where there is none.
  std::string gpu_reason = {};  ///< Where there are no GPUs: what was looked for.
};

struct DeviceQuery {
  /// Path of a back end's library, as `ContextOptions::library_path`.
  std::string library_path = {};
  /// Open libraries for their versions even where there is no device for them.
  bool open_libraries = false;
};

/// Looks for the machine's back ends and GPUs. Uses no GPU: no context is made on one. May be
/// called from several threads.
WEBNN_EXPORT DeviceList Devices(const DeviceQuery& query = {});

/// What became of a back end that a context could have taken.
enum class CandidateState : uint8_t {
  kChosen,    ///< The context runs on it.
  kRefused,   ///< It cannot be used here, or not for these options.
  kFailed,    ///< It was chosen and then failed, so that the context went on to another.
  kNotTried,  ///< Another one was chosen before its turn.
};
constexpr std::array<std::string_view, 4> EnumNames(CandidateState) {
  return {"chosen", "refused", "failed", "not tried"};
}

/// A back end that a context could take.
struct Candidate {
  std::string backend;  ///< "onnxruntime"
  CandidateState state = CandidateState::kNotTried;
  std::string device = {};   ///< "cuda:0"; empty where it is not known.
  std::string version = {};  ///< Of the vendor's library; empty where it was not opened.
  std::string reason = {};   ///< Why it is in that state; never empty once tried.
};

/// What `Context::Create` would choose from for these options, in the order in which it would try:
/// everything up to what it would take, with the reasons, and the rest as not tried. Uses no GPU:
/// what only shows when a device is used is not known yet. Ends in no chosen one where none fits.
WEBNN_EXPORT std::vector<Candidate> Candidates(const ContextOptions& options);

/// A paragraph for each candidate that was tried, and a line that names the others.
WEBNN_EXPORT std::string ToString(std::span<const Candidate> candidates);

}  // namespace webnn
