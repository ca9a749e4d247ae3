#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/array.h"

namespace webnn::cli {

/// Reads a `.npy` file: versions 1.0 to 3.0, both byte orders, C and Fortran order. TypeError for
/// what is damaged, NotSupported for types that are no plain numbers.
Result<Array> ParseNpy(std::span<const std::byte> bytes);
/// What stands before the elements in a `.npy` file of version 1.0.
std::string NpyHeader(const Array& array);
Result<void> WriteNpy(const std::string& path, const Array& array);

/// A `.npz` file is a zip archive of `.npy` files.
using NamedArrays = std::vector<std::pair<std::string, Array>>;
/// The arrays of these names, in this order; all of the file's when there are none. TypeError when
/// one is missing: the message lists those that are there.
Result<NamedArrays> ParseNpz(std::span<const std::byte> bytes,
                             std::span<const std::string> names = {});
/// As `numpy.savez` writes it.
Result<void> WriteNpz(const std::string& path, const NamedArrays& arrays);

/// Begins as an archive does.
bool LooksLikeZip(std::span<const std::byte> bytes);

}  // namespace webnn::cli
