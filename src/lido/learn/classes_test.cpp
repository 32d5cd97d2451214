// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/classes.h"

#include <gtest/gtest.h>

#include "lido/base/test_folder.h"

namespace lido::learn {
namespace {

struct Sample {
  std::string split;
  std::vector<std::pair<std::string, double>> behaviours;  ///< With overlaps.
  int64_t track = 1;
};

/// A dataset of rows alone: choosing classes reads no shard.
class Rows {
 public:
  explicit Rows(const std::vector<Sample>& samples) {
    auto dataset = *dataset::Dataset::open_or_create(folder_.string(), {{"fps", "1"}});
    auto tables = *dataset.begin_tables(1);
    int number = 0;
    for (const Sample& sample : samples) {
      dataset::SampleRow row{.sample = std::to_string(number++), .split = sample.split};
      row.track = sample.track;
      for (const auto& [label, overlap] : sample.behaviours)
        row.labels.push_back({.task = "behaviour", .label = label, .overlap = overlap});
      EXPECT_TRUE(tables.samples.append(row));
    }
    EXPECT_TRUE(dataset.publish(
        {.number = 1, .vocabulary = {{"behaviour", {"dive", "rest", "swim"}}, {"age", {"old"}}}},
        tables));
  }
  Result<std::vector<TaskClasses>> choose(std::string_view wanted = "",
                                          std::string_view samples = "person") const {
    return choose_classes(*dataset::Dataset::open(folder_.string()), 1, wanted, samples);
  }
  std::string error(std::string_view wanted) const {
    const auto chosen = choose(wanted);
    if (chosen) return "";
    return chosen.error().message.substr(folder_.string().size());
  }

 private:
  TestFolder folder_;
};

TEST(Classes, AreThoseThatSamplesHave) {
  const Rows rows({{"train", {{"swim", 1}}},
                   {"train", {{"swim", 0.4}, {"dive", 0.6}}},
                   {"train", {{"swim", 1}}},
                   {"train", {{"rest", 1}}, 0},  // a whole frame
                   {"val", {{"swim", 1}}},
                   {"test", {{"dive", 1}}},
                   {"train", {}}});
  const auto chosen = *rows.choose();
  ASSERT_EQ(chosen.size(), 1U);  // age has one label
  EXPECT_EQ(chosen[0].classes, (std::vector<std::string>{"dive", "swim"}));
  EXPECT_EQ(chosen[0].train, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(chosen[0].val, (std::vector<int64_t>{0, 1}));
  EXPECT_EQ((*rows.choose("", "all"))[0].classes.size(), 3U);
}

TEST(Classes, ThatAreWantedMustHaveSamples) {
  const Rows rows({{"train", {{"swim", 1}}}, {"train", {{"dive", 1}}}, {"val", {{"dive", 1}}}});
  EXPECT_TRUE(rows.choose("behaviour=dive,swim"));
  EXPECT_EQ(rows.error("behaviour=dive,rest").substr(0, 77),
            ": no sample of the split train has behaviour \"rest\", want 1 or more. Leave it");
  EXPECT_EQ(rows.choose("behaviour=dive").error().message,
            "classes: behaviour has 1 class, want 2 or more");
}

TEST(Classes, NeedTwoLabelsAndAValidation) {
  const Rows one({{"train", {{"swim", 1}}}, {"val", {{"swim", 1}}}});
  EXPECT_EQ(one.choose().error().code, ErrorCode::kDegenerate);
  const Rows unvalidated({{"train", {{"swim", 1}}}, {"train", {{"dive", 1}}}, {"val", {}}});
  EXPECT_EQ(unvalidated.error("").substr(0, 40), ": no person sample of the split val has ");
}

TEST(ClassWeights, BalanceSamplesOrClasses) {
  EXPECT_EQ(class_weights({1, 3}, 0), (std::vector<float>{1, 1}));
  // Each class weighs half of four samples.
  EXPECT_EQ(class_weights({1, 3}, 1), (std::vector<float>{2, 2.0F / 3}));
  const auto half = class_weights({1, 4}, 0.5);
  EXPECT_NEAR(half[0], 2 * half[1], 1e-6F);
  EXPECT_NEAR(half[0] + 4 * half[1], 5, 1e-6F);
}

}  // namespace
}  // namespace lido::learn
