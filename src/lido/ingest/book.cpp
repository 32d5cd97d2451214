// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/book.h"

#include <cstring>

#include "lido/base/evenly.h"

namespace lido::ingest {
namespace {

/// Numbers of units: those of one clip follow each other.
constexpr int64_t kSpansOfClip = int64_t{1} << 24;

constexpr std::array kTables = {
    "CREATE TABLE found(uri TEXT PRIMARY KEY, bytes, grp, site, camera, start_us, described)"
    " WITHOUT ROWID",
    "CREATE TABLE clips(number INTEGER PRIMARY KEY, uri)",
    "CREATE TABLE plans(clip INTEGER PRIMARY KEY, split, broken)",
    "CREATE TABLE units(id INTEGER PRIMARY KEY, part, bytes, work, done)",
    "CREATE TABLE breaks(unit INTEGER PRIMARY KEY, time_s, reason)",
    "CREATE TABLE people(clip INTEGER PRIMARY KEY, part)",
    "CREATE TABLE samples(clip INTEGER PRIMARY KEY, split, lengths, in_span)",
    "CREATE INDEX samples_of_split ON samples(split, clip)",
    "CREATE TABLE plates(id INTEGER PRIMARY KEY, camera, day_part, clip, span, k)",
    "CREATE INDEX plate_of_camera ON plates(camera, day_part, id)"};

int64_t unit_id(size_t clip, size_t span) {
  return static_cast<int64_t>(clip) * kSpansOfClip + static_cast<int64_t>(span);
}

ClipInput input_of(const ScratchRow& row) {
  ClipInput clip{.uri = std::string(row.bytes(0)),
                 .bytes = row.integer(1),
                 .group = std::string(row.bytes(2)),
                 .site = std::string(row.bytes(3)),
                 .camera = std::string(row.bytes(4))};
  if (!row.is_null(5)) clip.start_utc = dataset::UtcTime{row.integer(5)};
  return clip;
}

template <typename T>
std::span<const std::byte> bytes_of_items(const std::vector<T>& items) {
  return std::as_bytes(std::span(items));
}

std::vector<uint32_t> numbers_of(std::string_view bytes) {
  std::vector<uint32_t> numbers(bytes.size() / sizeof(uint32_t));
  std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(uint32_t));
  return numbers;
}

}  // namespace

Result<std::unique_ptr<Book>> Book::open() {
  std::unique_ptr<Book> book(new Book(LIDO_TRY(Scratch::open())));
  for (const char* table : kTables) LIDO_TRY(book->scratch_->run(table));
  return book;
}

Result<void> Book::add(const ClipInput& clip) {
  const bool described =
      !clip.group.empty() || !clip.site.empty() || !clip.camera.empty() || clip.start_utc;
  const auto start = clip.start_utc ? ScratchValue(clip.start_utc->us) : std::nullopt;
  return scratch_->run(
      "INSERT INTO found VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(uri) DO UPDATE SET"
      " bytes = excluded.bytes, grp = excluded.grp, site = excluded.site, camera = excluded.camera,"
      " start_us = excluded.start_us, described = excluded.described"
      " WHERE excluded.described >= described",
      {std::string_view(clip.uri), clip.bytes, std::string_view(clip.group),
       std::string_view(clip.site), std::string_view(clip.camera), start, int64_t{described}});
}

Result<std::optional<int64_t>> Book::bytes_of(std::string_view uri) {
  std::optional<int64_t> bytes;
  LIDO_TRY(scratch_->query("SELECT bytes FROM found WHERE uri = ?", {uri},
                           [&](const ScratchRow& row) -> Result<void> {
                             bytes = row.integer(0);
                             return {};
                           }));
  return bytes;
}

Result<void> Book::drop(std::string_view uri) {
  return scratch_->run("DELETE FROM found WHERE uri = ?", {uri});
}

Result<void> Book::visit_inputs(const std::function<Result<void>(const ClipInput&)>& visit) {
  return scratch_->query("SELECT uri, bytes, grp, site, camera, start_us FROM found ORDER BY uri",
                         {}, [&](const ScratchRow& row) { return visit(input_of(row)); });
}

