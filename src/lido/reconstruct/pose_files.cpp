// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/pose_files.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "lido/dataset/scene_tables.h"
#include "lido/dataset/table.h"
#include "lido/dataset/truth_tables.h"
#include "lido/reconstruct/pose_tables.h"
#include "lido/storage/store.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;
using nlohmann::json;

constexpr double kHiddenFactor = 2;

/// Reader of one COCO file.
class CocoFile {
 public:
  CocoFile(const std::string& file, const Camera& camera, size_t camera_index, double sigma_px)
      : file_(file), camera_(camera), index_(camera_index), sigma_px_(sigma_px) {}

  Result<std::vector<PoseFrame>> read(const json& root) {
    if (!root.is_object() || !root.contains("images") || !root["images"].is_array() ||
        !root.contains("annotations") || !root["annotations"].is_array())
      return refuse("a COCO file with lists `images` and `annotations`");
    for (const json& image : root["images"]) LIDO_TRY(add_image(image));
    for (const json& person : root["annotations"]) LIDO_TRY(add_person(person));
    std::vector<PoseFrame> frames;
    for (auto& [id, frame] : frames_) frames.push_back(std::move(frame));
    std::ranges::stable_sort(frames, {}, &PoseFrame::time_s);
    return frames;
  }

 private:
  std::unexpected<Error> refuse(std::string_view wanted) const {
    return fail(ErrorCode::kInvalidArgument, "{}: want {}", file_, wanted);
  }

  static std::optional<double> number(const json& from, const char* key) {
    const auto found = from.find(key);
    if (found == from.end() || !found->is_number()) return std::nullopt;
    const auto value = found->get<double>();
    return std::isfinite(value) ? std::optional(value) : std::nullopt;
  }

  Result<void> add_image(const json& image) {
    const auto id = image.is_object() ? number(image, "id") : std::nullopt;
    if (!id) return refuse("images with a number `id`");
    const double reading_s = number(image, "date_captured_s").value_or(*id / camera_.fps);
    if (!(std::abs(reading_s) < kMaxTime_s))
      return fail(ErrorCode::kInvalidArgument, "{}: a frame is at {:g} s, want less than {:g} s",
                  file_, reading_s, kMaxTime_s);
    frames_[*id].time_s = common_time(camera_.clock, reading_s);
    return {};
  }

  Result<void> add_person(const json& person) {
    const auto image = person.is_object() ? number(person, "image_id") : std::nullopt;
    const auto frame = image ? frames_.find(*image) : frames_.end();
    if (frame == frames_.end()) return refuse("annotations whose `image_id` is that of an image");
    const auto points = person.find("keypoints");
    if (points == person.end() || !points->is_array() || points->size() != 3 * kJoints)
      return refuse("annotations with `keypoints`: 17 times x, y, visibility");
    PersonView view{.camera = index_};
    for (size_t i = 0; i < kJoints; ++i) {
      const json &x = (*points)[3 * i], &y = (*points)[3 * i + 1], &v = (*points)[3 * i + 2];
      if (!x.is_number() || !y.is_number() || !v.is_number())
        return refuse("annotations with `keypoints`: 17 times x, y, visibility");
      const Eigen::Vector2d pixel(x.get<double>(), y.get<double>());
      // Some programs write a score of 0 to 1 for the visibility.
      const auto seen = v.get<double>();
      if (!(seen > 0) || !pixel.allFinite()) continue;
      view.keypoints[i] = {pixel, seen == 1 ? kHiddenFactor * sigma_px_ : sigma_px_};
    }
    frame->second.people.push_back(view);
    return {};
  }

  const std::string& file_;
  const Camera& camera_;
  size_t index_;
  double sigma_px_;
  std::map<double, PoseFrame> frames_;
};

