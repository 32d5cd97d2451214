// SPDX-License-Identifier: Apache-2.0
#include "lido/base/yaml.h"

#include <gtest/gtest.h>

namespace lido {
namespace {

Yaml parsed(std::string_view text) { return *Yaml::parse(text, "v.yaml"); }

TEST(Yaml, ReadsEveryType) {
  const Yaml yaml = parsed(
      "size: 12\nrate: 2.5\non: true\nname: pool\nkind: wide\nlist: [1, 2]\nmap: {b: 1, a: 2}\n");
  EXPECT_EQ(yaml["size"].integer(0, 100), 12);
  EXPECT_EQ(yaml["rate"].number(0, 100), 2.5);
  EXPECT_EQ(yaml["on"].boolean(), true);
  EXPECT_EQ(yaml["name"].text(), "pool");
  EXPECT_EQ(yaml["kind"].choice({"tele", "wide"}), "wide");
  ASSERT_EQ(yaml["list"].list()->size(), 2U);
  EXPECT_EQ(yaml["list"].list()->back().integer(0, 9), 2);
  const auto pairs = *yaml["map"].map();
  ASSERT_EQ(pairs.size(), 2U);
  EXPECT_EQ(pairs[0].first, "b") << "the order of the file";
}

TEST(Yaml, NamesFileLinePathValueAndWish) {
  const Yaml yaml = parsed("water:\n  level_m: deep\n  waves: [1]\npeople:\n  - age: 7.5\n");
  EXPECT_EQ(yaml["water"]["level_m"].number(-1, 0.5).error().message,
            "v.yaml:2: water.level_m is deep, want a number, -1 to 0.5");
  EXPECT_EQ(yaml["water"]["waves"].text().error().message,
            "v.yaml:3: water.waves is a list, want text");
  EXPECT_EQ(yaml["people"].list()->front()["age"].integer(0, 120).error().message,
            "v.yaml:5: people.0.age is 7.5, want a whole number, 0 to 120");
  EXPECT_EQ(yaml["people"].list()->front()["sex"].choice({"f", "m"}).error().message,
            "v.yaml: people.0.sex is nothing, want one of f, m");
  EXPECT_EQ(parsed("image:\n  tag: ''\n")["image"]["tag"].refuse("a tag").error().message,
            "v.yaml:2: image.tag is empty, want a tag");
  EXPECT_EQ(yaml["water"].list().error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(yaml.list().error().message, "v.yaml:1: the file is a map, want a list");
  EXPECT_EQ(parsed("").map().error().message, "v.yaml: the file is empty, want a map");
}

TEST(Yaml, RefusesNumbersOutOfRange) {
  const Yaml yaml = parsed("a: 5\nb: .nan\nc: .inf\nd: 5x\n");
  EXPECT_TRUE(yaml["a"].number(5, 5));
  EXPECT_FALSE(yaml["a"].number(5.5, 9));
  EXPECT_FALSE(yaml["a"].integer(6, 9));
  for (const char* key : {"b", "c", "d"}) EXPECT_FALSE(yaml[key].number(-1e9, 1e9)) << key;
}

TEST(Yaml, NullAndAMissingKeyHaveNoValue) {
  const Yaml yaml = parsed("a: null\nb: ~\nc:\nd: 0\n");
  for (const char* key : {"a", "b", "c", "missing"}) {
    EXPECT_FALSE(yaml[key].has_value()) << key;
    EXPECT_EQ(yaml[key].number_or(7, 0, 9), 7) << key;
  }
  EXPECT_TRUE(yaml["d"].has_value());
  EXPECT_FALSE(yaml["d"]["deeper"].has_value()) << "a number has no keys";
}

TEST(Yaml, CheckKeysNamesTheUnknownKey) {
  const Yaml yaml = parsed("pool:\n  lenght_m: 25\n");
  EXPECT_TRUE(yaml["pool"].check_keys({"lenght_m"}));
  EXPECT_EQ(yaml["pool"].check_keys({"length_m", "width_m"}).error().message,
            "v.yaml:2: pool.lenght_m is not known here, want one of length_m, width_m");
}

TEST(Yaml, ReportsTheLineOfBrokenSyntax) {
  const auto broken = Yaml::parse("a: 1\nb: [1, 2\nc: 3\n", "broken.yaml");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(broken.error().message.starts_with("broken.yaml:3: ")) << broken.error().message;
}

// Helm's rule for two values files.
TEST(Yaml, MergesMapsByKeyAndReplacesAnythingElse) {
  const Yaml base = parsed("a: {x: 1, y: 2}\nlist: [1, 2, 3]\nkeep: old\nlost: 1\n");
  const Yaml over = parsed("a: {y: 5, z: 6, w: ~}\nlist: [9]\nlost: null\n");
  const Yaml merged = Yaml::merged(base, over);
  EXPECT_EQ(merged["a"]["x"].integer(0, 9), 1);
  EXPECT_EQ(merged["a"]["y"].integer(0, 9), 5);
  EXPECT_EQ(merged["a"]["z"].integer(0, 9), 6);
  EXPECT_EQ(merged["list"].list()->size(), 1U);
  EXPECT_EQ(merged["keep"].text(), "old");
  EXPECT_FALSE(merged["lost"].has_value()) << "null removes a default";
  EXPECT_FALSE(merged["a"]["w"].has_value());
}

}  // namespace
}  // namespace lido
