// SPDX-License-Identifier: Apache-2.0
#include "lido/part/make_part.h"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <thread>

#include "lido/dataset/fingerprint.h"
#include "lido/dataset/jpeg.h"
#include "lido/dataset/label_shape.h"
#include "lido/part/label_samples.h"
#include "lido/part/read_span.h"
#include "lido/part/sample_writer.h"
#include "lido/part/scene_file.h"
#include "lido/part/watched_storage.h"

namespace lido::part {
namespace {

/// Attempts at a span while storage fails. The first wait is 1 s, each later one twice as long.
constexpr int kStorageAttempts = 3;

int64_t thread_cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
}

/// Adds the thread's CPU time during its own life to a stage.
class StageTimer {
 public:
  explicit StageTimer(std::atomic<int64_t>& stage) : stage_(stage), start_(thread_cpu_us()) {}
  ~StageTimer() { stage_ += thread_cpu_us() - start_; }
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;

 private:
  std::atomic<int64_t>& stage_;
  int64_t start_;
};

/// Returns whether a clip that was read is not the one that was planned. Its pieces are read only
/// if its file has another time or size now.
/// @param heartbeat  As that of PartContext.
Result<bool> has_changed(const ClipInput& clip, storage::Reader& reader,
                         std::atomic<int64_t>* heartbeat) {
  if (clip.fingerprint.empty()) return false;
  const auto now = [&] {
    const StorageWait wait(heartbeat);
    return storage::find_entry(clip.uri);
  }();
  const bool is_untouched = now && clip.modified_ns != 0 && reader.size() == clip.bytes &&
                            now->size == clip.bytes && now->modified_ns == clip.modified_ns;
  if (is_untouched) return false;
  return LIDO_TRY(dataset::fingerprint_of(reader)).pieces != clip.fingerprint;
}

/// A frame as JPEG, shared by all windows that hold it.
struct EncodedFrame {
  int64_t pts = 0;
  int32_t source_width = 0;
  int32_t source_height = 0;
  media::Geometry geometry;
  std::shared_ptr<const std::string> jpeg;  ///< Null for a frame that is in no sample.
};

/// Sampling times that samples of whole frames show.
class WantedFrames {
 public:
  WantedFrames(SampleKinds::Frames kind, const std::vector<dataset::Run>& labelled)
      : kind_(kind), labelled_(labelled) {}

  /// Whether a window at first_k <= k < end_k is wanted.
  bool has(int64_t first_k, int64_t end_k) const {
    if (kind_ != SampleKinds::Frames::kLabelled) return kind_ == SampleKinds::Frames::kAll;
    return std::ranges::any_of(
        labelled_, [&](const dataset::Run& run) { return first_k < run.end && run.begin < end_k; });
  }

 private:
  SampleKinds::Frames kind_;
  const std::vector<dataset::Run>& labelled_;
};

/// Turns the frames of a span into the samples of a part. One for each pass over the span.
class PartBuilder {
 public:
  /// @param shape  The labels of the span. Must outlive the builder.
  /// @param scene  Null when there is no detector.
  PartBuilder(storage::Writer& writer, const SpanTask& task, const dataset::LabelShape& shape,
              const SpanReach& reach, const PartContext& context,
              std::unique_ptr<SceneWriter> scene)
      : samples_(writer, task.clip, task.info.time_base, context.sampling),
        sampling_(context.sampling),
        frames_end_k_(reach.window_end_k),
        scene_(std::move(scene)),
        progress_(context.progress),
        cutter_(context.sampling.windows, reach.first_k, reach.own_end_k, reach.window_end_k),
        key_prefix_(key_prefix(task.clip)),
        wanted_(context.sampling.kinds().frames, shape.frames),
        labelled_(samples_, shape.people, sampling_, reach, key_prefix_) {
    on_window_ = [this](int64_t start, const std::deque<EncodedFrame>& window,
                        int64_t repeated) -> Result<void> {
      if (!wanted_.has(start, start + std::ssize(window) - repeated)) return {};
      const StageTimer timer(progress_.write_us);
      return write_sample(start, window, repeated);
    };
  }
  /// Gives labelled people keypoints. To be called before add().
  void set_poses(scene::PoseSession session, size_t keypoints) {
    labelled_.set_poses(std::move(session), keypoints);
  }
  PartBuilder(const PartBuilder&) = delete;
  PartBuilder& operator=(const PartBuilder&) = delete;

