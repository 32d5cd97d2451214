// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/vocabulary.h"

#include <gtest/gtest.h>

namespace lido::dataset {
namespace {

TEST(Vocabulary, ReadsTasks) {
  const auto read = *parse_vocabulary("behaviour=drowning,swimming;age=child");
  EXPECT_EQ(read, (Vocabulary{{"behaviour", {"drowning", "swimming"}}, {"age", {"child"}}}));
  for (const char* text : {"x", "=y", "x=", "a=b;=c"}) EXPECT_FALSE(parse_vocabulary(text)) << text;
}

TEST(Vocabulary, GrowsByClasses) {
  Vocabulary vocabulary{{"age", {"child"}}};
  ASSERT_TRUE(extend(vocabulary, "age=adult;sign=help"));
  EXPECT_EQ(vocabulary, (Vocabulary{{"age", {"adult", "child"}}, {"sign", {"help"}}}));
  ASSERT_TRUE(extend(vocabulary, ""));
  EXPECT_EQ(vocabulary.size(), 2U);
  EXPECT_FALSE(extend(vocabulary, "age"));
}

Label labelled(const char* task, const char* label) { return {.task = task, .label = label}; }

TEST(Vocabulary, TakesTheFirstLabelsAsTheyAre) {
  Vocabulary vocabulary;
  ASSERT_TRUE(check_vocabulary({labelled("age", "child"), labelled("age", "adult")}, vocabulary));
  EXPECT_EQ(vocabulary, (Vocabulary{{"age", {"adult", "child"}}}));
}

TEST(Vocabulary, RefusesATypingErrorAndNamesTheFlagThatAddsALabel) {
  Vocabulary vocabulary{{"age", {"adult", "child"}}};
  const auto label = check_vocabulary({labelled("age", "chlid")}, vocabulary);
  ASSERT_FALSE(label);
  EXPECT_EQ(label.error().message,
            "unknown label \"chlid\" of task age, want one of: adult, child. Add it with "
            "--classes \"age=chlid\".");
  const auto task = check_vocabulary({labelled("sign", "help")}, vocabulary);
  ASSERT_FALSE(task);
  EXPECT_EQ(task.error().message,
            "unknown task \"sign\", want one of: age. Add it with --classes \"sign=help\".");
  EXPECT_EQ(vocabulary.size(), 1U) << "unchanged";
  Label placed = labelled("age", "chlid");
  placed.place = "line 7";
  EXPECT_TRUE(
      check_vocabulary({placed}, vocabulary).error().message.starts_with("line 7: unknown label"));
}

}  // namespace
}  // namespace lido::dataset
