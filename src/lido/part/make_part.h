// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/part/part_context.h"
#include "lido/part/part_file.h"

namespace lido::part {

/// Reads one span of a clip and publishes its part, and its scene file when there is a detector.
/// A clip that breaks or cannot be read is not an error: the record holds the gaps or the failure.
/// Retries when storage fails.
/// @return kUnavailable when storage keeps failing, kCancelled.
Result<PartRecord> make_part(const SpanTask& task, const PartContext& context);

}  // namespace lido::part
