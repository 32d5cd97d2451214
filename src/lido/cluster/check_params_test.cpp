// SPDX-License-Identifier: Apache-2.0
// Start parameters. The right answers come from `ray start` of Ray 2.60 with each of them, and from
// its ResourceAndLabelSpec.
#include <gtest/gtest.h>

#include "lido/cluster/testing.h"

namespace lido::cluster {
namespace {

check_testing::Rules rules_with(const std::string& params) {
  return check_testing::ids(check_testing::changed("{memory: \"7000000000\"", "{" + params));
}

TEST(CheckParams, RefusesWhatRayStartRefuses) {
  for (const char* params : {"memory: 7Gi", "memory: \"-1\"", "memory: \"1\", num-cpus: 2000m",
                             "memory: \"1\", num-cpus: \"4.0\"", "memory: \"1\", num-cpus: many",
                             "memory: \"1\", num-cpus: \"-1\"", "memory: \"1\", num-cpu: \"4\"",
                             "memory: \"1\", block: \"1\"", "memory: \"1\", num-gpus: \"true\"",
                             "memory: \"1\", metrics-export-port: 80a",
                             "memory: \"1\", resources: '\"{\\\"disk\\\": 0.5}\"'",
                             "memory: \"1\", resources: '\"{\\\"disk\\\": -1}\"'",
                             "memory: \"1\", resources: '\"{\\\"disk\\\": \\\"1\\\"}\"'"})
    EXPECT_EQ(rules_with(params), check_testing::Rules{"param-refused"}) << params;
  EXPECT_EQ(check_testing::ids(check_testing::changed("object-store-memory: \"500000000\"",
                                                      "object-store-memory: 500Mi")),
            check_testing::Rules{"param-refused"});
}

TEST(CheckParams, AcceptsWhatRayStartAccepts) {
  for (const char* params : {"memory: \"1\", num-cpus: \"0_4\"", "memory: \"1\", num-cpus: \"4\"",
                             "memory: \"1\", num-cpus: '\"4\"'", "memory: \"1\", num-cpus: $CPUS",
                             "memory: \"1\", block: \"true\", disable-usage-stats: \"false\"",
                             "memory: \"1\", log-color: auto, include-dashboard: \"true\"",
                             "memory: \"1\", resources: '\"{\\\"disk\\\": 16, \\\"b\\\": 1.0}\"'"})
    EXPECT_EQ(rules_with(params), check_testing::Rules{}) << params;
}

TEST(CheckParams, WantsTextWhereYamlHasABoolean) {
  EXPECT_EQ(rules_with("memory: \"1\", block: yes"), check_testing::Rules{"param-not-text"});
  EXPECT_EQ(rules_with("memory: \"1\", block: True"), check_testing::Rules{"param-not-text"});
}

}  // namespace
}  // namespace lido::cluster
