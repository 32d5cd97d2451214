// SPDX-License-Identifier: Apache-2.0
#include "lido/model/gesture_set.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "lido/base/counted.h"
#include "lido/base/hash.h"
#include "lido/base/utf8.h"
#include "lido/dataset/csv.h"
#include "lido/storage/named_file.h"

namespace lido::model {
namespace {

constexpr size_t kHandCells = 1 + 2 * kHandLandmarks;
constexpr size_t kMinPositions = 4, kMaxPositions = 4096;
constexpr size_t kMaxNames = 10000;
/// Largest coordinate: no image is larger.
constexpr double kMaxCoordinate = 1e6;
constexpr int64_t kMaxBytes = int64_t{2} << 30;
constexpr size_t kBlocks = 10;

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Lines of a text with their numbers, without empty ones. Not thread-safe.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {
    if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
  }
  /// @return False at the end.
  bool next(std::string_view& line) {
    while (!rest_.empty()) {
      const size_t end = std::min(rest_.find('\n'), rest_.size());
      line = trimmed(rest_.substr(0, end));
      rest_.remove_prefix(std::min(end + 1, rest_.size()));
      ++number_;
      if (!line.empty()) return true;
    }
    return false;
  }
  size_t number() const { return number_; }

 private:
  std::string_view rest_;
  size_t number_ = 0;
};

/// One row of points being read.
class Row {
 public:
  Row(std::string_view line, std::string place) : line_(line), place_(std::move(place)) {}

  size_t cells() const { return static_cast<size_t>(std::ranges::count(line_, ',')) + 1; }

  Result<int> label(const std::vector<std::string>& classes) {
    const std::string_view cell = next();
    int value = -1;
    const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    const bool whole = error == std::errc() && end == cell.data() + cell.size();
    if (whole && value >= 0 && value < std::ssize(classes)) return value;
    return fail(ErrorCode::kInvalidArgument,
                "{}: the class is {}, want 0 to {}, the number of a name", place_,
                dataset::in_quotes(cell), classes.size() - 1);
  }

  /// @param number  Number of the column, from 1.
  Result<float> coordinate(size_t number) {
    const auto value = dataset::parse_number(next());
    if (!value) return with_context(fmt::format("{}, column {}", place_, number), value.error());
    if (std::abs(*value) <= kMaxCoordinate) return static_cast<float>(*value);
    return fail(ErrorCode::kInvalidArgument,
                "{}, column {}: {} is not a coordinate, want {} at most", place_, number, *value,
                kMaxCoordinate);
  }

 private:
  std::string_view next() {
    const size_t end = std::min(line_.find(','), line_.size());
    const std::string_view cell = trimmed(line_.substr(0, end));
    line_.remove_prefix(std::min(end + 1, line_.size()));
    return cell;
  }
  std::string_view line_;
  std::string place_;
};

/// Returns the kind of samples whose rows have a number of cells.
Result<GestureInput> input_of(size_t cells, const std::string& place) {
  if (cells == kHandCells) return GestureInput{};
  const size_t positions = cells / 2;
  if (cells % 2 == 1 && positions >= kMinPositions && positions <= kMaxPositions)
    return GestureInput{.motion = true, .frames = static_cast<int>(positions)};
  return fail(ErrorCode::kInvalidArgument,
              "{}: {}, want {}: a class, and x and y of the {} landmarks of a hand; or a "
              "class, and x and y of {} to {} positions of a point",
              place, counted(static_cast<int64_t>(cells), "column"), kHandCells, kHandLandmarks,
              kMinPositions, kMaxPositions);
}

/// Whether all landmarks of a hand are one point, which has no shape.
bool is_one_point(const std::vector<float>& points) {
  for (size_t i = 2; i < points.size(); ++i) {
    if (points[i] != points[i % 2]) return false;
  }
  return true;
}

Result<GestureSample> read_row(Row row, const GestureSet& set, const std::string& place) {
  GestureSample sample;
  sample.label = LIDO_TRY(row.label(set.classes));
  for (size_t i = 0; i < set.input.coordinates(); ++i)
    sample.points.push_back(LIDO_TRY(row.coordinate(i + 2)));
  if (!set.input.motion && is_one_point(sample.points)) {
    return fail(ErrorCode::kInvalidArgument, "{}: all landmarks are at one point, want a hand",
                place);
  }
  return sample;
}

std::string checksum_of(const GestureSet& set, std::string_view text) {
  std::string all;
  for (const std::string& name : set.classes) all += name + "\n";
  return sha256_hex(all + sha256_hex(text));
}

Result<std::string> read_file(const std::string& uri, std::string& name) {
  const auto file = LIDO_TRY(storage::NamedFile::open(uri));
  name = file.uri();
  return file.store->read_text(file.name, kMaxBytes);
}

}  // namespace

