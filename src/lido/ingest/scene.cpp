// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/scene.h"

#include <algorithm>
#include <cmath>

#include "lido/dataset/jpeg.h"
#include "lido/ingest/sealed.h"

namespace lido::ingest {
namespace {

using Json = nlohmann::json;

/// Of the small whole picture in a person's sample: enough to see where he is.
constexpr int kContextSide = 224;
/// A box grows by this much before it is cut out, and is never less than this many pixels.
constexpr double kRoom = 1.25;
constexpr double kLeastSide = 32;

Json to_json(const Box& box) { return {box.x, box.y, box.width, box.height}; }
Box box_from(const Json& j) { return {j.at(0), j.at(1), j.at(2), j.at(3)}; }

Json to_json(const StoredPicture& p) {
  const media::Geometry& g = p.geometry;
  return {p.k,        to_json(p.box), g.width, g.height, g.scale_x, g.scale_y,
          g.offset_x, g.offset_y,     p.pts,   p.offset, p.length};
}
StoredPicture picture_from(const Json& j) {
  return {j.at(0), box_from(j.at(1)), {j.at(2), j.at(3), j.at(4), j.at(5), j.at(6), j.at(7)},
          j.at(8), j.at(9),           j.at(10)};
}

Json to_json(const scene::Observation& o) {
  Json found = Json::array(), moving = Json::array();
  for (const scene::Detection& one : o.found)
    found.push_back({to_json(one.box), one.score, one.object});
  for (const Box& box : o.moving) moving.push_back(to_json(box));
  const scene::QualityFeatures& q = o.quality;
  Json json = {{"k", o.k},
               {"cut", o.after_cut},
               {"found", found},
               {"moving", moving},
               {"featureless", o.featureless},
               {"quality", {q.mean, q.dark, q.bright, q.patch, q.structure, q.detail, q.change}}};
  if (o.registration) {
    const scene::Registration& r = *o.registration;
    json["registration"] = {r.reference_k, r.reference_from_frame.m, r.covariance, r.inliers};
  }
  return json;
}

scene::Observation observation_from(const Json& json) {
  scene::Observation o{.k = json.at("k"), .after_cut = json.at("cut")};
  for (const Json& one : json.at("found"))
    o.found.push_back({box_from(one.at(0)), one.at(1), one.at(2)});
  for (const Json& box : json.at("moving")) o.moving.push_back(box_from(box));
  o.featureless = json.at("featureless");
  const Json& q = json.at("quality");
  o.quality = {q.at(0), q.at(1), q.at(2), q.at(3), q.at(4), q.at(5), q.at(6)};
  if (json.contains("registration")) {
    const Json& r = json.at("registration");
    o.registration = scene::Registration{r.at(0), {r.at(1)}, r.at(2), r.at(3)};
  }
  return o;
}

/// A square around somebody, of the wanted size; what lies outside the picture is black.
media::Geometry cutout_geometry(const Box& box, int size) {
  const double side = std::max({kRoom * box.width, kRoom * box.height, kLeastSide});
  const double scale = size / side;
  return {size,
          size,
          scale,
          scale,
          -scale * (box.x + box.width / 2 - side / 2),
          -scale * (box.y + box.height / 2 - side / 2)};
}

}  // namespace

std::string scene_name(const std::string& part) { return part + ".scene"; }

Result<std::unique_ptr<SceneWriter>> SceneWriter::create(storage::Store& store,
                                                         const std::string& part,
                                                         const scene::Detector& detector,
                                                         const SampleOptions& sampling,
                                                         const scene::Share& share) {
  auto writer = LIDO_TRY(store.create(scene_name(part), storage::Durability::kProcess));
  auto session = LIDO_TRY(detector.open_session());
  return std::unique_ptr<SceneWriter>(
      new SceneWriter(std::move(writer), detector, std::move(session), sampling, share));
}

SceneWriter::SceneWriter(std::unique_ptr<storage::Writer> writer, const scene::Detector& detector,
                         scene::DetectorSession session, const SampleOptions& sampling,
                         const scene::Share& share)
    : writer_(std::move(writer)),
      detector_(detector),
      sampling_(sampling),
      observer_(detector, std::move(session), share,
                [this](const media::Frame& frame, std::span<const scene::Observation> recent) {
                  return cut(frame, recent);
                }) {}

Result<void> SceneWriter::take(int64_t first_k, int64_t end_k, bool after_cut,
                               const media::Frame& frame) {
  const auto [width, height] = media::upright_size(frame);
  record_.width = width;
  record_.height = height;
  return observer_.push(first_k, end_k, after_cut, frame);
}

Result<StoredPicture> SceneWriter::store(int64_t k, const media::Image& image) {
  const std::string jpeg = LIDO_TRY(encoder_.encode(image, sampling_.quality));
  StoredPicture stored{.k = k, .offset = written_, .length = std::ssize(jpeg)};
  LIDO_TRY(writer_->append(jpeg));
  written_ += stored.length;
  return stored;
}

/// Cuts out the people of one picture.
Result<void> SceneWriter::cut(const media::Frame& frame,
                              std::span<const scene::Observation> recent) {
  if (sampling_.samples == "frame") return {};
  const int64_t k = recent.back().k;
  const auto boxes = scene::cutouts(recent, detector_);
  for (const Box& box : boxes) {
    const auto geometry = cutout_geometry(box, sampling_.person_size);
    StoredPicture cutout = LIDO_TRY(store(k, converter_.convert(frame, geometry)));
    cutout.box = box;
    cutout.geometry = geometry;
    cutout.pts = frame.pts;
    record_.cutouts.push_back(cutout);
  }
  const int64_t start = k - sampling_.windows.window / 2;
  if (boxes.empty() || start < 0 || start % sampling_.windows.stride != 0) return {};
  const auto geometry = media::shrunk_geometry(frame, kContextSide);
  StoredPicture context = LIDO_TRY(store(k, converter_.convert(frame, geometry)));
  const auto [width, height] = media::upright_size(frame);
  context.box = {0, 0, double(width), double(height)};
  context.geometry = geometry;
  context.pts = frame.pts;
  record_.contexts.push_back(context);
  return {};
}

Result<void> SceneWriter::commit() {
  LIDO_TRY(observer_.finish());
  record_.observations = observer_.take_observations();
  for (const scene::Thumbnail& thumbnail : observer_.take_thumbnails())
    record_.thumbnails.push_back(LIDO_TRY(store(thumbnail.k, thumbnail.image)));
  Json observations = Json::array();
  for (const auto& one : record_.observations) observations.push_back(to_json(one));
  Json json = {{"width", record_.width},
               {"height", record_.height},
               {"observations", std::move(observations)}};
  const auto list = [&](const char* name, const std::vector<StoredPicture>& pictures) {
    json[name] = Json::array();
    for (const StoredPicture& one : pictures) json[name].push_back(to_json(one));
  };
  list("cutouts", record_.cutouts);
  list("contexts", record_.contexts);
  list("thumbnails", record_.thumbnails);
  std::string bytes;
  Json::to_cbor(json, nlohmann::detail::output_adapter<char>(bytes));
  return seal(*writer_, bytes);
}

Result<SceneRecord> read_scene(storage::Store& store, const std::string& name) {
  const auto reader = LIDO_TRY(store.open(name));
  const auto sealed = LIDO_TRY(read_sealed(*reader));
  const auto broken = [&] { return fail(ErrorCode::kCorrupt, "{}: {}", name, kChanged); };
  if (!sealed) return broken();
  const Json json = Json::from_cbor(sealed->record, true, false);
  if (json.is_discarded()) return broken();
  try {
    SceneRecord record{.width = json.at("width"), .height = json.at("height")};
    for (const Json& one : json.at("observations"))
      record.observations.push_back(observation_from(one));
    const auto list = [&](const char* field, std::vector<StoredPicture>& pictures) {
      for (const Json& one : json.at(field)) pictures.push_back(picture_from(one));
    };
    list("cutouts", record.cutouts);
    list("contexts", record.contexts);
    list("thumbnails", record.thumbnails);
    return record;
  } catch (const nlohmann::json::exception&) {
    return broken();
  }
}

SceneRows rows_of(const scene::Followed& followed, const std::string& clip, double fps,
                  const std::vector<std::string>& classes) {
  SceneRows rows;
  const auto seconds = [&](int64_t k) { return static_cast<double>(k) / fps; };
  const auto kind = [&](int32_t object) {
    return object < 0 ? std::string() : classes[static_cast<size_t>(object)];
  };
  for (const scene::SeenObject& seen : followed.objects) {
    rows.objects.push_back({clip, seen.k, seconds(seen.k), kind(seen.object),
                            seen.object < 0 ? "motion" : "detector", double(seen.score), seen.track,
                            seen.box.x, seen.box.y, seen.box.width, seen.box.height});
  }
  for (const scene::TrackSummary& one : followed.tracks) {
    rows.tracks.push_back({clip, one.track, kind(one.object), one.first_k, one.last_k,
                           seconds(one.first_k), seconds(one.last_k), one.sightings, one.mean_score,
                           one.way});
  }
  for (const scene::MotionAt& one : followed.motions) {
    const auto& h = one.motion.view_from_frame.m;
    dataset::MotionRow row{clip,
                           one.motion.k,
                           seconds(one.motion.k),
                           std::string(name_of(one.motion.motion)),
                           one.motion.view,
                           {h.begin(), h.end()}};
    if (one.registration) {
      const scene::Registration& r = *one.registration;
      row.reference_k = r.reference_k;
      row.reference_from_frame.assign(r.reference_from_frame.m.begin(),
                                      r.reference_from_frame.m.end());
      for (size_t i = 0; i < 8; ++i) {
        for (size_t j = i; j < 8; ++j) row.covariance.push_back(r.covariance[8 * i + j]);
      }
      row.inliers = r.inliers;
    }
    rows.motions.push_back(std::move(row));
  }
  for (const scene::FaultSpan& one : followed.faults) {
    rows.qualities.push_back({clip, std::string(name_of(one.fault)), one.begin, one.end,
                              seconds(one.begin), seconds(one.end)});
  }
  return rows;
}

}  // namespace lido::ingest
