// SPDX-License-Identifier: Apache-2.0
#include "lido/report/people_films.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "lido/media/convert.h"
#include "lido/media/encoder.h"
#include "lido/media/extract.h"
#include "lido/media/probe.h"
#include "lido/report/people_drawing.h"
#include "lido/report/plan_view.h"
#include "lido/storage/reader.h"

namespace lido::report {
namespace {

using geometry::Camera;

constexpr int kMaxSide_px = 1280;

/// Moments [begin, end) that are shown.
struct Stretch {
  int64_t begin = 0, end = 0;
};

/// Time in a clip at a moment, seconds after its first frame.
double clip_time(const CameraClip& clip, const Camera& camera, double common_s) {
  const auto& clock = camera.clock;
  return clock.offset_s + common_s * (1 + clock.drift_ppm / 1e6) - clip.start_s;
}

/// Inverse of clip_time().
double common_time_of(const CameraClip& clip, const Camera& camera, double in_clip_s) {
  const auto& clock = camera.clock;
  return (clip.start_s + in_clip_s - clock.offset_s) / (1 + clock.drift_ppm / 1e6);
}

/// A clip that can be opened, and its length by its header.
struct OpenedClip {
  CameraClip clip;
  double duration_s = 0;
};

/// Collects moments and joins those that are not far apart.
class Stretches {
 public:
  explicit Stretches(const Timing& timing)
      : timing_(timing), margin_(std::llround(std::ceil(PlanView::kPath_s * timing.rate_hz))) {}

  /// Adds moments [begin, end) and some seconds before and after.
  void add(int64_t begin, int64_t end) {
    begin = std::max<int64_t>(0, begin - margin_);
    end = std::min(timing_.moments, end + margin_);
    if (begin >= end) return;
    if (!all_.empty() && begin >= all_.back().begin && begin <= all_.back().end)
      all_.back().end = std::max(all_.back().end, end);
    else
      all_.push_back({begin, end});
  }
  void add_seconds(double from_s, double to_s) {
    add(timing_.moment_of(from_s), timing_.moment_of(to_s) + 1);
  }

  std::vector<Stretch> finish() {
    std::ranges::sort(all_, {}, &Stretch::begin);
    std::vector<Stretch> joined;
    for (const Stretch& one : all_) {
      if (!joined.empty() && one.begin <= joined.back().end)
        joined.back().end = std::max(joined.back().end, one.end);
      else
        joined.push_back(one);
    }
    return joined;
  }

 private:
  Timing timing_;
  int64_t margin_;
  std::vector<Stretch> all_;
};

/// The shown moments in order.
class ShownMoments {
 public:
  explicit ShownMoments(const std::vector<Stretch>& stretches) : stretches_(stretches) {
    if (!stretches_.empty()) moment_ = stretches_.front().begin;
  }
  bool is_end() const { return stretch_ == stretches_.size(); }
  int64_t moment() const { return moment_; }
  void advance() {
    if (++moment_ < stretches_[stretch_].end) return;
    if (++stretch_ < stretches_.size()) moment_ = stretches_[stretch_].begin;
  }

 private:
  const std::vector<Stretch>& stretches_;
  size_t stretch_ = 0;
  int64_t moment_ = 0;
};

/// A video that is being written: a frame for each shown moment, with the people of that moment.
class FilmWriter {
 public:
  /// @param size  Width and height, pixels.
  static Result<std::unique_ptr<FilmWriter>> open(storage::Store& store, const std::string& name,
                                                  std::pair<int, int> size, const Timing& timing) {
    auto film = std::make_unique<FilmWriter>();
    // Millionths of a frame a second are less than a frame in a day.
    const auto rate = LIDO_TRY(parse_rational(fmt::format("{:.6f}", timing.rate_hz)));
    film->writer_ = LIDO_TRY(store.create(name));
    film->encoder_ = LIDO_TRY(media::Encoder::open(*film->writer_, size.first, size.second, rate));
    film->people_.emplace(LIDO_TRY(PlacedPeople::open(store, timing)));
    return film;
  }
  Result<std::vector<PlacedPerson>> people_at(int64_t moment) { return people_->at(moment); }
  Result<void> push(const media::Image& image) { return encoder_->push(image); }
  Result<void> finish() {
    LIDO_TRY(encoder_->finish());
    return writer_->commit();
  }

 private:
  std::unique_ptr<storage::Writer> writer_;
  std::unique_ptr<media::Encoder> encoder_;
  std::optional<PlacedPeople> people_;
};

/// Draws into the clips of one camera.
class CameraFilm {
 public:
  CameraFilm(const PeopleFilms& films, const Camera& camera, const std::vector<Stretch>& stretches,
             std::function<void()> on_image)
      : films_(films),
        camera_(camera),
        shown_(stretches),
        on_image_(std::move(on_image)),
        half_s_(0.5 / camera.fps) {
    const double scale = std::min(1.0, double(kMaxSide_px) / std::max(camera.width, camera.height));
    const auto even = [&](int side) {
      return 2 * std::max(1, static_cast<int>(std::lround(side * scale / 2)));
    };
    geometry_ = {.width = even(camera.width), .height = even(camera.height)};
    geometry_.scale_x = double(geometry_.width) / camera.width;
    geometry_.scale_y = double(geometry_.height) / camera.height;
  }

