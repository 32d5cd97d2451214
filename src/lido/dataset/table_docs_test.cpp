// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/table_docs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace lido::dataset {
namespace {

TEST(TableDocs, DescribeEveryColumnOnce) {
  const auto tables = table_docs();
  std::set<std::string> table_names;
  for (const TableDoc& table : tables) {
    std::set<std::string> names;
    EXPECT_TRUE(table_names.insert(table.name).second) << table.name;
    EXPECT_FALSE(table.columns.empty()) << table.name;
    EXPECT_FALSE(table.row.empty()) << table.name;
    for (const ColumnDoc& column : table.columns) {
      EXPECT_TRUE(names.insert(column.name).second) << table.name << ": " << column.name;
      EXPECT_FALSE(column.type.empty()) << table.name << ": " << column.name;
    }
  }
}

TEST(TableDocs, HelpTextsAreUnderstoodAlone) {
  for (const TableDoc& table : table_docs()) {
    for (const ColumnDoc& column : table.columns) {
      const std::string where = table.name + "." + column.name + ": " + column.help;
      EXPECT_GE(column.help.size(), 15U) << where;
      EXPECT_TRUE(column.help[0] >= 'A' && column.help[0] <= 'Z') << where;
      EXPECT_FALSE(column.help.ends_with('.')) << where;
      for (const char* word : {"Of ", "The same", "What ", "Who "})
        EXPECT_FALSE(column.help.starts_with(word)) << where;
      for (const char* word : {"same way", "likewise", "see above", "as above"})
        EXPECT_EQ(column.help.find(word), std::string::npos) << where;
    }
  }
}

TEST(TableDocs, QuantitiesHaveTheirUnit) {
  // A suffix of the name, and a word that the help text then has.
  constexpr std::pair<const char*, const char*> kUnits[] = {
      {"_s", "second"}, {"_m", "metre"}, {"_rad", "radian"}, {"_years", "years"}};
  for (const TableDoc& table : table_docs()) {
    for (const ColumnDoc& column : table.columns) {
      for (const auto& [suffix, unit] : kUnits) {
        if (column.name.ends_with(suffix)) {
          EXPECT_NE(column.help.find(unit), std::string::npos) << table.name << "." << column.name;
        }
      }
    }
  }
}

TEST(TableDocs, NameTypesAndFieldsOfStructs) {
  const auto manifest = table_docs()[0];
  EXPECT_EQ(manifest.name, "manifest");
  const auto type_of = [&](std::string_view name) {
    const auto found = std::ranges::find(manifest.columns, name, &ColumnDoc::name);
    return found == manifest.columns.end() ? std::string("none") : found->type;
  };
  EXPECT_EQ(type_of("sample"), "string");
  EXPECT_EQ(type_of("pts"), "list<int64>");
  EXPECT_EQ(type_of("start_utc"), "timestamp(us, UTC)");
  EXPECT_EQ(type_of("labels"), "list<struct>");
  EXPECT_EQ(type_of("labels.boxes"), "list<double>");
}

}  // namespace
}  // namespace lido::dataset
