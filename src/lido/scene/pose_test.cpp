// SPDX-License-Identifier: Apache-2.0
// Truth: arithmetic; the network of tests/golden/make_outputs.py, which finds the brightest and the
// darkest spot; and what TensorFlow.js makes of MoveNet's original graph (tests/golden/tfjs).
#include "lido/scene/pose.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

namespace lido::scene {
namespace {

using Json = nlohmann::json;

const std::string kNetworks = LIDO_TEST_MODELS "/../networks";
const std::string kMovenet = LIDO_TEST_MODELS "/movenet";

std::vector<Keypoint> decode_alone(const PoseDecoding& decoding, int width, int height,
                                   const std::vector<std::vector<float>>& outputs) {
  const std::vector<std::span<const float>> spans(outputs.begin(), outputs.end());
  return decode_pose(decoding, width, height, spans);
}

infer::Bundle bundle_with(const char* decoding, std::vector<std::string> keypoints = {"a", "b"}) {
  infer::Bundle bundle{.folder = "/b", .keypoints = std::move(keypoints)};
  bundle.decoding = Json::parse(decoding);
  return bundle;
}

TEST(Pose, PointsAreRowsWhoseColumnsTheBundleNames) {
  const auto decoding =
      read_pose_decoding(bundle_with(R"({"kind": "points", "unit": "input", "rows": 3,
                                         "values": ["y", "x", "z", "score"], "logits": true})"));
  ASSERT_TRUE(decoding) << decoding.error().message;
  EXPECT_EQ(pose_output_sizes(*decoding, 64, 48), std::vector<int64_t>{12});
  // The third row is of no keypoint.
  const auto points =
      decode_alone(*decoding, 64, 48, {{0.5F, 0.25F, 9, 0, 1, 0, 9, 2, 7, 7, 7, 7}});
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0], (Keypoint{16, 24, 0.5F}));
  EXPECT_FLOAT_EQ(points[1].score, 1 / (1 + std::exp(-2.0F)));
}

TEST(Pose, PointsInPixelsWithoutAScoreScoreOne) {
  const auto decoding = read_pose_decoding(
      bundle_with(R"({"kind": "points", "unit": "pixel", "values": ["x", "y"]})", {"a"}));
  ASSERT_TRUE(decoding) << decoding.error().message;
  EXPECT_EQ(decode_alone(*decoding, 64, 48, {{12, 30}})[0], (Keypoint{12, 30, 1}));
}

TEST(Pose, PointsMayHaveOneScoreInAnOutputOfItsOwn) {
  const auto decoding = read_pose_decoding(bundle_with(
      R"({"kind": "points", "unit": "pixel", "values": ["x", "y", "z"], "presence": true})"));
  ASSERT_TRUE(decoding) << decoding.error().message;
  EXPECT_EQ(pose_output_sizes(*decoding, 64, 48), (std::vector<int64_t>{6, 1}));
  const auto points = decode_alone(*decoding, 64, 48, {{12, 30, 5, 13, 31, 6}, {0.75F}});
  EXPECT_EQ(points[0], (Keypoint{12, 30, 0.75F}));
  EXPECT_EQ(points[1], (Keypoint{13, 31, 0.75F}));
}

TEST(Pose, AHeatmapsPeakLeansTowardsTheHigherNeighbour) {
  for (const bool planar : {true, false}) {
    const auto decoding = read_pose_decoding(
        bundle_with(planar ? R"({"kind": "heatmap", "stride": 4, "layout": "NCHW"})"
                           : R"({"kind": "heatmap", "stride": 4, "layout": "NHWC"})"));
    ASSERT_TRUE(decoding) << decoding.error().message;
    constexpr size_t kColumns = 16, kRows = 12;
    ASSERT_EQ(pose_output_sizes(*decoding, 64, 48), std::vector<int64_t>{2 * kColumns * kRows});
    std::vector<float> map(2 * kColumns * kRows);
    const auto at = [&](size_t keypoint, size_t x, size_t y) -> float& {
      const size_t cell = y * kColumns + x;
      return map[planar ? keypoint * kColumns * kRows + cell : cell * 2 + keypoint];
    };
    at(0, 5, 7) = 0.9F;
    at(0, 6, 7) = 0.4F;  // right of the peak
    at(0, 5, 6) = 0.2F;  // above the peak
    at(1, 0, 11) = 0.5F;
    const auto points = decode_alone(*decoding, 64, 48, {map});
    EXPECT_EQ(points[0], (Keypoint{(5.5F + 0.25F) * 4, (7.5F - 0.25F) * 4, 0.9F})) << planar;
    EXPECT_EQ(points[1], (Keypoint{0.5F * 4, 11.5F * 4, 0.5F})) << "at the edge";
  }
}

