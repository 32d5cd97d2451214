// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/clip_names.h"

#include <gtest/gtest.h>

namespace lido::dataset {
namespace {

TEST(ClipNames, FindsAClipByItsWholeNameOrItsLastParts) {
  ClipNames names;
  for (const char* name : {"day/deep.mp4", "a.mp4", "deep.mp4", "p.mp4", "eep.mp4", "gone.mp4"})
    names.request(name);
  names.add_clip("pool/day/deep.mp4", 25);
  names.add_clip("pool/night/deep.mp4", 30);
  names.add_clip("pool/a.mp4", 24);
  names.add_clip("a.mp4", 12);  // whole, so that no other counts
  names.add_clip("other/a.mp4", 24);
  EXPECT_EQ(names.find("day/deep.mp4")->name, "pool/day/deep.mp4");
  EXPECT_EQ(names.find("day/deep.mp4")->source_fps, 25);
  EXPECT_EQ(names.find("a.mp4")->name, "a.mp4");
  EXPECT_EQ(names.find("a.mp4")->source_fps, 12);
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
              std::string("no clip named \"") + name + "\", got 5 other clip(s)");
  }
}

}  // namespace
}  // namespace lido::dataset
