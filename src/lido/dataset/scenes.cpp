// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/scenes.h"

#include <algorithm>

namespace lido::dataset {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kPictures = "/pictures.json";

/// Copies a table's rows that stay. @return How many went.
template <typename Row>
Result<int64_t> copy_rows(storage::Store& store, const std::string& from, const std::string& to,
                          const std::function<bool(const Row&)>& goes) {
  int64_t gone = 0;
  auto writer = LIDO_TRY(TableWriter<Row>::create(store, to));
  LIDO_TRY(visit_table<Row>(store, from, [&](Row& row) -> Result<void> {
    if (!goes(row)) return writer.append(std::move(row));
    ++gone;
    return {};
  }));
  LIDO_TRY(writer.commit());
  return gone;
}

Result<void> copy_object(storage::Store& store, const std::string& from, const std::string& to) {
  const std::string bytes = LIDO_TRY(store.read_text(from));
  return store.write_text(to, bytes);
}

}  // namespace

Result<ScenePictures> read_scene_pictures(storage::Store& store, const std::string& folder) {
  const std::string name = folder + kPictures;
  const Json json = Json::parse(LIDO_TRY(store.read_text(name)), nullptr, false);
  ScenePictures pictures;
  try {
    for (const Json& j : json.at("views")) {
      pictures.views.push_back({j.at("clip"), j.at("k"), j.at("time_s"), j.at("file"),
                                j.at("source_width"), j.at("source_height")});
    }
    for (const Json& j : json.at("plates")) {
      pictures.plates.push_back({j.at("camera"), j.at("day_part"), j.at("background"),
                                 j.at("activity"), j.at("clips"), j.at("pictures")});
    }
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorCode::kCorrupt, "{}: {}", name, error.what());
  }
  return pictures;
}

Result<void> write_scene_pictures(storage::Store& store, const std::string& folder,
                                  const ScenePictures& pictures) {
  Json views = Json::array(), plates = Json::array();
  for (const SceneView& view : pictures.views) {
    views.push_back({{"clip", view.clip},
                     {"k", view.k},
                     {"time_s", view.time_s},
                     {"file", view.file},
                     {"source_width", view.source_width},
                     {"source_height", view.source_height}});
  }
  for (const ScenePlate& plate : pictures.plates) {
    plates.push_back({{"camera", plate.camera},
                      {"day_part", plate.day_part},
                      {"background", plate.background},
                      {"activity", plate.activity},
                      {"clips", plate.clips},
                      {"pictures", plate.pictures}});
  }
  return store.write_text(folder + kPictures,
                          Json({{"views", views}, {"plates", plates}}).dump(1) + "\n");
}

Result<bool> forget_scenes(const Dataset& dataset, Generation& generation, int next_generation,
                           const std::string& clip, double start_s, double end_s) {
  storage::Store& store = dataset.store();
  bool changed = false;
  for (std::string& folder : generation.scenes) {
    const std::string stem = folder.substr(0, folder.find("-f"));
    const std::string next = fmt::format("{}-f{:06}", stem, next_generation);
    const auto at_time = [&](const auto& row) {
      return row.clip == clip && row.time_s < end_s && row.time_s >= start_s;
    };
    const auto overlaps = [&](const auto& row) {
      return row.clip == clip && row.start_s < end_s && row.end_s >= start_s;
    };
    int64_t gone = 0;
    gone += LIDO_TRY(
        copy_rows<ObjectRow>(store, folder + kObjectsTable, next + kObjectsTable, at_time));
    gone +=
        LIDO_TRY(copy_rows<TrackRow>(store, folder + kTracksTable, next + kTracksTable, overlaps));
    gone +=
        LIDO_TRY(copy_rows<MotionRow>(store, folder + kMotionTable, next + kMotionTable, at_time));
    gone += LIDO_TRY(
        copy_rows<QualityRow>(store, folder + kQualityTable, next + kQualityTable, overlaps));
    ScenePictures pictures = LIDO_TRY(read_scene_pictures(store, folder));
    gone += std::erase_if(pictures.views, at_time);
    gone += std::erase_if(pictures.plates, [&](const ScenePlate& plate) {
      return std::ranges::find(plate.clips, clip) != plate.clips.end();
    });
    if (gone == 0) {
      LIDO_TRY(store.remove_all(next));
      continue;
    }
    for (const SceneView& view : pictures.views)
      LIDO_TRY(copy_object(store, folder + "/" + view.file, next + "/" + view.file));
    for (const ScenePlate& plate : pictures.plates) {
      for (const std::string& file : {plate.background, plate.activity})
        LIDO_TRY(copy_object(store, folder + "/" + file, next + "/" + file));
    }
    LIDO_TRY(write_scene_pictures(store, next, pictures));
    folder = next;
    changed = true;
  }
  return changed;
}

}  // namespace lido::dataset