  Result<void> add(const media::ExtractedFrame& extracted) {
    if (scene_) {
      const StageTimer timer(progress_.scene_us);
      LIDO_TRY(
          scene_->add(extracted.first_k, extracted.end_k, extracted.after_cut, extracted.frame));
    }
    const int64_t end_k = std::min(extracted.end_k, frames_end_k_);
    if (extracted.first_k >= end_k) return {};
    // Windows with one of these frames reach this far on either side.
    const int64_t reach = sampling_.windows.window - 1;
    EncodedFrame encoded;
    if (wanted_.has(extracted.first_k - reach, end_k + reach))
      encoded = LIDO_TRY(encode(extracted.frame));
    for (int64_t k = extracted.first_k; k < end_k; ++k) {
      ++progress_.frames;
      ++frames_;
      const bool after_cut = extracted.after_cut && k == extracted.first_k;
      LIDO_TRY(cutter_.push(k, after_cut, encoded, on_window_));
      const StageTimer timer(progress_.compress_us);
      LIDO_TRY(labelled_.add(k, after_cut, extracted.frame));
    }
    return {};
  }

  /// Publishes the scene file. @return The part's samples and runs.
  Result<PartRecord> finish() {
    LIDO_TRY(cutter_.finish(on_window_));
    LIDO_TRY(labelled_.finish());
    if (scene_) {
      const StageTimer timer(progress_.scene_us);
      LIDO_TRY(scene_->commit());
    }
    PartRecord record{.samples = samples_.take_samples(), .runs = cutter_.runs()};
    std::ranges::stable_sort(record.samples, {}, [](const PartSample& sample) {
      return std::pair(sample.first_k, sample.track);
    });
    return record;
  }

  /// Frames added to progress.frames so far.
  int64_t frames() const { return frames_; }

 private:
  Result<EncodedFrame> encode(const media::Frame& frame) {
    EncodedFrame encoded{.pts = frame.pts};
    encoded.geometry = LIDO_TRY(media::fit_geometry(frame, sampling_.transform));
    const auto upright = media::upright_size(frame);
    encoded.source_width = upright.width;
    encoded.source_height = upright.height;
    media::Image image;
    {
      const StageTimer timer(progress_.transform_us);
      image = converter_.convert(frame, encoded.geometry);
    }
    const StageTimer timer(progress_.compress_us);
    encoded.jpeg =
        std::make_shared<std::string>(LIDO_TRY(encoder_.encode(image, sampling_.quality)));
    return encoded;
  }

  Result<void> write_sample(int64_t start, const std::deque<EncodedFrame>& window,
                            int64_t repeated) {
    const EncodedFrame& first = window.front();
    PartSample sample{.key = fmt::format("{}_{:08}", key_prefix_, start),
                      .first_k = start,
                      .source_width = first.source_width,
                      .source_height = first.source_height,
                      .geometry = first.geometry,
                      .seen = std::vector<bool>(window.size(), true),
                      .repeated = repeated,
                      .source = "frame"};
    std::fill(sample.seen.end() - repeated, sample.seen.end(), false);
    std::vector<std::string_view> frames;
    for (const EncodedFrame& frame : window) {
      frames.push_back(*frame.jpeg);
      sample.pts.push_back(frame.pts);
    }
    return samples_.write(std::move(sample), frames, "");
  }

  SampleWriter samples_;
  const SampleOptions& sampling_;
  int64_t frames_end_k_;  // later frames are in no sample of this span
  std::unique_ptr<SceneWriter> scene_;
  Progress& progress_;
  dataset::WindowCutter<EncodedFrame> cutter_;
  std::string key_prefix_;
  WantedFrames wanted_;
  LabelSamples labelled_;
  std::function<Result<void>(int64_t start, const std::deque<EncodedFrame>& window,
                             int64_t repeated)>
      on_window_;
  media::Converter converter_;
  dataset::JpegEncoder encoder_;
  int64_t frames_ = 0;
};

/// One attempt at a span. Begins its part again when the extraction restarts.
class SpanAttempt {
 public:
  /// @param shape  The labels of the span. Must outlive the attempt.
  SpanAttempt(const SpanTask& task, const dataset::LabelShape& shape, const PartContext& context)
      : task_(task),
        shape_(shape),
        context_(context),
        reach_(reach_of(task.span, context.sampling)) {}

  /// Whether run() failed because the clip could not be read.
  bool failed_in_clip() const { return failed_in_clip_; }

  Result<PartRecord> run(storage::Reader& reader) {
    LIDO_TRY(begin());
    const int64_t before_us = thread_cpu_us();
    auto read = read_span(
        reader, task_, reach_, context_,
        [this](const media::ExtractedFrame& frame) { return add(frame); }, [this] { restart(); });
    failed_in_clip_ = !read && !failed_to_write_;
    if (!read) return std::unexpected(read.error());
    context_.progress.work_us += thread_cpu_us() - before_us;
    if (!begun_) return std::unexpected(begun_.error());
    PartRecord record = LIDO_TRY(builder_->finish());
    clip_to_span(*std::move(read), record);
    const auto changed = has_changed(task_.clip, reader, context_.heartbeat);
    failed_in_clip_ = !changed;
    if (!changed) return std::unexpected(changed.error());
    if (*changed) {
      record = {.failure =
                    Failure{FailureKind::kOutside,
                            "it changed while it was read; run the ingest again", context_.run}};
    }
    LIDO_TRY(commit_part(*writer_, record));
    return record;
  }

