// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/stored_files.h"

#include <algorithm>
#include <array>
#include <vector>

#include "lido/dataset/scenes.h"
#include "lido/dataset/training_runs.h"

namespace lido::dataset {
namespace {

constexpr std::string_view kWorkFolder = ".work/";
constexpr std::array<std::string_view, 6> kSceneFiles = {"objects.parquet", "tracks.parquet",
                                                         "poses.parquet",   "motion.parquet",
                                                         "quality.parquet", "pictures.json"};

/// Returns the folder of two levels that a file is in, with the slash: "scenes/g000001/".
std::string_view folder_of_file(std::string_view name) {
  const size_t first = name.find('/');
  const size_t second = first == std::string_view::npos ? first : name.find('/', first + 1);
  return second == std::string_view::npos ? std::string_view() : name.substr(0, second + 1);
}

}  // namespace

bool is_unfinished_write(std::string_view name) {
  const std::string_view file = name.substr(name.rfind('/') + 1);
  return file.starts_with('.') && file.ends_with(".partial");
}

Result<int64_t> count_unfinished(storage::Store& store) {
  int64_t count = 0;
  LIDO_TRY(visit_stored(store, [&](const std::string& name) -> Result<void> {
    count += is_unfinished_write(name) || name.starts_with(kWorkFolder) ? 1 : 0;
    return {};
  }));
  return count;
}

Result<StoredFiles> StoredFiles::make(const Dataset& dataset, const Generation& generation) {
  StoredFiles files(fmt::format("generations/{:06}/", generation.number));
  LIDO_TRY(dataset.visit<SampleRow>(generation.number, [&](const SampleRow& row) -> Result<void> {
    if (!files.named_.contains(row.shard)) files.named_.insert(row.shard);
    return {};
  }));
  for (const std::string& folder : generation.scenes) {
    files.scenes_.insert(folder + "/");
    for (const std::string_view file : kSceneFiles)
      files.named_.insert(fmt::format("{}/{}", folder, file));
    const auto pictures = read_scene_pictures(dataset.store(), folder);
    if (!pictures) {
      files.unknown_.insert(folder + "/");
      continue;
    }
    for (const SceneView& view : pictures->views) files.named_.insert(folder + "/" + view.file);
    for (const ScenePlate& plate : pictures->plates) {
      files.named_.insert(folder + "/" + plate.background);
      files.named_.insert(folder + "/" + plate.activity);
    }
  }
  return files;
}

FileRole StoredFiles::role(std::string_view name) const {
  if (is_unfinished_write(name) || name.starts_with(kWorkFolder)) return FileRole::kLeftover;
  if (name == kReportFile || name == kContactSheetFile) return FileRole::kPage;
  if (name == "lido.json" || name == kLease || name == "forgotten.json" ||
      is_training_run_file(name) || named_.contains(name))
    return FileRole::kOwn;
  const std::string_view folder = folder_of_file(name);
  if (folder == generation_) {
    const std::string_view file = name.substr(folder.size());
    const bool is_own = file == "generation.json" || file.ends_with(".parquet");
    return is_own ? FileRole::kOwn : FileRole::kForeign;
  }
  if (unknown_.contains(folder)) return FileRole::kOwn;
  for (const char* kind : {"shards/", "scenes/", "generations/"}) {
    if (name.starts_with(kind)) return FileRole::kLeftover;
  }
  return FileRole::kForeign;
}

Result<void> visit_stored(storage::Store& store,
                          const std::function<Result<void>(const std::string&)>& visit) {
  const size_t prefix = store.uri().size() + 1;
  return store.visit_raw(
      [&](const storage::Entry& entry) { return visit(entry.uri.substr(prefix)); });
}

Result<int64_t> sweep(const Dataset& dataset, const Generation& generation) {
  storage::Store& store = dataset.store();
  const StoredFiles files = LIDO_TRY(StoredFiles::make(dataset, generation));
  std::vector<std::string> leftovers;
  std::set<std::string, std::less<>> folders;
  int64_t unfinished = 0;
  LIDO_TRY(visit_stored(store, [&](const std::string& name) -> Result<void> {
    if (files.role(name) != FileRole::kLeftover) return {};
    unfinished += is_unfinished_write(name) || name.starts_with(kWorkFolder) ? 1 : 0;
    leftovers.push_back(name);
    folders.insert(std::string(folder_of_file(name)));
    return {};
  }));
  for (const std::string& name : leftovers) LIDO_TRY(store.remove(name));
  // On disk, folders stay: of older generations, older scenes and unfinished work.
  const std::string latest = fmt::format("generations/{:06}", generation.number);
  for (int number = 1; number < generation.number; ++number)
    folders.insert(fmt::format("generations/{:06}/", number));
  for (const std::string& folder : folders) {
    const std::string name = folder.substr(0, folder.empty() ? 0 : folder.size() - 1);
    const bool is_kept =
        name == latest || std::ranges::find(generation.scenes, name) != generation.scenes.end();
    if (!name.empty() && !is_kept) LIDO_TRY(store.remove_all(name));
  }
  LIDO_TRY(store.remove_all(".work"));
  return unfinished;
}

}  // namespace lido::dataset
