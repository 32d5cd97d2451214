// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/gesture_source.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

#include "lido/learn/test_gestures.h"

namespace lido::learn {
namespace {

std::shared_ptr<const model::GestureSet> set_of(const GestureFiles& files,
                                                const std::string& name = "hands.csv") {
  return std::make_shared<const model::GestureSet>(
      *model::read_gestures(files.path(name), {"first", "second"}));
}

GestureSource source_of(const std::shared_ptr<const model::GestureSet>& set, bool shuffle,
                        std::string_view position = {}) {
  std::vector<size_t> all(set->samples.size());
  std::iota(all.begin(), all.end(), 0);
  return *GestureSource::open(
      set, all,
      {.task = "signal", .batch_size = 7, .seed = 3, .shuffle = shuffle, .augment = shuffle},
      position);
}

std::vector<float> features_of(const StepSamples& samples) {
  const auto features = std::get<std::span<const float>>(samples.input.windows);
  return {features.begin(), features.end()};
}

TEST(GestureSource, GivesEachSampleOnceInEachEpochInAnotherOrder) {
  const GestureFiles files(60);
  auto source = source_of(set_of(files), true);
  std::vector<std::vector<std::string>> epochs(2);
  for (auto& epoch : epochs) {
    while (const auto batch = *source.next()) {
      EXPECT_EQ(features_of(*batch).size(), batch->names.size() * 70);
      EXPECT_EQ(batch->input.targets.at("signal").size(), batch->names.size());
      epoch.insert(epoch.end(), batch->names.begin(), batch->names.end());
    }
    EXPECT_EQ(std::set(epoch.begin(), epoch.end()).size(), 60U);
    EXPECT_EQ(epoch.size(), 60U);
  }
  EXPECT_NE(epochs[0], epochs[1]);
}

TEST(GestureSource, UnchangedSamplesHaveTheirFeatures) {
  const GestureFiles files(60);
  const auto set = set_of(files, "motions.csv");
  auto source = source_of(set, false);
  const auto batch = **source.next();
  EXPECT_EQ(batch.names[6], "motions.csv:7");
  const auto wanted = model::gesture_features(set->input, set->samples[6].points);
  const auto features = features_of(batch);
  EXPECT_EQ(
      std::vector(features.end() - static_cast<std::ptrdiff_t>(wanted.size()), features.end()),
      wanted);
}

TEST(GestureSource, ResumesAtItsPosition) {
  const GestureFiles files(20);
  const auto set = set_of(files);
  auto whole = source_of(set, true);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(whole.next());  // into the second epoch
  auto resumed = source_of(set, true, whole.position());
  for (int i = 0; i < 6; ++i) {
    const auto wanted = *whole.next(), got = *resumed.next();
    ASSERT_EQ(wanted.has_value(), got.has_value());
    if (!wanted) continue;
    EXPECT_EQ(got->names, wanted->names);
    EXPECT_EQ(features_of(*got), features_of(*wanted));
  }
}

TEST(GestureSource, RefusesAPositionInOtherData) {
  const GestureFiles files(20);
  const auto set = set_of(files);
  const auto error = [&](const std::string& position) {
    const auto opened = GestureSource::open(set, {0, 1}, {.task = "signal"}, position);
    return opened ? ErrorCode::kUnavailable : opened.error().code;
  };
  EXPECT_EQ(error(source_of(set_of(files, "motions.csv"), true).position()),
            ErrorCode::kInvalidArgument);
  for (const char* text : {"{}", "1", "[", R"({"data":"a","epoch":-1,"taken":0})",
                           R"({"data":1,"epoch":0,"taken":999})"})
    EXPECT_EQ(error(text), ErrorCode::kInvalidArgument) << text;
}

// Turn and stretch change distances by 22 percent at most, and the noise by some deviations of 1.5
// percent of the hand's extent.
TEST(AugmentedPoints, AreNearTheOriginalAndDiffer) {
  const GestureFiles files(20);
  const auto set = set_of(files);
  const auto& points = set->samples[0].points;
  const auto changed = augmented_points(set->input, points, 1);
  EXPECT_EQ(changed, augmented_points(set->input, points, 1));
  EXPECT_NE(changed, augmented_points(set->input, points, 2));
  ASSERT_EQ(changed.size(), points.size());
  for (size_t i = 2; i < points.size(); i += 2) {
    const auto length = [&](const std::vector<float>& of) {
      return std::hypot(of[i] - of[0], of[i + 1] - of[1]);
    };
    EXPECT_NEAR(length(changed), length(points), 0.23F * length(points) + 0.1F * 75);
  }
}

}  // namespace
}  // namespace lido::learn
