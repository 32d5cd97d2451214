// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/work.h"

#include <charconv>
#include <map>

#include "lido/infer/catalog.h"
#include "lido/ingest/crash.h"

namespace lido::ingest {
namespace {

using Json = nlohmann::ordered_json;

Result<Json> parse_json(std::string_view text, std::string_view what) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object())
    return fail(ErrorCode::kInvalidArgument, "{} is no JSON object", what);
  return json;
}

Result<SharedWork> parse_shared(const std::string& text) {
  const Json json = LIDO_TRY(parse_json(text, "a job's text"));
  try {
    SharedWork shared;
    json.at("out").get_to(shared.out);
    json.at("device").get_to(shared.device);
    shared.sampling = LIDO_TRY(from_json<SampleOptions>(json.at("sampling")));
    shared.job = LIDO_TRY(from_json<JobOptions>(json.at("job")));
    LIDO_TRY(validate(shared.sampling));
    LIDO_TRY(validate(shared.job));
    return shared;
  } catch (const Json::exception& error) {
    return fail(ErrorCode::kInvalidArgument, "a job's text: {}", error.what());
  }
}

}  // namespace

Result<UnitWork> parse_unit(std::string_view text) {
  const Json json = LIDO_TRY(parse_json(text, "a unit's text"));
  try {
    UnitWork unit;
    json.at("part").get_to(unit.part);
    const Json& clip = json.at("clip");
    clip.at("uri").get_to(unit.clip.uri);
    clip.at("bytes").get_to(unit.clip.bytes);
    clip.at("group").get_to(unit.clip.group);
    clip.at("site").get_to(unit.clip.site);
    clip.at("camera").get_to(unit.clip.camera);
    if (!clip.at("start_utc").is_null())
      unit.clip.start_utc = dataset::UtcTime{clip.at("start_utc").get<int64_t>()};
    const Json& info = json.at("info");
    info.at("container").get_to(unit.info.container);
    info.at("codec").get_to(unit.info.codec);
    info.at("width").get_to(unit.info.width);
    info.at("height").get_to(unit.info.height);
    unit.info.time_base = {info.at("time_base").at(0), info.at("time_base").at(1)};
    info.at("duration_s").get_to(unit.info.duration_s);
    info.at("source_fps").get_to(unit.info.source_fps);
    const Json& span = json.at("span");
    if (const Json& from = span.at("from"); !from.is_null())
      unit.span.from = media::RandomAccess{from.at(0), from.at(1), from.at(2)};
    if (!span.at("start_pts").is_null()) unit.span.start_pts = span.at("start_pts").get<int64_t>();
    span.at("first_k").get_to(unit.span.first_k);
    span.at("end_k").get_to(unit.span.end_k);
    if (!unit.part.starts_with(".work/parts/") || unit.part.contains(".."))
      return fail(ErrorCode::kInvalidArgument, "a unit's part is \"{}\"", unit.part);
    return unit;
  } catch (const Json::exception& error) {
    return fail(ErrorCode::kInvalidArgument, "a unit's text: {}", error.what());
  }
}

namespace {

constexpr std::string_view kTries = ".work/tries";

/// The part's name without its folder.
std::string name_of(const UnitWork& unit) { return unit.part.substr(unit.part.rfind('/') + 1); }

/// Where an attempt at a unit is noted. One folder for all: one for each unit would be left behind,
/// and walked through at every listing.
std::string note_name(const UnitWork& unit, std::string_view attempt) {
  return fmt::format("{}/{}@{}", kTries, name_of(unit), attempt);
}

}  // namespace

std::string to_text(const SharedWork& shared) {
  return Json{{"out", shared.out},
              {"device", shared.device},
              {"sampling", to_json(shared.sampling)},
              {"job", to_json(shared.job)}}
      .dump();
}

std::string to_text(const UnitWork& unit) {
  const auto or_null = [](const auto& value) { return value ? Json(*value) : Json(); };
  const ClipInput& clip = unit.clip;
  const media::ClipInfo& info = unit.info;
  const Span& span = unit.span;
  return Json{
      {"part", unit.part},
      {"clip",
       {{"uri", clip.uri},
        {"bytes", clip.bytes},
        {"group", clip.group},
        {"site", clip.site},
        {"camera", clip.camera},
        {"start_utc", clip.start_utc ? Json(clip.start_utc->us) : Json()}}},
      {"info",
       {{"container", info.container},
        {"codec", info.codec},
        {"width", info.width},
        {"height", info.height},
        {"time_base", {info.time_base.num, info.time_base.den}},
        {"duration_s", info.duration_s},
        {"source_fps", info.source_fps}}},
      {"span",
       {{"from", span.from ? Json{span.from->pts, span.from->dts, span.from->position} : Json()},
        {"start_pts", or_null(span.start_pts)},
        {"first_k", span.first_k},
        {"end_k", span.end_k}}}}
      .dump();
}

