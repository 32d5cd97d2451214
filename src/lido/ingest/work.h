// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/ingest/frames.h"
#include "lido/ingest/options.h"
#include "lido/ingest/part.h"
#include "lido/ingest/plan.h"
#include "lido/scene/detect.h"

namespace lido::ingest {

// Work as text, for workers on other machines. Many units share one text that says how; each has
// its own that says which span.

/// How a job's units are done: all but which span.
struct SharedWork {
  std::string out;     ///< The dataset.
  std::string device;  ///< What computes networks; empty without a detector.
  SampleOptions sampling;
  JobOptions job;
};
std::string to_text(const SharedWork& shared);

/// One span, and the name of the part to make of it.
struct UnitWork {
  std::string part;
  ClipInput clip;
  media::ClipInfo info;
  Span span;
};
std::string to_text(const UnitWork& unit);
/// @return kInvalidArgument.
Result<UnitWork> parse_unit(std::string_view text);

/// Where batches of units are, beside the dataset: a line for each, "SPAN BYTES UNIT".
inline constexpr std::string_view kUnitsFolder = ".work/units";

/// A unit of a batch.
struct BatchUnit {
  std::string clip;
  int64_t span = 0;
  int64_t bytes = 0;  ///< To read, about.
  std::string text;   ///< What to_text() made.
};

/// What came of a unit.
struct UnitReport {
  int64_t samples = 0;
  int64_t frames = 0;
  std::string broke;  ///< What was wrong with the clip; empty when nothing was.
};

/// Does units of one job. Thread-safe.
class Worker {
 public:
  /// @param shared  What to_text() made.
  /// @return kInvalidArgument when the text is none, or this machine's networks would not give the
  /// same bits as the one's that planned the job; kNotFound when there is no such dataset or
  /// detector.
  static Result<Worker> make(const std::string& shared);

  /// The units of one batch.
  Result<std::vector<BatchUnit>> units(const std::string& batch) const;
  /// Makes the unit's part, or reads it where another try had finished it.
  /// @param attempt  Names this try, "NODE.whatever"; noted beside the dataset until it ends.
  /// @return kUnavailable when storage fails, kCancelled.
  Result<UnitReport> work(const std::string& unit, const std::string& attempt,
                          const std::stop_token& stop) const;
  /// Hands on the unit's pictures in place of writing its part: decode_frames().
  Result<std::string> frames(const std::string& unit, size_t batch,
                             const std::function<Result<void>(FrameBatch)>& sink,
                             const std::stop_token& stop) const;
  /// The attempts at each unit that began and did not end: each took its process down, or is still
  /// at it elsewhere.
  Result<std::vector<std::vector<std::string>>> tries(const std::vector<std::string>& units) const;
  /// Publishes a part that says the unit's clip is broken, and why.
  Result<void> reject(const std::string& unit, const std::string& reason) const;

 private:
  explicit Worker(SharedWork shared) : shared_(std::move(shared)) {}
  SharedWork shared_;
  std::shared_ptr<storage::Store> store_;
  std::shared_ptr<const scene::Detector> detector_;
};

}  // namespace lido::ingest