Result<std::vector<std::string>> parse_class_names(std::string_view text, const std::string& file) {
  std::vector<std::string> names;
  Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    const std::string place = fmt::format("{}: line {}", file, lines.number());
    if (!is_utf8(line) || line.contains(',') || line.contains('"') || names.size() == kMaxNames) {
      return fail(ErrorCode::kInvalidArgument,
                  "{}: {}, want one name a line, without commas and quotes, and {} at most", place,
                  dataset::in_quotes(line), kMaxNames);
    }
    if (std::ranges::find(names, line) != names.end()) {
      return fail(ErrorCode::kInvalidArgument, "{}: {} is there twice, want each name once", place,
                  dataset::in_quotes(line));
    }
    names.emplace_back(line);
  }
  if (names.size() >= 2) return names;
  return fail(ErrorCode::kInvalidArgument,
              "{}: {}, want 2 or more, one a line in the order of their numbers", file,
              names.empty() ? "no names of classes" : "the name of 1 class");
}

Result<GestureSet> parse_gestures(std::string_view text, const std::string& file,
                                  const std::vector<std::string>& classes) {
  GestureSet set{.uri = file, .input = {}, .classes = classes, .samples = {}, .checksum = ""};
  const std::string short_name = file.substr(file.rfind('/') + 1);
  Lines lines(text);
  std::string_view line;
  size_t cells = 0;
  while (lines.next(line)) {
    const std::string place = fmt::format("{}: line {}", file, lines.number());
    const Row row(line, place);
    if (set.samples.empty()) {
      cells = row.cells();
      set.input = LIDO_TRY(input_of(cells, place));
    }
    if (row.cells() != cells) {
      return fail(ErrorCode::kInvalidArgument, "{}: {}, want {} as in the first row", place,
                  counted(static_cast<int64_t>(row.cells()), "column"), cells);
    }
    set.samples.push_back(LIDO_TRY(read_row(row, set, place)));
    set.samples.back().name = fmt::format("{}:{}", short_name, lines.number());
  }
  if (set.samples.empty())
    return fail(ErrorCode::kInvalidArgument, "{}: no rows, want a class and points in each", file);
  set.checksum = checksum_of(set, text);
  return set;
}

Result<GestureSet> read_gestures(const std::string& uri, const std::vector<std::string>& classes) {
  std::string name;
  const std::string text = LIDO_TRY(read_file(uri, name));
  return parse_gestures(text, name, classes);
}

Result<std::vector<std::string>> read_class_names(const std::string& uri) {
  std::string name;
  const std::string text = LIDO_TRY(read_file(uri, name));
  return parse_class_names(text, name);
}

Result<GestureSplit> split_gestures(const GestureSet& set, uint64_t seed) {
  std::vector<std::vector<size_t>> by_class(set.classes.size());
  for (size_t i = 0; i < set.samples.size(); ++i)
    by_class[static_cast<size_t>(set.samples[i].label)].push_back(i);
  GestureSplit split;
  for (size_t c = 0; c < by_class.size(); ++c) {
    const std::vector<size_t>& rows = by_class[c];
    if (rows.size() < 2) {
      return fail(ErrorCode::kInvalidArgument, "{}: class {} ({}) has {}, want 2 or more", set.uri,
                  c, set.classes[c], counted(std::ssize(rows), "row"));
    }
    const size_t blocks = std::min(kBlocks, rows.size()), block = seed % blocks;
    const size_t begin = rows.size() * block / blocks, end = rows.size() * (block + 1) / blocks;
    for (size_t i = 0; i < rows.size(); ++i)
      (i >= begin && i < end ? split.val : split.train).push_back(rows[i]);
  }
  std::ranges::sort(split.train);
  std::ranges::sort(split.val);
  return split;
}

}  // namespace lido::model
