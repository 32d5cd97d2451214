// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/attempts.h"

#include <gtest/gtest.h>

#include "lido/ingest/test_store_folder.h"

namespace lido::ingest {
namespace {

const std::string kPart = ".work/parts/0123";

Attempts open(TestStoreFolder& folder, const std::string& place, const std::string& run = "run1") {
  return *Attempts::open(folder.store(), place, run);
}

TEST(Attempts, AnAttemptThatEndedLeavesNothing) {
  TestStoreFolder folder;
  const Attempts attempts = open(folder, "node1");
  const std::string note = *attempts.begin(kPart);
  EXPECT_TRUE(note.starts_with(".work/attempts/0123@node1.run1."));
  EXPECT_EQ(folder.files(".work/attempts"), 1);
  ASSERT_TRUE(attempts.end(note));
  EXPECT_EQ(open(folder, "node1").failures(kPart).kills, 0);
}

TEST(Attempts, ANoteThatIsLeftIsAFailure) {
  TestStoreFolder folder;
  ASSERT_TRUE(open(folder, "node1").begin(kPart));
  ASSERT_TRUE(open(folder, "node1").begin(kPart));
  ASSERT_TRUE(open(folder, "node2").begin(".work/parts/4567"));
  const Attempts attempts = open(folder, "node3");
  EXPECT_EQ(attempts.failures(kPart).kills, 2);
  EXPECT_EQ(attempts.failures(kPart).crashes, 0);
  EXPECT_EQ(attempts.failures(".work/parts/4567").kills, 1);
  EXPECT_EQ(attempts.failures(".work/parts/89ab").kills, 0);
  EXPECT_EQ(attempts.places(), (std::set<std::string>{"node1", "node2"}));
}

TEST(Attempts, AMarkedNoteIsACrash) {
  TestStoreFolder folder;
  const Attempts attempts = open(folder, "node1");
  const std::string note = *attempts.begin(kPart);
  EXPECT_EQ(attempts.path_of(note), folder.path(note));
  ASSERT_TRUE(folder.store().write_text(note, "x"));
  EXPECT_EQ(open(folder, "node2").failures(kPart).crashes, 1);
  EXPECT_EQ(open(folder, "node2").failures(kPart).kills, 0);
}

TEST(Attempts, NotesOfAnotherRunDoNotCount) {
  TestStoreFolder folder;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(open(folder, "node1", "run1").begin(kPart));
  EXPECT_EQ(open(folder, "node1", "run2").failures(kPart).kills, 0);
  EXPECT_TRUE(open(folder, "node1", "run2").places().empty());
}

TEST(Attempts, FailuresOnADeadNodeAreDeathsOfTheNode) {
  TestStoreFolder folder;
  for (const char* node : {"node1", "node1", "node2"}) ASSERT_TRUE(open(folder, node).begin(kPart));
  Attempts attempts = open(folder, "node3");
  attempts.keep_places({"node2", "node3"});
  EXPECT_EQ(attempts.failures(kPart).kills, 1);
  EXPECT_EQ(attempts.failures(kPart).node_deaths, 2);
}

TEST(Attempts, ALedgerOfNoneWritesNothing) {
  const Attempts attempts = Attempts::none();
  const auto note = attempts.begin(kPart);
  ASSERT_TRUE(note);
  EXPECT_TRUE(attempts.end(*note));
  EXPECT_EQ(attempts.path_of(*note), "");
  EXPECT_EQ(attempts.failures(kPart).kills, 0);
}

TEST(Attempts, AFolderWithoutNotesIsNoError) {
  TestStoreFolder folder;
  EXPECT_TRUE(open(folder, "node1").places().empty());
}

TEST(Failures, OnlyCrashesProveThatTheClipIsTheCause) {
  using part::FailureKind;
  EXPECT_FALSE((Failures{.crashes = 1, .kills = 1}).verdict());
  EXPECT_EQ((Failures{.crashes = 3}).verdict()->kind, FailureKind::kContent);
  EXPECT_EQ((Failures{.kills = 3}).verdict()->kind, FailureKind::kOutside);
  EXPECT_EQ((Failures{.crashes = 2, .kills = 1}).verdict()->kind, FailureKind::kOutside);
}

TEST(Failures, DeathsOfNodesAreBoundedToo) {
  EXPECT_FALSE((Failures{.node_deaths = 5}).needs_care());
  EXPECT_TRUE((Failures{.node_deaths = 6}).needs_care());
  EXPECT_FALSE((Failures{.node_deaths = 7}).verdict());
  EXPECT_EQ((Failures{.node_deaths = 8}).verdict()->kind, part::FailureKind::kOutside);
}

}  // namespace
}  // namespace lido::ingest
