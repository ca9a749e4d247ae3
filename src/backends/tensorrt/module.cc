#include "backends/tensorrt/module.h"

#include <array>
#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "backends/tensorrt/library.h"
#include "backends/tensorrt/vendor/modules.h"
#include "core/errors.h"
#include "core/try.h"

namespace webnn::trt {
namespace {

constexpr std::string_view kHowToGetTensorRt =
    "Install it with `pip install tensorrt`, or set TENSORRT_ROOT to the folder of an "
    "installation.";
constexpr std::string_view kHowToGetRtx =
    "Install it with `pip install tensorrt-rtx`, or set TENSORRT_RTX_ROOT to the folder of an "
    "installation.";

Result<std::unique_ptr<const Module>> MakeModule(Library library) {
  [[maybe_unused]] const int major = library.version.major;
  [[maybe_unused]] const Flavor flavor = library.flavor;
#ifdef WEBNN_TENSORRT_RTX
  if (flavor == Flavor::kTensorRtRtx) return MakeModuleRtx(std::move(library));
#endif
#ifdef WEBNN_TENSORRT_11
  if (flavor == Flavor::kTensorRt && major == 11) return MakeModule11(std::move(library));
#endif
#ifdef WEBNN_TENSORRT_10
  if (flavor == Flavor::kTensorRt && major == 10) return MakeModule10(std::move(library));
#endif
  return NotSupported("its version is {}, and webnn was built without the headers of that version",
                      ToString(library.version));
}

// Every library that this process has opened. Neither they nor this list end before the process.
class ModuleList {
 public:
  static ModuleList& Get() {
    static auto* const kList = new ModuleList;
    return *kList;
  }

  Result<const Module*> Open(Flavor flavor, const ContextOptions& options) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> tried;
    const std::vector<Candidate> candidates = FindLibraries(flavor, options, &tried);
    for (const Candidate& candidate : candidates) {
      Result<const Module*> module = OpenPath(flavor, candidate.path);
      if (module.ok()) return module;
      tried.push_back(
          fmt::format("{} '{}': {}", candidate.place, candidate.path, module.error().message));
    }
    std::string list;
    for (const std::string& line : tried) list += "\n  " + line;
    return NotSupported("{}: no usable library was found. {}\nTried:{}", Name(flavor),
                        flavor == Flavor::kTensorRt ? kHowToGetTensorRt : kHowToGetRtx, list);
  }

 private:
  // The message of the error is the reason alone.
  Result<const Module*> OpenPath(Flavor flavor, const std::string& path) {
    const std::pair key(flavor, path);
    if (auto known = by_name_.find(key); known != by_name_.end()) return known->second;
    WEBNN_ASSIGN_OR_RETURN(Library library, OpenLibrary(flavor, path));
    // One file under several names is one library.
    for (const std::unique_ptr<const Module>& module : modules_) {
      if (module->path() == library.path) return by_name_[key] = module.get();
    }
    WEBNN_ASSIGN_OR_RETURN(std::unique_ptr<const Module> module, MakeModule(std::move(library)));
    modules_.push_back(std::move(module));
    return by_name_[key] = modules_.back().get();
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<const Module>> modules_;
  std::map<std::pair<Flavor, std::string>, const Module*> by_name_;
};

}  // namespace

std::string_view Name(Flavor flavor) {
  return flavor == Flavor::kTensorRt ? "tensorrt" : "tensorrt-rtx";
}

std::string ToString(const LibraryVersion& version) {
  std::string text = fmt::format("{}.{}.{}", version.major, version.minor, version.patch);
  if (version.build != 0) text += fmt::format(".{}", version.build);
  return text;
}

Result<const Module*> OpenModule(Flavor flavor, const ContextOptions& options) {
  return ModuleList::Get().Open(flavor, options);
}

}  // namespace webnn::trt
