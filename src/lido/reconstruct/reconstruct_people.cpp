// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/reconstruct_people.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "lido/base/counted.h"
#include "lido/dataset/people_tables.h"
#include "lido/dataset/table.h"
#include "lido/storage/output_folder.h"

namespace lido::reconstruct {
namespace {

/// Frames of all cameras, in step.
class Moments {
 public:
  Moments(std::vector<std::vector<PoseFrame>> frames, std::span<const geometry::Camera> cameras,
          const ReconstructOptions& options)
      : frames_(std::move(frames)),
        next_(frames_.size(), 0),
        noise_(0, options.noise_px),
        engine_(static_cast<uint64_t>(options.noise_seed)),
        noisy_(options.noise_px > 0) {
    for (const geometry::Camera& one : cameras) {
      // The frame nearest to a moment, and no other.
      windows_.push_back(0.5 / std::max(one.fps, options.rate_hz) + 1e-9);
    }
    first_s_ = std::numeric_limits<double>::infinity();
    last_s_ = -first_s_;
    for (const auto& camera : frames_) {
      if (camera.empty()) continue;
      first_s_ = std::min(first_s_, camera.front().time_s);
      last_s_ = std::max(last_s_, camera.back().time_s);
    }
  }

  double first_s() const { return first_s_; }
  double last_s() const { return last_s_; }

  /// Views at a time; times ascend from call to call.
  std::vector<PersonView> at(double time_s) {
    std::vector<PersonView> out;
    for (size_t i = 0; i < frames_.size(); ++i) {
      const auto& frames = frames_[i];
      size_t& next = next_[i];
      const auto distance = [&](size_t frame) { return std::abs(frames[frame].time_s - time_s); };
      while (next + 1 < frames.size() && distance(next + 1) <= distance(next)) ++next;
      // A frame of a camera that is slower than the moments counts once.
      if (next >= frames.size() || distance(next) > windows_[i]) continue;
      for (PersonView view : frames[next].people) {
        if (noisy_) disturb(view);
        out.push_back(view);
      }
    }
    return out;
  }

 private:
  void disturb(PersonView& view) {
    for (Keypoint& one : view.keypoints) {
      if (one.is_seen()) one.pixel += Eigen::Vector2d(noise_(engine_), noise_(engine_));
    }
  }

  std::vector<std::vector<PoseFrame>> frames_;
  std::vector<size_t> next_;
  std::vector<double> windows_;
  double first_s_ = 0, last_s_ = 0;
  std::normal_distribution<> noise_;
  std::mt19937_64 engine_;
  bool noisy_;
};

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

Result<ReconstructSummary> reconstruct_people(const geometry::Site& site, const std::string& poses,
                                              const std::string& out,
                                              const ReconstructOptions& options,
                                              const std::stop_token& stop) {
  LIDO_TRY(validate(options));
  auto folder = LIDO_TRY(
      storage::OutputFolder::open(out, "lido reconstruct", {"tracks3d.parquet", "person_*.trc"}));
  auto frames = LIDO_TRY(read_poses(poses, site.cameras, options.sigma_px));
  ReconstructSummary summary;
  summary.cameras = std::ranges::count_if(frames, [](const auto& one) { return !one.empty(); });
  if (summary.cameras < 2)
    return fail(ErrorCode::kDegenerate, "{}: {} with keypoints, want two or more", poses,
                counted(summary.cameras, "camera"));
  Moments moments(std::move(frames), site.cameras, options);
  PeopleTracker tracker(site.cameras, space_of(site.pool), options.tracking);
  LIDO_TRY(folder.begin());
  auto table =
      LIDO_TRY(dataset::TableWriter<dataset::JointRow>::create(folder.store(), "tracks3d.parquet"));
  std::map<int64_t, TrcText> people;
  for (; moments.first_s() + static_cast<double>(summary.moments) / options.rate_hz <=
         moments.last_s() + 1e-9;
       ++summary.moments) {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
    const double time_s =
        moments.first_s() + static_cast<double>(summary.moments) / options.rate_hz;
    for (const TrackedPerson& person : tracker.push(time_s, moments.at(time_s))) {
      people[person.id].add(summary.moments, time_s, person.joints);
      for (size_t joint = 0; joint < kJoints; ++joint) {
        if (!person.joints[joint].is_found()) continue;
        auto row = row_of(person, joint, time_s, site.cameras);
        summary.under_water += row.under_water ? 1 : 0;
        ++summary.joints;
        LIDO_TRY(table.append(std::move(row)));
      }
    }
  }
  LIDO_TRY(table.commit());
  for (const auto& [id, trc] : people) {
    const std::string name = fmt::format("person_{}.trc", id);
    LIDO_TRY(folder.store().write_text(name, trc.finish(name, options.rate_hz)));
  }
  summary.people = static_cast<int64_t>(people.size());
  return summary;
}

}  // namespace lido::reconstruct
