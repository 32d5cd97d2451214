// SPDX-License-Identifier: Apache-2.0
#include "lido/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace lido {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return fail(ErrorCode::kInvalidArgument, "value is {}, want even", value);
  return value / 2;
}

Result<int> quarter(int value) {
  const int first = LIDO_TRY(half(value));
  return LIDO_TRY(half(first));
}

Result<void> check(int value) {
  LIDO_TRY(half(value));
  return {};
}

TEST(Try, EvaluatesToTheValue) {
  EXPECT_EQ(quarter(12), 3);
  EXPECT_TRUE(check(4));
}

TEST(Try, ReturnsTheFirstError) {
  EXPECT_EQ(quarter(7).error().message, "value is 7, want even");
  EXPECT_EQ(quarter(6).error().message, "value is 3, want even");
  EXPECT_FALSE(check(5));
}

TEST(Try, MovesAValueThatCannotBeCopied) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(5); };
  const auto use = [&]() -> Result<int> {
    const std::unique_ptr<int> made = LIDO_TRY(make());
    return *made;
  };
  EXPECT_EQ(use(), 5);
}

TEST(WithContext, NamesTheCulpritAndKeepsTheCode) {
  const auto error = with_context("a.csv", Error{ErrorCode::kCorrupt, "row 3 is short"}).error();
  EXPECT_EQ(error.code, ErrorCode::kCorrupt);
  EXPECT_EQ(error.message, "a.csv: row 3 is short");
}

TEST(NameOf, IsDifferentForEveryCode) {
  std::set<std::string> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kCancelled); ++code)
    names.insert(name_of(static_cast<ErrorCode>(code)));
  EXPECT_EQ(names, (std::set<std::string>{"invalid_argument", "not_found", "unavailable", "corrupt",
                                          "degenerate", "cancelled"}));
}

}  // namespace
}  // namespace lido
