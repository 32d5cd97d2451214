// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/footage_search.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "lido/base/counted.h"
#include "lido/base/hash.h"
#include "lido/base/signing.h"
#include "lido/dataset/removal.h"
#include "lido/dataset/scenes.h"
#include "lido/dataset/stored_files.h"
#include "lido/dataset/tar.h"

namespace lido::dataset {
namespace {

constexpr std::string_view kImageMark = "data:image/jpeg;base64,";

/// Checksums of the images that a page shows.
Result<std::set<std::string>> images_of_page(storage::Store& store, const char* name) {
  std::set<std::string> images;
  const auto page = store.read_text(name);
  if (!page && page.error().code == ErrorCode::kNotFound) return images;
  const std::string text = LIDO_TRY(page);
  for (size_t at = text.find(kImageMark); at != std::string::npos;
       at = text.find(kImageMark, at + 1)) {
    const size_t begin = at + kImageMark.size();
    const size_t end = std::min(text.find('"', begin), text.size());
    images.insert(sha256_hex(from_base64(std::string_view(text).substr(begin, end - begin))));
  }
  return images;
}

std::unexpected<Error> left_in(const std::string& file, std::string_view what) {
  return fail(ErrorCode::kCorrupt,
              "{}: {}. Run lido forget again; if that does not help, the "
              "file was written by another program.",
              file, what);
}

/// Searches one dataset. Each step fails when it finds footage.
class FootageSearch {
 public:
  FootageSearch(const Dataset& dataset, Generation generation, const Removal& removal)
      : dataset_(dataset),
        store_(dataset.store()),
        generation_(std::move(generation)),
        removal_(removal) {}

  Result<ForgetProof> run() {
    LIDO_TRY(read_pages());
    LIDO_TRY(search_samples());
    for (const std::string& folder : generation_.scenes) LIDO_TRY(search_scene(folder));
    LIDO_TRY(search_files());
    for (const auto& [page, images] : page_images_) {
      if (images.empty()) continue;
      return left_in(page, fmt::format("{} in no sample, view or plate, want 0",
                                       counted(images.size(), "image is", "images are")));
    }
    return std::move(proof_);
  }

 private:
  Result<void> read_pages() {
    for (const char* page : {kReportFile, kContactSheetFile}) {
      auto images = LIDO_TRY(images_of_page(store_, page));
      proof_.images += std::ssize(images);
      if (!images.empty()) page_images_[page] = std::move(images);
    }
    return {};
  }

  void see_image(std::string_view jpeg) {
    if (page_images_.empty()) return;
    const std::string hash = sha256_hex(jpeg);
    for (auto& [page, images] : page_images_) images.erase(hash);
  }

  /// Reads every sample, and adds up the bytes of each shard.
  Result<void> search_samples() {
    return dataset_.visit<SampleRow>(generation_.number, [&](const SampleRow& row) -> Result<void> {
      if (!removal_.find(row).empty())
        return left_in(row.shard, fmt::format("sample {} is of removed footage", row.sample));
      sample_bytes_[row.shard] += row.length;
      const auto bytes = dataset_.read_sample(row);
      if (!bytes) return note_damage(bytes.error());
      const auto entries = read_tar(std::as_bytes(std::span(*bytes)));
      if (!entries) return note_damage(entries.error());
      for (const TarEntry& entry : *entries) {
        if (entry.name.ends_with(".jpg"))
          see_image({reinterpret_cast<const char*>(entry.content.data()), entry.content.size()});
      }
      return {};
    });
  }

  /// Records a file that was damaged or lost before. Other errors end the search.
  Result<void> note_damage(const Error& error) {
    if (error.code != ErrorCode::kCorrupt && error.code != ErrorCode::kNotFound)
      return std::unexpected(error);
    proof_.damaged.push_back(error.message);
    return {};
  }

  template <typename Row>
  Result<void> search_table(const std::string& folder) {
    if (!LIDO_TRY(has_scene_table<Row>(store_, folder))) return {};
    const std::string table = scene_table<Row>(folder);
    return visit_table<Row>(store_, table, [&](Row& row) -> Result<void> {
      if (removal_.find(row).empty()) return {};
      return left_in(table, fmt::format("a row of {} is of removed footage", row.clip));
    });
  }

  Result<void> search_scene(const std::string& folder) {
    LIDO_TRY(visit_scene_tables(
        [&]<typename Row>(std::type_identity<Row>) { return search_table<Row>(folder); }));
    const ScenePictures pictures = LIDO_TRY(read_scene_pictures(store_, folder));
    for (const SceneView& view : pictures.views) {
      const std::string file = folder + "/" + view.file;
      if (!removal_.find(view).empty()) return left_in(file, "the image is of removed footage");
      LIDO_TRY(read_image(file));
    }
    for (const ScenePlate& plate : pictures.plates) {
      const std::string file = folder + "/" + plate.background;
      if (!removal_.find(plate).empty())
        return left_in(file, "the plate has removed footage in it");
      LIDO_TRY(read_image(file));
      LIDO_TRY(read_image(folder + "/" + plate.activity));
    }
    return {};
  }

  Result<void> read_image(const std::string& file) {
    const auto bytes = store_.read_text(file);
    if (!bytes) return note_damage(bytes.error());
    see_image(*bytes);
    return {};
  }

  /// Lists all that is stored: no file may be left over, and no shard may have further bytes.
  Result<void> search_files() {
    const StoredFiles files = LIDO_TRY(StoredFiles::make(dataset_, generation_));
    return visit_stored(store_, [&](const std::string& name, const auto& entry) -> Result<void> {
      ++proof_.files;
      switch (files.role(name)) {
        case FileRole::kLeftover:
          return left_in(name, "left over from other work");
        case FileRole::kForeign:
          proof_.foreign.push_back(name);
          return {};
        default:
          return check_shard(name, entry.size);
      }
    });
  }

  Result<void> check_shard(const std::string& name, int64_t size) {
    const auto found = sample_bytes_.find(name);
    if (found == sample_bytes_.end()) return {};
    ++proof_.shards;
    const int64_t unknown = size - found->second - std::ssize(tar_end());
    if (unknown <= 0) return {};  // a shard that is cut off was reported with its samples
    return left_in(name, fmt::format("{} to no sample of the manifest, want 0",
                                     counted(unknown, "byte belongs", "bytes belong")));
  }

  const Dataset& dataset_;
  storage::Store& store_;
  Generation generation_;
  const Removal& removal_;
  std::map<std::string, std::set<std::string>> page_images_;  // not yet found, by page
  std::map<std::string, int64_t> sample_bytes_;               // by shard
  ForgetProof proof_;
};

}  // namespace

Result<ForgetProof> search_footage(const Dataset& dataset, const std::vector<Forgotten>& records) {
  Generation generation = LIDO_TRY(dataset.read_latest());
  const Removal removal = LIDO_TRY(Removal::make(dataset, generation.number, records));
  return FootageSearch(dataset, std::move(generation), removal).run();
}

}  // namespace lido::dataset
