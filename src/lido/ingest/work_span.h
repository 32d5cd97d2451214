// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/ingest/attempts.h"
#include "lido/ingest/step.h"
#include "lido/part/make_part.h"

namespace lido::ingest {

/// How to treat a span.
struct WorkMode {
  bool look_for_part = true;  ///< The part may exist already. False saves a request to the store.
  bool check_part = false;    ///< Its samples are read, as those of a run that was interrupted.
  bool may_defer = false;     ///< A span that needs_care() is left for later.
};

/// The result of a span.
struct SpanResult {
  part::PartRecord record;
  bool resumed = false;   ///< The part existed already.
  bool deferred = false;  ///< The span was left for later; the record is empty.
};

/// Makes the part of a span, under threads and on Ray alike, unless it exists. A part that another
/// run left for a failure from outside is made again. A span that failed too often gets a part that
/// rejects its clip.
/// @param attempts  Attempts of Ray's workers; failures under a supervisor are counted as well.
/// @return kUnavailable when storage fails, kCancelled.
Result<SpanResult> work_span(const part::SpanTask& task, const part::PartContext& context,
                             const Attempts& attempts, WorkMode mode);

}  // namespace lido::ingest
