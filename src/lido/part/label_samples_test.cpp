// SPDX-License-Identifier: Apache-2.0
// Frames made by hand. make_part_test.cpp cuts along labels through whole clips, with keypoints.
#include "lido/part/label_samples.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lido/base/process.h"
#include "lido/base/test_folder.h"
#include "lido/dataset/tar.h"

namespace lido::part {
namespace {

constexpr int kWidth = 320, kHeight = 240;

/// A black frame with a rectangle of one brightness.
media::Frame frame_with(const Box& bright, uint8_t level, int64_t pts) {
  const auto grey = std::make_shared<std::vector<std::byte>>(size_t{kWidth} * kHeight);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const bool is_in =
          x >= bright.x && x < bright.right() && y >= bright.y && y < bright.bottom();
      if (is_in) (*grey)[static_cast<size_t>(y * kWidth + x)] = std::byte{level};
    }
  }
  media::Frame frame{.width = kWidth, .height = kHeight, .full_range = true, .grey = true};
  frame.planes[0] = {grey->data(), kWidth};
  frame.pts = pts;
  frame.owner = grey;
  return frame;
}

/// Where a person of 24 x 40 pixels is at a time.
Box box_at(int64_t k) { return {20.0 + 5 * static_cast<double>(k), 30, 24, 40}; }

/// A person with a box at first_k <= k < end_k.
dataset::LabelledPerson person(std::string name, int64_t number, int64_t first_k, int64_t end_k) {
  dataset::LabelledPerson person{.name = std::move(name), .number = number, .boxes = {}};
  for (int64_t k = first_k; k < end_k; ++k) person.boxes.push_back({k, box_at(k)});
  return person;
}

class LabelSamplesTest : public testing::Test {
 protected:
  LabelSamplesTest()
      : store_(*storage::open_store(folder_.string())), writer_(*store_->create("part.tar")) {
    sampling_.fps.rate = {4, 1};
    sampling_.windows = {.window = 4, .stride = 2};
    sampling_.person_size = 32;
  }

  /// Cuts samples out of ten frames, each with a rectangle at box_at(k): of brightness 55 in the
  /// first one, 105 in the second, up to 255.
  std::vector<PartSample> cut(const std::vector<dataset::LabelledPerson>& people,
                              const std::vector<int64_t>& cuts = {}) {
    SampleWriter writer(*writer_, clip_, {1, 1000}, sampling_);
    LabelSamples samples(writer, people, sampling_, reach_, "p");
    for (int64_t k = 0; k < 10; ++k) {
      const bool after_cut = std::ranges::find(cuts, k) != cuts.end();
      const auto level = static_cast<uint8_t>(std::min<int64_t>(255, 55 + 50 * k));
      EXPECT_TRUE(samples.add(k, after_cut, frame_with(box_at(k), level, 250 * k)));
    }
    EXPECT_TRUE(samples.finish());
    return writer.take_samples();
  }
  static std::vector<int64_t> starts(const std::vector<PartSample>& samples) {
    std::vector<int64_t> all;
    for (const PartSample& sample : samples) all.push_back(sample.first_k);
    return all;
  }

  /// An image of the samples, as the program tar extracts it.
  media::Image image(const std::string& name) {
    EXPECT_TRUE(writer_->append(dataset::tar_end()));
    EXPECT_TRUE(writer_->commit());
    const auto tar = run_process({"tar", "-xOf", (folder_ / "part.tar").string(), name});
    EXPECT_EQ(tar->exit_code, 0) << tar->err;
    return *dataset::decode_jpeg(std::as_bytes(std::span(tar->out)));
  }

  TestFolder folder_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::Writer> writer_;
  ClipInput clip_{.uri = "/a.mp4"};
  SampleOptions sampling_;
  SpanReach reach_{.own_end_k = INT64_MAX, .window_end_k = INT64_MAX};
};

TEST_F(LabelSamplesTest, ASampleHasTheGeometryOfItsCutouts) {
  const auto samples = cut({person("7", 3, 2, 6)});
  ASSERT_EQ(samples.size(), 1U);
  const PartSample& sample = samples[0];
  EXPECT_EQ(sample.key, "p_00000002_l00003");
  EXPECT_EQ(sample.first_k, 2);
  EXPECT_EQ(sample.pts, (std::vector<int64_t>{500, 750, 1000, 1250}));
  EXPECT_EQ(sample.track, 3);
  EXPECT_EQ(sample.person, "7");
  EXPECT_EQ(sample.source, "label");
  EXPECT_EQ(sample.source_width, kWidth);
  EXPECT_EQ(sample.source_height, kHeight);
  EXPECT_TRUE(sample.keypoints.empty()) << "there is no pose network";
  // The longer side of the context image is 224 pixels.
  EXPECT_EQ(sample.geometry.width, 224);
  EXPECT_EQ(sample.geometry.height, 168);
  // A square of 1.25 x 40 source pixels becomes 32 pixels, with the box in its middle.
  ASSERT_EQ(sample.cutouts.size(), 16U);
  ASSERT_EQ(sample.boxes.size(), 16U);
  for (size_t i = 0; i < 4; ++i) {
    const double scale = 32 / 50.0;
    const double left = 20 + 5 * (2 + static_cast<double>(i)) + 12 - 25, top = 30 + 20 - 25;
    EXPECT_NEAR(sample.cutouts[4 * i], scale, 1e-12);
    EXPECT_NEAR(sample.cutouts[4 * i + 2], -scale * left, 1e-9);
    EXPECT_NEAR(sample.cutouts[4 * i + 3], -scale * top, 1e-9);
    EXPECT_NEAR(sample.boxes[4 * i], 16 - 12 * scale, 1e-9);
    EXPECT_NEAR(sample.boxes[4 * i + 1], 16 - 20 * scale, 1e-9);
    EXPECT_NEAR(sample.boxes[4 * i + 2], 24 * scale, 1e-9);
    EXPECT_NEAR(sample.boxes[4 * i + 3], 40 * scale, 1e-9);
  }
}

