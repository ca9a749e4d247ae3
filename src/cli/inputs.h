#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/array.h"
#include "cli/command.h"
#include "cli/image.h"
#include "webnn/graph.h"
#include "webnn/types.h"

/// What `--input` gives to a model.
namespace webnn::cli {

struct InputArguments {
  std::vector<std::string> inputs;
  bool cast = false;
  std::string layout = "auto";
  std::string channels = "auto";
  std::string resize = "none";
  std::string scale;
  std::string mean;
  std::string deviation;
};
void AddInputOptions(std::vector<Option>& options, InputArguments& arguments);
Result<ImageOptions> ToImageOptions(const InputArguments& arguments);

struct Random {
  uint64_t seed = 0;
};
struct RawFile {
  std::string path;
};
/// What an operand is filled with: one number, random numbers, an array, a picture, or a file.
using Source = std::variant<Number, Random, Array, Image, RawFile>;

/// One `--input`, or one array of a `.npz` file.
struct GivenInput {
  std::string name;  ///< Empty: all inputs that no other names.
  Source source;
  std::string text;           ///< As it was given, for messages.
  bool from_archive = false;  ///< It may be there for nothing.
};
/// Reads the files. Bad use for texts that mean nothing; otherwise the files' errors.
Result<std::vector<GivenInput>> ReadInputs(std::span<const std::string> texts);
/// Bad use when something is given for a name that is none of the model's.
Result<void> CheckInputNames(std::span<const std::string> names,
                             const std::vector<GivenInput>& given);

/// A tensor in host memory.
struct TensorData {
  std::string name;
  OperandDescriptor descriptor;
  std::vector<std::byte> bytes;
  std::string source;  ///< Inputs: where it comes from.
};
/// Every input of the model. Bad use when one is missing or does not fit, or a name is none of the
/// model's.
Result<std::vector<TensorData>> FillInputs(const std::vector<NamedDescriptor>& declared,
                                           const std::vector<GivenInput>& given,
                                           const ImageOptions& image_options, bool cast);

/// Random numbers from SplitMix64, another stream for every name: floats in [-1, 1), 4- and 8-bit
/// integers over their whole range, wider integers 0 and 1, which are valid as indices and masks.
std::vector<std::byte> RandomOperand(const OperandDescriptor& descriptor, std::string_view name,
                                     uint64_t seed);

}  // namespace webnn::cli
