// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/part.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>

#include "lido/base/hash.h"
#include "lido/dataset/jpeg.h"
#include "lido/dataset/tar.h"
#include "lido/media/extract.h"

namespace lido::ingest {
namespace {

using Json = nlohmann::ordered_json;

// A part: the samples' tar entries, the record as JSON, the record's length (8 bytes, little
// endian).
constexpr int64_t kTrailer = 8;
/// Takes part in every part's name: raise it when the same input would give other bytes.
constexpr int kPartFormat = 1;

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
    samples.push_back(
        {{"key", sample.key},
         {"k", sample.first_k},
         {"pts", sample.pts},
         {"offset", sample.offset},
         {"length", sample.length},
         {"sha256", sample.sha256},
         {"source", {sample.source_width, sample.source_height}},
         {"geometry", {g.width, g.height, g.scale_x, g.scale_y, g.offset_x, g.offset_y}}});
  }
  Json runs = Json::array();
  for (const dataset::Run& run : record.runs) runs.push_back({run.begin, run.end});
  Json json = {{"samples", samples},
               {"runs", runs},
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
  }
  for (const Json& run : json.at("runs")) record.runs.push_back({run.at(0), run.at(1)});
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

Result<void> publish(storage::Writer& writer, const PartRecord& record) {
  const std::string json = to_json(record).dump();
  std::array<char, kTrailer> trailer{};
  for (size_t i = 0; i < trailer.size(); ++i)
    trailer[i] = static_cast<char>(json.size() >> (8 * i) & 255);
  LIDO_TRY(writer.append(json));
  LIDO_TRY(writer.append(std::string_view(trailer.data(), trailer.size())));
  return writer.commit();
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

/// Turns a span's frames into samples in a part. One for each attempt.
class PartBuilder {
 public:
  PartBuilder(storage::Writer& writer, const ClipPlan& clip, const Span& span,
              const SampleOptions& sampling, Progress& progress)
      : writer_(writer),
        clip_(clip),
        sampling_(sampling),
        progress_(progress),
        cutter_(sampling.windows, span.first_k, span.end_k),
        key_prefix_(sha256_hex(clip.input.uri).substr(0, 12)) {}

  Result<void> take(const media::ExtractedFrame& extracted) {
    const media::Frame& frame = extracted.frame;
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
    {
      const StageTimer timer(progress_.compress_us);
      encoded.jpeg =
          std::make_shared<std::string>(LIDO_TRY(encoder_.encode(image, sampling_.quality)));
    }
    for (int64_t k = extracted.first_k; k < extracted.end_k; ++k) {
      ++progress_.frames;
      ++frames_;
      const bool after_cut = extracted.after_cut && k == extracted.first_k;
      LIDO_TRY(cutter_.push(k, after_cut, encoded,
                            [&](int64_t start, const std::deque<EncodedFrame>& window) {
                              const StageTimer timer(progress_.write_us);
                              return write_sample(start, window);
                            }));
    }
    return {};
  }

  PartRecord finish() {
    record_.runs = cutter_.runs();
    return std::move(record_);
  }
  int64_t frames() const { return frames_; }

 private:
  Result<void> write_sample(int64_t start, const std::deque<EncodedFrame>& window) {
    const EncodedFrame& first = window.front();
    PartSample sample{.key = fmt::format("{}_{:08}", key_prefix_, start),
                      .first_k = start,
                      .offset = written_,
                      .source_width = first.source_width,
                      .source_height = first.source_height,
                      .geometry = first.geometry};
    archive_.clear();
    for (size_t i = 0; i < window.size(); ++i) {
      dataset::append_tar_entry(archive_, fmt::format("{}.{:03}.jpg", sample.key, i),
                                *window[i].jpeg);
      sample.pts.push_back(window[i].pts);
    }
    dataset::append_tar_entry(archive_, sample.key + ".json", describe(sample).dump());
    sample.length = std::ssize(archive_);
    sample.sha256 = sha256_hex(archive_);
    written_ += sample.length;
    record_.samples.push_back(std::move(sample));
    return writer_.append(archive_);
  }

  /// What never changes of a sample; labels may, so they are in the manifest alone.
  Json describe(const PartSample& sample) const {
    const ClipInput& input = clip_.input;
    const media::Geometry& g = sample.geometry;
    Json json = {{"sample", sample.key},
                 {"clip", input.uri},
                 {"group", input.group_name()},
                 {"site", input.site},
                 {"camera", input.camera},
                 {"fps", lido::to_string(sampling_.fps)},
                 {"first_k", sample.first_k},
                 {"pts", sample.pts},
                 {"time_base", lido::to_string(clip_.info.time_base)},
                 {"source_width", sample.source_width},
                 {"source_height", sample.source_height},
                 {"scale_x", g.scale_x},
                 {"scale_y", g.scale_y},
                 {"offset_x", g.offset_x},
                 {"offset_y", g.offset_y}};
    if (input.start_utc) json["clip_start_utc"] = dataset::to_string(*input.start_utc);
    return json;
  }

  storage::Writer& writer_;
  const ClipPlan& clip_;
  const SampleOptions& sampling_;
  Progress& progress_;
  dataset::WindowCutter<EncodedFrame> cutter_;
  std::string key_prefix_;
  media::Converter converter_;
  dataset::JpegEncoder encoder_;
  std::string archive_;
  int64_t written_ = 0;
  int64_t frames_ = 0;
  PartRecord record_;
};

media::ExtractRequest request_for(const Span& span, const SampleOptions& sampling,
                                  const JobOptions& job) {
  media::ExtractRequest request{.fps = sampling.fps,
                                .from = span.from,
                                .start_pts = span.start_pts,
                                .max_gap_s = sampling.max_gap_s};
  if (job.decode_everything) request.mode = media::DecodeMode::kEverything;
  if (sampling.keyframes_only) request.mode = media::DecodeMode::kKeyframesOnly;
  const int stride = sampling.windows.stride;
  request.first_k = span.first_k;
  if (span.end_k != INT64_MAX) {
    // The last window that starts here, to its end.
    const int64_t last_start = (span.end_k - 1) / stride * stride;
    request.end_k = std::max(span.end_k, last_start + sampling.windows.window);
  }
  return request;
}

}  // namespace

std::string part_name(const Json& identity, const ClipPlan& clip, size_t span) {
  const Span& s = clip.spans.empty() ? Span{} : clip.spans[span];
  const ClipInput& input = clip.input;
  const Json key = {kPartFormat,
                    identity,
                    input.uri,
                    input.bytes,
                    input.group_name(),
                    input.site,
                    input.camera,
                    input.start_utc ? dataset::to_string(*input.start_utc) : "",
                    s.from ? s.from->pts : 0,
                    s.start_pts.value_or(-1),
                    s.first_k,
                    s.end_k};
  return fmt::format(".work/parts/{}", sha256_hex(key.dump()).substr(0, 32));
}

Result<std::optional<PartRecord>> read_part(storage::Store& store, const std::string& name) {
  auto opened = store.open(name);
  if (!opened) {
    if (opened.error().code == ErrorCode::kNotFound) return std::nullopt;
    return std::unexpected(opened.error());
  }
  storage::Reader& reader = **opened;
  std::array<std::byte, kTrailer> trailer{};
  if (reader.size() < kTrailer) return std::nullopt;
  (void)LIDO_TRY(reader.read_at(reader.size() - kTrailer, trailer));
  int64_t length = 0;
  for (size_t i = trailer.size(); i-- > 0;)
    length = length << 8 | std::to_integer<int64_t>(trailer[i]);
  if (length <= 0 || length > reader.size() - kTrailer) return std::nullopt;
  std::string text(static_cast<size_t>(length), '\0');
  (void)LIDO_TRY(
      reader.read_at(reader.size() - kTrailer - length, std::as_writable_bytes(std::span(text))));
  const Json json = Json::parse(text, nullptr, false);
  try {
    if (json.is_discarded()) return std::nullopt;
    PartRecord record = from_json(json);
    const int64_t end = reader.size() - kTrailer - length;
    const auto lies_outside = [&](const PartSample& sample) {
      return sample.offset < 0 || sample.length < 0 || sample.length > end - sample.offset;
    };
    if (std::ranges::any_of(record.samples, lies_outside)) return std::nullopt;
    return record;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;  // Of another version: done again.
  }
}

Result<PartRecord> make_broken_part(storage::Store& store, const std::string& name,
                                    const std::string& reason) {
  PartRecord record;
  record.broke = PartBreak{0, reason};
  const auto writer = LIDO_TRY(store.create(name, storage::Durability::kProcess));
  LIDO_TRY(publish(*writer, record));
  return record;
}

Result<PartRecord> make_part(storage::Store& store, const std::string& name, const ClipPlan& clip,
                             size_t span_index, const SampleOptions& sampling,
                             const JobOptions& job, Progress& progress,
                             const std::stop_token& stop) {
  const Span& span = clip.spans[span_index];
  const auto opened = storage::open_reader(clip.input.uri);
  if (!opened) {
    if (opened.error().code == ErrorCode::kUnavailable) return std::unexpected(opened.error());
    return make_broken_part(store, name, opened.error().message);
  }
  storage::Reader& reader = **opened;
  auto writer = LIDO_TRY(store.create(name, storage::Durability::kProcess));
  std::optional<PartBuilder> builder(std::in_place, *writer, clip, span, sampling, progress);
  std::optional<Error> restart_error;
  const auto restart = [&] {
    progress.frames -= builder->frames();
    builder.reset();
    writer.reset();
    auto fresh = store.create(name, storage::Durability::kProcess);
    if (!fresh) {
      restart_error = fresh.error();
      return;
    }
    writer = std::move(*fresh);
    builder.emplace(*writer, clip, span, sampling, progress);
  };
  const auto sink = [&](const media::ExtractedFrame& frame) -> Result<void> {
    if (restart_error) return std::unexpected(*restart_error);
    return builder->take(frame);
  };
  const int64_t before = thread_cpu_us();
  const media::ExtractReport report =
      LIDO_TRY(media::extract(reader, request_for(span, sampling, job), sink, restart, stop));
  progress.work_us += thread_cpu_us() - before;
  PartRecord record = builder->finish();
  // Frames read on for windows that straddle the end belong to the next span.
  std::erase_if(record.runs, [&](const dataset::Run& run) { return run.begin >= span.end_k; });
  if (!record.runs.empty()) record.runs.back().end = std::min(record.runs.back().end, span.end_k);
  record.start_pts = report.start_pts == media::kNoPts ? 0 : report.start_pts;
  record.last_pts = report.last_pts == media::kNoPts ? record.start_pts : report.last_pts;
  record.packets_read = report.packets_read;
  record.packets_decoded = report.packets_decoded;
  record.planned = report.planned;
  if (span_index == 0) record.fingerprint = LIDO_TRY(fingerprint_of(reader));
  if (report.broke) record.broke = PartBreak{report.broke->time_s, report.broke->error.message};
  LIDO_TRY(publish(*writer, record));
  return record;
}

}  // namespace lido::ingest
