// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "lido/base/hash.h"
#include "lido/base/test_folder.h"
#include "lido/dataset/dataset.h"
#include "lido/dataset/jpeg.h"
#include "lido/dataset/tar.h"

namespace lido::loader {

/// A dataset of small grey images in a temporary folder. Sample n of shard s is "s_nnnn": two
/// frames of 16 x 8 pixels, of the grey value 5 * n + 1 modulo 200 and that plus 40.
class TestDataset {
 public:
  static constexpr int kWidth = 16, kHeight = 8, kFrames = 2;

  /// @param padding  Bytes added to each sample, so that chunks hold fewer.
  explicit TestDataset(int shards = 3, int samples = 20, size_t padding = 0) {
    auto dataset = *dataset::Dataset::open_or_create(uri(), {{"fps", "1"}});
    auto tables = *dataset.begin_tables(1);
    for (int shard = 0; shard < shards; ++shard)
      write_shard(dataset, tables, shard, samples, padding);
    const auto published =
        dataset.publish({.number = 1, .vocabulary = {{"behaviour", {"dive", "swim"}}}}, tables);
    EXPECT_TRUE(published);
  }

  std::string uri() const { return folder_.string(); }
  std::filesystem::path shard(int number) const {
    return folder_ / dataset::shard_name(1, "train", number);
  }
  dataset::Dataset open() const { return *dataset::Dataset::open(uri()); }
  static std::string key(int shard, int sample) { return fmt::format("{}_{:04}", shard, sample); }
  static int grey(int sample, int frame) { return (5 * sample + 1) % 200 + 40 * frame; }

  /// Changes a byte of a file.
  static void damage(const std::filesystem::path& file, int64_t at) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(at);
    const auto old = static_cast<char>(stream.get());
    stream.seekp(at);
    stream.put(static_cast<char>(old ^ 0x55));
    ASSERT_TRUE(stream.good());
  }

 private:
  static void write_shard(dataset::Dataset& dataset, dataset::Tables& tables, int number,
                          int samples, size_t padding) {
    dataset::JpegEncoder encoder;
    std::string shard;
    for (int n = 0; n < samples; ++n) {
      dataset::SampleRow row{.sample = key(number, n), .split = "train"};
      row.shard = dataset::shard_name(1, "train", number);
      row.offset = std::ssize(shard);
      row.clip = fmt::format("/pool/{}.mp4", number);
      row.group = row.clip;
      row.boxes = {1, 2, 3, 4, 2, 2, 3, 4};
      row.labels = {{.task = "behaviour", .label = n % 2 == 0 ? "dive" : "swim", .overlap = 1}};
      for (int frame = 0; frame < kFrames; ++frame) {
        const auto value = static_cast<uint8_t>(grey(n, frame));
        const media::Image image{kWidth, kHeight,
                                 std::vector<uint8_t>(kWidth * kHeight * 3, value)};
        dataset::append_tar_entry(shard, fmt::format("{}.{:03}.jpg", row.sample, frame),
                                  *encoder.encode(image, 95));
      }
      dataset::append_tar_entry(shard, row.sample + ".json", std::string(padding, ' ') + "{}");
      row.length = std::ssize(shard) - row.offset;
      row.sha256 = sha256_hex(shard.substr(static_cast<size_t>(row.offset)));
      ASSERT_TRUE(tables.samples.append(row));
    }
    ASSERT_TRUE(dataset.store().write_text(dataset::shard_name(1, "train", number),
                                           shard + std::string(dataset::tar_end())));
  }

  TestFolder folder_;
};

}  // namespace lido::loader
