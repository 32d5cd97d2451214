// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/work_span.h"

#include <optional>

#include "lido/part/scene_file.h"
#include "lido/part/watched_storage.h"

namespace lido::ingest {
namespace {

/// The failures on Ray, or those that the supervising process counted.
Failures failures_of_span(const part::SpanTask& task, const Attempts& attempts) {
  Failures failures = attempts.failures(task.part);
  const Failures here = failures_of(StepKind::kSpan, task.part);
  failures.crashes += here.crashes;
  failures.kills += here.kills;
  return failures;
}

/// Whether a part need not be made again.
bool is_final(const part::PartRecord& record, const std::string& run) {
  if (!record.failure || record.failure->kind == part::FailureKind::kContent) return true;
  return record.failure->run == run;
}

/// Returns the record of a part that was made earlier and need not be made again.
/// @param check  Whether its samples are read, too.
Result<std::optional<part::PartRecord>> find_part(const part::SpanTask& task,
                                                  const part::PartContext& context, bool check) {
  auto record = LIDO_TRY(part::read_part(context.store, task.part));
  if (!record || !is_final(*record, context.run)) return std::nullopt;
  if (!check) return record;
  const bool has_scene = context.detector != nullptr && !record->failure;
  const auto scene = part::scene_name(task.part);
  const bool is_whole = LIDO_TRY(part::is_intact(context.store, task.part, *record)) &&
                        (!has_scene || part::read_scene(context.store, scene).has_value());
  if (!is_whole) return std::nullopt;
  return record;
}

}  // namespace

Result<SpanResult> work_span(const part::SpanTask& task, const part::PartContext& context,
                             const Attempts& attempts, WorkMode mode) {
  if (mode.look_for_part) {
    if (auto record = LIDO_TRY(find_part(task, context, mode.check_part)))
      return SpanResult{.record = std::move(*record), .resumed = true};
  }
  const Failures failures = failures_of_span(task, attempts);
  if (auto failure = failures.verdict()) {
    failure->run = context.run;
    return SpanResult{.record =
                          LIDO_TRY(part::write_failed_part(context.store, task.part, *failure))};
  }
  if (mode.may_defer && failures.needs_care()) return SpanResult{.deferred = true};
  const std::string note = LIDO_TRY(attempts.begin(task.part));
  const Step step(StepKind::kSpan, task.part, task.clip.uri, attempts.path_of(note));
  part::PartContext watched = context;
  watched.heartbeat = &step.heartbeat();
  auto record = part::make_part(task, watched);
  {
    const part::StorageWait wait(watched.heartbeat);
    LIDO_TRY(attempts.end(note));
  }
  if (!record) return std::unexpected(record.error());
  return SpanResult{.record = std::move(*record)};
}

}  // namespace lido::ingest
