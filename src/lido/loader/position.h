// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/loader/options.h"

namespace lido::loader {

/// Positions in an epoch's order, from `begin` to the one before `end`.
struct PositionRange {
  int64_t begin = 0;
  int64_t end = 0;
  bool operator==(const PositionRange&) const = default;
};

/// Number of positions in some stretches.
int64_t count(const std::vector<PositionRange>& stretches);

/// Returns the part of the stretches that one worker reads. The parts of all workers have equal
/// lengths, except for one sample. Pure.
std::vector<PositionRange> share_of(const std::vector<PositionRange>& left, const Share& share);

/// Returns the stretches without their first `taken` positions. Pure.
std::vector<PositionRange> without_first(const std::vector<PositionRange>& stretches,
                                         int64_t taken);

/// Place of a whole run in its data, whatever the number of its workers: what is left of an epoch.
/// A checkpoint holds it as text of a few hundred bytes.
struct Position {
  std::string data;     ///< Checksum of the samples, SampleIndex::data().
  int64_t samples = 0;  ///< Samples in an epoch.
  int64_t seed = 0;     ///< The order depends on this and the two options below.
  bool shuffle = true;
  int64_t shuffle_mb = 0;
  int64_t epoch = 0;                ///< From 0.
  std::vector<PositionRange> left;  ///< Ascending; all positions at the start of an epoch.

  bool operator==(const Position&) const = default;
};

/// Returns the start of an epoch.
Position start_of(Position position, int64_t epoch);

/// Returns the position after every one of `workers` workers, which all began at `from`, has taken
/// `batches` batches, or all it had. With nothing left, that is the start of the next epoch. Pure.
Position after(const Position& from, int workers, int64_t batches, int64_t batch_size);

/// Formats a position as one line of JSON.
std::string to_text(const Position& position);

/// Parses what to_text() wrote.
/// @return kInvalidArgument for any other text, and for stretches that cannot be.
Result<Position> parse_position(std::string_view text);

/// Checks that a run at `saved` can resume with the data and the options of `now`.
/// @return kInvalidArgument that names what differs.
Result<void> check_same(const Position& saved, const Position& now);

}  // namespace lido::loader
