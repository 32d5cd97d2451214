// SPDX-License-Identifier: Apache-2.0
#include "lido/part/read_span.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lido/media/activity.h"
#include "lido/media/random_access.h"

namespace lido::part {
namespace {

/// One extraction, and how far its frames are good.
struct Piece {
  media::ExtractRequest request;
  int64_t good_end_k = 0;  ///< Frames from here on are dropped.
  bool after_cut = false;  ///< The clip is cut just before.
};

/// Follows which sampling times an extraction answered.
class Answered {
 public:
  explicit Answered(const media::ExtractRequest& request) : first_k_(request.first_k) { restart(); }
  void add(const media::ExtractedFrame& frame) { end_k_ = std::max(end_k_, frame.end_k); }
  void restart() { end_k_ = first_k_; }

  /// One past the last sampling time that has the right frame: request.end_k when all have.
  int64_t good_end(const media::ExtractReport& report, const media::ExtractRequest& request,
                   Rational time_base) const {
    if (!report.broke) return request.end_k;
    int64_t end_k = end_k_;
    for (const media::SkippedRange& range : report.skipped) end_k = std::max(end_k, range.end_k);
    const int64_t good_pts = report.broke->good_pts;
    if (good_pts == media::kNoPts || report.start_pts == media::kNoPts) return first_k_;
    const SampleGrid grid(report.start_pts, time_base, request.fps);
    return std::max(first_k_, std::min({end_k, grid.first_after(good_pts), request.end_k}));
  }

 private:
  int64_t first_k_;
  int64_t end_k_ = 0;
};

/// Sampling times that are judged together, and where reading them starts.
struct Stretch {
  std::optional<media::RandomAccess> from;
  int64_t first_k = 0;
  int64_t end_k = INT64_MAX;
  bool after_pause = false;  ///< The clip is cut just before: the camera paused.
};

/// Finds out which pieces of a span are good, without keeping a frame.
class Survey {
 public:
  Survey(storage::Reader& reader, const media::ExtractRequest& whole,
         const media::AccessPoints& points, Rational time_base, const std::stop_token& stop)
      : reader_(reader),
        whole_(whole),
        grid_(whole.start_pts.value_or(points.start_pts), time_base, whole.fps),
        time_base_(time_base),
        stop_(stop) {
    whole_.start_pts = grid_.start_pts();
    find_starts(points);
    find_stretches();
  }

  Result<void> run() {
    size_t step = 1;
    for (size_t i = 0; i < stretches_.size();) {
      const size_t end = whole_.linger ? i + 1 : std::min(i + step, stretches_.size());
      const size_t good =
          end == i + 1 ? LIDO_TRY(judge_alone(stretches_[i])) : LIDO_TRY(judge_together(i, end));
      step = good < end - i ? 1 : 2 * step;
      i += std::max(good, size_t{end == i + 1});
    }
    return {};
  }

  int64_t start_pts() const { return grid_.start_pts(); }
  const std::vector<Piece>& pieces() const { return pieces_; }
  const std::vector<Gap>& gaps() const { return gaps_; }

 private:
  struct Verdict {
    int64_t good_end_k = 0;
    bool planned = true;  ///< Decoding only what was needed worked.
    std::string reason;
  };

  /// The places where reading can start, with their first sampling times.
  void find_starts(const media::AccessPoints& points) {
    const bool pauses = whole_.mode != media::DecodeMode::kKeyframesOnly;
    const auto max_gap = static_cast<int64_t>(std::ceil(whole_.max_gap_s / time_base_.value()));
    starts_.push_back({whole_.from, whole_.first_k, last_end_k(), false});
    for (const media::AccessPoint& point : points.points) {
      const int64_t k = grid_.first_at_or_after(point.at.pts);
      const bool after_pause = pauses && point.previous_pts != media::kNoPts &&
                               point.at.pts - point.previous_pts > max_gap;
      Stretch& last = starts_.back();
      if (k <= last.first_k) {
        // A later point with the same first sampling time answers it as well, and reads less.
        if (starts_.size() > 1) last = {point.at, k, last_end_k(), last.after_pause || after_pause};
        continue;
      }
      starts_.push_back({point.at, k, last_end_k(), after_pause});
    }
  }

  /// End of the last stretch. A group is judged as a whole, also where the span needs its beginning
  /// only; a segment may be too long for that.
  int64_t last_end_k() const { return whole_.linger ? whole_.end_k : INT64_MAX; }

  /// Groups of pictures; with an automatic rate, segments, since skipping has a memory within them.
  void find_stretches() {
    for (const Stretch& start : starts_) {
      if (start.first_k >= whole_.end_k) {
        stretches_.back().end_k = std::min(last_end_k(), start.first_k);
        return;
      }
      const int64_t segment = start.first_k / media::kSegmentSamples * media::kSegmentSamples;
      if (!whole_.linger || stretches_.empty()) {
        if (!stretches_.empty()) stretches_.back().end_k = start.first_k;
        stretches_.push_back(start);
      } else if (segment > stretches_.back().first_k) {
        // The segment begins in the group of pictures before this start.
        const Stretch& before = *(&start - 1);
        const bool begins_here = segment == start.first_k;
        stretches_.back().end_k = segment;
        stretches_.push_back({begins_here ? start.from : before.from, segment, last_end_k(),
                              begins_here && start.after_pause});
      }
    }
  }

