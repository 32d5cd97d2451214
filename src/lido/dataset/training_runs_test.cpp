// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/training_runs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <thread>

#include "lido/base/test_folder.h"

namespace lido::dataset {
namespace {

class TrainingRunsTest : public testing::Test {
 protected:
  static TrainingRun run(std::string id, std::string begun = "2026-07-01T14:03:00.000000Z") {
    return {.id = std::move(id),
            .folder = "/runs/p1",
            .begun_utc = std::move(begun),
            .revision = "0.1",
            .network = "people",
            .generation = 2,
            .samples = "person",
            .splits = {"train", "val"},
            .tasks = {"behaviour"}};
  }
  static std::vector<std::string> ids(const TrainingRuns& found) {
    std::vector<std::string> names;
    for (const TrainingRun& each : found.runs) names.push_back(each.id);
    return names;
  }

  TestFolder folder_;
  std::unique_ptr<storage::Store> store_ = *storage::open_store(folder_.string());
};

TEST_F(TrainingRunsTest, AnEntryIsReadBack) {
  EXPECT_TRUE(read_training_runs(*store_)->runs.empty()) << "a dataset of an earlier version";
  auto entered = *enter_training_run(*store_, run("p1-aa"));
  entered.models = {"0123", "4567"};
  ASSERT_TRUE(replace_training_run(*store_, entered));
  const auto found = *read_training_runs(*store_);
  ASSERT_EQ(found.runs.size(), 1U);
  const TrainingRun& read = found.runs[0];
  EXPECT_EQ(
      std::tie(read.id, read.folder, read.begun_utc, read.revision, read.network),
      std::tie(entered.id, entered.folder, entered.begun_utc, entered.revision, entered.network));
  EXPECT_EQ(
      std::tie(read.generation, read.samples, read.splits, read.tasks, read.models),
      std::tie(entered.generation, entered.samples, entered.splits, entered.tasks, entered.models));
}

TEST_F(TrainingRunsTest, AnEntryIsMadeOnce) {
  auto first = *enter_training_run(*store_, run("p1-aa"));
  first.models = {"0123"};
  ASSERT_TRUE(replace_training_run(*store_, first));
  const auto again = enter_training_run(*store_, run("p1-aa"));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->models, first.models) << "a resumed run keeps its models";
}

TEST_F(TrainingRunsTest, ManyRunsMayBeginAtTheSameTime) {
  constexpr int kRuns = 40;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kRuns; ++i)
      threads.emplace_back(
          [this, i] { EXPECT_TRUE(enter_training_run(*store_, run(fmt::format("p-{}", i)))); });
  }
  const auto found = *read_training_runs(*store_);
  EXPECT_EQ(found.runs.size(), size_t{kRuns});
  EXPECT_TRUE(found.faults.empty());
}

TEST_F(TrainingRunsTest, TheOldestRunIsFirst) {
  ASSERT_TRUE(enter_training_run(*store_, run("b", "2026-07-01T14:03:00Z")));
  ASSERT_TRUE(enter_training_run(*store_, run("a", "2026-07-01T14:03:00Z")));
  // An hour earlier, since its clock is two hours ahead of UTC.
  ASSERT_TRUE(enter_training_run(*store_, run("c", "2026-07-01T15:03:00+02:00")));
  EXPECT_EQ(ids(*read_training_runs(*store_)), (std::vector<std::string>{"c", "a", "b"}));
}

TEST_F(TrainingRunsTest, AFileThatIsNoRunIsNamedAndHidesNoOther) {
  ASSERT_TRUE(enter_training_run(*store_, run("good")));
  ASSERT_TRUE(store_->write_text("training_runs/bad.json", "{\"format\": 1"));
  ASSERT_TRUE(store_->write_text("training_runs/notes.txt", "mine"));
  ASSERT_TRUE(store_->write_text("training_runs/p2/run.json", "mine"));
  const auto found = read_training_runs(*store_);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(ids(*found), std::vector<std::string>{"good"});
  ASSERT_EQ(found->faults.size(), 1U);
  EXPECT_EQ(found->faults[0],
            store_->uri() + "/training_runs/bad.json: the file: want a JSON object");
}

TEST_F(TrainingRunsTest, EachKeyIsChecked) {
  const std::string good =
      R"({"format": 1, "folder": "/r", "begun_utc": "2026-07-01T14:03:00Z", "revision": "r",
          "network": "people", "generation": 1, "samples": "all", "splits": ["train"],
          "tasks": [], "models": [], "a_later_key": 1})";
  ASSERT_TRUE(parse_training_run("id", good));
  for (const auto& [from, to, message] :
       {std::tuple("\"format\": 1", "\"format\": 2", "format: want 1"),
        {"\"/r\"", "3", "folder: want a text"},
        {"2026-07-01", "2026-02-30", "begun_utc: want a time of RFC 3339"},
        {"\"generation\": 1", "\"generation\": 0", "generation: want a whole number from 1 on"},
        {"\"generation\": 1", "\"generation\": 1.5", "generation: want a whole number from 1 on"},
        {"[\"train\"]", "\"train\"", "splits: want a list of texts"},
        {"\"models\": []", "\"models\": [1]", "models: want a list of texts"}}) {
    std::string text = good;
    text.replace(text.find(from), std::string_view(from).size(), to);
    const auto parsed = parse_training_run("id", text);
    ASSERT_FALSE(parsed) << to;
    EXPECT_EQ(parsed.error().code, ErrorCode::kCorrupt);
    EXPECT_EQ(parsed.error().message, message);
  }
}

