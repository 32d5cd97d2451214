// SPDX-License-Identifier: Apache-2.0
// Whole spans against divided ones: the samples of a clip must not depend on its spans.
#include "lido/part/make_part.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "lido/dataset/fingerprint.h"
#include "lido/dataset/label_shape.h"
#include "lido/infer/bundle.h"
#include "lido/media/extract.h"
#include "lido/part/test_span.h"

namespace lido::part {
namespace {

using MakePart = SpanTest;

std::map<std::string, std::string> checksums(const PartRecord& record) {
  std::map<std::string, std::string> sums;
  for (const PartSample& sample : record.samples) sums[sample.key] = sample.sha256;
  return sums;
}

TEST_F(MakePart, SamplesDoNotDependOnTheSpans) {
  const auto whole = make_part(task("whole"), context());
  const auto [left, right] = halves();
  const auto first = make_part(task("first", left), context());
  const auto second = make_part(task("second", right), context());
  ASSERT_TRUE(whole && first && second);
  auto joined = checksums(*first);
  EXPECT_FALSE(joined.empty());
  EXPECT_FALSE(second->samples.empty());
  joined.merge(checksums(*second));
  EXPECT_EQ(joined, checksums(*whole));
  EXPECT_EQ(first->runs.back().end, left.end_k);
}

TEST_F(MakePart, ThePartReadsBackAsReturned) {
  const auto made = make_part(task("a"), context());
  ASSERT_TRUE(made);
  const auto read = *read_part(*store_, ".work/parts/a");
  ASSERT_TRUE(read);
  EXPECT_EQ(checksums(*read), checksums(*made));
  EXPECT_EQ(read->runs, made->runs);
  EXPECT_GT(progress_.frames, 0);
}

TEST_F(MakePart, AMissingClipFailsFromOutsideAndIsNoError) {
  SpanTask missing = task("missing");
  missing.clip.uri = "/nowhere/a.mp4";
  const auto made = make_part(missing, context());
  ASSERT_TRUE(made);
  ASSERT_TRUE(made->failure);
  EXPECT_EQ(made->failure->kind, FailureKind::kOutside);
  EXPECT_NE(made->failure->reason.find("/nowhere/a.mp4"), std::string::npos);
  EXPECT_TRUE(read_part(*store_, missing.part)->has_value());
}

TEST_F(MakePart, AClipThatChangedSinceItWasPlannedGivesNoSamples) {
  SpanTask planned = task("changed");
  planned.clip.fingerprint =
      dataset::fingerprint_of(**storage::open_reader(planned.clip.uri))->pieces;
  const auto made = make_part(planned, context());
  ASSERT_TRUE(made && !made->failure);
  EXPECT_FALSE(made->samples.empty());
  planned.clip.fingerprint = "of other content";
  const auto changed = make_part(planned, context());
  ASSERT_TRUE(changed && changed->failure);
  EXPECT_EQ(changed->failure->kind, FailureKind::kOutside);
  EXPECT_NE(changed->failure->reason.find("changed"), std::string::npos);
  EXPECT_TRUE(changed->samples.empty());
  const auto entry = *storage::find_entry(planned.clip.uri);
  planned.clip.bytes = entry.size, planned.clip.modified_ns = entry.modified_ns;
  EXPECT_FALSE(make_part(planned, context())->failure) << "untouched, so not read again";
}

TEST_F(MakePart, StopsWhenAsked) {
  std::stop_source source;
  source.request_stop();
  PartContext stopped = context();
  stopped.stop = source.get_token();
  const auto made = make_part(task("a"), stopped);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(*read_part(*store_, ".work/parts/a"));
}

/// Labels of one person, who is seen at 3 <= k < 14, and of the whole frame at 20 <= k < 22.
dataset::LabelShape labels() {
  dataset::LabelledPerson person{.name = "7", .number = 1, .boxes = {}};
  for (int64_t k = 3; k < 14; ++k)
    person.boxes.push_back({k, {20.0 + static_cast<double>(k), 30, 24, 40}, k != 5});
  return {.people = {person}, .frames = {{20, 22}}};
}

TEST_F(MakePart, CutsAlongLabels) {
  sampling_.samples = "labels";
  sampling_.person_size = 32;
  SpanTask labelled = task("labelled");
  labelled.labels = dataset::to_text(labels());
  const auto made = make_part(labelled, context());
  ASSERT_TRUE(made) << made.error().message;
  std::vector<int64_t> people, frames;
  for (const PartSample& sample : made->samples) {
    (sample.track == 0 ? frames : people).push_back(sample.first_k);
    EXPECT_EQ(sample.source, sample.track == 0 ? "frame" : "label");
    EXPECT_EQ(sample.person, sample.track == 0 ? "" : "7");
  }
  EXPECT_EQ(people, (std::vector<int64_t>{3, 4, 6, 8, 10})) << "windows of 4 within [3, 14)";
  EXPECT_EQ(frames, (std::vector<int64_t>{18, 20})) << "windows of 4 that touch [20, 22)";
  const PartSample& first = made->samples.front();
  EXPECT_EQ(first.seen, (std::vector<bool>{true, true, false, true}));
  ASSERT_EQ(first.cutouts.size(), 16U);
  // The box at k = 3 is 24 x 40 pixels in a square of 1.25 x 40, which is 32 pixels here.
  EXPECT_NEAR(first.boxes[3], 40 * 32 / 50.0, 1e-9);
  EXPECT_NEAR(first.boxes[0] + first.boxes[2] / 2, 16, 1e-9) << "in the middle";
}

TEST_F(MakePart, SamplesAlongLabelsDoNotDependOnTheSpans) {
  sampling_.samples = "auto";
  sampling_.windows = {.window = 4, .stride = 3};
  SpanTask whole = task("whole");
  whole.labels = dataset::to_text(labels());
  const auto [left, right] = halves();
  SpanTask first = task("first", left), second = task("second", right);
  first.labels = second.labels = whole.labels;
  const auto all = make_part(whole, context());
  auto joined = checksums(*make_part(first, context()));
  joined.merge(checksums(*make_part(second, context())));
  EXPECT_EQ(joined, checksums(*all));
}

TEST_F(MakePart, AShortLabelRepeatsItsLastFrame) {
  sampling_.samples = "labels";
  dataset::LabelShape shape = labels();
  shape.frames.clear();
  shape.people[0].boxes.resize(2);
  SpanTask labelled = task("short");
  labelled.labels = dataset::to_text(shape);
  const auto made = make_part(labelled, context());
  ASSERT_TRUE(made && made->samples.size() == 1U);
  const PartSample& sample = made->samples[0];
  EXPECT_EQ(sample.repeated, 2);
  EXPECT_EQ(sample.end_k(), 5);
  EXPECT_EQ(sample.seen, (std::vector<bool>{true, true, false, false}));
  EXPECT_EQ(sample.pts[3], sample.pts[1]);
}

/// MoveNet; empty where it is not fetched.
std::optional<scene::PoseEstimator> movenet() {
  const auto bundle = infer::read_bundle(LIDO_TEST_MODELS "/movenet");
  if (!bundle) return std::nullopt;
  return scene::PoseEstimator::make(*bundle).value();
}

TEST_F(MakePart, LabelledPeopleHaveKeypointsInThePixelsOfTheirCutouts) {
  const auto poses = movenet();
  ASSERT_TRUE(poses) << "no " LIDO_TEST_MODELS "/movenet; ./dev test fetches it";
  sampling_.samples = "labels";
  SpanTask labelled = task("posed");
  labelled.labels = dataset::to_text(labels());
  PartContext with_poses = context();
  with_poses.poses = &*poses;
  const auto made = make_part(labelled, with_poses);
  ASSERT_TRUE(made) << made.error().message;
  // The network itself, on each frame of the clip and the labelled box.
  std::map<int64_t, scene::Pose> wanted;
  auto session = *poses->open_session();
  const auto boxes = labels().people[0].boxes;
  const auto reader = *storage::open_reader(clip_);
  const auto emit = [&](size_t k, scene::Pose pose) { wanted[int64_t(k)] = std::move(pose); };
  const auto extracted = media::extract(
      *reader, {.fps = sampling_.fps.rate},
      [&](const media::ExtractedFrame& frame) -> Result<void> {
        for (const dataset::LabelledBox& at : boxes) {
          if (at.k >= frame.first_k && at.k < frame.end_k)
            LIDO_TRY(session.push(frame.frame, at.box, size_t(at.k), emit));
        }
        return session.flush(emit);
      },
      [] {});
  ASSERT_TRUE(extracted) << extracted.error().message;
  ASSERT_EQ(wanted.size(), boxes.size());
  for (const PartSample& sample : made->samples) {
    if (sample.track == 0) {
      EXPECT_TRUE(sample.keypoints.empty());
      continue;
    }
    ASSERT_EQ(sample.keypoints.size(), 4U * 17 * 3);
    for (size_t frame = 0; frame < 4; ++frame) {
      const auto& pose = wanted.at(sample.first_k + int64_t(frame));
      const double scale = sample.cutouts[4 * frame], offset = sample.cutouts[4 * frame + 2];
      for (size_t i = 0; i < 17; ++i) {
        EXPECT_NEAR(sample.keypoints[(frame * 17 + i) * 3],
                    scale * double(pose.keypoints[i].x) + offset, 1e-9);
        EXPECT_EQ(sample.keypoints[(frame * 17 + i) * 3 + 2], double(pose.keypoints[i].score));
      }
    }
  }
}

TEST_F(MakePart, LabelsTakePartInTheName) {
  const SpanTask one = task("a");
  const auto name = [&](std::string_view labels) {
    return part_name({}, one.clip, one.span, labels);
  };
  EXPECT_EQ(name(""), part_name({}, one.clip, one.span));
  EXPECT_NE(name("x"), name(""));
  EXPECT_NE(name("x"), name("y"));
}

}  // namespace
}  // namespace lido::part