/// Frames of a simulated camera, from the table of its truth.
Result<std::vector<PoseFrame>> read_truth(storage::Store& store, const std::string& name,
                                          const Camera& camera, size_t camera_index,
                                          double sigma_px) {
  std::vector<PoseFrame> frames;
  const auto visit = [&](dataset::SeenRow& row) -> Result<void> {
    if (row.through_waves.size() != 2 * kJoints || row.visibility.size() != kJoints)
      return fail(ErrorCode::kCorrupt, "{}: a row has {} keypoints, want {}", name,
                  row.visibility.size(), kJoints);
    if (!(std::abs(row.clock_s) < kMaxTime_s))
      return fail(ErrorCode::kCorrupt, "{}: a row's clock_s is {}, want seconds", name,
                  row.clock_s);
    const double time_s = common_time(camera.clock, row.clock_s);
    if (frames.empty() || frames.back().time_s != time_s) frames.push_back({.time_s = time_s});
    PersonView view{.camera = camera_index};
    for (size_t i = 0; i < kJoints; ++i) {
      const Eigen::Vector2d pixel(row.through_waves[2 * i], row.through_waves[2 * i + 1]);
      if (row.visibility[i] <= 0 || !pixel.allFinite()) continue;
      view.keypoints[i] = {pixel, row.visibility[i] == 1 ? kHiddenFactor * sigma_px : sigma_px};
    }
    frames.back().people.push_back(view);
    return {};
  };
  LIDO_TRY(dataset::visit_table<dataset::SeenRow>(store, name, visit));
  return frames;
}

/// Frames of one camera from the first of its files. Nothing without any.
Result<std::optional<std::vector<PoseFrame>>> read_camera(storage::Store& store,
                                                          const Camera& camera, size_t index,
                                                          const KeypointOptions& options) {
  const std::string truth = "truth/" + camera.name + ".parquet";
  if (LIDO_TRY(store.exists(truth)))
    return LIDO_TRY(read_truth(store, truth, camera, index, options.sigma_px));
  const std::string table = dataset::scene_table<dataset::PoseRow>(camera.name);
  if (LIDO_TRY(store.exists(table)))
    return LIDO_TRY(read_clip_poses(store, table, camera, index, options));
  for (const std::string& file : {camera.name + ".json", "coco/" + camera.name + ".json"}) {
    if (!LIDO_TRY(store.exists(file))) continue;
    return LIDO_TRY(read_coco(LIDO_TRY(store.read_text(file)), store.uri() + "/" + file, camera,
                              index, options.sigma_px));
  }
  return std::nullopt;
}

}  // namespace

double common_time(const geometry::CameraClock& clock, double reading_s) {
  return (reading_s - clock.offset_s) / (1 + clock.drift_ppm / 1e6);
}

Result<std::vector<PoseFrame>> read_coco(std::string_view text, const std::string& file,
                                         const Camera& camera, size_t camera_index,
                                         double sigma_px) {
  const json root = json::parse(text, nullptr, false);
  return CocoFile(file, camera, camera_index, sigma_px).read(root);
}

Result<CameraFrames> read_poses(const std::string& folder, const geometry::Site& site,
                                const KeypointOptions& options) {
  LIDO_TRY(validate(options));
  const auto store = LIDO_TRY(storage::open_store(folder));
  if (LIDO_TRY(store->exists("lido.json")))
    return read_dataset_poses(LIDO_TRY(dataset::Dataset::open(folder)), site, options);
  CameraFrames out(site.cameras.size());
  std::vector<std::string> names;
  bool any = false;
  for (size_t i = 0; i < site.cameras.size(); ++i) {
    names.push_back(site.cameras[i].name);
    auto frames = LIDO_TRY(read_camera(*store, site.cameras[i], i, options));
    any = any || frames;
    if (frames) out[i] = std::move(*frames);
  }
  if (any) return out;
  return fail(ErrorCode::kNotFound,
              "{}: no keypoints of the site's cameras, want a dataset with poses, or "
              "NAME/poses.parquet, NAME.json of COCO's format or truth/NAME.parquet for {}",
              folder, fmt::join(names, ", "));
}

}  // namespace lido::reconstruct
