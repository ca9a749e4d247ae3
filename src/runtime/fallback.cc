#include <algorithm>
#include <utility>

#include "core/errors.h"
#include "runtime/impl.h"

/// How a context goes on to another back end: as a whole, while nothing of it lives on the first.
namespace webnn {
namespace {

// What another back end may do better. The rest is the caller's: arguments, cancelling, the end.
bool IsOfTheBackEnd(ErrorCode code) {
  return code == ErrorCode::kNotSupported || code == ErrorCode::kOperation ||
         code == ErrorCode::kUnknown;
}

void Log(const ContextOptions& options, LogLevel level, std::string_view message) {
  if (options.log && level >= options.log_level) options.log(level, message);
}

std::string Count(size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

void ContextImpl::Follow(Selection selection) {
  const std::lock_guard lock(fallback_mutex_);
  {
    const std::lock_guard state(mutex_);
    candidates_ = selection.candidates();
  }
  Log(options_, LogLevel::kInfo, ToString(selection.candidates()));
  Warn(selection);
  selection.ClearWarning();
  if (options_.fallback == Fallback::kBackend) selection_ = std::move(selection);
}

void ContextImpl::Warn(const Selection& selection) {
  if (options_.fallback == Fallback::kNone || !selection.warns()) return;
  std::string warning = selection.Warning();
  Log(options_, LogLevel::kWarning, warning);
  const std::lock_guard lock(mutex_);
  fallbacks_.push_back(std::move(warning));
}

std::string ContextImpl::WhyItStays() const {
  const size_t graphs = std::count_if(graphs_.begin(), graphs_.end(), [](const auto& known) {
    const auto graph = known.lock();
    return graph != nullptr && graph->compiled() != nullptr;
  });
  const size_t tensors = std::count_if(tensors_.begin(), tensors_.end(), [](const auto& known) {
    const auto tensor = known.lock();
    // Those of constants are bytes of the host, which any back end takes.
    return tensor != nullptr && !tensor->constant &&
           !tensor->destroyed.load(std::memory_order_acquire);
  });
  if (graphs == 0 && tensors == 0) return {};
  return fmt::format(
      "The context cannot go on to another back end, since it has {} and {} on this one: build "
      "graphs before making tensors, or each in a context of its own.",
      Count(graphs, "graph"), Count(tensors, "tensor"));
}

std::string ContextImpl::Move(std::unique_ptr<const Engine> engine, const Selection& selection) {
  const std::lock_guard lock(mutex_);
  std::string why = WhyItStays();
  if (why.empty() && engine != nullptr) {
    candidates_ = selection.candidates();
    engine_.store(engine.get(), std::memory_order_release);
    engines_.push_back(std::move(engine));
  }
  return why;
}

Result<std::optional<Graph>> ContextImpl::FallBack(const Engine& from, Error error,
                                                   const GraphDefinition& definition,
                                                   const CompileOptions& options) {
  const std::lock_guard one_at_a_time(fallback_mutex_);
  if (!selection_ || !IsOfTheBackEnd(error.code)) {
    return Noting(Result<std::optional<Graph>>(std::move(error)));
  }
  // Another thread's build has moved the context already.
  if (&from != &engine()) return std::optional<Graph>();
  const auto stay = [&](std::string_view why) {
    error.message += fmt::format("\n{}", why);
    return Noting(Result<std::optional<Graph>>(std::move(error)));
  };
  if (const std::string why = Move(nullptr, *selection_); !why.empty()) return stay(why);
  // Kept only when it leads somewhere: a later graph may fare better where this one failed.
  Selection selection = *selection_;
  selection.Fail(error);
  for (;;) {
    Result<std::unique_ptr<Backend>> next = selection.Next();
    if (!next) {
      return stay("No other back end could take its place:\n" + ToString(selection.candidates()));
    }
    std::unique_ptr<const Engine> engine = MakeEngine(*std::move(next));
    auto compiled = engine->backend().Compile(definition.data(), options);
    if (!compiled) {
      if (!IsOfTheBackEnd(compiled.error().code)) return std::move(compiled.error());
      selection.Fail(compiled.error());
      continue;
    }
    if (const std::string why = Move(std::move(engine), selection); !why.empty()) return stay(why);
    Warn(selection);
    selection.ClearWarning();
    selection_ = std::move(selection);
    return Adopt(this->engine(), *std::move(compiled), {definition.inputs(), definition.outputs()});
  }
}

}  // namespace webnn
