// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/temp_db.h"

#include <gtest/gtest.h>

namespace lido::ingest {
namespace {

TEST(TempDb, ValuesComeBackWithTheirTypes) {
  const auto db = *TempDb::open();
  ASSERT_TRUE(db->run("CREATE TABLE t(a, b, c, d)"));
  const std::string bytes("x\0y", 3);
  ASSERT_TRUE(db->run("INSERT INTO t VALUES(?, ?, ?, ?)", {INT64_MAX, 0.5, bytes, std::nullopt}));
  int rows = 0;
  ASSERT_TRUE(db->query("SELECT a, b, c, d FROM t", {}, [&](const DbRow& row) -> Result<void> {
    ++rows;
    EXPECT_EQ(row.integer(0), INT64_MAX);
    EXPECT_EQ(row.real(1), 0.5);
    EXPECT_EQ(row.bytes(2), bytes);
    EXPECT_TRUE(row.is_null(3));
    EXPECT_FALSE(row.is_null(0));
    return {};
  }));
  EXPECT_EQ(rows, 1);
}

TEST(TempDb, AnErrorOfTheCallbackEndsTheQuery) {
  const auto db = *TempDb::open();
  ASSERT_TRUE(db->run("CREATE TABLE t(a)"));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(db->run("INSERT INTO t VALUES(1)"));
  int rows = 0;
  const auto stopped = db->query("SELECT a FROM t", {}, [&](const DbRow&) -> Result<void> {
    ++rows;
    return fail(ErrorCode::kCancelled, "enough");
  });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(rows, 1);
}

TEST(TempDb, ABadStatementIsAnError) {
  const auto db = *TempDb::open();
  const auto bad = db->run("SELECT here FROM nowhere");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "SQLite: no such table: nowhere");
}

TEST(TempDb, AFullDiskNamesTmpdir) {
  const auto db = *TempDb::open();
  ASSERT_TRUE(db->run("CREATE TABLE t(x)"));
  ASSERT_TRUE(db->run("PRAGMA max_page_count = 20"));
  const std::string row(5000, 'x');
  Result<void> written;
  for (int i = 0; written && i < 100; ++i) written = db->run("INSERT INTO t VALUES(?)", {row});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(written.error().message.find("TMPDIR"), std::string::npos);
}

}  // namespace
}  // namespace lido::ingest
