// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/scene_removal.h"

namespace lido::dataset {
namespace {

/// Counts the rows of a table that go. @return Their number.
template <typename Row>
Result<int64_t> count_rows(storage::Store& store, const std::string& table, const Removal& removal,
                           std::vector<Forgotten>& records) {
  int64_t count = 0;
  LIDO_TRY(visit_table<Row>(store, table, [&](Row& row) -> Result<void> {
    const auto found = removal.find(row);
    if (!found.empty()) ++records[found.front()].rows, ++count;
    return {};
  }));
  return count;
}

/// Copies the rows of a table that stay.
template <typename Row>
Result<void> copy_rows(storage::Store& store, const std::string& from, const std::string& to,
                       const Removal& removal) {
  auto writer = LIDO_TRY(TableWriter<Row>::create(store, to));
  LIDO_TRY(visit_table<Row>(store, from, [&](Row& row) -> Result<void> {
    return removal.find(row).empty() ? writer.append(std::move(row)) : Result<void>();
  }));
  return writer.commit();
}

/// Copies an image. A missing one, which was lost before, is not an error.
Result<void> copy_image(storage::Store& store, const std::string& from, const std::string& to) {
  const auto bytes = store.read_text(from);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) return {};
  return store.write_text(to, LIDO_TRY(bytes));
}

}  // namespace

Result<bool> count_in_scene(storage::Store& store, const std::string& folder,
                            const Removal& removal, std::vector<Forgotten>& records) {
  int64_t count = 0;
  const ScenePictures pictures = LIDO_TRY(read_scene_pictures(store, folder));
  for (const SceneView& view : pictures.views) {
    const auto found = removal.find(view);
    if (!found.empty()) ++records[found.front()].views, ++count;
  }
  for (const ScenePlate& plate : pictures.plates) {
    const auto found = removal.find(plate);
    if (!found.empty()) ++records[found.front()].plates, ++count;
  }
  count += LIDO_TRY(count_rows<ObjectRow>(store, folder + kObjectsTable, removal, records));
  count += LIDO_TRY(count_rows<TrackRow>(store, folder + kTracksTable, removal, records));
  if (LIDO_TRY(store.exists(folder + kPosesTable)))
    count += LIDO_TRY(count_rows<PoseRow>(store, folder + kPosesTable, removal, records));
  count += LIDO_TRY(count_rows<MotionRow>(store, folder + kMotionTable, removal, records));
  count += LIDO_TRY(count_rows<QualityRow>(store, folder + kQualityTable, removal, records));
  return count > 0;
}

Result<void> rewrite_scene(storage::Store& store, const std::string& from, const std::string& to,
                           const Removal& removal) {
  LIDO_TRY(copy_rows<ObjectRow>(store, from + kObjectsTable, to + kObjectsTable, removal));
  LIDO_TRY(copy_rows<TrackRow>(store, from + kTracksTable, to + kTracksTable, removal));
  if (LIDO_TRY(store.exists(from + kPosesTable)))
    LIDO_TRY(copy_rows<PoseRow>(store, from + kPosesTable, to + kPosesTable, removal));
  LIDO_TRY(copy_rows<MotionRow>(store, from + kMotionTable, to + kMotionTable, removal));
  LIDO_TRY(copy_rows<QualityRow>(store, from + kQualityTable, to + kQualityTable, removal));
  ScenePictures pictures = LIDO_TRY(read_scene_pictures(store, from));
  std::erase_if(pictures.views, [&](const SceneView& view) { return !removal.find(view).empty(); });
  std::erase_if(pictures.plates,
                [&](const ScenePlate& plate) { return !removal.find(plate).empty(); });
  for (const SceneView& view : pictures.views)
    LIDO_TRY(copy_image(store, from + "/" + view.file, to + "/" + view.file));
  for (const ScenePlate& plate : pictures.plates) {
    for (const std::string& file : {plate.background, plate.activity})
      LIDO_TRY(copy_image(store, from + "/" + file, to + "/" + file));
  }
  return write_scene_pictures(store, to, pictures);
}

std::string rewritten_scene(const std::string& folder, int generation) {
  return fmt::format("{}-f{:06}", folder.substr(0, folder.find("-f")), generation);
}

}  // namespace lido::dataset
