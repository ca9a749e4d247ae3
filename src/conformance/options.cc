#include "conformance/options.h"

#include <algorithm>
#include <cstdio>
#include <thread>

#include "CLI/CLI.hpp"
#include "fmt/format.h"

namespace webnn::conformance {
namespace {

#ifdef WEBNN_SOURCE_DIR
constexpr const char* kDefaultKnown = WEBNN_SOURCE_DIR "/docs/conformance.md";
#else
constexpr const char* kDefaultKnown = "docs/conformance.md";
#endif

constexpr const char* kDescription =
    "Runs cases of the Web Platform Tests for WebNN: graphs whose outputs are compared with\n"
    "upstream's tolerances (conformance), and builder calls that must be accepted or refused\n"
    "(validation). Which kind a file is, its content says.\n";

constexpr const char* kFooter =
    "\nExamples:\n"
    "  webnn-conformance --cases ../shared/wpt\n"
    "  webnn-conformance --cases ../shared/wpt/conformance --filter softmax\n"
    "  webnn-conformance --cases ../shared/wpt --shard 1/4 --report part1.json\n"
    "  webnn-conformance --cases ../shared/wpt/conformance --backend tensorrt --processes 14 \\\n"
    "      --optimization-level 0 --cache-dir conformance-cache\n"
    "  webnn-conformance --cases ../shared/wpt/conformance --backend tensorrt --processes 14 \\\n"
    "      --optimization-level 0 --precision float16 --any-result\n"
    "\n"
    "Each failure is one line; the last line is \"N passed, N failed\". Exit status: 0 when all\n"
    "cases pass or are listed as known, 1 when one fails, compares nothing, or passes although it\n"
    "is listed, 2 when the options, the case files or the back end cannot be used.\n";

}  // namespace

std::variant<Options, int> ParseOptions(int argc, const char* const* argv) {
  Options options;
  options.jobs = std::max(1u, std::thread::hardware_concurrency());
  options.known = kDefaultKnown;
  std::string shard = "1/1";
  std::string precision = "float32";
  bool compute = false;
  std::string through;

  CLI::App app(kDescription, "webnn-conformance");
  app.footer(kFooter);
  app.add_option("--cases", options.cases,
                 "Case file, or directory with *.json at any depth; may be repeated")
      ->required()
      ->allow_extra_args(false)
      ->type_name("PATH");
  app.add_option("--backend", options.backend, "Back end by name; default: the best that works")
      ->type_name("NAME");
  app.add_option("--device", options.device, "Device of the back end, such as cuda:1")
      ->type_name("NAME");
  app.add_option("--library", options.library,
                 "The back end's library, or the folder that it is in; default: looked for")
      ->type_name("PATH");
  const auto precisions = EnumNames(Precision{});
  app.add_option("--precision", precision, "What float32 operators are computed in")
      ->check(CLI::IsMember(std::vector<std::string>(precisions.begin(), precisions.end())))
      ->capture_default_str();
  app.add_option("--optimization-level", options.optimization_level,
                 "TensorRT: 0 (quick to build) to 5; default: the library's")
      ->check(CLI::Range(0, 5))
      ->type_name("N");
  app.add_option("--cache-dir", options.cache_dir,
                 "Keep compiled graphs in a folder, and take those that are there; default: none")
      ->type_name("DIR");
  app.add_option("--filter", options.filter, "Only cases with TEXT in \"file/name\"")
      ->type_name("TEXT");
  app.add_option("--shard", shard, "Only part I of N, counted from 1")->type_name("I/N");
  auto* jobs = app.add_option("--jobs", options.jobs,
                              "Threads, each with its own context; default: all cores, or with "
                              "--processes one in each")
                   ->check(CLI::Range(1, 1024))
                   ->type_name("N");
  app.add_option("--processes", options.processes,
                 "Run in N processes; one that dies fails the case it was at and is replaced")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  app.add_flag("--compute", compute, "Run graphs on host memory instead of tensors");
  app.add_option("--through", through, "Run what each graph is after it was saved and loaded again")
      ->check(CLI::IsMember({"onnx", "webnn", "json"}))
      ->type_name("FORMAT");
  app.add_flag("--any-result", options.any_result,
               "Fail only what cannot be built or run: for precisions that upstream's tolerances "
               "are not for");
  app.add_flag("--list", options.list, "Print \"file/name\" of the selected cases, run nothing");
  app.add_flag("--verbose", options.verbose, "Print each case to stderr before it runs");
  app.add_option("--report", options.report, "Write all results as JSON")->type_name("FILE");
  app.add_option("--junit", options.junit, "Write all results as JUnit XML")->type_name("FILE");
  app.add_option("--dump-onnx", options.dump_onnx, "Write each graph's ONNX into a folder")
      ->type_name("DIR");
  auto* known = app.add_option("--known", options.known,
                               "Markdown list of known cases; default: docs/conformance.md")
                    ->type_name("FILE");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  const auto parsed = ParseShard(shard);
  if (!parsed) {
    fmt::print(stderr, "--shard: {}\n", parsed.error().message);
    return kExitUsage;
  }
  options.shard = *parsed;
  if (options.processes > 0 && jobs->count() == 0) options.jobs = 1;
  const auto* const wanted = std::find(precisions.begin(), precisions.end(), precision);
  options.precision = static_cast<Precision>(wanted - precisions.begin());
  options.mode = compute ? RunMode::kCompute : RunMode::kTensors;
  const auto names = EnumNames(ModelFormat{});
  const auto* const format = std::find(names.begin(), names.end(), through);
  if (format != names.end()) options.through = static_cast<ModelFormat>(format - names.begin());
  options.known_required = known->count() > 0;
  return options;
}

}  // namespace webnn::conformance
