// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/part.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <thread>

#include "lido/base/hash.h"
#include "lido/dataset/jpeg.h"
#include "lido/dataset/tar.h"
#include "lido/ingest/scene.h"
#include "lido/ingest/sealed.h"
#include "lido/media/extract.h"

namespace lido::ingest {
namespace {

using Json = nlohmann::ordered_json;

/// Takes part in every part's name: raise it when the same input would give other bytes.
constexpr int kPartFormat = 2;

int64_t thread_cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000 + now.tv_nsec / 1000;
}

/// Adds the thread's CPU time from its making to its end to a stage.
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

Json to_json(const PartRecord& record) {
  Json samples = Json::array();
  for (const PartSample& sample : record.samples) {
    const media::Geometry& g = sample.geometry;
    Json entry = {{"key", sample.key},
                  {"k", sample.first_k},
                  {"pts", sample.pts},
                  {"offset", sample.offset},
                  {"length", sample.length},
                  {"sha256", sample.sha256},
                  {"source", {sample.source_width, sample.source_height}},
                  {"geometry", {g.width, g.height, g.scale_x, g.scale_y, g.offset_x, g.offset_y}}};
    if (sample.track != 0) entry["person"] = {sample.track, sample.cutouts, sample.boxes};
    samples.push_back(std::move(entry));
  }
  Json runs = Json::array();
  for (const dataset::Run& run : record.runs) runs.push_back({run.begin, run.end});
  Json skipped = Json::array();
  for (const media::SkippedRange& range : record.skipped)
    skipped.push_back({range.first_k, range.end_k, range.decoded});
  Json json = {{"samples", samples},
               {"runs", runs},
               {"skipped", skipped},
               {"start_pts", record.start_pts},
               {"last_pts", record.last_pts},
               {"packets_read", record.packets_read},
               {"packets_decoded", record.packets_decoded},
               {"planned", record.planned},
               {"fingerprint", record.fingerprint}};
  if (record.broke)
    json["broke"] = {{"time_s", record.broke->time_s}, {"reason", record.broke->reason}};
  return json;
}

PartRecord from_json(const Json& json) {
  PartRecord record;
  for (const Json& entry : json.at("samples")) {
    const Json& g = entry.at("geometry");
    record.samples.push_back({entry.at("key"),
                              entry.at("k"),
                              entry.at("pts"),
                              entry.at("offset"),
                              entry.at("length"),
                              entry.at("sha256"),
                              entry.at("source").at(0),
                              entry.at("source").at(1),
                              {g.at(0), g.at(1), g.at(2), g.at(3), g.at(4), g.at(5)}});
    if (!entry.contains("person")) continue;
    PartSample& sample = record.samples.back();
    entry["person"].at(0).get_to(sample.track);
    entry["person"].at(1).get_to(sample.cutouts);
    entry["person"].at(2).get_to(sample.boxes);
  }
  for (const Json& run : json.at("runs")) record.runs.push_back({run.at(0), run.at(1)});
  for (const Json& range : json.at("skipped"))
    record.skipped.push_back({range.at(0), range.at(1), range.at(2)});
  json.at("start_pts").get_to(record.start_pts);
  json.at("last_pts").get_to(record.last_pts);
  json.at("packets_read").get_to(record.packets_read);
  json.at("packets_decoded").get_to(record.packets_decoded);
  json.at("planned").get_to(record.planned);
  json.at("fingerprint").get_to(record.fingerprint);
  if (json.contains("broke"))
    record.broke = PartBreak{json.at("broke").at("time_s"), json.at("broke").at("reason")};
  return record;
}

/// What never changes of a sample; labels may, so they are in the manifest alone.
Json describe(const PartSample& sample, const ClipPlan& clip, const SampleOptions& sampling) {
  const ClipInput& input = clip.input;
  const media::Geometry& g = sample.geometry;
  Json json = {{"sample", sample.key},
               {"clip", input.uri},
               {"group", input.group_name()},
               {"site", input.site},
               {"camera", input.camera},
               {"fps", lido::to_string(sampling.fps.rate)},
               {"first_k", sample.first_k},
               {"pts", sample.pts},
               {"time_base", lido::to_string(clip.info.time_base)},
               {"source_width", sample.source_width},
               {"source_height", sample.source_height},
               {"scale_x", g.scale_x},
               {"scale_y", g.scale_y},
               {"offset_x", g.offset_x},
               {"offset_y", g.offset_y}};
  if (sample.track != 0) {
    json["track"] = sample.track;
    json["cutouts"] = sample.cutouts;
    json["boxes"] = sample.boxes;
  }
  if (input.start_utc) json["clip_start_utc"] = dataset::to_string(*input.start_utc);
  return json;
}

Result<std::string> fingerprint_of(storage::Reader& reader) {
  std::vector<std::byte> bytes(64 << 10);
  Sha256 hash;
  hash.update(std::to_string(reader.size()));
  for (const int64_t at : {int64_t{0}, std::max<int64_t>(0, reader.size() - std::ssize(bytes))}) {
    const size_t read = LIDO_TRY(reader.read_at(at, bytes));
    hash.update(std::span(bytes).first(read));
  }
  return hash.hex();
}

/// One frame, ready for any window that holds it.
struct EncodedFrame {
  int64_t pts = 0;
  int32_t source_width = 0;
  int32_t source_height = 0;
  media::Geometry geometry;
  std::shared_ptr<const std::string> jpeg;
};

int64_t frames_end_k(const Span& span, const SampleOptions& sampling) {
  if (span.end_k == INT64_MAX) return INT64_MAX;
  // The last window that starts here, to its end.
  const int stride = sampling.windows.stride;
  const int64_t last_start = (span.end_k - 1) / stride * stride;
  return std::max(span.end_k, last_start + sampling.windows.window);
}

/// Turns a span's frames into samples in a part. One for each attempt.
class PartBuilder {
 public:
  /// @param scene  Null when nobody is looked for.
  PartBuilder(storage::Writer& writer, const ClipPlan& clip, const Span& span,
              const SampleOptions& sampling, std::unique_ptr<SceneWriter> scene, Progress& progress)
      : samples_(writer, clip, sampling),
        sampling_(sampling),
        frames_end_k_(frames_end_k(span, sampling)),
        scene_(std::move(scene)),
        progress_(progress),
        cutter_(sampling.windows, span.first_k, span.end_k),
        key_prefix_(key_prefix(clip.input)) {}

