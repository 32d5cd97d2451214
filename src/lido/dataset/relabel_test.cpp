// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/relabel.h"

#include "lido/dataset/dataset_fixture.h"

namespace lido::dataset {
namespace {

// Clips of 8 s at 1 frame a second; samples of two frames from 0, 2, 4 and 6 s.
using Relabel = DatasetFixture;

Label label_of(const char* clip, double start_s, double end_s, const char* name = "swimming") {
  return {.clip = clip, .start_s = start_s, .end_s = end_s, .task = "behaviour", .label = name};
}

TEST_F(Relabel, ChangesTheManifestOnly) {
  const std::string shard = read(samples(1)[0].shard);
  const auto summary = relabel(*dataset_, {label_of("a.mp4", 2, 4)}, {});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->generation, 2);
  EXPECT_EQ(summary->samples, 1);
  EXPECT_EQ(summary->labels.unmatched.labels, 0);
  EXPECT_EQ(summary->labels.on_no_sample, 0);
  EXPECT_EQ(read(samples(1)[0].shard), shard);
  for (const SampleRow& row : samples(2))
    EXPECT_EQ(row.labels.size(), row.sample == "a_00000002" ? 1U : 0U) << row.sample;
  EXPECT_TRUE(samples(1)[1].labels.empty()) << "the old generation does not change";
  EXPECT_EQ(dataset_->read(2)->vocabulary, (Vocabulary{{"behaviour", {"swimming"}}}));
}

TEST_F(Relabel, EqualLabelsMakeNoGenerationAndNoFolder) {
  ASSERT_TRUE(relabel(*dataset_, {label_of("a.mp4", 2, 4)}, {}));
  const auto again = relabel(*dataset_, {label_of("a.mp4", 2, 4)}, {});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->samples, 0);
  EXPECT_FALSE(again->new_classes);
  EXPECT_EQ(again->generation, 2);
  EXPECT_EQ(*dataset_->latest(), 2);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "generations/000003"));
}

TEST_F(Relabel, LabelsOfOtherClipsAreCounted) {
  const auto summary =
      relabel(*dataset_, {label_of("a.mp4", 2, 4), label_of("later.mp4", 0, 9)}, {});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->samples, 1);
  EXPECT_EQ(summary->labels.labels, 2);
  EXPECT_EQ(summary->labels.unmatched.labels, 1);
  EXPECT_EQ(summary->labels.unmatched.first_clip, "later.mp4");
}

TEST_F(Relabel, LabelsOfOtherClipsAloneAreRefused) {
  const auto none =
      relabel(*dataset_, {label_of("c.mp4", 0, 9)}, {.classes = "behaviour=swimming,floating"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(
      none.error().message,
      fmt::format("no label is of a clip of {0}, got 1 label, the first of \"c.mp4\". Did you "
                  "mean a.mp4 or b.mp4? lido inspect {0} --clips lists the clips.",
                  folder_.string()));
  EXPECT_EQ(*dataset_->latest(), 1) << "the new classes make no generation either";
  EXPECT_TRUE(relabel(*dataset_, {}, {.classes = "age=child"})) << "no label is no wrong name";
}

TEST_F(Relabel, LabelsOnNoSampleReplaceNoLabels) {
  ASSERT_TRUE(relabel(*dataset_, {label_of("a.mp4", 2, 4), label_of("b.mp4", 0, 8)}, {}));
  std::vector<Label> in_ms = {label_of("a.mp4", 2000, 4000)};
  in_ms[0].place = "line 2";
  const auto refused = relabel(*dataset_, in_ms, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused.error().message,
            "/pool/a.mp4: no label is on a sample, and 1 sample would lose theirs; the first: "
            "a.mp4 2000 to 4000 s (behaviour: swimming, line 2; the clip ends at 8.04 s). Correct "
            "the labels, or give --clear to take the old ones away.");
  EXPECT_EQ(*dataset_->latest(), 2);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "generations/000003"));
  const auto cleared = relabel(*dataset_, in_ms, {.classes = "", .may_clear = true});
  ASSERT_TRUE(cleared) << cleared.error().message;
  EXPECT_EQ(cleared->samples, 1);
  EXPECT_EQ(cleared->labels.on_no_sample, 1);
  for (const SampleRow& row : samples(3))
    EXPECT_EQ(row.labels.size(), row.clip == "/pool/b.mp4" ? 1U : 0U) << row.sample;
}

TEST_F(Relabel, LabelsThatAreLostAreReported) {
  const auto summary = relabel(
      *dataset_,
      {label_of("a.mp4", 2, 4), label_of("a.mp4", 3.2, 3.8, "floating"), label_of("a.mp4", 6, 20),
       label_of("a.mp4", 7, 8.9), label_of("b.mp4", 100, 130, "floating")},
      {});
  ASSERT_TRUE(summary) << summary.error().message;
  const LabelOutcome& labels = summary->labels;
  EXPECT_EQ(labels.labels, 5);
  EXPECT_EQ(labels.on_no_sample, 1) << "after the end; 3.2 to 3.8 s are shown at 4 s";
  EXPECT_NEAR(labels.on_no_sample_s, 30, 1e-9);
  EXPECT_EQ(labels.beyond_end, 1) << "less than a second is rounding";
  ASSERT_EQ(labels.lost.size(), 1U);
  EXPECT_EQ(labels.lost[0].clip, "/pool/b.mp4");
  EXPECT_EQ(labels.lost[0].reason, "the clip ends at 8.04 s");
  ASSERT_EQ(labels.beyond.size(), 1U);
  EXPECT_EQ(labels.beyond[0].end_s, 20);
  EXPECT_TRUE(labels.missing_s.empty()) << "floating is in a sample";
}

TEST_F(Relabel, SecondsThatAreReplacedAreCounted) {
  const auto first = relabel(
      *dataset_,
      {label_of("a.mp4", 0, 4), label_of("a.mp4", 6, 7, "floating"), label_of("b.mp4", 0, 8)}, {});
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->replaced.empty());
  EXPECT_EQ(replaced_text(first->replaced), "");
  // Two of four seconds stay, and nothing of another label; another clip is not named.
  const auto next = relabel(*dataset_, {label_of("a.mp4", 1, 3), label_of("a.mp4", 6, 7, "wading")},
                            {.classes = "behaviour=wading"});
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->replaced, (LabelSeconds{{"behaviour: floating", 1}, {"behaviour: swimming", 2}}));
  EXPECT_EQ(replaced_text(next->replaced),
            "3.0 s of earlier labels were removed: behaviour: floating 1.0 s, behaviour: "
            "swimming 2.0 s");
}

TEST_F(Relabel, NewClassesAloneAreSaid) {
  ASSERT_TRUE(relabel(*dataset_, {label_of("a.mp4", 2, 4)}, {}));
  const auto summary = relabel(*dataset_, {label_of("a.mp4", 2, 4)}, {.classes = "age=child"});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->samples, 0);
  EXPECT_TRUE(summary->new_classes);
  EXPECT_EQ(summary->generation, 3);
}

TEST_F(Relabel, FrameNumbersOfAClipThatIsGoneAreRefused) {
  Label label = label_of("a.mp4", 2, 4);
  label.in_frames = true;
  const auto refused = relabel(*dataset_, {label}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("/pool/a.mp4: cannot open"), std::string::npos)
      << refused.error().message;
}

}  // namespace
}  // namespace lido::dataset
