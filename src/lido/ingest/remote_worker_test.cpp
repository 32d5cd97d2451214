// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/remote_worker.h"

#include <gtest/gtest.h>

#include "lido/ingest/test_store_folder.h"

namespace lido::ingest {
namespace {

SharedWork shared_work(const std::string& out) {
  SharedWork shared{.out = out, .run = "run1"};
  shared.sampling.scene = "off";
  shared.options.span_s = 7;
  return shared;
}

TEST(SharedWork, ComesBackFromTextAsItWas) {
  const auto read = parse_shared_work(to_text(shared_work("/d")));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->out, "/d");
  EXPECT_EQ(read->run, "run1");
  EXPECT_EQ(read->device, "");
  EXPECT_EQ(read->sampling.scene, "off");
  EXPECT_EQ(read->options.span_s, 7);
}

TEST(SharedWork, OtherTextIsRefused) {
  for (const char* text : {"", "[]", "{}"}) EXPECT_FALSE(parse_shared_work(text)) << text;
}

TEST(RemoteWorker, RefusesAnotherInstructionSet) {
  TestStoreFolder folder;
  SharedWork shared = shared_work(folder.path());
  shared.device = "another CPU";
  const auto worker = RemoteWorker::make(to_text(shared));
  ASSERT_FALSE(worker);
  EXPECT_EQ(worker.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(worker.error().message.find("want another CPU"), std::string::npos);
}

TEST(RemoteWorker, ReportsWhyAClipBroke) {
  TestStoreFolder folder;
  const auto worker = RemoteWorker::make(to_text(shared_work(folder.path())));
  ASSERT_TRUE(worker) << worker.error().message;
  const Attempts attempts = *worker->attempts("node");
  const part::SpanTask task{.part = ".work/parts/a", .clip = {.uri = "/nowhere.mp4"}};
  const auto report = worker->work(part::to_text(task), attempts, false);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->samples, 0);
  EXPECT_NE(report->error.find("/nowhere.mp4"), std::string::npos);
  EXPECT_FALSE(report->deferred);
  EXPECT_FALSE(worker->work("no task", attempts, false));
}

}  // namespace
}  // namespace lido::ingest
