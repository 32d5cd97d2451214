// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/pose_tables.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "lido/base/counted.h"

namespace lido::reconstruct {
namespace {

using geometry::Camera;

/// A clip of one of the site's cameras.
struct CameraClip {
  size_t camera = 0;
  double start_s = 0;  ///< Reading of the camera's clock at the clip's first frame.
  std::map<int64_t, PoseFrame> frames;  ///< By sampling index.
};

/// Joint of each keypoint of a network; kJoints for those that COCO lacks.
Result<std::vector<size_t>> joints_of(const std::string& names, const std::string& table) {
  std::vector<size_t> joints;
  size_t known = 0;
  for (size_t begin = 0; begin <= names.size();) {
    const size_t end = std::min(names.find(',', begin), names.size());
    const auto found =
        std::ranges::find(kJointNames, std::string_view(names).substr(begin, end - begin));
    joints.push_back(static_cast<size_t>(found - kJointNames.begin()));
    known += joints.back() < kJoints ? 1 : 0;
    begin = end + 1;
  }
  constexpr size_t kMinKnown = 4;
  if (known < kMinKnown)
    return fail(ErrorCode::kInvalidArgument,
                "{}: its keypoints are \"{}\", want 4 of COCO's or more, such as left_shoulder",
                table, names);
  return joints;
}

/// Turns rows of one table into views.
class RowReader {
 public:
  RowReader(std::string table, const KeypointOptions& options)
      : table_(std::move(table)), options_(options) {}

  Result<PersonView> view_of(const dataset::PoseRow& row, size_t camera) {
    auto known = joints_.find(row.names);
    if (known == joints_.end())
      known = joints_.emplace(row.names, LIDO_TRY(joints_of(row.names, table_))).first;
    const std::vector<size_t>& joints = known->second;
    if (row.keypoints.size() != 3 * joints.size())
      return fail(ErrorCode::kCorrupt, "{}: a row has {} numbers for {}, want 3 of each", table_,
                  row.keypoints.size(), counted(std::ssize(joints), "keypoint"));
    if (!(std::abs(row.time_s) < kMaxTime_s))
      return fail(ErrorCode::kCorrupt, "{}: a row's time_s is {}, want seconds in the clip", table_,
                  row.time_s);
    const double side_px = std::max(row.width, row.height);
    const double sigma_px = std::hypot(options_.sigma_px, options_.sigma_share * side_px);
    PersonView view{.camera = camera, .track = std::max<int64_t>(row.track, 0)};
    if (!std::isfinite(sigma_px)) return view;
    for (size_t i = 0; i < joints.size(); ++i) {
      const Eigen::Vector2d pixel(row.keypoints[3 * i], row.keypoints[3 * i + 1]);
      const double score = row.keypoints[3 * i + 2];
      if (joints[i] == kJoints || !(score >= options_.min_score) || !pixel.allFinite()) continue;
      view.keypoints[joints[i]] = {pixel, sigma_px};
    }
    return view;
  }

 private:
  std::string table_;
  const KeypointOptions& options_;
  std::map<std::string, std::vector<size_t>> joints_;
};

/// Index of a clip's camera; nothing for one that the site lacks.
std::optional<size_t> camera_of(const dataset::ClipRow& clip, const geometry::Site& site) {
  const std::string name =
      clip.camera.empty() ? std::filesystem::path(clip.clip).stem().string() : clip.camera;
  const auto found = std::ranges::find(site.cameras, name, &Camera::name);
  if (found == site.cameras.end()) return std::nullopt;
  return static_cast<size_t>(found - site.cameras.begin());
}

/// Clips of the site's cameras, from the table of clips.
class CameraClips {
 public:
  CameraClips(const dataset::Dataset& dataset, const geometry::Site& site)
      : uri_(dataset.store().uri()), site_(site) {}

  Result<void> add(const dataset::ClipRow& row) {
    const auto camera = camera_of(row, site_);
    if (!camera) {
      if (!row.camera.empty()) others_.insert(row.camera);
      return {};
    }
    sites_.insert(row.site);
    rows_.push_back({*camera, row});
    return {};
  }

