#include "onnx/import/einsum.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/errors.h"
#include "core/try.h"
#include "graph/infer_context.h"

namespace webnn::onnx_format {
namespace {

constexpr std::string_view kEllipsis = "...";
constexpr std::string_view kArrow = "->";

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// A term as written: its letters, and where among them the ellipsis stands.
struct Term {
  std::string letters;
  std::optional<size_t> ellipsis;
};

Result<Term> ParseTerm(std::string_view text) {
  Term term;
  while (!text.empty()) {
    if (text.starts_with(kEllipsis)) {
      if (term.ellipsis) return TypeError("a term has two ellipses");
      term.ellipsis = term.letters.size();
      text.remove_prefix(kEllipsis.size());
    } else if (IsLetter(text[0])) {
      term.letters += text[0];
      text.remove_prefix(1);
    } else {
      return TypeError("'{}' is no part of a term; a term has letters and at most one \"...\"",
                       EscapeControls(text.substr(0, 1)));
    }
  }
  return term;
}

std::vector<EinsumLabel> LabelsOf(const Term& term, size_t ellipsis_rank) {
  std::vector<EinsumLabel> labels(term.letters.begin(), term.letters.end());
  if (!term.ellipsis) return labels;
  std::vector<EinsumLabel> axes;
  for (size_t k = ellipsis_rank; k-- > 0;) {
    axes.push_back(kEllipsisLabel + static_cast<EinsumLabel>(k));
  }
  labels.insert(labels.begin() + static_cast<ptrdiff_t>(*term.ellipsis), axes.begin(), axes.end());
  return labels;
}

// Without "->": the axes of the ellipsis, then the letters that occur once, in their order.
std::vector<EinsumLabel> ImplicitOutput(const EinsumEquation& equation, size_t ellipsis_rank) {
  std::map<EinsumLabel, int> counts;
  for (const auto& term : equation.terms) {
    for (EinsumLabel label : term) ++counts[label];
  }
  std::vector<EinsumLabel> output = LabelsOf({.letters = "", .ellipsis = 0}, ellipsis_rank);
  for (const auto& [label, count] : counts) {
    if (label < kEllipsisLabel && count == 1) output.push_back(label);
  }
  return output;
}

Result<std::vector<EinsumLabel>> ExplicitOutput(const EinsumEquation& equation,
                                                std::string_view text, size_t ellipsis_rank) {
  WEBNN_ASSIGN_OR_RETURN(const Term term, ParseTerm(text));
  for (size_t k = 0; k < term.letters.size(); ++k) {
    const char letter = term.letters[k];
    if (term.letters.find(letter) != k) {
      return TypeError("the output names axis '{}' twice", letter);
    }
    const auto has_letter = [&](const auto& labels) {
      return std::find(labels.begin(), labels.end(), static_cast<EinsumLabel>(letter)) !=
             labels.end();
    };
    if (std::none_of(equation.terms.begin(), equation.terms.end(), has_letter)) {
      return TypeError("the output names axis '{}', which no operand has", letter);
    }
  }
  if (ellipsis_rank > 0 && !term.ellipsis) {
    return TypeError("the operands have an ellipsis and the output has none");
  }
  return LabelsOf(term, ellipsis_rank);
}

}  // namespace

Result<EinsumEquation> ParseEinsum(std::string_view equation, std::span<const int64_t> ranks) {
  std::string text;
  std::copy_if(equation.begin(), equation.end(), std::back_inserter(text),
               [](char c) { return c != ' '; });
  const size_t arrow = text.find(kArrow);
  std::string_view left = std::string_view(text).substr(0, arrow);
  EinsumEquation parsed;
  size_t ellipsis_rank = 0;
  for (size_t k = 0; k < ranks.size(); ++k) {
    const size_t comma = left.find(',');
    if ((comma == left.npos) != (k + 1 == ranks.size())) {
      return TypeError("there are {} terms for {} operands",
                       k + 1 + std::count(left.begin(), left.end(), ','), ranks.size());
    }
    WEBNN_ASSIGN_OR_RETURN(const Term term, ParseTerm(left.substr(0, comma)));
    const auto rank = static_cast<size_t>(ranks[k]);
    if (term.letters.size() > rank || (!term.ellipsis && term.letters.size() < rank)) {
      return TypeError("the term \"{}\" names {} axes and its operand has {}",
                       left.substr(0, comma), term.letters.size(), rank);
    }
    parsed.terms.push_back(LabelsOf(term, rank - term.letters.size()));
    ellipsis_rank = std::max(ellipsis_rank, rank - term.letters.size());
    if (comma != left.npos) left.remove_prefix(comma + 1);
  }
  if (arrow == text.npos) {
    parsed.output = ImplicitOutput(parsed, ellipsis_rank);
  } else {
    WEBNN_ASSIGN_OR_RETURN(
        parsed.output, ExplicitOutput(parsed, std::string_view(text).substr(arrow + kArrow.size()),
                                      ellipsis_rank));
  }
  return parsed;
}

}  // namespace webnn::onnx_format
