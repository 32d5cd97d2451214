// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/named_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "lido/base/test_folder.h"

namespace lido::storage {
namespace {

TEST(NamedFile, IsInTheFolderOfItsPath) {
  const TestFolder folder;
  const auto file = NamedFile::open((folder / "a/../b.txt").string());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->name, "b.txt");
  EXPECT_EQ(file->uri(), (folder / "b.txt").string());
  ASSERT_TRUE(file->store->write_text(file->name, "text"));
  std::ifstream in(folder / "b.txt");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "text");
}

TEST(NamedFile, MayBeInTheFileSystemsRoot) {
  const auto file = NamedFile::open("/b.txt");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->store->uri(), "/");
  EXPECT_EQ(file->uri(), "/b.txt");
}

TEST(NamedFile, RefusesAPathWithoutAFile) {
  EXPECT_EQ(NamedFile::open("").error().message, "\"\": no name of a file, want FOLDER/NAME");
  EXPECT_EQ(NamedFile::open("/").error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace lido::storage
