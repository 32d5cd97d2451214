// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/scene_removal.h"

namespace lido::dataset {
namespace {

/// Counts the rows of a table that go. @return Their number.
template <typename Row>
Result<int64_t> count_rows(storage::Store& store, const std::string& folder, const Removal& removal,
                           std::vector<Forgotten>& records) {
  int64_t count = 0;
  if (!LIDO_TRY(has_scene_table<Row>(store, folder))) return count;
  LIDO_TRY(visit_table<Row>(store, scene_table<Row>(folder), [&](Row& row) -> Result<void> {
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
  if (!LIDO_TRY(has_scene_table<Row>(store, from))) return {};
  auto writer = LIDO_TRY(TableWriter<Row>::create(store, scene_table<Row>(to)));
  LIDO_TRY(visit_table<Row>(store, scene_table<Row>(from), [&](Row& row) -> Result<void> {
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
  LIDO_TRY(visit_scene_tables([&]<typename Row>(std::type_identity<Row>) -> Result<void> {
    count += LIDO_TRY(count_rows<Row>(store, folder, removal, records));
    return {};
  }));
  return count > 0;
}

Result<void> rewrite_scene(storage::Store& store, const std::string& from, const std::string& to,
                           const Removal& removal) {
  LIDO_TRY(visit_scene_tables([&]<typename Row>(std::type_identity<Row>) {
    return copy_rows<Row>(store, from, to, removal);
  }));
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
