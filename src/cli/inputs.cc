#include "cli/inputs.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "cli/errors.h"
#include "cli/model_arguments.h"
#include "cli/npy.h"
#include "cli/typos.h"
#include "core/mapped_file.h"
#include "fmt/ranges.h"

namespace webnn::cli {
namespace {

bool EndsWith(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() &&
         std::equal(suffix.begin(), suffix.end(), text.end() - static_cast<long>(suffix.size()),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
}

template <class T>
std::optional<T> ParseWhole(std::string_view text) {
  T number{};
  const auto [stop, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

// An integer of 64 bits stays one.
std::optional<Number> ParseNumber(std::string_view text) {
  if (const auto number = ParseWhole<int64_t>(text)) return Number(*number);
  if (const auto number = ParseWhole<uint64_t>(text)) return Number(*number);
  if (const auto number = ParseWhole<double>(text)) return Number(*number);
  return std::nullopt;
}

// "0.5" or "1/255".
std::optional<double> ParseFraction(std::string_view text) {
  const size_t slash = text.find('/');
  const auto above = ParseWhole<double>(text.substr(0, slash));
  if (slash == std::string_view::npos || !above) return above;
  const auto below = ParseWhole<double>(text.substr(slash + 1));
  if (!below || *below == 0) return std::nullopt;
  return *above / *below;
}

Result<std::vector<double>> ParseNumbers(std::string_view option, std::string_view text) {
  std::vector<double> numbers;
  while (!text.empty()) {
    const size_t end = std::min(text.find(','), text.size());
    const auto number = ParseFraction(text.substr(0, end));
    if (!number) {
      return BadUse("{} takes numbers as 0.485,0.456,0.406, not \"{}\"", option,
                    text.substr(0, end));
    }
    numbers.push_back(*number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return numbers;
}

template <class Enum>
Enum EnumOf(std::string_view name) {
  const auto names = EnumNames(Enum{});
  return static_cast<Enum>(std::find(names.begin(), names.end(), name) - names.begin());
}

template <class Enum>
std::string Choices() {
  return fmt::format("{}", fmt::join(EnumNames(Enum{}), "|"));
}

Error InFile(const std::string& path, Error error) {
  error.message = fmt::format("\"{}\": {}", path, error.message);
  return error;
}

Result<Array> ReadNpyFile(const std::string& path) {
  WEBNN_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  auto array = ParseNpy(file->bytes());
  if (!array) return InFile(path, array.error());
  return array;
}

Result<NamedArrays> ReadNpzFile(const std::string& path, std::span<const std::string> names) {
  WEBNN_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  auto arrays = ParseNpz(file->bytes(), names);
  if (!arrays) return InFile(path, arrays.error());
  return arrays;
}

// "zeros", "random:7" ...; nothing for what must be a file.
Result<std::optional<Source>> ParseGenerator(const std::string& text) {
  if (text == "zeros") return std::optional<Source>(Number(0));
  if (text == "ones") return std::optional<Source>(Number(1));
  if (text == "random") return std::optional<Source>(Random{});
  constexpr std::string_view kRandom = "random:";
  if (text.starts_with(kRandom)) {
    const auto seed = ParseWhole<uint64_t>(std::string_view(text).substr(kRandom.size()));
    if (!seed) return BadUse("--input: the seed in \"{}\" is no whole number", text);
    return std::optional<Source>(Random{*seed});
  }
  constexpr std::string_view kValue = "value:";
  if (text.starts_with(kValue)) {
    const auto number = ParseNumber(std::string_view(text).substr(kValue.size()));
    if (!number) return BadUse("--input: \"{}\" has no number behind \"value:\"", text);
    return std::optional<Source>(*number);
  }
  return std::optional<Source>();
}

// The arrays of "FILE.npz" or "FILE.npz:NAME"; nothing for other texts.
Result<std::optional<NamedArrays>> ParseArchive(const std::string& text) {
  const size_t place = text.rfind(".npz:");
  if (place != std::string::npos) {
    const std::string name = text.substr(place + 5);
    WEBNN_ASSIGN_OR_RETURN(auto arrays, ReadNpzFile(text.substr(0, place + 4), {&name, 1}));
    return std::optional(std::move(arrays));
  }
  if (!EndsWith(text, ".npz")) return std::optional<NamedArrays>();
  WEBNN_ASSIGN_OR_RETURN(auto arrays, ReadNpzFile(text, {}));
  return std::optional(std::move(arrays));
}

Result<Source> ReadFileSource(const std::string& path) {
  if (EndsWith(path, ".npy")) {
    WEBNN_ASSIGN_OR_RETURN(Array array, ReadNpyFile(path));
    return Source(std::move(array));
  }
  if (EndsWith(path, ".raw") || EndsWith(path, ".bin")) return Source(RawFile{path});
  auto image = ReadImage(path);
  if (image) return Source(*std::move(image));
  if (image.error().code == ErrorCode::kOperation) {  // it is not there
    return WithHint(std::move(image.error()),
                    "--input takes NAME= and a file (.npy, .npz, .raw or a picture), zeros, ones, "
                    "random, random:SEED or value:NUMBER");
  }
  return std::move(image.error());
}

Result<std::vector<std::byte>> ReadRaw(const std::string& path,
                                       const OperandDescriptor& descriptor) {
  WEBNN_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  if (file->bytes().size() != descriptor.byte_length()) {
    return BadUse("\"{}\" has {} bytes, {} takes {}", path, file->bytes().size(),
                  ToString(descriptor), descriptor.byte_length());
  }
  return std::vector<std::byte>(file->bytes().begin(), file->bytes().end());
}

struct Encoder {
  const NamedDescriptor& input;
  const ImageOptions& image_options;
  bool cast;

  Result<std::vector<std::byte>> operator()(const Number& number) const {
    return FillOperand(input.descriptor, number);
  }
  Result<std::vector<std::byte>> operator()(const Random& random) const {
    return RandomOperand(input.descriptor, input.name, random.seed);
  }
  Result<std::vector<std::byte>> operator()(const Array& array) const {
    return ToOperand(array, input.descriptor, cast);
  }
  Result<std::vector<std::byte>> operator()(const Image& image) const {
    return ToOperand(image, image_options, input.descriptor);
  }
  Result<std::vector<std::byte>> operator()(const RawFile& file) const {
    return ReadRaw(file.path, input.descriptor);
  }
};

// What is given for an input: by its name, the last time counts, or else for all.
const GivenInput* FindGiven(const std::vector<GivenInput>& given, std::string_view name) {
  const GivenInput* found = nullptr;
  for (const GivenInput& one : given) {
    if (one.name == name || (one.name.empty() && found == nullptr)) found = &one;
  }
  return found;
}

}  // namespace

void AddInputOptions(std::vector<Option>& options, InputArguments& arguments) {
  constexpr std::string_view kGroup = "Inputs";
  constexpr std::string_view kPictures = "Pictures";
  const Option added[] = {
      {.name = "--input",
       .value = "NAME=FILE",
       .help = "What an input gets: FILE.npy, FILE.npz, FILE.npz:ARRAY, FILE.raw, a picture (PNG, "
               "JPEG ...), zeros, ones, random, random:SEED or value:NUMBER. Without NAME= it is "
               "for all inputs that have nothing else; a .npz file then gives every input the "
               "array of its name. May be repeated",
       .target = &arguments.inputs,
       .group = kGroup},
      {.name = "--cast",
       .value = "",
       .help = "Convert arrays of another data type; a value that does not fit is an error",
       .target = &arguments.cast,
       .group = kGroup},
      {.name = "--layout",
       .value = Choices<Layout>(),
       .help = "Order of the sizes that a picture fills; auto tells it by the input's shape",
       .target = &arguments.layout,
       .group = kPictures},
      {.name = "--resize",
       .value = Choices<Resize>(),
       .help = "Make a picture fit: stretch it, crop what is too long, or pad with black",
       .target = &arguments.resize,
       .group = kPictures},
      {.name = "--channels",
       .value = Choices<Channels>(),
       .help = "Channels and their order; auto is rgb or gray by their number",
       .target = &arguments.channels,
       .group = kPictures},
      {.name = "--scale",
       .value = "NUMBER",
       .help = "Factor for pixels, which are 0 to 255; 1/255 without it, 1 for integer inputs",
       .target = &arguments.scale,
       .group = kPictures},
      {.name = "--mean",
       .value = "NUMBERS",
       .help = "Subtracted after the scale: one number, or one a channel: 0.485,0.456,0.406",
       .target = &arguments.mean,
       .group = kPictures},
      {.name = "--std",
       .value = "NUMBERS",
       .help = "Divided by after that: 0.229,0.224,0.225",
       .target = &arguments.deviation,
       .group = kPictures},
  };
  options.insert(options.end(), std::begin(added), std::end(added));
}

Result<ImageOptions> ToImageOptions(const InputArguments& arguments) {
  ImageOptions options;
  options.layout = EnumOf<Layout>(arguments.layout);
  options.channels = EnumOf<Channels>(arguments.channels);
  options.resize = EnumOf<Resize>(arguments.resize);
  if (!arguments.scale.empty()) {
    const auto scale = ParseFraction(arguments.scale);
    if (!scale || *scale == 0) {
      return BadUse("--scale takes a number as 0.5 or 1/255, not \"{}\"", arguments.scale);
    }
    options.scale = *scale;
  }
  WEBNN_ASSIGN_OR_RETURN(options.mean, ParseNumbers("--mean", arguments.mean));
  WEBNN_ASSIGN_OR_RETURN(options.deviation, ParseNumbers("--std", arguments.deviation));
  if (std::find(options.deviation.begin(), options.deviation.end(), 0) != options.deviation.end()) {
    return BadUse("--std must not be 0");
  }
  return options;
}

Result<std::vector<GivenInput>> ReadInputs(std::span<const std::string> texts) {
  std::vector<GivenInput> given;
  for (const std::string& text : texts) {
    std::string name;
    std::string source_text = text;
    if (text.find('=') != std::string::npos) {
      WEBNN_ASSIGN_OR_RETURN(std::tie(name, source_text), SplitPair("--input", text, false));
    }
    if (source_text.empty()) return BadUse("--input \"{}\" has nothing behind the name", text);
    WEBNN_ASSIGN_OR_RETURN(std::optional<Source> source, ParseGenerator(source_text));
    if (!source) {
      WEBNN_ASSIGN_OR_RETURN(auto arrays, ParseArchive(source_text));
      if (arrays && name.empty() && source_text.find(".npz:") == std::string::npos) {
        for (auto& [key, array] : *arrays) {
          given.push_back({key, std::move(array), fmt::format("{}:{}", source_text, key), true});
        }
        continue;
      }
      if (arrays && arrays->size() != 1) {
        return WithHint(BadUse("--input: \"{}\" holds {} arrays, an input takes one", source_text,
                               arrays->size()),
                        fmt::format("{}={}:ARRAY names one", name, source_text));
      }
      if (arrays) {
        source = std::move(arrays->front().second);
      } else {
        WEBNN_ASSIGN_OR_RETURN(source, ReadFileSource(source_text));
      }
    }
    given.push_back({std::move(name), *std::move(source), source_text});
  }
  return given;
}

Result<void> CheckInputNames(std::span<const std::string> names,
                             const std::vector<GivenInput>& given) {
  const std::vector<std::string_view> known(names.begin(), names.end());
  for (const GivenInput& one : given) {
    if (one.name.empty() || one.from_archive) continue;
    if (std::find(known.begin(), known.end(), one.name) != known.end()) continue;
    return BadUse("the model has no input \"{}\"{}; it has {}", one.name,
                  DidYouMean(one.name, known),
                  known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", ")));
  }
  return {};
}

Result<std::vector<TensorData>> FillInputs(const std::vector<NamedDescriptor>& declared,
                                           const std::vector<GivenInput>& given,
                                           const ImageOptions& image_options, bool cast) {
  std::vector<std::string> names;
  for (const NamedDescriptor& input : declared) names.push_back(input.name);
  WEBNN_RETURN_IF_ERROR(CheckInputNames(names, given));
  static const GivenInput kRandom{.name = {}, .source = Random{}, .text = "random"};
  std::vector<TensorData> filled;
  for (const NamedDescriptor& input : declared) {
    const GivenInput* one = given.empty() ? &kRandom : FindGiven(given, input.name);
    if (one == nullptr) {
      return WithHint(
          BadUse("the input {} {} is missing", input.name, ToString(input.descriptor)),
          fmt::format("--input {0}=FILE.npy gives it, --input {0}=random tries the model",
                      input.name));
    }
    auto bytes = std::visit(Encoder{input, image_options, cast}, one->source);
    if (!bytes) {
      bytes.error().message =
          fmt::format("input {}={}: {}", input.name, one->text, bytes.error().message);
      return std::move(bytes.error());
    }
    filled.push_back({input.name, input.descriptor, *std::move(bytes), one->text});
  }
  return filled;
}

std::vector<std::byte> RandomOperand(const OperandDescriptor& descriptor, std::string_view name,
                                     uint64_t seed) {
  // FNV-1a of the name.
  uint64_t state = 0xcbf29ce484222325u;
  for (const char c : name) {
    state = (state ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  }
  state ^= seed;
  const auto next = [&] {
    state += 0x9e3779b97f4a7c15u;
    uint64_t bits = state;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
  };
  const DataType type = descriptor.data_type();
  const int bits = BitsPerElement(type);
  OperandWriter writer(descriptor);
  for (uint64_t i = 0; i < descriptor.element_count(); ++i) {
    const uint64_t drawn = next();
    if (type == DataType::kFloat32 || type == DataType::kFloat16) {
      writer.Put(static_cast<double>(drawn >> 11) * 0x1p-52 - 1);
    } else if (bits <= 8) {
      // The top bits as an unsigned integer, moved down where the type has a sign.
      const auto whole = static_cast<int64_t>(drawn >> (64 - bits));
      const bool is_signed = type == DataType::kInt8 || type == DataType::kInt4;
      writer.Put(is_signed ? whole - (int64_t{1} << (bits - 1)) : whole);
    } else {
      writer.Put(drawn >> 63);
    }
  }
  return writer.Take();
}

}  // namespace webnn::cli
