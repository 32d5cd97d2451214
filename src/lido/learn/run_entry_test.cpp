// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/run_entry.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "lido/learn/test_dataset.h"

namespace lido::learn {
namespace {

class RunEntryTest : public testing::Test {
 protected:
  Result<RunEntry> enter(const std::string& folder, const RunName& name) {
    return RunEntry::enter(plan_, folder, name, "test",
                           [this](const std::string& line) { warnings_.push_back(line); });
  }
  std::vector<dataset::TrainingRun> runs() const {
    return dataset::read_training_runs(**storage::open_store(data_.uri()))->runs;
  }

  HalvesDataset data_{16, 8};
  Plan plan_{.config = {.network = "people", .data = data_.uri(), .options = {}},
             .generation = 1,
             .tasks = {{.task = "side"}}};
  std::vector<std::string> warnings_;
};

TEST_F(RunEntryTest, NamesOfRunsDiffer) {
  const RunName one = new_run_name("/runs/p1"), other = new_run_name("/runs/p1");
  EXPECT_NE(one.id, other.id);
  EXPECT_TRUE(one.id.starts_with("p1-"));
}

TEST_F(RunEntryTest, ListsEachModelOnce) {
  const RunName name = new_run_name("/runs/p1");
  auto entry = enter("/runs/p1", name);
  ASSERT_TRUE(entry) << entry.error().message;
  for (const char* model : {"aa", "bb", "aa"}) ASSERT_TRUE(entry->add_model(model));
  ASSERT_EQ(runs().size(), 1U);
  EXPECT_EQ(runs()[0].models, (std::vector<std::string>{"aa", "bb"}));
  auto resumed = enter("/runs/p1", name);
  ASSERT_TRUE(resumed->add_model("cc"));
  EXPECT_EQ(runs()[0].models, (std::vector<std::string>{"aa", "bb", "cc"}));
}

TEST_F(RunEntryTest, ACopyOfARunIsAnotherRun) {
  const RunName name = new_run_name("/runs/p1");
  ASSERT_TRUE(enter("/runs/p1", name)->add_model("aa"));
  ASSERT_TRUE(enter("/runs/copy", name)->add_model("bb"));
  ASSERT_TRUE(enter("/runs/copy", name)->add_model("cc"));
  ASSERT_EQ(runs().size(), 2U);
  for (const auto& run : runs()) {
    const auto wanted = run.folder == "/runs/p1" ? std::vector<std::string>{"aa"}
                                                 : std::vector<std::string>{"aa", "bb", "cc"};
    EXPECT_EQ(run.models, wanted) << run.folder;
  }
}

TEST_F(RunEntryTest, ADatasetThatTakesNoEntryGivesAWarning) {
  const RunName name = new_run_name("/runs/p1");
  // A folder where the file is to be written is refused like a dataset without permission.
  std::filesystem::create_directories(
      fmt::format("{}/training_runs/.{}.json.partial", data_.uri(), name.id));
  auto entry = enter("/runs/p1", name);
  ASSERT_TRUE(entry) << entry.error().message;
  ASSERT_TRUE(entry->add_model("aa"));
  ASSERT_TRUE(entry->finish());
  ASSERT_EQ(warnings_.size(), 1U) << "said once";
  EXPECT_NE(
      warnings_[0].find("The run is not entered in the dataset, so lido forget " + data_.uri()),
      std::string::npos)
      << warnings_[0];
}

TEST_F(RunEntryTest, AModelThatCannotBeEnteredIsEnteredLater) {
  const RunName name = new_run_name("/runs/p1");
  auto entry = enter("/runs/p1", name);
  const std::string obstacle =
      fmt::format("{}/training_runs/.{}.json.partial", data_.uri(), name.id);
  std::filesystem::create_directory(obstacle);
  ASSERT_TRUE(entry->add_model("aa"));
  EXPECT_EQ(warnings_.size(), 1U);
  EXPECT_TRUE(runs()[0].models.empty());
  std::filesystem::remove(obstacle);
  ASSERT_TRUE(entry->finish());
  EXPECT_EQ(runs()[0].models, std::vector<std::string>{"aa"});
}

TEST_F(RunEntryTest, ADamagedEntryIsWrittenAgain) {
  const RunName name = new_run_name("/runs/p1");
  const auto store = *storage::open_store(data_.uri());
  ASSERT_TRUE(store->write_text("training_runs/" + name.id + ".json", "{"));
  ASSERT_TRUE(enter("/runs/p1", name));
  ASSERT_EQ(runs().size(), 1U);
  EXPECT_EQ(runs()[0].folder, "/runs/p1");
}

TEST_F(RunEntryTest, IsEnteredBeforeItIsRefused) {
  // The generation was removed after the run was planned. If the removal looked for entries before
  // this one was there, the run must end; if it looked later, it must find the entry.
  plan_.generation = 7;
  const auto entry = enter("/runs/p1", new_run_name("/runs/p1"));
  ASSERT_FALSE(entry);
  EXPECT_EQ(entry.error().code, ErrorCode::kNotFound);
  ASSERT_EQ(runs().size(), 1U);
  EXPECT_EQ(runs()[0].generation, 7);
}

}  // namespace
}  // namespace lido::learn
