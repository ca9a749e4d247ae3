#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/ops/calls.h"

/// The table against the specification's facts (`webnn-ops.json`, which lies beside the repository;
/// WEBNN_OPS_JSON names another place), against include/webnn/ops.h, and against the conformance
/// cases. Where the specification contradicts itself, its algorithms count, and the differences are
/// listed here.
namespace webnn::ops_test {
namespace {

using testing::ElementsAreArray;

constexpr DataTypeSet kAny = {DataType::kFloat32, DataType::kFloat16, DataType::kInt32,
                              DataType::kUint32,  DataType::kInt64,   DataType::kUint64,
                              DataType::kInt8,    DataType::kUint8};
constexpr DataTypeSet kFloats = {DataType::kFloat32, DataType::kFloat16};
constexpr DataTypeSet kFourBit = {DataType::kInt4, DataType::kUint4};

std::filesystem::path BesideTheRepository(const char* variable, const char* name) {
  if (const char* path = std::getenv(variable); path != nullptr && *path != '\0') return path;
  return std::filesystem::path(WEBNN_SOURCE_DIR) / ".." / "shared" / name;
}

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// ---- Against the specification. ----

class Specification : public testing::Test {
 protected:
  void SetUp() override {
    const auto path = BesideTheRepository("WEBNN_OPS_JSON", "webnn-ops.json");
    std::ifstream file(path);
    if (!file) GTEST_SKIP() << "there is no " << path << "; WEBNN_OPS_JSON can name another one";
    facts_ = Json::parse(file);
  }
  const Json& operators() const { return facts_.at("operators"); }