 private:
  Result<void> begin() {
    writer_ = LIDO_TRY(create_watched(context_.store, task_.part, context_.heartbeat));
    std::unique_ptr<SceneWriter> scene;
    if (context_.detector != nullptr)
      scene = LIDO_TRY(SceneWriter::create(task_.part, context_, reach_.blocks));
    builder_.emplace(*writer_, task_, shape_, reach_, context_, std::move(scene));
    if (context_.poses != nullptr && !shape_.people.empty()) {
      builder_->set_poses(LIDO_TRY(context_.poses->open_session()),
                          context_.poses->bundle().keypoints.size());
    }
    return {};
  }

  void restart() {
    if (builder_) context_.progress.frames -= builder_->frames();
    builder_.reset();
    writer_.reset();
    begun_ = begin();
  }

  Result<void> add(const media::ExtractedFrame& frame) {
    auto added = begun_ ? builder_->add(frame) : begun_;
    if (context_.heartbeat != nullptr) *context_.heartbeat += 2;
    failed_to_write_ = !added;
    return added;
  }

  /// Fills in what the extraction reported, without what was read for neighbouring spans.
  void clip_to_span(SpanRead read, PartRecord& record) const {
    const media::ExtractReport& report = read.report;
    const int64_t end_k = reach_.own_end_k;
    std::erase_if(record.runs, [&](const dataset::Run& run) { return run.begin >= end_k; });
    if (!record.runs.empty()) record.runs.back().end = std::min(record.runs.back().end, end_k);
    for (const media::SkippedRange& skipped : report.skipped) {
      const int64_t first = std::max(skipped.first_k, reach_.first_k);
      const int64_t end = std::min(skipped.end_k, end_k);
      if (first < end) record.skipped.push_back({first, end, skipped.decoded});
    }
    record.start_pts = report.start_pts == media::kNoPts ? 0 : report.start_pts;
    record.last_pts = report.last_pts == media::kNoPts ? record.start_pts : report.last_pts;
    record.packets_read = report.packets_read;
    record.packets_decoded = report.packets_decoded;
    record.planned = report.planned;
    for (Gap& gap : read.gaps) {
      gap.end_k = std::min(gap.end_k, end_k);
      if (gap.first_k < gap.end_k) record.gaps.push_back(std::move(gap));
    }
  }

  const SpanTask& task_;
  const dataset::LabelShape& shape_;
  const PartContext& context_;
  SpanReach reach_;
  std::unique_ptr<storage::Writer> writer_;
  std::optional<PartBuilder> builder_;
  Result<void> begun_;  // error of the latest restart
  bool failed_to_write_ = false;
  bool failed_in_clip_ = false;
};

/// Why an attempt failed.
struct AttemptError {
  Error error;
  bool in_clip = false;  ///< Opening, reading or decoding the clip failed, not writing the part.
};

std::expected<PartRecord, AttemptError> attempt(const SpanTask& task,
                                                const dataset::LabelShape& shape,
                                                const PartContext& context) {
  const auto reader = open_watched(task.clip.uri, context.heartbeat);
  if (!reader) return std::unexpected(AttemptError{reader.error(), true});
  SpanAttempt span(task, shape, context);
  auto record = span.run(**reader);
  if (!record) return std::unexpected(AttemptError{record.error(), span.failed_in_clip()});
  return *std::move(record);
}

}  // namespace

Result<PartRecord> make_part(const SpanTask& task, const PartContext& context) {
  const dataset::LabelShape shape = LIDO_TRY(dataset::parse_label_shape(task.labels));
  for (int round = 1;; ++round) {
    auto record = attempt(task, shape, context);
    if (record) return *std::move(record);
    const auto& [error, in_clip] = record.error();
    const bool may_pass = error.code == ErrorCode::kUnavailable;
    if (may_pass && round < kStorageAttempts) {
      const StorageWait wait(context.heartbeat);
      std::this_thread::sleep_for(std::chrono::seconds(1 << (round - 1)));
      continue;
    }
    if (!in_clip || ends_job(task.clip.uri, error)) return std::unexpected(error);
    Failure failure = failure_of(error);
    failure.run = context.run;
    const StorageWait wait(context.heartbeat);
    return write_failed_part(context.store, task.part, failure);
  }
}

}  // namespace lido::part
