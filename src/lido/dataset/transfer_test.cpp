// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/transfer.h"

#include <filesystem>

#include "lido/dataset/dataset_fixture.h"

namespace lido::dataset {
namespace {

namespace fs = std::filesystem;

class Transfer : public DatasetFixture {
 protected:
  void SetUp() override {
    DatasetFixture::SetUp();
    copy_ = folder_.string() + "-copy";
    to_ = *storage::open_store(copy_.string());
  }
  void TearDown() override {
    fs::remove_all(copy_);
    DatasetFixture::TearDown();
  }

  /// All files below a folder with their bytes.
  static std::map<std::string, std::string> files(const fs::path& folder) {
    std::map<std::string, std::string> found;
    if (!fs::exists(folder)) return found;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      found[fs::relative(entry, folder)] = {std::istreambuf_iterator<char>(file), {}};
    }
    return found;
  }

  Result<TransferSummary> copy() { return copy_dataset(*dataset_, *to_, 2, progress_, {}); }

  fs::path copy_;
  std::unique_ptr<storage::Store> to_;
  TransferProgress progress_;
};

TEST_F(Transfer, CopiesEveryFile) {
  const auto summary = copy();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(files(copy_), files(folder_.path()));
  EXPECT_EQ(summary->files, std::ssize(files(folder_.path())));
  EXPECT_EQ(progress_.bytes, progress_.bytes_total);
  EXPECT_TRUE(Dataset::open(copy_.string()));
}

TEST_F(Transfer, APreviewCountsAndWritesNothing) {
  const auto summary = preview_transfer(*dataset_, *to_);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->files, std::ssize(files(folder_.path())));
  int64_t bytes = 0;
  for (const auto& [name, content] : files(folder_.path())) bytes += std::ssize(content);
  EXPECT_EQ(summary->bytes, bytes);
  EXPECT_TRUE(files(copy_).empty());
  ASSERT_TRUE(to_->write_text("mine", "x"));
  EXPECT_EQ(preview_transfer(*dataset_, *to_).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(Transfer, LeavesUnfinishedWorkAndForeignFilesWhereTheyAre) {
  for (const char* name : {".work/parts/1", "shards/.x.tar.partial", "notes.txt"})
    ASSERT_TRUE(dataset_->store().write_text(name, "x"));
  const auto summary = copy();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->foreign, std::vector<std::string>{"notes.txt"});
  for (const auto& [name, bytes] : files(copy_)) EXPECT_NE(bytes, "x") << name;
}

TEST_F(Transfer, TakesTrainingRunsAlong) {
  auto& store = dataset_->store();
  ASSERT_TRUE(store.write_text("training_runs/p1-0a.json", "run"));
  ASSERT_TRUE(store.write_text("training_runs/p1/run.json", "the user's own"));
  const auto before = files(folder_.path());
  const auto summary = move_dataset(*dataset_, *to_, 1, progress_, {});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->foreign, std::vector<std::string>{"training_runs/p1/run.json"});
  const std::map<std::string, std::string> left = {{"training_runs/p1/run.json", "the user's own"}};
  EXPECT_EQ(files(folder_.path()), left);
  auto moved = files(copy_);
  moved.insert(left.begin(), left.end());
  EXPECT_EQ(moved, before);
}

TEST_F(Transfer, TakesShardsOnAnotherDiskAlong) {
  const TestFolder disk;
  const auto before = files(folder_.path());
  fs::copy(folder_ / "shards", disk / "shards", fs::copy_options::recursive);
  fs::remove_all(folder_ / "shards");
  fs::create_directory_symlink(disk / "shards", folder_ / "shards");
  const auto summary = move_dataset(*dataset_, *to_, 1, progress_, {});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(files(copy_), before);
  EXPECT_TRUE(fs::is_empty(folder_.path()));
  EXPECT_TRUE(files(disk.path()).empty()) << "moved away";
}

TEST_F(Transfer, RefusesADestinationInUse) {
  ASSERT_TRUE(to_->write_text("mine", "x"));
  const auto refused = copy();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(files(copy_).size(), 1U);
  const auto inside = storage::open_store(folder_.string() + "/copy");
  EXPECT_EQ(copy_dataset(*dataset_, **inside, 1, progress_, {}).error().code,
            ErrorCode::kInvalidArgument);
}

