#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "CLI/CLI.hpp"
#include "conformance/json.h"
#include "conformance/onnx_suite/isolated.h"
#include "conformance/onnx_suite/refusals.h"
#include "conformance/onnx_suite/report.h"
#include "conformance/onnx_suite/run_case.h"
#include "conformance/onnx_suite/suite.h"
#include "core/errors.h"
#include "core/try.h"
#include "fmt/format.h"

namespace webnn::conformance::onnx_suite {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

struct Options {
  std::filesystem::path suite;
  std::filesystem::path list = WEBNN_SOURCE_DIR "/tests/onnx/suite_refusals.json";
  std::filesystem::path report;  ///< Empty: none.
  std::string filter;
  unsigned jobs = 1;
  double max_seconds = 60;
  bool verbose = false;
};

std::string NameOf(const SuiteCase& one) { return one.kind + "/" + one.name; }

std::string Describe(const Outcome& outcome) {
  std::string text = outcome.error;
  for (const UnsupportedNode& node : outcome.unsupported) {
    text += fmt::format("{}{} {}: {}", text.empty() ? "" : "; ", node.op, node.node, node.reason);
  }
  return text;
}

/// Counts what explains a refusal, or makes a failure of it.
void Review(const ReviewedList& list, Outcome& outcome, std::vector<size_t>& refused) {
  if (outcome.verdict != Verdict::kRefused) return;
  const auto explained = list.Explain(outcome);
  if (!explained) {
    outcome.verdict = Verdict::kFailed;
    outcome.error = explained.error().message;
    return;
  }
  for (const size_t index : *explained) ++refused[index];
}

Result<RunReport> RunCases(const Suite& suite, const ReviewedList& list, const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  RunReport report{.version = suite.version};
  for (const SuiteCase& one : suite.cases) {
    if (NameOf(one).find(options.filter) != std::string::npos) report.cases.push_back(&one);
  }
  report.outcomes.resize(report.cases.size());
  report.refused.resize(list.refusals.size());
  std::optional<Context> context;  // Of a child.
  const auto work = [&](size_t i) {
    if (!context) {
      auto created = Context::Create({.backend = "onnxruntime", .threads = 1});
      if (!created) return ToText(Outcome{.error = ToString(created.error())});
      context = *std::move(created);
    }
    return ToText(RunCase(*context, *report.cases[i]));
  };
  const auto done = [&](size_t i, Result<std::string> text) {
    Outcome& outcome = report.outcomes[i];
    outcome = text ? ParseOutcome(*text) : Outcome{.error = text.error().message};
    Review(list, outcome, report.refused);
    if (outcome.verdict == Verdict::kFailed || options.verbose) {
      fmt::print("{} {}: {}\n",
                 outcome.verdict == Verdict::kFailed ? "FAIL" : Name(outcome.verdict),
                 NameOf(*report.cases[i]), Describe(outcome));
      std::fflush(stdout);
    }
  };
  WEBNN_RETURN_IF_ERROR(RunIsolated(
      {.count = report.cases.size(), .jobs = options.jobs, .max_seconds = options.max_seconds},
      work, done));
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

/// What only a run of all cases can tell.
void CheckWhole(const ReviewedList& list, RunReport& report) {
  for (size_t i = 0; i < list.refusals.size(); ++i) {
    if (report.refused[i] > 0) continue;
    report.complaints.push_back(
        fmt::format("no case needs the refusal \"{}\" any more", list.refusals[i].why));
  }
  for (const auto& [kind, minimum] : list.at_least) {
    size_t passed = 0;
    for (size_t i = 0; i < report.cases.size(); ++i) {
      passed += report.cases[i]->kind == kind && report.outcomes[i].verdict == Verdict::kPassed;
    }
    if (passed < minimum) {
      report.complaints.push_back(
          fmt::format("{} cases of {} passed, must be at least {}", passed, kind, minimum));
    }
  }
}

Result<int> Run(const Options& options) {
  WEBNN_ASSIGN_OR_RETURN(Suite suite, LoadSuite(options.suite));
  WEBNN_ASSIGN_OR_RETURN(const ReviewedList list, LoadReviewedList(options.list));
  for (SuiteCase& one : suite.cases) one.atol = list.AtolOf(one.name, one.atol);
  WEBNN_ASSIGN_OR_RETURN(RunReport report, RunCases(suite, list, options));
  if (report.cases.empty()) return TypeError("no case is selected by --filter");
  if (options.filter.empty()) CheckWhole(list, report);
  if (!options.report.empty()) {
    WEBNN_RETURN_IF_ERROR(WriteFile(options.report, ToJson(report)));
  }
  fmt::print("\n{}\n{}\n", Tables(report), Reasons(report, list));
  for (const std::string& complaint : report.complaints) fmt::print("FAIL {}\n", complaint);
  fmt::print("{} cases of onnx {} in {:.0f} s, {} refused for a reviewed reason\n",
             report.cases.size(), report.version, report.seconds, report.Count(Verdict::kRefused));
  fmt::print("{} passed, {} failed\n", report.Count(Verdict::kPassed), report.failed());
  return report.failed() == 0 ? kExitOk : kExitFailed;
}

int Main(int argc, char** argv) {
  Options options;
  options.jobs = std::max(1u, std::thread::hardware_concurrency());
  CLI::App app(
      "Imports and runs the models of ONNX's own backend tests and compares their outputs by the\n"
      "suite's tolerances. A case passes, or is refused for a reason on the reviewed list, or\n"
      "fails.\n",
      "webnn-onnx-suite");
  app.footer(
      "\nThe last line is \"N passed, N failed\". Exit status: 0 when no case fails, 1 when one "
      "does,\n"
      "is refused for another reason, or a reason is listed that none needs, 2 when the options "
      "or\n"
      "files cannot be used.\n");
  app.add_option("--suite", options.suite, "Folder that tools/prepare_onnx_suite.py has written")
      ->required()
      ->type_name("DIR");
  app.add_option("--list", options.list,
                 "Reviewed reasons; default: tests/onnx/suite_refusals.json")
      ->type_name("FILE");
  app.add_option("--filter", options.filter, "Only cases with TEXT in \"kind/name\"")
      ->type_name("TEXT");
  app.add_option("--jobs", options.jobs, "Processes; default: one a core")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  app.add_option("--seconds", options.max_seconds, "Limit for one case; default: 60")
      ->type_name("N");
  app.add_option("--report", options.report, "Write all results as JSON")->type_name("FILE");
  app.add_flag("--verbose", options.verbose, "Print every case");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  const auto status = Run(options);
  if (status) return *status;
  fmt::print(stderr, "webnn-onnx-suite: {}\n", status.error().message);
  return kExitUsage;
}

}  // namespace
}  // namespace webnn::conformance::onnx_suite

int main(int argc, char** argv) {
  try {
    return webnn::conformance::onnx_suite::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "webnn-onnx-suite: %s\n", error.what());
    return 2;
  }
}