TEST(Pose, SimccHasAnAxisInEachOutput) {
  const auto decoding = read_pose_decoding(bundle_with(R"({"kind": "simcc", "split": 2})", {"a"}));
  ASSERT_TRUE(decoding) << decoding.error().message;
  EXPECT_EQ(pose_output_sizes(*decoding, 64, 48), (std::vector<int64_t>{128, 96}));
  std::vector<float> x(128), y(96);
  x[31] = 0.7F;
  y[90] = 0.6F;
  // Bin 31 of half pixels is 15.5 pixels from the centre of the first one.
  EXPECT_EQ(decode_alone(*decoding, 64, 48, {x, y})[0], (Keypoint{16, 45.5F, 0.6F}));
}

TEST(Pose, RefusesADecodingThatIsNone) {
  const auto refusal = [](const char* text) {
    const auto decoding = read_pose_decoding(bundle_with(text));
    return decoding ? "" : decoding.error().message;
  };
  const std::string at = "/b/bundle.json: decoding: ";
  EXPECT_EQ(refusal(R"({"kind": "nanodet"})"),
            at + "kind is \"nanodet\", want points, heatmap or simcc");
  EXPECT_EQ(refusal(R"({"kind": "points", "unit": "input", "values": ["x"]})"),
            at + "values are wrong, want x, y and others, up to 16 names");
  EXPECT_EQ(refusal(R"({"kind": "points", "unit": "mm", "values": ["x", "y"]})"),
            at + "unit is \"mm\", want input or pixel");
  EXPECT_EQ(refusal(R"({"kind": "points", "unit": "input", "values": ["x", "y"], "rows": 1})"),
            at + "rows is 1, want 2 to 512");
  EXPECT_EQ(refusal(R"({"kind": "heatmap", "stride": 0, "layout": "NCHW"})"),
            at + "stride is 0, want 1 to 64");
  EXPECT_EQ(refusal(R"({"kind": "heatmap", "stride": 4, "layout": "CHW"})"),
            at + "layout is \"CHW\", want NCHW or NHWC");
  EXPECT_EQ(refusal(R"({"kind": "simcc", "split": 99999999999})"),
            at + "split is -1, want 1 to 16");
  EXPECT_EQ(refusal(R"({"kind": "simcc", "split": 2, "margin": 0})"),
            at + "margin is 0, want 1 to 4");
  EXPECT_NE(refusal(R"({"split": 2})"), "");
  EXPECT_EQ(read_pose_decoding({.folder = "/b"}).error().message,
            at + "the bundle has 0 keypoints, want 1 to 512 for a pose network");
}

TEST(Pose, RefusesADecodingThatDoesNotFitTheNetwork) {
  auto bundle = infer::read_bundle(kMovenet);
  ASSERT_TRUE(bundle) << bundle.error().message << "; ./dev test fetches it";
  bundle->keypoints.pop_back();
  const auto poses = PoseEstimator::make(*bundle);
  ASSERT_FALSE(poses);
  EXPECT_NE(poses.error().message.find("got 51 values, want 48"), std::string::npos)
      << poses.error().message;
}

/// The numbers of a file, as T in this machine's order.
template <typename T>
std::vector<T> read_numbers(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  EXPECT_TRUE(in) << "no " << file << "; ./dev test makes it";
  std::stringstream text;
  text << in.rdbuf();
  const std::string bytes = text.str();
  std::vector<T> numbers(bytes.size() / sizeof(T));
  std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(T));
  return numbers;
}

TEST(Pose, MovenetGivesWhatTensorflowJsGivesForTheOriginalGraph) {
  const auto bundle = infer::read_bundle(kMovenet);
  ASSERT_TRUE(bundle) << bundle.error().message << "; ./dev test fetches it";
  const auto network = infer::load(*bundle).value();
  auto runner = network.make_runner().value();
  const auto pixels = read_numbers<uint8_t>(kNetworks + "/person.rgb");
  ASSERT_EQ(pixels.size(), runner.input().size());
  std::ranges::copy(pixels, runner.input().begin());
  ASSERT_TRUE(runner.run());
  const std::vector<std::span<const float>> outputs = {runner.output(0)};
  const auto points = decode_pose(read_pose_decoding(*bundle).value(), 256, 256, outputs);
  const auto wanted = read_numbers<float>(kNetworks + "/movenet.outputs");  // y, x, score
  ASSERT_EQ(wanted.size(), 3 * points.size());
  for (size_t i = 0; i < points.size(); ++i) {
    EXPECT_NEAR(points[i].x, wanted[3 * i + 1] * 256, 0.01) << bundle->keypoints[i];
    EXPECT_NEAR(points[i].y, wanted[3 * i] * 256, 0.01) << bundle->keypoints[i];
    EXPECT_NEAR(points[i].score, wanted[3 * i + 2], 1e-4) << bundle->keypoints[i];
  }
  // Read off the image by eye, to a few pixels: the swimming cap and the foot that stands.
  EXPECT_NEAR(points[0].x, 168, 8);
  EXPECT_NEAR(points[0].y, 50, 12);
  EXPECT_NEAR(points[15].y, 213, 8);
}

/// A grey frame of 640 x 360 with a white square for each centre, and a black one 40 pixels right
/// of it.
class Spots : public testing::Test {
 protected:
  static constexpr int kSide = 12;  // side of a square, pixels

