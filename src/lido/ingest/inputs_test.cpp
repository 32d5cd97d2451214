// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/inputs.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "lido/ingest/test_store_folder.h"

namespace lido::ingest {
namespace {

class Inputs : public testing::Test {
 protected:
  Inputs() {
    for (const char* name : {"a.mp4", "b.MKV", "notes.txt", "deep/c.ts"})
      EXPECT_TRUE(folder_.store().write_text(name, "12345"));
  }

  /// The clips found, relative to the folder.
  std::vector<std::string> find(const std::vector<std::string>& arguments) {
    std::vector<std::string> found;
    const size_t prefix = folder_.path().size();
    result_ = find_inputs(arguments, [&](const FoundClip& clip) -> Result<void> {
      found.push_back(clip.input.uri.substr(prefix));
      last_ = clip.input;
      return {};
    });
    std::ranges::sort(found);
    return found;
  }

  TestStoreFolder folder_;
  Result<InputNotes> result_;
  part::ClipInput last_;
};

TEST_F(Inputs, OfAFolderOnlyVideosAreTaken) {
  EXPECT_EQ(find({folder_.path()}), (std::vector<std::string>{"a.mp4", "b.MKV", "deep/c.ts"}));
  EXPECT_EQ(result_->other_files, 1);
  EXPECT_TRUE(warnings(*result_).empty());
  EXPECT_EQ(last_.bytes, 5);
}

TEST_F(Inputs, AnArgumentItselfIsAlwaysTaken) {
  EXPECT_EQ(find({folder_.path("notes.txt")}), (std::vector<std::string>{"notes.txt"}));
}

TEST_F(Inputs, AListDescribesItsClips) {
  ASSERT_TRUE(folder_.store().write_text("list.csv",
                                         "clip,site,camera,start_utc\n"
                                         "deep/c.ts,north,left,1970-01-01T00:00:01Z\n"));
  EXPECT_EQ(find({folder_.path("list.csv")}), (std::vector<std::string>{"deep/c.ts"}));
  EXPECT_EQ(last_.site, "north");
  EXPECT_EQ(last_.camera, "left");
  EXPECT_EQ(last_.start_utc->us, 1'000'000);
  EXPECT_EQ(last_.bytes, 5);
}

TEST_F(Inputs, ABadListIsNamedWithItsLine) {
  const std::string list = folder_.path("list.csv");
  ASSERT_TRUE(folder_.store().write_text("list.csv", "clip,start_utc\na.mp4,\na.mp4,soon\n"));
  find({list});
  ASSERT_FALSE(result_);
  EXPECT_TRUE(result_.error().message.starts_with(list + ": line 3: start_utc: "))
      << result_.error().message;
  ASSERT_TRUE(folder_.store().write_text("list.csv", "clip\n\"\"\n"));
  find({list});
  ASSERT_FALSE(result_);
  EXPECT_EQ(result_.error().message, list + ": line 2: clip is empty, want a path or URI");
}

TEST_F(Inputs, TrashAndIndexesAreSkippedAndNamed) {
  for (const char* name : {"._a.mp4", ".Trashes/x.mp4", "deep/@eaDir/c.ts/SYNOVIDEO.mp4",
                           "$RECYCLE.BIN/S-1/y.mp4", "lost+found/z.mp4"})
    ASSERT_TRUE(folder_.store().write_text(name, "12345"));
  EXPECT_EQ(find({folder_.path()}), (std::vector<std::string>{"a.mp4", "b.MKV", "deep/c.ts"}));
  EXPECT_EQ(result_->system_files.count, 5);
  EXPECT_EQ(result_->system_files.first[0], folder_.path("$RECYCLE.BIN"));
  ASSERT_EQ(warnings(*result_).size(), 1U);
  EXPECT_TRUE(warnings(*result_)[0].starts_with("5 system files or folders skipped"));
  EXPECT_EQ(find({folder_.path("*/*.mp4")}), std::vector<std::string>());
  EXPECT_EQ(find({folder_.path(".Trashes")}), std::vector<std::string>{".Trashes/x.mp4"})
      << "the user asks for it";
  EXPECT_EQ(find({folder_.path(".Trashes"), folder_.path("a.mp4"), folder_.path("lost+found")}),
            std::vector<std::string>{"a.mp4"})
      << "a shell's * asks for all";
  EXPECT_EQ(result_->system_files.count, 2);
}

TEST_F(Inputs, ANameThatIsNotUtf8IsEscapedAndUnusable) {
  ASSERT_TRUE(folder_.store().write_text("caf\xe9.mp4", "12345"));
  EXPECT_EQ(find({folder_.path("caf*")}), std::vector<std::string>{"caf\\xE9.mp4"});
  EXPECT_TRUE(last_.unusable.starts_with("the name is not UTF-8")) << last_.unusable;
  EXPECT_EQ(find({folder_.path("a.mp4")}), std::vector<std::string>{"a.mp4"});
  EXPECT_EQ(last_.unusable, "");
}

TEST_F(Inputs, LinksAndPipesAreNamed) {
  std::filesystem::create_symlink("nowhere.mp4", folder_.path("gone.mp4"));
  std::filesystem::create_symlink("nowhere", folder_.path("gone"));
  std::filesystem::create_directory_symlink("deep", folder_.path("latest"));
  ASSERT_EQ(::mkfifo(folder_.path("live.mp4").c_str(), 0600), 0);
  EXPECT_EQ(find({folder_.path()}), (std::vector<std::string>{"a.mp4", "b.MKV", "deep/c.ts"}));
  EXPECT_EQ(result_->unreadable.first,
            std::vector<std::string>{folder_.path("gone.mp4") + ": a link to nothing"});
  EXPECT_EQ(
      result_->special.first,
      std::vector<std::string>{folder_.path("live.mp4") + ": a named pipe, want a regular file"});
  EXPECT_EQ(result_->repeated.count, 1);
  EXPECT_EQ(result_->other_files, 2) << "notes.txt and the link that is no video";
  ASSERT_TRUE(folder_.store().write_text("list.csv", "clip\na.mp4\nlive.mp4\n"));
  find({folder_.path("list.csv")});
  ASSERT_FALSE(result_);
  EXPECT_EQ(result_.error().message, folder_.path("list.csv") +
                                         ": line 3: " + folder_.path("live.mp4") +
                                         ": a named pipe, want a regular file");
}

TEST_F(Inputs, NothingFoundIsAnError) {
  find({folder_.path("*.txt")});
  ASSERT_FALSE(result_);
  EXPECT_EQ(result_.error().code, ErrorCode::kNotFound);
  EXPECT_NE(result_.error().message.find("1 file skipped"), std::string::npos);
  find({});
  ASSERT_FALSE(result_);
  EXPECT_EQ(result_.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace lido::ingest