TEST_F(LabelSamplesTest, AnImageShowsTheBoxOfItsFrame) {
  ASSERT_EQ(cut({person("7", 1, 1, 5)}).size(), 1U);
  const media::Image last = image("p_00000001_l00001.003.jpg");
  ASSERT_EQ(last.width, 32);
  ASSERT_EQ(last.height, 32);
  // The box is 15.4 x 25.6 pixels around the middle; JPEG blurs its edge.
  const auto brightness = [&](int x, int y) {
    return int{last.rgb[static_cast<size_t>(3 * (y * 32 + x))]};
  };
  for (const int x : {10, 16, 21}) EXPECT_GT(brightness(x, 16), 220) << x;
  for (const int x : {1, 5, 26, 30}) EXPECT_LT(brightness(x, 16), 35) << x;
  for (const int y : {6, 26}) EXPECT_GT(brightness(16, y), 220) << y;
  for (const int y : {0, 31}) EXPECT_LT(brightness(16, y), 35) << y;
}

TEST_F(LabelSamplesTest, WindowsStartAtMultiplesOfTheStrideAndEndWithTheLabel) {
  EXPECT_EQ(starts(cut({person("7", 1, 1, 8)})), (std::vector<int64_t>{1, 2, 4}));
}

TEST_F(LabelSamplesTest, NoSampleCrossesACut) {
  EXPECT_EQ(starts(cut({person("7", 1, 0, 8)}, {4})), (std::vector<int64_t>{0, 4}));
}

TEST_F(LabelSamplesTest, APersonIsCutAtEachStretchOfTheirLabels) {
  dataset::LabelledPerson split = person("7", 1, 0, 4);
  for (const dataset::LabelledBox& one : person("", 0, 5, 9).boxes) split.boxes.push_back(one);
  EXPECT_EQ(starts(cut({split})), (std::vector<int64_t>{0, 5}));
}

TEST_F(LabelSamplesTest, SamplesThatStartAfterTheSpanAreAnothers) {
  reach_ = {.own_end_k = 4, .window_end_k = 9};
  EXPECT_EQ(starts(cut({person("7", 1, 0, 10)})), (std::vector<int64_t>{0, 2}));
}

TEST_F(LabelSamplesTest, PeopleOfOneFrameHaveSamplesOfTheirOwn) {
  dataset::LabelledPerson second = person("8", 2, 0, 4);
  for (dataset::LabelledBox& one : second.boxes) one.box.x += 100;
  second.boxes[1].seen = false;
  const auto samples = cut({person("7", 1, 0, 4), second});
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_EQ(samples[0].key, "p_00000000_l00001");
  EXPECT_EQ(samples[0].seen, std::vector<bool>(4, true));
  EXPECT_EQ(samples[1].key, "p_00000000_l00002");
  EXPECT_EQ(samples[1].person, "8");
  EXPECT_EQ(samples[1].seen, (std::vector<bool>{true, false, true, true}));
  EXPECT_NEAR(samples[1].cutouts[2], samples[0].cutouts[2] - 100 * 32 / 50.0, 1e-9);
}

TEST_F(LabelSamplesTest, AShortLabelRepeatsItsLastFrame) {
  const auto samples = cut({person("7", 1, 3, 5)});
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_EQ(samples[0].repeated, 2);
  EXPECT_EQ(samples[0].seen, (std::vector<bool>{true, true, false, false}));
  EXPECT_EQ(samples[0].pts, (std::vector<int64_t>{750, 1000, 1000, 1000}));
}

// The image is 320 x 240. A box of which a pixel is inside is cut out, one beside the image is not.
TEST_F(LabelSamplesTest, ABoxOutsideTheImageIsCutOutNowhere) {
  const auto at = [](const Box& box) {
    dataset::LabelledPerson person{.name = "7", .number = 1, .boxes = {}};
    for (int64_t k = 0; k < 4; ++k) person.boxes.push_back({k, box});
    return person;
  };
  for (const Box& outside : {Box{1000, 2000, 30, 40}, Box{320, 10, 30, 40}, Box{-30, 10, 30, 40},
                             Box{10, 240, 30, 40}, Box{10, -40, 30, 40}, Box{-1, 10, 0, 0}})
    EXPECT_TRUE(cut({at(outside)}).empty()) << outside.x << " " << outside.y;
  for (const Box& inside :
       {Box{319, 10, 30, 40}, Box{-29, 10, 30, 40}, Box{10, -39, 30, 40}, Box{0, 10, 0, 40}})
    EXPECT_EQ(cut({at(inside)}).size(), 1U) << inside.x << " " << inside.y;
}

}  // namespace
}  // namespace lido::part