TEST_F(Transfer, RefusesAPlaceInTheSourceThroughALink) {
  const TestFolder other;
  std::filesystem::create_directory_symlink(folder_.path(), other / "link");
  const auto before = files(folder_.path());
  const auto inside = storage::open_store((other / "link/inner").string());
  const auto copied = copy_dataset(*dataset_, **inside, 1, progress_, {});
  ASSERT_FALSE(copied);
  EXPECT_NE(copied.error().message.find("is inside the dataset"), std::string::npos);
  EXPECT_FALSE(move_dataset(*dataset_, **inside, 1, progress_, {}));
  EXPECT_EQ(files(folder_.path()), before);
}

TEST_F(Transfer, AStoppedCopyIsNoDatasetAndResumes) {
  ASSERT_TRUE(
      to_->write_text(".work/transfer.json", fmt::format(R"({{"from": "{}"}})", folder_.string())));
  const std::string shard = samples(1)[0].shard;
  ASSERT_TRUE(to_->write_text(shard, read(shard)));
  ASSERT_TRUE(to_->write_text(samples(1)[7].shard, "half"));
  EXPECT_FALSE(Dataset::open(copy_.string()));
  const auto summary = copy();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->copied_earlier, 1);
  EXPECT_EQ(files(copy_), files(folder_.path()));
}

TEST_F(Transfer, MovingRemovesTheSource) {
  const auto before = files(folder_.path());
  ASSERT_TRUE(dataset_->store().write_text("notes.txt", "x"));
  const auto summary = move_dataset(*dataset_, *to_, 2, progress_, {});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(files(copy_), before);
  EXPECT_EQ(files(folder_.path()), (std::map<std::string, std::string>{{"notes.txt", "x"}}));
}

TEST_F(Transfer, AMoveResumesAtEveryPointOfTheRemoval) {
  const auto whole = files(folder_.path());
  // Killed with some files of the source left, lido.json among them.
  ASSERT_TRUE(copy());
  ASSERT_TRUE(
      to_->write_text(".work/transfer.json", fmt::format(R"({{"from": "{}"}})", folder_.string())));
  for (const auto& [name, bytes] : whole) {
    const bool is_left = name == "lido.json" || name.ends_with("generation.json");
    if (!is_left) {
      ASSERT_TRUE(dataset_->store().remove(name));
    }
  }
  const auto resumed = move_dataset(*dataset_, *to_, 2, progress_, {});
  ASSERT_TRUE(resumed) << resumed.error().message;
  EXPECT_EQ(files(copy_), whole);
  EXPECT_TRUE(files(folder_.path()).empty());
}

TEST_F(Transfer, AMoveWhoseSourceIsGoneIsFinished) {
  const auto whole = files(folder_.path());
  ASSERT_TRUE(copy());
  const auto finish = [&] { return *finish_move(folder_.string(), *to_); };
  EXPECT_FALSE(finish()) << "a copy that ended is not marked";
  ASSERT_TRUE(to_->write_text(".work/transfer.json", R"({"from": "/elsewhere"})"));
  EXPECT_FALSE(finish()) << "the copy of another dataset";
  ASSERT_TRUE(
      to_->write_text(".work/transfer.json", fmt::format(R"({{"from": "{}"}})", folder_.string())));
  for (const auto& [name, bytes] : whole) ASSERT_TRUE(dataset_->store().remove(name));
  const auto summary = finish();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->files, std::ssize(whole));
  EXPECT_EQ(summary->copied_earlier, std::ssize(whole));
  EXPECT_EQ(files(copy_), whole);
  EXPECT_TRUE(Dataset::open(copy_.string()));
  EXPECT_FALSE(finish()) << "it has ended";
}

TEST_F(Transfer, AHalfCopyIsNotFinished) {
  ASSERT_TRUE(
      to_->write_text(".work/transfer.json", fmt::format(R"({{"from": "{}"}})", folder_.string())));
  const std::string shard = samples(1)[0].shard;
  ASSERT_TRUE(to_->write_text(shard, read(shard)));
  EXPECT_FALSE(*finish_move(folder_.string(), *to_));
  EXPECT_TRUE(to_->exists(shard));
}

}  // namespace
}  // namespace lido::dataset
