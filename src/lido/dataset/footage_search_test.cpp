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

TEST_F(SearchFootage, CountsWhatItSearched) {
  add_scene();
  remove_older();
  const auto proof =
      search_footage(*dataset_, {{.clip = "/pool/other.mp4", .start_s = 0, .end_s = INFINITY}});
  ASSERT_TRUE(proof) << proof.error().message;
  EXPECT_EQ(proof->shards, 2);
  EXPECT_EQ(proof->images, 0) << "there is no page";
  EXPECT_TRUE(proof->foreign.empty());
  EXPECT_TRUE(proof->damaged.empty());
  int64_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path()))
    files += entry.is_regular_file() ? 1 : 0;
  EXPECT_EQ(proof->files, files);
}

TEST_F(SearchFootage, NamesTheFileInWhichFootageIsLeft) {
  const auto left = [&](const Forgotten& record) {
    const auto proof = search_footage(*dataset_, {record});
    if (proof) return std::string("nothing");
    EXPECT_EQ(proof.error().code, ErrorCode::kCorrupt);
    return proof.error().message.substr(0, proof.error().message.find(". Run"));
  };
  const std::string shard = samples(1)[0].shard;
  EXPECT_EQ(left({.clip = "/pool/a.mp4", .start_s = 4, .end_s = 5}),
            shard + ": sample a_00000004 is of removed footage");
  // Nothing but an object is at second 20, and nothing but a view at second 30.
  add_scene({.object_k = 20, .view_k = 30});
  remove_older();
  const std::string scene = scene_folder(2);
  EXPECT_EQ(left({.clip = "/pool/a.mp4", .start_s = 20, .end_s = 21}),
            scene + "/objects.parquet: a row of /pool/a.mp4 is of removed footage");
  EXPECT_EQ(left({.clip = "/pool/a.mp4", .start_s = 30, .end_s = 31}),
            scene + "/views/a.jpg: the image is of removed footage");
  EXPECT_EQ(left({.clip = "/pool/b.mp4", .start_s = 50, .end_s = 51}),
            scene + "/plates/b.jpg: the plate has removed footage in it");
  EXPECT_EQ(left({.clip = "/pool/a.mp4", .start_s = 50, .end_s = 51}), "nothing");
  ASSERT_TRUE(dataset_->store().write_text(".work/parts/1", "unfinished"));
  EXPECT_EQ(left({.clip = "/pool/a.mp4", .start_s = 50, .end_s = 51}),
            ".work/parts/1: left over from other work");
}

TEST_F(SearchFootage, ImagesOfAPageMayBeThoseOfSamplesAndViews) {
  add_scene();
  remove_older();
  ASSERT_TRUE(dataset_->store().write_text(
      "report.html",
      // "views/b.jpg", the bytes of that view, as coreutils' base64 writes them.
      "<img src=\"data:image/jpeg;base64,dmlld3MvYi5qcGc=\">"));
  const auto proof =
      search_footage(*dataset_, {{.clip = "/pool/other.mp4", .start_s = 0, .end_s = INFINITY}});
  ASSERT_TRUE(proof) << proof.error().message;
  EXPECT_EQ(proof->images, 1);
}

}  // namespace
}  // namespace lido::dataset
