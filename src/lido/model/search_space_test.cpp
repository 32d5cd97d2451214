// SPDX-License-Identifier: Apache-2.0
#include "lido/model/search_space.h"

#include <gtest/gtest.h>

namespace lido::model {
namespace {

using Json = nlohmann::ordered_json;

TEST(SearchSpace, HasRangesAndLists) {
  const auto space = parse_search_space(
      "learning_rate: {min: 1e-4, max: 0.1, log: true}\n"
      "batch_size: [8, 16]\n"
      "patience: {min: 2, max: 9}\n"
      "no_augment: [true, false]\n",
      "space.yaml");
  ASSERT_TRUE(space) << space.error().message;
  EXPECT_EQ((*space)["learning_rate"],
            Json({{"min", 1e-4}, {"max", 0.1}, {"log", true}, {"whole", false}}));
  EXPECT_EQ((*space)["batch_size"], Json({{"values", {8, 16}}}));
  EXPECT_EQ((*space)["patience"], Json({{"min", 2}, {"max", 9}, {"log", false}, {"whole", true}}));
  EXPECT_EQ((*space)["no_augment"], Json({{"values", {true, false}}}));
}

TEST(SearchSpace, RefusesWithFileAndLine) {
  const auto refused = [](const std::string& text) {
    const auto space = parse_search_space(text, "s.yaml");
    return space ? "no error" : space.error().message;
  };
  const auto expect = [&](const std::string& text, const std::string& wanted) {
    EXPECT_NE(refused(text).find(wanted), std::string::npos) << text << ": " << refused(text);
  };
  expect("balance: [0, 1]\nrate: [1, 2]\n", "s.yaml:2: ");
  expect("epochs: [1, 2]\n", "epochs");
  expect("batch_size: [16]\n", "want two values or more");
  expect("batch_size: [16, 5000]\n", "5000");
  expect("batch_size: [16, 8.5]\n", "8.5");
  expect("batch_size: 16\n", "want a list");
  expect("no_augment: {min: 0, max: 1}\n", "want a list");
  expect("warmup: {min: 0.5, max: 0.2}\n", "want more than min, which is 0.5");
  expect("warmup: {min: 0, max: 0.2, log: true}\n", "want a number above 0");
  expect("warmup: {min: 0.1}\n", "max");
  expect("warmup: {min: 0.1, max: 0.2, step: 1}\n", "step");
  expect("", "want a map of options");
  expect("{}\n", "want an option with its values, or more");
  expect("a: [", "s.yaml");
}

}  // namespace
}  // namespace lido::model
