#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "gtest/gtest.h"
#include "tests/ops/calls.h"

/// The rules of the operators' own, each broken by one call of rejections.json. The rules that the
/// table gives every operator are tested in schema_rules_test.cc.
namespace webnn::ops_test {
namespace {

class Rejection : public testing::TestWithParam<CallCase> {};

TEST_P(Rejection, IsRefused) {
  const CallCase& call = GetParam();
  const OpSchema* schema = FindOp(call.op);
  ASSERT_NE(schema, nullptr);
  GraphBuilder builder;
  const Fields fields = MakeFields(builder, call);
  for (const auto& [name, value] : fields) ASSERT_NE(schema->FindField(name), nullptr) << name;
  ExpectRefused(builder, *schema, call.name, Call(builder, *schema, fields));
}

INSTANTIATE_TEST_SUITE_P(Ops, Rejection, testing::ValuesIn(Rejections()),
                         [](const auto& info) { return TestName(info.param.op, info.param.name); });

// EveryRuleHasATest reads the sources of the operators, as far as that is simple:
//
//  - A function that can refuse begins at the start of a line with `Result<` and ends with a `}` at
//    the start of a line. (A check that all `Reject(` are inside such functions guards this.)
//  - The rules that it names are the texts in kebab case that it contains, and the first argument
//    of `Reject(`. `"{}-length"` stands for a rule whose first part is the first text that a caller
//    passes: `CheckLength(context, "starts", ...)` has the rule `starts-length`.
//  - It also has the rules of the functions and macros that its text calls by name.
//  - The function of an operator is the `Infer` with its structure as parameter; operators of a
//    family have a macro with the structure as first argument.
//
// So each operator gets the rules that it can name, a few too many at worst; those are listed in
// `Unreachable` with the reason.

struct Function {
  std::string file;
  std::string text;
};

struct Sources {
  std::multimap<std::string, Function> functions;  // and macros, by name
  std::map<std::string, Function> infer;           // by structure
  size_t reject_count = 0;
};

size_t CountRejects(const std::string& text) {
  static const std::regex kReject(R"(\bReject\()");
  return std::distance(std::sregex_iterator(text.begin(), text.end(), kReject), {});
}

std::string ReadSource(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  // Macros on one line.
  return std::regex_replace(text.str(), std::regex(R"(\\\n)"), " ");
}

Sources ReadSources() {
  static const std::regex kMacro(R"(#define (\w+)\(.*)");
  static const std::regex kInvocation(R"(^(WEBNN_\w+)\((\w+),)", std::regex::multiline);
  static const std::regex kDefinition(R"(^Result<.*> (\w+)\(([^{;]*)\) \{)", std::regex::multiline);
  static const std::regex kStructure(R"(const (\w+)& op$)");
  Sources sources;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(WEBNN_SOURCE_DIR) / "src/ops")) {
    std::string text = ReadSource(entry.path());
    const std::string file = entry.path().filename().string();
    sources.reject_count += CountRejects(text);
    std::smatch match;
    while (std::regex_search(text, match, kMacro)) {
      sources.functions.emplace(match[1].str(), Function{file, match[0].str()});
      text = match.prefix().str() + match.suffix().str();
    }
    for (std::sregex_iterator at(text.begin(), text.end(), kInvocation), end; at != end; ++at) {
      Function& infer = sources.infer[(*at)[2].str()];
      infer.file = file;
      infer.text += (*at)[1].str() + "(";
    }
    while (std::regex_search(text, match, kDefinition)) {
      const std::string name = match[1].str();
      const std::string parameters = match[2].str();
      const std::string rest = match.suffix().str();
      const size_t end = rest.find("\n}\n");
      const Function function = {file, rest.substr(0, end)};
      std::smatch structure;
      if (name == "Infer" && std::regex_search(parameters, structure, kStructure)) {
        sources.infer.insert_or_assign(structure[1].str(), function);
      } else {
        sources.functions.emplace(name, function);
      }
      text = rest.substr(end);
    }
  }
  return sources;
}

