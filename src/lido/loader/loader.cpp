// SPDX-License-Identifier: Apache-2.0
#include "lido/loader/loader.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <span>
#include <stop_token>
#include <thread>
#include <utility>

#include "lido/base/counted.h"
#include "lido/loader/decode.h"
#include "lido/loader/fetch.h"
#include "lido/loader/index.h"
#include "lido/loader/order.h"

namespace lido::loader {
namespace {

/// One sample on its way from the reading thread to a decoding one.
struct Item {
  int64_t batch = 0;         ///< Number of its batch, from 0 at the loader's start.
  size_t slot = 0;           ///< Its place in the batch.
  size_t batch_samples = 0;  ///< Samples in that batch.
  int64_t epoch = 0;
  std::shared_ptr<FetchedChunk> chunk;
  size_t sample = 0;           ///< Number in the chunk.
  std::optional<Error> error;  ///< Why the samples from here on cannot be read.
};

/// A batch that is being filled.
struct OpenBatch {
  Batch batch;
  size_t missing = 0;          ///< Samples not yet decoded.
  std::optional<Error> error;  ///< Error of the first broken sample, by slot.
  size_t error_slot = 0;

  bool is_ready() const { return missing == 0 || error; }
  void fail_at(size_t slot, Error with) {
    if (error && error_slot <= slot) return;
    error = std::move(with);
    error_slot = slot;
  }
};

int64_t batches_of(int64_t samples, int64_t batch_size) {
  return samples / batch_size + (samples % batch_size != 0 ? 1 : 0);
}

size_t thread_count(int64_t threads) {
  return threads > 0 ? static_cast<size_t>(threads)
                     : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

/// One thread reads, several decode; next() takes finished batches.
class Loader::Pipeline {
 public:
  Pipeline(dataset::Dataset dataset, dataset::Generation generation, SampleIndex index,
           const LoaderOptions& options, const Share& share, Position from)
      : dataset_(std::move(dataset)),
        generation_(std::move(generation)),
        index_(std::move(index)),
        options_(options),
        share_(share),
        fetcher_(dataset_, index_),
        // Two pools, each of which may end with a chunk too many.
        held_(std::make_shared<HeldBytes>(2 * (pool_bytes() + (2 << 20)))),
        from_(std::move(from)) {
    reader_ = std::jthread([this, at = from_](const std::stop_token& stop) { read(at, stop); });
    for (size_t i = 0; i < thread_count(options.threads); ++i)
      decoders_.emplace_back([this](const std::stop_token& stop) { decode(stop); });
  }
  ~Pipeline() {
    // All are asked to stop before the first is waited for.
    reader_.request_stop();
    for (std::jthread& decoder : decoders_) decoder.request_stop();
  }

  bool is_ready(std::chrono::milliseconds wait) const {
    std::unique_lock lock(mutex_);
    return failed_ || epoch_ended() || ready_.wait_for(lock, wait, [&] { return has_next(); });
  }

  Result<std::optional<Batch>> next() {
    std::unique_lock lock(mutex_);
    if (failed_) return std::unexpected(*failed_);
    if (epoch_ended()) {
      from_ = start_of(from_, from_.epoch + 1);
      taken_ = 0;
      return std::nullopt;
    }
    ready_.wait(lock, [&] { return has_next(); });
    // A broken batch stays: threads may still decode samples of it.
    if (failed_ = open_.at(next_batch_).error; failed_) return std::unexpected(*failed_);
    auto taken = open_.extract(next_batch_);
    ++next_batch_;
    ++taken_;
    work_.notify_all();
    return std::move(taken.mapped().batch);
  }

  Position position() const {
    const std::lock_guard lock(mutex_);
    return after(from_, share_.workers, taken_, options_.batch_size);
  }
  int64_t samples() const { return index_.samples(); }
  int64_t batches() const {
    const int64_t most = batches_of(index_.samples(), share_.workers);
    return batches_of(most, options_.batch_size);
  }
  const dataset::Generation& generation() const { return generation_; }

 private:
  int64_t pool_bytes() const { return options_.shuffle_mb << 20; }

  // The caller of these holds the mutex.

  bool epoch_ended() const {
    const int64_t own = count(share_of(from_.left, share_));
    return taken_ == batches_of(own, options_.batch_size);
  }
  bool has_next() const {
    const auto found = open_.find(next_batch_);
    return found != open_.end() && found->second.is_ready();
  }

  // The reading thread.

  void read(Position at, const std::stop_token& stop) {
    for (int64_t batch = 0; !stop.stop_requested(); at = start_of(at, at.epoch + 1)) {
      const auto own = share_of(at.left, share_);
      const Result<void> result = read_epoch(at.epoch, own, batch, stop);
      if (!result) return;  // reported with its item
      batch += batches_of(count(own), options_.batch_size);
    }
  }

  /// Reads the worker's samples of one epoch. @param first_batch  Number of its first batch.
  Result<void> read_epoch(int64_t epoch, const std::vector<PositionRange>& own, int64_t first_batch,
                          const std::stop_token& stop) {
    const EpochOrder order(index_.chunks(), {.shuffle = options_.shuffle,
                                             .seed = static_cast<uint64_t>(options_.seed),
                                             .epoch = epoch,
                                             .pool_bytes = pool_bytes()});
    const int64_t all = count(own);
    int64_t done = 0;
    const auto item_at = [&](int64_t number) {
      const int64_t batch = number / options_.batch_size;
      return Item{.batch = first_batch + batch,
                  .slot = static_cast<size_t>(number % options_.batch_size),
                  .batch_samples = static_cast<size_t>(
                      std::min(options_.batch_size, all - batch * options_.batch_size)),
                  .epoch = epoch};
    };
    for (const PositionRange& stretch : own) {
      for (const ChunkPool& pool : order.pools()) {
        const int64_t begin = std::max(pool.begin, stretch.begin);
        const int64_t end = std::min(pool.end, stretch.end);
        if (begin >= end) continue;
        auto items = fetch(order.places(pool, begin, end), stop);
        if (!items) {
          Item broken = item_at(done);
          broken.error = items.error();
          push({std::move(broken)});
          return std::unexpected(items.error());
        }
        for (Item& item : *items) {
          Item numbered = item_at(done++);
          numbered.chunk = std::move(item.chunk);
          numbered.sample = item.sample;
          item = std::move(numbered);
        }
        push(std::move(*items));
      }
    }
    return {};
  }

  /// Reads the chunks of some samples of one pool. @return Items with chunk and sample, in order.
  Result<std::vector<Item>> fetch(const std::vector<ChunkSample>& places,
                                  const std::stop_token& stop) {
    std::vector<uint32_t> numbers;
    for (const ChunkSample& place : places) numbers.push_back(place.chunk);
    std::ranges::sort(numbers);
    numbers.erase(std::ranges::unique(numbers).begin(), numbers.end());
    int64_t bytes = 0;
    for (const uint32_t number : numbers) bytes += index_.chunks()[number].bytes;
    LIDO_TRY(held_->acquire(bytes, stop));
    const auto chunks = LIDO_TRY(fetcher_.fetch(numbers, stop));
    for (const auto& chunk : chunks) chunk->held = held_;
    std::vector<Item> items;
    items.reserve(places.size());
    for (const ChunkSample& place : places) {
      const auto at = std::ranges::lower_bound(numbers, place.chunk) - numbers.begin();
      items.push_back(
          {.chunk = chunks[static_cast<size_t>(at)], .sample = static_cast<size_t>(place.sample)});
    }
    return items;
  }

  void push(std::vector<Item> items) {
    const std::lock_guard lock(mutex_);
    std::ranges::move(items, std::back_inserter(items_));
    work_.notify_all();
  }

  // The decoding threads.

  void decode(const std::stop_token& stop) {
    SampleDecoder decoder(generation_.keypoints);
    std::unique_lock lock(mutex_);
    while (work_.wait(lock, stop, [&] { return !items_.empty() && may_begin(items_.front()); })) {
      Item item = std::move(items_.front());
      items_.pop_front();
      OpenBatch& open = opened(item, decoder);  // std::map: stays where it is
      if (open.is_ready()) {
        ready_.notify_all();
        continue;  // broken
      }
      const Shape shape = open.batch.shape;
      std::span<uint8_t> pixels;
      if (options_.pixels) {
        pixels = {open.batch.pixels.get() + item.slot * shape.bytes(), shape.bytes()};
      }
      lock.unlock();
      auto row = decode_item(decoder, item, shape, pixels);
      item.chunk.reset();  // without the lock: the last one frees a MiB
      lock.lock();
      --open.missing;
      if (row)
        open.batch.rows[item.slot] = std::move(*row);
      else
        open.fail_at(item.slot, row.error());
      if (open.is_ready()) ready_.notify_all();
    }
  }

  bool may_begin(const Item& item) const {
    return item.batch < next_batch_ + options_.batches_ahead && !failed_;
  }

  /// Returns the batch of an item, and opens it for the first one. A batch that cannot be filled
  /// has an error.
  OpenBatch& opened(const Item& item, SampleDecoder& decoder) {
    const auto [found, is_new] = open_.try_emplace(item.batch);
    OpenBatch& open = found->second;
    if (is_new) {
      open.missing = item.batch_samples;
      open.batch.epoch = item.epoch;
      open.batch.rows.resize(item.batch_samples);
    }
    if (item.error) open.fail_at(item.slot, *item.error);
    if (!open.error && !shape_) {
      auto shape = decoder.shape_of(item.chunk->sample(item.sample));
      if (shape)
        shape_ = *shape;
      else
        open.fail_at(item.slot, named(item, shape.error()));
    }
    if (!open.error && open.batch.shape.frames == 0) {
      open.batch.shape = *shape_;
      if (options_.pixels) open.batch.pixels = memory_->take(item.batch_samples * shape_->bytes());
    }
    return open;
  }

  Result<dataset::SampleRow> decode_item(SampleDecoder& decoder, const Item& item,
                                         const Shape& shape, std::span<uint8_t> pixels) const {
    dataset::SampleRow row = item.chunk->rows[item.sample];
    std::optional<AugmentSeed> seed;
    if (options_.augment) seed = {static_cast<uint64_t>(options_.seed), item.epoch};
    const auto done = decoder.decode(row, item.chunk->sample(item.sample), shape, seed, pixels);
    if (!done) return std::unexpected(named(item, done.error()));
    return row;
  }

  /// Returns the error with the names of shard and sample.
  Error named(const Item& item, const Error& error) const {
    const dataset::SampleRow& row = item.chunk->rows[item.sample];
    return {error.code, fmt::format("{}/{}: sample {}: {}", dataset_.store().uri(), row.shard,
                                    row.sample, error.message)};
  }

  const dataset::Dataset dataset_;
  const dataset::Generation generation_;
  const SampleIndex index_;
  const LoaderOptions options_;
  const Share share_;
  const ChunkFetcher fetcher_;
  const std::shared_ptr<HeldBytes> held_;
  const std::shared_ptr<BatchMemory> memory_ = std::make_shared<BatchMemory>();

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any work_;
  mutable std::condition_variable ready_;
  std::deque<Item> items_;
  std::map<int64_t, OpenBatch> open_;
  std::optional<Shape> shape_;
  std::optional<Error> failed_;
  int64_t next_batch_ = 0;  // number of the batch that next() returns
  Position from_;           // where this worker's batches of the epoch began
  int64_t taken_ = 0;       // batches since then

  std::vector<std::jthread> decoders_;
  std::jthread reader_;
};

Loader::Loader(std::unique_ptr<Pipeline> pipeline) : pipeline_(std::move(pipeline)) {}
Loader::Loader(Loader&&) noexcept = default;
Loader& Loader::operator=(Loader&&) noexcept = default;
Loader::~Loader() = default;

Result<Loader> Loader::open(std::string_view uri, int generation, const LoaderOptions& options,
                            const Share& share, std::string_view position) {
  LIDO_TRY(validate(options));
  if (share.workers < 1 || share.rank < 0 || share.rank >= share.workers) {
    return fail(ErrorCode::kInvalidArgument, "rank is {} of {} workers, want 0 to {}", share.rank,
                share.workers, std::max(share.workers, 1) - 1);
  }
  std::optional<Position> saved;
  if (!position.empty()) saved = LIDO_TRY(parse_position(position));
  auto dataset = LIDO_TRY(dataset::Dataset::open(uri));
  const int number = generation > 0 ? generation : LIDO_TRY(dataset.latest());
  auto summary = LIDO_TRY(dataset.read(number));
  auto index = LIDO_TRY(SampleIndex::make(dataset, number, options));
  if (index.samples() < share.workers) {
    return fail(
        ErrorCode::kDegenerate, "{}: {} in the split {}, want one or more for each of {} workers",
        dataset.store().uri(), counted(index.samples(), "sample"), options.split, share.workers);
  }
  Position from = start_of({.data = index.data(),
                            .samples = index.samples(),
                            .seed = options.seed,
                            .shuffle = options.shuffle,
                            .shuffle_mb = options.shuffle_mb},
                           0);
  if (saved) {
    LIDO_TRY(check_same(*saved, from));
    from = std::move(*saved);
  }
  return Loader(std::make_unique<Pipeline>(std::move(dataset), std::move(summary), std::move(index),
                                           options, share, std::move(from)));
}

Result<std::optional<Batch>> Loader::next() { return pipeline_->next(); }
bool Loader::is_ready(std::chrono::milliseconds wait) const { return pipeline_->is_ready(wait); }
Position Loader::position() const { return pipeline_->position(); }
int64_t Loader::samples() const { return pipeline_->samples(); }
int64_t Loader::batches() const { return pipeline_->batches(); }
int Loader::generation() const { return pipeline_->generation().number; }

const std::vector<std::string>& Loader::keypoints() const {
  return pipeline_->generation().keypoints;
}

const dataset::Vocabulary& Loader::labels() const { return pipeline_->generation().vocabulary; }

}  // namespace lido::loader