Result<size_t> Book::number_clips() {
  LIDO_TRY(
      scratch_->run("INSERT INTO clips SELECT row_number() OVER (ORDER BY uri) - 1, uri FROM found "
                    "ORDER BY uri"));
  return LIDO_TRY(totals()).clips;
}

Result<ClipInput> Book::input(size_t clip) {
  ClipInput input;
  LIDO_TRY(scratch_->query(
      "SELECT uri, bytes, grp, site, camera, start_us FROM clips JOIN found USING(uri)"
      " WHERE number = ?",
      {clip}, [&](const ScratchRow& row) -> Result<void> {
        input = input_of(row);
        return {};
      }));
  return input;
}

Result<void> Book::keep(const BookedClip& clip) {
  const ClipPlan& plan = clip.plan;
  const auto broken = plan.broken ? ScratchValue(plan.broken->message) : std::nullopt;
  LIDO_TRY(scratch_->run("INSERT INTO plans VALUES(?, ?, ?)",
                         {clip.number, std::string_view(clip.split), broken}));
  for (size_t span = 0; span < plan.spans.size(); ++span) {
    const std::string work =
        to_text(UnitWork{clip.parts[span], plan.input, plan.info, plan.spans[span]});
    LIDO_TRY(scratch_->run("INSERT INTO units VALUES(?, ?, ?, ?, 0)",
                           {unit_id(clip.number, span), std::string_view(clip.parts[span]),
                            plan.input.bytes / std::ssize(plan.spans), std::string_view(work)}));
  }
  return {};
}

Result<Book::Totals> Book::totals() {
  Totals totals;
  LIDO_TRY(scratch_->query(
      "SELECT (SELECT count(*) FROM clips), (SELECT count(*) FROM units),"
      " (SELECT count(broken) FROM plans), (SELECT total(bytes) FROM found)",
      {}, [&](const ScratchRow& row) -> Result<void> {
        totals = {static_cast<size_t>(row.integer(0)), static_cast<size_t>(row.integer(1)),
                  row.integer(2), row.integer(3)};
        return {};
      }));
  return totals;
}

Result<BookedClip> Book::clip(size_t number) {
  BookedClip clip{.number = number};
  clip.plan.input = LIDO_TRY(input(number));
  LIDO_TRY(scratch_->query("SELECT split, broken FROM plans WHERE clip = ?", {number},
                           [&](const ScratchRow& row) -> Result<void> {
                             clip.split = row.bytes(0);
                             if (row.is_null(1)) return {};
                             const std::string reason(row.bytes(1));
                             clip.plan.broken = Error{ErrorCode::kCorrupt, reason};
                             clip.broke = PartBreak{0, reason};
                             return {};
                           }));
  const int64_t first = unit_id(number, 0), end = unit_id(number + 1, 0);
  LIDO_TRY(scratch_->query("SELECT work FROM units WHERE id >= ? AND id < ? ORDER BY id",
                           {first, end}, [&](const ScratchRow& row) -> Result<void> {
                             UnitWork work = LIDO_TRY(parse_unit(row.bytes(0)));
                             clip.plan.info = work.info;
                             clip.plan.spans.push_back(work.span);
                             clip.parts.push_back(std::move(work.part));
                             return {};
                           }));
  LIDO_TRY(
      scratch_->query("SELECT time_s, reason FROM breaks WHERE unit >= ? AND unit < ? ORDER BY "
                      "time_s, unit LIMIT 1",
                      {first, end}, [&](const ScratchRow& row) -> Result<void> {
                        clip.broke = PartBreak{row.real(0), std::string(row.bytes(1))};
                        return {};
                      }));
  LIDO_TRY(scratch_->query("SELECT part FROM people WHERE clip = ?", {number},
                           [&](const ScratchRow& row) -> Result<void> {
                             clip.parts.emplace_back(row.bytes(0));
                             return {};
                           }));
  return clip;
}

Result<void> Book::note_part(std::string_view name) {
  LIDO_TRY(scratch_->run("CREATE INDEX IF NOT EXISTS unit_of_part ON units(part)"));
  return scratch_->run("UPDATE units SET done = 1 WHERE part = ?", {name});
}

