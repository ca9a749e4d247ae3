#include "cache/key.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace webnn::cache {
namespace {

using testing::ElementsAre;

Key Sample() {
  Key key;
  key.Add("backend", "openvino").Add("driver", "580.159").Add("weights", HashBytes("w"));
  return key;
}

std::vector<std::string> Differences(const Key& wanted, const Key& stored) {
  std::vector<std::string> texts;
  for (const KeyDifference& difference : Compare(wanted, stored)) {
    texts.push_back(ToString(difference));
  }
  return texts;
}

TEST(KeyTest, IsItsFieldsInOrder) {
  EXPECT_EQ(Sample().ToText(),
            "backend=openvino\ndriver=580.159\nweights:" + ToHex(HashBytes("w")) + "\n");
  EXPECT_EQ(Sample().Id(), ToHex(HashBytes(Sample().ToText())));
  EXPECT_EQ(Sample(), Sample());
}

TEST(KeyTest, AnyOtherFieldMakesAnotherKey) {
  std::set<std::string> ids = {Sample().Id()};
  Key other[6];
  other[0].Add("backend", "openvinp").Add("driver", "580.159").Add("weights", HashBytes("w"));
  other[1].Add("backends", "openvino").Add("driver", "580.159").Add("weights", HashBytes("w"));
  other[2].Add("driver", "580.159").Add("backend", "openvino").Add("weights", HashBytes("w"));
  other[3].Add("backend", "openvino").Add("driver", "580.159").Add("weights", HashBytes("v"));
  // Text that looks like a hash is not that hash.
  other[4]
      .Add("backend", "openvino")
      .Add("driver", "580.159")
      .Add("weights", ToHex(HashBytes("w")));
  other[5].Add("backend", "openvino").Add("driver", "580.159");
  for (const Key& key : other) {
    EXPECT_NE(key, Sample());
    EXPECT_TRUE(ids.insert(key.Id()).second) << key.ToText();
  }
}

TEST(KeyTest, TextThatCannotBeShownIsKeptAsItsHash) {
  for (const std::string& text :
       {std::string("two\nlines=x"), std::string(501, 'x'), std::string(1, '\0')}) {
    Key key;
    key.Add("options", text);
    EXPECT_TRUE(key.Find("options")->hashed);
    EXPECT_EQ(key.Find("options")->value, ToHex(HashBytes(text)));
  }
  Key key;
  key.Add("options", std::string(500, 'x')).Add("device", "Intel® Xeon=:");
  EXPECT_FALSE(key.Find("options")->hashed);
  EXPECT_EQ(key.Find("device")->value, "Intel® Xeon=:");
}

TEST(KeyTest, ReadsWhatItWrites) {
  Key key = Sample();
  key.Add("device", "a=b:c").Add("empty", "");
  EXPECT_EQ(Key::Parse(key.ToText()), key);
  EXPECT_EQ(Key::Parse(""), Key());
}

TEST(KeyTest, ReadsNothingElse) {
  std::string many;
  for (int i = 0; i < 101; ++i) many += std::to_string(i) + "=\n";
  for (const std::string& text :
       {std::string("a=b"), std::string("\n"), std::string("a\n"), std::string("=b\n"),
        std::string("A=b\n"), std::string("a:b\n"), std::string("a=b\na=c\n"),
        std::string("a=\x01\n"), std::string("a=b\n\n"), many, std::string(61, 'a') + "=\n",
        "a=" + std::string(501, 'x') + "\n"}) {
    EXPECT_EQ(Key::Parse(text), std::nullopt) << text;
  }
}

TEST(KeyTest, SaysWhatDiffers) {
  Key other;
  other.Add("backend", "openvino")
      .Add("driver", "570")
      .Add("weights", HashBytes("v"))
      .Add("new", "");
  EXPECT_THAT(Differences(Sample(), Sample()), ElementsAre());
  EXPECT_THAT(Differences(Sample(), other),
              ElementsAre("driver: wanted 580.159, stored 570",
                          "weights: wanted hash " + ToHex(HashBytes("w")).substr(0, 8) +
                              ", stored hash " + ToHex(HashBytes("v")).substr(0, 8),
                          "new: wanted (absent), stored (empty)"));
}

TEST(KeyDeathTest, NamesAreOursToGetRight) {
  EXPECT_DEATH(Key().Add("two\nlines", ""), "check failed");
  EXPECT_DEATH(Key().Add("a", "").Add("a", ""), "check failed");
}

}  // namespace
}  // namespace webnn::cache
