// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "lido/base/test_folder.h"
#include "lido/media/probe.h"
#include "lido/part/part_context.h"
#include "lido/part/span_task.h"

namespace lido::part {

/// A clip of six seconds, as tasks for a temporary store. For tests.
class SpanTest : public testing::Test {
 protected:
  SpanTest() : store_(*storage::open_store(folder_.string())) {
    sampling_.fps.rate = {6, 1};
    sampling_.windows = {.window = 4, .stride = 2};
    sampling_.transform.size = 64;
    sampling_.scene = "off";
    sampling_.samples = "frame";
  }

  void SetUp() override {
    ASSERT_TRUE(std::filesystem::exists(clip_)) << "no " << clip_ << "; ./dev setup makes it";
  }

  PartContext context() { return {.store = *store_, .sampling = sampling_, .progress = progress_}; }

  SpanTask task(const char* name, const Span& span = {}) {
    SpanTask task{.part = std::string(".work/parts/") + name, .clip = {.uri = clip_}, .span = span};
    const auto reader = storage::open_reader(clip_);
    if (reader) task.info = *media::probe(**reader);
    return task;
  }

  /// A random access point in the middle of the clip, and the spans on both sides of it.
  std::pair<Span, Span> halves() {
    const auto reader = *storage::open_reader(clip_);
    const media::ClipIndex index = *media::index_clip(*reader, 2);
    const media::RandomAccess point = index.points.at(1);
    const SampleGrid grid(index.start_pts, media::probe(*reader)->time_base, sampling_.fps.rate);
    const int64_t k = grid.first_at_or_after(point.pts);
    return {{.start_pts = index.start_pts, .end_k = k},
            {.from = point, .start_pts = index.start_pts, .first_k = k}};
  }

  std::string clip_ = LIDO_TEST_CLIPS "/h264_b.mp4";
  TestFolder folder_;
  std::unique_ptr<storage::Store> store_;
  SampleOptions sampling_;
  Progress progress_;
};

}  // namespace lido::part
