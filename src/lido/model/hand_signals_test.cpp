// SPDX-License-Identifier: Apache-2.0
#include "lido/model/hand_signals.h"

#include <gtest/gtest.h>

namespace lido::model {
namespace {

Model model_of(const GestureInput& input) {
  return {.network = "gesture",
          .input = {},
          .gesture = input,
          .fps = "",
          .samples = "",
          .footage = "real",
          .revision = "",
          .heads = {{"signal", {"no", "yes"}, 1}},
          .data = {},
          .figures = {},
          .sha256 = "abc"};
}

/// The probability of yes is the x of the first point, in pixels of hands, or in shares of motions.
Result<std::vector<double>> first_x(std::span<const std::vector<float>> samples) {
  double sum = 0;
  for (const auto& sample : samples) sum += static_cast<double>(sample[0]);
  const double mean = sum / static_cast<double>(samples.size());
  return std::vector<double>{1 - mean, mean};
}

/// A hand of 21 landmarks, all at x and y.
std::vector<double> hand(double x, double y = 0) {
  std::vector<double> numbers;
  for (int i = 0; i < kHandLandmarks; ++i) numbers.insert(numbers.end(), {x, y, 0.9});
  return numbers;
}

dataset::PoseRow left_hand(int64_t k, int64_t track, const std::vector<double>& left) {
  dataset::PoseRow row;
  row.clip = "/a.mp4";
  row.k = k;
  row.track = track;
  row.left_hand = left;
  return row;
}

const HandSignalOptions kOptions{.fps = 4, .width = 200, .height = 100, .min_probability = 0.6};

// Two seconds of four frames: 0.9, 0.7 and twice nothing, then 0.9 once.
TEST(HandSignals, ASecondIsTheMeanOfItsFramesOrUnknown) {
  std::vector<dataset::PoseRow> poses;
  for (const double x : {0.9, 0.7, 0.0, 0.0, 0.9, 0.0, 0.0, 0.0})
    poses.push_back(left_hand(std::ssize(poses), 3, x > 0 ? hand(x) : std::vector<double>()));
  const auto rows = *predict_hand_signals(model_of({}), first_x, poses, kOptions);
  ASSERT_EQ(rows.size(), 4U);  // left and right
  EXPECT_EQ(rows[0].sample, "3_left_0");
  EXPECT_EQ(rows[0].predicted, "yes");
  EXPECT_NEAR(rows[0].probabilities[1], 0.8, 1e-6);
  EXPECT_EQ(rows[0].end_s, 0.75);
  EXPECT_EQ(rows[1].start_s, 1);
  EXPECT_TRUE(rows[1].probabilities.empty());
  EXPECT_EQ(rows[1].predicted, "");
  EXPECT_EQ(rows[2].sample, "3_right_0");
  EXPECT_TRUE(rows[2].probabilities.empty());
  EXPECT_EQ(rows[0].model, "abc");
}

TEST(HandSignals, AClassThatIsNotProbableIsUnknown) {
  const std::vector poses = {left_hand(0, 1, hand(0.45))};
  const auto rows = *predict_hand_signals(model_of({}), first_x, poses, kOptions);
  EXPECT_EQ(rows[0].predicted, "");
  EXPECT_NEAR(rows[0].probabilities[0], 0.55, 1e-6);
  auto sure = kOptions;
  sure.min_probability = 0.5;
  EXPECT_EQ((*predict_hand_signals(model_of({}), first_x, poses, sure))[0].predicted, "no");
}

// 12 ticks, motions of 8 that start every 4: the first has a gap of two ticks, the second of four.
TEST(HandSignals, AMotionIsInterpolatedOverShortGaps) {
  std::vector<dataset::PoseRow> poses;
  for (int64_t k = 0; k < 12; ++k) {
    const bool seen = k != 3 && k != 4 && k != 8 && k != 9 && k != 10;
    poses.push_back(
        left_hand(k, 1, seen ? hand(20.0 * static_cast<double>(k), 50) : std::vector<double>()));
  }
  std::vector<std::vector<float>> motions;
  const auto keep = [&](std::span<const std::vector<float>> samples) {
    motions.assign(samples.begin(), samples.end());
    return first_x(samples);
  };
  const GestureInput input{.motion = true, .frames = 8};
  const auto rows = *predict_hand_signals(model_of(input), keep, poses, kOptions);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0].end_s, 1.75);
  EXPECT_FALSE(rows[0].probabilities.empty());
  EXPECT_EQ(rows[1].start_s, 1);
  EXPECT_TRUE(rows[1].probabilities.empty());
  ASSERT_EQ(motions.size(), 1U);
  for (size_t k = 0; k < 8; ++k) {
    EXPECT_NEAR(motions[0][2 * k], 0.1F * static_cast<float>(k), 1e-6F);  // 200 pixels wide
    EXPECT_FLOAT_EQ(motions[0][2 * k + 1], 0.5F);
  }
}

TEST(HandSignals, RefusesOtherModelsAndHands) {
  Model people = model_of({});
  people.gesture.reset();
  people.network = "people";
  EXPECT_EQ(predict_hand_signals(people, first_x, {}, kOptions).error().message,
            "the model is of people, want gestures");
  const std::vector poses = {left_hand(0, 1, {1, 2, 3})};
  EXPECT_EQ(predict_hand_signals(model_of({}), first_x, poses, kOptions).error().message,
            "/a.mp4: hands of 1 landmarks, want the 21 of MediaPipe");
  EXPECT_TRUE(predict_hand_signals(model_of({}), first_x, {}, kOptions)->empty());
}

}  // namespace
}  // namespace lido::model
