#include "conformance/report.h"

#include <algorithm>
#include <map>

#include "conformance/json.h"
#include "fmt/format.h"

namespace webnn::conformance {
namespace {

// In a message or a case, a line break would look like another result.
std::string OneLine(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

Json WorstToJson(const Distance& distance, Metric metric) {
  if (distance.unequal) return "unequal";
  if (metric == Metric::kUlp) return distance.ulp;
  return distance.absolute;
}

void AddTo(Json& counts, const CaseResult& result) {
  if (counts.is_null()) counts = {{"passed", 0}, {"failed", 0}, {"known", 0}, {"differs", 0}};
  Json& count = counts[std::string(Name(result.status))];
  count = count.get<uint64_t>() + 1;
}

std::string Escape(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        // XML has no place for control characters.
        escaped += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return escaped;
}

}  // namespace

std::string_view Name(Status status) {
  switch (status) {
    case Status::kPassed:
      return "passed";
    case Status::kKnown:
      return "known";
    case Status::kDiffers:
      return "differs";
    case Status::kFailed:
      break;
  }
  return "failed";
}

size_t RunReport::Count(Status status) const {
  return static_cast<size_t>(
      std::count_if(results.begin(), results.end(),
                    [&](const CaseResult& result) { return result.status == status; }));
}

std::string FailureLine(const CaseResult& result) {
  return OneLine(fmt::format("FAIL {}: {}: {}", result.file, result.name, result.error));
}

Json ToJson(const CaseResult& result) {
  Json json = {{"file", result.file},       {"name", result.name},
               {"kind", Name(result.kind)}, {"status", Name(result.status)},
               {"ops", result.ops},         {"compared", result.compared},
               {"seconds", result.seconds}};
  if (result.tolerance) {
    json["required"] = result.required;
    json["metric"] = Name(result.tolerance->metric);
    json["allowed"] = result.tolerance->value;
  }
  if (result.worst && result.tolerance) {
    const Comparison& comparison = result.worst->comparison;
    json["output"] = result.worst->name;
    json["worst"] = WorstToJson(comparison.worst, result.tolerance->metric);
    json["index"] = result.worst->position;
    json["got"] = comparison.got;
    json["expected"] = comparison.expected;
    json["outside"] = comparison.outside;
  }
  if (!result.error.empty()) json["error"] = result.error;
  return json;
}

CaseResult CaseFromJson(const Json& json) {
  const auto text = [&](const char* member) { return json.at(member).get<std::string>(); };
  CaseResult result{.file = text("file"),
                    .name = text("name"),
                    .ops = json.at("ops").get<std::vector<std::string>>(),
                    .compared = json.at("compared").get<uint64_t>(),
                    .seconds = json.at("seconds").get<double>()};
  for (const CaseKind kind : {CaseKind::kConformance, CaseKind::kValidation}) {
    if (Name(kind) == text("kind")) result.kind = kind;
  }
  for (const Status status : {Status::kPassed, Status::kFailed, Status::kKnown, Status::kDiffers}) {
    if (Name(status) == text("status")) result.status = status;
  }
  if (json.contains("error")) result.error = text("error");
  if (!json.contains("metric")) return result;
  result.required = json.at("required").get<bool>();
  result.tolerance = {text("metric") == Name(Metric::kUlp) ? Metric::kUlp : Metric::kAtol,
                      json.at("allowed").get<double>()};
  if (!json.contains("worst")) return result;
  WorstOutput worst{.name = text("output"), .position = text("index"), .comparison = {}};
  worst.comparison.outside = json.at("outside").get<uint64_t>();
  worst.comparison.got = text("got");
  worst.comparison.expected = text("expected");
  const Json& distance = json.at("worst");
  if (distance.is_string()) {
    worst.comparison.worst.unequal = true;
  } else if (result.tolerance->metric == Metric::kUlp) {
    worst.comparison.worst.ulp = distance.get<uint64_t>();
  } else {
    worst.comparison.worst.absolute = distance.get<double>();
  }
  result.worst = std::move(worst);
  return result;
}

std::string ToJson(const RunReport& report) {
  Json cases = Json::array();
  std::map<std::string, Json> kinds;
  std::map<std::string, Json> ops;
  uint64_t compared = 0;
  for (const CaseResult& result : report.results) {
    cases.push_back(ToJson(result));
    compared += result.compared;
    AddTo(kinds[std::string(Name(result.kind))], result);
    for (const std::string& op : result.ops) AddTo(ops[op], result);
  }
  const Json json = {{"backend", report.backend},
                     {"explain", report.explanation},
                     {"seconds", report.seconds},
                     {"totals",
                      {{"cases", report.results.size()},
                       {"passed", report.Count(Status::kPassed)},
                       {"failed", report.failed()},
                       {"known", report.Count(Status::kKnown)},
                       {"differs", report.Count(Status::kDiffers)},
                       {"compared", compared}}},
                     {"kinds", kinds},
                     {"ops", ops},
                     {"stale", report.stale},
                     {"cases", cases}};
  // What is not UTF-8 in a message must not lose the report.
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string ToJunit(const RunReport& report) {
  std::string xml = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuite name=\"webnn-conformance\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" "
      "time=\"{:.3f}\">\n",
      report.results.size() + report.stale.size(), report.failed(),
      report.Count(Status::kKnown) + report.Count(Status::kDiffers), report.seconds);
  for (const CaseResult& result : report.results) {
    xml += fmt::format("<testcase classname=\"{}\" name=\"{}\" time=\"{:.6f}\"",
                       Escape(result.file), Escape(result.name), result.seconds);
    if (result.ok()) {
      xml += "/>\n";
    } else {
      xml += fmt::format("><{} message=\"{}\"/></testcase>\n",
                         result.status == Status::kFailed ? "failure" : "skipped",
                         Escape(result.error));
    }
  }
  for (const std::string& row : report.stale) {
    xml += fmt::format(
        "<testcase classname=\"known\" name=\"{}\"><failure message=\"stale\"/></testcase>\n",
        Escape(row));
  }
  return xml + "</testsuite>\n";
}

}  // namespace webnn::conformance
