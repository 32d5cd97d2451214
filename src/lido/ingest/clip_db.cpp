// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/clip_db.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

#include "lido/base/sample_evenly.h"

namespace lido::ingest {
namespace {

/// A span's id is clip * kMaxSpans + span, so the ids of one clip follow each other.
constexpr int64_t kMaxSpans = int64_t{1} << 24;

constexpr std::array kTables = {
    "CREATE TABLE found(uri TEXT PRIMARY KEY, bytes, grp, site, camera, start_us, unusable, "
    "file_id, is_link, fingerprint, ends, modified_ns) WITHOUT ROWID",
    "CREATE INDEX found_pieces ON found(fingerprint) WHERE fingerprint <> ''",
    "CREATE INDEX found_ends ON found(ends) WHERE ends <> ''",
    "CREATE TABLE copies(clip, copy, PRIMARY KEY(clip, copy)) WITHOUT ROWID",
    "CREATE INDEX found_file ON found(file_id) WHERE file_id <> ''",
    "CREATE TABLE clips(number INTEGER PRIMARY KEY, uri)",
    "CREATE TABLE plans(clip INTEGER PRIMARY KEY, split, unreadable, outside, container, codec,"
    " width, height, time_base_num, time_base_den, duration_s, source_fps, other_video)",
    "CREATE TABLE spans(id INTEGER PRIMARY KEY, part, bytes, done, from_pts, from_dts,"
    " from_position, start_pts, first_k, end_k, labels)",
    "CREATE TABLE gaps(id INTEGER PRIMARY KEY, span, first_k, end_k, reason)",
    "CREATE INDEX gaps_of_span ON gaps(span, first_k)",
    "CREATE TABLE failures(span INTEGER PRIMARY KEY, outside, reason)",
    "CREATE TABLE people(clip INTEGER PRIMARY KEY, part)",
    "CREATE TABLE samples(clip INTEGER PRIMARY KEY, split, lengths, part_counts)",
    "CREATE INDEX samples_of_split ON samples(split, clip)",
    "CREATE TABLE thumbnails(id INTEGER PRIMARY KEY, camera, day_part, span, offset, length)",
    "CREATE INDEX thumbnails_of_plate ON thumbnails(camera, day_part, id)"};

// Column lists of the readers below, in their order.
#define LIDO_INPUT_COLUMNS \
  "uri, found.bytes, grp, site, camera, start_us, unusable, fingerprint, modified_ns"
#define LIDO_INFO_COLUMNS                                                                   \
  "container, codec, width, height, time_base_num, time_base_den, duration_s, source_fps, " \
  "other_video"
#define LIDO_SPAN_COLUMNS "from_pts, from_dts, from_position, start_pts, first_k, end_k"
// CROSS JOIN keeps SQLite to this order of the tables: each step is a look-up by key.
#define LIDO_SELECT_SPANS                                                         \
  "SELECT id, spans.bytes, done, part, " LIDO_SPAN_COLUMNS ", " LIDO_INFO_COLUMNS \
  ", " LIDO_INPUT_COLUMNS                                                         \
  ", labels"                                                                      \
  " FROM spans CROSS JOIN plans ON plans.clip = id / 16777216"                    \
  " CROSS JOIN clips ON number = plans.clip CROSS JOIN found USING(uri) "

int64_t span_id(size_t clip, size_t span) {
  return static_cast<int64_t>(clip) * kMaxSpans + static_cast<int64_t>(span);
}

part::ClipInput read_input(const DbRow& row, int first) {
  part::ClipInput clip{.uri = std::string(row.bytes(first)),
                       .bytes = row.integer(first + 1),
                       .group = std::string(row.bytes(first + 2)),
                       .site = std::string(row.bytes(first + 3)),
                       .camera = std::string(row.bytes(first + 4)),
                       .fingerprint = std::string(row.bytes(first + 7)),
                       .modified_ns = row.integer(first + 8),
                       .unusable = std::string(row.bytes(first + 6))};
  if (!row.is_null(first + 5)) clip.start_utc = dataset::UtcTime{row.integer(first + 5)};
  return clip;
}

media::ClipInfo read_info(const DbRow& row, int first) {
  return {.container = std::string(row.bytes(first)),
          .codec = std::string(row.bytes(first + 1)),
          .width = static_cast<int>(row.integer(first + 2)),
          .height = static_cast<int>(row.integer(first + 3)),
          .time_base = {row.integer(first + 4), row.integer(first + 5)},
          .duration_s = row.real(first + 6),
          .source_fps = row.real(first + 7),
          .other_video = std::string(row.bytes(first + 8))};
}

part::Span read_span(const DbRow& row, int first) {
  part::Span span{.first_k = row.integer(first + 4), .end_k = row.integer(first + 5)};
  if (!row.is_null(first)) {
    span.from =
        media::RandomAccess{row.integer(first), row.integer(first + 1), row.integer(first + 2)};
  }
  if (!row.is_null(first + 3)) span.start_pts = row.integer(first + 3);
  return span;
}

/// Reads a row of LIDO_SELECT_SPANS.
SpanRecord read_span_record(const DbRow& row) {
  return {.clip = static_cast<size_t>(row.integer(0) / kMaxSpans),
          .span = static_cast<size_t>(row.integer(0) % kMaxSpans),
          .bytes = row.integer(1),
          .done = row.integer(2) != 0,
          .task = {.part = std::string(row.bytes(3)),
                   .clip = read_input(row, 19),
                   .info = read_info(row, 10),
                   .span = read_span(row, 4),
                   .labels = std::string(row.bytes(28))}};
}

/// Reads a row of LIDO_INPUT_COLUMNS, file_id, is_link.
FoundClip read_found(const DbRow& row) {
  return {.input = read_input(row, 0),
          .file_id = std::string(row.bytes(9)),
          .is_link = row.integer(10) != 0};
}

/// Order of records of one content: the preferred one compares lower.
std::tuple<bool, bool, std::string> preference(const FoundClip& found) {
  return {!has_description(found.input), found.is_link, found.input.uri};
}

/// Checks that two records of one file describe it equally.
Result<void> check_equal(const part::ClipInput& first, const part::ClipInput& second) {
  const auto difference = find_difference(first, second);
  if (!difference) return {};
  return fail(ErrorCode::kInvalidArgument,
              "{}: {} is \"{}\" here and \"{}\" before, want one record of the file", second.uri,
              difference->field, difference->second, difference->first);
}

/// Reads a reason, and the column after it.
part::Failure read_failure(const DbRow& row, int first) {
  const bool outside = row.integer(first + 1) != 0;
  return {outside ? part::FailureKind::kOutside : part::FailureKind::kContent,
          std::string(row.bytes(first))};
}

std::span<const std::byte> as_blob(const std::vector<uint32_t>& numbers) {
  return std::as_bytes(std::span(numbers));
}

std::vector<uint32_t> numbers_from(std::string_view blob) {
  std::vector<uint32_t> numbers(blob.size() / sizeof(uint32_t));
  std::memcpy(numbers.data(), blob.data(), numbers.size() * sizeof(uint32_t));
  return numbers;
}

}  // namespace

std::vector<std::string> ClipRecord::parts() const {
  std::vector<std::string> parts = span_parts;
  if (people_part) parts.push_back(*people_part);
  return parts;
}

bool ClipRecord::touches_gap(int64_t first_k, int64_t end_k) const {
  return std::ranges::any_of(
      gaps, [&](const part::Gap& gap) { return first_k < gap.end_k && gap.first_k < end_k; });
}

Result<std::unique_ptr<ClipDb>> ClipDb::open() {
  std::unique_ptr<ClipDb> clips(new ClipDb(LIDO_TRY(TempDb::open())));
  for (const char* table : kTables) LIDO_TRY(clips->db_->run(table));
  return clips;
}

Result<AddedClip> ClipDb::add_clip(const FoundClip& clip) {
  const auto known = LIDO_TRY(find_file(clip));
  if (!known) {
    LIDO_TRY(insert(clip));
    return AddedClip{};
  }
  // A name that is not UTF-8 may look like another file's name once it is escaped.
  const bool is_other_file = known->input.uri == clip.input.uri && known->file_id != clip.file_id;
  if (is_other_file && (!known->input.unusable.empty() || !clip.input.unusable.empty())) {
    FoundClip usable = clip, unusable = *known;
    if (unusable.input.unusable.empty()) std::swap(usable, unusable);
    unusable.input.uri = LIDO_TRY(free_uri(clip.input.uri));
    LIDO_TRY(drop_clip(clip.input.uri));
    LIDO_TRY(insert(usable));
    LIDO_TRY(insert(unusable));
    return AddedClip{};
  }
  const bool is_described = has_description(clip.input),
             was_described = has_description(known->input);
  AddedClip added{.outcome = is_described == was_described ? AddedClip::Outcome::kRepeated
                                                           : AddedClip::Outcome::kDescribed};
  if (known->input.uri != clip.input.uri) added.other = known->input.uri;
  if (is_described && was_described) LIDO_TRY(check_equal(known->input, clip.input));
  if (preference(clip) < preference(*known)) {
    LIDO_TRY(drop_clip(known->input.uri));
    LIDO_TRY(insert(clip));
  }
  return added;
}

/// Returns "NAME (2)", or the next number that no clip has.
Result<std::string> ClipDb::free_uri(const std::string& uri) {
  for (int number = 2;; ++number) {
    std::string numbered = fmt::format("{} ({})", uri, number);
    if (!LIDO_TRY(find_input(numbered))) return numbered;
  }
}

Result<void> ClipDb::insert(const FoundClip& clip) {
  const part::ClipInput& input = clip.input;
  const DbValue start = input.start_utc ? DbValue(input.start_utc->us) : DbValue(std::nullopt);
  return db_->run(
      "INSERT INTO found VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?)",
      {input.uri, input.bytes, input.group, input.site, input.camera, start, input.unusable,
       clip.file_id, int64_t{clip.is_link}, input.fingerprint, input.modified_ns});
}

/// Returns the record of a clip's file, under its own name or another.
Result<std::optional<FoundClip>> ClipDb::find_file(const FoundClip& clip) {
  std::optional<FoundClip> found;
  const auto read = [&](const DbRow& row) -> Result<void> {
    found = read_found(row);
    return {};
  };
  LIDO_TRY(db_->query("SELECT " LIDO_INPUT_COLUMNS ", file_id, is_link FROM found WHERE uri = ?",
                      {clip.input.uri}, read));
  if (found || clip.file_id.empty()) return found;
  LIDO_TRY(db_->query("SELECT " LIDO_INPUT_COLUMNS
                      ", file_id, is_link FROM found WHERE file_id = ? AND file_id <> ''",
                      {clip.file_id}, read));
  return found;
}

Result<std::optional<int64_t>> ClipDb::bytes_of(std::string_view uri) {
  std::optional<int64_t> bytes;
  LIDO_TRY(db_->query("SELECT bytes FROM found WHERE uri = ?", {uri},
                      [&](const DbRow& row) -> Result<void> {
                        bytes = row.integer(0);
                        return {};
                      }));
  return bytes;
}

Result<std::optional<part::ClipInput>> ClipDb::find_input(std::string_view uri) {
  std::optional<part::ClipInput> input;
  LIDO_TRY(db_->query("SELECT " LIDO_INPUT_COLUMNS " FROM found WHERE uri = ?", {uri},
                      [&](const DbRow& row) -> Result<void> {
                        input = read_input(row, 0);
                        return {};
                      }));
  return input;
}

Result<std::vector<part::ClipInput>> ClipDb::next_inputs(std::string_view after, size_t max_count) {
  std::vector<part::ClipInput> inputs;
  LIDO_TRY(db_->query("SELECT " LIDO_INPUT_COLUMNS " FROM found WHERE uri > ? ORDER BY uri LIMIT ?",
                      {after, max_count}, [&](const DbRow& row) -> Result<void> {
                        inputs.push_back(read_input(row, 0));
                        return {};
                      }));
  return inputs;
}

Result<void> ClipDb::set_fingerprint(std::string_view uri, const dataset::Fingerprint& print) {
  return db_->run("UPDATE found SET fingerprint = ?, ends = ? WHERE uri = ?",
                  {print.pieces, print.ends, uri});
}

Result<void> ClipDb::set_unusable(std::string_view uri, std::string_view reason) {
  return db_->run("UPDATE found SET unusable = ? WHERE uri = ?", {reason, uri});
}

Result<std::vector<FoundClip>> ClipDb::with_fingerprint(std::string_view print) {
  std::vector<FoundClip> clips;
  LIDO_TRY(
      db_->query("SELECT " LIDO_INPUT_COLUMNS ", file_id, is_link FROM found"
                 " WHERE fingerprint <> '' AND fingerprint = ? UNION SELECT " LIDO_INPUT_COLUMNS
                 ", file_id, is_link FROM found WHERE ends <> '' AND"
                 " ends = ?",
                 {print, print}, [&](const DbRow& row) -> Result<void> {
                   clips.push_back(read_found(row));
                   return {};
                 }));
  std::ranges::sort(clips, {}, preference);
  return clips;
}

Result<std::vector<std::string>> ClipDb::shared_fingerprints() {
  std::vector<std::string> prints;
  LIDO_TRY(
      db_->query("SELECT fingerprint FROM found WHERE fingerprint <> '' GROUP BY fingerprint"
                 " HAVING count(*) > 1 ORDER BY min(uri)",
                 {}, [&](const DbRow& row) -> Result<void> {
                   prints.emplace_back(row.bytes(0));
                   return {};
                 }));
  return prints;
}

Result<void> ClipDb::record_copy(std::string_view clip, std::string_view copy) {
  return db_->run("INSERT OR IGNORE INTO copies VALUES(?, ?)", {clip, copy});
}

Result<std::vector<std::string>> ClipDb::copies_of(std::string_view clip) {
  std::vector<std::string> copies;
  LIDO_TRY(db_->query("SELECT copy FROM copies WHERE clip = ? ORDER BY copy", {clip},
                      [&](const DbRow& row) -> Result<void> {
                        copies.emplace_back(row.bytes(0));
                        return {};
                      }));
  return copies;
}

Result<void> ClipDb::drop_clip(std::string_view uri) {
  return db_->run("DELETE FROM found WHERE uri = ?", {uri});
}

Result<void> ClipDb::visit_inputs(
    const std::function<Result<void>(const part::ClipInput&)>& visit) {
  return db_->query("SELECT " LIDO_INPUT_COLUMNS " FROM found ORDER BY uri", {},
                    [&](const DbRow& row) { return visit(read_input(row, 0)); });
}

Result<size_t> ClipDb::number_clips() {
  LIDO_TRY(
      db_->run("INSERT INTO clips SELECT row_number() OVER (ORDER BY uri) - 1, uri FROM found "
               "ORDER BY uri"));
  return LIDO_TRY(totals()).clips;
}

Result<part::ClipInput> ClipDb::input(size_t clip) {
  part::ClipInput input;
  LIDO_TRY(db_->query("SELECT " LIDO_INPUT_COLUMNS
                      " FROM clips CROSS JOIN found USING(uri) WHERE number = ?",
                      {clip}, [&](const DbRow& row) -> Result<void> {
                        input = read_input(row, 0);
                        return {};
                      }));
  return input;
}

Result<void> ClipDb::store_plan(const ClipRecord& clip) {
  const ClipPlan& plan = clip.plan;
  const media::ClipInfo& info = plan.info;
  const auto& failure = plan.unreadable;
  const DbValue unreadable = failure ? DbValue(failure->reason) : DbValue(std::nullopt);
  const bool outside = failure && failure->kind == part::FailureKind::kOutside;
  LIDO_TRY(db_->run("INSERT INTO plans VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    {clip.number, clip.split, unreadable, int64_t{outside}, info.container,
                     info.codec, info.width, info.height, info.time_base.num, info.time_base.den,
                     info.duration_s, info.source_fps, info.other_video}));
  for (size_t i = 0; i < plan.spans.size(); ++i) {
    const part::Span& span = plan.spans[i];
    const auto from = [&](int64_t media::RandomAccess::* field) {
      return span.from ? DbValue((*span.from).*field) : DbValue(std::nullopt);
    };
    LIDO_TRY(db_->run(
        "INSERT INTO spans VALUES(?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?)",
        {span_id(clip.number, i), clip.span_parts[i], plan.input.bytes / std::ssize(plan.spans),
         from(&media::RandomAccess::pts), from(&media::RandomAccess::dts),
         from(&media::RandomAccess::position), span.start_pts, span.first_k, span.end_k,
         i < clip.span_labels.size() ? clip.span_labels[i] : std::string()}));
  }
  return {};
}

