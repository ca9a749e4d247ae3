#include "conformance/known.h"

#include <algorithm>
#include <optional>
#include <sstream>

#include "core/errors.h"

namespace webnn::conformance {
namespace {

constexpr size_t kCells = 4;

std::string Trim(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r`");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r`") - begin + 1);
}

// The cells of "| a | b |".
std::vector<std::string> Split(const std::string& line) {
  std::vector<std::string> cells;
  std::string cell;
  for (size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cell += line[++i];
    } else if (line[i] == '|') {
      cells.push_back(Trim(cell));
      cell.clear();
    } else {
      cell += line[i];
    }
  }
  if (!Trim(cell).empty()) cells.push_back(Trim(cell));
  return cells;
}

bool IsRule(const std::vector<std::string>& cells) {
  return !cells.empty() && std::all_of(cells.begin(), cells.end(), [](const std::string& cell) {
    return !cell.empty() && cell.find_first_not_of("-: ") == std::string::npos;
  });
}

std::optional<CaseKind> KindOfHeading(const std::string& line) {
  const size_t text = line.find_first_not_of("# ");
  const std::string heading = text == std::string::npos ? "" : Trim(line.substr(text));
  if (heading == "Known failures") return CaseKind::kConformance;
  if (heading == "Validation exceptions") return CaseKind::kValidation;
  return std::nullopt;
}

template <class Case>
bool HasName(const std::vector<Case>& cases, const std::string& name) {
  return std::any_of(cases.begin(), cases.end(), [&](const Case& one) { return one.name == name; });
}

std::vector<std::string> Names(const std::string& cell) {
  std::vector<std::string> names;
  std::istringstream parts(cell);
  for (std::string part; std::getline(parts, part, ',');) names.push_back(Trim(part));
  return names;
}

}  // namespace

bool KnownCase::IsFor(std::string_view backend) const {
  return std::any_of(backends.begin(), backends.end(), [&](const std::string& name) {
    return name == "all" || name == backend || backend == "all";
  });
}

Result<KnownList> KnownList::Parse(const std::string& text) {
  KnownList list;
  std::optional<CaseKind> kind;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.starts_with("#")) kind = KindOfHeading(line);
    if (!kind || !line.starts_with("|")) continue;
    const std::vector<std::string> cells = Split(line);
    if (IsRule(cells) || (!cells.empty() && cells[0] == "file")) continue;
    const bool whole =
        cells.size() == kCells &&
        std::none_of(cells.begin(), cells.end(), [](const auto& cell) { return cell.empty(); });
    if (!whole) {
      return TypeError("line {}: a row needs four cells: file, case, back end, reason", number);
    }
    const KnownCase row{*kind, cells[0], cells[1], Names(cells[2]), cells[3], number};
    for (const KnownCase& other : list.rows_) {
      const bool same_case = other.file == row.file && other.name == row.name;
      if (same_case && std::any_of(row.backends.begin(), row.backends.end(),
                                   [&](const auto& name) { return other.IsFor(name); })) {
        return TypeError("line {}: this case is already listed in line {}", number, other.line);
      }
    }
    list.rows_.push_back(row);
  }
  return list;
}

const KnownCase* KnownList::Find(std::string_view file, std::string_view name, CaseKind kind,
                                 std::string_view backend) const {
  for (const KnownCase& row : rows_) {
    if (row.kind == kind && row.name == name && row.file == file && row.IsFor(backend)) {
      return &row;
    }
  }
  return nullptr;
}

void KnownList::Apply(CaseResult& result, std::string_view backend, std::string_view shown) const {
  const KnownCase* row = Find(result.file, result.name, result.kind, backend);
  if (row == nullptr) return;
  if (!result.ok()) {
    result.status = Status::kKnown;
    return;
  }
  result.status = Status::kFailed;
  result.error = fmt::format("passes, but {} lists it as known: remove line {}", shown, row->line);
}

std::vector<std::string> KnownList::Stale(const std::vector<CaseFile>& files,
                                          const std::vector<std::string>& whole_folders,
                                          std::string_view shown) const {
  std::vector<std::string> stale;
  for (const KnownCase& row : rows_) {
    const auto file = std::find_if(files.begin(), files.end(),
                                   [&](const CaseFile& one) { return one.name == row.file; });
    const bool must_be_here =
        file != files.end() || std::find(whole_folders.begin(), whole_folders.end(),
                                         FolderOf(row.file)) != whole_folders.end();
    const bool found = file != files.end() &&
                       (row.kind == CaseKind::kConformance ? HasName(file->conformance, row.name)
                                                           : HasName(file->validation, row.name));
    if (must_be_here && !found) {
      stale.push_back(fmt::format("{}:{}: there is no {} case \"{}\" in {}: remove the line", shown,
                                  row.line, Name(row.kind), row.name, row.file));
    }
  }
  return stale;
}

}  // namespace webnn::conformance