  /// @param clips  In order of time.
  Result<std::vector<std::string>> write(storage::Store& store, const std::string& name,
                                         const std::vector<CameraClip>& clips) {
    film_ =
        LIDO_TRY(FilmWriter::open(store, name, {geometry_.width, geometry_.height}, films_.timing));
    std::vector<std::string> warnings;
    for (const CameraClip& clip : clips) {
      if (shown_.is_end()) break;
      if (auto broke = LIDO_TRY(add_clip(clip))) warnings.push_back(std::move(*broke));
    }
    while (!shown_.is_end()) LIDO_TRY(push(nullptr));
    LIDO_TRY(film_->finish());
    return warnings;
  }

 private:
  double time_in(const CameraClip& clip) const {
    return clip_time(clip, camera_, films_.timing.time_s(shown_.moment()));
  }

  /// Draws the moments of a clip.
  /// @return A line about where the clip breaks off; nothing for a good one.
  Result<std::optional<std::string>> add_clip(const CameraClip& clip) {
    const auto reader = LIDO_TRY(storage::open_reader(clip.clip));
    const double last_s = clip_time(clip, camera_, films_.timing.time_s(films_.timing.moments));
    // Millisecond by millisecond, since a clock with drift has no rate of the clip's grid.
    constexpr double kGrid_hz = 1000, kBefore_s = 2;
    const auto index_of = [](double time_s) {
      return static_cast<int64_t>(std::clamp(time_s * kGrid_hz, 0.0, 1e15));
    };
    media::ExtractRequest request{.fps = {1000, 1}};
    request.first_k = index_of(time_in(clip) - kBefore_s);
    request.end_k = index_of(last_s + kBefore_s);
    if (request.end_k <= request.first_k) return std::nullopt;
    const auto sink = [&](const media::ExtractedFrame& frame) -> Result<void> {
      const double from_s = static_cast<double>(frame.first_k) / kGrid_hz;
      const double to_s = static_cast<double>(frame.end_k) / kGrid_hz;
      // A frame is nearest until halfway to the next one; the last one is shown for half its time.
      const double until_s = std::max(to_s, from_s + 2 * half_s_) - half_s_;
      while (!shown_.is_end() && time_in(clip) < until_s)
        LIDO_TRY(push(time_in(clip) < from_s - half_s_ ? nullptr : &frame.frame));
      return {};
    };
    // A pass that starts over gives frames again whose moments are drawn already.
    const auto report = LIDO_TRY(media::extract(*reader, request, sink, [] {}, films_.stop));
    if (!report.broke) return std::nullopt;
    return fmt::format("{}: breaks off after {:.2f} s: {}", clip.clip, report.broke->time_s,
                       report.broke->error.message);
  }