Result<ClipDb::Totals> ClipDb::totals() {
  Totals totals;
  LIDO_TRY(
      db_->query("SELECT (SELECT count(*) FROM clips), (SELECT count(*) FROM spans),"
                 " (SELECT count(unreadable) FROM plans), (SELECT total(bytes) FROM found)",
                 {}, [&](const DbRow& row) -> Result<void> {
                   totals = {static_cast<size_t>(row.integer(0)),
                             static_cast<size_t>(row.integer(1)), row.integer(2), row.integer(3)};
                   return {};
                 }));
  return totals;
}

Result<ClipRecord> ClipDb::clip(size_t number) {
  ClipRecord clip{.number = number};
  clip.plan.input = LIDO_TRY(input(number));
  LIDO_TRY(db_->query("SELECT split, unreadable, outside, " LIDO_INFO_COLUMNS
                      " FROM plans WHERE clip = ?",
                      {number}, [&](const DbRow& row) -> Result<void> {
                        clip.split = row.bytes(0);
                        clip.plan.info = read_info(row, 3);
                        if (!row.is_null(1))
                          clip.failure = clip.plan.unreadable = read_failure(row, 1);
                        return {};
                      }));
  const int64_t first = span_id(number, 0), end = span_id(number + 1, 0);
  LIDO_TRY(db_->query("SELECT part, " LIDO_SPAN_COLUMNS
                      " FROM spans WHERE id >= ? AND id < ? ORDER BY id",
                      {first, end}, [&](const DbRow& row) -> Result<void> {
                        clip.span_parts.emplace_back(row.bytes(0));
                        clip.plan.spans.push_back(read_span(row, 1));
                        return {};
                      }));
  LIDO_TRY(db_->query(
      "SELECT first_k, end_k, reason FROM gaps WHERE span >= ? AND span < ?"
      " ORDER BY span, first_k",
      {first, end}, [&](const DbRow& row) -> Result<void> {
        part::append_gap(clip.gaps, {row.integer(0), row.integer(1), std::string(row.bytes(2))});
        return {};
      }));
  // A failure of the content is final, so it counts before one from outside.
  LIDO_TRY(
      db_->query("SELECT reason, outside FROM failures WHERE span >= ? AND span < ?"
                 " ORDER BY outside, span LIMIT 1",
                 {first, end}, [&](const DbRow& row) -> Result<void> {
                   clip.failure = read_failure(row, 0);
                   return {};
                 }));
  LIDO_TRY(db_->query("SELECT part FROM people WHERE clip = ?", {number},
                      [&](const DbRow& row) -> Result<void> {
                        clip.people_part = row.bytes(0);
                        return {};
                      }));
  return clip;
}

