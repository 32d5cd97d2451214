// SPDX-License-Identifier: Apache-2.0
// Whole spans against divided ones: the samples of a clip must not depend on its spans.
#include "lido/part/make_part.h"

#include <gtest/gtest.h>

#include <map>

#include "lido/dataset/fingerprint.h"
#include "lido/part/test_span.h"

namespace lido::part {
namespace {

using MakePart = SpanTest;

std::map<std::string, std::string> checksums(const PartRecord& record) {
  std::map<std::string, std::string> sums;
  for (const PartSample& sample : record.samples) sums[sample.key] = sample.sha256;
  return sums;
}

TEST_F(MakePart, SamplesDoNotDependOnTheSpans) {
  const auto whole = make_part(task("whole"), context());
  const auto [left, right] = halves();
  const auto first = make_part(task("first", left), context());
  const auto second = make_part(task("second", right), context());
  ASSERT_TRUE(whole && first && second);
  auto joined = checksums(*first);
  EXPECT_FALSE(joined.empty());
  EXPECT_FALSE(second->samples.empty());
  joined.merge(checksums(*second));
  EXPECT_EQ(joined, checksums(*whole));
  EXPECT_EQ(first->runs.back().end, left.end_k);
}

TEST_F(MakePart, ThePartReadsBackAsReturned) {
  const auto made = make_part(task("a"), context());
  ASSERT_TRUE(made);
  const auto read = *read_part(*store_, ".work/parts/a");
  ASSERT_TRUE(read);
  EXPECT_EQ(checksums(*read), checksums(*made));
  EXPECT_EQ(read->runs, made->runs);
  EXPECT_GT(progress_.frames, 0);
}

TEST_F(MakePart, AMissingClipFailsFromOutsideAndIsNoError) {
  SpanTask missing = task("missing");
  missing.clip.uri = "/nowhere/a.mp4";
  const auto made = make_part(missing, context());
  ASSERT_TRUE(made);
  ASSERT_TRUE(made->failure);
  EXPECT_EQ(made->failure->kind, FailureKind::kOutside);
  EXPECT_NE(made->failure->reason.find("/nowhere/a.mp4"), std::string::npos);
  EXPECT_TRUE(read_part(*store_, missing.part)->has_value());
}

TEST_F(MakePart, AClipThatChangedSinceItWasPlannedGivesNoSamples) {
  SpanTask planned = task("changed");
  planned.clip.fingerprint =
      dataset::fingerprint_of(**storage::open_reader(planned.clip.uri))->pieces;
  const auto made = make_part(planned, context());
  ASSERT_TRUE(made && !made->failure);
  EXPECT_FALSE(made->samples.empty());
  planned.clip.fingerprint = "of other content";
  const auto changed = make_part(planned, context());
  ASSERT_TRUE(changed && changed->failure);
  EXPECT_EQ(changed->failure->kind, FailureKind::kOutside);
  EXPECT_NE(changed->failure->reason.find("changed"), std::string::npos);
  EXPECT_TRUE(changed->samples.empty());
  const auto entry = *storage::find_entry(planned.clip.uri);
  planned.clip.bytes = entry.size, planned.clip.modified_ns = entry.modified_ns;
  EXPECT_FALSE(make_part(planned, context())->failure) << "untouched, so not read again";
}

TEST_F(MakePart, StopsWhenAsked) {
  std::stop_source source;
  source.request_stop();
  PartContext stopped = context();
  stopped.stop = source.get_token();
  const auto made = make_part(task("a"), stopped);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(*read_part(*store_, ".work/parts/a"));
}

}  // namespace
}  // namespace lido::part
