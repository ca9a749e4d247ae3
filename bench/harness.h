#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "webnn/result.h"
#include "webnn/version.h"

/// What the benchmarks have in common: their command line, statistics, tables and reports.
namespace webnn::bench {

/// The value, or the end of the program with the error's text.
template <class T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{}\n", ToString(result.error()));
    std::exit(2);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// ---- Time and statistics. ----

inline double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class Function>
double Time(const Function& function) {
  const double start = Seconds();
  function();
  return Seconds() - start;
}

inline double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  const size_t middle = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(middle),
                   values.end());
  return values[middle];
}

/// `part` of 1 of the values are at most this.
inline double Percentile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  const auto last = static_cast<double>(values.size() - 1);
  const auto place = static_cast<std::ptrdiff_t>(std::lround(part * last));
  std::nth_element(values.begin(), values.begin() + place, values.end());
  return values[static_cast<size_t>(place)];
}

inline double Min(const std::vector<double>& values) {
  return values.empty() ? 0 : *std::min_element(values.begin(), values.end());
}

/// Seconds of CPU time, of this process and of the whole machine where Linux tells.
struct CpuTimes {
  double own = 0;
  double all = 0;

  static CpuTimes Now() {
    CpuTimes times;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    for (const timeval& part : {usage.ru_utime, usage.ru_stime}) {
      times.own += static_cast<double>(part.tv_sec) + static_cast<double>(part.tv_usec) * 1e-6;
    }
    std::ifstream stat("/proc/stat");
    std::string word;
    stat >> word;
    double ticks = 0;
    for (int field = 0; field < 8 && stat >> ticks; ++field) {
      const bool idle = field == 3 || field == 4;
      if (!idle) times.all += ticks / 100;
    }
    return times;
  }
};

/// How busy other processes kept the machine since it was made: 1 is one core.
class Neighbours {
 public:
  double Load() const {
    const CpuTimes now = CpuTimes::Now();
    const double others = (now.all - before_.all) - (now.own - before_.own);
    return std::max(0.0, others) / std::max(Seconds() - start_, 1e-9);
  }

 private:
  double start_ = Seconds();
  CpuTimes before_ = CpuTimes::Now();
};

/// Measurements of several variants, taken in turn: A B C A B C ...
struct Rounds {
  std::vector<std::vector<double>> seconds;  ///< By variant, then by round.
  size_t quiet = 0;                          ///< Rounds that count.
  size_t taken = 0;

  double Median(size_t variant) const { return bench::Median(seconds[variant]); }
  double Min(size_t variant) const { return bench::Min(seconds[variant]); }
  /// The median of the rounds' own ratios: what slows a whole round down does not matter.
  double Ratio(size_t variant, size_t base) const {
    std::vector<double> ratios;
    for (size_t i = 0; i < seconds[base].size(); ++i) {
      ratios.push_back(seconds[variant][i] / seconds[base][i]);
    }
    return bench::Median(ratios);
  }
};

/// Rounds in which other processes took less than this share of a core count.
inline constexpr double kQuietLoad = 0.1;

/// Calls every variant in turn until `count` rounds were quiet or `max_seconds` are over. Where the
/// machine was hardly ever quiet, the quietest rounds count. A variant returns its seconds.
inline Rounds Interleave(size_t count, double max_seconds,
                         const std::vector<std::function<double()>>& variants) {
  struct Round {
    double load;
    std::vector<double> seconds;
  };
  std::vector<Round> all;
  size_t quiet = 0;
  const double end = Seconds() + max_seconds;
  while (quiet < count && (all.size() < 5 || Seconds() < end)) {
    const Neighbours neighbours;
    std::vector<double> seconds(variants.size());
    // The order turns, so that none is always the one after a certain other.
    for (size_t k = 0; k < variants.size(); ++k) {
      const size_t variant = (all.size() + k) % variants.size();
      seconds[variant] = variants[variant]();
    }
    all.push_back({neighbours.Load(), std::move(seconds)});
    if (all.back().load < kQuietLoad) ++quiet;
  }
  Rounds rounds;
  rounds.quiet = quiet;
  rounds.taken = all.size();
  std::stable_sort(all.begin(), all.end(),
                   [](const Round& a, const Round& b) { return a.load < b.load; });
  all.resize(std::min(all.size(), std::max({quiet, all.size() / 4, size_t{5}})));
  rounds.seconds.resize(variants.size());
  for (const Round& round : all) {
    for (size_t k = 0; k < variants.size(); ++k) rounds.seconds[k].push_back(round.seconds[k]);
  }
  return rounds;
}

// ---- The report. ----

/// What a program has measured: tables, and figures that must have a certain value. Handles
/// `--json FILE` and `--check`.
class Report {
 public:
  Report(std::string name, int argc, char** argv) : name_(std::move(name)) {
    for (int i = 1; i < argc; ++i) {
      const std::string_view argument = argv[i];
      if (argument == "--check") {
        check_ = true;
      } else if (argument == "--json" && i + 1 < argc) {
        json_ = argv[++i];
      } else {
        fmt::print(stderr, "usage: {} [--json FILE] [--check]\n", argv[0]);
        std::exit(argument == "--help" ? 0 : 2);
      }
    }
  }

  /// Long programs: everything goes to standard error and into the JSON file as it comes, beside
  /// what `Finish` does.
  void ShowAtOnce() { at_once_ = true; }

