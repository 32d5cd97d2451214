// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/temp_db.h"

#include <sqlite3.h>

namespace lido::ingest {

bool DbRow::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

int64_t DbRow::integer(int column) const { return sqlite3_column_int64(statement_, column); }

double DbRow::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view DbRow::bytes(int column) const {
  const auto* begin = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return {begin, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

void DbValue::bind(sqlite3_stmt* statement, int place) const {
  switch (kind_) {
    case Kind::kNull:
      sqlite3_bind_null(statement, place);
      return;
    case Kind::kInteger:
      sqlite3_bind_int64(statement, place, integer_);
      return;
    case Kind::kReal:
      sqlite3_bind_double(statement, place, real_);
      return;
    case Kind::kText:
      sqlite3_bind_text64(statement, place, bytes_.data(), bytes_.size(), SQLITE_STATIC,
                          SQLITE_UTF8);
      return;
    case Kind::kBlob:
      sqlite3_bind_blob64(statement, place, bytes_.data(), bytes_.size(), SQLITE_STATIC);
      return;
  }
}

std::unexpected<Error> TempDb::failed() const {
  const int code = sqlite3_errcode(database_);
  const bool disk = code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_CANTOPEN;
  return fail(ErrorCode::kUnavailable, "{}: {}",
              disk ? "temporary files (set TMPDIR to a folder with room)" : "SQLite",
              sqlite3_errmsg(database_));
}

Result<std::unique_ptr<TempDb>> TempDb::open() {
  sqlite3* database = nullptr;
  const int opened = sqlite3_open_v2(
      "", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<TempDb> db(new TempDb(database));
  if (opened != SQLITE_OK) return db->failed();
  // The database ends with the process, so nothing is ever rolled back: one transaction, no
  // journal.
  for (const char* sql : {"PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF",
                          "PRAGMA temp_store = FILE", "PRAGMA cache_size = -16384", "BEGIN"})
    LIDO_TRY(db->run(sql));
  return db;
}

TempDb::~TempDb() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(database_);
}

Result<sqlite3_stmt*> TempDb::prepare(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement != nullptr) return statement;
  if (sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
      SQLITE_OK)
    return failed();
  return statement;
}

Result<void> TempDb::query(const char* sql, std::initializer_list<DbValue> values,
                           const OnRow& on_row) {
  const std::lock_guard lock(mutex_);
  sqlite3_stmt* statement = LIDO_TRY(prepare(sql));
  int place = 0;
  for (const DbValue& value : values) value.bind(statement, ++place);
  Result<void> visited;
  int step = SQLITE_ROW;
  while (visited && (step = sqlite3_step(statement)) == SQLITE_ROW)
    visited = on_row(DbRow(statement));
  Result<void> ran;
  if (step != SQLITE_ROW && step != SQLITE_DONE) ran = failed();
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return ran ? visited : ran;
}

Result<void> TempDb::run(const char* sql, std::initializer_list<DbValue> values) {
  return query(sql, values, [](const DbRow&) -> Result<void> { return {}; });
}

}  // namespace lido::ingest