  Result<void> take(const media::ExtractedFrame& extracted) {
    if (scene_) {
      const StageTimer timer(progress_.scene_us);
      LIDO_TRY(
          scene_->take(extracted.first_k, extracted.end_k, extracted.after_cut, extracted.frame));
    }
    if (extracted.first_k >= frames_end_k_) return {};
    EncodedFrame encoded;
    if (sampling_.samples != "person") encoded = LIDO_TRY(encode(extracted.frame));
    for (int64_t k = extracted.first_k; k < std::min(extracted.end_k, frames_end_k_); ++k) {
      ++progress_.frames;
      ++frames_;
      const bool after_cut = extracted.after_cut && k == extracted.first_k;
      LIDO_TRY(
          cutter_.push(k, after_cut, encoded,
                       [&](int64_t start, const std::deque<EncodedFrame>& window) -> Result<void> {
                         if (sampling_.samples == "person") return {};
                         const StageTimer timer(progress_.write_us);
                         return write_sample(start, window);
                       }));
    }
    return {};
  }

  Result<PartRecord> finish() {
    if (scene_) {
      const StageTimer timer(progress_.scene_us);
      LIDO_TRY(scene_->commit());
    }
    return PartRecord{.samples = samples_.take_samples(), .runs = cutter_.runs()};
  }
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

  Result<void> write_sample(int64_t start, const std::deque<EncodedFrame>& window) {
    const EncodedFrame& first = window.front();
    PartSample sample{.key = fmt::format("{}_{:08}", key_prefix_, start),
                      .first_k = start,
                      .source_width = first.source_width,
                      .source_height = first.source_height,
                      .geometry = first.geometry};
    std::vector<std::string_view> frames;
    for (const EncodedFrame& frame : window) {
      frames.push_back(*frame.jpeg);
      sample.pts.push_back(frame.pts);
    }
    return samples_.write(std::move(sample), frames, "");
  }

