// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/csv.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <fmt/ranges.h>
#include <parquet/exception.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "lido/base/utf8.h"
#include "lido/dataset/bounded_parquet.h"

namespace lido::dataset {
namespace {

/// Returns the position of the first byte that no text file has: a control character other than
/// white space, or broken UTF-8. The size when there is none.
size_t find_binary(std::string_view bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[at]);
    if (lead == 0x7f || (lead < 0x20 && lead != '\t' && lead != '\r' && lead != '\n')) return at;
    const size_t length = utf8_length(bytes.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return bytes.size();
}

/// A line of CSV, or several lines where a quoted cell has line ends.
struct Record {
  size_t line = 0;  ///< Number of the first line, from 1.
  std::vector<std::string> cells;
};

/// Splits CSV text into records, by RFC 4180. Not thread-safe.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text) {}

  /// @return No value at the end; kInvalidArgument that names the line of a broken quote.
  Result<std::optional<Record>> next() {
    while (at_ < text_.size() && is_line_end()) skip_line_end();
    if (at_ == text_.size()) return std::nullopt;
    Record record{line_, {}};
    while (true) {
      record.cells.push_back(LIDO_TRY(cell()));
      if (at_ == text_.size()) return record;
      if (is_line_end()) {
        skip_line_end();
        return record;
      }
      ++at_;  // the comma
    }
  }

 private:
  bool is_line_end() const { return text_[at_] == '\n' || text_[at_] == '\r'; }

  void skip_line_end() {
    const bool two = text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n';
    at_ += two ? 2 : 1;
    ++line_;
  }

  Result<std::string> cell() {
    if (at_ < text_.size() && text_[at_] == '"') return quoted_cell();
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ',' && !is_line_end()) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  Result<std::string> quoted_cell() {
    const size_t first_line = line_;
    std::string value;
    for (++at_; at_ < text_.size();) {
      if (text_[at_] == '"') {
        ++at_;
        if (at_ == text_.size() || text_[at_] == ',' || is_line_end()) return value;
        if (text_[at_] != '"') {
          return fail(ErrorCode::kInvalidArgument,
                      "line {}: text after a closing quote, want a comma or the line's end. Write "
                      "a quote inside a cell as two quotes.",
                      line_);
        }
        value += text_[at_++];
      } else if (is_line_end()) {
        const size_t begin = at_;
        skip_line_end();
        value += text_.substr(begin, at_ - begin);
      } else {
        value += text_[at_++];
      }
    }
    return fail(ErrorCode::kInvalidArgument, "line {}: a quote is not closed", first_line);
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t line_ = 1;
};

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// Returns the lists of wanted and allowed columns, for messages.
std::string columns_text(const std::vector<std::string>& wanted,
                         const std::vector<std::string>& allowed) {
  std::string text = fmt::format("{}", fmt::join(wanted, ", "));
  if (!allowed.empty()) text += fmt::format(" and optionally {}", fmt::join(allowed, ", "));
  return text;
}

Result<void> check_columns(const std::vector<std::string>& names,
                           const std::vector<std::string>& wanted,
                           const std::vector<std::string>& allowed) {
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string& name = names[i];
    const bool known = contains(wanted, name) || contains(allowed, name);
    if (!known)
      return fail(ErrorCode::kInvalidArgument, "unknown column {}, want {}", in_quotes(name),
                  columns_text(wanted, allowed));
    if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), name) !=
        names.begin() + static_cast<std::ptrdiff_t>(i))
      return fail(ErrorCode::kInvalidArgument, "column \"{}\" is there twice, want it once", name);
  }
  for (const std::string& name : wanted) {
    if (!contains(names, name))
      return fail(ErrorCode::kInvalidArgument, "no column \"{}\", want {}", name,
                  columns_text(wanted, allowed));
  }
  return {};
}

/// Refuses bytes that are not UTF-8 text, with the cause where it shows.
Result<void> check_text(std::string_view bytes) {
  constexpr const char* kAdvice = "Save the file as \"CSV UTF-8\".";
  const bool has_mark = bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff");
  const bool has_wide_letter = bytes.size() > 1 && bytes[0] >= ' ' && bytes[1] == '\0';
  if (has_mark || has_wide_letter)
    return fail(ErrorCode::kInvalidArgument, "UTF-16 text, want UTF-8. {}", kAdvice);
  const size_t at = find_binary(bytes);
  if (at == bytes.size()) return {};
  const auto byte = static_cast<unsigned char>(bytes[at]);
  int64_t line = 1;
  for (size_t i = 0; i < at; ++i)
    line += bytes[i] == '\n' || (bytes[i] == '\r' && bytes[i + 1] != '\n') ? 1 : 0;
  // Latin-1 and its relatives: text up to here, with a header line.
  if (byte >= 0x80 && line > 1)
    return fail(ErrorCode::kInvalidArgument, "line {}: byte 0x{:02x} is not UTF-8. {}", line, byte,
                kAdvice);
  return fail(ErrorCode::kInvalidArgument,
              "neither CSV nor Parquet: byte {} is 0x{:02x}, want UTF-8 text", at, byte);
}

