// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lido/base/rational.h"
#include "lido/base/result.h"
#include "lido/dataset/sample_tables.h"
#include "lido/dataset/scene_tables.h"
#include "lido/dataset/table.h"
#include "lido/dataset/vocabulary.h"
#include "lido/media/convert.h"
#include "lido/storage/store.h"

namespace lido::dataset {

// A dataset is a folder or bucket prefix:
//
//   lido.json                          format version, and the options that shape the samples
//   shards/g000001-train-000000.tar    WebDataset shards; a published shard never changes
//   scenes/g000001/objects.parquet, tracks.parquet, motion.parquet, quality.parquet, plates/
//                                      what the clips of one ingest show; never changes either
//   generations/000001/manifest.parquet, clips.parquet, spans.parquet, skipped.parquet,
//                      gaps.parquet, rejected.parquet, labels.parquet
//   generations/000001/generation.json written last: a generation without it does not exist
//   forgotten.json                     removed stretches, so that no ingest brings them back
//   report.html
//   .work/                             finished spans of an ingest that has not finished

/// Format version of new datasets and generations. Versions 1 to kFormat are read; docs/formats.md
/// lists what changed.
inline constexpr int kFormat = 2;

/// Summary of a generation. A generation is complete: it needs no earlier one.
struct Generation {
  int number = 0;                   ///< From 1; 0 for a dataset without a generation.
  int format = kFormat;             ///< Format version it was written in.
  int64_t samples = 0;              ///< Rows of the manifest.
  int64_t clips = 0;                ///< Rows of the table of clips.
  int64_t rejected = 0;             ///< Rows of the table of rejected clips.
  std::vector<std::string> scenes;  ///< Scene folders of the clips: "scenes/g000001".
  Vocabulary vocabulary;            ///< Empty until the first labels.
  /// Names of the keypoints in the manifest, in their order; empty without a pose network.
  std::vector<std::string> keypoints;
};

/// The tables of a generation, while they are written. See Dataset::begin_tables.
struct Tables {
  TableWriter<SampleRow> samples;
  TableWriter<ClipRow> clips;
  TableWriter<SpanRow> spans;
  TableWriter<SkippedRow> skipped;
  TableWriter<GapRow> gaps;
  TableWriter<RejectedRow> rejected;
  TableWriter<LabelRow> labels;
};

/// Share of a clip's average frame time for which a frame counts as on show. Below 1, since headers
/// round the frame rate.
inline constexpr double kShownShare = 0.99;

/// A stretch of a clip that was removed from the dataset for good.
struct Forgotten {
  std::string clip;                        ///< Absolute path or URI.
  double start_s = 0;                      ///< Seconds after the clip's first frame.
  double end_s = 0;                        ///< Exclusive; infinity for the rest of the clip.
  int64_t samples = 0;                     ///< Samples removed.
  std::vector<std::string> shards_before;  ///< "name sha256" of each shard that had the samples.
  std::vector<std::string> shards_after;   ///< "name sha256" of each shard written in its place.
  /// ClipRow::fingerprint of the clip, by which its copies are known; empty when unknown.
  std::string fingerprint;
  int64_t rows = 0;                  ///< Rows removed from the tables of scene folders.
  int64_t views = 0;                 ///< Images of the clip removed from scene folders.
  int64_t plates = 0;                ///< Plates removed, since frames of the clip are in them.
  std::vector<std::string> seen_by;  ///< Training runs and models that saw the footage.
  bool done = true;                  ///< False until the removal has been proven.

