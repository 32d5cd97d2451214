// SPDX-License-Identifier: Apache-2.0
#include "lido/base/json_integer.h"

#include <gtest/gtest.h>

#include <limits>

namespace lido {
namespace {

template <typename T>
std::optional<T> parse_integer(const char* text) {
  return json_integer<T>(nlohmann::json::parse(text));
}

TEST(JsonInteger, TakesTheWholeRangeOfItsType) {
  EXPECT_EQ(parse_integer<int8_t>("-128"), -128);
  EXPECT_EQ(parse_integer<int8_t>("127"), 127);
  EXPECT_EQ(parse_integer<uint64_t>("18446744073709551615"), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(parse_integer<int64_t>("-9223372036854775808"), std::numeric_limits<int64_t>::min());
}

TEST(JsonInteger, IsEmptyOutOfRange) {
  EXPECT_FALSE(parse_integer<int8_t>("128"));
  EXPECT_FALSE(parse_integer<int8_t>("-129"));
  EXPECT_FALSE(parse_integer<uint32_t>("-1"));
  EXPECT_FALSE(parse_integer<int64_t>("9223372036854775808"));
}

TEST(JsonInteger, IsEmptyForEverythingThatIsNoInteger) {
  for (const char* text : {"1.5", "2.0", "1e3", "true", "null", "\"1\"", "[1]", "{}"})
    EXPECT_FALSE(parse_integer<int>(text)) << text;
}

TEST(JsonIntegers, NeedEveryElement) {
  const auto parse = [](const char* text) {
    return json_integers<int>(nlohmann::json::parse(text));
  };
  EXPECT_EQ(parse("[8, 16, 32]"), (std::vector{8, 16, 32}));
  EXPECT_EQ(parse("[]"), std::vector<int>{});
  EXPECT_FALSE(parse("[8, 16.5]"));
  EXPECT_FALSE(parse("8"));
}

}  // namespace
}  // namespace lido
