// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lido/dataset/people_tables.h"
#include "lido/dataset/table_reader.h"
#include "lido/geometry/point.h"

namespace lido::report {

/// A joint that cameras found at a moment.
struct PlacedJoint {
  std::string name;                  ///< As in COCO.
  geometry::Vector3 point_in_world;  ///< Metres.
  Eigen::Matrix3d covariance;        ///< Square metres.
  std::vector<std::string> cameras;  ///< Names of the cameras that saw it.
  bool is_under_water() const { return point_in_world.z() < 0; }
  bool is_seen_by(const std::string& camera) const;
  /// Standard deviation in the direction in which it is largest, metres.
  double max_sigma_m() const;
};

/// A person at a moment: the joints that were found then, and no others.
struct PlacedPerson {
  int64_t id = 0;
  std::vector<PlacedJoint> joints;

  /// Middle of the trunk, or of all joints where none of the trunk was found.
  geometry::Vector3 middle() const;
  /// Depth of the head below the water, metres; 0 over it. Without a joint of the head: that of the
  /// shoulders; nothing without these.
  std::optional<double> head_depth_m() const;
};

/// A standard deviation from which a joint's place is marked as uncertain, metres.
inline constexpr double kUncertain_m = 0.1;

/// "3", or "3  0.6 m deep" where the head is under water by 5 cm or more.
std::string label_of(const PlacedPerson& person);

/// The moments of a reconstruction, at a constant rate.
struct Timing {
  double first_s = 0;  ///< Common time of moment 0.
  double rate_hz = 10;
  int64_t moments = 0;

  double time_s(int64_t moment) const { return first_s + static_cast<double>(moment) / rate_hz; }
  int64_t moment_of(double time_s) const;
};

/// Reads tracks3d.parquet moment by moment. Holds one row group and one moment. Not thread-safe.
class PlacedPeople {
 public:
  /// @return As dataset::TableReader::open().
  static Result<PlacedPeople> open(storage::Store& store, const Timing& timing);

  /// People at a moment, by id. Moments ascend from call to call.
  /// @return As dataset::TableReader::next(); kCorrupt for a row without a finite place.
  Result<std::vector<PlacedPerson>> at(int64_t moment);
  /// First moment with people that at() was not called for; nothing after the last.
  std::optional<int64_t> next_moment() const;

 private:
  PlacedPeople(dataset::TableReader<dataset::JointRow> reader, const Timing& timing)
      : reader_(std::move(reader)), timing_(timing) {}
  Result<void> read();

  dataset::TableReader<dataset::JointRow> reader_;
  Timing timing_;
  std::optional<dataset::JointRow> row_;  ///< The first row that at() has not returned.
};

}  // namespace lido::report