  SampleWriter samples_;
  const SampleOptions& sampling_;
  int64_t frames_end_k_;  ///< Frames from here on are in no sample of this span.
  std::unique_ptr<SceneWriter> scene_;
  Progress& progress_;
  dataset::WindowCutter<EncodedFrame> cutter_;
  std::string key_prefix_;
  media::Converter converter_;
  dataset::JpegEncoder encoder_;
  int64_t frames_ = 0;
};

scene::Share share_of(const Span& span) { return scene::share_of(span.first_k, span.end_k); }

}  // namespace

media::ExtractRequest request_for(const Span& span, const SampleOptions& sampling,
                                  const JobOptions& job) {
  media::ExtractRequest request{.fps = sampling.fps.rate,
                                .from = span.from,
                                .start_pts = span.start_pts,
                                .max_gap_s = sampling.max_gap_s};
  if (sampling.fps.automatic) request.linger = sampling.windows.window;
  if (job.decode_everything) request.mode = media::DecodeMode::kEverything;
  if (sampling.keyframes_only) request.mode = media::DecodeMode::kKeyframesOnly;
  request.first_k = span.first_k;
  request.end_k = frames_end_k(span, sampling);
  const scene::Share share = share_of(span);
  if (sampling.scene == "on" && share.end != INT64_MAX)
    request.end_k = std::max(request.end_k, share.end + 1);
  return request;
}

std::string part_name(const Json& identity, const ClipInput& input, const Span& span) {
  const Json key = {kPartFormat,
                    identity,
                    input.uri,
                    input.bytes,
                    input.group_name(),
                    input.site,
                    input.camera,
                    input.start_utc ? dataset::to_string(*input.start_utc) : "",
                    span.from ? span.from->pts : 0,
                    span.start_pts.value_or(-1),
                    span.first_k,
                    span.end_k};
  return fmt::format(".work/parts/{}", sha256_hex(key.dump()).substr(0, 32));
}

Result<std::optional<PartRecord>> read_part(storage::Store& store, const std::string& name) {
  auto opened = store.open(name);
  if (!opened) {
    if (opened.error().code == ErrorCode::kNotFound) return std::nullopt;
    return std::unexpected(opened.error());
  }
  const auto sealed = LIDO_TRY(read_sealed(**opened));
  if (!sealed) return std::nullopt;
  const Json json = Json::parse(sealed->record, nullptr, false);
  try {
    if (json.is_discarded()) return std::nullopt;
    PartRecord record = from_json(json);
    const auto lies_outside = [&](const PartSample& sample) {
      return sample.offset < 0 || sample.length < 0 ||
             sample.length > sealed->begins - sample.offset;
    };
    if (std::ranges::any_of(record.samples, lies_outside)) return std::nullopt;
    return record;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;  // Of another version: done again.
  }
}

std::string key_prefix(const ClipInput& input) { return sha256_hex(input.uri).substr(0, 12); }

Result<void> publish_part(storage::Writer& writer, const PartRecord& record) {
  return seal(writer, to_json(record).dump());
}

Result<void> SampleWriter::write(PartSample sample, const std::vector<std::string_view>& frames,
                                 std::string_view context) {
  archive_.clear();
  for (size_t i = 0; i < frames.size(); ++i)
    dataset::append_tar_entry(archive_, fmt::format("{}.{:03}.jpg", sample.key, i), frames[i]);
  if (!context.empty())
    dataset::append_tar_entry(archive_, fmt::format("{}{}", sample.key, dataset::kContextPicture),
                              context);
  const std::string about = describe(sample, clip_, sampling_).dump();
  dataset::append_tar_entry(archive_, sample.key + ".json", about);
  sample.offset = written_;
  sample.length = std::ssize(archive_);
  sample.sha256 = sha256_hex(archive_);
  written_ += sample.length;
  samples_.push_back(std::move(sample));
  return writer_.append(archive_);
}

