// SPDX-License-Identifier: Apache-2.0
#include "lido/part/scene_file.h"

#include <algorithm>

#include "lido/part/cutout.h"
#include "lido/part/geometry_json.h"
#include "lido/part/record_file.h"
#include "lido/part/watched_storage.h"
#include "lido/scene/follow.h"
#include "lido/scene/moving.h"

namespace lido::part {
namespace {

using Json = nlohmann::json;

Json to_json(const StoredImage& image) {
  Json json = {image.k, box_json<Json>(image.box)};
  append_geometry(json, image.geometry);
  for (const int64_t number : {image.pts, image.offset, image.length}) json.push_back(number);
  return json;
}

StoredImage image_from(const Json& json) {
  constexpr size_t kFirst = 2;
  constexpr size_t kAfter = kFirst + kGeometryNumbers;
  return {.k = json.at(0),
          .box = box_from(json.at(1)),
          .geometry = geometry_at(json, kFirst),
          .pts = json.at(kAfter),
          .offset = json.at(kAfter + 1),
          .length = json.at(kAfter + 2)};
}

Json to_json(const std::vector<scene::Keypoint>& points) {
  Json numbers = Json::array();
  for (const scene::Keypoint& point : points) {
    for (const float number : {point.x, point.y, point.score}) numbers.push_back(number);
  }
  return numbers;
}

std::vector<scene::Keypoint> points_from(const Json& numbers) {
  std::vector<scene::Keypoint> points;
  for (size_t i = 0; i + 2 < numbers.size(); i += 3)
    points.push_back({numbers.at(i), numbers.at(i + 1), numbers.at(i + 2)});
  return points;
}

Json to_json(const scene::Pose& pose) {
  return {box_json<Json>(pose.box), to_json(pose.keypoints), to_json(pose.left_hand),
          to_json(pose.right_hand)};
}

scene::Pose pose_from(const Json& json) {
  return {.box = box_from(json.at(0)),
          .keypoints = points_from(json.at(1)),
          .left_hand = points_from(json.at(2)),
          .right_hand = points_from(json.at(3))};
}

Json to_json(const scene::Observation& observation) {
  Json found = Json::array(), moving = Json::array();
  for (const scene::Detection& one : observation.found)
    found.push_back({box_json<Json>(one.box), one.score, one.class_id});
  for (const Box& box : observation.moving) moving.push_back(box_json<Json>(box));
  const scene::QualityFeatures& q = observation.quality;
  Json json = {{"k", observation.k},
               {"cut", observation.after_cut},
               {"found", std::move(found)},
               {"moving", std::move(moving)},
               {"featureless", observation.featureless},
               {"quality", {q.mean, q.dark, q.bright, q.patch, q.structure, q.detail, q.change}}};
  for (const scene::Pose& pose : observation.poses) json["poses"].push_back(to_json(pose));
  if (observation.registration) {
    const scene::Registration& r = *observation.registration;
    json["registration"] = {r.reference_k, r.reference_from_frame.m, r.covariance, r.inliers};
  }
  for (const scene::BoxLook& look : observation.looks)
    json["looks"].push_back({look.moved, Json::binary(look.patch)});
  return json;
}

scene::Observation observation_from(const Json& json) {
  scene::Observation observation{.k = json.at("k"), .after_cut = json.at("cut")};
  for (const Json& one : json.at("found"))
    observation.found.push_back({box_from(one.at(0)), one.at(1), one.at(2)});
  for (const Json& box : json.at("moving")) observation.moving.push_back(box_from(box));
  if (const auto looks = json.find("looks"); looks != json.end()) {
    for (const Json& look : *looks)
      observation.looks.push_back({look.at(0), look.at(1).get_binary()});
  }
  observation.featureless = json.at("featureless");
  const Json& q = json.at("quality");
  observation.quality = {q.at(0), q.at(1), q.at(2), q.at(3), q.at(4), q.at(5), q.at(6)};
  if (const auto poses = json.find("poses"); poses != json.end()) {
    for (const Json& pose : *poses) observation.poses.push_back(pose_from(pose));
  }
  if (const auto found = json.find("registration"); found != json.end()) {
    const Json& r = *found;
    observation.registration = scene::Registration{r.at(0), {r.at(1)}, r.at(2), r.at(3)};
  }
  return observation;
}

template <typename Item>
Json list_json(const std::vector<Item>& items) {
  Json list = Json::array();
  for (const Item& item : items) list.push_back(to_json(item));
  return list;
}

std::vector<StoredImage> images_from(const Json& list) {
  std::vector<StoredImage> images;
  for (const Json& image : list) images.push_back(image_from(image));
  return images;
}

}  // namespace

std::string scene_name(const std::string& part) { return part + ".scene"; }

Result<std::unique_ptr<SceneWriter>> SceneWriter::create(const std::string& part,
                                                         const PartContext& context,
                                                         const scene::OwnedBlocks& blocks) {
  auto writer = LIDO_TRY(create_watched(context.store, scene_name(part), context.heartbeat));
  auto session = LIDO_TRY(context.detector->open_session());
  std::optional<scene::PoseSession> poses;
  if (context.poses != nullptr) poses = LIDO_TRY(context.poses->open_session());
  return std::unique_ptr<SceneWriter>(
      new SceneWriter(std::move(writer), context, std::move(session), std::move(poses), blocks));
}

SceneWriter::SceneWriter(std::unique_ptr<storage::Writer> writer, const PartContext& context,
                         scene::DetectorSession session, std::optional<scene::PoseSession> poses,
                         const scene::OwnedBlocks& blocks)
    : writer_(std::move(writer)),
      detector_(*context.detector),
      sampling_(context.sampling),
      observer_(
          detector_, std::move(session), blocks,
          [this](const media::Frame& frame, std::span<const scene::Observation> recent) {
            return cut_people(frame, recent);
          },
          std::move(poses)) {
  if (!sampling_.kinds().moving) return;
  observer_.set_block_sink(
      [this](std::span<const media::Frame> frames, std::span<const scene::Observation> block) {
        return cut_moving(frames, block);
      });
}

Result<void> SceneWriter::add(int64_t first_k, int64_t end_k, bool after_cut,
                              const media::Frame& frame) {
  const auto [width, height] = media::upright_size(frame);
  record_.width = width;
  record_.height = height;
  return observer_.push(first_k, end_k, after_cut, frame);
}

Result<StoredImage> SceneWriter::store(int64_t k, const media::Image& image) {
  const std::string jpeg = LIDO_TRY(encoder_.encode(image, sampling_.quality));
  StoredImage stored{.k = k, .offset = written_, .length = std::ssize(jpeg)};
  LIDO_TRY(writer_->append(jpeg));
  written_ += stored.length;
  return stored;
}

Result<void> SceneWriter::cut_out(const media::Frame& frame, int64_t k, const Box& box) {
  const auto geometry = cutout_geometry(box, sampling_.person_size);
  StoredImage cutout = LIDO_TRY(store(k, converter_.convert(frame, geometry)));
  cutout.box = box;
  cutout.geometry = geometry;
  cutout.pts = frame.pts;
  record_.cutouts.push_back(cutout);
  return {};
}

/// Adds the whole frame, once for each sampling time that may be the middle of a window.
Result<void> SceneWriter::add_context(const media::Frame& frame, int64_t k) {
  // A window shows its context at its middle frame. Windows at the ends of tracks start anywhere.
  const auto [window, stride] = sampling_.windows;
  const bool may_be_middle =
      stride <= window || (k >= window / 2 && (k - window / 2) % stride == 0);
  if (!may_be_middle || context_k_.contains(k)) return {};
  context_k_.insert(k);
  const auto geometry = media::shrunk_geometry(frame, kContextSide);
  StoredImage context = LIDO_TRY(store(k, converter_.convert(frame, geometry)));
  const auto [width, height] = media::upright_size(frame);
  context.box = {0, 0, double(width), double(height)};
  context.geometry = geometry;
  context.pts = frame.pts;
  record_.contexts.push_back(context);
  return {};
}

Result<void> SceneWriter::cut_people(const media::Frame& frame,
                                     std::span<const scene::Observation> recent) {
  if (!sampling_.kinds().tracked_people) return {};
  const int64_t k = recent.back().k;
  const auto boxes = scene::cutouts(recent, detector_, sampling_.max_track_gap());
  for (const Box& box : boxes) LIDO_TRY(cut_out(frame, k, box));
  return boxes.empty() ? Result<void>() : add_context(frame, k);
}

Result<void> SceneWriter::cut_moving(std::span<const media::Frame> frames,
                                     std::span<const scene::Observation> block) {
  const auto boxes = scene::moving_cutouts(block);
  for (size_t i = 0; i < boxes.size(); ++i) {
    for (const Box& box : boxes[i]) LIDO_TRY(cut_out(frames[i], block[i].k, box));
    if (!boxes[i].empty()) LIDO_TRY(add_context(frames[i], block[i].k));
  }
  return {};
}

Result<void> SceneWriter::commit() {
  LIDO_TRY(observer_.finish());
  record_.observations = observer_.take_observations();
  for (const scene::Thumbnail& thumbnail : observer_.take_thumbnails())
    record_.thumbnails.push_back(LIDO_TRY(store(thumbnail.k, thumbnail.image)));
  return commit_scene(*writer_, record_);
}

Result<void> commit_scene(storage::Writer& writer, const SceneRecord& record) {
  const Json json = {{"width", record.width},
                     {"height", record.height},
                     {"observations", list_json(record.observations)},
                     {"cutouts", list_json(record.cutouts)},
                     {"contexts", list_json(record.contexts)},
                     {"thumbnails", list_json(record.thumbnails)}};
  std::string bytes;
  Json::to_cbor(json, nlohmann::detail::output_adapter<char>(bytes));
  return commit_with_record(writer, bytes);
}

Result<SceneRecord> read_scene(storage::Store& store, const std::string& name) {
  const auto reader = LIDO_TRY(store.open(name));
  const auto found = LIDO_TRY(read_record(*reader));
  const auto changed = [&] { return fail(ErrorCode::kCorrupt, "{}: {}", name, kChangedOnDisk); };
  if (!found) return changed();
  const Json json = Json::from_cbor(found->record, true, false);
  if (json.is_discarded()) return changed();
  try {
    SceneRecord record{.width = json.at("width"), .height = json.at("height")};
    for (const Json& one : json.at("observations"))
      record.observations.push_back(observation_from(one));
    record.cutouts = images_from(json.at("cutouts"));
    record.contexts = images_from(json.at("contexts"));
    record.thumbnails = images_from(json.at("thumbnails"));
    return record;
  } catch (const Json::exception&) {
    return changed();
  }
}

}  // namespace lido::part
