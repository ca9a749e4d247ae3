#include "conformance/onnx_suite/outcome.h"

#include "conformance/json.h"

namespace webnn::conformance::onnx_suite {

std::string ToText(const Outcome& outcome) {
  Json unsupported = Json::array();
  for (const UnsupportedNode& node : outcome.unsupported) {
    unsupported.push_back({node.op, node.node, node.reason, node.help});
  }
  return Json{{"verdict", outcome.verdict},
              {"fixed", outcome.fixed},
              {"narrowed", outcome.narrowed},
              {"error", outcome.error},
              {"unsupported", unsupported}}  // A message may quote bytes of a damaged file.
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

Outcome ParseOutcome(const std::string& text) {
  const Json json = Json::parse(text);
  Outcome outcome{.verdict = json.at("verdict").get<Verdict>(),
                  .fixed = json.at("fixed").get<Fixed>(),
                  .narrowed = json.at("narrowed").get<bool>(),
                  .error = json.at("error").get<std::string>()};
  for (const Json& node : json.at("unsupported")) {
    outcome.unsupported.push_back({.op = node.at(0).get<std::string>(),
                                   .node = node.at(1).get<std::string>(),
                                   .reason = node.at(2).get<std::string>(),
                                   .help = node.at(3).get<std::string>()});
  }
  return outcome;
}

}  // namespace webnn::conformance::onnx_suite
