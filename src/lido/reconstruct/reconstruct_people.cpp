// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/reconstruct_people.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "lido/base/counted.h"
#include "lido/dataset/people_tables.h"
#include "lido/dataset/table.h"
#include "lido/reconstruct/c3d.h"
#include "lido/reconstruct/moments.h"
#include "lido/reconstruct/scene_glb.h"
#include "lido/storage/output_folder.h"

namespace lido::reconstruct {
namespace {

/// Adds Gaussian noise to keypoints.
void disturb(CameraFrames& frames, double noise_px, int64_t seed) {
  if (!(noise_px > 0)) return;
  std::mt19937_64 engine(static_cast<uint64_t>(seed));
  std::normal_distribution<> noise(0, noise_px);
  for (auto& camera : frames) {
    for (PoseFrame& frame : camera) {
      for (PersonView& view : frame.people) {
        for (MeasuredKeypoint& one : view.keypoints) {
          if (one.is_seen()) one.pixel += Eigen::Vector2d(noise(engine), noise(engine));
        }
      }
    }
  }
}

dataset::JointRow row_of(const TrackedPerson& person, size_t joint, double time_s,
                         std::span<const geometry::Camera> cameras) {
  const Joint& one = person.joints[joint];
  const Eigen::Matrix3d& c = one.covariance;
  dataset::JointRow row{.time_s = time_s,
                        .person = person.id,
                        .joint = std::string(kJointNames[joint]),
                        .x_m = one.point_in_world.x(),
                        .y_m = one.point_in_world.y(),
                        .z_m = one.point_in_world.z(),
                        .covariance_m2 = {c(0, 0), c(0, 1), c(0, 2), c(1, 1), c(1, 2), c(2, 2)},
                        .under_water = one.point_in_world.z() < 0,
                        .depth_m = std::max(0.0, -one.point_in_world.z())};
  for (const size_t camera : one.cameras) row.cameras.push_back(cameras[camera].name);
  return row;
}

/// Text of a TRC file of one person, as OpenSim reads it.
class TrcText {
 public:
  void add(int64_t moment, double time_s, const std::array<Joint, kJoints>& joints) {
    if (rows_ == 0) first_ = moment;
    // Moments without the person are rows of NaN, so that the rate stays.
    for (; next_ < moment && rows_ > 0; ++next_) add_row(next_, NAN, nullptr);
    add_row(moment, time_s, &joints);
    next_ = moment + 1;
  }

  std::string finish(const std::string& name, double rate_hz) const {
    std::string text = fmt::format(
        "PathFileType\t4\t(X/Y/Z)\t{}\n"
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\t"
        "OrigNumFrames\n{:g}\t{:g}\t{}\t{}\tm\t{:g}\t1\t{}\nFrame#\tTime",
        name, rate_hz, rate_hz, rows_, kJoints, rate_hz, rows_);
    for (const std::string_view joint : kJointNames) text += fmt::format("\t{}\t\t", joint);
    text += "\n\t";
    for (size_t i = 1; i <= kJoints; ++i) text += fmt::format("\tX{}\tY{}\tZ{}", i, i, i);
    return text + "\n\n" + body(rate_hz);
  }

 private:
  struct Row {
    int64_t moment;
    double time_s;
    std::string cells;
  };

  void add_row(int64_t moment, double time_s, const std::array<Joint, kJoints>* joints) {
    std::string cells;
    for (size_t i = 0; i < kJoints; ++i) {
      if (joints == nullptr || !(*joints)[i].is_found()) {
        cells += "\tNaN\tNaN\tNaN";
        continue;
      }
      // OpenSim's y points up.
      const geometry::Vector3& p = (*joints)[i].point_in_world;
      cells += fmt::format("\t{:.4f}\t{:.4f}\t{:.4f}", p.x(), p.z(), -p.y());
    }
    all_.push_back({moment, time_s, std::move(cells)});
    ++rows_;
  }

  std::string body(double rate_hz) const {
    std::string text;
    const double start_s = all_.empty() ? 0 : all_.front().time_s;
    for (const Row& row : all_)
      text += fmt::format("{}\t{:.4f}{}\n", row.moment - first_ + 1,
                          start_s + static_cast<double>(row.moment - first_) / rate_hz, row.cells);
    return text;
  }

  int64_t first_ = 0, next_ = 0, rows_ = 0;
  std::vector<Row> all_;
};

}  // namespace

Result<ReconstructSummary> reconstruct_people(
    const geometry::Site& site, const std::string& poses, const std::string& out,
    const ReconstructOptions& options, const std::stop_token& stop,
    const std::function<void(int64_t, int64_t)>& on_moment) {
  LIDO_TRY(validate(options));
  auto folder = LIDO_TRY(storage::OutputFolder::open(
      out, "lido reconstruct",
      {"tracks3d.parquet", "scene.glb", "person_*.trc", "person_*.c3d", "draw/*.mp4"}));
  auto frames = LIDO_TRY(read_poses(poses, site, options.keypoints));
  ReconstructSummary summary;
  summary.cameras = std::ranges::count_if(frames, [](const auto& one) { return !one.empty(); });
  if (summary.cameras < 2)
    return fail(ErrorCode::kDegenerate, "{}: {} with keypoints, want two or more", poses,
                counted(summary.cameras, "camera"));
  disturb(frames, options.noise_px, options.noise_seed);
  Moments moments(std::move(frames), site.cameras, options.rate_hz);
  PeopleTracker tracker(site.cameras, space_of(site.pool), options.tracking, site.pool);
  LIDO_TRY(folder.begin());
  auto table =
      LIDO_TRY(dataset::TableWriter<dataset::JointRow>::create(folder.store(), "tracks3d.parquet"));
  struct MotionFiles {
    TrcText trc;
    C3dFile c3d;
  };
  std::map<int64_t, MotionFiles> people;
  SceneGlb scene;
  summary.moments = moments.count();
  summary.first_s = moments.time_s(0);
  for (int64_t moment = 0; moment < summary.moments; moment = moments.after(moment)) {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
    on_moment(moment, summary.moments);
    const double time_s = moments.time_s(moment);
    for (const TrackedPerson& person : tracker.push(time_s, moments.at(moment))) {
      people[person.id].trc.add(moment, time_s, person.joints);
      people[person.id].c3d.add(moment, person.joints);
      scene.add(person.id, moment, person.joints);
      for (size_t joint = 0; joint < kJoints; ++joint) {
        if (!person.joints[joint].is_found()) continue;
        auto row = row_of(person, joint, time_s, site.cameras);
        summary.under_water += row.under_water ? 1 : 0;
        summary.one_camera += row.cameras.size() == 1 ? 1 : 0;
        ++summary.joints;
        LIDO_TRY(table.append(std::move(row)));
      }
    }
  }
  LIDO_TRY(table.commit());
  for (const auto& [id, files] : people) {
    const std::string name = fmt::format("person_{}", id);
    LIDO_TRY(
        folder.store().write_text(name + ".trc", files.trc.finish(name + ".trc", options.rate_hz)));
    LIDO_TRY(folder.store().write_text(name + ".c3d", files.c3d.finish(options.rate_hz)));
  }
  LIDO_TRY(folder.store().write_text("scene.glb", LIDO_TRY(scene.finish(site, options.rate_hz))));
  summary.people = static_cast<int64_t>(people.size());
  summary.left_out = tracker.left_out();
  return summary;
}

}  // namespace lido::reconstruct
