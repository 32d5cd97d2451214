// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/trainer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "lido/base/hash.h"
#include "lido/dataset/table.h"
#include "lido/dataset/training_runs.h"
#include "lido/learn/checkpoint.h"
#include "lido/learn/test_dataset.h"
#include "lido/learn/test_gestures.h"
#include "lido/model/evaluate.h"

namespace lido::learn {
namespace {

TrainRequest request_for(const HalvesDataset& data, const std::string& out, int64_t epochs = 6) {
  TrainRequest request{
      .out = out, .config = {.network = "people", .data = data.uri(), .points = "", .options = {}}};
  request.config.options.epochs = epochs;
  request.config.options.batch_size = 8;
  request.config.options.threads = 1;
  request.config.options.average = 0.8;
  request.config.options.no_augment = true;  // which mirrors left and right
  request.config.options.checkpoint_seconds = 0;
  request.config.options.patience = 0;
  request.config.options.footage = "simulated";
  request.revision = "test";
  return request;
}

Result<TrainSummary> run(const TrainRequest& request) {
  TrainProgress progress;
  return train(request, progress, {});
}

std::string onnx_of(const std::string& out) { return model::read_model(out + "/model")->onnx; }

std::string last_state(const std::string& out) {
  const auto store = *storage::open_store(out);
  return (*load_latest(*store))->module;
}

TEST(Trainer, LearnsExportsAndDescribes) {
  const HalvesDataset data;
  const TestFolder folder;
  const std::string out = (folder / "run").string();
  const auto summary = run(request_for(data, out, 20));
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->steps, 120);
  EXPECT_EQ(summary->epochs, 20);
  EXPECT_GT(summary->best_score, 0.9);  // chance: 0.5, with a deviation of 0.1 on 24 samples
  EXPECT_LE(summary->export_difference, 1e-4);
  const auto loaded = *model::read_model(out + "/model");
  EXPECT_EQ(loaded.model.heads[0].classes, (std::vector<std::string>{"left", "right"}));
  EXPECT_EQ(loaded.model.fps, "4");
  EXPECT_NE(card_of(loaded.model).find("measured in simulation"), std::string::npos);
  // OpenVINO on the split gives the figures that the trainer wrote.
  const auto evaluation =
      model::evaluate(loaded, data.uri(), {.split = "val", .threads = 1}, {}, {}, {});
  ASSERT_TRUE(evaluation) << evaluation.error().message;
  EXPECT_EQ(evaluation->figures.at("side").macro_f1, loaded.model.figures["side"]["macro_f1"]);
  EXPECT_EQ(evaluation->figures.at("side").macro_f1, summary->best_score);
  const auto store = *storage::open_store(out);
  const auto metrics = *dataset::read_table<dataset::MetricRow>(*store, kMetricsFile);
  const auto scores = std::ranges::count(metrics, "score", &dataset::MetricRow::name);
  EXPECT_EQ(scores, 20);
  EXPECT_EQ(model::read_config(out)->options.epochs, 20);
}

// The frames are noise: the keypoints have the answer, and frames alone are a guess.
TEST(Trainer, LearnsFromKeypointsAndMeasuresEachStream) {
  const HalvesDataset data(96, 48, Shows::kKeypoints);
  const TestFolder folder;
  const std::string out = (folder / "run").string();
  const auto summary = run(request_for(data, out, 20));
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_GT(summary->best_score, 0.9);  // chance: 0.5, with a deviation of 0.07 on 48 samples
  EXPECT_LE(summary->export_difference, 1e-4);
  EXPECT_EQ(model::read_config(out)->options.streams, "frames,keypoints");
  const auto loaded = *model::read_model(out + "/model");
  EXPECT_EQ(loaded.model.keypoints->names, (std::vector<std::string>{"nose", "toe"}));
  const auto& streams = loaded.model.streams;
  EXPECT_GT(streams["keypoints"]["side"], 0.9);
  EXPECT_LT(streams["frames"]["side"], 0.75);
  EXPECT_EQ(streams["frames,keypoints"]["side"], loaded.model.figures["side"]["macro_f1"]);
  EXPECT_NE(card_of(loaded.model).find("| the keypoints alone |"), std::string::npos);
  // OpenVINO on the split gives the figures that the trainer wrote.
  const auto evaluation = model::evaluate(
      loaded, data.uri(), {.split = "val", .threads = 1, .each_stream = true}, {}, {}, {});
  ASSERT_TRUE(evaluation) << evaluation.error().message;
  EXPECT_EQ(evaluation->streams, streams);
  // A dataset without keypoints lacks that stream; all windows are then guesses.
  const auto without = model::evaluate(loaded, HalvesDataset().uri(), {.split = "val"}, {}, {}, {});
  ASSERT_TRUE(without) << without.error().message;
  EXPECT_EQ(without->missing, "keypoints");
  EXPECT_LT(without->figures.at("side").macro_f1, 0.9);
}

TEST(Trainer, KeypointsAloneNeedNoFrames) {
  const HalvesDataset data(96, 48, Shows::kKeypoints);
  const TestFolder folder;
  const std::string out = (folder / "run").string();
  auto request = request_for(data, out, 20);
  request.config.options.streams = "keypoints";
  const auto summary = run(request);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_GT(summary->best_score, 0.9);
  const auto loaded = *model::read_model(out + "/model");
  EXPECT_FALSE(loaded.model.sees_frames);
  ASSERT_EQ(loaded.model.inputs().size(), 1U);
  EXPECT_EQ(loaded.model.inputs()[0].shape, (std::vector<int64_t>{4, 14}));
  const auto evaluation = model::evaluate(loaded, data.uri(), {.split = "val"}, {}, {}, {});
  ASSERT_TRUE(evaluation) << evaluation.error().message;
  EXPECT_EQ(evaluation->figures.at("side").macro_f1, summary->best_score);
  const auto without = model::evaluate(loaded, HalvesDataset().uri(), {.split = "val"}, {}, {}, {});
  ASSERT_FALSE(without);
  EXPECT_NE(without.error().message.find("its keypoints are none, want nose,toe"),
            std::string::npos)
      << without.error().message;
}

TEST(Trainer, AnInterruptedRunGivesEqualBytes) {
  const HalvesDataset data(48, 24, Shows::kBoth);
  const TestFolder folder;
  const std::string whole = (folder / "whole").string(), parts = (folder / "parts").string();
  ASSERT_TRUE(run(request_for(data, whole, 3)));
  std::stop_source stop;
  TrainProgress progress;
  std::jthread watcher([&](const std::stop_token& end) {
    while (progress.steps < 8 && !end.stop_requested())
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    stop.request_stop();
  });
  auto request = request_for(data, parts, 3);
  const auto stopped = train(request, progress, stop.get_token());
  ASSERT_FALSE(stopped) << "the run ended before it could be stopped";
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  EXPECT_NE(progress.steps % 6, 0) << "no stop in the middle of an epoch";
  request.resume = true;
  request.config = *model::read_config(parts);
  const auto summary = run(request);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->steps, 18);
  EXPECT_EQ(onnx_of(parts), onnx_of(whole));
  EXPECT_TRUE(last_state(parts) == last_state(whole)) << "the states differ";
}