  /// Returns whether the record removes a frame, which is on show from its PTS until the next one.
  /// @param pts_s      PTS of the frame, seconds after the clip's first frame.
  /// @param sampled_s  Sampling time of the frame, at which it is on show for certain.
  /// @param frame_s    Time for which a frame of the clip is on show, seconds.
  bool removes(double pts_s, double sampled_s, double frame_s) const {
    return pts_s < end_s && (sampled_s >= start_s || pts_s + frame_s > start_s);
  }
  /// Returns whether the record removes the whole clip.
  bool is_whole_clip() const { return start_s <= 0 && std::isinf(end_s); }
};

/// A dataset in a store. Reading is thread-safe; only one process at a time may write.
class Dataset {
 public:
  /// Opens an existing dataset.
  /// @return kNotFound without a lido.json; kCorrupt for a lido.json that does not parse;
  /// kInvalidArgument for a newer format.
  static Result<Dataset> open(std::string_view uri);
  /// Opens a dataset, or creates one in an empty folder.
  /// When several processes create a dataset at the same time, one creates it and the others open
  /// it.
  /// @param identity  Options that shape the samples; an existing dataset must have the same.
  /// @return kInvalidArgument when the folder has other files, or a dataset with other options.
  static Result<Dataset> open_or_create(std::string_view uri,
                                        const nlohmann::ordered_json& identity);
  /// Opens a dataset as open_or_create, but creates nothing. @return No value for an empty folder.
  static Result<std::optional<Dataset>> open_matching(std::string_view uri,
                                                      const nlohmann::ordered_json& identity);

  /// The store that the dataset is in.
  storage::Store& store() const { return *store_; }
  /// The options that shape the samples, as lido.json has them.
  const nlohmann::ordered_json& identity() const { return identity_; }
  /// Returns the frame rate of the samples. @return kInvalidArgument if lido.json has no rate.
  Result<Rational> frame_rate() const;

  /// Returns the number of the latest generation; 0 if there is none.
  Result<int> latest() const;
  /// Returns all generations in order of their numbers.
  Result<std::vector<int>> generations() const;
  /// Reads a generation; number 0 gives an empty one.
  /// @return kNotFound that lists the generations there are; kInvalidArgument for a newer format;
  /// kCorrupt.
  Result<Generation> read(int number) const;
  /// Reads the latest generation; an empty one if there is none.
  Result<Generation> read_latest() const;
  /// Calls `visit` for every row of a table of a generation, in order, as visit_table does.
  /// Generation 0 has no rows.
  template <typename Row>
  Result<void> visit(int number, const std::function<Result<void>(Row&)>& visit) const {
    if (number == 0) return {};
    const Result<void> visited = visit_table<Row>(*store_, table_name(number, Row::kTable), visit);
    if constexpr (requires { Row::kMayLack; }) {
      if (!visited && visited.error().code == ErrorCode::kNotFound) return {};
    }
    return visited;
  }
  /// Starts the tables of a new generation. Nothing is visible until publish().
  Result<Tables> begin_tables(int number) const;
  /// Publishes the tables, then generation.json. Takes the counts from the tables.
  /// @return kUnavailable when another process published a generation of this number meanwhile.
  Result<Generation> publish(Generation generation, Tables& tables) const;

  /// Reads forgotten.json; empty if nothing was removed. @return kCorrupt.
  Result<std::vector<Forgotten>> forgotten() const;
  /// Replaces forgotten.json.
  Result<void> write_forgotten(const std::vector<Forgotten>& records) const;

  /// Reads the bytes of a sample from its shard.
  /// @return kCorrupt when the range or the checksum differs from the manifest.
  Result<std::string> read_sample(const SampleRow& row) const;
  /// Reads and decodes the frames of a sample, without the context image.
  Result<std::vector<media::Image>> read_frames(const SampleRow& row) const;
  /// Reads and decodes the context image of a person's sample; no value for whole frames.
  Result<std::optional<media::Image>> read_context_image(const SampleRow& row) const;

 private:
  static std::string table_name(int number, std::string_view table);
  Dataset(std::unique_ptr<storage::Store> store, nlohmann::ordered_json identity)
      : store_(std::move(store)), identity_(std::move(identity)) {}

  std::unique_ptr<storage::Store> store_;
  nlohmann::ordered_json identity_;
};

/// End of the file name of a person's context image in a shard.
inline constexpr std::string_view kContextPicture = ".context.jpg";

/// Returns "scenes/g000001".
std::string scene_folder(int generation);

/// Returns "shards/g000001-train-000000.tar", relative to the dataset.
std::string shard_name(int generation, std::string_view split, int number);

}  // namespace lido::dataset
