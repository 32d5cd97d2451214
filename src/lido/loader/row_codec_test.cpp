// SPDX-License-Identifier: Apache-2.0
#include "lido/loader/row_codec.h"

#include <gtest/gtest.h>

#include "lido/dataset/sample_tables.h"

namespace lido::loader {
namespace {

TEST(RowCodec, ReadsWhatItWrote) {
  dataset::SampleRow row{.sample = "a", .split = "train", .shard = "shards/x.tar"};
  row.offset = 1LL << 40;
  row.pts = {-3, 1LL << 50};
  row.start_s = 0.1;
  row.start_utc = dataset::UtcTime{-7};
  row.labels = {
      {.task = "age", .label = "child", .overlap = 0.5, .track = "7", .boxes = {1, 2, 3, 4}},
      {.task = "behaviour", .label = "dive"}};
  row.source_width = 1920;
  row.track = 5;
  row.boxes = {0.25};
  row.sha256 = std::string(300, 'f');
  std::string bytes;
  RowWriter writer(bytes);
  writer.add(row);
  writer.add(dataset::SampleRow{});
  dataset::SampleRow read{.group = "old"}, empty{.group = "old"};
  RowReader reader(bytes);
  reader.take(read);
  reader.take(empty);
  dataset::SampleRow::columns([&](const char* name, auto member, auto...) {
    EXPECT_EQ(read.*member, row.*member) << name;
    EXPECT_EQ(empty.*member, dataset::SampleRow().*member) << name;
  });
}

}  // namespace
}  // namespace lido::loader
