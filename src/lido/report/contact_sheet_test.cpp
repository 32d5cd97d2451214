// SPDX-License-Identifier: Apache-2.0
#include "lido/report/contact_sheet.h"

#include "lido/base/signing.h"
#include "lido/report/small_dataset.h"

namespace lido::report {
namespace {

class ContactSheetTest : public SmallDataset {};

TEST_F(ContactSheetTest, NamesPersonSplitKeyAndLabels) {
  add_samples();
  const auto generation = publish();
  const std::string html = *contact_sheet(*dataset_, generation, 60, -1);
  EXPECT_EQ(occurrences(html, "<figure "), 5);
  EXPECT_NE(html.find("a&lt;1&gt;.mp4 0:04.0<br>person 7<br>train, "
                      "<code>key2</code><br><b>behaviour: swimming"),
            std::string::npos)
      << html;
  // A label that a sample has twice is shown once.
  EXPECT_EQ(occurrences(html, "<b>behaviour: drowning</b>"), 2);
}

TEST_F(ContactSheetTest, SpreadsItsSamplesEvenly) {
  for (int i = 0; i < 10; ++i) add_sample("/raw/b.mp4", i, {});
  const std::string html = *contact_sheet(*dataset_, publish(), 2, -1);
  EXPECT_EQ(occurrences(html, "<figure "), 2);
  EXPECT_NE(html.find("2 of 10 samples"), std::string::npos);
  EXPECT_NE(html.find("key0<"), std::string::npos);
  EXPECT_NE(html.find("key5<"), std::string::npos);
}

TEST_F(ContactSheetTest, ShowsTheAugmentedFrameBelowTheStoredOne) {
  add_samples();
  const auto generation = publish();
  EXPECT_EQ(occurrences(*contact_sheet(*dataset_, generation, 60, -1), "<img "), 5);
  const std::string html = *contact_sheet(*dataset_, generation, 60, 3);
  EXPECT_EQ(occurrences(html, "<img "), 10);
  EXPECT_NE(html.find("augmented for epoch 3"), std::string::npos);
}

TEST_F(ContactSheetTest, HoldsEachFrameAsATileInOrder) {
  add_samples();
  const std::string html = *contact_sheet(*dataset_, publish(), 60, -1);
  // Two frames of 32x32: the first black, the second red. 4 frames a second.
  EXPECT_EQ(occurrences(html, "data-frames=2 data-columns=2 data-step-ms=250"), 5);
  constexpr std::string_view kStart = "base64,";
  const size_t begin = html.find(kStart) + kStart.size();
  const std::string jpeg = from_base64(html.substr(begin, html.find('"', begin) - begin));
  const media::Image film = *dataset::decode_jpeg(std::as_bytes(std::span(jpeg)));
  ASSERT_EQ(film.width, 64);
  ASSERT_EQ(film.height, 32);
  const auto red_at = [&](int x) { return film.rgb[static_cast<size_t>(16 * 64 + x) * 3]; };
  EXPECT_NEAR(red_at(8), 0, 12);
  EXPECT_NEAR(red_at(56), 100, 12);
}

TEST_F(ContactSheetTest, GivesItsScriptTheLabelsOfEachSample) {
  add_samples();
  const std::string html = *contact_sheet(*dataset_, publish(), 60, -1);
  EXPECT_EQ(occurrences(html, "data-labels=\"[]\""), 5 - occurrences(html, "data-labels=\"[["));
  EXPECT_NE(html.find("data-start=4.000 data-end=5.250 "
                      "data-labels=\"[[&quot;behaviour&quot;,&quot;swimming"),
            std::string::npos)
      << html;
  EXPECT_EQ(occurrences(html, "<script>"), 1);
}

TEST_F(ContactSheetTest, FailsForABrokenShard) {
  add_samples();
  const auto generation = publish();
  ASSERT_TRUE(dataset_->store().write_text(rows_[0].shard, "x"));
  EXPECT_FALSE(contact_sheet(*dataset_, generation, 60, -1));
}

}  // namespace
}  // namespace lido::report
