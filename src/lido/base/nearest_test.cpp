// SPDX-License-Identifier: Apache-2.0
#include "lido/base/nearest.h"

#include <gtest/gtest.h>

namespace lido {
namespace {

using Words = std::vector<std::string>;

TEST(Nearest, CountsInsertedRemovedReplacedAndSwappedLetters) {
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);  // Levenshtein's own example
  EXPECT_EQ(edit_distance("ingset", "ingest"), 1u);
  EXPECT_EQ(edit_distance("ca", "abc"), 3u);  // optimal string alignment, not Damerau's 2
}

TEST(Nearest, KeepsTheWordsAtTheSmallestDistance) {
  EXPECT_EQ(nearest("cam_0.mp4", Words{"cam11.mp4", "cam00.mp4", "lane.mp4", "cam00.mp4"}),
            Words{"cam00.mp4"});
  EXPECT_EQ(nearest("cat", Words{"dog", "horse"}), Words());
  EXPECT_EQ(nearest("work", Words{"workload", "fork", "wor"}), (Words{"fork", "wor", "workload"}))
      << "a word cut short is one letter away";
  EXPECT_EQ(nearest("--output", Words{"--out", "--on", "--workers"}), Words{"--out"});
}

TEST(Nearest, KeepsTheFirstThreeOfTheAlphabetInAnyOrder) {
  EXPECT_EQ(nearest("cam0", Words{"cam4", "cam3", "cam1", "cam2"}),
            (Words{"cam1", "cam2", "cam3"}));
}

}  // namespace
}  // namespace lido
