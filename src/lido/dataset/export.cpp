// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/export.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "lido/base/counted.h"
#include "lido/dataset/clip_time.h"
#include "lido/dataset/forget_request.h"
#include "lido/dataset/removal.h"
#include "lido/dataset/scenes.h"
#include "lido/dataset/tar.h"

namespace lido::dataset {
namespace {

/// Writes the samples and rows of stretches into a store.
class Export {
 public:
  Export(const Dataset& dataset, const Generation& generation, const Removal& stretches,
         storage::Store& to)
      : dataset_(dataset),
        generation_(generation),
        stretches_(stretches),
        to_(to),
        has_data_(stretches.records().size()) {}

  Result<ExportSummary> run() {
    LIDO_TRY(export_samples());
    LIDO_TRY(visit_scene_tables(
        [&]<typename Row>(std::type_identity<Row>) { return export_rows<Row>(); }));
    for (const std::string& folder : generation_.scenes) LIDO_TRY(export_views(folder));
    summary_.empty = LIDO_TRY(empty_stretches());
    std::ranges::stable_sort(summary_.images, {}, [](const ExportedImage& image) {
      return std::tuple(image.clip, image.time_s);
    });
    return std::move(summary_);
  }

 private:
  /// Notes the stretches that something was found of. @return Whether there are any.
  bool mark(const std::vector<size_t>& found) {
    for (const size_t i : found) has_data_[i] = true;
    return !found.empty();
  }

  /// Returns a line for each stretch of which nothing is stored.
  Result<std::vector<std::string>> empty_stretches() const {
    std::map<std::string, int64_t, std::less<>> samples;  // by clip
    LIDO_TRY(dataset_.visit<ClipRow>(generation_.number, [&](const ClipRow& row) -> Result<void> {
      samples[row.clip] = row.samples;
      return {};
    }));
    const auto forgotten = LIDO_TRY(dataset_.forgotten());
    std::vector<std::string> lines;
    for (size_t i = 0; i < has_data_.size(); ++i) {
      if (has_data_[i]) continue;
      const Forgotten& asked = stretches_.records()[i];
      const bool is_forgotten = std::ranges::any_of(forgotten, [&](const Forgotten& one) {
        return one.clip == asked.clip && one.start_s < asked.end_s && asked.start_s < one.end_s;
      });
      const auto clip = samples.find(asked.clip);
      const char* reason = is_forgotten            ? "removed by lido forget"
                           : clip == samples.end() ? "no generation has this clip"
                           : clip->second == 0     ? "no sample was made of the clip"
                                                   : "no sample was made of it";
      lines.push_back(fmt::format("{}, {}: nothing is stored: {}", asked.clip,
                                  range_text(asked.start_s, asked.end_s), reason));
    }
    return lines;
  }

  Result<void> export_samples() {
    auto manifest = LIDO_TRY(TableWriter<SampleRow>::create(to_, "manifest.parquet"));
    LIDO_TRY(dataset_.visit<SampleRow>(generation_.number, [&](SampleRow& row) -> Result<void> {
      if (!mark(stretches_.find(row))) return {};
      ++summary_.samples;
      LIDO_TRY(export_frames(row));
      return manifest.append(std::move(row));
    }));
    return manifest.commit();
  }

  /// Writes the frames of a sample that are in a stretch, and its other files.
  Result<void> export_frames(const SampleRow& row) {
    const auto bytes = dataset_.read_sample(row);
    if (!bytes && bytes.error().code == ErrorCode::kCorrupt) {
      summary_.damaged.push_back(bytes.error().message);
      return {};
    }
    const std::string sample = LIDO_TRY(bytes);
    size_t frame = 0;
    for (const TarEntry& entry : LIDO_TRY(read_tar(std::as_bytes(std::span(sample))))) {
      const bool is_context = entry.name.ends_with(kContextPicture);
      const bool is_frame = entry.name.ends_with(".jpg") && !is_context;
      const size_t number = is_context ? row.pts.size() / 2 : frame;
      frame += is_frame ? 1 : 0;
      const bool is_image = is_frame || is_context;
      if (is_image && !stretches_.holds_frame(row, number)) continue;
      const std::string file = "frames/" + std::string(entry.name);
      LIDO_TRY(to_.write_text(
          file, {reinterpret_cast<const char*>(entry.content.data()), entry.content.size()}));
      if (!is_image) continue;
      ++summary_.frames;
      const auto k = row.first_k + static_cast<int64_t>(number);
      summary_.images.push_back({file, row.clip, stretches_.seconds(k)});
    }
    return {};
  }

  /// Writes the rows of a table in all scene folders; no file if no folder has the table.
  template <typename Row>
  Result<void> export_rows() {
    std::optional<TableWriter<Row>> writer;
    for (const std::string& folder : generation_.scenes) {
      auto& store = dataset_.store();
      if (!LIDO_TRY(has_scene_table<Row>(store, folder))) continue;
      if (!writer)
        writer.emplace(
            LIDO_TRY(TableWriter<Row>::create(to_, fmt::format("{}.parquet", Row::kTable))));
      LIDO_TRY(visit_table<Row>(store, scene_table<Row>(folder), [&](Row& row) -> Result<void> {
        if (!mark(stretches_.find(row))) return {};
        ++summary_.rows;
        return writer->append(std::move(row));
      }));
    }
    return writer ? writer->commit() : Result<void>();
  }

  Result<void> export_views(const std::string& folder) {
    const ScenePictures pictures = LIDO_TRY(read_scene_pictures(dataset_.store(), folder));
    for (const SceneView& view : pictures.views) {
      if (!mark(stretches_.find(view))) continue;
      const std::string bytes = LIDO_TRY(dataset_.store().read_text(folder + "/" + view.file));
      LIDO_TRY(to_.write_text(view.file, bytes));
      ++summary_.views;
      summary_.images.push_back({view.file, view.clip, view.time_s});
    }
    for (const ScenePlate& plate : pictures.plates)
      summary_.plates += stretches_.find(plate).empty() ? 0 : 1;
    return {};
  }

  const Dataset& dataset_;
  const Generation& generation_;
  const Removal& stretches_;
  storage::Store& to_;
  ExportSummary summary_;
  std::vector<bool> has_data_;  ///< For each stretch, whether something of it was found.
};

}  // namespace

std::vector<std::string> exported_names() {
  return {"*.parquet", "index.html", "frames/*", "views/*"};
}

Result<ExportSummary> export_footage(const Dataset& dataset, const ForgetRequest& request,
                                     storage::OutputFolder& to) {
  const Generation generation = LIDO_TRY(dataset.read_latest());
  ForgetRequest named = request;
  named.copies = CopyChoice::kOnlyThis;
  auto resolved = LIDO_TRY(resolve_request(dataset, generation.number, named));
  const Removal stretches =
      LIDO_TRY(Removal::make(dataset, generation.number, std::move(resolved.records)));
  LIDO_TRY(to.begin());
  return Export(dataset, generation, stretches, to.store()).run();
}

}  // namespace lido::dataset