TEST(Trainer, EntersItselfAndItsModelsInTheDataset) {
  const HalvesDataset data;
  const TestFolder folder;
  const std::string out = (folder / "run").string();
  const auto summary = run(request_for(data, out, 3));
  ASSERT_TRUE(summary) << summary.error().message;
  const auto store = *storage::open_store(data.uri());
  const auto found = *dataset::read_training_runs(*store);
  ASSERT_EQ(found.runs.size(), 1U);
  const auto& entry = found.runs[0];
  EXPECT_EQ(entry.folder, out);
  EXPECT_EQ(entry.generation, 1);
  EXPECT_EQ(entry.tasks, std::vector<std::string>{"side"});
  ASSERT_FALSE(entry.models.empty());
  EXPECT_EQ(entry.models.back(), sha256_hex(onnx_of(out)));
  auto request = request_for(data, out, 3);
  request.resume = true;
  request.config = *model::read_config(out);
  ASSERT_TRUE(run(request));
  EXPECT_EQ(dataset::read_training_runs(*store)->runs.size(), 1U) << "resumed, it is the same run";
}

TEST(Trainer, DoesNotResumeWithoutItsGeneration) {
  const HalvesDataset data(16, 8);
  const TestFolder folder;
  auto request = request_for(data, (folder / "run").string(), 1);
  ASSERT_TRUE(run(request));
  std::filesystem::remove_all(data.uri() + "/generations/000001");
  request.resume = true;
  request.config = *model::read_config(request.out);
  const auto resumed = run(request);
  ASSERT_FALSE(resumed);
  EXPECT_EQ(resumed.error().code, ErrorCode::kNotFound);
  EXPECT_NE(resumed.error().message.find("generation 1, which the run reads, is gone"),
            std::string::npos)
      << resumed.error().message;
}

