// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/batches.h"

#include <algorithm>
#include <charconv>

namespace lido::ingest {
namespace {

/// Fixed cost of a span, in bytes: keeps batches of tiny spans as long as batches of large ones.
constexpr int64_t kMinSpanCost = 1 << 17;
/// Batches per worker. More balance the end of a job, fewer save memory in Ray's driver.
constexpr int64_t kBatchesPerWorker = 8;
/// Maximum cost of a batch, in bytes, while there are fewer than kMaxBatches of them.
constexpr int64_t kMaxBatchCost = 32 << 20;
/// Ray keeps a few kB per batch in the driver, so the number of batches is bounded.
constexpr int64_t kMaxBatches = 1 << 14;

/// Collects the lines of one batch after another, and writes their files.
class BatchWriter {
 public:
  BatchWriter(storage::Store& store, std::string folder, int64_t max_cost)
      : store_(store), folder_(std::move(folder)), max_cost_(max_cost) {}

  Result<void> add(const SpanRecord& span) {
    const int64_t cost = std::max(span.bytes, kMinSpanCost);
    if (cost_ > 0 && cost_ + cost > max_cost_) LIDO_TRY(flush());
    if (cost_ == 0) batches_.push_back({.name = fmt::format("{}/{:06}", folder_, batches_.size())});
    SpanBatch& batch = batches_.back();
    ++batch.spans;
    batch.bytes += span.bytes;
    cost_ += cost;
    lines_ += fmt::format("{} {} {}\n", span.span, span.bytes, part::to_text(span.task));
    return {};
  }

  Result<void> flush() {
    if (cost_ == 0) return {};
    LIDO_TRY(store_.write_text(batches_.back().name, lines_, storage::Durability::kProcess));
    lines_.clear();
    cost_ = 0;
    return {};
  }

  std::vector<SpanBatch> take_batches() { return std::move(batches_); }

 private:
  storage::Store& store_;
  std::string folder_;
  int64_t max_cost_;
  std::vector<SpanBatch> batches_;
  std::string lines_;  // Tasks of the batch that is being filled.
  int64_t cost_ = 0;   // Their cost, in bytes.
};

/// Reads a number and the space after it from the front of a line.
bool take_number(std::string_view& line, int64_t& number) {
  const char* const begin = std::to_address(line.begin());
  const char* const end = std::to_address(line.end());
  const auto [after, error] = std::from_chars(begin, end, number);
  if (error != std::errc() || after == end || *after != ' ') return false;
  line.remove_prefix(static_cast<size_t>(after - begin) + 1);
  return true;
}

Result<BatchSpan> parse_line(std::string_view line) {
  BatchSpan span;
  if (!take_number(line, span.span) || !take_number(line, span.bytes))
    return fail(ErrorCode::kCorrupt, "want \"SPAN BYTES TASK\"");
  span.task = line;
  span.clip = LIDO_TRY(part::parse_span_task(span.task)).clip.uri;
  return span;
}

}  // namespace

Result<std::vector<SpanBatch>> write_batches(ClipDb& clips, storage::Store& store,
                                             const std::string& folder, int workers) {
  LIDO_TRY(store.remove_all(folder));
  LIDO_TRY(clips.record_parts(store));  // a damaged part is made again by make_parts()
  const int64_t total = LIDO_TRY(clips.open_totals(kMinSpanCost)).cost;
  const int64_t max_cost = std::clamp(total / (kBatchesPerWorker * std::max(1, workers)),
                                      kMinSpanCost, std::max(kMaxBatchCost, total / kMaxBatches));
  BatchWriter writer(store, folder, max_cost);
  LIDO_TRY(clips.visit_open_spans([&](const SpanRecord& span) { return writer.add(span); }));
  LIDO_TRY(writer.flush());
  return writer.take_batches();
}

Result<std::vector<BatchSpan>> read_batch(storage::Store& store, const std::string& name) {
  const std::string text = LIDO_TRY(store.read_text(name));
  std::vector<BatchSpan> spans;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    auto span = parse_line(line);
    if (!span) {
      return fail(ErrorCode::kCorrupt, "{}: line {}: {}", name, spans.size() + 1,
                  span.error().message);
    }
    spans.push_back(std::move(*span));
  }
  return spans;
}

}  // namespace lido::ingest