Result<void> ClipDb::record_parts(storage::Store& store) {
  const size_t prefix = store.uri().size() + 1;
  return store.visit(part::kPartsFolder, [&](const storage::Entry& entry) {
    return record_part(std::string_view(entry.uri).substr(prefix));
  });
}

Result<void> ClipDb::record_part(std::string_view name) {
  LIDO_TRY(db_->run("CREATE INDEX IF NOT EXISTS span_of_part ON spans(part)"));
  return db_->run("UPDATE spans SET done = 1 WHERE part = ?", {name});
}

Result<std::optional<SpanRecord>> ClipDb::next_span(const std::optional<SpanRecord>& after) {
  std::optional<SpanRecord> span;
  LIDO_TRY(db_->query(LIDO_SELECT_SPANS "WHERE id > ? ORDER BY id LIMIT 1",
                      {after ? span_id(after->clip, after->span) : int64_t{-1}},
                      [&](const DbRow& row) -> Result<void> {
                        span = read_span_record(row);
                        return {};
                      }));
  return span;
}

Result<ClipDb::OpenTotals> ClipDb::open_totals(int64_t min_cost) {
  OpenTotals totals;
  LIDO_TRY(db_->query("SELECT count(*), sum(max(bytes, ?)) FROM spans WHERE done = 0", {min_cost},
                      [&](const DbRow& row) -> Result<void> {
                        totals = {row.integer(0), row.integer(1)};
                        return {};
                      }));
  return totals;
}