  /// Adds the next moment. @param frame  Null for a moment without one.
  Result<void> push(const media::Frame* frame) {
    if (films_.stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
    const int64_t moment = shown_.moment();
    media::Image image = frame != nullptr ? image_of(*frame) : blank();
    scene::Canvas canvas(image);
    draw_people(canvas, LIDO_TRY(film_->people_at(moment)), camera_, geometry_);
    draw_caption(canvas, fmt::format("{:.2f} s   {}   {}", films_.timing.time_s(moment),
                                     camera_.name, films_.note));
    LIDO_TRY(film_->push(image));
    shown_.advance();
    on_image_();
    return {};
  }

  media::Image image_of(const media::Frame& frame) {
    media::Geometry fitted{.width = geometry_.width, .height = geometry_.height};
    const auto [width, height] = media::upright_size(frame);
    fitted.scale_x = double(fitted.width) / width;
    fitted.scale_y = double(fitted.height) / height;
    return converter_.convert(frame, fitted);
  }

  media::Image blank() const {
    const auto bytes = static_cast<size_t>(3 * geometry_.width * geometry_.height);
    media::Image image{geometry_.width, geometry_.height, std::vector<uint8_t>(bytes, 44)};
    scene::Canvas canvas(image);
    canvas.text({geometry_.width / 2.0, geometry_.height / 2.0}, "no video at this time",
                {170, 174, 180}, 1.3 * text_size_for(geometry_.height), scene::TextSide::kMiddle);
    return image;
  }

  const PeopleFilms& films_;
  const Camera& camera_;
  ShownMoments shown_;
  std::function<void()> on_image_;
  double half_s_;
  media::Geometry geometry_;
  media::Converter converter_;
  std::unique_ptr<FilmWriter> film_;
};

/// Clips that can be opened and have some of the moments. Adds a warning for each other one.
std::vector<OpenedClip> usable_clips(const PeopleFilms& films, std::vector<std::string>& warnings) {
  const double first_s = films.timing.first_s;
  const double last_s = films.timing.time_s(std::max<int64_t>(0, films.timing.moments - 1));
  std::vector<OpenedClip> usable;
  for (const CameraClip& one : films.clips) {
    const Camera& camera = films.site.cameras[one.camera];
    const auto reader = storage::open_reader(one.clip);
    const auto info =
        reader ? media::probe(**reader) : Result<media::ClipInfo>(std::unexpected(reader.error()));
    if (!info) {
      const std::string& why = info.error().message;
      const bool is_named = why.find(one.clip) != std::string::npos;
      warnings.push_back(is_named ? why : fmt::format("{}: {}", one.clip, why));
      continue;
    }
    const double begin_s = common_time_of(one, camera, 0);
    const double end_s = common_time_of(one, camera, info->duration_s);
    if (begin_s > last_s + 1 || end_s < first_s - 1) {
      warnings.push_back(
          fmt::format("{}: is of {:.2f} to {:.2f} s by the common clock, and the "
                      "keypoints are of {:.2f} to {:.2f} s; it is not drawn",
                      one.clip, begin_s, end_s, first_s, last_s));
      continue;
    }
    usable.push_back({one, info->duration_s});
  }
  std::ranges::stable_sort(usable, {}, [](const OpenedClip& one) {
    return std::pair(one.clip.camera, one.clip.start_s);
  });
  return usable;
}

/// Moments that are shown: those of clips and of people.
Result<std::vector<Stretch>> stretches_of(const PeopleFilms& films, storage::Store& store,
                                          const std::vector<OpenedClip>& clips) {
  Stretches stretches(films.timing);
  for (const OpenedClip& one : clips) {
    const Camera& camera = films.site.cameras[one.clip.camera];
    stretches.add_seconds(common_time_of(one.clip, camera, 0),
                          common_time_of(one.clip, camera, one.duration_s));
  }
  auto people = LIDO_TRY(PlacedPeople::open(store, films.timing));
  while (const auto moment = people.next_moment()) {
    stretches.add(*moment, *moment + 1);
    LIDO_TRY(people.at(*moment));
  }
  return stretches.finish();
}

Result<void> write_plan(const PeopleFilms& films, storage::Store& store, const std::string& name,
                        const std::vector<Stretch>& stretches,
                        const std::function<void()>& on_image) {
  const auto film =
      LIDO_TRY(FilmWriter::open(store, name, {PlanView::kWidth, PlanView::kHeight}, films.timing));
  PlanView plan(films.site, films.note);
  for (ShownMoments shown(stretches); !shown.is_end(); shown.advance()) {
    if (films.stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
    const auto people = LIDO_TRY(film->people_at(shown.moment()));
    LIDO_TRY(film->push(plan.draw(films.timing.time_s(shown.moment()), people)));
    on_image();
  }
  return film->finish();
}

}  // namespace

Result<void> check_clip(const Camera& camera, const std::string& clip) {
  const auto reader = LIDO_TRY(storage::open_reader(clip));
  const auto info = media::probe(*reader);
  if (!info) return with_context(clip, info.error());
  // A video may be stored on its side.
  const auto stored = std::minmax(info->width, info->height);
  if (info->width == 0 || stored == std::minmax(camera.width, camera.height)) return {};
  return fail(ErrorCode::kInvalidArgument,
              "{}: has {}x{} pixels, want {}x{} as camera {} of the site has", clip, info->width,
              info->height, camera.width, camera.height, camera.name);
}

Result<PeopleFilmsSummary> draw_people_films(const PeopleFilms& films, storage::Store& store) {
  PeopleFilmsSummary summary;
  const auto clips = usable_clips(films, summary.warnings);
  const auto stretches = LIDO_TRY(stretches_of(films, store, clips));
  for (const Stretch& one : stretches) summary.frames += one.end - one.begin;
  if (summary.frames == 0) return summary;
  std::vector<std::vector<CameraClip>> by_camera(films.site.cameras.size());
  for (const OpenedClip& one : clips) by_camera[one.clip.camera].push_back(one.clip);
  const int64_t videos = 1 + std::ranges::count_if(by_camera, [](auto& of) { return !of.empty(); });
  int64_t done = 0;
  const auto on_image = [&] { films.on_image(++done, videos * summary.frames); };
  for (size_t i = 0; i < by_camera.size(); ++i) {
    if (by_camera[i].empty()) continue;
    const Camera& camera = films.site.cameras[i];
    const std::string name = fmt::format("draw/camera_{}.mp4", camera.name);
    CameraFilm film(films, camera, stretches, on_image);
    for (auto& line : LIDO_TRY(film.write(store, name, by_camera[i])))
      summary.warnings.push_back(std::move(line));
    summary.files.push_back(name);
  }
  LIDO_TRY(write_plan(films, store, "draw/plan.mp4", stretches, on_image));
  summary.files.emplace_back("draw/plan.mp4");
  return summary;
}

}  // namespace lido::report