Result<std::optional<BookedUnit>> Book::next_unit(const std::optional<BookedUnit>& after) {
  std::optional<BookedUnit> unit;
  LIDO_TRY(scratch_->query(
      "SELECT id, bytes, done, work FROM units WHERE id > ? ORDER BY id LIMIT 1",
      {after ? unit_id(after->clip, after->span) : int64_t{-1}},
      [&](const ScratchRow& row) -> Result<void> {
        unit = BookedUnit{static_cast<size_t>(row.integer(0) / kSpansOfClip),
                          static_cast<size_t>(row.integer(0) % kSpansOfClip), row.integer(1),
                          row.integer(2) != 0, LIDO_TRY(parse_unit(row.bytes(3)))};
        return {};
      }));
  return unit;
}

Result<void> Book::visit_open_units(
    const std::function<Result<void>(size_t span, int64_t bytes, std::string_view work)>& visit) {
  return scratch_->query("SELECT id, bytes, work FROM units WHERE done = 0 ORDER BY bytes DESC, id",
                         {}, [&](const ScratchRow& row) {
                           return visit(static_cast<size_t>(row.integer(0) % kSpansOfClip),
                                        row.integer(1), row.bytes(2));
                         });
}

Result<void> Book::note_break(size_t clip, size_t span, const PartBreak& broke) {
  return scratch_->run("INSERT INTO breaks VALUES(?, ?, ?)",
                       {unit_id(clip, span), broke.time_s, std::string_view(broke.reason)});
}

Result<void> Book::note_people(size_t clip, std::string_view part) {
  return scratch_->run("INSERT INTO people VALUES(?, ?)", {clip, part});
}

Result<void> Book::note_plate_picture(const PlateKey& key, const PicturePlace& picture) {
  return scratch_->run("INSERT INTO plates VALUES(NULL, ?, ?, ?, ?, ?)",
                       {std::string_view(key.camera), std::string_view(key.day_part), picture.clip,
                        picture.span, picture.k});
}

Result<std::vector<PlateKey>> Book::plates() {
  std::vector<PlateKey> keys;
  LIDO_TRY(scratch_->query("SELECT DISTINCT camera, day_part FROM plates ORDER BY camera, day_part",
                           {}, [&](const ScratchRow& row) -> Result<void> {
                             keys.push_back({std::string(row.bytes(0)), std::string(row.bytes(1))});
                             return {};
                           }));
  return keys;
}

Result<std::vector<PicturePlace>> Book::plate_pictures(const PlateKey& key, int64_t most) {
  int64_t count = 0;
  LIDO_TRY(scratch_->query("SELECT count(*) FROM plates WHERE camera = ? AND day_part = ?",
                           {std::string_view(key.camera), std::string_view(key.day_part)},
                           [&](const ScratchRow& row) -> Result<void> {
                             count = row.integer(0);
                             return {};
                           }));
  EvenPicker picker(count, most);
  std::vector<PicturePlace> pictures;
  LIDO_TRY(scratch_->query(
      "SELECT clip, span, k FROM plates WHERE camera = ? AND day_part = ? ORDER BY id",
      {std::string_view(key.camera), std::string_view(key.day_part)},
      [&](const ScratchRow& row) -> Result<void> {
        if (picker.picks_next())
          pictures.push_back({static_cast<size_t>(row.integer(0)),
                              static_cast<size_t>(row.integer(1)), row.integer(2)});
        return {};
      }));
  return pictures;
}

Result<void> Book::note_samples(std::string_view split, const ClipSamples& samples) {
  return scratch_->run(
      "INSERT INTO samples VALUES(?, ?, ?, ?)",
      {samples.clip, split, bytes_of_items(samples.lengths), bytes_of_items(samples.in_span)});
}

Result<std::optional<ClipSamples>> Book::next_samples(std::string_view split, size_t from) {
  std::optional<ClipSamples> samples;
  LIDO_TRY(scratch_->query(
      "SELECT clip, lengths, in_span FROM samples WHERE split = ? AND clip >= ? ORDER BY clip"
      " LIMIT 1",
      {split, from}, [&](const ScratchRow& row) -> Result<void> {
        samples = ClipSamples{static_cast<size_t>(row.integer(0)), numbers_of(row.bytes(1)),
                              numbers_of(row.bytes(2))};
        return {};
      }));
  return samples;
}

}  // namespace lido::ingest
