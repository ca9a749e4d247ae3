#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "cache/key.h"
#include "core/atomic_file.h"
#include "webnn/graph.h"
#include "webnn/result.h"

/// Files of compiled graphs: an entry of the cache (`cache/container.h`) with a payload of two
/// parts, what the graph takes and gives, and the back end's bytes. All integers of the first part
/// are little-endian and of 4 bytes:
///
///     "WEBNNSIG", version of the format (1), length of this part in bytes (a multiple of 64)
///     number of inputs, number of outputs
///     each of them: name, data type, number of sizes, sizes; a text is its length and its bytes
///     zeros up to the end of the part
namespace webnn {

/// What a compiled graph takes and gives, in order.
struct GraphSignature {
  std::vector<NamedDescriptor> inputs;
  std::vector<NamedDescriptor> outputs;
};

std::string EncodeSignature(const GraphSignature& signature);

/// A signature, and where it ends.
struct DecodedSignature {
  GraphSignature signature;
  size_t length = 0;
};
/// The signature at the beginning of `bytes`. OperationError for everything that `EncodeSignature`
/// cannot have written.
Result<DecodedSignature> DecodeSignature(std::span<const std::byte> bytes);

/// A file whose every byte was checked; the payload is the back end's part, mapped.
struct CompiledFile {
  GraphSignature signature;
  CompiledBytes compiled;
};
/// OperationError names the file and what is wrong with it.
Result<CompiledFile> ReadCompiledFile(const std::string& path);
/// Writes all of it; the file is still to be committed.
Result<void> WriteCompiledFile(AtomicFile& file, const GraphSignature& signature,
                               const CompiledBytes& compiled);

/// Whether the file begins as compiled graphs do; false also for what cannot be read.
bool LooksCompiled(const std::string& path);

/// "tensorrt 10.6.0.26", as far as the key tells.
std::string MakerOf(const cache::Key& key);

}  // namespace webnn
