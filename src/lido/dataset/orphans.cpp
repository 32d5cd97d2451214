// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/orphans.h"

#include <algorithm>
#include <functional>
#include <set>

#include "lido/dataset/stored_files.h"

namespace lido::dataset {
namespace {

constexpr std::string_view kShards = "shards/", kScenes = "scenes/", kGenerations = "generations/";

/// Returns "scenes/g000001" for "scenes/g000001/plates/a.jpg".
std::string_view folder_below(std::string_view name, std::string_view folder) {
  return name.substr(0, name.find('/', folder.size()));
}

/// Names that the generations of a dataset use.
struct UsedNames {
  std::set<std::string, std::less<>> shards;
  std::set<std::string, std::less<>> folders;  ///< Folders of generations and scenes.

  bool includes(std::string_view name) const {
    if (name.starts_with(kShards)) return shards.contains(name);
    for (const std::string_view folder : {kScenes, kGenerations}) {
      if (name.starts_with(folder)) return folders.contains(folder_below(name, folder));
    }
    return true;  // a page, or a file of the user's
  }
};

Result<UsedNames> used_names(const Dataset& dataset) {
  UsedNames used;
  for (const int number : LIDO_TRY(dataset.generations())) {
    const Generation generation = LIDO_TRY(dataset.read(number));
    used.folders.insert(fmt::format("{}{:06}", kGenerations, number));
    used.folders.insert(generation.scenes.begin(), generation.scenes.end());
    LIDO_TRY(dataset.visit<SampleRow>(number, [&](const SampleRow& row) -> Result<void> {
      used.shards.insert(row.shard);
      return {};
    }));
  }
  return used;
}

}  // namespace

Result<std::vector<std::string>> find_orphans(const Dataset& dataset) {
  const UsedNames used = LIDO_TRY(used_names(dataset));
  std::vector<std::string> orphans;
  LIDO_TRY(visit_stored(dataset.store(),
                        [&](const std::string& name, const storage::Entry&) -> Result<void> {
                          if (name.starts_with(".work/")) return {};
                          if (name.ends_with(".partial") || !used.includes(name))
                            orphans.push_back(name);
                          return {};
                        }));
  std::ranges::sort(orphans);
  return orphans;
}

Result<std::vector<std::string>> find_duplicates(const Dataset& dataset, int generation) {
  const std::hash<std::string> hash;
  std::vector<size_t> hashes;
  LIDO_TRY(dataset.visit<SampleRow>(generation, [&](const SampleRow& row) -> Result<void> {
    hashes.push_back(hash(row.sample));
    return {};
  }));
  std::ranges::sort(hashes);
  std::set<size_t> suspects;  // two keys may have one hash
  for (auto at = std::ranges::adjacent_find(hashes); at != hashes.end();
       at = std::adjacent_find(at + 1, hashes.end()))
    suspects.insert(*at);
  if (suspects.empty()) return std::vector<std::string>();
  std::set<std::string> seen, twice;
  LIDO_TRY(dataset.visit<SampleRow>(generation, [&](const SampleRow& row) -> Result<void> {
    if (suspects.contains(hash(row.sample)) && !seen.insert(row.sample).second)
      twice.insert(row.sample);
    return {};
  }));
  return std::vector<std::string>(twice.begin(), twice.end());
}

Result<void> remove_unpublished(const Dataset& dataset, int generation) {
  storage::Store& store = dataset.store();
  const size_t prefix = store.uri().size() + 1;
  const std::string begin = fmt::format("{}g{:06}-", kShards, generation);
  const std::string end = fmt::format("-f{:06}.tar", generation);  // shards of `lido forget`
  std::vector<std::string> names;
  LIDO_TRY(store.visit("shards", [&](const storage::Entry& entry) -> Result<void> {
    const std::string name = entry.uri.substr(prefix);
    if (name.starts_with(begin) || name.ends_with(end)) names.push_back(name);
    return {};
  }));
  LIDO_TRY(store.remove_each(names));
  LIDO_TRY(store.remove_all(scene_folder(generation)));
  return store.remove_all(fmt::format("{}{:06}", kGenerations, generation));
}

}  // namespace lido::dataset
