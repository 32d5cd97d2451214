// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/identity.h"

#include <gtest/gtest.h>

#include "lido/base/json_text.h"

namespace lido::ingest {
namespace {

std::string refusal(const std::function<void(Request&)>& change) {
  Request request;
  change(request);
  const auto checked = check_options(request);
  return checked ? "" : checked.error().message;
}

TEST(CheckOptions, AcceptsTheDefaults) {
  EXPECT_EQ(refusal([](Request&) {}), "");
}

TEST(CheckOptions, NamesACombinationThatCannotBe) {
  EXPECT_EQ(refusal([](Request& r) { r.sampling.transform = {.size = 224, .resize = 100}; }),
            "resize is 100, want at least size, which is 224, or 0");
  EXPECT_EQ(refusal([](Request& r) {
              r.sampling.fps = {{8, 1}, true};
              r.sampling.keyframes_only = true;
            }),
            "fps is auto:8, want a fixed rate such as 8 with keyframes_only");
  EXPECT_EQ(refusal([](Request& r) {
              r.sampling.scene = "off";
              r.sampling.samples = "person";
            }),
            "--samples person needs --scene on");
}

TEST(CheckOptions, ChecksEachOption) {
  EXPECT_NE(refusal([](Request& r) { r.sampling.quality = 101; }), "");
  EXPECT_NE(refusal([](Request& r) { r.sampling.split = "half"; }), "");
  EXPECT_NE(refusal([](Request& r) { r.job.readers = 0; }), "");
}

TEST(CheckOptions, LabelsNeedTheirFile) {
  EXPECT_EQ(refusal([](Request& r) { r.sampling.samples = "labels"; }),
            "--samples labels needs --labels FILE");
  EXPECT_EQ(refusal([](Request& r) { r.label_boxes = "boxes.csv"; }),
            "--label-boxes needs --labels FILE");
  EXPECT_EQ(refusal([](Request& r) {
              r.sampling.scene = "off";
              r.sampling.samples = "labels";
              r.labels = "labels.csv";
            }),
            "");
}

TEST(SampleKinds, AutoIsPeopleAndLabels) {
  using enum part::SampleKinds::Frames;
  part::SampleOptions sampling;
  EXPECT_TRUE(sampling.kinds().tracked_people && sampling.kinds().labelled_people);
  EXPECT_TRUE(sampling.kinds().moving);
  EXPECT_EQ(sampling.kinds().frames, kLabelled);
  sampling.scene = "off";
  EXPECT_FALSE(sampling.kinds().tracked_people || sampling.kinds().moving);
  EXPECT_TRUE(sampling.kinds().labelled_people);
  EXPECT_EQ(sampling.kinds().frames, kAll) << "as without labels";
  sampling.samples = "person";
  EXPECT_FALSE(sampling.kinds().labelled_people);
  EXPECT_EQ(sampling.kinds().frames, kNone);
}

TEST(Identity, WithoutADetectorItsOptionsDoNotCount) {
  part::SampleOptions sampling;
  sampling.samples = "frame";
  const auto identity = identity_of(sampling, {});
  EXPECT_TRUE(identity.contains("fps"));
  EXPECT_FALSE(identity.contains("person_size"));
  EXPECT_FALSE(identity.contains("detector"));
  sampling.person_size = 64;
  sampling.detector.tiles = 3;
  EXPECT_EQ(identity_of(sampling, {}), identity);
  sampling.quality = 50;
  EXPECT_NE(identity_of(sampling, {}), identity);
}

TEST(Identity, NamesTheDetectorByItsContent) {
  infer::Bundle bundle;
  bundle.name = "nanodet";
  bundle.sha256 = "0123456789abcdef0123456789abcdef";
  const auto identity = identity_of({}, {.detector = &bundle});
  EXPECT_EQ(identity["detector"], "nanodet 0123456789abcdef");
  bundle.sha256 = "1123456789abcdef0123456789abcdef";
  EXPECT_NE(identity_of({}, {.detector = &bundle}), identity);
}

TEST(Identity, NamesThePoseNetworkByItsContent) {
  infer::Bundle detector, poses;
  detector.name = "nanodet";
  poses.name = "movenet";
  poses.sha256 = "0123456789abcdef0123456789abcdef";
  EXPECT_EQ(identity_of({}, {.detector = &detector})["poses"], "off")
      << "no later ingest may add poses";
  const auto identity = identity_of({}, {.detector = &detector, .poses = &poses, .hands = &poses});
  EXPECT_EQ(identity["poses"], "movenet 0123456789abcdef");
  EXPECT_EQ(identity["hands"], "movenet 0123456789abcdef");
}

TEST(Identity, OfPartsNamesTheDeviceOnlyWithADetector) {
  EXPECT_EQ(json_text(part_identity({{"fps", "4"}}, false)), R"({"fps":"4"})");
  EXPECT_TRUE(part_identity({{"fps", "4"}}, true).contains("device"));
}

}  // namespace
}  // namespace lido::ingest