TEST(Trainer, LearnsGestures) {
  const GestureFiles files(200), unseen(40);
  const TestFolder folder;
  for (const std::string name : {"hands", "motions"}) {
    TrainRequest request{
        .out = (folder / name).string(), .config = files.config(name), .revision = "test"};
    const auto summary = run(request);
    ASSERT_TRUE(summary) << summary.error().message;
    EXPECT_LE(summary->export_difference, 1e-4);
    const auto loaded = *model::read_model(request.out + "/model");
    EXPECT_EQ(loaded.model.samples, name == "hands" ? "hand" : "motion");
    const auto set = *model::read_gestures(unseen.path(name + ".csv"), {"first", "second"});
    int64_t rows = 0;
    const auto evaluation =
        model::evaluate_gestures(loaded, set,
                                 [&](const dataset::PredictionRow& row) -> Result<void> {
                                   ++rows;
                                   EXPECT_EQ(row.classes, set.classes);
                                   return {};
                                 },
                                 {}, {});
    ASSERT_TRUE(evaluation) << evaluation.error().message;
    EXPECT_EQ(rows, 40);
    EXPECT_GE(evaluation->figures.at("signal").accuracy, 0.9);  // chance: 0.5
    const auto other = name == "hands" ? "motions.csv" : "hands.csv";
    EXPECT_EQ(model::evaluate_gestures(
                  loaded, *model::read_gestures(unseen.path(other), set.classes), {}, {}, {})
                  .error()
                  .code,
              ErrorCode::kInvalidArgument);
  }
}

TEST(Trainer, AnInterruptedRunOnGesturesGivesEqualBytes) {
  const GestureFiles files(200);
  const TestFolder folder;
  const std::string whole = (folder / "whole").string(), parts = (folder / "parts").string();
  TrainRequest request{.out = whole, .config = files.config("hands"), .revision = "test"};
  request.config.options.epochs = 4;
  ASSERT_TRUE(run(request));
  request.out = parts;
  // A stop request that is there from the start ends the run after one step, again and again.
  std::stop_source stop;
  stop.request_stop();
  int stops = 0;
  TrainProgress progress;
  for (auto done = train(request, progress, stop.get_token()); !done;
       done = train(request, progress, stop.get_token())) {
    ASSERT_EQ(done.error().code, ErrorCode::kCancelled) << done.error().message;
    ++stops;
    request.resume = true;
    request.config = *model::read_config(parts);
  }
  EXPECT_EQ(stops, 47);  // 48 steps: 180 samples in steps of 16, four times
  EXPECT_EQ(onnx_of(parts), onnx_of(whole));
  EXPECT_TRUE(last_state(parts) == last_state(whole)) << "the states differ";
  std::ofstream(files.path("hands.csv"), std::ios::app) << "\n";
  EXPECT_NE(run(request).error().message.find("changed since the run began"), std::string::npos);
}

TEST(Trainer, StopsWhenNothingGetsBetter) {
  const HalvesDataset data(16, 16);
  const TestFolder folder;
  auto request = request_for(data, (folder / "run").string(), 50);
  request.config.options.learning_rate = 1e-9;  // learns nothing
  request.config.options.patience = 2;
  const auto summary = run(request);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_TRUE(summary->stopped_early);
  EXPECT_EQ(summary->epochs, summary->best_epoch + 1 + 2);
  request.resume = true;
  EXPECT_EQ(run(request)->epochs, summary->epochs);  // nothing is left to do
}

