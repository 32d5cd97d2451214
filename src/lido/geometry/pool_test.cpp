// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/pool.h"

#include <gtest/gtest.h>

namespace lido::geometry {
namespace {

TEST(Pool, RefusesWhatIsNoPool) {
  const auto error = [](std::string_view change) {
    std::string text =
        "pool:\n  outline: [[0, 0], [10, 0], [10, 5], [0, 5]]\n  shallow_m: 1\n"
        "  ways_in: [[0, 2]]\n  gate: [-1, 2]\n";
    const std::string key(change.substr(0, change.find(':')));
    const size_t at = text.find("  " + key + ":");
    if (at != text.npos) text.replace(at, text.find('\n', at) - at, "  " + std::string(change));
    const auto pool = read_pool((*Yaml::parse(text, "scene.yaml"))["pool"]);
    return pool ? std::string("read") : pool.error().message;
  };
  EXPECT_EQ(error("none: 0"), "read");
  EXPECT_EQ(error("shallow_m: 0"), "scene.yaml:3: pool.shallow_m is 0, want a number, 0.05 to 10");
  EXPECT_EQ(error("outline: [[0, 0], [10, 5], [10, 0], [0, 5]]"),
            "scene.yaml:2: pool.outline is a list, want sides that do not cross");
  EXPECT_EQ(error("outline: [[0, 0], [1, 0]]"),
            "scene.yaml:2: pool.outline is a list, want three corners or more");
  EXPECT_EQ(error("ways_in: [[5, 2]]"),
            "scene.yaml:4: pool.ways_in.0 is a list, want a point of the rim, to 0.1 m");
  EXPECT_EQ(error("gate: [5, 2]"), "scene.yaml:5: pool.gate is a list, want a point on the deck");
}

TEST(Pool, IsReadBackAsWritten) {
  const Pool pool{.kind = "L",
                  .outline = {{0, 0}, {9, 0}, {9, 3}, {4, 3}, {4, 6}, {0, 6}},
                  .shallow_m = 0.95,
                  .deep_m = 1.625,
                  .deck_m = 2.5,
                  .freeboard_m = 0.125,
                  .ways_in = {{0, 3}, {2.75, 0}},
                  .gate = {-2, 1.5}};
  const auto again = read_pool(*Yaml::parse(to_yaml(pool), "site.yaml"));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(to_yaml(*again), to_yaml(pool));
  EXPECT_EQ(again->outline.size(), 6u);
  EXPECT_EQ(again->outline[3].x, 4);
  EXPECT_EQ(again->deep_m, 1.625);
  EXPECT_EQ(again->ways_in[1].x, 2.75);
}

}  // namespace
}  // namespace lido::geometry
