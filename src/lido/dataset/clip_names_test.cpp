// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/clip_names.h"

#include <gtest/gtest.h>

#include "lido/dataset/dataset_fixture.h"

namespace lido::dataset {
namespace {

TEST(ClipNames, FindsAClipByItsWholeNameOrItsLastParts) {
  ClipNames names;
  for (const char* name : {"day/deep.mp4", "a.mp4", "deep.mp4", "p.mp4", "eep.mp4", "gone.mp4"})
    names.request(name);
  names.add_clip("pool/day/deep.mp4");
  names.add_clip("pool/night/deep.mp4");
  names.add_clip("pool/a.mp4");
  names.add_clip("a.mp4");  // whole, so that no other counts
  names.add_clip("other/a.mp4");
  EXPECT_EQ(names.find("day/deep.mp4")->name, "pool/day/deep.mp4");
  EXPECT_EQ(names.find("a.mp4")->name, "a.mp4");
  const auto two = names.find("deep.mp4");
  ASSERT_FALSE(two);
  EXPECT_EQ(two.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(
      two.error().message,
      "clip \"deep.mp4\" is ambiguous, got pool/day/deep.mp4 and pool/night/deep.mp4. Give more of "
      "its path.");
  for (const char* name : {"p.mp4", "eep.mp4", "gone.mp4"}) {
    const auto none = names.find(name);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
    EXPECT_EQ(none.error().message,
              std::string("no clip named \"") + name + "\", got 5 other clips");
  }
}

TEST(ClipNames, SpellingsOfOneNameAreEqual) {
  const std::string composed = "piscine_\xc3\xa9t\xc3\xa9.mp4";
  const std::string decomposed = "piscine_e\xcc\x81te\xcc\x81.mp4";
  ClipNames names;
  for (const auto& name : {composed, decomposed}) names.request(name);
  names.add_clip("/pool/" + decomposed);
  EXPECT_EQ(names.find(composed)->name, "/pool/" + decomposed);
  EXPECT_EQ(names.find(decomposed)->name, "/pool/" + decomposed);
  names.add_clip("/pool/" + composed);
  EXPECT_EQ(names.find(composed)->name, "/pool/" + composed) << "the exact spelling comes first";
  EXPECT_EQ(names.find(decomposed)->name, "/pool/" + decomposed);
}

TEST(ClipNames, FindsAPathHoweverItIsWritten) {
  ClipNames names;
  const char* const given[] = {"./a.mp4", "file:///pool/a.mp4", "day/../a.mp4", "/pool//a.mp4",
                               "gs://pool/./b.mp4"};
  for (const char* name : given) names.request(name);
  names.add_clip("/pool/a.mp4");
  names.add_clip("gs://pool/./b.mp4");
  names.add_clip("gs://pool/b.mp4");
  for (const char* name : {"./a.mp4", "file:///pool/a.mp4", "day/../a.mp4", "/pool//a.mp4"}) {
    const auto clip = names.find(name);
    ASSERT_TRUE(clip) << clip.error().message;
    EXPECT_EQ(clip->name, "/pool/a.mp4");
  }
  EXPECT_EQ(names.find("gs://pool/./b.mp4")->name, "gs://pool/./b.mp4") << "a name of a bucket";
}

TEST(ClipNames, AClipThatIsNamedTwiceIsNotAmbiguous) {
  ClipNames names;
  names.request("a.mp4");
  for (int i = 0; i < 2; ++i) names.add_clip("/pool/a.mp4");
  EXPECT_EQ(names.find("a.mp4")->name, "/pool/a.mp4");
}

using ClipAdvice = DatasetFixture;

TEST_F(ClipAdvice, NamesTheNearestClipsByTheirLastPart) {
  const std::string listing =
      fmt::format("lido inspect {} --clips lists the clips.", dataset_->store().uri());
  EXPECT_EQ(*advice_on_name(*dataset_, 1, "/other/folder/bb.mp4"),
            "Did you mean b.mp4? " + listing);
  EXPECT_EQ(*advice_on_name(*dataset_, 1, "lane_7.mp4"), listing);
}

}  // namespace
}  // namespace lido::dataset
