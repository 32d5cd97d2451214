// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "lido/dataset/dataset.h"
#include "lido/dataset/scenes.h"

namespace lido::dataset {

/// Decides which rows of a dataset's tables records of forgotten.json remove.
///
/// A row goes by the PTS of its frame where a sample has it. Elsewhere the frame's PTS is assumed
/// as early as it may be, so that no frame of a stretch stays. Not thread-safe.
class Removal {
 public:
  /// Reads the clips and frame times that the decisions need.
  /// @param generation  Number of the generation whose rows will be asked for.
  static Result<Removal> make(const Dataset& dataset, int generation,
                              std::vector<Forgotten> records);

  const std::vector<Forgotten>& records() const { return records_; }
  /// Returns a sampling time in seconds after the clip's first frame.
  double seconds(int64_t k) const { return static_cast<double>(k) / fps_; }

  /// Returns positions of the records that remove a row; empty for a row that stays.
  std::vector<size_t> find(const SampleRow& row) const;
  /// Returns whether a record removes one frame of a sample. @param frame  Position in row.pts.
  bool holds_frame(const SampleRow& row, size_t frame) const;
  std::vector<size_t> find(const ObjectRow& row) const { return find_at(row.clip, row.k); }
  std::vector<size_t> find(const PoseRow& row) const { return find_at(row.clip, row.k); }
  std::vector<size_t> find(const MotionRow& row) const { return find_at(row.clip, row.k); }
  std::vector<size_t> find(const TrackRow& row) const {
    return find_between(row.clip, row.first_k, row.last_k);
  }
  std::vector<size_t> find(const QualityRow& row) const {
    return find_between(row.clip, row.first_k, row.end_k);
  }
  std::vector<size_t> find(const SceneView& view) const { return find_at(view.clip, view.k); }
  /// A plate goes with any footage of its clips: a median may show any of its frames.
  std::vector<size_t> find(const ScenePlate& plate) const;

 private:
  struct Clip {
    std::vector<size_t> records;      // positions in records_
    double tick_s = 1;                // time base
    int64_t start_pts = 0;            // PTS of the first frame
    double frame_s = 0;               // time for which a frame is on show, by the average rate
    std::map<int64_t, double> pts_s;  // PTS of the frames of samples that stay, by sampling index
  };

  Removal(std::vector<Forgotten> records, double fps, double max_gap_s);
  Result<void> read_clips(const Dataset& dataset, int generation);
  Result<void> read_frame_times(const Dataset& dataset, int generation);
  std::vector<size_t> find_at(const std::string& clip, int64_t k) const {
    return find_between(clip, k, k);
  }
  std::vector<size_t> find_between(const std::string& clip, int64_t first_k, int64_t last_k) const;
  /// Returns the earliest time that the PTS of a frame may be which no sample has, seconds.
  double earliest_pts_s(const Clip& clip, int64_t k) const;
  /// @param from_s, to_s  Earliest and latest time that the first frame's PTS may be.
  std::vector<size_t> find_from(const Clip& clip, double from_s, double to_s, int64_t last_k) const;

  std::vector<Forgotten> records_;
  std::map<std::string, Clip, std::less<>> clips_;
  double fps_;
  double max_gap_s_;
};

/// Calls visit(std::type_identity<Row>()) for each table of a scene folder. Removal, the search
/// after it and export go by this list: a new table of footage needs a line here and a find() in
/// Removal.
template <typename Visit>
Result<void> visit_scene_tables(const Visit& visit) {
  LIDO_TRY(visit(std::type_identity<ObjectRow>()));
  LIDO_TRY(visit(std::type_identity<TrackRow>()));
  LIDO_TRY(visit(std::type_identity<PoseRow>()));
  LIDO_TRY(visit(std::type_identity<MotionRow>()));
  LIDO_TRY(visit(std::type_identity<QualityRow>()));
  return {};
}

/// Whether a scene folder has a table. One that every folder has counts as present, so that its
/// loss is noticed by its reader.
template <typename Row>
Result<bool> has_scene_table(storage::Store& store, const std::string& folder) {
  // Ingests without a pose network leave no table of poses.
  if constexpr (std::is_same_v<Row, PoseRow>) return store.exists(scene_table<Row>(folder));
  return true;
}

}  // namespace lido::dataset