  void SetUp() override {
    for (const auto& [x, y] : kCentres) {
      paint(x, y, 255);
      paint(x + 40, y, 0);
    }
    frame_ = {.width = 640, .height = 360, .full_range = true, .grey = true};
    frame_.planes[0] = {reinterpret_cast<const std::byte*>(pixels_.data()), 640};
  }

  void paint(int x, int y, uint8_t value) {
    for (int row = y - kSide / 2; row < y + kSide / 2; ++row) {
      for (int column = x - kSide / 2; column < x + kSide / 2; ++column)
        pixels_[static_cast<size_t>(row * 640 + column)] = value;
    }
  }

  static infer::Bundle bundle(Json decoding, std::vector<std::string> outputs, int batch) {
    infer::Bundle bundle{.folder = kNetworks, .model = "spots.onnx", .outputs = std::move(outputs)};
    bundle.input = {.width = 64, .height = 48, .batch = batch};
    bundle.keypoints = {"bright", "dark"};
    bundle.decoding = std::move(decoding);
    return bundle;
  }

  /// Poses of boxes around the squares, in their order.
  std::vector<Pose> find(const infer::Bundle& bundle) {
    const auto estimator = PoseEstimator::make(bundle);
    EXPECT_TRUE(estimator) << estimator.error().message;
    if (!estimator) return {};
    auto session = estimator->open_session().value();
    std::vector<Pose> poses;
    const auto emit = [&](size_t number, Pose pose) {
      EXPECT_EQ(number, poses.size());
      poses.push_back(std::move(pose));
    };
    for (size_t i = 0; i < kCentres.size(); ++i) {
      const Box box{kCentres[i].first - 20.0, kCentres[i].second - 25.0, 80, 50};
      EXPECT_TRUE(session.push(frame_, box, i, emit));
    }
    EXPECT_TRUE(session.flush(emit));
    return poses;
  }

  void expect_near_spots(const std::vector<Pose>& poses, double tolerance) {
    ASSERT_EQ(poses.size(), kCentres.size());
    for (size_t i = 0; i < poses.size(); ++i) {
      ASSERT_EQ(poses[i].keypoints.size(), 2U);
      const auto [x, y] = kCentres[i];
      EXPECT_NEAR(poses[i].keypoints[0].x, x, tolerance) << i;
      EXPECT_NEAR(poses[i].keypoints[0].y, y, tolerance) << i;
      EXPECT_NEAR(poses[i].keypoints[1].x, x + 40, tolerance) << i;
      EXPECT_NEAR(poses[i].keypoints[1].y, y, tolerance) << i;
    }
  }

  /// The first and the last are so near the frame's edge that their crops reach out of it.
  static constexpr std::array<std::pair<int, int>, 5> kCentres = {
      {{10, 12}, {200, 50}, {333, 171}, {90, 300}, {590, 345}}};
  std::vector<uint8_t> pixels_ = std::vector<uint8_t>(640 * 360, 128);
  media::Frame frame_;
};

const Json kSpotPoints = {
    {"kind", "points"}, {"values", {"score", "x", "y"}}, {"unit", "pixel"}, {"margin", 1}};
const Json kSpotHeatmap = {{"kind", "heatmap"}, {"stride", 4}, {"layout", "NCHW"}};
const Json kSpotSimcc = {{"kind", "simcc"}, {"split", 2}};

TEST_F(Spots, EveryKindOfNetworkFindsThemInSourcePixels) {
  // A pixel of the network is 1.25 to 1.6 source pixels; positions are off by up to half of one, in
  // a heatmap by up to half a cell of four, and half a bin in SimCC.
  auto grey_border = bundle(kSpotPoints, {"points"}, 1);
  grey_border.input.fill = 128;
  expect_near_spots(find(grey_border), 1.5);
  auto heatmap = bundle(kSpotHeatmap, {"heatmap"}, 1);
  heatmap.input.fill = 128;
  expect_near_spots(find(heatmap), 4);
  auto simcc = bundle(kSpotSimcc, {"simcc_x", "simcc_y"}, 1);
  simcc.input.fill = 128;
  expect_near_spots(find(simcc), 1.7);
}

TEST_F(Spots, BatchesChangeNothing) {
  for (const auto& [decoding, outputs] :
       {std::pair(kSpotPoints, std::vector<std::string>{"points"}),
        std::pair(kSpotSimcc, std::vector<std::string>{"simcc_x", "simcc_y"})}) {
    const auto wanted = find(bundle(decoding, outputs, 1));
    EXPECT_EQ(find(bundle(decoding, outputs, 2)), wanted) << "the last batch is filled up";
    EXPECT_EQ(find(bundle(decoding, outputs, 8)), wanted);
  }
}

TEST(Limbs, JoinKeypointsThatTheNetworkHas) {
  const std::vector<std::string> names = {"left_wrist", "tail", "left_elbow"};
  EXPECT_EQ(limbs(names), (std::vector<std::pair<size_t, size_t>>{{2, 0}}));
}

}  // namespace
}  // namespace lido::scene
