#include "cli/parse.h"

#include <algorithm>
#include <charconv>
#include <type_traits>

#include "CLI/CLI.hpp"
#include "cli/errors.h"
#include "cli/typos.h"
#include "fmt/ranges.h"

namespace webnn::cli {
namespace {

template <class T>
Result<T> ParseNumber(const Option& option, const std::string& text) {
  T number{};
  const char* const end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, number);
  if (status != std::errc() || stop != end) {
    return BadUse("{} takes {}, not \"{}\"", option.name,
                  std::is_integral_v<T> ? "a whole number" : "a number", text);
  }
  return number;
}

Result<void> CheckChoice(const Option& option, const std::string& text) {
  const auto choices = ChoicesOf(option);
  if (choices.empty() || std::find(choices.begin(), choices.end(), text) != choices.end())
    return {};
  return BadUse("{} is one of {}, not \"{}\"{}", option.name, fmt::join(choices, ", "), text,
                DidYouMean(text, choices));
}

Result<void> Store(const Option& option, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) WEBNN_RETURN_IF_ERROR(CheckChoice(option, text));
  if (texts.size() > 1 && !MayRepeat(option)) {
    return BadUse("{} is given {} times", option.name, texts.size());
  }
  return std::visit(
      [&](auto* target) -> Result<void> {
        using T = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_same_v<T, std::string>) {
          *target = texts[0];
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          *target = texts;
        } else if constexpr (std::is_same_v<T, uint32_t> ||
                             std::is_same_v<T, std::optional<uint32_t>>) {
          WEBNN_ASSIGN_OR_RETURN(*target, ParseNumber<uint32_t>(option, texts[0]));
        } else if constexpr (std::is_same_v<T, std::optional<double>>) {
          WEBNN_ASSIGN_OR_RETURN(*target, ParseNumber<double>(option, texts[0]));
        }
        return {};
      },
      option.target);
}

// What CLI11 splits: the texts of every option, in the order of the options.
struct Split {
  bool help = false;
  std::vector<std::vector<std::string>> texts;
};

Result<Split> SplitArguments(std::span<const Option> options,
                             std::span<const std::string> arguments) {
  Split split;
  split.texts.resize(options.size());
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  app.add_flag("-h,--help", split.help);
  for (size_t i = 0; i < options.size(); ++i) {
    const Option& option = options[i];
    if (bool* const* flag = std::get_if<bool*>(&option.target)) {
      app.add_flag(std::string(option.name), **flag);
    } else {
      const std::string names =
          fmt::format("{}{}{}", option.letter, option.letter.empty() ? "" : ",", option.name);
      app.add_option(names, split.texts[i])
          ->allow_extra_args(false)
          ->expected(IsArgument(option) && MayRepeat(option) ? -1 : 1)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ArgumentMismatch& error) {
    // CLI11 names the option at the beginning of its message.
    const std::string_view name =
        std::string_view(error.what()).substr(0, std::string_view(error.what()).find(':'));
    const auto option = std::find_if(options.begin(), options.end(), [&](const Option& candidate) {
      return candidate.name == name;
    });
    if (option == options.end()) return BadUse("{}", error.what());
    return BadUse("{} needs a value: {} {}", name, name, option->value);
  } catch (const CLI::ParseError& error) {
    return BadUse("{}", error.what());
  }
  if (split.help) return split;
  for (const std::string& extra : app.remaining()) {
    if (!extra.starts_with('-') || extra == "-") {
      return BadUse("the argument \"{}\" is one too many", extra);
    }
    std::vector<std::string_view> known = {"--help"};
    for (const Option& option : options) {
      if (!IsArgument(option)) known.push_back(option.name);
    }
    const std::string_view name = std::string_view(extra).substr(0, extra.find('='));
    return BadUse("there is no option \"{}\"{}", name, DidYouMean(name, known));
  }
  return split;
}

}  // namespace

Result<Parsed> Parse(const Command& command, std::span<const Option> options,
                     std::span<const std::string> arguments) {
  WEBNN_ASSIGN_OR_RETURN(const Split split, SplitArguments(options, arguments));
  if (split.help) return Parsed::kHelp;
  for (size_t i = 0; i < options.size(); ++i) {
    if (std::holds_alternative<bool*>(options[i].target)) continue;
    if (!split.texts[i].empty()) {
      WEBNN_RETURN_IF_ERROR(Store(options[i], split.texts[i]));
    } else if (options[i].required) {
      return WithHint(BadUse("{} is missing", options[i].name),
                      fmt::format("`webnn {} --help` shows how it is used", command.name));
    }
  }
  return Parsed::kRun;
}

}  // namespace webnn::cli
