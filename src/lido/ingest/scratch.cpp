// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/scratch.h"

#include <sqlite3.h>

namespace lido::ingest {

bool ScratchRow::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

int64_t ScratchRow::integer(int column) const { return sqlite3_column_int64(statement_, column); }

double ScratchRow::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view ScratchRow::bytes(int column) const {
  const auto* begin = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return {begin, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

void ScratchValue::bind(sqlite3_stmt* statement, int place) const {
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

std::unexpected<Error> Scratch::failed() const {
  const int code = sqlite3_errcode(database_);
  const bool room = code == SQLITE_FULL || code == SQLITE_IOERR || code == SQLITE_CANTOPEN;
  return fail(ErrorCode::kUnavailable, "{}: {}",
              room ? "the folder for temporary files, TMPDIR" : "SQLite",
              sqlite3_errmsg(database_));
}

Result<std::unique_ptr<Scratch>> Scratch::open() {
  sqlite3* database = nullptr;
  const int opened = sqlite3_open_v2(
      "", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<Scratch> scratch(new Scratch(database));
  if (opened != SQLITE_OK) return scratch->failed();
  // Nothing outlives the process, so that nothing needs undoing: one transaction without a journal.
  for (const char* text : {"PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF",
                           "PRAGMA temp_store = FILE", "PRAGMA cache_size = -16384", "BEGIN"})
    LIDO_TRY(scratch->run(text));
  return scratch;
}

Scratch::~Scratch() {
  for (const auto& [text, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(database_);
}

Result<sqlite3_stmt*> Scratch::ready(const char* text) {
  sqlite3_stmt*& statement = statements_[text];
  if (statement != nullptr) return statement;
  if (sqlite3_prepare_v3(database_, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
      SQLITE_OK)
    return failed();
  return statement;
}

Result<void> Scratch::query(const char* text, std::initializer_list<ScratchValue> values,
                            const TakeRow& take) {
  const std::lock_guard lock(mutex_);
  sqlite3_stmt* statement = LIDO_TRY(ready(text));
  int place = 0;
  for (const ScratchValue& value : values) value.bind(statement, ++place);
  Result<void> taken;
  int step = SQLITE_ROW;
  while (taken && (step = sqlite3_step(statement)) == SQLITE_ROW)
    taken = take(ScratchRow(statement));
  Result<void> ran;
  if (step != SQLITE_ROW && step != SQLITE_DONE) ran = failed();
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return ran ? taken : ran;
}

Result<void> Scratch::run(const char* text, std::initializer_list<ScratchValue> values) {
  return query(text, values, [](const ScratchRow&) -> Result<void> { return {}; });
}

}  // namespace lido::ingest
