// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/board.h"

#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "lido/base/utf8.h"

namespace lido::reconstruct {
namespace {

/// A value of a flat TOML file, and the line it is on.
struct Entry {
  int line = 0;
  std::string text;
  bool quoted = false;
};

constexpr std::array<std::string_view, 12> kKeys = {
    "kind",         "columns",     "rows",     "square_mm",
    "marker_mm",    "dictionary",  "inverted", "aruco_scale",
    "board_height", "board_width", "units",    "square_size_override_cm"};

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

/// Keys of a flat TOML file: `key = value`, where a value is a number, true, false or "text".
class BoardFile {
 public:
  static Result<BoardFile> parse(std::string_view text, const std::string& file) {
    BoardFile out;
    out.file_ = file;
    int number = 0;
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      LIDO_TRY(out.add(trimmed(text.substr(0, end)), ++number));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
  }

  bool has(std::string_view key) const { return entries_.contains(key); }

  Result<double> number(std::string_view key, double min, double max) const {
    const auto found = entries_.find(key);
    if (found == entries_.end())
      return fail(ErrorCode::kInvalidArgument, "{}: no {}, want a number of {:g} to {:g}", file_,
                  key, min, max);
    const std::string& text = found->second.text;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (found->second.quoted || error != std::errc() || end != text.data() + text.size() ||
        !(value >= min && value <= max))
      return refuse(key, fmt::format("a number of {:g} to {:g}", min, max));
    return value;
  }

  Result<int> whole(std::string_view key, int min, int max) const {
    const double value = LIDO_TRY(number(key, min, max));
    if (std::floor(value) != value) return refuse(key, "a whole number");
    return static_cast<int>(value);
  }

  Result<std::string> text_or(std::string_view key, std::string fallback) const {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return fallback;
    if (!found->second.quoted) return refuse(key, "text in quotes");
    return found->second.text;
  }

  Result<bool> boolean_or_false(std::string_view key) const {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return false;
    if (found->second.quoted || (found->second.text != "true" && found->second.text != "false"))
      return refuse(key, "true or false");
    return found->second.text == "true";
  }

  std::unexpected<Error> refuse(std::string_view key, std::string_view wanted) const {
    const auto found = entries_.find(key);
    if (found == entries_.end())
      return fail(ErrorCode::kInvalidArgument, "{}: no {}, want {}", file_, key, wanted);
    return fail(ErrorCode::kInvalidArgument, "{}:{}: {} is {}, want {}", file_, found->second.line,
                key, found->second.text, wanted);
  }

 private:
  Result<void> add(std::string_view line, int number) {
    if (line.empty() || line.front() == '#') return {};
    const size_t equals = line.find('=');
    const std::string key = escape_bytes(trimmed(line.substr(0, equals)));
    if (!is_utf8(line))
      return fail(ErrorCode::kInvalidArgument, "{}:{}: not text, want a board as TOML", file_,
                  number);
    if (equals == std::string_view::npos || line.front() == '[')
      return fail(ErrorCode::kInvalidArgument, "{}:{}: {} is no setting, want a line key = value",
                  file_, number, key);
    if (std::ranges::find(kKeys, key) == kKeys.end())
      return fail(ErrorCode::kInvalidArgument, "{}:{}: {} is no key of a board, want one of {}",
                  file_, number, key, fmt::join(kKeys, ", "));
    if (entries_.contains(key))
      return fail(ErrorCode::kInvalidArgument, "{}:{}: {} is there twice", file_, number, key);
    std::string_view value = trimmed(line.substr(equals + 1));
    Entry entry{.line = number};
    if (value.starts_with('"')) {
      const size_t close = value.find('"', 1);
      const std::string_view rest =
          close == std::string_view::npos ? "x" : trimmed(value.substr(close + 1));
      if (!rest.empty() && rest.front() != '#')
        return fail(ErrorCode::kInvalidArgument, "{}:{}: {} is text without an end, want \"text\"",
                    file_, number, key);
      entry.quoted = true;
      value = value.substr(1, close - 1);
    } else {
      value = trimmed(value.substr(0, value.find('#')));
    }
    entry.text = escape_bytes(value);
    entries_.emplace(key, std::move(entry));
    return {};
  }

  std::string file_;
  std::map<std::string, Entry, std::less<>> entries_;
};

/// Side of a square: given itself, or as the largest that fits the sheet, as caliscope has it.
Result<double> square_m(const BoardFile& file, const Board& board) {
  if (file.has("square_mm")) return LIDO_TRY(file.number("square_mm", 1, 1000)) / 1000;
  if (file.has("square_size_override_cm"))
    return LIDO_TRY(file.number("square_size_override_cm", 0.1, 100)) / 100;
  if (!file.has("board_height") && !file.has("board_width"))
    return file.refuse("square_mm", "the side of a square as measured on the printed board");
  const std::string units = LIDO_TRY(file.text_or("units", ""));
  const std::map<std::string, double> metres = {
      {"mm", 1e-3}, {"cm", 1e-2}, {"m", 1}, {"inch", 0.0254}};
  const auto unit = metres.find(units);
  if (unit == metres.end()) return file.refuse("units", "mm, cm, m or inch");
  const double height = LIDO_TRY(file.number("board_height", 0.01, 1e4)) / board.rows;
  const double width = LIDO_TRY(file.number("board_width", 0.01, 1e4)) / board.columns;
  return std::min(height, width) * unit->second;
}

}  // namespace

std::vector<geometry::Vector3> Board::corner_positions() const {
  std::vector<geometry::Vector3> corners;
  for (int row = 1; row < rows; ++row) {
    for (int column = 1; column < columns; ++column)
      corners.emplace_back(column * square_m, row * square_m, 0);
  }
  return corners;
}

Result<Board> read_board(std::string_view text, const std::string& file) {
  const BoardFile keys = LIDO_TRY(BoardFile::parse(text, file));
  Board board;
  const std::string kind = LIDO_TRY(keys.text_or("kind", "charuco"));
  if (kind != "charuco" && kind != "checkerboard")
    return keys.refuse("kind", "charuco or checkerboard");
  board.charuco = kind == "charuco";
  board.columns = LIDO_TRY(keys.whole("columns", 3, 50));
  board.rows = LIDO_TRY(keys.whole("rows", 3, 50));
  board.square_m = LIDO_TRY(square_m(keys, board));
  board.inverted = LIDO_TRY(keys.boolean_or_false("inverted"));
  if (!board.charuco) {
    if ((board.columns + board.rows) % 2 == 0)
      return keys.refuse("rows",
                         "an odd number of columns and an even one of rows, or the reverse: other "
                         "checkerboards look the same upside down");
    return board;
  }
  board.dictionary = LIDO_TRY(keys.text_or("dictionary", board.dictionary));
  board.marker_m = keys.has("marker_mm")
                       ? LIDO_TRY(keys.number("marker_mm", 1, 1000)) / 1000
                       : board.square_m * LIDO_TRY(keys.number("aruco_scale", 0.1, 0.99));
  if (board.marker_m >= board.square_m)
    return keys.refuse("marker_mm",
                       fmt::format("less than the squares' {:g} mm", board.square_m * 1000));
  return board;
}

}  // namespace lido::reconstruct
