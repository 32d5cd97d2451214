// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/work_span.h"

#include <cstdlib>
#include <optional>

#include "lido/part/scene_file.h"

namespace lido::ingest {
namespace {

/// For tests: crashes when the environment variable LIDO_TEST_CRASH is a part of the clip's name.
void crash_if_asked(const std::string& clip) {
  static const char* const wanted = std::getenv("LIDO_TEST_CRASH");
  if (wanted != nullptr && clip.find(wanted) != std::string::npos) std::abort();
}

/// Returns the record of a part that was made earlier and may be used.
Result<std::optional<part::PartRecord>> find_part(const part::SpanTask& task,
                                                  const part::PartContext& context, bool check) {
  auto record = LIDO_TRY(part::read_part(context.store, task.part));
  if (!record || !check) return record;
  const bool has_scene = context.detector != nullptr && !record->broken;
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
  const int failures = attempts.failures(task.part);
  if (failures >= kFailuresUntilRejected) {
    const std::string reason = fmt::format("its worker process crashed {} times", failures);
    return SpanResult{.record =
                          LIDO_TRY(part::write_broken_part(context.store, task.part, reason))};
  }
  if (mode.may_defer && failures >= kFailuresUntilAlone) return SpanResult{.deferred = true};
  const std::string note = LIDO_TRY(attempts.begin(task.part));
  crash_if_asked(task.clip.uri);
  auto record = part::make_part(task, context);
  LIDO_TRY(attempts.end(note));
  if (!record) return std::unexpected(record.error());
  return SpanResult{.record = std::move(*record)};
}

}  // namespace lido::ingest
