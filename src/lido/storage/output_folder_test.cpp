// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/output_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "lido/base/test_folder.h"

namespace lido::storage {
namespace {

namespace fs = std::filesystem;

class OutputFolderTest : public testing::Test {
 protected:
  Result<OutputFolder> open(const std::string& tool = "lido draw") {
    return OutputFolder::open(folder_.string(), tool, {"days/day_*.csv", "sum.csv"});
  }
  void write(const std::vector<std::string>& names) {
    auto output = open();
    ASSERT_TRUE(output) << output.error().message;
    ASSERT_TRUE(output->begin());
    for (const std::string& name : names) ASSERT_TRUE(output->store().write_text(name, name));
  }
  void put(const std::string& name) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << name;
  }
  std::set<std::string> files() {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      if (!entry.is_directory()) names.insert(fs::relative(entry.path(), folder_).string());
    }
    return names;
  }

  TestFolder temporary_;
  fs::path folder_ = temporary_ / "out";
};

using Files = std::set<std::string>;

TEST_F(OutputFolderTest, AnEmptyFolderIsTaken) {
  write({"days/day_1.csv", "sum.csv"});
  EXPECT_EQ(files(), (Files{"days/day_1.csv", "sum.csv", "lido_output.json"}));
}

TEST_F(OutputFolderTest, AnEarlierOutputIsRemovedWithItsUnfinishedFiles) {
  write({"days/day_1.csv", "days/day_2.csv", "sum.csv"});
  put("days/.day_3.csv.partial");
  write({"days/day_1.csv"});
  EXPECT_EQ(files(), (Files{"days/day_1.csv", "lido_output.json"}));
}

TEST_F(OutputFolderTest, AMarkerThatADiskHadNoRoomForIsNoForeignFile) {
  put(".lido_output.json.partial");
  write({"sum.csv"});
  EXPECT_EQ(files(), (Files{"sum.csv", "lido_output.json"}));
}

TEST_F(OutputFolderTest, OtherFilesAreRefusedAndKept) {
  put("sum.csv");
  const auto without_marker = open();
  ASSERT_FALSE(without_marker);
  EXPECT_EQ(without_marker.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(
      without_marker.error().message,
      folder_.string() + ": holds sum.csv, which lido draw did not write. Give an empty folder.");
  fs::remove(folder_ / "sum.csv");
  write({"days/day_1.csv"});
  for (const char* name : {"notes.txt", "days/notes.txt", "days/day_1/x.csv", "days/.day_1.csv"}) {
    put(name);
    EXPECT_FALSE(open()) << name;
    fs::remove(folder_ / name);
  }
  EXPECT_TRUE(fs::exists(folder_ / "days/day_1.csv"));
}

TEST_F(OutputFolderTest, TheOutputOfAnotherToolIsRefused) {
  write({"sum.csv"});
  const auto other = open("lido paint");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message,
            folder_.string() + ": holds the output of lido draw. Give an empty folder.");
  EXPECT_TRUE(fs::exists(folder_ / "sum.csv"));
}

TEST_F(OutputFolderTest, AMarkerThatDoesNotParseIsAFileLikeOthers) {
  put("lido_output.json");
  EXPECT_FALSE(open());
}

TEST_F(OutputFolderTest, IsRefusedInsideADataset) {
  put("data/lido.json");
  const auto refused = OutputFolder::open((folder_ / "data/a/b").string(), "lido draw", {"x"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            fmt::format("{0}/data/a/b: is inside the dataset {0}/data. Give "
                        "a place outside of it.",
                        folder_.string()));
  EXPECT_TRUE(OutputFolder::open((folder_ / "beside").string(), "lido draw", {"x"}));
}

}  // namespace
}  // namespace lido::storage
