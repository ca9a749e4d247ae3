#include "cli/compilation.h"

#include <atomic>
#include <csignal>
#include <utility>

#include "cli/errors.h"

namespace webnn::cli {
namespace {

// Set by the signal's handler, which may do little more than that.
std::atomic<bool> is_interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);
struct sigaction previous_action = {};

void NoteInterrupt(int) { is_interrupted.store(true, std::memory_order_relaxed); }

Error Interrupted() { return {ErrorCode::kAborted, "interrupted", std::string(kInterruptedRule)}; }

CompileOptions Watched(const Context& context, CompileWatch& watch) {
  CompileOptions options = context.options().compile;
  options.progress = watch.callback();
  return options;
}

bool IsVerbose(const Context& context) { return context.options().log_level <= LogLevel::kInfo; }

}  // namespace

CompileWatch::CompileWatch(std::string_view command, bool verbose)
    : command_(command), verbose_(verbose) {
  is_interrupted = false;
  struct sigaction action = {};
  action.sa_handler = &NoteInterrupt;
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  sigaction(SIGINT, &action, &previous_action);
  // Who ignores it, as a shell's background jobs do, is not to be interrupted.
  if (previous_action.sa_handler == SIG_IGN) sigaction(SIGINT, &previous_action, nullptr);
}

CompileWatch::~CompileWatch() { sigaction(SIGINT, &previous_action, nullptr); }

bool CompileWatch::interrupted() { return is_interrupted.load(std::memory_order_relaxed); }

ProgressCallback CompileWatch::callback() {
  return [this](const CompileProgress& progress) { return Show(progress); };
}

bool CompileWatch::Show(const CompileProgress& progress) {
  using std::chrono::milliseconds;
  const bool terminal = StandardError().is_terminal;
  const auto now = std::chrono::steady_clock::now();
  const bool due = now - shown_ >= (terminal ? milliseconds(100) : milliseconds(500));
  if ((terminal || verbose_) && (due || phase_ != progress.phase)) {
    shown_ = now;
    phase_ = progress.phase;
    if (terminal) {
      bar_.Show(progress.fraction, fmt::format("{}, {:.0f} s", progress.phase, progress.seconds));
    } else {
      Note(command_, fmt::format("compiling: {} {:.0f} %, {:.1f} s", progress.phase,
                                 progress.fraction * 100, progress.seconds));
    }
  }
  return !interrupted();
}

Result<Graph> CompileGraph(std::string_view command, const Context& context,
                           const GraphDefinition& definition) {
  CompileWatch watch(command, IsVerbose(context));
  Result<Graph> graph = context.Compile(definition, Watched(context, watch));
  if (CompileWatch::interrupted()) return Interrupted();
  return graph;
}

Result<void> CompileFile(std::string_view command, const Context& context,
                         const GraphDefinition& definition, const std::string& path) {
  CompileWatch watch(command, IsVerbose(context));
  Result<void> written = context.CompileToFile(definition, path, Watched(context, watch));
  // A file that is whole is not taken back.
  if (!written && CompileWatch::interrupted()) return Interrupted();
  return written;
}

}  // namespace webnn::cli