Result<void> ClipDb::visit_open_spans(const std::function<Result<void>(const SpanRecord&)>& visit) {
  return db_->query(LIDO_SELECT_SPANS "WHERE done = 0 ORDER BY spans.bytes DESC, id", {},
                    [&](const DbRow& row) { return visit(read_span_record(row)); });
}

Result<void> ClipDb::record_gaps(size_t clip, size_t span, const std::vector<part::Gap>& gaps) {
  for (const part::Gap& gap : gaps) {
    LIDO_TRY(db_->run("INSERT INTO gaps VALUES(NULL, ?, ?, ?, ?)",
                      {span_id(clip, span), gap.first_k, gap.end_k, gap.reason}));
  }
  return {};
}

Result<void> ClipDb::record_failure(size_t clip, size_t span, const part::Failure& failure) {
  const bool outside = failure.kind == part::FailureKind::kOutside;
  return db_->run("INSERT OR REPLACE INTO failures VALUES(?, ?, ?)",
                  {span_id(clip, span), int64_t{outside}, failure.reason});
}

Result<bool> ClipDb::all_failed_from_outside() {
  bool all = true;
  LIDO_TRY(
      db_->query("SELECT count(*) FROM plans WHERE unreadable IS NULL AND NOT EXISTS"
                 " (SELECT 1 FROM failures WHERE span >= clip * 16777216"
                 " AND span < (clip + 1) * 16777216)"
                 " OR unreadable IS NOT NULL AND NOT outside",
                 {}, [&](const DbRow& row) -> Result<void> {
                   all = all && row.integer(0) == 0;
                   return {};
                 }));
  LIDO_TRY(db_->query("SELECT count(*) FROM failures WHERE NOT outside", {},
                      [&](const DbRow& row) -> Result<void> {
                        all = all && row.integer(0) == 0;
                        return {};
                      }));
  return all;
}

