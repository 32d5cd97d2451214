// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/work_span.h"

#include <gtest/gtest.h>

#include "lido/ingest/test_store_folder.h"

namespace lido::ingest {
namespace {

class WorkSpan : public testing::Test {
 protected:
  WorkSpan() {
    sampling_.scene = "off";
    sampling_.samples = "frame";
  }

  void fail_attempts(int count) {
    const Attempts attempts = *Attempts::open(folder_.store(), "node", "run");
    for (int i = 0; i < count; ++i) ASSERT_TRUE(attempts.begin(task_.part));
  }

  SpanResult work(WorkMode mode) {
    const Attempts attempts = *Attempts::open(folder_.store(), "node", "run");
    const part::PartContext context{
        .store = folder_.store(), .sampling = sampling_, .progress = progress_, .run = "run"};
    return *work_span(task_, context, attempts, mode);
  }

  TestStoreFolder folder_;
  part::SpanTask task_{.part = ".work/parts/a", .clip = {.uri = "/nowhere.mp4"}};
  part::SampleOptions sampling_;
  part::Progress progress_;
};

TEST_F(WorkSpan, AnExistingPartIsNotMadeAgain) {
  ASSERT_TRUE(part::write_failed_part(folder_.store(), task_.part,
                                      {part::FailureKind::kContent, "earlier"}));
  const SpanResult result = work({});
  EXPECT_TRUE(result.resumed);
  EXPECT_EQ(result.record.failure->reason, "earlier");
}

TEST_F(WorkSpan, AFailureFromOutsideIsTriedAgainByTheNextRun) {
  for (const char* run : {"another", "run"}) {
    ASSERT_TRUE(part::write_failed_part(folder_.store(), task_.part,
                                        {part::FailureKind::kOutside, "no access", run}));
    const SpanResult result = work({});
    const bool is_ours = std::string_view(run) == "run";
    EXPECT_EQ(result.resumed, is_ours) << run;
    EXPECT_EQ(result.record.failure->reason == "no access", is_ours) << run;
    EXPECT_EQ(result.record.failure->run, "run");
  }
}

TEST_F(WorkSpan, AnAttemptThatReturnsLeavesNoNote) {
  const SpanResult result = work({});
  EXPECT_FALSE(result.resumed);
  EXPECT_TRUE(result.record.failure);  // there is no such clip
  EXPECT_EQ(folder_.files(std::string(kAttemptsFolder)), 0);
}

TEST_F(WorkSpan, TwoFailuresDeferASpanThatHasNeighbours) {
  fail_attempts(kFailuresUntilAlone - 1);
  EXPECT_FALSE(work({.may_defer = true}).deferred);
  std::filesystem::remove(folder_.path(task_.part));
  fail_attempts(1);
  EXPECT_TRUE(work({.may_defer = true}).deferred);
  EXPECT_FALSE(work({.may_defer = false}).deferred);
}

TEST_F(WorkSpan, ThreeFailuresRejectTheClip) {
  fail_attempts(kFailuresUntilRejected);
  const SpanResult result = work({.may_defer = true});
  EXPECT_FALSE(result.deferred);
  EXPECT_EQ(result.record.failure->reason, "its worker process was killed 3 times");
  EXPECT_EQ(result.record.failure->kind, part::FailureKind::kOutside);
  EXPECT_TRUE(part::read_part(folder_.store(), task_.part)->has_value());
}

}  // namespace
}  // namespace lido::ingest
