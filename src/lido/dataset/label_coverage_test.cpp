// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/label_coverage.h"

#include <cmath>

#include "lido/dataset/dataset_fixture.h"
#include "lido/dataset/relabel.h"

namespace lido::dataset {
namespace {

/// Two clips of 8 s, with samples of two frames a second from 0, 2, 4 and 6 s on.
class LabelCoverageTest : public DatasetFixture {
 protected:
  std::vector<LabelCoverage> coverage_of(std::string_view rows) {
    const auto file = parse_labels("clip,start_s,end_s,task,label\n" + std::string(rows));
    EXPECT_TRUE(file) << file.error().message;
    const auto summary = relabel(*dataset_, file->labels, {});
    EXPECT_TRUE(summary) << summary.error().message;
    generation_ = summary->generation;
    return *label_coverage(*dataset_, generation_);
  }
  int generation_ = 0;
};

TEST_F(LabelCoverageTest, SumsSecondsByLabel) {
  const auto coverage = coverage_of(
      "a.mp4,1,4,behaviour,swimming\nb.mp4,0,2,behaviour,swimming\nb.mp4,2,3,behaviour,diving\n");
  ASSERT_EQ(coverage.size(), 2U);
  EXPECT_EQ(coverage[0].label, "diving");
  const LabelCoverage& swimming = coverage[1];
  EXPECT_DOUBLE_EQ(swimming.labelled_s, 5);
  EXPECT_DOUBLE_EQ(swimming.in_samples_s, 5);
  EXPECT_DOUBLE_EQ(swimming.in_person_samples_s, 0);
  EXPECT_EQ(swimming.samples, 3) << "two of a, one of b";
  EXPECT_TRUE(swimming.lost.empty());
}

TEST_F(LabelCoverageTest, NamesWhatIsInNoSampleLongestFirst) {
  // Samples of clip a at 2 s and after are gone.
  auto tables = *dataset_->begin_tables(2);
  for (const SampleRow& row : samples(1)) {
    if (row.clip == "/pool/a.mp4" && row.first_k == 2) continue;
    ASSERT_TRUE(tables.samples.append(row));
  }
  for (const char* clip : {"/pool/a.mp4", "/pool/b.mp4"})
    ASSERT_TRUE(tables.clips.append({.clip = clip, .duration_s = 8, .source_fps = 1}));
  ASSERT_TRUE(dataset_->publish({.number = 2}, tables));
  const auto coverage = coverage_of("a.mp4,0,9,behaviour,swimming\na.mp4,3,4,behaviour,diving\n");
  ASSERT_EQ(coverage.size(), 2U);
  EXPECT_TRUE(coverage[0].has_none());
  EXPECT_DOUBLE_EQ(coverage[0].labelled_s, 1);
  const LabelCoverage& swimming = coverage[1];
  EXPECT_DOUBLE_EQ(swimming.labelled_s, 9);
  EXPECT_DOUBLE_EQ(swimming.in_samples_s, 6) << "0, 1, 4, 5, 6 and 7 s";
  ASSERT_EQ(swimming.lost.size(), 2U);
  EXPECT_DOUBLE_EQ(swimming.lost[0].start_s, 2);
  EXPECT_DOUBLE_EQ(swimming.lost[0].end_s, 4);
  EXPECT_DOUBLE_EQ(swimming.lost[1].start_s, 8) << "the last frame is in no sample";
  const auto lines = coverage_lines(coverage);
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_EQ(lines[2], "  in no sample: a.mp4 3.00-4.00 s");
  EXPECT_EQ(lines[4], "  in no sample: a.mp4 2.00-4.00 s; a.mp4 8.00-9.00 s");
  EXPECT_EQ(lines[5], "one person: seconds in samples that are cut out along one person");
  const auto read = parse_coverage(coverage_json(coverage));
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(coverage_json(read), coverage_json(coverage));
}

TEST_F(LabelCoverageTest, ALabelBetweenTwoSamplingTimesCountsWithTheCloserOne) {
  const auto coverage = coverage_of("a.mp4,2.2,2.4,behaviour,diving\n");
  ASSERT_EQ(coverage.size(), 1U);
  EXPECT_NEAR(coverage[0].in_samples_s, 0.2, 1e-9) << "a sample begins at 2 s";
  EXPECT_TRUE(coverage[0].lost.empty());
}

TEST_F(LabelCoverageTest, ALabelEndsWithItsClip) {
  const auto coverage = coverage_of("a.mp4,6,100,behaviour,swimming\na.mp4,50,60,behaviour,late\n");
  ASSERT_EQ(coverage.size(), 2U);
  EXPECT_TRUE(coverage[0].has_none()) << "behind the clip";
  EXPECT_DOUBLE_EQ(coverage[0].lost[0].start_s, 50);
  EXPECT_NEAR(coverage[1].labelled_s, 2.04, 1e-9) << "8 s and a frame of 1/25 s";
}

TEST_F(LabelCoverageTest, OlderDatasetsHaveNoTableOfLabels) {
  std::filesystem::remove(folder_ / "generations/000001/labels.parquet");
  EXPECT_TRUE(label_coverage(*dataset_, 1)->empty());
  EXPECT_TRUE(coverage_lines({}).empty());
}

TEST_F(LabelCoverageTest, NewLabelsReplaceThoseOfTheirClipsOnly) {
  coverage_of("a.mp4,0,4,behaviour,swimming\nb.mp4,0,2,behaviour,swimming\n");
  const auto after = coverage_of("b.mp4,3,4,behaviour,swimming\n");
  ASSERT_EQ(after.size(), 1U);
  EXPECT_DOUBLE_EQ(after[0].labelled_s, 4 + 1);
}

TEST(CutForgotten, LeavesWhatIsAround) {
  const LabelRow label{"/a.mp4", 10, 20, "t", "l", ""};
  const auto cut = [&](double start_s, double end_s) {
    std::vector<std::pair<double, double>> pieces;
    for (const LabelRow& piece :
         cut_forgotten(label, {{.clip = "/a.mp4", .start_s = start_s, .end_s = end_s}}))
      pieces.emplace_back(piece.start_s, piece.end_s);
    return pieces;
  };
  using Pieces = std::vector<std::pair<double, double>>;
  EXPECT_EQ(cut(0, 5), (Pieces{{10, 20}}));
  EXPECT_EQ(cut(12, 15), (Pieces{{10, 12}, {15, 20}}));
  EXPECT_EQ(cut(0, 15), (Pieces{{15, 20}}));
  EXPECT_TRUE(cut(0, INFINITY).empty());
  EXPECT_EQ(cut_forgotten(label, {{.clip = "/b.mp4", .end_s = INFINITY}}).size(), 1U);
}

}  // namespace
}  // namespace lido::dataset
