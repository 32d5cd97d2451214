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

/// A row that a query gave; its texts live until the next row. Columns count from 0.
class ScratchRow {
 public:
  explicit ScratchRow(sqlite3_stmt* statement) : statement_(statement) {}
  bool is_null(int column) const;
  int64_t integer(int column) const;
  double real(int column) const;
  std::string_view bytes(int column) const;

 private:
  sqlite3_stmt* statement_;
};

/// A value to bind: NULL, an integer, a number or bytes.
class ScratchValue {
 public:
  ScratchValue(std::nullopt_t) {}
  ScratchValue(int64_t value) : kind_(Kind::kInteger), integer_(value) {}
  ScratchValue(size_t value) : ScratchValue(static_cast<int64_t>(value)) {}
  ScratchValue(double value) : kind_(Kind::kReal), real_(value) {}
  ScratchValue(std::string_view value) : kind_(Kind::kText), bytes_(value) {}
  ScratchValue(std::span<const std::byte> value)
      : kind_(Kind::kBlob), bytes_(reinterpret_cast<const char*>(value.data()), value.size()) {}
  void bind(sqlite3_stmt* statement, int place) const;

 private:
  enum class Kind { kNull, kInteger, kReal, kText, kBlob };
  Kind kind_ = Kind::kNull;
  int64_t integer_ = 0;
  double real_ = 0;
  std::string_view bytes_;
};

/// A SQLite database for as long as it lives, of which memory holds a few megabytes; the rest lies
/// in a file without a name in the folder for temporary files (TMPDIR). Thread-safe.
class Scratch {
 public:
  static Result<std::unique_ptr<Scratch>> open();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  using TakeRow = std::function<Result<void>(const ScratchRow& row)>;
  /// Runs one statement, with values for its question marks, and calls take for each row. What take
  /// does must not come back here.
  /// @param text  Lives as long as this: it is its own key among the statements kept ready.
  /// @return kUnavailable when there is no room left; the first error of take.
  Result<void> query(const char* text, std::initializer_list<ScratchValue> values,
                     const TakeRow& take);
  Result<void> run(const char* text, std::initializer_list<ScratchValue> values = {});

 private:
  explicit Scratch(sqlite3* database) : database_(database) {}
  Result<sqlite3_stmt*> ready(const char* text);
  std::unexpected<Error> failed() const;

  sqlite3* database_;
  std::mutex mutex_;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

}  // namespace lido::ingest
