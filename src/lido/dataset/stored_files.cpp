// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/stored_files.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
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

/// Folders that Lido makes in a dataset.
constexpr std::array<std::string_view, 5> kOwnFolders = {"shards", "scenes", "generations", ".work",
                                                         kRunsFolder};

bool is_in_own_folder(std::string_view name) {
  return std::ranges::find(kOwnFolders, name.substr(0, name.find('/'))) != kOwnFolders.end();
}

/// Lists a dataset on a disk, with what its own folders hold where those are links.
/// @param name  Path of the store relative to the dataset, with a trailing '/'; empty for it
/// itself.
Result<void> visit_disk(storage::Store& store, const std::string& name, const VisitStored& visit) {
  std::vector<std::string> links;
  const size_t root = store.uri().size() + 1;
  LIDO_TRY(store.visit_raw([&](const storage::Entry& entry) -> Result<void> {
    const std::string file = name + entry.uri.substr(root);
    std::error_code error;
    if (!is_in_own_folder(file) || !std::filesystem::is_symlink(entry.uri, error))
      return visit(file, entry);
    if (std::filesystem::is_directory(entry.uri, error) && !file.contains('/')) {
      links.push_back(file);
      return {};
    }
    storage::Entry linked = entry;
    const auto size = std::filesystem::file_size(entry.uri, error);
    if (!error) linked.size = static_cast<int64_t>(size);
    return visit(file, linked);
  }));
  for (const std::string& link : links)
    LIDO_TRY(
        visit_disk(*LIDO_TRY(storage::open_store(store.uri() + "/" + link)), link + "/", visit));
  return {};
}

}  // namespace

Result<void> write_page(const Dataset& dataset, int generation, const char* name,
                        std::string_view html) {
  LIDO_TRY(dataset.store().write_text(name, html));
  const auto still_there = dataset.read(generation);
  if (still_there || still_there.error().code != ErrorCode::kNotFound) return {};
  LIDO_TRY(dataset.store().remove(name));
  return fail(ErrorCode::kUnavailable,
              "{}: generation {} was removed meanwhile, such as by lido forget. Run the command "
              "again.",
              dataset.store().uri(), generation);
}

bool is_unfinished_write(std::string_view name) {
  const std::string_view file = name.substr(name.rfind('/') + 1);
  return file.starts_with('.') && file.ends_with(".partial");
}

Result<int64_t> count_unfinished(storage::Store& store) {
  int64_t count = 0;
  LIDO_TRY(visit_stored(store, [&](const std::string& name, const auto&) -> Result<void> {
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

Result<void> visit_stored(storage::Store& store, const VisitStored& visit) {
  if (!storage::is_remote(store.uri())) return visit_disk(store, "", visit);
  const size_t prefix = store.uri().size() + 1;
  return store.visit_raw(
      [&](const storage::Entry& entry) { return visit(entry.uri.substr(prefix), entry); });
}

Result<void> check_no_links(storage::Store& store) {
  if (storage::is_remote(store.uri())) return {};
  const size_t prefix = store.uri().size() + 1;
  return store.visit_raw([&](const storage::Entry& entry) -> Result<void> {
    const std::string name = entry.uri.substr(prefix);
    const bool is_lidos =
        is_in_own_folder(name) || name == kReportFile || name == kContactSheetFile;
    std::error_code error;
    if (!is_lidos || !std::filesystem::is_symlink(entry.uri, error)) return {};
    const auto target = std::filesystem::canonical(entry.uri, error);
    if (error) return {};  // to nothing: the file was lost before
    return fail(ErrorCode::kInvalidArgument,
                "{}: a link to {}, where a removal would leave the bytes. Put that file or folder "
                "in the link's place, or bring the dataset together with lido move.",
                entry.uri, target.string());
  });
}

Result<Swept> sweep(const Dataset& dataset, const Generation& generation) {
  storage::Store& store = dataset.store();
  const StoredFiles files = LIDO_TRY(StoredFiles::make(dataset, generation));
  std::vector<std::string> leftovers;
  std::set<std::string, std::less<>> folders;
  Swept swept;
  const bool is_remote = storage::is_remote(store.uri());
  LIDO_TRY(visit_stored(store, [&](const std::string& name, const auto& entry) -> Result<void> {
    if (files.role(name) != FileRole::kLeftover) return {};
    swept.unfinished += is_unfinished_write(name) || name.starts_with(kWorkFolder) ? 1 : 0;
    std::error_code error;
    if (!is_remote && std::filesystem::hard_link_count(entry.uri, error) > 1 && !error) {
      if (swept.shared++ == 0) swept.first_shared = entry.uri;
    }
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
  return swept;
}

}  // namespace lido::dataset