/// Refuses a header that is not separated by commas, with the separator that it has.
Result<void> check_separator(const std::vector<std::string>& header,
                             const std::vector<std::string>& wanted) {
  if (header.size() != 1) return {};
  if (header[0].starts_with("sep="))
    return fail(ErrorCode::kInvalidArgument,
                "line 1: {} is for spreadsheets only, want the names of the columns there",
                in_quotes(header[0]));
  for (const char separator : {';', '\t', '|'}) {
    const bool has_column = std::ranges::any_of(wanted, [&](const std::string& name) {
      return header[0].starts_with(name + separator) || header[0].contains(separator + name);
    });
    if (has_column)
      return fail(ErrorCode::kInvalidArgument,
                  "line 1: columns are separated by {}, want commas, and a point in numbers. Save "
                  "the file as CSV with commas.",
                  separator == '\t' ? "tabs" : fmt::format("\"{}\"", separator));
  }
  return {};
}

Result<TextTable> parse_csv(std::string_view bytes, const std::vector<std::string>& wanted,
                            const std::vector<std::string>& allowed) {
  LIDO_TRY(check_text(bytes));
  CsvReader reader(bytes);
  const auto header = LIDO_TRY(reader.next());
  if (!header) return fail(ErrorCode::kInvalidArgument, "the file is empty, want a header line");
  LIDO_TRY(check_separator(header->cells, wanted));
  LIDO_TRY(check_columns(header->cells, wanted, allowed));
  std::vector<std::vector<std::string>> cells(header->cells.size());
  TextTable table;
  while (auto record = LIDO_TRY(reader.next())) {
    if (record->cells.size() != cells.size()) {
      return fail(ErrorCode::kInvalidArgument, "line {}: wrong number of cells, got {}, want {}",
                  record->line, record->cells.size(), cells.size());
    }
    for (size_t i = 0; i < cells.size(); ++i) cells[i].push_back(std::move(record->cells[i]));
    table.lines.push_back(record->line);
  }
  table.rows = table.lines.size();
  for (size_t i = 0; i < cells.size(); ++i) table.columns[header->cells[i]] = std::move(cells[i]);
  return table;
}

/// The type of a column's values: that of its dictionary, as categories of other programs have.
const arrow::DataType& value_type(const arrow::DataType& type) {
  return type.id() == arrow::Type::DICTIONARY
             ? *static_cast<const arrow::DictionaryType&>(type).value_type()
             : type;
}

/// Whether text_of() knows a type. Text of old writers is marked as bytes.
bool is_read(const arrow::DataType& type) {
  return arrow::is_base_binary_like(type.id()) || arrow::is_binary_view_like(type.id()) ||
         arrow::is_integer(type.id()) || arrow::is_decimal(type.id()) ||
         type.id() == arrow::Type::FLOAT || type.id() == arrow::Type::DOUBLE ||
         type.id() == arrow::Type::BOOL || type.id() == arrow::Type::TIMESTAMP ||
         type.id() == arrow::Type::NA;
}

/// Returns a scalar as text; timestamps in ISO form.
arrow::Result<std::string> text_of(const arrow::Scalar& scalar) {
  if (!scalar.is_valid) return std::string();
  const arrow::DataType& type = *scalar.type;
  if (type.id() == arrow::Type::DICTIONARY) {
    ARROW_ASSIGN_OR_RAISE(const auto value,
                          static_cast<const arrow::DictionaryScalar&>(scalar).GetEncodedValue());
    return text_of(*value);
  }
  if (type.id() == arrow::Type::TIMESTAMP) {
    const auto iso = scalar.CastTo(arrow::timestamp(arrow::TimeUnit::MICRO));
    std::string text = iso.ok() ? (*iso)->ToString() : scalar.ToString();
    std::ranges::replace(text, ' ', 'T');
    return text + "Z";
  }
  if (arrow::is_base_binary_like(type.id()) || arrow::is_binary_view_like(type.id()))
    return std::string(static_cast<const arrow::BaseBinaryScalar&>(scalar).view());
  return scalar.ToString();
}

