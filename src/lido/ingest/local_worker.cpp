// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/local_worker.h"

#include <mutex>

#include "lido/base/parallel.h"
#include "lido/ingest/work_span.h"

namespace lido::ingest {
namespace {

/// Hands out a job's spans one after another. Thread-safe.
class SpanQueue {
 public:
  explicit SpanQueue(ClipDb& clips) : clips_(clips) {}
  /// The next span; called at most once for each span of the job.
  Result<SpanRecord> take() {
    const std::lock_guard lock(mutex_);
    last_ = LIDO_TRY(clips_.next_span(last_));
    if (!last_) return fail(ErrorCode::kNotFound, "span queue: empty");
    return *last_;
  }

 private:
  ClipDb& clips_;
  std::mutex mutex_;
  std::optional<SpanRecord> last_;
};

}  // namespace

Result<void> make_parts(const JobContext& job, part::Progress& progress) {
  storage::Store& store = job.dataset.store();
  LIDO_TRY(job.clips.record_parts(store));
  const ClipDb::Totals totals = LIDO_TRY(job.clips.totals());
  progress.rejected += totals.unreadable;
  progress.source_bytes_total += totals.bytes;
  progress.spans_total = static_cast<int64_t>(totals.spans);
  const Attempts attempts = Attempts::none();
  const part::PartContext context{.store = store,
                                  .sampling = job.sampling,
                                  .decode_everything = job.options.decode_everything,
                                  .detector = job.detector,
                                  .poses = job.poses,
                                  .progress = progress,
                                  .stop = job.stop,
                                  .run = job.run};
  // A bucket's object is whole, and a disk's part that other processes of this job made is new.
  const bool may_be_torn = !storage::is_remote(store.uri()) && !job.has_remote_workers;
  SpanQueue queue(job.clips);
  return parallel_for(totals.spans, job.options.workers, job.stop, [&](size_t) -> Result<void> {
    const SpanRecord span = LIDO_TRY(queue.take());
    const SpanResult result = LIDO_TRY(work_span(
        span.task, context, attempts, {.look_for_part = span.done, .check_part = may_be_torn}));
    if (result.resumed) ++progress.spans_resumed;
    ++progress.spans_done;
    progress.source_bytes += span.bytes;
    const part::PartRecord& record = result.record;
    if (record.failure) {
      if (span.span == 0) ++progress.rejected;
      return job.clips.record_failure(span.clip, span.span, *record.failure);
    }
    return job.clips.record_gaps(span.clip, span.span, record.gaps);
  });
}

}  // namespace lido::ingest
