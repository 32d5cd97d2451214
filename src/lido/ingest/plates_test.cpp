// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/plates.h"

#include <gtest/gtest.h>

namespace lido::ingest {
namespace {

constexpr int64_t kHour_us = 3600 * int64_t{1'000'000};

TEST(PlateKey, IsTheCameraAndAQuarterOfTheDay) {
  part::ClipInput clip{.uri = "/a.mp4", .site = "north", .camera = "left"};
  clip.start_utc = dataset::UtcTime{(24 * 200 + 11) * kHour_us};  // some day, 11:00
  EXPECT_EQ(plate_key(clip, 0).camera, "north/left");
  EXPECT_EQ(plate_key(clip, 0).day_part, "06-12 UTC");
  EXPECT_EQ(plate_key(clip, 3599).day_part, "06-12 UTC");
  EXPECT_EQ(plate_key(clip, 3600).day_part, "12-18 UTC");
  EXPECT_EQ(plate_key(clip, 13 * 3600).day_part, "00-06 UTC");
}

TEST(PlateKey, WithoutACameraIsTheClip) {
  EXPECT_EQ(plate_key({.uri = "/a.mp4", .site = "north"}, 0).camera, "/a.mp4");
}

TEST(PlateKey, WithoutAClockIsAnyTime) {
  EXPECT_EQ(plate_key({.uri = "/a.mp4", .camera = "left"}, 7).day_part, "any time");
}

}  // namespace
}  // namespace lido::ingest
