// SPDX-License-Identifier: Apache-2.0
// A dataset of two clips for the tests of this room: five samples of two frames, a rejected clip.
#pragma once

#include <gtest/gtest.h>

#include <optional>

#include "lido/base/hash.h"
#include "lido/base/test_folder.h"
#include "lido/dataset/dataset.h"
#include "lido/dataset/jpeg.h"
#include "lido/dataset/scenes.h"
#include "lido/dataset/tar.h"

namespace lido::report {

class SmallDataset : public testing::Test {
 protected:
  void SetUp() override {
    const nlohmann::ordered_json identity = {{"fps", "4"}, {"window", 2}, {"fit", "<crop>"}};
    dataset_ = *dataset::Dataset::open_or_create(folder_.string(), identity);
  }

  /// Returns a JPEG of one colour.
  static std::string jpeg(uint8_t red) {
    media::Image image{.width = 32, .height = 32, .rgb = {}};
    for (int i = 0; i < 32 * 32; ++i) image.rgb.insert(image.rgb.end(), {red, 0, 0});
    dataset::JpegEncoder encoder;
    return *encoder.encode(image, 90);
  }

  /// Adds a sample of two frames, from 0.5 s after `start_s` to 1 s after it.
  dataset::SampleRow& add_sample(const std::string& clip, double start_s,
                                 std::vector<dataset::SampleLabel> labels) {
    dataset::SampleRow row{.sample = fmt::format("key{}", rows_.size()), .split = "train"};
    row.shard = "shards/g000001-train-000000.tar";
    row.clip = clip;
    row.group = clip;
    row.pts = {0, 1};
    row.start_s = start_s;
    row.end_s = start_s + 1;
    row.labels = std::move(labels);
    std::string tar;
    for (int frame = 0; frame < 2; ++frame)
      dataset::append_tar_entry(tar, fmt::format("{}.{}.jpg", row.sample, frame),
                                jpeg(static_cast<uint8_t>(100 * frame)));
    row.offset = std::ssize(shard_);
    row.length = std::ssize(tar);
    row.sha256 = sha256_hex(tar);
    shard_ += tar;
    rows_.push_back(std::move(row));
    return rows_.back();
  }

  /// Publishes the samples as generation 1, with two clips, of which one has a gap, and a rejected
  /// one.
  dataset::Generation publish(std::vector<std::string> scenes = {}) {
    EXPECT_TRUE(dataset_->store().write_text("shards/g000001-train-000000.tar",
                                             shard_ + std::string(dataset::tar_end())));
    dataset::Tables tables = *dataset_->begin_tables(1);
    for (const char* name : {"/raw/a<1>.mp4", "/raw/b.mp4", "/raw/broken.mp4"}) {
      dataset::ClipRow clip{.clip = name, .duration_s = 10};
      clip.split = "train";
      clip.camera = "deck & pool";
      clip.frames = 40;
      clip.samples = std::ranges::count(rows_, name, &dataset::SampleRow::clip);
      EXPECT_TRUE(tables.clips.append(clip));
    }
    for (const auto& row : rows_) EXPECT_TRUE(tables.samples.append(row));
    EXPECT_TRUE(tables.skipped.append({.clip = "/raw/b.mp4", .start_s = 6, .end_s = 10}));
    EXPECT_TRUE(tables.gaps.append({"/raw/b.mp4", 20, 28, 5, 7, "lost <packets>"}));
    EXPECT_TRUE(tables.rejected.append({"/raw/broken.mp4", "bad <bytes>", 3.5, 0, "outside"}));
    return *dataset_->publish({.number = 1,
                               .scenes = std::move(scenes),
                               .vocabulary = {{"behaviour", {"drowning", "swimming"}}}},
                              tables);
  }

  /// Adds five samples; two of them overlap, and one has a label twice.
  void add_samples() {
    const dataset::SampleLabel drowning{"behaviour", "drowning", 1, "1", {}};
    const dataset::SampleLabel swimming{"behaviour", "swimming", 1, "2", {}};
    add_sample("/raw/a<1>.mp4", 0, {drowning});
    add_sample("/raw/a<1>.mp4", 0.5, {drowning, drowning, swimming});
    add_sample("/raw/a<1>.mp4", 4, {swimming}).track = 7;
    add_sample("/raw/b.mp4", 0, {});
    add_sample("/raw/b.mp4", 2, {swimming}).split = "test";
  }

  TestFolder folder_;
  std::optional<dataset::Dataset> dataset_;
  std::string shard_;
  std::vector<dataset::SampleRow> rows_;
};

/// Number of times that a text contains a part.
inline int occurrences(std::string_view text, std::string_view part) {
  int count = 0;
  for (size_t i = text.find(part); i != text.npos; i = text.find(part, i + 1)) ++count;
  return count;
}

}  // namespace lido::report
