// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lido/base/hash.h"
#include "lido/base/test_folder.h"
#include "lido/dataset/dataset.h"
#include "lido/dataset/jpeg.h"
#include "lido/dataset/tar.h"

namespace lido::dataset {

/// A dataset in a temporary folder: two clips of 8 s, four samples of two frames each, in one shard
/// per split. Sample "a_00000002" starts at 2 s of clip /pool/a.mp4.
class DatasetFixture : public testing::Test {
 protected:
  void SetUp() override {
    auto created = Dataset::open_or_create(folder_.string(), kOptions);
    ASSERT_TRUE(created) << created.error().message;
    dataset_.emplace(std::move(*created));
    publish_first();
  }

  /// An image of one colour.
  static media::Image image_of(uint8_t value) {
    constexpr int kSide = 16;
    return {kSide, kSide, std::vector<uint8_t>(kSide * kSide * 3, value)};
  }

  std::vector<SampleRow> samples(int generation) const {
    std::vector<SampleRow> rows;
    const auto visited = dataset_->visit<SampleRow>(generation, [&](SampleRow& row) {
      rows.push_back(std::move(row));
      return Result<void>();
    });
    EXPECT_TRUE(visited) << visited.error().message;
    return rows;
  }

  std::string read(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  inline static const nlohmann::ordered_json kOptions = {{"fps", "1"}, {"window", 2}};
  TestFolder folder_;
  std::optional<Dataset> dataset_;

 private:
  void publish_first() {
    JpegEncoder encoder;
    auto tables = *dataset_->begin_tables(1);
    std::map<std::string, std::string> shards;
    for (const char* clip : {"a", "b"}) {
      const std::string split = *clip == 'a' ? "train" : "val";
      for (int64_t k = 0; k < 8; k += 2) {
        SampleRow row{.sample = fmt::format("{}_{:08}", clip, k), .split = split};
        row.shard = shard_name(1, split, 0);
        row.clip = fmt::format("/pool/{}.mp4", clip);
        row.group = row.clip;
        row.first_k = k;
        row.pts = {k, k + 1};
        row.start_s = static_cast<double>(k), row.end_s = static_cast<double>(k + 1);
        std::string& shard = shards[row.shard];
        row.offset = std::ssize(shard);
        for (int frame = 0; frame < 2; ++frame) {
          const auto value = static_cast<uint8_t>(20 * k + 10 * frame);
          append_tar_entry(shard, fmt::format("{}.{:03}.jpg", row.sample, frame),
                           *encoder.encode(image_of(value), 95));
        }
        row.length = std::ssize(shard) - row.offset;
        row.sha256 = sha256_hex(shard.substr(static_cast<size_t>(row.offset)));
        ASSERT_TRUE(tables.samples.append(row));
      }
      ClipRow row{.clip = fmt::format("/pool/{}.mp4", clip),
                  .duration_s = 8,
                  .source_fps = 25,
                  .samples = 4};
      ASSERT_TRUE(tables.clips.append(row));
    }
    for (auto& [name, bytes] : shards)
      ASSERT_TRUE(dataset_->store().write_text(name, bytes + std::string(tar_end())));
    const auto published = dataset_->publish({.number = 1}, tables);
    ASSERT_TRUE(published) << published.error().message;
    ASSERT_EQ(published->samples, 8);
  }
};

}  // namespace lido::dataset
