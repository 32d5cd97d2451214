// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>

#include "lido/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace lido::ingest {

/// A row of a query's result. Columns count from 0.
class DbRow {
 public:
  explicit DbRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool is_null(int column) const;
  /// The value as an integer; 0 for NULL.
  int64_t integer(int column) const;
  /// The value as a real number; 0 for NULL.
  double real(int column) const;
  /// The value's bytes, valid until the next row; empty for NULL.
  std::string_view bytes(int column) const;

 private:
  sqlite3_stmt* statement_;
};

/// A value for a statement: NULL, an integer, a real number, text or bytes. Refers to text and
/// bytes.
class DbValue {
 public:
  DbValue(std::nullopt_t) {}
  DbValue(int64_t value) : kind_(Kind::kInteger), integer_(value) {}
  DbValue(size_t value) : DbValue(static_cast<int64_t>(value)) {}
  DbValue(int value) : DbValue(static_cast<int64_t>(value)) {}
  DbValue(double value) : kind_(Kind::kReal), real_(value) {}
  DbValue(std::string_view value) : kind_(Kind::kText), bytes_(value) {}
  DbValue(const std::string& value) : DbValue(std::string_view(value)) {}
  DbValue(std::span<const std::byte> value)
      : kind_(Kind::kBlob), bytes_(reinterpret_cast<const char*>(value.data()), value.size()) {}
  DbValue(const std::optional<int64_t>& value) : DbValue(value ? DbValue(*value) : std::nullopt) {}
  /// Binds the value to the statement's parameter `place`, which counts from 1.
  void bind(sqlite3_stmt* statement, int place) const;

 private:
  enum class Kind { kNull, kInteger, kReal, kText, kBlob };
  Kind kind_ = Kind::kNull;
  int64_t integer_ = 0;
  double real_ = 0;
  std::string_view bytes_;
};

/// A temporary SQLite database. Memory holds up to 16 MB of it, an unnamed file in the folder for
/// temporary files (TMPDIR) the rest. It ends with the object. Thread-safe.
class TempDb {
 public:
  /// @return kUnavailable when the file cannot be made.
  static Result<std::unique_ptr<TempDb>> open();
  ~TempDb();
  TempDb(const TempDb&) = delete;
  TempDb& operator=(const TempDb&) = delete;

  using OnRow = std::function<Result<void>(const DbRow& row)>;
  /// Runs one statement with values for its parameters, and calls on_row for each row.
  /// on_row must not call this database (deadlock).
  /// @param sql  A string literal: its address is the key of the prepared statement.
  /// @return kUnavailable when the disk is full or the statement fails; the first error of on_row.
  Result<void> query(const char* sql, std::initializer_list<DbValue> values, const OnRow& on_row);
  /// Runs one statement that gives no rows.
  Result<void> run(const char* sql, std::initializer_list<DbValue> values = {});

 private:
  explicit TempDb(sqlite3* database) : database_(database) {}
  Result<sqlite3_stmt*> prepare(const char* sql);
  std::unexpected<Error> failed() const;

  sqlite3* database_;
  std::mutex mutex_;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

}  // namespace lido::ingest