TEST(Trainer, ALossThatIsNoNumberNamesTheSamples) {
  const HalvesDataset data;
  const TestFolder folder;
  const std::string out = (folder / "run").string();
  auto request = request_for(data, out, 100);
  request.config.options.learning_rate = 1e5;
  request.config.options.warmup = 0;
  const auto failed = run(request);
  ASSERT_FALSE(failed) << "a learning rate of 100,000 did no harm";
  EXPECT_EQ(failed.error().code, ErrorCode::kDegenerate);
  EXPECT_NE(failed.error().message.find("in the samples train_00"), std::string::npos)
      << failed.error().message;
  const auto store = *storage::open_store(out);
  const auto failure = nlohmann::json::parse(*store->read_text(kFailureFile));
  EXPECT_EQ(failure["samples"].size(), 8U);
  EXPECT_EQ(failed.error().message.find('\n'), std::string::npos);
}

TEST(Trainer, RefusesFoldersAndCheckpointsOfOthers) {
  const HalvesDataset data;
  const TestFolder folder;
  const std::string out = (folder / "run").string();
  auto request = request_for(data, out, 1);
  ASSERT_TRUE(run(request));
  EXPECT_NE(run(request).error().message.find("is not empty, want a new one"), std::string::npos);
  request.resume = true;
  auto config = *model::read_config(out);
  const HalvesDataset other(16, 8);
  config.data = other.uri();
  request.config = config;
  EXPECT_EQ(run(request).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(model::read_config((folder / "none").string()).error().code, ErrorCode::kNotFound);
  // A checkpoint whose network has other layers.
  const auto store = *storage::open_store(out);
  auto checkpoint = **load_latest(*store);
  checkpoint.network = "another";
  ++checkpoint.step;
  ASSERT_TRUE(save(*store, checkpoint));
  request.config = *model::read_config(out);
  EXPECT_NE(run(request).error().message.find("checkpoints: of another network"),
            std::string::npos);
}

TEST(Trainer, PreparesARunThatIsThenResumed) {
  const HalvesDataset data;
  const TestFolder folder;
  const std::string out = (folder / "run").string(), whole = (folder / "whole").string();
  auto request = request_for(data, out, 2);
  request.config.options.micro_batches = 2;
  const auto plan = prepare(request);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_FALSE(prepare(request)) << "the folder is not empty";
  std::vector<EpochEnd> ends;
  request.resume = true;
  request.on_epoch = [&](const EpochEnd& end) { ends.push_back(end); };
  EXPECT_TRUE(prepare(request));
  const auto summary = run(request);
  ASSERT_TRUE(summary) << summary.error().message;
  ASSERT_EQ(ends.size(), 2U);
  EXPECT_EQ(ends[1].epoch, 1);
  EXPECT_EQ(ends[1].steps, plan->steps());
  EXPECT_EQ(ends[1].best_score, summary->best_score);
  request = request_for(data, whole, 2);
  request.config.options.micro_batches = 2;
  ASSERT_TRUE(run(request));
  EXPECT_EQ(onnx_of(out), onnx_of(whole));
}

TEST(Trainer, RefusesWorkersAndMicroBatchesThatDoNotFit) {
  const HalvesDataset data;
  const TestFolder folder;
  auto request = request_for(data, (folder / "run").string());
  request.rendezvous.workers = 2;
  EXPECT_EQ(run(request).error().message,
            "2 workers, want at most micro_batches, which is 1: each worker computes one or more");
  request.config.options.micro_batches = 2;
  EXPECT_NE(run(request).error().message.find("several workers want a run that was prepared"),
            std::string::npos);
  request.rendezvous.workers = 1;
  for (const int parts : {3, 8}) {  // 8 is no multiple of 3; 8 parts of one sample
    request.config.options.micro_batches = parts;
    EXPECT_NE(run(request).error().message.find("want a multiple of micro_batches"),
              std::string::npos);
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "run"));
}

TEST(GreatestDifference, ComparesEachValue) {
  EXPECT_EQ(greatest_difference({{"a", {1, 2}}}, {{"a", {1, 2.5}}}), 0.5);
  EXPECT_TRUE(std::isinf(greatest_difference({{"a", {1, 2}}}, {{"a", {1}}})));
  EXPECT_TRUE(std::isinf(greatest_difference({{"a", {NAN}}}, {{"a", {1}}})));
  EXPECT_TRUE(std::isinf(greatest_difference({{"a", {}}}, {{"b", {}}})));
}

}  // namespace
}  // namespace lido::learn
