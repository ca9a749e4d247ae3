#include "conformance/onnx_suite/report.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "conformance/json.h"
#include "fmt/format.h"

namespace webnn::conformance::onnx_suite {
namespace {

constexpr std::array<Verdict, 3> kVerdicts = {Verdict::kPassed, Verdict::kRefused,
                                              Verdict::kFailed};

/// How many cases of a row have which verdict.
using Counts = std::array<size_t, kVerdicts.size()>;

std::string Table(std::string_view title, const std::map<std::string, Counts>& rows) {
  size_t width = title.size();
  for (const auto& [name, counts] : rows) width = std::max(width, name.size());
  std::string text = fmt::format("{:{}}", title, width);
  for (const Verdict verdict : kVerdicts) text += fmt::format("  {:>7}", Name(verdict));
  text += "\n";
  for (const auto& [name, counts] : rows) {
    text += fmt::format("{:{}}", name, width);
    for (const size_t count : counts) text += fmt::format("  {:>7}", count);
    text += "\n";
  }
  return text;
}

}  // namespace

size_t RunReport::Count(Verdict verdict) const {
  return static_cast<size_t>(
      std::count_if(outcomes.begin(), outcomes.end(),
                    [&](const Outcome& outcome) { return outcome.verdict == verdict; }));
}

std::string Tables(const RunReport& report) {
  std::map<std::string, Counts> by_operator;
  std::map<std::string, Counts> by_kind;
  for (size_t i = 0; i < report.cases.size(); ++i) {
    const auto verdict = static_cast<size_t>(report.outcomes[i].verdict);
    if (report.cases[i]->kind == "node") ++by_operator[report.cases[i]->op][verdict];
    ++by_kind[report.cases[i]->kind][verdict];
  }
  return Table("operator (node cases)", by_operator) + "\n" + Table("kind", by_kind);
}

std::string Reasons(const RunReport& report, const ReviewedList& list) {
  std::string text;
  for (size_t i = 0; i < list.refusals.size(); ++i) {
    if (report.refused[i] == 0) continue;
    text += fmt::format("refused {:>4}: {}\n", report.refused[i], list.refusals[i].why);
  }
  return text;
}

std::string ToJson(const RunReport& report) {
  Json cases = Json::array();
  for (size_t i = 0; i < report.cases.size(); ++i) {
    const SuiteCase& one = *report.cases[i];
    const Outcome& outcome = report.outcomes[i];
    Json json = {{"kind", one.kind},
                 {"name", one.name},
                 {"operator", one.op},
                 {"verdict", Name(outcome.verdict)}};
    if (outcome.fixed != Fixed::kNone) json["constants"] = Name(outcome.fixed);
    if (outcome.narrowed) json["narrowed"] = true;
    if (!outcome.error.empty()) json["error"] = outcome.error;
    for (const UnsupportedNode& node : outcome.unsupported) {
      json["unsupported"].push_back({{"operator", node.op}, {"reason", node.reason}});
    }
    cases.push_back(std::move(json));
  }
  const Json totals = {{"cases", report.cases.size()},
                       {"passed", report.Count(Verdict::kPassed)},
                       {"refused", report.Count(Verdict::kRefused)},
                       {"failed", report.failed()}};
  return Json{{"onnx", report.version},
              {"seconds", report.seconds},
              {"totals", totals},
              {"complaints", report.complaints},
              {"cases", std::move(cases)}}
             .dump(1, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

}  // namespace webnn::conformance::onnx_suite
