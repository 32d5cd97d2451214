// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/pose_clips.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "lido/dataset/scene_tables.h"
#include "lido/dataset/table_reader.h"
#include "lido/dataset/truth_tables.h"

namespace lido::reconstruct {
namespace {

/// A simulated camera's clip, by the table of its frames; nothing without a frame.
Result<std::optional<PoseClip>> simulated_clip(storage::Store& store, const std::string& table) {
  auto reader = LIDO_TRY(dataset::TableReader<dataset::FilmedRow>::open(store, table));
  while (auto row = LIDO_TRY(reader.next())) {
    // Lost frames are in the table without a number.
    if (row->frame == 0)
      return PoseClip{.clip = store.uri() + "/" + row->clip, .start_s = row->clock_s};
  }
  return std::nullopt;
}

/// The clip that a table of one clip's poses names; nothing for a table without rows.
Result<std::optional<PoseClip>> analysed_clip(storage::Store& store, const std::string& table) {
  auto reader = LIDO_TRY(dataset::TableReader<dataset::PoseRow>::open(store, table));
  const auto row = LIDO_TRY(reader.next());
  if (!row) return std::nullopt;
  return PoseClip{.clip = row->clip};
}

}  // namespace

Result<PoseClips> find_pose_clips(const std::string& folder, const geometry::Site& site) {
  const auto store = LIDO_TRY(storage::open_store(folder));
  if (LIDO_TRY(store->exists("lido.json")))
    return find_dataset_clips(LIDO_TRY(dataset::Dataset::open(folder)), site);
  PoseClips out;
  for (size_t i = 0; i < site.cameras.size(); ++i) {
    const std::string& name = site.cameras[i].name;
    const std::string frames = "frames/" + name + ".parquet";
    const std::string poses = dataset::scene_table<dataset::PoseRow>(name);
    std::optional<PoseClip> clip;
    if (LIDO_TRY(store->exists("truth/" + name + ".parquet"))) {
      out.is_simulated = out.are_exact = true;
      if (LIDO_TRY(store->exists(frames))) clip = LIDO_TRY(simulated_clip(*store, frames));
    } else if (LIDO_TRY(store->exists(poses))) {
      clip = LIDO_TRY(analysed_clip(*store, poses));
    }
    if (!clip) continue;
    clip->camera = i;
    out.clips.push_back(std::move(*clip));
  }
  return out;
}

Result<std::vector<PoseClip>> name_clips(const std::vector<std::string>& clips,
                                         const geometry::Site& site, const PoseClips& known) {
  std::vector<PoseClip> out;
  for (const std::string& clip : clips) {
    const std::string name = std::filesystem::path(clip).stem().string();
    const auto camera = std::ranges::find(site.cameras, name, &geometry::Camera::name);
    if (camera == site.cameras.end()) {
      std::vector<std::string> names;
      for (const auto& one : site.cameras) names.push_back(one.name);
      return fail(ErrorCode::kInvalidArgument,
                  "{}: named like no camera of the site, want a file named like one of {}", clip,
                  fmt::join(names, ", "));
    }
    PoseClip one{.camera = static_cast<size_t>(camera - site.cameras.begin()), .clip = clip};
    const auto other = std::ranges::find(out, one.camera, &PoseClip::camera);
    if (other != out.end())
      return fail(ErrorCode::kInvalidArgument, "{}: camera {} has the clip {} already, want one",
                  clip, name, other->clip);
    const auto start = std::ranges::find(known.clips, one.camera, &PoseClip::camera);
    if (start != known.clips.end()) one.start_s = start->start_s;
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace lido::reconstruct