/// Collects cells of a Parquet file, up to a size that grows with the file. Not thread-safe.
class CellReader {
 public:
  explicit CellReader(size_t file_bytes) : left_bytes_(kMinText_bytes + file_bytes * kTextFactor) {}

  arrow::Status read(const arrow::Table& batch) {
    for (const std::string& name : batch.ColumnNames()) {
      auto& cells = table_.columns[name];
      for (int64_t row = 0; row < batch.num_rows(); ++row) {
        ARROW_ASSIGN_OR_RAISE(const auto scalar, batch.GetColumnByName(name)->GetScalar(row));
        ARROW_ASSIGN_OR_RAISE(auto text, text_of(*scalar));
        cells.push_back(std::move(text));
        if (!is_utf8(cells.back()))
          return arrow::Status::Invalid("row ", cells.size(), ": ", name, " is not UTF-8");
        const size_t bytes = sizeof(std::string) + cells.back().size();
        if (bytes > left_bytes_)
          return arrow::Status::Invalid("row ", cells.size(),
                                        ": more text than a file of its size can have");
        left_bytes_ -= bytes;
      }
    }
    table_.rows += static_cast<size_t>(batch.num_rows());
    return arrow::Status::OK();
  }

  TextTable take(const std::vector<std::string>& names) {
    for (const std::string& name : names) table_.columns.try_emplace(name);
    return std::move(table_);
  }

 private:
  // Columns with few values are packed well: of labels, hundreds of times.
  static constexpr size_t kMinText_bytes = 256 << 20;
  static constexpr size_t kTextFactor = 256;

  TextTable table_;
  size_t left_bytes_;
};

Result<TextTable> parse_parquet(std::string_view bytes, const std::vector<std::string>& wanted,
                                const std::vector<std::string>& allowed) {
  const auto broken = [](std::string_view why) {
    return fail(ErrorCode::kInvalidArgument, "broken Parquet: {}", why);
  };
  try {
    auto file = BoundedParquet::open(
        std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(std::string(bytes))));
    if (!file.ok()) return broken(file.status().message());
    const auto schema = file->schema();
    if (!schema.ok()) return broken(schema.status().message());
    const auto names = (*schema)->field_names();
    LIDO_TRY(check_columns(names, wanted, allowed));
    for (const auto& field : (*schema)->fields()) {
      if (is_read(value_type(*field->type()))) continue;
      return fail(ErrorCode::kInvalidArgument,
                  "column \"{}\" has the type {}, want text, numbers or timestamps", field->name(),
                  field->type()->ToString());
    }
    CellReader reader(bytes.size());
    const auto read = file->visit([&](const arrow::Table& batch) { return reader.read(batch); });
    if (!read.ok()) return broken(read.message());
    return reader.take(names);
  } catch (const parquet::ParquetException& error) {
    return broken(error.what());
  }
}

}  // namespace

std::string_view TextTable::cell(std::string_view column, size_t row) const {
  const auto found = columns.find(column);
  return found == columns.end() ? std::string_view() : std::string_view(found->second[row]);
}

std::string TextTable::place(size_t row) const {
  return lines.empty() ? fmt::format("row {}", row + 1) : fmt::format("line {}", lines[row]);
}

std::string in_quotes(std::string_view text) {
  constexpr size_t kMaxShown = 60;
  std::string shown(text.substr(0, kMaxShown));
  const size_t binary = find_binary(shown);
  // A character that the cut divided is left out; other broken bytes are shown as "?".
  if (binary < shown.size() && text.size() > kMaxShown && shown.size() - binary < 4)
    shown.resize(binary);
  for (size_t bad = find_binary(shown); bad < shown.size(); bad = find_binary(shown))
    shown[bad] = '?';
  std::ranges::replace_if(shown, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return fmt::format("\"{}{}\"", shown, text.size() > kMaxShown ? "..." : "");
}

Result<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return fail(ErrorCode::kInvalidArgument, "{} is not a number{}", in_quotes(text),
                text.contains(',') ? ", want a point before its decimals" : "");
  return value;
}

Result<TextTable> parse_table(std::string_view bytes, const std::vector<std::string>& wanted,
                              const std::vector<std::string>& allowed) {
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  return bytes.starts_with("PAR1") ? parse_parquet(bytes, wanted, allowed)
                                   : parse_csv(bytes, wanted, allowed);
}

}  // namespace lido::dataset
