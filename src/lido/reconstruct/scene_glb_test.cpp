// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/scene_glb.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>

namespace lido::reconstruct {
namespace {

uint32_t word_at(const std::string& bytes, size_t offset) {
  uint32_t word = 0;
  for (size_t i = 0; i < 4; ++i)
    word |= uint32_t{static_cast<uint8_t>(bytes[offset + i])} << (8 * i);
  return word;
}

/// A file as the specification's chapter 4 reads it: a header, JSON, and binary data.
struct Glb {
  explicit Glb(const std::string& bytes) {
    EXPECT_EQ(bytes.substr(0, 4), "glTF");
    EXPECT_EQ(word_at(bytes, 4), 2U);
    EXPECT_EQ(word_at(bytes, 8), bytes.size());
    const size_t length = word_at(bytes, 12);
    EXPECT_EQ(bytes.substr(16, 4), "JSON");
    json = nlohmann::json::parse(bytes.substr(20, length));
    EXPECT_EQ(word_at(bytes, 20 + length), bytes.size() - length - 28);
    EXPECT_EQ(bytes.substr(24 + length, 4), std::string("BIN\0", 4));
    data = bytes.substr(28 + length);
  }

  std::vector<float> floats(size_t accessor) const {
    const auto& one = json["accessors"][accessor];
    const auto& view = json["bufferViews"][one["bufferView"].get<size_t>()];
    EXPECT_EQ(one["componentType"], 5126);
    std::vector<float> values(view["byteLength"].get<size_t>() / 4);
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = std::bit_cast<float>(word_at(data, view["byteOffset"].get<size_t>() + 4 * i));
    return values;
  }
  size_t node(const std::string& name) const {
    for (size_t i = 0; i < json["nodes"].size(); ++i)
      if (json["nodes"][i]["name"] == name) return i;
    ADD_FAILURE() << "no node " << name;
    return 0;
  }
  /// Times and values by which a node moves.
  std::pair<std::vector<float>, std::vector<float>> path(const std::string& name,
                                                         const std::string& what) const {
    for (const auto& channel : json["animations"][0]["channels"]) {
      if (channel["target"]["node"] != node(name) || channel["target"]["path"] != what) continue;
      const auto& sampler = json["animations"][0]["samplers"][channel["sampler"].get<size_t>()];
      return {floats(sampler["input"].get<size_t>()), floats(sampler["output"].get<size_t>())};
    }
    ADD_FAILURE() << "nothing moves " << name;
    return {};
  }

  nlohmann::json json;
  std::string data;
};

/// Joint i is at (x + i, 2, -0.5); the left wrist was not found.
std::array<Joint, kJoints> joints_at(double x) {
  std::array<Joint, kJoints> joints;
  for (size_t i = 0; i < kJoints; ++i) {
    joints[i].point_in_world = {x + static_cast<double>(i), 2, -0.5};
    if (i != 9) joints[i].cameras = {0, 1};
  }
  return joints;
}

geometry::Site small_site() {
  geometry::Site site;
  site.pool = {.outline = {{0, 0}, {10, 0}, {10, 5}}, .shallow_m = 1, .deep_m = 2};
  geometry::Camera camera;
  camera.name = "gate";
  camera.position = {1, 2, 3};
  // It looks along y: its x is the pool's x, its y points down, its z along the pool's y.
  camera.cam_from_world << 1, 0, 0, 0, 0, -1, 0, 1, 0;
  camera.width = 200, camera.height = 100, camera.fx = 100, camera.fy = 100;
  site.cameras = {camera};
  return site;
}

TEST(SceneGlb, HasPeopleWhereTheyWereAndWhenTheyWereThere) {
  SceneGlb scene;
  scene.add(7, 2, joints_at(1));
  scene.add(7, 3, joints_at(2));
  scene.add(7, 6, joints_at(3));
  const Glb glb(*scene.finish(small_site(), 4));
  // The nose at 0.5, 0.75 and 1.5 s: x, z, -y.
  const auto [times, nose] = glb.path("person_7/nose", "translation");
  EXPECT_EQ(times, (std::vector<float>{0.5, 0.75, 1.5}));
  EXPECT_EQ(nose, (std::vector<float>{1, -0.5, -2, 2, -0.5, -2, 3, -0.5, -2}));
  // The left wrist was not found and is at the left elbow, joint 7.
  EXPECT_EQ(glb.path("person_7/left_wrist", "translation").second,
            (std::vector<float>{8, -0.5, -2, 9, -0.5, -2, 10, -0.5, -2}));
  const auto [changes, scales] = glb.path("person_7", "scale");
  EXPECT_EQ(changes, (std::vector<float>{0, 0.5, 1, 1.5, 1.75}));
  EXPECT_EQ(scales, (std::vector<float>{0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0}));
}

TEST(SceneGlb, LeavesOutMomentsWithoutAJoint) {
  SceneGlb scene;
  scene.add(1, 0, {});
  const Glb glb(*scene.finish(small_site(), 4));
  EXPECT_FALSE(glb.json.contains("animations"));
}

TEST(SceneGlb, HasThePoolAndCamerasThatLookAsTheSiteHasThem) {
  const Glb glb(*SceneGlb().finish(small_site(), 10));
  const auto mesh = glb.json["nodes"][glb.node("floor")]["mesh"].get<size_t>();
  const auto& primitive = glb.json["meshes"][mesh]["primitives"][0];
  // Depth 1 m at x = 0 and 2 m at x = 10.
  EXPECT_EQ(glb.floats(primitive["attributes"]["POSITION"].get<size_t>()),
            (std::vector<float>{0, -1, 0, 10, -2, 0, 10, -2, -5}));
  const auto& node = glb.json["nodes"][glb.node("gate")];
  EXPECT_EQ(node["translation"], (nlohmann::json{1.0, 3.0, -2.0}));
  // No turn: glTF's camera looks along -z, which is the pool's y, and has y up.
  EXPECT_NEAR(std::abs(node["rotation"][3].get<double>()), 1, 1e-12);
  const auto& lens = glb.json["cameras"][0]["perspective"];
  EXPECT_NEAR(lens["aspectRatio"].get<double>(), 2, 1e-12);
  EXPECT_NEAR(lens["yfov"].get<double>(), 2 * std::atan(0.5), 1e-12);
}

}  // namespace
}  // namespace lido::reconstruct
