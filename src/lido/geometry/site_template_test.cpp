// SPDX-License-Identifier: Apache-2.0
#include "lido/geometry/site_template.h"

#include <gtest/gtest.h>

#include "lido/geometry/site_view.h"

namespace lido::geometry {
namespace {

TEST(SiteTemplate, DescribesAPoolOfTheGivenSize) {
  const auto text = site_template("pool-a", "", {.length_m = 50, .width_m = 20, .deep_m = 3.5});
  ASSERT_TRUE(text) << text.error().message;
  const auto site = read_site(*text, "site.yaml");
  ASSERT_TRUE(site) << site.error().message << *text;
  EXPECT_EQ(site->use.name, "pool-a");
  EXPECT_EQ(site->pool.length_m(), 50);
  EXPECT_EQ(site->pool.width_m(), 20);
  EXPECT_EQ(site->pool.deep_m, 3.5);
  EXPECT_EQ(site->cameras.size(), 4u);
  EXPECT_EQ(site->use.swim_hours.size(), 2u);
  EXPECT_EQ(site->use.zones.size(), 2u);
}

TEST(SiteTemplate, IsReadForAllItsRange) {
  for (const double length_m : {2.0, 25.0, 200.0}) {
    for (const double width_m : {1.0, 12.5, 100.0}) {
      for (const int cameras : {0, 1, 7, 32}) {
        const auto text = site_template(
            "p", "/schema", {.length_m = length_m, .width_m = width_m, .cameras = cameras});
        ASSERT_TRUE(text) << text.error().message;
        const auto site = read_site(*text, "site.yaml");
        ASSERT_TRUE(site) << site.error().message;
        EXPECT_EQ(site->cameras.size(), static_cast<size_t>(cameras));
      }
    }
  }
}

TEST(SiteTemplate, HasCamerasThatSeeAnUsualPoolTwice) {
  const auto site = read_site(*site_template("p", ""), "site.yaml");
  ASSERT_TRUE(site);
  const SiteView view = view_of(*site);
  EXPECT_GT(view.by_two, 0.8);
  EXPECT_TRUE(view.warnings.empty());
}

TEST(SiteTemplate, RefusesANameThatYamlCouldMisread) {
  for (const char* name : {"", "pool a", "a\"b", "#", "Pool", "a: b"}) {
    const auto text = site_template(name, "");
    ASSERT_FALSE(text) << name;
    EXPECT_EQ(text.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(site_template("p", "", {.cameras = 33}).error().message, "cameras is 33, want 0 to 32");
}

}  // namespace
}  // namespace lido::geometry
