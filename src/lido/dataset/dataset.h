// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lido/base/rational.h"
#include "lido/base/result.h"
#include "lido/dataset/labels.h"
#include "lido/dataset/sample_tables.h"
#include "lido/dataset/scene_tables.h"
#include "lido/dataset/table.h"
#include "lido/media/convert.h"
#include "lido/storage/store.h"

namespace lido::dataset {

// A dataset is a folder or bucket prefix:
//
//   lido.json                          what it is and the options that shape its samples
//   shards/g000001-train-000000.tar    WebDataset shards; never change once published
//   scenes/g000001/objects.parquet, tracks.parquet, motion.parquet, quality.parquet, plates/
//                                      what the clips of one ingest show; never change either
//   generations/000001/manifest.parquet, clips.parquet, spans.parquet, skipped.parquet,
//                      rejected.parquet
//   generations/000001/generation.json written last: a generation without it does not exist
//   forgotten.json                     what was taken out, so that it does not come back
//   report.html
//   .work/                             spans done so far by an ingest that has not finished

/// What one generation says in short; its tables hold a row for each of perhaps millions of clips.
/// A generation is whole: it needs no earlier one.
struct Generation {
  int number = 0;                   ///< 0 for a dataset that has none yet.
  int64_t samples = 0;              ///< Rows of its manifest.
  int64_t clips = 0;                ///< Rows of its table of clips.
  int64_t rejected = 0;             ///< Of them, those that broke.
  std::vector<std::string> scenes;  ///< Folders with what its clips show: "scenes/g000001".
  Vocabulary vocabulary;
};

/// The tables of a generation, to be filled and then published.
struct Tables {
  TableWriter<SampleRow> samples;
  TableWriter<ClipRow> clips;
  TableWriter<SpanRow> spans;
  TableWriter<SkippedRow> skipped;
  TableWriter<RejectedRow> rejected;
};

/// A stretch of a clip that was taken out on somebody's wish.
struct Forgotten {
  std::string clip;
  double start_s = 0;
  double end_s = 0;  ///< Exclusive; infinity for the rest of the clip.
  int64_t samples = 0;
  std::vector<std::string> shards_before;  ///< "name sha256" of each shard that held them.
  std::vector<std::string> shards_after;

  /// Whether it takes out something that lasts from `from_s` to `to_s`.
  bool covers(std::string_view other, double from_s, double to_s) const {
    return other == clip && from_s < end_s && to_s >= start_s;
  }
};

/// A dataset in a store. Reading is thread-safe; writing is for one process at a time.
class Dataset {
 public:
  /// Opens a dataset that exists. @return kNotFound, kCorrupt; kInvalidArgument for a folder that
  /// holds something else.
  static Result<Dataset> open(std::string_view uri);
  /// Opens a dataset or begins one. `identity` holds the options that shape its samples.
  /// @return kInvalidArgument when the folder holds something else, or a dataset made with other
  /// options.
  static Result<Dataset> open_or_create(std::string_view uri,
                                        const nlohmann::ordered_json& identity);
  /// The same check without making anything. @return No value when there is nothing yet.
  static Result<std::optional<Dataset>> open_matching(std::string_view uri,
                                                      const nlohmann::ordered_json& identity);

  storage::Store& store() const { return *store_; }
  const nlohmann::ordered_json& identity() const { return identity_; }
  /// Frames a second of its samples.
  Result<Rational> frame_rate() const;

  /// The number of the latest generation; 0 when there is none.
  Result<int> latest() const;
  Result<Generation> read(int number) const;
  Result<Generation> read_latest() const;
  /// Calls visit for every row of one of a generation's tables, in order; holds few at a time.
  /// Generation 0 has none.
  template <typename Row>
  Result<void> visit(int number, const std::function<Result<void>(Row&)>& visit) const {
    if (number == 0) return {};
    const Result<void> visited = visit_table<Row>(*store_, table_name(number, Row::kTable), visit);
    const bool may_lack = Row::kTable == SkippedRow::kTable;  // what was ingested long ago
    if (!visited && visited.error().code == ErrorCode::kNotFound && may_lack) return {};
    return visited;
  }
  /// Begins the tables of a generation.
  Result<Tables> begin_tables(int number) const;
  /// Publishes the tables, and the generation's JSON last; the counts come from the tables.
  Result<Generation> publish(Generation generation, Tables& tables) const;

  Result<std::vector<Forgotten>> forgotten() const;
  Result<void> write_forgotten(const std::vector<Forgotten>& records) const;

  /// The bytes of one sample in its shard, checked against the manifest.
  Result<std::string> read_sample(const SampleRow& row) const;
  /// Its pictures, decoded.
  Result<std::vector<media::Image>> read_frames(const SampleRow& row) const;

 private:
  static std::string table_name(int number, std::string_view table);
  Dataset(std::unique_ptr<storage::Store> store, nlohmann::ordered_json identity)
      : store_(std::move(store)), identity_(std::move(identity)) {}

  std::unique_ptr<storage::Store> store_;
  nlohmann::ordered_json identity_;
};

/// What the name of a person's small whole picture ends with, in a shard.
inline constexpr std::string_view kContextPicture = ".context.jpg";

/// The tables of a scene folder.
inline constexpr const char* kObjectsTable = "/objects.parquet";
inline constexpr const char* kTracksTable = "/tracks.parquet";
inline constexpr const char* kMotionTable = "/motion.parquet";
inline constexpr const char* kQualityTable = "/quality.parquet";
std::string scene_folder(int generation);

/// The shard's name, relative to the dataset.
std::string shard_name(int generation, std::string_view split, int number);

}  // namespace lido::dataset
