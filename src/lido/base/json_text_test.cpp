// SPDX-License-Identifier: Apache-2.0
#include "lido/base/json_text.h"

#include <gtest/gtest.h>

namespace lido {
namespace {

TEST(JsonText, TakesAnyBytes) {
  const nlohmann::ordered_json json = {{"clip", "caf\xe9.mp4"}};
  EXPECT_THROW((void)json.dump(), nlohmann::json::exception);
  EXPECT_EQ(json_text(json), "{\"clip\":\"caf\xef\xbf\xbd.mp4\"}");
  EXPECT_EQ(json_text(nlohmann::json{{"a", 1}}, 2), "{\n  \"a\": 1\n}");
}

}  // namespace
}  // namespace lido
