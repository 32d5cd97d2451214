// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/time.h"

#include <gtest/gtest.h>

namespace lido::dataset {
namespace {

TEST(Utc, ReadsIso8601) {
  EXPECT_EQ(parse_utc("1970-01-01T00:00:01Z")->us, 1'000'000);
  EXPECT_EQ(*parse_utc("2026-07-01T14:03:00.25+02:00"), *parse_utc("2026-07-01T12:03:00.250Z"));
  EXPECT_EQ(to_string(*parse_utc("2026-07-01T12:03:00.25Z")), "2026-07-01T12:03:00.250000Z");
  for (const char* text :
       {"", "2026-07-01", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-07-01T25:00:00Z",
        "2026-07-01T12:03:00", "2026-07-01T12:03:00Zjunk"}) {
    EXPECT_FALSE(parse_utc(text)) << text;
  }
}

}  // namespace
}  // namespace lido::dataset
