#pragma once

#include <thread>

#include "harness.h"
#include "models.h"
#include "webnn_session.h"

namespace webnn::bench {

/// Two threads that dispatch one graph, each with tensors of its own and one thread inside the
/// operators, against one thread that does as much. `backend` runs on the CPU.
inline void MeasureTwoThreads(Report& report, const char* backend, double seconds) {
  constexpr int kDispatches = 20;
  Weights weights;
  const Context context = Must(Context::Create({.backend = backend, .threads = 1, .cache = false}));
  const Graph graph = Must(context.Compile(ConvStack(weights)));
  WebnnSession first(context, graph);
  WebnnSession second(context, graph);
  const auto bytes = weights.Random(64 * 56 * 56, 1.0f);
  for (WebnnSession* session : {&first, &second}) {
    session->Write(0, bytes);
    session->Dispatch();
  }
  const auto work = [](WebnnSession& session) {
    for (int i = 0; i < kDispatches; ++i) session.Dispatch();
  };
  // Seconds for one dispatch of the throughput.
  const auto one = [&] { return Time([&] { work(first); }) / kDispatches; };
  const auto two = [&] {
    return Time([&] {
             std::thread other([&] { work(second); });
             work(first);
             other.join();
           }) /
           (2 * kDispatches);
  };
  const Rounds rounds = Interleave(30, seconds, {one, two});
  const double gain = 1 / rounds.Ratio(1, 0);
  const std::string title = "Four 3x3 convolutions of 64 channels, 56x56, one thread an operator";
  const auto row = [&](const char* name, size_t k, double ratio) {
    report.Row(title, {"", "dispatches a second, median", "most", "ratio"},
               {name, fmt::format("{:.1f}", 1 / rounds.Median(k)),
                fmt::format("{:.1f}", 1 / rounds.Min(k)), fmt::format("{:.3f}", ratio)});
  };
  row("one thread", 0, 1);
  row("two threads", 1, gain);
  report.Note(fmt::format("threads: {} rounds of {} and 2 x {} dispatches, {} of them quiet",
                          rounds.taken, kDispatches, kDispatches, rounds.quiet));
  report.AtLeast("throughput of two threads / of one", gain, 1.8);
}

}  // namespace webnn::bench
