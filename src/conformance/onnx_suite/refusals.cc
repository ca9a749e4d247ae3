#include "conformance/onnx_suite/refusals.h"

#include <algorithm>

#include "conformance/json.h"
#include "core/errors.h"
#include "core/try.h"

namespace webnn::conformance::onnx_suite {

bool Refusal::Explains(const UnsupportedNode& node) const {
  return std::find(operators.begin(), operators.end(), node.op) != operators.end() &&
         node.reason.find(reason) != std::string::npos;
}

double ReviewedList::AtolOf(const std::string& name, double atol) const {
  for (const InexactCases& one : inexact) {
    if (std::find(one.names.begin(), one.names.end(), name) != one.names.end()) return one.atol;
  }
  return atol;
}

Result<std::vector<size_t>> ReviewedList::Explain(const Outcome& outcome) const {
  std::vector<size_t> found;
  for (const UnsupportedNode& node : outcome.unsupported) {
    const auto at = std::find_if(refusals.begin(), refusals.end(),
                                 [&](const Refusal& refusal) { return refusal.Explains(node); });
    if (at == refusals.end()) {
      return TypeError("refused for a reason that is not on the list: {} {}: {}", node.op,
                       node.node, node.reason);
    }
    found.push_back(static_cast<size_t>(at - refusals.begin()));
  }
  if (found.empty()) return TypeError("refused without a reason");
  return found;
}

Result<ReviewedList> LoadReviewedList(const std::filesystem::path& path) {
  WEBNN_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  try {
    const Json json = Json::parse(text);
    ReviewedList list{.at_least = json.at("at_least").get<std::map<std::string, size_t>>()};
    for (const Json& one : json.value("inexact", Json::array())) {
      list.inexact.push_back({.names = one.at("cases").get<std::vector<std::string>>(),
                              .atol = one.at("atol").get<double>(),
                              .why = one.at("why").get<std::string>()});
    }
    for (const Json& one : json.at("refusals")) {
      list.refusals.push_back({.operators = one.at("operators").get<std::vector<std::string>>(),
                               .reason = one.value("reason", ""),
                               .why = one.at("why").get<std::string>()});
      if (list.refusals.back().why.empty()) {
        return TypeError("{}: refusal {} does not say why", path.string(), list.refusals.size());
      }
    }
    return list;
  } catch (const Json::exception& error) {
    return TypeError("{}: {}", path.string(), error.what());
  }
}

}  // namespace webnn::conformance::onnx_suite