TEST(TrainingRunId, IsAFileNameWhateverTheFolder) {
  EXPECT_TRUE(training_run_id("gs://pool/runs/p1", "1").starts_with("p1-"));
  EXPECT_TRUE(training_run_id("/runs/pool süd", "1").starts_with("pool_s__d-"));
  for (const std::string& folder : {std::string(), std::string("/"), std::string(300, 'x')}) {
    const std::string id = training_run_id(folder, "1");
    EXPECT_TRUE(is_training_run_id(id)) << id;
    EXPECT_LE(id.size(), 60U);
  }
  EXPECT_NE(training_run_id("/p1", "1"), training_run_id("/p1", "2"));
  EXPECT_TRUE(is_training_run_file("training_runs/p1-0a.json"));
  for (const char* other : {"training_runs/.json", "training_runs/p1/run.json", "p1-0a.json",
                            "training_runs/.p1.json.partial", "training_runs/p1.txt",
                            "x/training_runs/p1.json", "training_runs/../lido.json"})
    EXPECT_FALSE(is_training_run_file(other)) << other;
}

/// A sample of a clip, as a manifest has it.
SampleRow sample(const char* shard, const char* split = "train", int64_t track = 1,
                 const char* source = "track") {
  SampleRow row{.split = split, .shard = shard};
  row.track = track;
  row.source = source;
  return row;
}

TEST(RunsThatSaw, AreThoseOfGenerationsThatHeldTheSample) {
  // Written by generation 2, and written again when generation 4 forgot another clip.
  RunsThatSaw seen;
  seen.add(0, 5, sample("shards/g000002-train-000000-f000004.tar"));
  std::vector<TrainingRun> runs;
  for (int generation = 1; generation <= 5; ++generation)
    runs.push_back({.id = fmt::format("g{}", generation),
                    .generation = generation,
                    .samples = "all",
                    .splits = {"train"}});
  std::vector<Forgotten> records(2);
  EXPECT_TRUE(seen.enter(runs, 5, records));
  EXPECT_EQ(records[0].seen_by, (std::vector<std::string>{"g2", "g3", "g4", "g5"}));
  EXPECT_TRUE(records[1].seen_by.empty());
  EXPECT_FALSE(seen.enter(runs, 5, records)) << "they are entered already";
}

TEST(RunsThatSaw, AreFoundInAnOlderGenerationThatIsStillThere) {
  RunsThatSaw seen;
  seen.add(0, 3, sample("shards/g000003-train-000000.tar"));
  std::vector<Forgotten> records(1);
  const TrainingRun of_3{.id = "g3", .generation = 3, .samples = "all", .splits = {"train"}};
  const TrainingRun of_4{.id = "g4", .generation = 4, .samples = "all", .splits = {"train"}};
  seen.enter({of_3, of_4}, 4, records);
  EXPECT_EQ(records[0].seen_by, std::vector<std::string>{"g3"}) << "generation 4 has no such row";
}

TEST(RunsThatSaw, ReadTheSamplesThatTheLoaderGivesThem) {
  const auto sees = [](const SampleRow& row, const char* kind) {
    const TrainingRun run{.id = "r", .generation = 1, .samples = kind, .splits = {"train", "val"}};
    RunsThatSaw seen;
    seen.add(0, 1, row);
    std::vector<Forgotten> records(1);
    EXPECT_EQ(seen.enter({run}, 1, records), run.reads(row));
    return run.reads(row);
  };
  const char* shard = "shards/g000001-train-000000.tar";
  EXPECT_TRUE(sees(sample(shard, "train"), "person"));
  EXPECT_TRUE(sees(sample(shard, "val"), "person"));
  EXPECT_FALSE(sees(sample(shard, "test"), "person"));
  EXPECT_FALSE(sees(sample(shard, "train", 0), "person"));
  EXPECT_TRUE(sees(sample(shard, "train", 0), "frame"));
  EXPECT_FALSE(sees(sample(shard, "train", 1), "frame"));
  EXPECT_FALSE(sees(sample(shard, "train", 1, "motion"), "person"));
  EXPECT_TRUE(sees(sample(shard, "train", 1, "motion"), "all"));
}

TEST(RunsThatSaw, AShardOfAnotherNameCountsAsOldestOfAll) {
  for (const char* shard :
       {"shards/x.tar", "shards/g-1.tar", "shards/g99999999999-train.tar", ""}) {
    RunsThatSaw seen;
    seen.add(0, 9, sample(shard));
    std::vector<Forgotten> records(1);
    EXPECT_TRUE(seen.enter({{.id = "r", .generation = 1, .samples = "all", .splits = {"train"}}}, 9,
                           records))
        << shard;
  }
}

}  // namespace
}  // namespace lido::dataset
