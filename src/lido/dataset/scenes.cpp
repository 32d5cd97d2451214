// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/scenes.h"

#include "lido/base/json_text.h"

namespace lido::dataset {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr const char* kPictures = "/pictures.json";

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

}  // namespace lido::dataset