class RulesOfOperator {
 public:
  RulesOfOperator(const Sources& sources, const std::string& structure) : sources_(sources) {
    const auto found = sources.infer.find(structure);
    if (found != sources.infer.end()) Visit(found->second, "");
  }
  const std::set<std::string>& rules() const { return rules_; }
  const std::set<const Function*>& visited() const { return visited_; }

 private:
  // `argument` is the first text that the caller passes.
  void Visit(const Function& function, const std::string& argument) {
    visited_.insert(&function);
    if (!seen_.insert({function.text, argument}).second) return;
    static const std::regex kRule(R"re(\bReject\(\s*"([a-z-]+)"|"([a-z0-9]+(?:-[a-z0-9]+)+)")re");
    static const std::regex kFamily(R"re("\{\}(-[a-z-]+)")re");
    static const std::regex kCall(R"re(\b(\w+)\(([^"();]*"([^"]*)")?)re");
    const std::string& text = function.text;
    const std::sregex_iterator end;
    for (std::sregex_iterator at(text.begin(), text.end(), kRule); at != end; ++at) {
      rules_.insert((*at)[1].matched ? (*at)[1].str() : (*at)[2].str());
    }
    for (std::sregex_iterator at(text.begin(), text.end(), kFamily); at != end; ++at) {
      rules_.insert(argument + (*at)[1].str());
    }
    for (std::sregex_iterator at(text.begin(), text.end(), kCall); at != end; ++at) {
      const auto [first, last] = sources_.functions.equal_range((*at)[1].str());
      for (auto callee = first; callee != last; ++callee) {
        // A function of this name may be in several files; the file's own comes first.
        const bool own = std::any_of(
            first, last, [&](const auto& other) { return other.second.file == function.file; });
        if (own && callee->second.file != function.file) continue;
        Visit(callee->second, (*at)[3].str());
      }
    }
  }

  const Sources& sources_;
  std::set<std::string> rules_;
  std::set<std::pair<std::string, std::string>> seen_;
  std::set<const Function*> visited_;
};

std::string StructureOf(std::string_view op) {
  std::string structure(op);
  structure[0] = static_cast<char>(structure[0] - 'a' + 'A');
  return structure;
}

// Rules that the sources name for an operator, but that it cannot break.
const std::map<std::pair<std::string, std::string>, std::string>& Unreachable() {
  static const std::map<std::pair<std::string, std::string>, std::string> kUnreachable = {
      {{"averagePool2d", "groups-positive"}, "pooling has one group"},
      {{"l2Pool2d", "groups-positive"}, "pooling has one group"},
      {{"maxPool2d", "groups-positive"}, "pooling has one group"},
  };
  return kUnreachable;
}

TEST(RejectionCases, EveryRuleHasATest) {
  std::map<std::string, std::set<std::string>> tested;
  for (const CallCase& call : Rejections()) {
    EXPECT_TRUE(tested[call.op].insert(call.name).second)
        << call.op << " " << call.name << " is there twice";
  }
  const Sources sources = ReadSources();
  std::set<const Function*> visited;
  for (const OpSchema* schema : AllOps()) {
    const std::string op(schema->name);
    ASSERT_TRUE(sources.infer.contains(StructureOf(op))) << op;
    const RulesOfOperator rules(sources, StructureOf(op));
    visited.insert(rules.visited().begin(), rules.visited().end());
    for (const std::string& rule : rules.rules()) {
      if (Unreachable().contains({op, rule})) {
        EXPECT_FALSE(tested[op].contains(rule)) << op << " can break " << rule << " after all";
      } else {
        EXPECT_TRUE(tested[op].contains(rule)) << "no test of " << op << " for the rule " << rule;
      }
    }
    for (const std::string& rule : tested[op]) {
      const bool general = rule == "output-size" || rule == "output-limits";
      EXPECT_TRUE(general || rules.rules().contains(rule)) << op << " has no rule " << rule;
    }
  }
  // Nothing that refuses has been overlooked.
  size_t reject_count = 0;
  for (const Function* function : visited) reject_count += CountRejects(function->text);
  EXPECT_EQ(reject_count, sources.reject_count);
}

}  // namespace
}  // namespace webnn::ops_test