Result<void> ClipDb::record_people_part(size_t clip, std::string_view part) {
  return db_->run("INSERT INTO people VALUES(?, ?)", {clip, part});
}

Result<void> ClipDb::record_thumbnail(const PlateKey& key, size_t clip, size_t span, int64_t offset,
                                      int64_t length) {
  return db_->run("INSERT INTO thumbnails VALUES(NULL, ?, ?, ?, ?, ?)",
                  {key.camera, key.day_part, span_id(clip, span), offset, length});
}

Result<std::vector<PlateKey>> ClipDb::plates() {
  std::vector<PlateKey> keys;
  LIDO_TRY(db_->query("SELECT DISTINCT camera, day_part FROM thumbnails ORDER BY camera, day_part",
                      {}, [&](const DbRow& row) -> Result<void> {
                        keys.push_back({std::string(row.bytes(0)), std::string(row.bytes(1))});
                        return {};
                      }));
  return keys;
}

Result<std::vector<ThumbnailPlace>> ClipDb::thumbnails(const PlateKey& key, int64_t max_count) {
  int64_t count = 0;
  LIDO_TRY(db_->query("SELECT count(*) FROM thumbnails WHERE camera = ? AND day_part = ?",
                      {key.camera, key.day_part}, [&](const DbRow& row) -> Result<void> {
                        count = row.integer(0);
                        return {};
                      }));
  EvenSampler picker(count, max_count);
  std::vector<int64_t> ids;
  LIDO_TRY(db_->query("SELECT id FROM thumbnails WHERE camera = ? AND day_part = ? ORDER BY id",
                      {key.camera, key.day_part}, [&](const DbRow& row) -> Result<void> {
                        if (picker.picks_next()) ids.push_back(row.integer(0));
                        return {};
                      }));
  std::vector<ThumbnailPlace> places;
  for (const int64_t id : ids) {
    LIDO_TRY(db_->query(
        "SELECT uri, part, offset, length FROM thumbnails CROSS JOIN spans ON spans.id = span"
        " CROSS JOIN clips ON number = span / 16777216 WHERE thumbnails.id = ?",
        {id}, [&](const DbRow& row) -> Result<void> {
          places.push_back({std::string(row.bytes(0)), std::string(row.bytes(1)), row.integer(2),
                            row.integer(3)});
          return {};
        }));
  }
  return places;
}

Result<void> ClipDb::record_samples(std::string_view split, const ClipSamples& samples) {
  return db_->run("INSERT INTO samples VALUES(?, ?, ?, ?)",
                  {samples.clip, split, as_blob(samples.lengths), as_blob(samples.part_counts)});
}

Result<std::optional<ClipSamples>> ClipDb::next_samples(std::string_view split, size_t from) {
  std::optional<ClipSamples> samples;
  LIDO_TRY(db_->query(
      "SELECT clip, lengths, part_counts FROM samples WHERE split = ? AND clip >= ? ORDER BY clip"
      " LIMIT 1",
      {split, from}, [&](const DbRow& row) -> Result<void> {
        samples = ClipSamples{static_cast<size_t>(row.integer(0)), numbers_from(row.bytes(1)),
                              numbers_from(row.bytes(2))};
        return {};
      }));
  return samples;
}

}  // namespace lido::ingest