  Json facts_;
};

std::vector<std::string> FieldNames(const OpSchema& schema, bool required) {
  std::vector<std::string> names;
  for (const OpField& field : schema.fields) {
    if (field.required == required) names.emplace_back(field.name);
  }
  return names;
}

std::vector<std::string> MemberNames(const Json& members) {
  std::vector<std::string> names;
  for (const Json& member : members) names.push_back(member.at("name"));
  return names;
}

TEST_F(Specification, HasTheSameOperatorsInThisOrder) {
  std::vector<std::string> expected;
  for (const auto& [name, op] : operators().items()) expected.push_back(name);
  std::vector<std::string> names;
  for (const OpSchema* schema : AllOps()) names.emplace_back(schema->name);
  EXPECT_EQ(names.size(), 95u);
  EXPECT_THAT(names, ElementsAreArray(expected));
}

TEST_F(Specification, HasTheSameArgumentsAndOptions) {
  for (const OpSchema* schema : AllOps()) {
    SCOPED_TRACE(schema->name);
    const Json& op = operators().at(std::string(schema->name));
    EXPECT_THAT(FieldNames(*schema, true), ElementsAreArray(MemberNames(op.at("arguments"))));
    auto options = MemberNames(op.at("options"));
    options.push_back("label");
    EXPECT_THAT(FieldNames(*schema, false), ElementsAreArray(options));
    for (const char* list : {"arguments", "options"}) {
      for (const Json& member : op.at(list)) {
        const OpField* field = schema->FindField(member.at("name").get<std::string>());
        ASSERT_NE(field, nullptr);
        const std::string type = member.at("type");
        EXPECT_EQ(field->type, type) << field->name;
        EXPECT_EQ(field->is_operand, type.ends_with("MLOperand") || type.ends_with("MLOperand>"))
            << field->name;
      }
    }
    EXPECT_EQ(schema->returns_list, op.at("returns") == "sequence<MLOperand>");
  }
}

TEST_F(Specification, HasTheSameDefaults) {
  // Lists have no default in the interface; the prose gives these.
  const std::map<std::string, Json, std::less<>> in_prose = {
      {"padding", {0, 0, 0, 0}},
      {"strides", {1, 1}},
      {"dilations", {1, 1}},
      {"outputPadding", {0, 0}},
      {"resample2d.scales", {1, 1}},
      {"resample2d.axes", {2, 3}},
      {"slice.strides", nullptr},  // ones
      {"gru.activations", {"sigmoid", "tanh"}},
      {"gruCell.activations", {"sigmoid", "tanh"}},
      {"lstm.activations", {"sigmoid", "tanh", "tanh"}},
      {"lstmCell.activations", {"sigmoid", "tanh", "tanh"}},
  };
  for (const OpSchema* schema : AllOps()) {
    const auto made = schema->make();
    for (const Json& member : operators().at(std::string(schema->name)).at("options")) {
      const std::string name = member.at("name");
      const OpField* field = schema->FindField(name);
      ASSERT_NE(field, nullptr);
      Json expected;
      if (member.contains("default")) {
        expected = Json::parse(member.at("default").get<std::string>());
      } else if (auto own = in_prose.find(fmt::format("{}.{}", schema->name, name));
                 own != in_prose.end()) {
        expected = own->second;
      } else if (auto common = in_prose.find(name); common != in_prose.end()) {
        expected = common->second;
      }
      EXPECT_EQ(ToJson(field->write(made.get())), expected) << schema->name << "." << name;
    }
  }
}

// What the row has for an operand or output.
struct Limits {
  TensorLimits limits;
  std::string_view same_type_as;
};

std::optional<Limits> FindLimits(const OpSchema& schema, std::string_view name) {
  if (const OpField* field = schema.FindField(name))
    return Limits{field->limits, field->same_type_as};
  for (const OpOutput& output : schema.outputs) {
    if (output.name == name) return Limits{output.limits, output.same_type_as};
  }
  return std::nullopt;
}

// "outputs[0]" of the tables is "output0" in `MLOpSupportLimits`.
std::string RowName(std::string name) {
  return std::regex_replace(name, std::regex(R"(outputs\[(\d)\])"), "output$1");
}

// Operands that also take the 4-bit types: our one extension.
bool TakesFourBits(std::string_view op, std::string_view name) {
  return (op == "dequantizeLinear" && (name == "input" || name == "zeroPoint")) ||
         (op == "quantizeLinear" && (name == "zeroPoint" || name == "output"));
}

TEST_F(Specification, HasTheSameDataTypes) {
  for (const OpSchema* schema : AllOps()) {
    for (const auto& [written, limits] :
         operators().at(std::string(schema->name)).at("limits").items()) {
      if (written == "returnSequence") continue;  // The tables name the last output twice.
      const std::string name = RowName(written);
      SCOPED_TRACE(fmt::format("{}.{}", schema->name, name));
      const auto row = FindLimits(*schema, name);
      ASSERT_TRUE(row.has_value());
      const Json& allowed = limits.at("allowedDataTypes");
      if (allowed.is_object()) {
        const std::string other = allowed.at("sameAs");
        EXPECT_EQ(row->same_type_as, other);
        const auto others = FindLimits(*schema, other);
        ASSERT_TRUE(others.has_value());
        EXPECT_EQ(row->limits.data_types, others->limits.data_types);
        continue;
      }
      EXPECT_EQ(row->same_type_as, "");
      DataTypeSet expected;
      if (allowed == "any") {
        expected = kAny;
      } else {
        for (const Json& type : allowed) {
          expected = expected | DataTypeSet{*ParseDataType(type.get<std::string>())};
        }
      }
      if (TakesFourBits(schema->name, name)) expected = expected | kFourBit;
      // The tables say "any"; the algorithm refuses all but floating-point types.
      if ((schema->name == "isNaN" || schema->name == "isInfinite") && name == "a") {
        expected = kFloats;
      }
      EXPECT_EQ(row->limits.data_types, expected);
    }
  }
}

TEST_F(Specification, HasTheSameRanks) {
  for (const OpSchema* schema : AllOps()) {
    for (const auto& [written, limits] :
         operators().at(std::string(schema->name)).at("limits").items()) {
      if (written == "returnSequence") continue;
      const std::string name = RowName(written);
      const std::string ranks = limits.at("allowedRanks");
      SCOPED_TRACE(fmt::format("{}.{}: {}", schema->name, name, ranks));
      const auto row = FindLimits(*schema, name);
      ASSERT_TRUE(row.has_value());
      RankRange expected;
      std::smatch match;
      if (std::regex_match(ranks, match, std::regex(R"((\d+))"))) {
        expected.min = expected.max = static_cast<uint32_t>(std::stoul(match[1].str()));
      } else if (std::regex_match(ranks, match, std::regex(R"((\d+) to (\d+|N))"))) {
        expected.min = static_cast<uint32_t>(std::stoul(match[1].str()));
        if (match[2] != "N") expected.max = static_cast<uint32_t>(std::stoul(match[2].str()));
      } else if (std::regex_search(ranks, match, std::regex(R"(^same as (\w+))"))) {
        const auto other = FindLimits(*schema, match[1].str());
        ASSERT_TRUE(other.has_value());
        expected = other->limits.rank_range;
      } else {
        EXPECT_EQ(ranks, "N");
      }
      EXPECT_EQ(row->limits.rank_range, expected)
          << row->limits.rank_range.min << " to " << row->limits.rank_range.max;
    }
  }
}

TEST_F(Specification, HasTheSameOperandsAndOutputs) {
  for (const OpSchema* schema : AllOps()) {
    SCOPED_TRACE(schema->name);
    std::set<std::string> expected;
    for (const auto& [name, limits] :
         operators().at(std::string(schema->name)).at("limits").items()) {
      if (name != "returnSequence") expected.insert(RowName(name));
    }
    if (schema->name == "prelu") expected.insert("slope");  // Missing from its table.
    std::set<std::string> names;
    for (const OpField& field : schema->fields) {
      if (field.is_operand) names.emplace(field.name);
    }
    for (const OpOutput& output : schema->outputs) names.emplace(output.name);
    EXPECT_EQ(names, expected);
  }
}

// ---- Rows in themselves. ----

TEST(Rows, AreWellFormed) {
  for (const OpSchema* schema : AllOps()) {
    SCOPED_TRACE(schema->name);
    EXPECT_EQ(FindOp(schema->name), schema);
    EXPECT_EQ(AllOps()[IndexOf(*schema)], schema);
    EXPECT_TRUE(schema->doc.ends_with('.')) << schema->doc;
    EXPECT_FALSE(schema->outputs.empty());
    ASSERT_FALSE(schema->fields.empty());
    EXPECT_EQ(schema->fields.back().name, "label");
    EXPECT_TRUE(schema->fields.front().is_operand);
    bool options = false;
    for (const OpField& field : schema->fields) {
      options = options || !field.required;
      EXPECT_EQ(field.required, !options) << field.name << ": required fields come first";
      EXPECT_EQ(field.is_operand, field.operands != nullptr) << field.name;
      EXPECT_EQ(field.is_operand, !field.limits.data_types.empty()) << field.name;
      EXPECT_FALSE(field.expects.empty()) << field.name;
      if (!field.same_type_as.empty()) {
        const OpField* other = schema->FindField(field.same_type_as);
        ASSERT_NE(other, nullptr);
        EXPECT_TRUE(other->is_operand && other->required) << field.name;
      }
    }
    for (const OpOutput& output : schema->outputs) {
      EXPECT_FALSE(output.limits.data_types.empty()) << output.name;
      if (!output.same_type_as.empty()) {
        EXPECT_NE(schema->FindField(output.same_type_as), nullptr) << output.name;
      }
    }
  }
}

// What `write` gives, `read` takes, and gives again.
TEST(Rows, ReadWhatTheyWrite) {
  for (const CallCase& call : Examples()) {
    const OpSchema& schema = *FindOp(call.op);
    const auto op = schema.make();
    const auto other = schema.make();
    for (const auto& [name, value] : call.attributes.items()) {
      const OpField* field = schema.FindField(name);
      ASSERT_NE(field, nullptr) << name;
      ASSERT_TRUE(field->read(op.get(), ToValue(value))) << call.op << " " << name;
      const Json written = ToJson(field->write(op.get()));
      // Numbers of `scales` are rounded to float.
      if (field->type != "sequence<float>") {
        EXPECT_EQ(written, value) << call.op << " " << name;
      }
      ASSERT_TRUE(field->read(other.get(), field->write(op.get()))) << call.op << " " << name;
      EXPECT_EQ(ToJson(field->write(other.get())), written);
    }
    const auto copy = schema.copy(op.get());
    for (const OpField& field : schema.fields) {
      EXPECT_EQ(ToJson(field.write(copy.get())), ToJson(field.write(op.get())));
    }
  }
}

// ---- Against the header. ----

struct HeaderStruct {
  std::string doc;
  std::vector<std::string> members;
};

// The structures of ops.h: comment in front, names of the members.
std::map<std::string, HeaderStruct> ReadHeader() {
  std::istringstream header(
      ReadText(std::filesystem::path(WEBNN_SOURCE_DIR) / "include/webnn/ops.h"));
  static const std::regex kStruct(R"(struct (\w+) \{)");
  static const std::regex kMember(R"(  [^ ].* (\w+)(?:\{.*\}| = .*);)");
  std::map<std::string, HeaderStruct> structs;
  HeaderStruct* current = nullptr;
  std::string doc;
  for (std::string line; std::getline(header, line);) {
    // A default that takes several lines is one member.
    for (std::string rest;
         line.starts_with("  std::array") && !line.ends_with(';') && std::getline(header, rest);) {
      line += rest;
    }
    std::smatch match;
    if (line.starts_with("///")) {
      doc += (doc.empty() ? "" : " ") + line.substr(std::min<size_t>(4, line.size()));
    } else if (std::regex_match(line, match, kStruct)) {
      current = &structs[match[1].str()];
      current->doc = doc;
    } else if (current != nullptr && !line.starts_with("  using") &&
               std::regex_match(line, match, kMember)) {
      current->members.push_back(match[1].str());
    } else if (line.empty()) {
      doc.clear();
    }
  }
  return structs;
}

// "keep_dimensions" -> "keepDimensions"
std::string SpecificationName(const std::string& member) {
  std::string name;
  for (size_t i = 0; i < member.size(); ++i) {
    if (member[i] == '_') {
      name += static_cast<char>(std::toupper(member[++i]));
    } else {
      name += member[i];
    }
  }
  return name;
}

TEST(Header, HasTheDocAndTheFieldsOfTheRows) {
  const auto structs = ReadHeader();
  EXPECT_EQ(structs.size(), AllOps().size());
  for (const OpSchema* schema : AllOps()) {
    std::string name(schema->name);
    name[0] = static_cast<char>(std::toupper(name[0]));
    ASSERT_TRUE(structs.contains(name)) << name;
    const HeaderStruct& header = structs.at(name);
    EXPECT_EQ(header.doc, schema->doc) << name;
    std::vector<std::string> members;
    for (const std::string& member : header.members) members.push_back(SpecificationName(member));
    std::vector<std::string> fields;
    for (const OpField& field : schema->fields) fields.emplace_back(field.name);
    EXPECT_THAT(members, ElementsAreArray(fields)) << name;
  }
}

// ---- Against the conformance cases. ----

TEST(ConformanceCases, HaveEveryOperator) {
  const auto folder = BesideTheRepository("WEBNN_WPT_CASES", "wpt") / "conformance";
  if (!std::filesystem::is_directory(folder)) {
    GTEST_SKIP() << "there is no " << folder << "; WEBNN_WPT_CASES can name another place";
  }
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const Json file = Json::parse(ReadText(entry.path()));
    for (const Json& one : file.at("cases")) {
      for (const Json& op : one.at("operators")) found.insert(op.at("name").get<std::string>());
    }
  }
  for (const OpSchema* schema : AllOps()) {
    EXPECT_TRUE(found.contains(std::string(schema->name))) << "no case has " << schema->name;
  }
}

}  // namespace
}  // namespace webnn::ops_test
