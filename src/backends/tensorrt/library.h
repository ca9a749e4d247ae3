#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backends/tensorrt/module.h"
#include "webnn/context.h"
#include "webnn/result.h"

namespace webnn::trt {

/// The functions of an opened library. It is never closed: it keeps threads and static objects.
struct Library {
  Flavor flavor = Flavor::kTensorRt;
  LibraryVersion version;
  int32_t interface_version = 0;  ///< What the library says of itself; its factories want it back.
  std::string path;
  /// The file beside the library that its builder opens by its bare name; empty where it looks for
  /// it itself.
  std::string builder_resource;

  void* (*create_builder)(void* logger, int32_t version) = nullptr;
  void* (*create_runtime)(void* logger, int32_t version) = nullptr;
};

/// Those of the ONNX parser that came with it, which only builds need.
struct Parser {
  int32_t version = 0;
  void* (*create)(void* network, void* logger, int version) = nullptr;
};

/// 10.6.0 of what `getInferLibVersion` gives: 100600, and 8601 for the old 8.6.1.
LibraryVersion DecodeVersion(int32_t version);
/// Nothing where we can drive this version, else why not.
std::optional<std::string> WhyUnsupported(Flavor flavor, const LibraryVersion& version);

/// A place where a library may be.
struct Candidate {
  std::string path;    ///< A file, or a name for the loader.
  std::string place;   ///< "TENSORRT_ROOT"; explains the error.
  bool named = false;  ///< The user has named it: nothing else will do.
};
/// In the order of `OpenModule`'s comment; places that do not exist are listed in `missing`.
std::vector<Candidate> FindLibraries(Flavor flavor, const ContextOptions& options,
                                     std::vector<std::string>* missing);

/// Opens the file. The message of the error is the reason alone.
Result<Library> OpenLibrary(Flavor flavor, const std::string& path);
/// Opens the parser beside the library, or else the one that the loader finds; it stays open.
Result<Parser> OpenParser(const Library& library);

}  // namespace webnn::trt
