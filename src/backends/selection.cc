#include "backends/selection.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/errors.h"
#include "core/try.h"

namespace webnn {
namespace {

bool IsCudaDevice(std::string_view device) { return device.starts_with("cuda"); }

// The candidates in the order in which they are tried.
Result<std::vector<const BackendEntry*>> Order(std::span<const BackendEntry> entries,
                                               const ContextOptions& options) {
  std::vector<const BackendEntry*> order;
  std::string known;
  for (const BackendEntry& entry : entries) {
    order.push_back(&entry);
    known += fmt::format("{}{}", known.empty() ? "" : ", ", entry.name);
  }
  if (options.backend.empty()) {
    if (options.power_preference == PowerPreference::kLowPower) {
      std::stable_partition(order.begin(), order.end(),
                            [](const BackendEntry* entry) { return !entry->cuda; });
    }
    return order;
  }
  const auto named = std::find_if(order.begin(), order.end(), [&](const BackendEntry* entry) {
    return entry->name == options.backend;
  });
  if (named == order.end()) {
    return NotSupported("there is no back end \"{}\"; there are {}", options.backend, known);
  }
  if (options.fallback == Fallback::kNone) return std::vector{*named};
  // Whoever asks for the processor does not get a GPU's precision instead.
  const bool cuda = (*named)->cuda;
  std::rotate(order.begin(), named, order.end());
  std::erase_if(order, [&](const BackendEntry* entry) { return entry->cuda && !cuda; });
  return order;
}

std::string_view WithoutPrefix(std::string_view message, std::string_view name) {
  if (message.starts_with(name) && message.substr(name.size()).starts_with(": ")) {
    message.remove_prefix(name.size() + 2);
  }
  return message;
}

std::string NameOf(const Candidate& candidate) {
  std::string text = candidate.backend;
  if (!candidate.version.empty()) text += " " + candidate.version;
  if (!candidate.device.empty()) text += ", device " + candidate.device;
  return text;
}

}  // namespace

Result<Selection> Selection::Make(std::span<const BackendEntry> entries, ContextOptions options) {
  WEBNN_ASSIGN_OR_RETURN(std::vector<const BackendEntry*> order, Order(entries, options));
  return Selection(std::move(order), std::move(options));
}

Selection::Selection(std::vector<const BackendEntry*> entries, ContextOptions options)
    : entries_(std::move(entries)), options_(std::move(options)) {
  for (const BackendEntry* entry : entries_) {
    candidates_.push_back({.backend = std::string(entry->name)});
  }
}

ContextOptions Selection::OptionsFor(size_t index) const {
  ContextOptions options = options_;
  // The path is that of the back end that was named.
  if (!options.backend.empty() && index > 0) options.library_path.clear();
  return options;
}

std::string Selection::Unwanted(const BackendEntry& entry) const {
  if (options_.backend.empty() && !options_.accelerated && entry.cuda) {
    return "the context is not to use a GPU (accelerated = false)";
  }
  if (options_.device.empty() || IsCudaDevice(options_.device) == entry.cuda) return {};
  // Its own message lists its devices.
  if (entry.name == options_.backend) return {};
  return fmt::format("it has no device \"{}\", which was asked for", options_.device);
}

void Selection::Refuse(size_t index, CandidateState state, const std::string& message,
                       bool wanted) {
  Candidate& candidate = candidates_[index];
  candidate.state = state;
  candidate.reason = WithoutPrefix(message, candidate.backend);
  if (wanted && !warns()) cause_ = index;
}

void Selection::Choose(size_t index) {
  Candidate& candidate = candidates_[index];
  candidate.state = CandidateState::kChosen;
  const bool named = candidate.backend == options_.backend;
  candidate.reason = named        ? "by name"
                     : index == 0 ? "the preferred one works here"
                                  : "the first that works here";
}

bool Selection::Try(size_t index) {
  const BackendEntry& entry = *entries_[index];
  Candidate& candidate = candidates_[index];
  if (const std::string reason = Unwanted(entry); !reason.empty()) {
    Refuse(index, CandidateState::kRefused, reason, false);
    return false;
  }
  // What was named is opened at once: its own error says most.
  if (entry.probe == nullptr || entry.name == options_.backend) return true;
  const BackendStatus status = entry.probe(OptionsFor(index), false);
  candidate.device = status.device;
  candidate.version = status.version;
  if (status.available) return true;
  // A GPU that nothing uses is worth a word; a machine without one is not.
  Refuse(index, CandidateState::kRefused, status.reason, !status.device.empty());
  return false;
}

Result<std::unique_ptr<Backend>> Selection::Next() {
  while (next_ < entries_.size()) {
    const size_t index = next_++;
    if (!Try(index)) continue;
    const BackendEntry& entry = *entries_[index];
    Candidate& candidate = candidates_[index];
    Result<std::unique_ptr<Backend>> backend = entry.open(OptionsFor(index));
    if (backend) {
      candidate.device = (*backend)->device();
      candidate.version = (*backend)->version();
      Choose(index);
      return backend;
    }
    const bool named = entry.name == options_.backend;
    // Without a probe, opening is the probe.
    const bool chosen = named || entry.probe != nullptr;
    Refuse(index, chosen && !named ? CandidateState::kFailed : CandidateState::kRefused,
           backend.error().message, chosen);
    if (options_.fallback == Fallback::kBackend || !chosen) continue;
    if (!named) {
      backend.error().message +=
          " (With the option fallback = backend the context goes on to the next back end.)";
    }
    return std::move(backend.error());
  }
  return NoneLeft();
}

void Selection::Probe() {
  while (next_ < entries_.size()) {
    const size_t index = next_++;
    const BackendEntry& entry = *entries_[index];
    Candidate& candidate = candidates_[index];
    if (const std::string reason = Unwanted(entry); !reason.empty()) {
      Refuse(index, CandidateState::kRefused, reason, false);
      continue;
    }
    BackendStatus status;
    if (entry.probe != nullptr) {
      status = entry.probe(OptionsFor(index), false);
    } else if (const auto backend = entry.open(OptionsFor(index))) {
      status.available = true;
      status.device = (*backend)->device();
      status.version = (*backend)->version();
    } else {
      status.reason = backend.error().message;
    }
    candidate.device = status.device;
    candidate.version = status.version;
    if (status.available) return Choose(index);
    Refuse(index, CandidateState::kRefused, status.reason, !status.device.empty());
  }
}

void Selection::Fail(const Error& error) {
  Refuse(next_ - 1, CandidateState::kFailed, error.message, true);
}

std::string Selection::Warning() const {
  const Candidate& cause = candidates_[cause_];
  const Candidate& chosen = candidates_[next_ - 1];
  return fmt::format("{} {}: {}\nThe context uses {} instead.", cause.backend,
                     cause.state == CandidateState::kFailed ? "failed" : "cannot be used",
                     cause.reason, NameOf(chosen));
}

Error Selection::NoneLeft() const {
  // Asked for by name and alone: its own error said most, and was given.
  return NotSupported(
      "no back end works here; for the CPU `pip install openvino` or `pip install onnxruntime` is "
      "enough. What was tried:\n{}",
      ToString(candidates_));
}

std::string ToString(std::span<const Candidate> candidates) {
  std::string text;
  std::string others;
  std::string_view last_reason;
  for (const Candidate& candidate : candidates) {
    // TensorRT and TensorRT-RTX mostly lack the same driver.
    const std::string_view reason =
        candidate.reason == last_reason ? "the same" : std::string_view(candidate.reason);
    last_reason = candidate.reason;
    switch (candidate.state) {
      case CandidateState::kNotTried:
        others += fmt::format("{}{}", others.empty() ? "" : ", ", candidate.backend);
        continue;
      case CandidateState::kChosen:
        text += fmt::format("{}: chosen, {}\n", NameOf(candidate), candidate.reason);
        continue;
      case CandidateState::kRefused:
        text += fmt::format("{}: not taken: {}\n", NameOf(candidate), reason);
        continue;
      case CandidateState::kFailed:
        text += fmt::format("{}: taken, but failed: {}\n", NameOf(candidate), reason);
        continue;
    }
  }
  if (!others.empty()) text += fmt::format("not tried: {}\n", others);
  return text;
}

}  // namespace webnn
