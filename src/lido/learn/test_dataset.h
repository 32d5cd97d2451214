// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "lido/base/hash.h"
#include "lido/base/test_folder.h"
#include "lido/dataset/dataset.h"
#include "lido/dataset/jpeg.h"
#include "lido/dataset/tar.h"

namespace lido::learn {

/// Streams that show the answer of a HalvesDataset.
enum class Shows { kFrames, kKeypoints, kBoth };

/// A dataset whose answer is known: windows of noise, bright on the left or on the right half, or
/// with two keypoints there; and the label left or right.
class HalvesDataset {
 public:
  static constexpr int kSide = 32, kFrames = 4;

  explicit HalvesDataset(int train = 48, int val = 24, Shows shows = Shows::kFrames)
      : shows_(shows) {
    auto dataset = *dataset::Dataset::open_or_create(folder_.string(), {{"fps", "4"}});
    auto tables = *dataset.begin_tables(1);
    write_shard(dataset, tables, "train", train);
    write_shard(dataset, tables, "val", val);
    EXPECT_TRUE(
        dataset.publish({.number = 1,
                         .vocabulary = {{"side", {"left", "middle", "right"}}},
                         .keypoints = shows == Shows::kFrames ? Names() : Names{"nose", "toe"}},
                        tables));
  }
  std::string uri() const { return folder_.string(); }

 private:
  using Names = std::vector<std::string>;

  /// Keypoints of all frames: anywhere in a half, and at times not found in a frame.
  std::vector<double> keypoints(bool right) {
    std::vector<double> values;
    for (int i = 0; i < 2 * kFrames; ++i) {
      const auto x = static_cast<double>(random_() % 15 + (right ? 17 : 0));
      const auto y = static_cast<double>(random_() % kSide);
      const bool found = i / 2 == 0 || random_() % 4 != 0;
      const double none = std::numeric_limits<double>::quiet_NaN();
      values.insert(values.end(), {found ? x : none, found ? y : none, found ? 0.9 : none});
    }
    return values;
  }

  void write_shard(dataset::Dataset& dataset, dataset::Tables& tables, const std::string& split,
                   int samples) {
    dataset::JpegEncoder encoder;
    std::string shard;
    for (int n = 0; n < samples; ++n) {
      const bool right = random_() % 2 == 1;
      dataset::SampleRow row{.sample = fmt::format("{}_{:04}", split, n), .split = split};
      row.shard = dataset::shard_name(1, split, 0);
      row.offset = std::ssize(shard);
      row.clip = row.group = "/pool/" + split + ".mp4";
      row.track = 1;
      if (shows_ != Shows::kFrames) {
        row.keypoints = keypoints(right);
        for (int frame = 0; frame < kFrames; ++frame) {
          row.boxes.insert(row.boxes.end(), {4, 4, 24, 24});
          row.cutouts.insert(row.cutouts.end(), {1, 1, -100.0 - n, -50});
        }
      }
      row.labels = {{.task = "side", .label = right ? "right" : "left", .overlap = 1}};
      for (int frame = 0; frame < kFrames; ++frame) {
        dataset::append_tar_entry(shard, fmt::format("{}.{:03}.jpg", row.sample, frame),
                                  *encoder.encode(image(right), 95));
      }
      dataset::append_tar_entry(shard, row.sample + ".json", "{}");
      row.length = std::ssize(shard) - row.offset;
      row.sha256 = sha256_hex(shard.substr(static_cast<size_t>(row.offset)));
      ASSERT_TRUE(tables.samples.append(row));
    }
    ASSERT_TRUE(dataset.store().write_text(dataset::shard_name(1, split, 0),
                                           shard + std::string(dataset::tar_end())));
  }

  media::Image image(bool right) {
    media::Image image{kSide, kSide, {}};
    for (int i = 0; i < kSide * kSide; ++i) {
      const bool bright = shows_ != Shows::kKeypoints && (i % kSide >= kSide / 2) == right;
      for (int channel = 0; channel < 3; ++channel)
        image.rgb.push_back(static_cast<uint8_t>(random_() % 60 + (bright ? 100 : 40)));
    }
    return image;
  }

  Shows shows_;
  TestFolder folder_;
  std::mt19937 random_{11};
};

}  // namespace lido::learn
