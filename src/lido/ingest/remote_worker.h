// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "lido/ingest/attempts.h"
#include "lido/ingest/options.h"
#include "lido/part/decode_frames.h"
#include "lido/part/make_part.h"

namespace lido::ingest {

/// Everything about a job that workers on other machines need besides the spans.
struct SharedWork {
  std::string out;     ///< URI of the dataset.
  std::string run;     ///< Id of the run: only its own attempts count.
  std::string device;  ///< Device and instruction set that run networks; empty with --scene off.
  part::SampleOptions sampling;
  JobOptions options;
};
/// As JSON text.
std::string to_text(const SharedWork& shared);
/// Reads what to_text wrote. @return kInvalidArgument when the text does not parse.
Result<SharedWork> parse_shared_work(const std::string& text);

/// Numbers of a span that was worked on.
struct SpanReport {
  int64_t samples = 0;
  int64_t frames = 0;     ///< Frames extracted now; 0 for a part that existed.
  std::string error;      ///< Why the clip broke; empty for a good span.
  bool deferred = false;  ///< The span was left for later, to be read alone.
};

/// Reads spans of one job in any process. Thread-safe.
class RemoteWorker {
 public:
  /// @param shared  SharedWork as text.
  /// @return kInvalidArgument when the text does not parse, or when the networks of this machine
  /// would give other bits than those of the machine that planned the job; kNotFound when there is
  /// no such detector.
  static Result<RemoteWorker> make(const std::string& shared);

  storage::Store& store() const { return *store_; }
  /// The ledger of attempts, for a process on that node. Must not outlive the worker.
  Result<Attempts> attempts(const std::string& node) const {
    return Attempts::open(*store_, node, shared_.run);
  }
  /// Makes the part of a span, or reads it where it exists.
  /// @param task      part::SpanTask as text.
  /// @param attempts  Ledger of this process.
  /// @param alone     The process reads no other span. Otherwise a span that failed
  ///                  kFailuresUntilAlone times is deferred.
  /// @return kUnavailable when storage fails, kCancelled.
  Result<SpanReport> work(const std::string& task, const Attempts& attempts, bool alone,
                          const std::stop_token& stop = {}) const;
  /// Decodes a span's frames without writing its part: see part::decode_frames().
  Result<std::string> frames(const std::string& task, size_t batch_size,
                             const part::OnBatch& on_batch, const std::stop_token& stop = {}) const;

 private:
  explicit RemoteWorker(SharedWork shared) : shared_(std::move(shared)) {}
  part::PartContext context(part::Progress& progress, const std::stop_token& stop) const;

  SharedWork shared_;
  std::shared_ptr<storage::Store> store_;
  std::shared_ptr<const scene::Detector> detector_;
  std::shared_ptr<const scene::PoseEstimator> poses_;
};

}  // namespace lido::ingest
