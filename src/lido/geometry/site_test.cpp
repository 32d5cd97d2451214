// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/site.h"

#include <gtest/gtest.h>

namespace lido::geometry {
namespace {

constexpr const char* kPoolText =
    "pool:\n  outline: [[0, 0], [8, 0], [8, 4], [0, 4]]\n  shallow_m: 1\n"
    "  ways_in: [[0, 2]]\n  gate: [-1, 2]\n";

TEST(Site, NeedsNoCameras) {
  const auto site = read_site(kPoolText, "site.yaml");
  ASSERT_TRUE(site) << site.error().message;
  EXPECT_TRUE(site->cameras.empty());
  EXPECT_EQ(site->pool.outline.size(), 4u);
}

TEST(Site, IgnoresWhatDescribesLightAndWater) {
  EXPECT_TRUE(read_site(std::string(kPoolText) + "light: clear\nwater: {wave_m: 0.1}\n", "s"));
}

TEST(Site, NumbersCamerasWithoutNames) {
  const auto site = read_site(std::string(kPoolText) +
                                  "cameras:\n  - {at: [-1, -1, 3], looks_at: [4, 2, 0]}\n"
                                  "  - {name: mast, at: [9, 5, 4], looks_at: [4, 2, 0]}\n",
                              "site.yaml");
  ASSERT_TRUE(site) << site.error().message;
  ASSERT_EQ(site->cameras.size(), 2u);
  EXPECT_EQ(site->cameras[0].name, "cam1");
  EXPECT_EQ(site->cameras[1].name, "mast");
}

TEST(Site, NamesTheLineOfABadCamera) {
  const auto site = read_site(
      std::string(kPoolText) + "cameras:\n  - {at: [4, 2, 0], looks_at: [4, 3, 0]}\n", "site.yaml");
  ASSERT_FALSE(site);
  EXPECT_EQ(site.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(site.error().message.find("site.yaml:7: cameras.0.at"), 0u) << site.error().message;
}

TEST(Site, HasHeightsOverTheWater) {
  const std::string text = std::string(kPoolText) +
                           "cameras:\n  - {at: [-1, -1, 3], looks_at: [4, 2, 0]}\n"
                           "water: {level_z: -0.2, index: 1.34}\n";
  const auto site = read_site(text, "site.yaml");
  ASSERT_TRUE(site) << site.error().message;
  EXPECT_NEAR(site->pool.shallow_m, 0.8, 1e-12);
  EXPECT_NEAR(site->pool.freeboard_m, 0.3, 1e-12);
  EXPECT_NEAR(site->cameras[0].position.z(), 3.2, 1e-12);
  EXPECT_EQ(site->cameras[0].water_index, 1.34);
  // A written file has the level at z = 0 already.
  const auto again = read_site(to_yaml(*site, "again"), "again");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_NEAR(again->pool.shallow_m, 0.8, 1e-12);
  EXPECT_NEAR(again->cameras[0].position.z(), 3.2, 1e-12);
  EXPECT_EQ(again->water_index, 1.34);
  EXPECT_FALSE(read_site(std::string(kPoolText) + "water: {level_z: -2}\n", "s"));
  EXPECT_FALSE(read_site(std::string(kPoolText) + "water: {level_z: 0, level_m: 0}\n", "s"));
}

// The level_m of earlier versions is a record: the file's heights contain it.
TEST(Site, AppliesNoLevelOfEarlierVersions) {
  for (const char* water : {"water: {level_m: 0.1}\n", "water: {level_m: 0.1, index: 1.34}\n"}) {
    const auto site = read_site(
        std::string(kPoolText) + "cameras:\n  - {at: [-1, -1, 3], looks_at: [4, 2, 0]}\n" + water,
        "site.yaml");
    ASSERT_TRUE(site) << site.error().message;
    EXPECT_NEAR(site->pool.shallow_m, 1, 1e-12);
    EXPECT_NEAR(site->pool.freeboard_m, 0.1, 1e-12);
    EXPECT_NEAR(site->cameras[0].position.z(), 3, 1e-12);
  }
}

TEST(Site, ChecksCamerasAgainstTheWaterWhereverItIs) {
  // Water at z = 1, deck at z = 1, floor at z = -1.
  const auto read = [](const std::string& camera) {
    return read_site(std::string(kPoolText) + "  freeboard_m: 1\ncameras:\n  - {" + camera +
                         "}\nwater: {level_z: 1}\n",
                     "site.yaml");
  };
  const auto message = [&](const std::string& camera) {
    const auto site = read(camera);
    return site ? std::string("read") : site.error().message;
  };
  const auto over = read("at: [-1, 2, 4], looks_at: [4, 2, 1]");
  ASSERT_TRUE(over) << over.error().message;
  EXPECT_NEAR(over->cameras[0].position.z(), 3, 1e-12);
  EXPECT_EQ(message("at: [4, 2, 1.1], looks_at: [4, 3, 0]"),
            "site.yaml:8: cameras.0.at is a list, want a camera at least 0.2 m above the water, or "
            "0.05 m under it");
  EXPECT_EQ(message("at: [-1, 2, 0.9], looks_at: [4, 2, 0]"),
            "site.yaml:8: cameras.0.at is a list, want a camera that is not in the wall or under "
            "the deck");
  EXPECT_EQ(message("at: [4, 2, -1.1], looks_at: [4, 3, -1]"),
            "site.yaml:8: cameras.0.at is a list, want a camera over the basin's floor");
  // z = 0.5 is half a metre under water.
  const auto under = read("at: [4, 2, 0.5], looks_at: [6, 3, 0.5], port_m: 0.1");
  ASSERT_TRUE(under) << under.error().message;
  EXPECT_TRUE(under->cameras[0].is_under_water());
  EXPECT_EQ(under->cameras[0].port_m, 0.1);
  // By its matrix: straight down from z = 1.1, at (4, 2).
  EXPECT_EQ(message("cam_from_world: [[1, 0, 0, -4], [0, -1, 0, 2], [0, 0, -1, 1.1]]"),
            "site.yaml:8: cameras.0.cam_from_world is a list, want a camera at least 0.2 m above "
            "the water, or 0.05 m under it");
}

TEST(Site, IsReadBackAsWritten) {
  Site site = *read_site(kPoolText, "s");
  site.cameras = {look_at({-1, -1, 3}, {4, 2, 0}, 75, 640, 360)};
  site.cameras[0].name = "deck";
  const std::string text = to_yaml(site, "Measured by hand.");
  EXPECT_EQ(text.find("# Measured by hand.\npool:\n"), 0u);
  const auto again = read_site(text, "again");
  ASSERT_TRUE(again) << again.error().message;
  ASSERT_EQ(again->cameras.size(), 1u);
  EXPECT_EQ(again->cameras[0].name, "deck");
  EXPECT_NEAR((again->cameras[0].cam_from_world - site.cameras[0].cam_from_world).norm(), 0, 1e-9);
  // No list of cameras is written when there are none.
  site.cameras.clear();
  EXPECT_EQ(to_yaml(site, "x").find("cameras"), std::string::npos);
}

}  // namespace
}  // namespace lido::geometry