Result<PartRecord> make_broken_part(storage::Store& store, const std::string& name,
                                    const std::string& reason) {
  PartRecord record;
  record.broke = PartBreak{0, reason};
  const auto writer = LIDO_TRY(store.create(name, storage::Durability::kProcess));
  LIDO_TRY(publish_part(*writer, record));
  return record;
}

namespace {

/// Tries of a span when storage fails, with waits of 1 s, doubling.
constexpr int kTries = 3;

Result<PartRecord> try_part(storage::Store& store, const std::string& name, const ClipPlan& clip,
                            const Span& span, const SampleOptions& sampling, const JobOptions& job,
                            const scene::Detector* detector, Progress& progress,
                            const std::stop_token& stop) {
  const auto opened = storage::open_reader(clip.input.uri);
  if (!opened) {
    if (opened.error().code == ErrorCode::kUnavailable) return std::unexpected(opened.error());
    return make_broken_part(store, name, opened.error().message);
  }
  storage::Reader& reader = **opened;
  auto writer = LIDO_TRY(store.create(name, storage::Durability::kProcess));
  const auto begin_scene = [&]() -> Result<std::unique_ptr<SceneWriter>> {
    if (detector == nullptr) return nullptr;
    return SceneWriter::create(store, name, *detector, sampling, share_of(span));
  };
  std::optional<PartBuilder> builder(std::in_place, *writer, clip, span, sampling,
                                     LIDO_TRY(begin_scene()), progress);
  std::optional<Error> restart_error;
  const auto restart = [&] {
    progress.frames -= builder->frames();
    builder.reset();
    writer.reset();
    auto fresh = store.create(name, storage::Durability::kProcess);
    auto scene = begin_scene();
    if (!fresh || !scene) {
      restart_error = fresh ? scene.error() : fresh.error();
      return;
    }
    writer = std::move(*fresh);
    builder.emplace(*writer, clip, span, sampling, std::move(*scene), progress);
  };
  const auto sink = [&](const media::ExtractedFrame& frame) -> Result<void> {
    if (restart_error) return std::unexpected(*restart_error);
    return builder->take(frame);
  };
  const int64_t before = thread_cpu_us();
  const media::ExtractReport report =
      LIDO_TRY(media::extract(reader, request_for(span, sampling, job), sink, restart, stop));
  progress.work_us += thread_cpu_us() - before;
  PartRecord record = LIDO_TRY(builder->finish());
  // Frames read on for windows that straddle the end belong to the next span.
  std::erase_if(record.runs, [&](const dataset::Run& run) { return run.begin >= span.end_k; });
  if (!record.runs.empty()) record.runs.back().end = std::min(record.runs.back().end, span.end_k);
  record.start_pts = report.start_pts == media::kNoPts ? 0 : report.start_pts;
  record.last_pts = report.last_pts == media::kNoPts ? record.start_pts : report.last_pts;
  record.packets_read = report.packets_read;
  record.packets_decoded = report.packets_decoded;
  record.planned = report.planned;
  for (const media::SkippedRange& skipped : report.skipped) {
    const int64_t first = std::max(skipped.first_k, span.first_k);
    const int64_t end = std::min(skipped.end_k, span.end_k);
    if (first < end) record.skipped.push_back({first, end, skipped.decoded});
  }
  if (!span.from) record.fingerprint = LIDO_TRY(fingerprint_of(reader));
  if (report.broke) record.broke = PartBreak{report.broke->time_s, report.broke->error.message};
  LIDO_TRY(publish_part(*writer, record));
  return record;
}

}  // namespace

Result<PartRecord> make_part(storage::Store& store, const std::string& name, const ClipPlan& clip,
                             const Span& span, const SampleOptions& sampling, const JobOptions& job,
                             const scene::Detector* detector, Progress& progress,
                             const std::stop_token& stop) {
  for (int round = 1;; ++round) {
    auto record = try_part(store, name, clip, span, sampling, job, detector, progress, stop);
    const bool may_pass = !record && record.error().code == ErrorCode::kUnavailable;
    if (!may_pass || round == kTries) return record;
    std::this_thread::sleep_for(std::chrono::seconds(1 << (round - 1)));
  }
}

}  // namespace lido::ingest
