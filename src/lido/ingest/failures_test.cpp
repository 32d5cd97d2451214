// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/failures.h"

#include <gtest/gtest.h>

namespace lido::ingest {
namespace {

TEST(Failures, AStepIsTriedAgainUntilTheThirdCrash) {
  EXPECT_FALSE(Failures{}.verdict());
  EXPECT_FALSE(Failures{.crashes = 2}.verdict());
  const auto verdict = Failures{.crashes = 3}.verdict();
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->kind, part::FailureKind::kContent);
  EXPECT_EQ(verdict->reason, "its worker process crashed 3 times");
}

TEST(Failures, KillsAreNoProofAgainstTheClip) {
  const auto verdict = Failures{.crashes = 1, .kills = 2}.verdict();
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->kind, part::FailureKind::kOutside);
  EXPECT_EQ(verdict->reason, "its worker process was killed 3 times");
}

TEST(Failures, MachinesMayDieMoreOften) {
  EXPECT_FALSE(Failures{.node_deaths = 7}.verdict());
  const auto verdict = Failures{.node_deaths = 8}.verdict();
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->kind, part::FailureKind::kOutside);
  EXPECT_EQ(verdict->reason, "8 machines died while they read it");
}

TEST(Failures, CareComesBeforeTheVerdict) {
  EXPECT_FALSE((Failures{.crashes = 1}.needs_care()));
  EXPECT_TRUE((Failures{.crashes = 1, .kills = 1}.needs_care()));
  EXPECT_FALSE((Failures{.node_deaths = 5}.needs_care()));
  EXPECT_TRUE((Failures{.node_deaths = 6}.needs_care()));
}

}  // namespace
}  // namespace lido::ingest