  /// The clips by their name, with readings of their cameras' clocks.
  Result<std::map<std::string, CameraClip>> finish() {
    LIDO_TRY(keep_site());
    if (rows_.empty()) return refuse_none();
    LIDO_TRY(check_sizes());
    const bool timed = LIDO_TRY(have_times());
    const auto earliest =
        std::ranges::min(rows_, {}, [](const Row& one) { return one.clip.start_utc; });
    std::map<std::string, CameraClip> out;
    for (const Row& one : rows_) {
      CameraClip clip{.camera = one.camera};
      if (timed) {
        const auto reference = dataset::parse_utc(site_.cameras[one.camera].clock.reference);
        const int64_t zero_us = reference ? reference->us : earliest.clip.start_utc->us;
        clip.start_s = static_cast<double>(one.clip.start_utc->us - zero_us) / 1e6;
      }
      out.emplace(one.clip.clip, std::move(clip));
    }
    return out;
  }

  /// Whether all clips are of the simulator's site. Call after finish().
  bool is_simulated() const {
    return std::ranges::all_of(rows_, [](const Row& one) { return one.clip.site == "simulated"; });
  }

 private:
  struct Row {
    size_t camera;
    dataset::ClipRow clip;
  };

  const Camera& camera(const Row& row) const { return site_.cameras[row.camera]; }

  /// Leaves out clips of other sites.
  Result<void> keep_site() {
    if (sites_.size() < 2) return {};
    if (!sites_.contains(site_.use.name))
      return fail(ErrorCode::kInvalidArgument,
                  "{}: its clips are of the sites \"{}\", want one of them as `name` of the "
                  "site.yaml, which has \"{}\"",
                  uri_, fmt::join(sites_, "\", \""), site_.use.name);
    std::erase_if(rows_, [&](const Row& one) { return one.clip.site != site_.use.name; });
    return {};
  }

  std::unexpected<Error> refuse_none() const {
    std::vector<std::string> names;
    for (const Camera& one : site_.cameras) names.push_back(one.name);
    return fail(ErrorCode::kNotFound,
                "{}: no clip of the site's cameras {}, want their names as `camera` in the list of "
                "clips, or as names of the files{}",
                uri_, fmt::join(names, ", "),
                others_.empty() ? "" : fmt::format("; it has {}", fmt::join(others_, ", ")));
  }

  /// Lenses and poses are those of one size of images.
  Result<void> check_sizes() const {
    for (const Row& one : rows_) {
      const auto stored = std::minmax(one.clip.width, one.clip.height);
      const auto wanted = std::minmax(camera(one).width, camera(one).height);
      if (stored != wanted)
        return fail(ErrorCode::kInvalidArgument,
                    "{}: has {}x{} pixels, want {}x{} as camera {} of the site has", one.clip.clip,
                    one.clip.width, one.clip.height, camera(one).width, camera(one).height,
                    camera(one).name);
    }
    return {};
  }

  /// Whether clips have times on the wall clock; without, each camera has one clip.
  Result<bool> have_times() const {
    const Row* with = nullptr;
    const Row* without = nullptr;
    std::map<size_t, const Row*> of_camera;
    bool several = false, timed_reference = false, other_reference = false;
    for (const Row& one : rows_) {
      (one.clip.start_utc ? with : without) = &one;
      several = several || !of_camera.emplace(one.camera, &one).second;
      const bool is_time = dataset::parse_utc(camera(one).clock.reference).has_value();
      (is_time ? timed_reference : other_reference) = true;
    }
    if (with != nullptr && timed_reference && other_reference)
      return fail(ErrorCode::kInvalidArgument,
                  "the clocks of some cameras of the site have a time as reference, want that for "
                  "all or none");
    if (without == nullptr) return true;
    if (with == nullptr && !several) return false;
    return fail(ErrorCode::kInvalidArgument,
                "{}: no start_utc in the list of clips, want it for all clips when {}",
                without->clip.clip, with != nullptr ? "one has it" : "a camera has several");
  }

