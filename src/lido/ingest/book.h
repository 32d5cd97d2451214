// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lido/ingest/part.h"
#include "lido/ingest/scratch.h"
#include "lido/ingest/work.h"

namespace lido::ingest {

/// A clip of a job, and what is known of it so far.
struct BookedClip {
  size_t number = 0;  ///< Among the job's clips, by URI.
  ClipPlan plan;
  std::string split;
  /// By span; behind them the one that follow_clips() made of its people, where these are wanted.
  std::vector<std::string> parts;
  std::optional<PartBreak> broke;  ///< Where it broke first; good up to there.
};

/// A span of a job.
struct BookedUnit {
  size_t clip = 0;
  size_t span = 0;
  int64_t bytes = 0;  ///< To read, about.
  bool done = false;  ///< It has a part.
  UnitWork work;
};

/// The samples of one clip that go into shards.
struct ClipSamples {
  size_t clip = 0;
  std::vector<uint32_t> lengths;  ///< Bytes of each, in order of time.
  std::vector<uint32_t> in_span;  ///< How many of them each part has.
};

/// Which pictures become one plate.
struct PlateKey {
  std::string camera;
  std::string day_part;
};

/// A picture of a clip: of one of its spans, at a sampling time.
struct PicturePlace {
  size_t clip = 0;
  size_t span = 0;
  int64_t k = 0;
};

/// The clips of a job with all that is known of them. They may be millions, so memory holds but a
/// few of them: see Scratch. Thread-safe, but for visits, from within which nothing else may be
/// asked.
class Book {
 public:
  static Result<std::unique_ptr<Book>> open();

  // First clips are found ...

  /// Adds a clip. Of the same clip added twice, what describes it (its group, camera and so on)
  /// wins; of two such, the later one.
  Result<void> add(const ClipInput& clip);
  /// The size of a clip that was added; no value for another.
  Result<std::optional<int64_t>> bytes_of(std::string_view uri);
  Result<void> drop(std::string_view uri);
  /// By URI.
  Result<void> visit_inputs(const std::function<Result<void>(const ClipInput&)>& visit);
  /// Gives those that are left their numbers; no more are added. @return How many.
  Result<size_t> number_clips();

  // ... then planned ...

  Result<ClipInput> input(size_t clip);
  /// Keeps a plan, with split and parts; in any order.
  Result<void> keep(const BookedClip& clip);

  // ... then worked on.

  struct Totals {
    size_t clips = 0;
    size_t units = 0;
    int64_t broken = 0;  ///< Clips of which no span can be read.
    int64_t bytes = 0;   ///< Of all clips.
  };
  Result<Totals> totals();
  Result<BookedClip> clip(size_t number);
  /// Says that a part is there. One that is nobody's is ignored.
  Result<void> note_part(std::string_view name);
  /// The first unit behind another one, by clip and span; without one, the first.
  Result<std::optional<BookedUnit>> next_unit(const std::optional<BookedUnit>& after);
  /// Those without a part, the large ones first; `work` as text.
  Result<void> visit_open_units(
      const std::function<Result<void>(size_t span, int64_t bytes, std::string_view work)>& visit);
  Result<void> note_break(size_t clip, size_t span, const PartBreak& broke);
  Result<void> note_people(size_t clip, std::string_view part);
  Result<void> note_plate_picture(const PlateKey& key, const PicturePlace& picture);
  Result<std::vector<PlateKey>> plates();
  /// At most `most` of a plate's pictures, evenly picked, in the order of their notes.
  Result<std::vector<PicturePlace>> plate_pictures(const PlateKey& key, int64_t most);
  Result<void> note_samples(std::string_view split, const ClipSamples& samples);
  /// Of the clips of one split that have any, the first from a number on.
  Result<std::optional<ClipSamples>> next_samples(std::string_view split, size_t from);

 private:
  explicit Book(std::unique_ptr<Scratch> scratch) : scratch_(std::move(scratch)) {}
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace lido::ingest
