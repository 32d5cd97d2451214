// SPDX-License-Identifier: Apache-2.0
#include "dataset_options.h"

#include <gtest/gtest.h>

#include "lido/base/test_folder.h"

namespace lido::cli {
namespace {

using Names = std::vector<std::string>;

TEST(DatasetOptions, OptionsThatWereNotGivenAreTheDatasets) {
  part::SampleOptions asked;
  asked.quality = 80;
  const nlohmann::ordered_json identity = {{"quality", 70}, {"fps", "8"}, {"person_size", 96}};
  const auto options = with_identity(asked, identity, Names{"fps", "person_size"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->quality, 80) << "it was given";
  EXPECT_EQ(options->fps.rate.value(), 8);
  EXPECT_EQ(options->person_size, 96);
}

TEST(DatasetOptions, ADetectorIsNamedWithoutItsChecksum) {
  const nlohmann::ordered_json identity = {{"detector", "yolox 0123456789abcdef"}};
  const auto options = with_identity({}, identity, Names{"detector"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->detector.detector, "yolox");
}

TEST(DatasetOptions, FieldsThatTheDatasetDoesNotHaveStayAsAsked) {
  const auto options = with_identity({}, {{"quality", 70}}, Names{"seed", "quality"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->seed, part::SampleOptions().seed);
  EXPECT_EQ(options->quality, 70);
}

TEST(DatasetOptions, WithoutADatasetOptionsStayAsAsked) {
  part::SampleOptions asked;
  asked.quality = 71;
  const TestFolder folder;
  const auto options =
      options_of_dataset((folder / "no-such-dataset").string(), asked, Names{"quality"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->quality, 71);
}

}  // namespace
}  // namespace lido::cli
