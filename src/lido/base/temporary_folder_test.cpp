// SPDX-License-Identifier: Apache-2.0
#include "lido/base/temporary_folder.h"

#include <gtest/gtest.h>

#include <fstream>

#include "lido/base/test_folder.h"

namespace lido {
namespace {

TEST(TemporaryFolder, IsThereUntilItsLifeEnds) {
  const TestFolder around;
  std::filesystem::path path;
  {
    auto made = TemporaryFolder::make_in(around.path(), ".fetch-");
    ASSERT_TRUE(made);
    const TemporaryFolder moved = *std::move(made);
    path = moved.path();
    EXPECT_EQ(path.parent_path(), around.path());
    EXPECT_TRUE(path.filename().string().starts_with(".fetch-"));
    std::ofstream(path / "file") << "text";
    EXPECT_TRUE(std::filesystem::exists(path / "file"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(TemporaryFolder, ASecondOneIsAnother) {
  const auto one = TemporaryFolder::make("lido-test-"), other = TemporaryFolder::make("lido-test-");
  ASSERT_TRUE(one && other);
  EXPECT_NE(one->path(), other->path());
}

TEST(TemporaryFolder, WithoutAPlaceItIsAnError) {
  const auto nowhere = TemporaryFolder::make_in("/proc/nowhere", "x");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(nowhere.error().message, "/proc/nowhere: cannot be written to");
}

}  // namespace
}  // namespace lido
