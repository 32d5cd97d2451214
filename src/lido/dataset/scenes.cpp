// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/scenes.h"

#include <algorithm>

#include "lido/base/json_text.h"

namespace lido::dataset {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr const char* kPictures = "/pictures.json";

/// Returns whether a record removes a row of a moment or of a stretch of time.
template <typename Row>
bool is_removed(const Forgotten& record, const Row& row) {
  if constexpr (requires { row.time_s; })
    return record.covers(row.clip, row.time_s, row.time_s);
  else
    return record.covers(row.clip, row.start_s, row.end_s);
}

template <typename Row>
Result<bool> holds_any(storage::Store& store, const std::string& table, const Forgotten& record) {
  bool any = false;
  LIDO_TRY(visit_table<Row>(store, table, [&](Row& row) -> Result<void> {
    any = any || is_removed(record, row);
    return {};
  }));
  return any;
}

/// Copies the rows of a table that are not removed.
template <typename Row>
Result<void> copy_rows(storage::Store& store, const std::string& from, const std::string& to,
                       const Forgotten& record) {
  auto writer = LIDO_TRY(TableWriter<Row>::create(store, to));
  LIDO_TRY(visit_table<Row>(store, from, [&](Row& row) -> Result<void> {
    return is_removed(record, row) ? Result<void>() : writer.append(std::move(row));
  }));
  return writer.commit();
}

Result<void> copy_object(storage::Store& store, const std::string& from, const std::string& to) {
  const std::string bytes = LIDO_TRY(store.read_text(from));
  return store.write_text(to, bytes);
}

}  // namespace

Result<ScenePictures> read_scene_pictures(storage::Store& store, const std::string& folder) {
  const std::string name = folder + kPictures;
  const OrderedJson json = OrderedJson::parse(LIDO_TRY(store.read_text(name)), nullptr, false);
  ScenePictures pictures;
  try {
    for (const OrderedJson& j : json.at("views")) {
      pictures.views.push_back({j.at("clip"), j.at("k"), j.at("time_s"), j.at("file"),
                                j.at("source_width"), j.at("source_height")});
    }
    for (const OrderedJson& j : json.at("plates")) {
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
  OrderedJson views = OrderedJson::array(), plates = OrderedJson::array();
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
                          json_text(OrderedJson({{"views", views}, {"plates", plates}}), 1) + "\n");
}

Result<bool> forget_scenes(const Dataset& dataset, Generation& generation, int next_generation,
                           const Forgotten& record) {
  storage::Store& store = dataset.store();
  bool changed = false;
  for (std::string& folder : generation.scenes) {
    ScenePictures pictures = LIDO_TRY(read_scene_pictures(store, folder));
    const auto views = std::erase_if(
        pictures.views, [&](const SceneView& view) { return is_removed(record, view); });
    const auto plates = std::erase_if(pictures.plates, [&](const ScenePlate& plate) {
      return std::ranges::find(plate.clips, record.clip) != plate.clips.end();
    });
    const bool held = views + plates > 0 ||
                      LIDO_TRY(holds_any<ObjectRow>(store, folder + kObjectsTable, record)) ||
                      LIDO_TRY(holds_any<TrackRow>(store, folder + kTracksTable, record)) ||
                      LIDO_TRY(holds_any<MotionRow>(store, folder + kMotionTable, record)) ||
                      LIDO_TRY(holds_any<QualityRow>(store, folder + kQualityTable, record));
    if (!held) continue;
    const std::string stem = folder.substr(0, folder.find("-f"));
    const std::string next = fmt::format("{}-f{:06}", stem, next_generation);
    LIDO_TRY(copy_rows<ObjectRow>(store, folder + kObjectsTable, next + kObjectsTable, record));
    LIDO_TRY(copy_rows<TrackRow>(store, folder + kTracksTable, next + kTracksTable, record));
    LIDO_TRY(copy_rows<MotionRow>(store, folder + kMotionTable, next + kMotionTable, record));
    LIDO_TRY(copy_rows<QualityRow>(store, folder + kQualityTable, next + kQualityTable, record));
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
