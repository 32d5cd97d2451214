// SPDX-License-Identifier: Apache-2.0
#include "lido/base/json_field.h"

#include <gtest/gtest.h>

namespace lido {
namespace {

TEST(JsonField, IsATextOrTheFallback) {
  const auto json = nlohmann::json::parse(R"({"name":"pool","size":3,"list":["name"]})");
  EXPECT_EQ(text_at(json, "name"), "pool");
  EXPECT_EQ(text_at(json, "size"), "");
  EXPECT_EQ(text_at(json, "none", "other"), "other");
  EXPECT_EQ(text_at(json["list"], "name"), "") << "a list has no keys";
  EXPECT_EQ(text_at(nlohmann::json::parse("{", nullptr, false), "name"), "") << "does not parse";
}

}  // namespace
}  // namespace lido
