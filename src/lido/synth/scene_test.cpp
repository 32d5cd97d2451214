// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/scene.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "lido/synth/testing.h"

namespace lido::synth {
namespace {

const std::string kScene =
    "seed: 7\nduration_s: 60\npool:\n  outline: [[0, 0], [12, 0], [12, 6], [0, 6]]\n"
    "  shallow_m: 1.1\n  deep_m: 2.1\n  freeboard_m: 0.2\n  ways_in: [[0, 3]]\n"
    "  gate: [-1.5, 3]\npeople:\n  - age_years: 8\n    at: [6, 3]\n"
    "    does: [{behaviour: breaststroke, for_s: 20, signal: ok}]\n";

Result<Scene> read(const std::string& text) {
  return read_scene(*Yaml::parse(text, "s.yaml"), testing::behaviours());
}
std::string error_of(std::string_view what, std::string_view by) {
  std::string text = kScene;
  text.replace(text.find(what), what.size(), by);
  const auto scene = read(text);
  return scene ? std::string("read") : scene.error().message;
}

TEST(Scene, IsReadWithWhatItLeavesOutDrawn) {
  const auto scene = read(kScene);
  ASSERT_TRUE(scene) << scene.error().message;
  EXPECT_EQ(scene->seed, 7);
  EXPECT_EQ(scene->rate_hz, 10);
  ASSERT_EQ(scene->people.size(), 1u);
  const Person& person = scene->people[0];
  EXPECT_EQ(person.id, 1);
  EXPECT_NEAR(person.stature_m, stature_of(8, person.female).median_m, 0.2);
  ASSERT_EQ(person.script.size(), 1u);
  EXPECT_EQ(*person.script[0].for_s, 20);
  EXPECT_EQ(testing::behaviours().signals()[person.script[0].signal - 1].name, "ok");
  EXPECT_TRUE(scene->cameras.empty());
  EXPECT_EQ(scene->light, "clear");
  // Equal seeds draw equal scenes.
  EXPECT_EQ(read(kScene)->people[0].stature_m, person.stature_m);
}

TEST(Scene, DrawsAPoolWhereItHasNone) {
  const auto scene = read("seed: 3\npeople:\n  - {age_years: 30}\n");
  ASSERT_TRUE(scene) << scene.error().message;
  EXPECT_GE(scene->pool.outline.size(), 4u);
}

TEST(Scene, RefusesWhatCannotBeByItsLine) {
  EXPECT_EQ(error_of("at: [6, 3]", "at: [-1, 1]"),
            "s.yaml:13: people.0.does.0.behaviour is breaststroke, want a behaviour on land: "
            "breaststroke is done in water");
  EXPECT_EQ(error_of("at: [6, 3]", "at: [0.1, 1]"),
            "s.yaml:12: people.0.at is a list, want a point clear of the wall by 0.2 m");
  EXPECT_EQ(error_of("at: [6, 3]", "at: [-9, 1]"),
            "s.yaml:12: people.0.at is a list, want a point in the pool or on its deck");
  EXPECT_EQ(error_of("breaststroke", "butterfly"),
            "s.yaml:13: people.0.does.0.behaviour is butterfly, want a behaviour that `lido synth "
            "list` names");
  EXPECT_EQ(error_of("breaststroke", "held_in_water"),
            "s.yaml:13: people.0.does.0.behaviour is held_in_water, want a behaviour of a person "
            "alone, not of one who is minded, helped or helps");
  EXPECT_EQ(error_of("signal: ok", "signal: hello"),
            "s.yaml:13: people.0.does.0.signal is hello, want a signal that `lido synth list` "
            "names");
  EXPECT_EQ(error_of("duration_s: 60", "duration_s: -1"),
            "s.yaml:2: duration_s is -1, want a number, 1 to 86400");
  EXPECT_NE(error_of("seed: 7", "seeds: 7").find("s.yaml:1: seeds is not known here"),
            std::string::npos);
}

TEST(Scene, FollowsPeopleThroughTheirScript) {
  // Out of the water, then on land.
  EXPECT_EQ(error_of("[{behaviour: breaststroke, for_s: 20, signal: ok}]",
                     "[{behaviour: climbing_out}, {behaviour: standing}]"),
            "read");
  EXPECT_NE(error_of("[{behaviour: breaststroke, for_s: 20, signal: ok}]",
                     "[{behaviour: climbing_out}, {behaviour: floating}]"),
            "read");
}

TEST(Scene, LowersCamerasAndDeckWhereTheWaterIsHigher) {
  const std::string cameras =
      "cameras:\n  - {at: [-1, -1, 3], looks_at: [6, 3, 0]}\nwater: {level_m: 0.15}\n";
  const auto scene = read(kScene + cameras);
  ASSERT_TRUE(scene) << scene.error().message;
  EXPECT_NEAR(scene->pool.freeboard_m, 0.05, 1e-12);
  EXPECT_NEAR(scene->pool.shallow_m, 1.25, 1e-12);
  EXPECT_NEAR(scene->cameras[0].position.z(), 2.85, 1e-12);
  // No higher than the deck.
  EXPECT_FALSE(read(kScene + "water: {level_m: 0.3}\n"));
}

TEST(Scene, ChecksCamerasAgainstTheWaterAsItIs) {
  // The deck is 0.2 m over the usual level.
  const auto at = [](const char* z, const char* water) {
    const auto scene = read(kScene + "cameras:\n  - {at: [3, 3, " + z +
                            "], looks_at: [9, 3, 0]}\nwater: {" + water + "}\n");
    return scene ? fmt::format("{:.2f}", scene->cameras[0].position.z()) : scene.error().message;
  };
  EXPECT_EQ(at("0.3", "level_m: 0"), "0.30");
  EXPECT_EQ(at("0.3", "level_z: 0.15"),
            "s.yaml:15: cameras.0.at is a list, want a camera at least 0.2 m above the water, or "
            "0.05 m under it");
  // The lower water is 0.6 m under a camera at z = 0.1.
  EXPECT_EQ(at("0.1", "level_m: -0.5"), "0.60");
}

TEST(Scene, TakesTheLevelOfASiteYamlOnce) {
  const std::string cameras = "cameras:\n  - {at: [-1, -1, 3], looks_at: [6, 3, 0]}\n";
  const auto scene =
      read(kScene + cameras + "water: {level_z: 0, usual_level_z: 0.1, index: 1.34}\n");
  ASSERT_TRUE(scene) << scene.error().message;
  EXPECT_NEAR(scene->pool.shallow_m, 1.1, 1e-12);
  EXPECT_NEAR(scene->cameras[0].position.z(), 3, 1e-12);
  EXPECT_EQ(scene->cameras[0].water_index, 1.34);
  EXPECT_NEAR(scene->level_m, -0.1, 1e-12);  // remembered, not applied
}

using Keys = std::set<std::string>;

/// Keys that the reader takes where the text has the key zzz.
Keys keys_taken(const std::string& text) {
  const auto scene = read(text);
  const std::string message = scene ? "read" : scene.error().message;
  constexpr std::string_view kList = "zzz is not known here, want one of ";
  const size_t at = message.find(kList);
  EXPECT_NE(at, std::string::npos) << message;
  if (at == std::string::npos) return {};
  Keys keys;
  std::istringstream list(message.substr(at + kList.size()));
  for (std::string key; std::getline(list >> std::ws, key, ',');) keys.insert(key);
  return keys;
}

/// Keys of an object in the schema.
Keys keys_of(const nlohmann::json& object) {
  EXPECT_EQ(object.at("additionalProperties"), false);
  Keys keys;
  for (const auto& [key, value] : object.at("properties").items()) keys.insert(key);
  return keys;
}

std::string replaced(std::string_view what, std::string_view by) {
  std::string text = kScene;
  return text.replace(text.find(what), what.size(), by);
}

TEST(Scene, TakesTheKeysOfItsSchema) {
  const auto schema =
      nlohmann::json::parse(testing::slurp(LIDO_SOURCE "/src/lido/synth/scene.schema.json"));
  const auto& properties = schema.at("properties");
  EXPECT_EQ(keys_of(schema), keys_taken(replaced("seed: 7", "zzz: 7")));
  EXPECT_EQ(keys_of(properties.at("pool")),
            keys_taken(replaced("shallow_m: 1.1", "shallow_m: 1.1\n  zzz: 1")));
  EXPECT_EQ(keys_of(properties.at("water")), keys_taken(kScene + "water: {zzz: 1}\n"));
  const auto& person = properties.at("people").at("items");
  EXPECT_EQ(keys_of(person), keys_taken(replaced("age_years: 8", "zzz: 8")));
  EXPECT_EQ(keys_of(person.at("properties").at("does").at("items")),
            keys_taken(replaced("signal: ok", "zzz: ok")));
}

TEST(Scene, TakesTheKeysOfItsSchemaForCameras) {
  const auto schema =
      nlohmann::json::parse(testing::slurp(LIDO_SOURCE "/src/lido/synth/scene.schema.json"));
  const auto& camera = schema.at("properties").at("cameras").at("items");
  const auto taken = [](const std::string& of_camera) {
    return keys_taken(kScene + "cameras:\n  - {at: [3, 3, 3], looks_at: [9, 3, 0], " + of_camera +
                      "}\n");
  };
  EXPECT_EQ(keys_of(camera), taken("zzz: 1"));
  const auto& parts = camera.at("properties");
  EXPECT_EQ(keys_of(parts.at("clock")), taken("clock: {zzz: 1}"));
  EXPECT_EQ(keys_of(parts.at("overlay").at("items")), taken("overlay: [{zzz: 1}]"));
  EXPECT_EQ(keys_of(parts.at("faults").at("items")), taken("faults: [{zzz: 1}]"));
  Keys of_lenses = taken("distortion: {model: opencv_brown, zzz: 1}");
  of_lenses.merge(taken("distortion: {model: opencv_fisheye, zzz: 1}"));
  EXPECT_EQ(keys_of(parts.at("distortion")), of_lenses);
}

TEST(Scene, WantsCamerasOfDistinctNames) {
  const auto scene = read(kScene +
                          "cameras:\n  - {name: a, at: [-1, -1, 3], looks_at: [6, 3, 0]}\n"
                          "  - {name: a, at: [13, 7, 3], looks_at: [6, 3, 0]}\n");
  ASSERT_FALSE(scene);
  EXPECT_NE(scene.error().message.find("want a camera of another name than a"), std::string::npos);
}

}  // namespace
}  // namespace lido::synth
