// SPDX-License-Identifier: Apache-2.0
// Whole ingests of one small clip. tests/e2e checks what they write.
#include "lido/ingest/ingest.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "lido/ingest/remote_worker.h"
#include "lido/ingest/test_store_folder.h"

namespace lido::ingest {
namespace {

class Ingest : public testing::Test {
 protected:
  Ingest() {
    request_.inputs = {clip_};
    request_.out = folder_.path("d");
    request_.sampling.fps.rate = {6, 1};
    request_.sampling.windows = {.window = 4, .stride = 2};
    request_.sampling.transform.size = 64;
    request_.sampling.scene = "off";
    request_.job.span_s = 2;
  }

  void SetUp() override {
    ASSERT_TRUE(std::filesystem::exists(clip_)) << "no " << clip_ << "; ./dev setup makes it";
  }

  Result<Summary> ingest() {
    IngestPlan plan = LIDO_TRY(prepare(request_, {}));
    auto run = LIDO_TRY(IngestRun::open(request_, std::move(plan)));
    return run.finish(progress_, {});
  }

  std::string refusal() {
    const auto plan = prepare(request_, {});
    return plan ? "" : plan.error().message;
  }

  std::string clip_ = LIDO_TEST_CLIPS "/h264_b.mp4";
  TestStoreFolder folder_;
  Request request_;
  part::Progress progress_;
};

TEST_F(Ingest, AClipBecomesAGeneration) {
  const auto summary = ingest();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->generation, 1);
  EXPECT_EQ(summary->clips, 1);
  EXPECT_EQ(summary->spans, 3);
  EXPECT_EQ(summary->frames, 36);  // six seconds
  EXPECT_EQ(summary->samples, (36 - 4) / 2 + 1);
  EXPECT_EQ(summary->left_over, 0);
  EXPECT_NEAR(summary->source_hours * 3600, 6, 0.1);
  EXPECT_EQ(folder_.files("d/.work"), 0);
  EXPECT_EQ(progress_.spans_done, 3);
}

TEST_F(Ingest, AKnownClipMakesNoGeneration) {
  ASSERT_TRUE(ingest());
  const auto again = ingest();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->generation, 0);
  EXPECT_EQ(again->known, 1);
  EXPECT_EQ(again->clips, 0);
}

TEST_F(Ingest, ACopyOfAKnownClipIsRecordedWithoutNewSamples) {
  ASSERT_TRUE(ingest());
  const std::string copy = folder_.path("copy.mp4");
  std::filesystem::copy_file(clip_, copy);
  request_.inputs = {clip_, copy};
  const auto again = ingest();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->clips, 0);
  EXPECT_EQ(again->copies, 1);
  EXPECT_EQ(again->generation, 2);
  const auto dataset = *dataset::Dataset::open(request_.out);
  EXPECT_TRUE(dataset.visit<dataset::ClipRow>(2, [&](const auto& row) -> Result<void> {
    EXPECT_EQ(row.copies, std::vector<std::string>{copy});
    EXPECT_EQ(row.samples, (36 - 4) / 2 + 1);
    return {};
  }));
  EXPECT_EQ(dataset.read_latest()->samples, (36 - 4) / 2 + 1);
  // From now on the copy is known, and is not read whole.
  const auto third = ingest();
  ASSERT_TRUE(third);
  EXPECT_EQ(third->generation, 0);
  EXPECT_EQ(third->known, 2);
  EXPECT_EQ(third->copies, 0);
}

TEST_F(Ingest, ACopyIsRecordedBesideAClipThatFailsAgain) {
  const std::filesystem::path raw = folder_.path("raw");
  std::filesystem::create_directories(raw);
  std::filesystem::copy_file(clip_, raw / "good.mp4");
  std::filesystem::copy_file(clip_, raw / "not_utf8_\xff.mp4");  // rejected for its name
  request_.inputs = {raw.string()};
  const auto first = ingest();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->generation, 1);
  EXPECT_EQ(first->rejected, 1);
  const std::string copy = raw / "copy.mp4";
  std::filesystem::copy_file(clip_, copy);
  const auto second = ingest();
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->generation, 2);
  EXPECT_EQ(second->rejected, 1);
  EXPECT_EQ(second->copies, 1);
  ASSERT_EQ(second->faults.size(), 1U);
  EXPECT_TRUE(second->faults[0].retried);
  const auto third = ingest();
  ASSERT_TRUE(third) << third.error().message;
  EXPECT_EQ(third->generation, 0) << "nothing is new";
  EXPECT_EQ(third->known, 2);
  EXPECT_EQ(third->rejected, 1);
  EXPECT_EQ(third->faults.size(), 1U);
}

TEST_F(Ingest, LabelsAreThoseOfThePlan) {
  request_.labels = folder_.path("labels.csv");
  std::ofstream(request_.labels) << "clip,start_s,end_s,task,label\nh264_b.mp4,1,2,b,swim\n";
  auto run = *IngestRun::open(request_, *prepare(request_, {}));
  std::filesystem::remove(request_.labels);
  const auto summary = run.finish(progress_, {});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->labels_read, 1);
  int64_t labelled = 0;
  EXPECT_TRUE(run.dataset().visit<dataset::SampleRow>(1, [&](const auto& row) -> Result<void> {
    labelled += row.labels.empty() ? 0 : 1;
    return {};
  }));
  EXPECT_GT(labelled, 0);
}