  std::string uri_;
  const geometry::Site& site_;
  std::vector<Row> rows_;
  std::set<std::string> sites_, others_;
};

void sort_by_time(std::vector<PoseFrame>& frames) {
  std::ranges::stable_sort(frames, {}, &PoseFrame::time_s);
}

}  // namespace

Result<CameraFrames> read_dataset_poses(const dataset::Dataset& dataset, const geometry::Site& site,
                                        const KeypointOptions& options) {
  LIDO_TRY(validate(options));
  const dataset::Generation latest = LIDO_TRY(dataset.read_latest());
  CameraClips all(dataset, site);
  LIDO_TRY(dataset.visit<dataset::ClipRow>(latest.number,
                                           [&](dataset::ClipRow& row) { return all.add(row); }));
  auto clips = LIDO_TRY(all.finish());
  bool any = false;
  for (const std::string& folder : latest.scenes) {
    const std::string table = dataset::scene_table<dataset::PoseRow>(folder);
    if (!LIDO_TRY(dataset.store().exists(table))) continue;
    any = true;
    RowReader reader(dataset.store().uri() + "/" + table, options);
    const auto visit = [&](dataset::PoseRow& row) -> Result<void> {
      const auto clip = clips.find(row.clip);
      if (clip == clips.end()) return {};
      CameraClip& of = clip->second;
      PersonView view = LIDO_TRY(reader.view_of(row, of.camera));
      PoseFrame& frame = of.frames[row.k];
      frame.time_s = common_time(site.cameras[of.camera].clock, of.start_s + row.time_s);
      frame.people.push_back(std::move(view));
      return {};
    };
    LIDO_TRY(dataset::visit_table<dataset::PoseRow>(dataset.store(), table, visit));
  }
  if (!any)
    return fail(ErrorCode::kNotFound,
                "{}: a dataset without poses, want one that was made with --poses",
                dataset.store().uri());
  CameraFrames out(site.cameras.size());
  for (auto& [name, clip] : clips) {
    for (auto& [k, frame] : clip.frames) out[clip.camera].push_back(std::move(frame));
  }
  for (auto& frames : out) sort_by_time(frames);
  return out;
}

Result<PoseClips> find_dataset_clips(const dataset::Dataset& dataset, const geometry::Site& site) {
  const dataset::Generation latest = LIDO_TRY(dataset.read_latest());
  CameraClips all(dataset, site);
  LIDO_TRY(dataset.visit<dataset::ClipRow>(latest.number,
                                           [&](dataset::ClipRow& row) { return all.add(row); }));
  PoseClips out;
  for (const auto& [name, clip] : LIDO_TRY(all.finish()))
    out.clips.push_back({clip.camera, name, clip.start_s});
  out.is_simulated = all.is_simulated();
  return out;
}

Result<std::vector<PoseFrame>> read_clip_poses(storage::Store& store, const std::string& name,
                                               const Camera& camera, size_t camera_index,
                                               const KeypointOptions& options) {
  std::map<int64_t, PoseFrame> by_k;
  std::optional<std::string> clip;
  RowReader reader(store.uri() + "/" + name, options);
  const auto visit = [&](dataset::PoseRow& row) -> Result<void> {
    if (clip.value_or(row.clip) != row.clip)
      return fail(ErrorCode::kInvalidArgument, "{}/{}: poses of {} and {}, want those of one clip",
                  store.uri(), name, *clip, row.clip);
    clip = row.clip;
    PersonView view = LIDO_TRY(reader.view_of(row, camera_index));
    PoseFrame& frame = by_k[row.k];
    frame.time_s = common_time(camera.clock, row.time_s);
    frame.people.push_back(std::move(view));
    return {};
  };
  LIDO_TRY(dataset::visit_table<dataset::PoseRow>(store, name, visit));
  std::vector<PoseFrame> frames;
  for (auto& [k, frame] : by_k) frames.push_back(std::move(frame));
  sort_by_time(frames);
  return frames;
}

}  // namespace lido::reconstruct
