// SPDX-License-Identifier: Apache-2.0
#include "lido/model/keypoint_people.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "lido/dataset/clip_names.h"
#include "lido/dataset/model_tables.h"
#include "lido/dataset/table.h"
#include "lido/storage/named_file.h"

namespace lido::model {
namespace {

/// Largest time and coordinate of a row: beyond, no frame and no pixel is.
constexpr double kMaxTime_s = 1e9, kMaxPixel = 1e6;
/// Times closer than this are the same, whatever rounding made of them.
constexpr double kSameTime_s = 1e-6;
/// Clips that an error names.
constexpr size_t kMaxNamed = 3;

bool is_pixel(double value) { return std::isfinite(value) && std::abs(value) <= kMaxPixel; }

/// Checks the numbers of a row. @return A fault, without the row's place.
Result<void> check(const dataset::KeypointRow& row) {
  if (!(row.time_s >= 0 && row.time_s <= kMaxTime_s))
    return fail(ErrorCode::kInvalidArgument, "time_s is {}, want 0 to {}", row.time_s, kMaxTime_s);
  if (row.keypoints.size() % 3 != 0) {
    return fail(ErrorCode::kInvalidArgument,
                "keypoints has {} numbers, want x, y and score of each keypoint",
                row.keypoints.size());
  }
  const auto bad = std::ranges::find_if_not(row.keypoints, is_pixel);
  if (bad != row.keypoints.end())
    return fail(ErrorCode::kInvalidArgument, "keypoints has {}, want pixels and scores", *bad);
  for (const double value : {row.x, row.y, row.width, row.height}) {
    if (!is_pixel(value))
      return fail(ErrorCode::kInvalidArgument, "the box has {}, want pixels", value);
  }
  if (row.width < 0 || row.height < 0) {
    return fail(ErrorCode::kInvalidArgument, "the box is {} x {} pixels, want 0 or more", row.width,
                row.height);
  }
  return {};
}

std::optional<Box> box_of(const dataset::KeypointRow& row) {
  if (row.width >= 1 && row.height >= 1) return Box{row.x, row.y, row.width, row.height};
  return box_of_keypoints(row.keypoints);
}

/// Returns the name by which a table knows a clip. The names of a table may be the last parts.
Result<std::string> name_in_table(const std::string& uri, const std::set<std::string>& names,
                                  const std::string& clip) {
  dataset::ClipNames finder;
  for (const std::string& name : names) finder.request(name);
  finder.add_clip(clip);
  std::string listed;
  size_t count = 0;
  for (const std::string& name : names) {
    if (finder.find(name)) return name;
    if (count++ < kMaxNamed) listed += (listed.empty() ? "" : ", ") + name;
  }
  return fail(ErrorCode::kInvalidArgument, "{}: no row is of the clip {}; its clips are {}{}", uri,
              clip, listed.empty() ? "none" : listed, count > kMaxNamed ? ", ..." : "");
}

/// Returns the pose that is closest to a time. @return Null without one that is close enough.
const std::vector<double>* pose_near(const KeypointPerson& person, double time_s, double within_s) {
  const std::vector<double>* best = nullptr;
  double least = within_s + kSameTime_s;
  const auto consider = [&](auto at) {
    if (std::abs(at->first - time_s) > least) return;
    least = std::abs(at->first - time_s);
    best = &at->second;
  };
  const auto after = person.poses.lower_bound(time_s);
  if (after != person.poses.end()) consider(after);
  if (after != person.poses.begin()) consider(std::prev(after));
  return best;
}

}  // namespace

void set_keypoints(dataset::SampleRow& row, const KeypointPerson& person, size_t keypoints,
                   double fps) {
  const auto frames = std::ssize(row.pts);
  row.keypoints.assign(row.pts.size() * 3 * keypoints, std::nan(""));
  if (row.cutouts.size() != 4 * row.pts.size()) return;
  for (int64_t i = 0; i < frames; ++i) {
    // Frames at the end may be copies of the last one.
    const int64_t shown =
        std::clamp<int64_t>(i, 0, std::max<int64_t>(frames - 1 - row.repeated, 0));
    const double time_s = row.start_s + static_cast<double>(shown) / fps;
    const std::vector<double>* pose = pose_near(person, time_s, 0.5 / fps);
    if (pose == nullptr || pose->size() != 3 * keypoints) continue;
    const double* cutout = &row.cutouts[4 * static_cast<size_t>(i)];
    double* to = &row.keypoints[static_cast<size_t>(i) * pose->size()];
    for (size_t point = 0; point < pose->size(); point += 3) {
      to[point] = (*pose)[point] * cutout[0] + cutout[2];
      to[point + 1] = (*pose)[point + 1] * cutout[1] + cutout[3];
      to[point + 2] = (*pose)[point + 2];
    }
  }
}

std::optional<Box> box_of_keypoints(std::span<const double> keypoints) {
  double left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
  for (size_t i = 0; i + 2 < keypoints.size(); i += 3) {
    if (!(keypoints[i + 2] >= kMinKeypointScore)) continue;
    left = std::min(left, keypoints[i]);
    right = std::max(right, keypoints[i]);
    top = std::min(top, keypoints[i + 1]);
    bottom = std::max(bottom, keypoints[i + 1]);
  }
  const double width = right - left, height = bottom - top;
  if (!(width >= 1 && height >= 1)) return std::nullopt;
  return Box{left - kKeypointMargin * width, top - kKeypointMargin * height,
             (1 + 2 * kKeypointMargin) * width, (1 + 2 * kKeypointMargin) * height};
}

Result<std::vector<KeypointPerson>> read_keypoint_people(const std::string& uri,
                                                         const std::string& clip) {
  const auto file = LIDO_TRY(storage::NamedFile::open(uri));
  const std::string table = file.uri();
  // By clip, track and time: the clip is chosen after the reading, by all names.
  struct Place {
    Box box;
    std::vector<double> pose;
  };
  std::map<std::string, std::map<int64_t, std::map<double, Place>>> clips;
  int64_t number = 0;
  const auto visit = [&](dataset::KeypointRow& row) -> Result<void> {
    const std::string place = fmt::format("{}: row {}", table, ++number);
    if (const auto checked = check(row); !checked) return with_context(place, checked.error());
    auto& people = clips[row.clip];
    const auto box = box_of(row);
    if (!box) return {};
    if (!people[row.track].emplace(row.time_s, Place{*box, std::move(row.keypoints)}).second) {
      return fail(ErrorCode::kInvalidArgument,
                  "{}: track {} has two rows at {} s, want one row for each time", place, row.track,
                  row.time_s);
    }
    return {};
  };
  const auto visited = dataset::visit_table<dataset::KeypointRow>(*file.store, file.name, visit);
  if (!visited) {
    // Errors of the file's format name it within its folder.
    Error error = visited.error();
    if (error.message.starts_with(file.name)) error.message.replace(0, file.name.size(), table);
    return std::unexpected(std::move(error));
  }
  std::set<std::string> names;
  for (const auto& [name, people] : clips) names.insert(name);
  const std::string name = LIDO_TRY(name_in_table(table, names, clip));
  std::vector<KeypointPerson> people;
  for (auto& [track, places] : clips[name]) {
    KeypointPerson person{.track = track, .boxes = {}, .poses = {}};
    for (auto& [time_s, place] : places) {
      person.boxes.push_back({time_s, place.box});
      person.poses[time_s] = std::move(place.pose);
    }
    people.push_back(std::move(person));
  }
  if (people.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "{}: no person of {} has a box, want width and height, or two keypoints with a "
                "score of {} or more",
                table, clip, kMinKeypointScore);
  }
  return people;
}

}  // namespace lido::model
