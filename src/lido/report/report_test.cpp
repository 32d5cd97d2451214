// SPDX-License-Identifier: Apache-2.0
#include "lido/report/report.h"

#include <regex>
#include <set>

#include "lido/report/html.h"
#include "lido/report/small_dataset.h"

namespace lido::report {
namespace {

class ReportTest : public SmallDataset {
 protected:
  std::string write(const Cost* cost = nullptr) {
    EXPECT_TRUE(write_report(*dataset_, cost));
    return *dataset_->store().read_text("report.html");
  }
};

/// Returns all matches of a group of a pattern.
std::set<std::string> matches(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (auto i = std::sregex_iterator(text.begin(), text.end(), regex); i != std::sregex_iterator();
       ++i)
    found.insert((*i)[1]);
  return found;
}

TEST_F(ReportTest, HasATargetForEveryLink) {
  add_samples();
  publish();
  const Cost cost{.elapsed_s = 2};
  const std::string html = write(&cost);
  const auto links = matches(html, "href=\"#([^\"]*)\"");
  const auto ids = matches(html, " id=([a-z0-9-]+)>");
  EXPECT_GE(links.size(), 6u);
  for (const std::string& link : links) EXPECT_TRUE(ids.contains(link)) << link;
  EXPECT_TRUE(links.contains(clip_anchor("/raw/b.mp4")));
}

TEST_F(ReportTest, LinksToTheContactSheetWhereThereIsOne) {
  publish();
  constexpr std::string_view kLink = "<a href=\"contact_sheet.html\">";
  EXPECT_EQ(occurrences(write(), kLink), 0);
  ASSERT_TRUE(dataset_->store().write_text("contact_sheet.html", "<p>"));
  EXPECT_EQ(occurrences(write(), kLink), 1);
}

TEST_F(ReportTest, ShowsSplitsAndLabelsBeforeImages) {
  add_samples();
  publish();
  const std::string html = write();
  EXPECT_LT(html.find("id=labels"), html.find("id=timeline"));
  EXPECT_LT(html.find("id=timeline"), html.find("<img"));
  EXPECT_NE(html.find("<tr><td>behaviour: swimming<td class=n>2<td class=n>0<td class=n>1"
                      "<td class=n>0:03.0"),
            std::string::npos)
      << html;
}

TEST_F(ReportTest, ShowsFramesOfEachClip) {
  add_samples();
  publish();
  const std::string html = write();
  // Two clips: three samples and two samples of two frames each.
  EXPECT_EQ(occurrences(html, "<img "), 6 + 4);
  EXPECT_NE(html.find("Up to 8 frames of each clip"), std::string::npos);
}

TEST_F(ReportTest, EscapesNamesAndReasons) {
  add_samples();
  publish();
  const std::string html = write();
  EXPECT_EQ(occurrences(html, "a<1>"), 0);
  EXPECT_NE(html.find("a&lt;1&gt;.mp4"), std::string::npos);
  EXPECT_NE(html.find("bad &lt;bytes&gt;"), std::string::npos);
  EXPECT_NE(html.find("&lt;crop&gt;"), std::string::npos);
  EXPECT_NE(html.find("deck &amp; pool"), std::string::npos);
}

TEST_F(ReportTest, IsWrittenWithoutAnySample) {
  publish();
  const std::string html = write();
  // A label in no sample is shown, with zeros.
  EXPECT_NE(html.find("<tr><td>behaviour: drowning<td class=n>0<td class=n>0<td class=n>0"),
            std::string::npos);
  EXPECT_EQ(occurrences(html, "<img "), 0);
  EXPECT_NE(html.find("broken at 0:03.5"), std::string::npos);
}

TEST_F(ReportTest, ShowsWhatWasLeftOutOfBrokenClips) {
  add_samples();
  publish();
  const std::string html = write();
  EXPECT_NE(html.find("left out of 1 broken clip"), std::string::npos);
  EXPECT_NE(html.find("<td class=n>0:05.0<td class=n>0:07.0<td class=bad>lost &lt;packets&gt;"),
            std::string::npos);
  EXPECT_NE(html.find("<td>tries again"), std::string::npos);
  EXPECT_NE(html.find("left out: broken"), std::string::npos);
}

TEST_F(ReportTest, LeavesOutOnlyTheImagesOfABrokenShard) {
  add_samples();
  publish();
  ASSERT_TRUE(dataset_->store().write_text(rows_[0].shard, std::string(shard_.size(), 'x')));
  const std::string html = write();
  EXPECT_EQ(occurrences(html, "<img "), 0);
  EXPECT_NE(html.find("a&lt;1&gt;.mp4"), std::string::npos);
}

TEST(Cost, GivesTheRestOfTheWorkToDecoding) {
  part::Progress progress;
  progress.work_us = 10'000'000;
  progress.scene_us = 4'000'000;
  progress.write_us = 1'000'000;
  const Cost cost = cost_of(progress, 3);
  EXPECT_EQ(cost.elapsed_s, 3);
  EXPECT_DOUBLE_EQ(cost.decode_s, 5);
  progress.scene_us = 20'000'000;
  EXPECT_EQ(cost_of(progress, 3).decode_s, 0);
}

}  // namespace
}  // namespace lido::report