Result<Worker> Worker::make(const std::string& shared) {
  Worker worker(LIDO_TRY(parse_shared(shared)));
  worker.store_ = LIDO_TRY(storage::open_store(worker.shared_.out));
  if (worker.shared_.device.empty()) return worker;
  if (infer::device() != worker.shared_.device) {
    return fail(ErrorCode::kInvalidArgument,
                "this machine computes networks on {}, and the job was planned for {}: their "
                "results differ in the last bits; give workers of one kind",
                infer::device(), worker.shared_.device);
  }
  const auto bundle = LIDO_TRY(infer::find_bundle(worker.shared_.sampling.detector.detector));
  worker.detector_ = std::make_shared<const scene::Detector>(
      LIDO_TRY(scene::Detector::make(bundle, worker.shared_.sampling.detector)));
  return worker;
}

Result<std::vector<BatchUnit>> Worker::units(const std::string& batch) const {
  const std::string text = LIDO_TRY(store_->read_text(batch));
  std::vector<BatchUnit> units;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    BatchUnit unit;
    const auto [span_end, bad_span] =
        std::from_chars(line.data(), line.data() + line.size(), unit.span);
    const auto [bytes_end, bad_bytes] = std::from_chars(
        std::min(span_end + 1, line.data() + line.size()), line.data() + line.size(), unit.bytes);
    if (bad_span != std::errc() || bad_bytes != std::errc() ||
        bytes_end == line.data() + line.size())
      return fail(ErrorCode::kCorrupt, "{}: no batch of units", batch);
    unit.text = line.substr(static_cast<size_t>(bytes_end - line.data()) + 1);
    unit.clip = LIDO_TRY(parse_unit(unit.text)).clip.uri;
    units.push_back(std::move(unit));
  }
  return units;
}

Result<std::vector<std::vector<std::string>>> Worker::tries(
    const std::vector<std::string>& units) const {
  std::map<std::string, std::vector<std::string>> notes;  // by the part's name
  const std::string folder(kTries);
  for (const storage::Entry& entry : LIDO_TRY(store_->list(folder))) {
    const std::string note = entry.uri.substr(store_->uri().size() + folder.size() + 2);
    if (const size_t at = note.find('@'); at != std::string::npos)
      notes[note.substr(0, at)].push_back(note.substr(at + 1));
  }
  std::vector<std::vector<std::string>> tries;
  tries.reserve(units.size());
  for (const std::string& text : units) tries.push_back(notes[name_of(LIDO_TRY(parse_unit(text)))]);
  return tries;
}

Result<UnitReport> Worker::work(const std::string& text, const std::string& attempt,
                                const std::stop_token& stop) const {
  const UnitWork unit = LIDO_TRY(parse_unit(text));
  const auto report = [](const PartRecord& record, int64_t frames) {
    return UnitReport{std::ssize(record.samples), frames,
                      record.broke ? record.broke->reason : std::string()};
  };
  if (const auto done = LIDO_TRY(read_part(*store_, unit.part))) return report(*done, 0);
  const std::string note = note_name(unit, attempt);
  LIDO_TRY(store_->write_text(note, "", storage::Durability::kProcess));
  crash_if_asked(unit.clip.uri);
  const ClipPlan clip{unit.clip, unit.info, {unit.span}, {}};
  Progress progress;
  const auto record = make_part(*store_, unit.part, clip, unit.span, shared_.sampling, shared_.job,
                                detector_.get(), progress, stop);
  LIDO_TRY(store_->remove(note));
  if (!record) return std::unexpected(record.error());
  return report(*record, progress.frames);
}

Result<std::string> Worker::frames(const std::string& text, size_t batch,
                                   const std::function<Result<void>(FrameBatch)>& sink,
                                   const std::stop_token& stop) const {
  const UnitWork unit = LIDO_TRY(parse_unit(text));
  const ClipPlan clip{unit.clip, unit.info, {unit.span}, {}};
  return decode_frames(clip, unit.span, shared_.sampling, shared_.job, batch, sink, stop);
}

Result<void> Worker::reject(const std::string& text, const std::string& reason) const {
  const UnitWork unit = LIDO_TRY(parse_unit(text));
  LIDO_TRY(make_broken_part(*store_, unit.part, reason));
  return {};
}

}  // namespace lido::ingest