  media::ExtractRequest request_for(const Stretch& stretch, int64_t end_k) const {
    media::ExtractRequest request = whole_;
    request.from = stretch.from;
    request.first_k = stretch.first_k;
    request.end_k = end_k;
    // The verdict must be that of every other span, however it decodes.
    if (request.mode == media::DecodeMode::kEverything) request.mode = media::DecodeMode::kPlanned;
    return request;
  }

  Result<Verdict> judge(const media::ExtractRequest& request) {
    Answered answered(request);
    const auto note = [&](const media::ExtractedFrame& frame) -> Result<void> {
      answered.add(frame);
      return {};
    };
    const auto report =
        LIDO_TRY(media::extract(reader_, request, note, [&] { answered.restart(); }, stop_));
    Verdict verdict{answered.good_end(report, request, time_base_), report.planned, {}};
    if (report.broke) verdict.reason = report.broke->error.message;
    return verdict;
  }

  /// Keeps the good part of a stretch that was judged.
  void keep(media::ExtractRequest request, const Verdict& verdict, bool after_cut) {
    const int64_t good_end_k = std::min(verdict.good_end_k, whole_.end_k);
    if (good_end_k <= request.first_k) return;
    const bool after_gap = !gaps_.empty() && gaps_.back().end_k == request.first_k;
    // Without a failing plan before it, the extraction delivers each frame once.
    const bool can_decode_all = request.mode == media::DecodeMode::kPlanned && !request.linger;
    if (!verdict.planned && can_decode_all) request.mode = media::DecodeMode::kEverything;
    pieces_.push_back({request, good_end_k, after_cut || after_gap});
  }

  /// Judges stretches by one extraction. @return The number of good ones before the first break.
  Result<size_t> judge_together(size_t first, size_t end) {
    const Stretch& start = stretches_[first];
    const int64_t end_k = stretches_[end - 1].end_k;
    Verdict verdict = LIDO_TRY(judge(request_for(start, end_k)));
    size_t good = end - first;
    if (verdict.good_end_k < end_k) {
      good = 0;
      while (stretches_[first + good].end_k <= verdict.good_end_k) ++good;
    }
    if (good == 0) return good;
    verdict.good_end_k = stretches_[first + good - 1].end_k;
    keep(request_for(start, verdict.good_end_k), verdict, start.after_pause);
    return good;
  }

  /// Judges one stretch. With an automatic rate, reads on within it after a break. @return 1 when
  /// all of it is good, otherwise 0.
  Result<size_t> judge_alone(Stretch stretch) {
    bool good = true;
    for (;;) {
      const auto request = request_for(stretch, stretch.end_k);
      const Verdict verdict = LIDO_TRY(judge(request));
      keep(request, verdict, stretch.after_pause);
      if (verdict.good_end_k >= stretch.end_k) return size_t{good};
      good = false;
      const auto next = std::ranges::find_if(starts_, [&](const Stretch& start) {
        return start.first_k > std::max(verdict.good_end_k, stretch.first_k);
      });
      const bool ends = next == starts_.end() || next->first_k >= stretch.end_k;
      const int64_t resume_k = ends ? stretch.end_k : next->first_k;
      append_gap(gaps_, {verdict.good_end_k, resume_k, verdict.reason});
      if (ends) return size_t{0};
      stretch = {next->from, next->first_k, stretch.end_k, true};
    }
  }

