#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/case_file.h"
#include "conformance/case_result.h"
#include "webnn/result.h"

/// The reviewed list of cases that are known to fail, kept as tables in a Markdown file:
///
///     ## Known failures            (conformance cases)
///     ## Validation exceptions     (validation cases)
///
///     | file | case | back end | reason |
///     | --- | --- | --- | --- |
///     | conformance/gelu.json | the name of the case | all | why it fails and how far off it is |
///
/// The back end is "all", a name, or several: "onnxruntime, openvino".
/// Other text and other headings are for people. `\|` stands for a bar.
namespace webnn::conformance {

struct KnownCase {
  CaseKind kind = CaseKind::kConformance;
  std::string file;
  std::string name;
  std::vector<std::string> backends;  ///< Or "all".
  std::string reason;
  int line = 0;
  bool IsFor(std::string_view backend) const;
};

class KnownList {
 public:
  KnownList() = default;
  /// Errors name the line: a row without its four cells, without a reason, or given twice.
  static Result<KnownList> Parse(const std::string& text);

  const std::vector<KnownCase>& rows() const { return rows_; }
  const KnownCase* Find(std::string_view file, std::string_view name, CaseKind kind,
                        std::string_view backend) const;

  /// Marks a failure that is listed as known, and a listed case that passes as failed. `shown` is
  /// the name of the list in messages.
  void Apply(CaseResult& result, std::string_view backend, std::string_view shown) const;

  /// One message for each row that names no case: its file was loaded without it, or the whole
  /// folder was (`whole_folders`) and the file is not there.
  std::vector<std::string> Stale(const std::vector<CaseFile>& files,
                                 const std::vector<std::string>& whole_folders,
                                 std::string_view shown) const;

 private:
  std::vector<KnownCase> rows_;
};

}  // namespace webnn::conformance
