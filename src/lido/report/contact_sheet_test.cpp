// SPDX-License-Identifier: Apache-2.0
#include "lido/report/contact_sheet.h"

#include "lido/report/small_dataset.h"

namespace lido::report {
namespace {

class ContactSheetTest : public SmallDataset {};

TEST_F(ContactSheetTest, NamesPersonSplitKeyAndLabels) {
  add_samples();
  const auto generation = publish();
  const std::string html = *contact_sheet(*dataset_, generation, 60, -1);
  EXPECT_EQ(occurrences(html, "<figure>"), 5);
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
  EXPECT_EQ(occurrences(html, "<figure>"), 2);
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

TEST_F(ContactSheetTest, FailsForABrokenShard) {
  add_samples();
  const auto generation = publish();
  ASSERT_TRUE(dataset_->store().write_text(rows_[0].shard, "x"));
  EXPECT_FALSE(contact_sheet(*dataset_, generation, 60, -1));
}

}  // namespace
}  // namespace lido::report
