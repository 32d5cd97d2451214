// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/detect.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lido/media/extract.h"
#include "lido/storage/store.h"

namespace lido::scene {
namespace {

const std::string kModels = LIDO_TEST_MODELS;
/// The demo's camera 3: two people, seen from head to foot in all frames of 1.7 s, and no third.
/// Counted by eye.
const std::string kRoom = LIDO_TEST_VIDEO "/cam03.mp4";
constexpr int64_t kRoomFrames = 10;
constexpr int kRoomPeople = 2;

Decoding nanodet() {
  return {.kind = Decoding::Kind::kNanodet, .strides = {8, 16}, .bins = 11, .classes = 2};
}

/// Outputs of zero except where the test sets them; spans stay valid while this lives.
struct Outputs {
  explicit Outputs(const Decoding& decoding) {
    for (const int64_t size : output_sizes(decoding, 64, 48))
      values.emplace_back(static_cast<size_t>(size));
  }
  std::vector<RawBox> decode(const Decoding& decoding) const {
    const std::vector<std::span<const float>> spans(values.begin(), values.end());
    return scene::decode(decoding, 64, 48, spans, 0.3F);
  }
  std::vector<std::vector<float>> values;
};

TEST(Detect, NanodetDistancesAreMeansOfTheirDistributions) {
  const Decoding decoding = nanodet();
  Outputs outputs(decoding);
  // Stride 8: 8 x 6 cells. Cell (3, 2), class 1.
  const size_t cell = 2 * 8 + 3;
  outputs.values[0][cell * 2 + 1] = 0.75F;
  // Logits that leave no doubt, except for the top, which is undecided between 2 and 3.
  const std::array<size_t, 4> distance = {1, 2, 4, 5};
  for (size_t side = 0; side < 4; ++side)
    outputs.values[2][(cell * 4 + side) * 11 + distance[side]] = 100;
  outputs.values[2][(cell * 4 + 1) * 11 + 3] = 100;
  const auto boxes = outputs.decode(decoding);
  ASSERT_EQ(boxes.size(), 1U);
  EXPECT_FLOAT_EQ(boxes[0].left, 3.5 * 8 - 1 * 8);
  EXPECT_FLOAT_EQ(boxes[0].top, 2.5 * 8 - 2.5 * 8);
  EXPECT_FLOAT_EQ(boxes[0].right, 3.5 * 8 + 4 * 8);
  EXPECT_FLOAT_EQ(boxes[0].bottom, 2.5 * 8 + 5 * 8);
  EXPECT_FLOAT_EQ(boxes[0].score, 0.75);
  EXPECT_EQ(boxes[0].class_id, 1);
}

TEST(Detect, YoloxBoxesAreCentreAndSizeInStrides) {
  const Decoding decoding{.kind = Decoding::Kind::kYolox, .strides = {8, 16}, .classes = 2};
  Outputs outputs(decoding);
  const size_t cell = 48 + 1 * 4 + 2;  // Stride 16: 4 x 3 cells behind 48 of stride 8.
  const std::vector<float> values = {0.25F, 0.5F, std::log(2.0F), std::log(1.0F), 0.9F, 0.5F, 0.2F};
  std::ranges::copy(values, outputs.values[0].begin() + static_cast<ptrdiff_t>(cell * 7));
  const auto boxes = outputs.decode(decoding);
  ASSERT_EQ(boxes.size(), 1U);
  EXPECT_FLOAT_EQ(boxes[0].left, 2.25F * 16 - 16);
  EXPECT_FLOAT_EQ(boxes[0].right, 2.25F * 16 + 16);
  EXPECT_FLOAT_EQ(boxes[0].top, 1.5F * 16 - 8);
  EXPECT_FLOAT_EQ(boxes[0].bottom, 1.5F * 16 + 8);
  EXPECT_FLOAT_EQ(boxes[0].score, 0.45F);
  EXPECT_EQ(boxes[0].class_id, 0);
}

TEST(Detect, OfOverlappingBoxesOfAClassTheStrongerStays) {
  const std::vector<Detection> found = {{{0, 0, 10, 10}, 0.5F, 0},
                                        {{1, 0, 10, 10}, 0.9F, 0},
                                        {{1, 0, 10, 10}, 0.6F, 1},
                                        {{30, 0, 10, 10}, 0.4F, 0}};
  const auto kept = non_max_suppression(found, 0.5);
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_FLOAT_EQ(kept[0].score, 0.9F);
  EXPECT_FLOAT_EQ(kept[1].score, 0.6F);
  EXPECT_FLOAT_EQ(kept[2].score, 0.4F);
}

TEST(Detect, TilesMergeByContainment) {
  const auto box = [](double x, double y, double w, double h, float score) {
    return Detection{{x, y, w, h}, score, 0};
  };
  const auto boxes = [](const std::vector<Detection>& found) {
    std::vector<Box> all;
    for (const Detection& one : found) all.push_back(one.box);
    return all;
  };
  const Detection whole = box(100, 100, 40, 100, 0.6F), upper = box(102, 100, 36, 45, 0.8F);
  // A tile saw the upper half of a person: IoU 0.4. The whole box stays, with the surer score.
  const auto merged = merge_passes({{whole}, {upper}}, 0.6);
  ASSERT_EQ(boxes(merged), std::vector<Box>{whole.box});
  EXPECT_EQ(merged[0].score, 0.8F);
  EXPECT_EQ(boxes(merge_passes({{box(100, 100, 40, 100, 0.9F)}, {upper}}, 0.6)),
            std::vector<Box>{whole.box});
  // A child before an adult: the tile sees both.
  EXPECT_EQ(merge_passes({{whole}, {upper, box(101, 100, 40, 100, 0.5F)}}, 0.6).size(), 2U);
  // One pass saw both.
  EXPECT_EQ(merge_passes({{whole, upper}, {}}, 0.6).size(), 2U);
  // The pass over the frame saw two people as one, whichever box is surer.
  const Detection left = box(100, 100, 40, 100, 0.7F), right = box(142, 100, 40, 100, 0.7F);
  for (const float score : {0.4F, 0.7F, 0.9F}) {
    const Detection both = box(98, 98, 86, 104, score);
    const std::vector<std::vector<std::vector<Detection>>> ways = {
        {{both}, {left, right}}, {{left, right}, {both}}, {{left}, {both}, {right}}};
    for (const auto& passes : ways)
      EXPECT_EQ(boxes(merge_passes(passes, 0.6)), (std::vector<Box>{left.box, right.box})) << score;
  }
  // Upper body and legs, both faint, are parts of a person.
  const Detection sure = box(100, 100, 40, 100, 0.9F);
  EXPECT_EQ(boxes(merge_passes({{sure}, {box(100, 100, 40, 48, 0.2F), box(100, 150, 40, 48, 0.2F)}},
                               0.6)),
            std::vector<Box>{sure.box});
  // A head and an upper body of two passes are one person.
  EXPECT_EQ(boxes(merge_passes({{whole}, {upper}, {box(110, 100, 16, 18, 0.7F)}}, 0.6)),
            std::vector<Box>{whole.box});
  // Another class is another object.
  Detection ball = upper;
  ball.class_id = 1;
  EXPECT_EQ(merge_passes({{whole}, {ball}}, 0.6).size(), 2U);
}

TEST(Detect, ScoresOfTheBundleStandInForZero) {
  auto bundle = infer::read_bundle(kModels + "/nanodet").value();
  bundle.scores = {.min_score = 0.3, .low_score = 0.12, .new_score = 0.5, .data = "", .curve = {}};
  const auto own = Detector::make(bundle, {});
  ASSERT_TRUE(own) << own.error().message;
  EXPECT_EQ(own->options().min_score, 0.3);
  EXPECT_EQ(own->options().low_score, 0.12);
  const auto given = Detector::make(bundle, {.min_score = 0.1});
  EXPECT_EQ(given->options().min_score, 0.1);
  EXPECT_EQ(given->options().low_score, 0.1);
  EXPECT_EQ(Detector::make(bundle, {.low_score = 0.4}).error().message,
            "low_score is 0.4, want at most min_score, which is 0.3");
}

TEST(Detect, RefusesADecodingThatIsNoDecoding) {
  const auto refusal = [](const char* text) {
    infer::Bundle bundle{.folder = "/b", .classes = {"person"}};
    bundle.decoding = nlohmann::json::parse(text);
    const auto decoding = read_decoding(bundle);
    return decoding ? "" : decoding.error().message;
  };
  EXPECT_EQ(refusal(R"({"kind": "ssd", "strides": [8]})"),
            "/b/bundle.json: decoding: kind is \"ssd\", want nanodet or yolox");
  EXPECT_EQ(
      refusal(R"({"kind": "yolox", "strides": [0]})"),
      "/b/bundle.json: decoding: strides are out of range, want 1 to 16 numbers from 1 to 1024");
  EXPECT_EQ(refusal(R"({"kind": "nanodet", "strides": [8], "bins": 1})"),
            "/b/bundle.json: decoding: bins is 1, want 2 to 64");
  EXPECT_NE(refusal(R"({"strides": [8]})"), "");
}

TEST(Detect, RefusesADecodingThatDoesNotFitTheNetwork) {
  auto bundle = infer::read_bundle(kModels + "/nanodet");
  ASSERT_TRUE(bundle) << bundle.error().message;
  bundle->decoding["bins"] = 8;
  const auto detector = Detector::make(*bundle, {});
  ASSERT_FALSE(detector);
  EXPECT_NE(detector.error().message.find("got 118976 values, want 86528"), std::string::npos)
      << detector.error().message;
}

class Room : public testing::Test {
 protected:
  void SetUp() override {
    auto clip = storage::open_reader(kRoom);
    ASSERT_TRUE(clip) << clip.error().message << "; ./dev setup fetches it";
    clip_ = std::move(*clip);
  }

