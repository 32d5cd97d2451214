// SPDX-License-Identifier: Apache-2.0
#include "lido/loader/loader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>

#include "lido/loader/test_dataset.h"

namespace lido::loader {
namespace {

const LoaderOptions kOptions;

LoaderOptions small_batches(int64_t batch_size = 7, int64_t threads = 2) {
  LoaderOptions options;
  options.batch_size = batch_size;
  options.threads = threads;
  options.seed = 3;
  options.shuffle_mb = 1;
  options.augment = false;
  return options;
}

Loader opened(const TestDataset& data, const LoaderOptions& options, const Share& share = {},
              const std::string& position = {}) {
  auto loader = Loader::open(data.uri(), 0, options, share, position);
  EXPECT_TRUE(loader) << loader.error().message;
  return std::move(*loader);
}

/// Keys of the samples up to the end of the epoch, or of at most `batches` batches.
std::vector<std::string> keys(Loader& loader, int batches = INT32_MAX) {
  std::vector<std::string> all;
  for (int i = 0; i < batches; ++i) {
    auto batch = loader.next();
    EXPECT_TRUE(batch) << batch.error().message;
    if (!batch || !*batch) break;
    for (const auto& row : (*batch)->rows) all.push_back(row.sample);
  }
  return all;
}

size_t distinct(const std::vector<std::string>& keys) {
  return std::set(keys.begin(), keys.end()).size();
}

TEST(Loader, GivesEachSampleOnceAnEpoch) {
  const TestDataset data(3, 41, 30'000);
  Loader loader = opened(data, small_batches());
  EXPECT_EQ(loader.samples(), 123);
  EXPECT_EQ(loader.batches(), 18);
  const auto first = keys(loader), second = keys(loader);
  EXPECT_EQ(first.size(), 123U);
  EXPECT_EQ(distinct(first), 123U);
  EXPECT_EQ(distinct(second), 123U);
  EXPECT_NE(first, second);
}

TEST(Loader, GivesThePixelsOfTheSampleThatItNames) {
  const TestDataset data(2, 30);
  Loader loader = opened(data, small_batches());
  for (auto batch = loader.next(); *batch; batch = loader.next()) {
    const Batch& got = **batch;
    ASSERT_EQ(got.shape, (Shape{2, TestDataset::kHeight, TestDataset::kWidth}));
    for (size_t i = 0; i < got.rows.size(); ++i) {
      const int sample = std::stoi(got.rows[i].sample.substr(2));
      for (int frame = 0; frame < 2; ++frame) {
        const size_t at =
            i * got.shape.bytes() + static_cast<size_t>(frame) * got.shape.frame_bytes();
        EXPECT_NEAR(got.pixels[at], TestDataset::grey(sample, frame), 1);
      }
      EXPECT_EQ(got.rows[i].labels.front().label, sample % 2 == 0 ? "dive" : "swim");
    }
  }
}

TEST(Loader, GivesRowsAloneInTheSameOrder) {
  const TestDataset data(2, 30);
  auto options = small_batches();
  Loader whole = opened(data, options);
  options.pixels = false;
  Loader rows = opened(data, options);
  const auto batch = *rows.next();
  EXPECT_FALSE(batch->pixels);
  EXPECT_EQ(batch->shape, (Shape{2, TestDataset::kHeight, TestDataset::kWidth}));
  EXPECT_EQ(batch->rows[3].sample, (*whole.next())->rows[3].sample);
  EXPECT_EQ(keys(rows), keys(whole));
}

TEST(Loader, WorkersShareAnEpoch) {
  const TestDataset data(3, 41, 30'000);
  for (const int workers : {2, 3, 5}) {
    std::vector<std::string> all;
    for (int rank = 0; rank < workers; ++rank) {
      Loader loader = opened(data, small_batches(), {rank, workers});
      const auto own = keys(loader);
      EXPECT_NEAR(static_cast<double>(own.size()), 123.0 / workers, 1);
      all.insert(all.end(), own.begin(), own.end());
    }
    EXPECT_EQ(all.size(), 123U);
    EXPECT_EQ(distinct(all), 123U);
  }
}

TEST(Loader, BatchesDoNotDependOnThreads) {
  const TestDataset data(3, 41, 30'000);
  LoaderOptions augmented = small_batches(7, 1);
  augmented.augment = true;
  Loader one = opened(data, augmented);
  augmented.threads = 5;
  augmented.batches_ahead = 1;
  Loader five = opened(data, augmented);
  for (int i = 0; i < 40; ++i) {
    const auto a = one.next(), b = five.next();
    ASSERT_EQ(a->has_value(), b->has_value());
    if (!*a) continue;
    ASSERT_EQ((*a)->rows.size(), (*b)->rows.size());
    EXPECT_EQ((*a)->epoch, (*b)->epoch);
    for (size_t row = 0; row < (*a)->rows.size(); ++row) {
      EXPECT_EQ((*a)->rows[row].sample, (*b)->rows[row].sample);
      EXPECT_EQ((*a)->rows[row].boxes, (*b)->rows[row].boxes);
    }
    const size_t bytes = (*a)->rows.size() * (*a)->shape.bytes();
    EXPECT_TRUE(std::equal((*a)->pixels.get(), (*a)->pixels.get() + bytes, (*b)->pixels.get()));
  }
}

TEST(Loader, ResumesWithTheBatchesThatWouldHaveCome) {
  const TestDataset data(3, 41, 30'000);
  Loader loader = opened(data, small_batches());
  keys(loader);     // an epoch
  keys(loader, 4);  // and four batches
  const std::string position = to_text(loader.position());
  const auto rest = keys(loader), next = keys(loader);
  Loader resumed = opened(data, small_batches(), {}, position);
  EXPECT_EQ(keys(resumed), rest);
  EXPECT_EQ(keys(resumed), next);
}

TEST(Loader, ARunGoesOnWithAnotherNumberOfWorkers) {
  const TestDataset data(3, 41, 30'000);
  std::vector<std::string> all;
  std::string position;
  for (const int workers : {3, 1, 2, 4}) {
    std::set<std::string> positions;
    for (int rank = 0; rank < workers; ++rank) {
      Loader loader = opened(data, small_batches(), {rank, workers}, position);
      const auto own = keys(loader, workers == 4 ? INT32_MAX : 2);
      all.insert(all.end(), own.begin(), own.end());
      positions.insert(to_text(loader.position()));
    }
    ASSERT_EQ(positions.size(), 1U) << "every worker knows where all are";
    position = *positions.begin();
  }
  EXPECT_EQ(all.size(), 123U);
  EXPECT_EQ(distinct(all), 123U);
  EXPECT_EQ(parse_position(position)->epoch, 1);
}

TEST(Loader, APositionAtTheEndOfAnEpochIsTheStartOfTheNext) {
  const TestDataset data(1, 14);
  Loader loader = opened(data, small_batches());
  keys(loader, 2);
  const Position at_end = loader.position();
  EXPECT_EQ(at_end.epoch, 1);
  EXPECT_FALSE(*loader.next());
  EXPECT_EQ(loader.position(), at_end);
  Loader resumed = opened(data, small_batches(), {}, to_text(at_end));
  EXPECT_EQ(keys(resumed), keys(loader));
}

TEST(Loader, KnowsWhetherABatchIsReady) {
  const TestDataset data(1, 14);
  const LoaderOptions options = small_batches();
  Loader loader = opened(data, options);
  EXPECT_TRUE(loader.is_ready(std::chrono::seconds(60)));
  keys(loader, 2);
  EXPECT_TRUE(loader.is_ready(std::chrono::milliseconds(0))) << "the end of the epoch";
  std::filesystem::remove(data.shard(0));
  Loader broken = opened(data, options);
  EXPECT_TRUE(broken.is_ready(std::chrono::seconds(60))) << "an error";
  EXPECT_FALSE(broken.next());
  EXPECT_TRUE(broken.is_ready(std::chrono::milliseconds(0)));
}

TEST(Loader, NamesTheShardOfABrokenSample) {
  const TestDataset data(3, 20);
  TestDataset::damage(data.shard(1), 9000);
  LoaderOptions options = small_batches();
  options.shuffle = false;
  Loader loader = opened(data, options);
  int good = 0;
  auto batch = loader.next();
  for (; batch && *batch; batch = loader.next()) ++good;
  ASSERT_FALSE(batch);
  EXPECT_EQ(good, 3) << "the batches before the broken one";
  EXPECT_EQ(batch.error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(batch.error().message.starts_with(data.shard(1).string() + ": sample 1_0002: "))
      << batch.error().message;
  EXPECT_EQ(loader.next().error().message, batch.error().message);
}

TEST(Loader, NamesAShardThatIsCutOff) {
  const TestDataset data(2, 20);
  std::filesystem::resize_file(data.shard(1), 1000);
  Loader loader = opened(data, small_batches());
  const auto batch = loader.next();
  ASSERT_FALSE(batch);
  EXPECT_TRUE(batch.error().message.starts_with(data.shard(1).string() + ": 1000 bytes"))
      << batch.error().message;
}

TEST(Loader, StopsWhileItsThreadsAreBusy) {
  const TestDataset data(3, 41, 30'000);
  for (int batches = 0; batches < 6; ++batches) {
    Loader loader = opened(data, small_batches(3, 4));
    EXPECT_EQ(keys(loader, batches).size(), 3U * static_cast<size_t>(batches));
  }
}

TEST(Loader, RefusesBadArguments) {
  const TestDataset data(1, 3);
  const auto error_of = [&](const LoaderOptions& options, const Share& share,
                            const std::string& position) {
    const auto loader = Loader::open(data.uri(), 0, options, share, position);
    return loader ? std::string() : loader.error().message;
  };
  EXPECT_EQ(error_of(small_batches(0), {}, ""), "batch_size is 0, want 1 to 65536");
  EXPECT_EQ(error_of(kOptions, {2, 2}, ""), "rank is 2 of 2 workers, want 0 to 1");
  EXPECT_EQ(error_of(kOptions, {0, 4}, ""),
            data.uri() + ": 3 samples in the split train, want one or more for each of 4 workers");
  EXPECT_EQ(error_of(kOptions, {}, "x"), "position of a loader: the text is not a JSON object");
  LoaderOptions other = small_batches();
  const std::string position = to_text(opened(data, other).position());
  other.seed = 4;
  EXPECT_NE(error_of(other, {}, position).find("saved with seed 3, got 4"), std::string::npos);
}

TEST(Loader, KnowsTheLabelsOfTheGeneration) {
  const TestDataset data(1, 3);
  const Loader loader = opened(data, kOptions);
  EXPECT_EQ(loader.labels(), (dataset::Vocabulary{{"behaviour", {"dive", "swim"}}}));
  EXPECT_EQ(loader.generation(), 1);
}

}  // namespace
}  // namespace lido::loader
