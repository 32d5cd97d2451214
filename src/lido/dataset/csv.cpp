// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/csv.h"

#include <arrow/api.h>
#include <arrow/csv/api.h>
#include <arrow/io/memory.h>
#include <fmt/ranges.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace lido::dataset {
namespace {

arrow::Result<std::shared_ptr<arrow::Table>> read_csv(std::string_view bytes,
                                                      const std::vector<std::string>& names) {
  auto convert = arrow::csv::ConvertOptions::Defaults();
  for (const std::string& name : names) convert.column_types[name] = arrow::utf8();
  convert.strings_can_be_null = false;
  auto parse = arrow::csv::ParseOptions::Defaults();
  parse.newlines_in_values = true;
  auto read = arrow::csv::ReadOptions::Defaults();
  read.use_threads = false;
  const auto source =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(std::string(bytes)));
  ARROW_ASSIGN_OR_RAISE(
      const auto reader,
      arrow::csv::TableReader::Make(arrow::io::default_io_context(), source, read, parse, convert));
  return reader->Read();
}

arrow::Result<std::shared_ptr<arrow::Table>> read_parquet(std::string_view bytes) {
  const auto source =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(std::string(bytes)));
  ARROW_ASSIGN_OR_RAISE(const auto reader,
                        parquet::arrow::OpenFile(source, arrow::default_memory_pool()));
  return reader->ReadTable();
}

/// Any scalar as text; timestamps in ISO form.
std::string text_of(const arrow::Scalar& scalar) {
  if (!scalar.is_valid) return {};
  if (scalar.type->id() == arrow::Type::TIMESTAMP) {
    const auto iso = scalar.CastTo(arrow::timestamp(arrow::TimeUnit::MICRO));
    std::string text = iso.ok() ? (*iso)->ToString() : scalar.ToString();
    std::ranges::replace(text, ' ', 'T');
    return text + "Z";
  }
  return scalar.ToString();
}

}  // namespace

std::string_view TextTable::cell(std::string_view column, size_t row) const {
  const auto found = columns.find(column);
  return found == columns.end() ? std::string_view() : std::string_view(found->second[row]);
}

Result<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return fail(ErrorCode::kInvalidArgument, "\"{}\" is not a number", text);
  }
  return value;
}

Result<TextTable> parse_table(std::string_view bytes, const std::vector<std::string>& wanted,
                              const std::vector<std::string>& allowed) {
  std::vector<std::string> names = wanted;
  names.insert(names.end(), allowed.begin(), allowed.end());
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  const bool is_parquet = bytes.starts_with("PAR1");
  TextTable text;
  try {
    const auto table = is_parquet ? read_parquet(bytes) : read_csv(bytes, names);
    if (!table.ok()) return fail(ErrorCode::kInvalidArgument, "{}", table.status().message());
    text.rows = static_cast<size_t>((*table)->num_rows());
    for (int i = 0; i < (*table)->num_columns(); ++i) {
      const std::string& name = (*table)->field(i)->name();
      if (std::ranges::find(names, name) == names.end()) {
        return fail(ErrorCode::kInvalidArgument, "unknown column \"{}\", want {} and optionally {}",
                    name, fmt::join(wanted, ", "), fmt::join(allowed, ", "));
      }
      auto& cells = text.columns[name];
      for (size_t row = 0; row < text.rows; ++row) {
        const auto scalar = (*table)->column(i)->GetScalar(static_cast<int64_t>(row));
        if (!scalar.ok()) return fail(ErrorCode::kInvalidArgument, "{}", scalar.status().message());
        cells.push_back(text_of(**scalar));
      }
    }
  } catch (const parquet::ParquetException& error) {
    return fail(ErrorCode::kInvalidArgument, "broken Parquet: {}", error.what());
  }
  for (const std::string& name : wanted) {
    if (!text.has(name))
      return fail(ErrorCode::kInvalidArgument, "no column \"{}\", want {}", name,
                  fmt::join(wanted, ", "));
  }
  return text;
}

}  // namespace lido::dataset
