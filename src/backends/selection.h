#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backends/backend.h"
#include "webnn/context.h"
#include "webnn/devices.h"

/// Which back ends a context may take, in which order, and what became of each.
namespace webnn {

/// A walk along the candidates for one context. Copies are independent.
class Selection {
 public:
  /// The candidates: what was named first, else in the order of `entries` as the hints have it.
  /// NotSupported when there is no back end of the name.
  static Result<Selection> Make(std::span<const BackendEntry> entries, ContextOptions options);

  /// Opens the next candidate that can be used and notes what was tried on the way. NotSupported
  /// when there is none left; with `Fallback::kNone`, the error of the one that was named or
  /// chosen.
  Result<std::unique_ptr<Backend>> Next();
  /// As `Next`, without opening what has a probe: no context is made on a GPU.
  void Probe();
  /// The candidate that `Next` gave has failed.
  void Fail(const Error& error);

  const std::vector<Candidate>& candidates() const { return candidates_; }
  /// Whether something that is here, or was asked for by name, was passed over: the user wants to
  /// know.
  bool warns() const { return cause_ < candidates_.size(); }
  /// "tensorrt cannot be used: ...; the context runs on openvino ..." Call only when `warns`.
  std::string Warning() const;
  /// `Warning` tells only of what comes after.
  void ClearWarning() { cause_ = static_cast<size_t>(-1); }

 private:
  Selection(std::vector<const BackendEntry*> entries, ContextOptions options);
  ContextOptions OptionsFor(size_t index) const;
  /// Why the options keep the entry out, or nothing.
  std::string Unwanted(const BackendEntry& entry) const;
  /// Refuses the candidate, or returns true when it may be opened.
  bool Try(size_t index);
  void Refuse(size_t index, CandidateState state, const std::string& message, bool wanted);
  void Choose(size_t index);
  Error NoneLeft() const;

  std::vector<const BackendEntry*> entries_;
  std::vector<Candidate> candidates_;
  ContextOptions options_;
  size_t next_ = 0;
  size_t cause_ = static_cast<size_t>(-1);  // the first candidate to warn of
};

}  // namespace webnn