  /// Detections of kRoomFrames frames.
  std::vector<std::vector<Detection>> detect(const infer::Bundle& bundle, int tiles) {
    const auto detector = Detector::make(bundle, {.tiles = tiles});
    EXPECT_TRUE(detector) << detector.error().message;
    auto session = detector->open_session().value();
    std::vector<std::vector<Detection>> all;
    const auto emit = [&](std::vector<Detection> found) -> Result<void> {
      all.push_back(std::move(found));
      return {};
    };
    const auto report = media::extract(
        *clip_, {.fps = {6, 1}, .end_k = kRoomFrames},
        [&](const media::ExtractedFrame& frame) { return session.push(frame.frame, emit); }, [] {});
    EXPECT_TRUE(report) << report.error().message;
    EXPECT_TRUE(session.flush(emit));
    return all;
  }
  std::unique_ptr<storage::Reader> clip_;
};

TEST_F(Room, BatchesChangeNothing) {
  // A network of any batch size, whose detections are nonsense.
  const std::string folder = LIDO_TEST_MODELS "/../networks";
  infer::Bundle bundle{.folder = folder, .model = "batches.onnx", .outputs = {"output"}};
  bundle.input = {.width = 32, .height = 32, .std = {255, 255, 255}};
  bundle.classes = {"person", "ball"};
  bundle.decoding = {{"kind", "yolox"}, {"strides", {16}}};
  const auto wanted = detect(bundle, 2);
  ASSERT_EQ(std::ssize(wanted), kRoomFrames);
  bundle.input.batch = 4;  // Five passes over each frame: batches hold parts of two frames.
  const auto found = detect(bundle, 2);
  EXPECT_TRUE(std::ranges::any_of(wanted, [](const auto& one) { return !one.empty(); }));
  ASSERT_EQ(found.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    ASSERT_EQ(found[i].size(), wanted[i].size());
    for (size_t j = 0; j < wanted[i].size(); ++j) {
      EXPECT_EQ(found[i][j].box, wanted[i][j].box);
      EXPECT_EQ(found[i][j].score, wanted[i][j].score);
    }
  }
}

TEST_F(Room, TilesFindNoPersonTwice) {
  // Edges of two and of three tiles a side cross both people.
  const auto bundle = infer::read_bundle(kModels + "/nanodet").value();
  for (const int tiles : {1, 2, 3}) {
    const auto found = detect(bundle, tiles);
    ASSERT_EQ(std::ssize(found), kRoomFrames);
    for (size_t i = 0; i < found.size(); ++i) {
      const auto people = std::ranges::count_if(
          found[i], [](const Detection& one) { return one.class_id == 0 && one.score >= 0.5F; });
      EXPECT_EQ(people, kRoomPeople) << "tiles " << tiles << ", frame " << i;
    }
  }
}

}  // namespace
}  // namespace lido::scene
