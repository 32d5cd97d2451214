// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/footage_search.h"

#include <gtest/gtest.h>

#include "lido/dataset/forget_fixture.h"

namespace lido::dataset {
namespace {

class SearchFootage : public ForgetFixture {};

TEST_F(SearchFootage, TheSearchFindsBytesThatNoSampleOwns) {
  const std::string shard = samples(1)[7].shard;
  ASSERT_TRUE(dataset_->store().write_text(shard, read(shard) + "left over"));
  const auto summary = forget("a.mp4", 2, 4);
  ASSERT_FALSE(summary) << "the other shard holds bytes of no sample";
  EXPECT_EQ(summary.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(summary.error().message.find("9 bytes belong to no sample"), std::string::npos);
  EXPECT_FALSE(dataset_->forgotten()->at(0).done);
}

TEST_F(SearchFootage, TheSearchFindsImagesOfPagesThatNoSampleHas) {
  auto run = *ForgetRun::open(*dataset_, {.stretches = {{"a.mp4", 2, 4}}});
  ASSERT_TRUE(run.remove());
  // "not of a sample" in base64, as coreutils' base64 writes it.
  ASSERT_TRUE(dataset_->store().write_text(
      "report.html", "<img src=\"data:image/jpeg;base64,bm90IG9mIGEgc2FtcGxl\">"));
  const auto proof = run.prove();
  ASSERT_FALSE(proof);
  EXPECT_NE(proof.error().message.find("report.html: 1 image"), std::string::npos)
      << proof.error().message;
}

}  // namespace
}  // namespace lido::dataset