  storage::Reader& reader_;
  media::ExtractRequest whole_;
  SampleGrid grid_;
  Rational time_base_;
  const std::stop_token& stop_;
  std::vector<Stretch> starts_;
  std::vector<Stretch> stretches_;
  std::vector<Piece> pieces_;
  std::vector<Gap> gaps_;
};

void add_report(const media::ExtractReport& piece, media::ExtractReport& total) {
  if (total.start_pts == media::kNoPts) total.start_pts = piece.start_pts;
  total.last_pts = std::max(total.last_pts, piece.last_pts);
  total.packets_read += piece.packets_read;
  total.packets_decoded += piece.packets_decoded;
  total.frames_delivered += piece.frames_delivered;
  total.planned = total.planned && piece.planned;
}

/// Adds a gap where a piece proved worse than the survey found.
void add_late_gap(std::vector<Gap>& gaps, Gap late) {
  gaps.push_back(std::move(late));
  std::ranges::stable_sort(gaps, {}, &Gap::first_k);
  std::vector<Gap> joined;
  for (Gap& gap : gaps) append_gap(joined, std::move(gap));
  gaps = std::move(joined);
}

/// Delivers the good frames of the pieces.
Result<SpanRead> deliver(storage::Reader& reader, const std::vector<Piece>& pieces,
                         std::vector<Gap> gaps, Rational time_base, const media::FrameSink& sink,
                         const std::stop_token& stop) {
  SpanRead read{.report = {}, .gaps = std::move(gaps)};
  int width = 0, height = 0;
  for (const Piece& piece : pieces) {
    bool after_cut = piece.after_cut;
    int64_t next_k = piece.request.first_k;
    Answered answered(piece.request);
    const auto pass_on = [&](const media::ExtractedFrame& found) -> Result<void> {
      answered.add(found);
      const int64_t first_k = std::max(found.first_k, next_k);
      const int64_t end_k = std::min(found.end_k, piece.good_end_k);
      if (first_k >= end_k) return {};
      next_k = end_k;
      const media::Frame& frame = found.frame;
      const bool resized = width != 0 && (frame.width != width || frame.height != height);
      width = frame.width;
      height = frame.height;
      return sink(
          {first_k, end_k, std::exchange(after_cut, false) || found.after_cut || resized, frame});
    };
    // After a restart the frames delivered so far come again, and are equal.
    const auto restart = [&] { answered.restart(); };
    const auto report = LIDO_TRY(media::extract(reader, piece.request, pass_on, restart, stop));
    add_report(report, read.report);
    const int64_t end_k = answered.good_end(report, piece.request, time_base);
    if (end_k < piece.good_end_k)
      add_late_gap(read.gaps, {end_k, piece.good_end_k, report.broke->error.message});
    for (const media::SkippedRange& range : report.skipped) {
      if (range.first_k >= piece.good_end_k) continue;
      read.report.skipped.push_back(range);
      read.report.skipped.back().end_k = std::min(range.end_k, piece.good_end_k);
    }
  }
  return read;
}

}  // namespace

void append_gap(std::vector<Gap>& gaps, Gap gap) {
  if (gap.first_k >= gap.end_k) return;
  if (gaps.empty() || gaps.back().end_k < gap.first_k)
    gaps.push_back(std::move(gap));
  else
    gaps.back().end_k = std::max(gaps.back().end_k, gap.end_k);
}

media::ExtractRequest extract_request(const Span& span, const SpanReach& reach,
                                      const PartContext& context) {
  const SampleOptions& sampling = context.sampling;
  media::ExtractRequest request{.fps = sampling.fps.rate,
                                .from = span.from,
                                .start_pts = span.start_pts,
                                .first_k = reach.first_k,
                                .end_k = reach.read_end_k(),
                                .max_gap_s = sampling.max_gap_s};
  if (sampling.fps.automatic) request.linger = sampling.windows.window;
  if (context.decode_everything) request.mode = media::DecodeMode::kEverything;
  if (sampling.keyframes_only) request.mode = media::DecodeMode::kKeyframesOnly;
  return request;
}

Result<SpanRead> read_span(storage::Reader& reader, const SpanTask& task, const SpanReach& reach,
                           const PartContext& context, const media::FrameSink& sink,
                           const std::function<void()>& restart) {
  const Span& span = task.span;
  const Rational time_base = task.info.time_base;
  const media::ExtractRequest request = extract_request(span, reach, context);
  Answered answered(request);
  const auto note = [&](const media::ExtractedFrame& frame) -> Result<void> {
    answered.add(frame);
    return sink(frame);
  };
  const auto start_again = [&] {
    answered.restart();
    restart();
  };
  SpanRead read;
  read.report = LIDO_TRY(media::extract(reader, request, note, start_again, context.stop));
  const int64_t good_end_k = answered.good_end(read.report, request, time_base);
  if (good_end_k >= request.end_k) {
    read.report.broke.reset();
    return read;
  }
  const std::string reason = read.report.broke->error.message;
  restart();
  media::AccessPoints points;
  const SampleGrid grid(read.report.start_pts, time_base, request.fps);
  const int64_t end_pts = request.end_k == INT64_MAX ? INT64_MAX : grid.pts_at(request.end_k);
  if (auto listed = media::list_access_points(reader, span.from, end_pts))
    points = std::move(*listed);
  else if (listed.error().code != ErrorCode::kCorrupt)
    return std::unexpected(listed.error());
  const bool has_start = span.start_pts || points.start_pts != media::kNoPts;
  if (points.points.empty() || !has_start) {
    // Nowhere else can reading start: the frames before the break are all there is.
    Piece piece{request, good_end_k, false};
    const bool can_decode_all = request.mode == media::DecodeMode::kPlanned && !request.linger;
    if (!read.report.planned && can_decode_all) piece.request.mode = media::DecodeMode::kEverything;
    return deliver(reader, {piece}, {{good_end_k, request.end_k, reason}}, time_base, sink,
                   context.stop);
  }
  Survey survey(reader, request, points, time_base, context.stop);
  LIDO_TRY(survey.run());
  auto good =
      LIDO_TRY(deliver(reader, survey.pieces(), survey.gaps(), time_base, sink, context.stop));
  if (good.report.start_pts == media::kNoPts) good.report.start_pts = survey.start_pts();
  return good;
}

}  // namespace lido::part
