#include "conformance/known.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace webnn::conformance {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kText = R"(# Title

| file | case | back end | reason |
| --- | --- | --- | --- |
| this/table.json | is not read | all | it stands under another heading |

## Known failures

| file | case | back end | reason |
| :--- | --- | --- | --- |
| `c/a.json` | one \| two | all | 34 ULP |
| c/a.json | three | other | 3 ULP |

## Validation exceptions

| file | case | back end | reason |
| --- | --- | --- | --- |
| v/b.json | four #2 | all | newer |

## Notes

| free | table |
)";

CaseResult Result(std::string file, std::string name, CaseKind kind, Status status) {
  return {.file = std::move(file), .name = std::move(name), .kind = kind, .status = status};
}

TEST(KnownListTest, ReadsTheTwoTables) {
  const KnownList list = KnownList::Parse(kText).value();
  ASSERT_EQ(list.rows().size(), 3u);
  EXPECT_EQ(list.rows()[0].file, "c/a.json");
  EXPECT_EQ(list.rows()[0].name, "one | two");
  EXPECT_EQ(list.rows()[0].line, 11);
  EXPECT_EQ(list.rows()[2].kind, CaseKind::kValidation);
}

TEST(KnownListTest, AFailureThatIsListedIsKnown) {
  const KnownList list = KnownList::Parse(kText).value();
  CaseResult result = Result("c/a.json", "one | two", CaseKind::kConformance, Status::kFailed);
  list.Apply(result, "any", "list.md");
  EXPECT_EQ(result.status, Status::kKnown);
}

TEST(KnownListTest, AListedCaseThatPassesFails) {
  const KnownList list = KnownList::Parse(kText).value();
  CaseResult result = Result("v/b.json", "four #2", CaseKind::kValidation, Status::kPassed);
  list.Apply(result, "any", "list.md");
  EXPECT_EQ(result.status, Status::kFailed);
  EXPECT_THAT(result.error, HasSubstr("list.md"));
  EXPECT_THAT(result.error, HasSubstr("remove line"));
}

TEST(KnownListTest, OtherFailuresStayFailures) {
  const KnownList list = KnownList::Parse(kText).value();
  CaseResult other_name = Result("c/a.json", "one", CaseKind::kConformance, Status::kFailed);
  CaseResult other_file = Result("c/b.json", "one | two", CaseKind::kConformance, Status::kFailed);
  CaseResult other_kind = Result("c/a.json", "one | two", CaseKind::kValidation, Status::kFailed);
  CaseResult other_backend = Result("c/a.json", "three", CaseKind::kConformance, Status::kFailed);
  for (CaseResult* result : {&other_name, &other_file, &other_kind, &other_backend}) {
    list.Apply(*result, "onnxruntime", "list.md");
    EXPECT_EQ(result->status, Status::kFailed) << result->file << result->name;
  }
  list.Apply(other_backend, "other", "list.md");
  EXPECT_EQ(other_backend.status, Status::kKnown);
}

TEST(KnownListTest, ARowMayNameSeveralBackEnds) {
  const KnownList list =
      KnownList::Parse("## Known failures\n| c/a.json | one | first, `second` | why |\n").value();
  for (const char* backend : {"first", "second", "third", "first, `second`", ""}) {
    CaseResult result = Result("c/a.json", "one", CaseKind::kConformance, Status::kFailed);
    list.Apply(result, backend, "list.md");
    const bool listed = backend == std::string("first") || backend == std::string("second");
    EXPECT_EQ(result.status, listed ? Status::kKnown : Status::kFailed) << backend;
  }
  // Where the back end is not listed, the case may pass.
  CaseResult passed = Result("c/a.json", "one", CaseKind::kConformance, Status::kPassed);
  list.Apply(passed, "third", "list.md");
  EXPECT_EQ(passed.status, Status::kPassed);
}

TEST(KnownListTest, ARowWithoutItsCaseIsStale) {
  const KnownList list = KnownList::Parse(kText).value();
  CaseFile file{.name = "c/a.json", .kind = CaseKind::kConformance};
  file.conformance.push_back({.name = "three"});
  EXPECT_THAT(list.Stale({file}, {}, "list.md"), ElementsAre(HasSubstr("one | two")));
  file.conformance.push_back({.name = "one | two"});
  EXPECT_THAT(list.Stale({file}, {}, "list.md"), IsEmpty());
  // The folder v was given as a whole, so that its file b.json is missing.
  EXPECT_THAT(list.Stale({file}, {"v"}, "list.md"), ElementsAre(HasSubstr("v/b.json")));
}

TEST(KnownListTest, RefusesIncompleteAndDoubleRows) {
  const std::string head = "## Known failures\n";
  for (const char* rows :
       {"| a | b | all |\n", "| a | b | all | |\n", "| a | b | all | c | d |\n", "|\n",
        "| a | b | all | c |\n| a | b | x | c |\n", "| a | b | y, x | c |\n| a | b | x | c |\n",
        "| a | b | y | c |\n| a | b | x, all | c |\n"}) {
    EXPECT_FALSE(KnownList::Parse(head + rows).ok()) << rows;
  }
  EXPECT_TRUE(KnownList::Parse(head + "| a | b | y | c |\n| a | b | x | c |\n").ok());
}

}  // namespace
}  // namespace webnn::conformance