  /// The first call for a title names the columns.
  void Row(const std::string& title, const std::vector<std::string>& columns,
           std::vector<std::string> cells) {
    if (at_once_) Show(fmt::format("{}: {}", title, fmt::join(cells, "  ")));
    for (nlohmann::ordered_json& table : tables_) {
      if (table["title"] == title) return table["rows"].push_back(std::move(cells));
    }
    tables_.push_back({{"title", title}, {"columns", columns}});
    tables_.back()["rows"].push_back(std::move(cells));
  }

  void AtMost(const std::string& what, double value, double limit) {
    Figure(what, value, limit, "at most", value <= limit);
  }
  void AtLeast(const std::string& what, double value, double limit) {
    Figure(what, value, limit, "at least", value >= limit);
  }
  /// A version that the figures depend on.
  void Version(const std::string& of, std::string version) { versions_[of] = std::move(version); }
  void Note(std::string text) { notes_.push_back(std::move(text)); }

  /// Prints and writes everything; the exit status of the program.
  int Finish() {
    for (const auto& table : tables_) PrintTable(table);
    fmt::print("\n");
    for (const auto& note : notes_) fmt::print("{}\n", note.get<std::string>());
    bool passed = true;
    for (const auto& figure : figures_) {
      const bool ok = figure["ok"];
      passed = passed && ok;
      fmt::print("{}\n", Line(figure));
    }
    const double load = neighbours_.Load();
    fmt::print("other processes used {:.2f} cores meanwhile\n", load);
    if (!Save()) {
      fmt::print(stderr, "cannot write {}\n", json_);
      return 2;
    }
    return passed || !check_ ? 0 : 1;
  }

 private:
  void Show(const std::string& text) const {
    fmt::print(stderr, "{:7.1f} s  {}\n", Seconds() - start_, text);
  }
  /// What there is so far.
  bool Save() {
    if (json_.empty()) return true;
    versions_["webnn"] = std::string(webnn::Version());
    versions_["compiler"] = Compiler();
    std::ofstream out(json_);
    out << nlohmann::ordered_json{{"program", name_},
                                  {"date", Date()},
                                  {"machine", Machine()},
                                  {"versions", versions_},
                                  {"load", fmt::format("{:.2f}", neighbours_.Load())},
                                  {"figures", figures_},
                                  {"notes", notes_},
                                  {"tables", tables_}}
               .dump(2)
        << "\n";
    return out.good();
  }
  static std::string Date() {
    const std::time_t now = std::time(nullptr);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d", std::gmtime(&now));
    return text;
  }
  static std::string Compiler() {
#if defined(__clang__)
    return fmt::format("Clang {}", __clang_version__);
#elif defined(__GNUC__)
    return fmt::format("GCC {}", __VERSION__);
#else
    return "unknown";
#endif
  }
  static nlohmann::ordered_json Machine() {
    std::string model = "unknown";
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
      if (line.starts_with("model name")) {
        model = line.substr(line.find(':') + 2);
        break;
      }
    }
    std::string memory = "unknown";
    std::ifstream meminfo("/proc/meminfo");
    std::string word;
    uint64_t kilobytes = 0;
    if (meminfo >> word >> kilobytes) memory = fmt::format("{} GiB", (kilobytes + 524288) >> 20);
    return {{"cpu", model}, {"cores", std::thread::hardware_concurrency()}, {"memory", memory}};
  }

  static std::string Line(const nlohmann::ordered_json& figure) {
    return fmt::format("{}: {} is {}, must be {} {}", figure["ok"].get<bool>() ? "ok" : "MISSED",
                       figure["what"].get<std::string>(), figure["value"].get<std::string>(),
                       figure["bound"].get<std::string>(), figure["limit"].get<std::string>());
  }

  void Figure(const std::string& what, double value, double limit, const char* bound, bool ok) {
    figures_.push_back({{"what", what},
                        {"value", fmt::format("{:.6g}", value)},
                        {"bound", bound},
                        {"limit", fmt::format("{}", limit)},
                        {"ok", ok}});
    if (!at_once_) return;
    Show(Line(figures_.back()));
    Save();
  }

  static void PrintTable(const nlohmann::ordered_json& table) {
    std::vector<std::vector<std::string>> rows = {table["columns"]};
    for (const auto& row : table["rows"]) rows.push_back(row);
    std::vector<size_t> widths(rows.front().size(), 0);
    for (const auto& row : rows) {
      for (size_t k = 0; k < row.size(); ++k) widths[k] = std::max(widths[k], row[k].size());
    }
    fmt::print("\n{}\n", table["title"].get<std::string>());
    for (const auto& row : rows) {
      for (size_t k = 0; k < row.size(); ++k) {
        const std::string space(widths[k] - row[k].size(), ' ');
        fmt::print("  {}", k == 0 ? row[k] + space : space + row[k]);
      }
      fmt::print("\n");
    }
  }

  const std::string name_;
  std::string json_;
  bool check_ = false;
  bool at_once_ = false;
  double start_ = Seconds();
  nlohmann::ordered_json tables_ = nlohmann::ordered_json::array();
  nlohmann::ordered_json figures_ = nlohmann::ordered_json::array();
  nlohmann::ordered_json notes_ = nlohmann::ordered_json::array();
  nlohmann::ordered_json versions_;
  Neighbours neighbours_;
};

}  // namespace webnn::bench