TEST_F(Ingest, PartsThatOtherProcessesMadeAreNotMadeAgain) {
  auto run = *IngestRun::open(request_, *prepare(request_, {}));
  const auto batches = *run.batches(4);
  ASSERT_EQ(batches.size(), 3U);
  const auto worker = *RemoteWorker::make(run.shared_work());
  const auto attempts = *worker.attempts("node");
  const auto spans = *read_batch(worker.store(), batches[0].name);
  ASSERT_EQ(spans.size(), 1U);
  const auto report = worker.work(spans[0].task, attempts, false);
  ASSERT_TRUE(report);
  EXPECT_GT(report->samples, 0);
  EXPECT_EQ(worker.work(spans[0].task, attempts, false)->frames, 0);  // exists already
  const auto summary = run.finish(progress_, {});
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->samples, 17);
  EXPECT_EQ(progress_.spans_resumed, 1);
  EXPECT_EQ(summary->spans_resumed, 0);  // No earlier run left any.
}

TEST_F(Ingest, PartsOfAnEarlierRunAreResumed) {
  {
    auto run = *IngestRun::open(request_, *prepare(request_, {}));
    const auto worker = *RemoteWorker::make(run.shared_work());
    const auto attempts = *worker.attempts("node");
    const auto batches = *run.batches(4);
    const auto spans = *read_batch(worker.store(), batches[0].name);
    ASSERT_TRUE(worker.work(spans[0].task, attempts, false));
  }
  const auto summary = ingest();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->spans_resumed, 1);
  EXPECT_EQ(summary->samples, 17);
}

TEST_F(Ingest, AClipThatAnotherRunAddedMeanwhileIsKnown) {
  IngestPlan plan = *prepare(request_, {});  // made before the other run begins
  ASSERT_TRUE(ingest());
  auto run = *IngestRun::open(request_, std::move(plan));
  const auto summary = run.finish(progress_, {});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->known, 1);
  EXPECT_EQ(summary->clips, 0);
  EXPECT_EQ(*run.dataset().latest(), 1);
}

TEST_F(Ingest, APartWithLostBytesIsMadeAgain) {
  std::string part;
  {
    auto run = *IngestRun::open(request_, *prepare(request_, {}));
    const auto worker = *RemoteWorker::make(run.shared_work());
    const auto attempts = *worker.attempts("node");
    const auto batches = *run.batches(4);
    const auto spans = *read_batch(worker.store(), batches[0].name);
    ASSERT_TRUE(worker.work(spans[0].task, attempts, false));
    part = part::parse_span_task(spans[0].task)->part;
  }
  std::fstream file(folder_.path("d/" + part), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(100);
  file.write(std::string(1000, '\0').data(), 1000);
  file.close();
  const auto summary = ingest();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->samples, 17);
  EXPECT_EQ(summary->spans_resumed, 0);
}

TEST_F(Ingest, AClipThatFailedFromOutsideIsTriedAgain) {
  request_.inputs = {folder_.path("a.mp4")};
  const auto break_link = [&] {
    std::filesystem::remove(folder_.path("a.mp4"));
    std::filesystem::create_symlink(folder_.path("gone.mp4"), folder_.path("a.mp4"));
  };
  std::filesystem::copy_file(clip_, folder_.path("a.mp4"));
  for (const int generation : {1, 0}) {
    // The file is there when it is listed, and gone when it is planned.
    std::filesystem::remove(folder_.path("a.mp4"));
    std::filesystem::copy_file(clip_, folder_.path("a.mp4"));
    IngestPlan plan = *prepare(request_, {});
    break_link();
    const auto summary = IngestRun::open(request_, std::move(plan))->finish(progress_, {});
    ASSERT_TRUE(summary) << summary.error().message;
    EXPECT_EQ(summary->rejected, 1);
    EXPECT_EQ(summary->generation, generation);  // the second time, nothing is new
    ASSERT_EQ(summary->faults.size(), 1U);
    EXPECT_TRUE(summary->faults[0].retried);
  }
  std::filesystem::remove(folder_.path("a.mp4"));
  std::filesystem::copy_file(clip_, folder_.path("a.mp4"));
  const auto summary = ingest();
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->generation, 2);
  EXPECT_EQ(summary->samples, 17);
  EXPECT_EQ(summary->rejected, 0);
}

TEST_F(Ingest, TwoAtATimeAreRefused) {
  const auto first = IngestRun::open(request_, *prepare(request_, {}));
  ASSERT_TRUE(first);
  const auto second = IngestRun::open(request_, *prepare(request_, {}));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
}

TEST_F(Ingest, ClipsInTheOutputFolderAreRefused) {
  ASSERT_TRUE(ingest());
  std::filesystem::copy_file(clip_, folder_.path("d/b.mp4"));
  request_.inputs = {folder_.path("d/b.mp4")};
  EXPECT_NE(refusal().find("inside the output folder"), std::string::npos) << refusal();
}

TEST_F(Ingest, ASplitBySiteNeedsSites) {
  request_.sampling.split_by = "site";
  EXPECT_NE(refusal().find("no site"), std::string::npos) << refusal();
}

TEST_F(Ingest, OtherOptionsNeedAnotherDataset) {
  ASSERT_TRUE(ingest());
  request_.sampling.quality = 50;
  EXPECT_NE(refusal(), "");
}

TEST_F(Ingest, ABadLabelsFileIsRefusedBeforeAnyWork) {
  ASSERT_TRUE(folder_.store().write_text("labels.csv", "clip,start_s\n"));
  request_.labels = folder_.path("labels.csv");
  EXPECT_TRUE(refusal().starts_with(request_.labels + ": ")) << refusal();
  EXPECT_FALSE(std::filesystem::exists(request_.out));
}

}  // namespace
}  // namespace lido::ingest
