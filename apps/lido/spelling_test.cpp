// SPDX-License-Identifier: Apache-2.0
#include "spelling.h"

#include <gtest/gtest.h>

namespace lido::cli {
namespace {

using Words = std::vector<std::string>;

Command program_to_misspell() {
  const auto flag = [](const char* name, const char* value) {
    return Argument{.name = name, .value = value};
  };
  Command ingest{.path = "lido ingest",
                 .arguments = {flag("--window", "INT"), flag("--workers", "INT"),
                               flag("--quiet", ""), Argument{.name = "clips", .value = "TEXT"}}};
  Command check{.path = "lido cluster check"}, hidden{.path = "lido secret", .hidden = true};
  return {.path = "lido",
          .arguments = {flag("--help", "")},
          .commands = {ingest, {.path = "lido cluster", .commands = {check}}, hidden}};
}

TEST(Spelling, NamesTheCommandThatWasMeant) {
  EXPECT_EQ(misspelled(program_to_misspell(), Words{"ingset", "clips"}),
            "ingset: not a command of lido. Did you mean lido ingest? See lido --help.");
}

TEST(Spelling, NamesTheFlagThatWasMeant) {
  EXPECT_EQ(misspelled(program_to_misspell(), Words{"ingest", "clips", "--widow", "8"}),
            "--widow: not a flag of lido ingest. Did you mean --window? See lido ingest --help.");
  EXPECT_EQ(misspelled(program_to_misspell(), Words{"ingest", "--work=2"}),
            "--work: not a flag of lido ingest. Did you mean --workers? See lido ingest --help.");
}

TEST(Spelling, NamesFlagsOfTheCommandsBelow) {
  EXPECT_EQ(misspelled(program_to_misspell(), Words{"--work", "2"}),
            "--work: not a flag of lido. Did you mean lido ingest --workers? See lido --help.");
  EXPECT_EQ(misspelled(program_to_misspell(), Words{"--bicycle"}),
            "--bicycle: not a flag of lido. See lido --help.");
}

TEST(Spelling, KnowsAFlagAndHelpThatAreWrittenAsCommands) {
  Command program = program_to_misspell();
  program.arguments.push_back({.name = "--version"});
  program.commands.push_back({.path = "lido help"});
  EXPECT_EQ(misspelled(program, Words{"version"}),
            "version: not a command of lido. Did you mean lido --version? See lido --help.");
  EXPECT_EQ(misspelled(program, Words{"cluster", "help"}),
            "help: not a command of lido cluster. Did you mean lido help cluster? See lido cluster "
            "--help.");
}

TEST(Spelling, FindsACommandOneFloorBelow) {
  EXPECT_EQ(misspelled(program_to_misspell(), Words{"check", "x.yaml"}),
            "check: not a command of lido. Did you mean lido cluster check? See lido --help.");
}

TEST(Spelling, SuggestsNothingForAWordLikeNoOther) {
  EXPECT_EQ(misspelled(program_to_misspell(), Words{"bicycle"}),
            "bicycle: not a command of lido. See lido --help.");
}

TEST(Spelling, HiddenCommandsExistAndAreNotSuggested) {
  EXPECT_EQ(misspelled(program_to_misspell(), Words{"secret"}), std::nullopt);
  EXPECT_EQ(misspelled(program_to_misspell(), Words{"secrte"}),
            "secrte: not a command of lido. See lido --help.");
}

TEST(Spelling, LeavesValuesPositionalsAndTheRestAfterTwoDashesAlone) {
  EXPECT_EQ(misspelled(program_to_misspell(), Words{"ingest", "ingset", "--window", "--widow"}),
            std::nullopt);
  EXPECT_EQ(misspelled(program_to_misspell(), Words{"ingest", "--quiet", "--", "--widow"}),
            std::nullopt);
}

}  // namespace
}  // namespace lido::cli
