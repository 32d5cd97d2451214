// SPDX-License-Identifier: Apache-2.0
#include "app.h"

#include <gtest/gtest.h>

#include <set>

#include "cli.h"
#include "spelling.h"

namespace lido::cli {
namespace {

Command program() {
  int exit = 0;
  const std::vector<std::string> from_files;
  return describe(*make_app(exit, from_files, commands()));
}

/// The words of an example up to a pipe or redirection, without the program's name.
std::vector<std::string> words_of(const std::string& example) {
  std::vector<std::string> words;
  for (const std::string& word : CLI::detail::split(example, ' ')) {
    if (word == "|" || word == ">") break;
    words.push_back(word);
  }
  words.erase(words.begin());
  return words;
}

TEST(App, EveryCommandHasTwoExamplesOfItself) {
  visit_commands(program(), [](const Command& one) {
    if (one.hidden) return;
    ASSERT_EQ(one.examples.size(), 2u) << one.path;
    for (const std::string& example : one.examples) {
      EXPECT_TRUE(example.find(one.path) != std::string::npos) << one.path << ": " << example;
    }
  });
}

TEST(App, ExamplesUseFlagsThatExist) {
  const Command all = program();
  visit_commands(all, [&](const Command& one) {
    for (const std::string& example : one.examples)
      EXPECT_EQ(misspelled(all, words_of(example)), std::nullopt) << example;
  });
}

TEST(App, HelpFitsTheTerminalAndEndsWithExamples) {
  visit_commands(program(), [](const Command& one) {
    if (one.hidden) return;
    const std::string help = help_text(one);
    for (const std::string& line : CLI::detail::split(help, '\n'))
      EXPECT_LE(line.size(), 100u) << one.path << ": " << line;
    EXPECT_TRUE(help.ends_with(one.examples.back() + "\n")) << one.path;
  });
}

TEST(App, EveryArgumentHasHelp) {
  visit_commands(program(), [](const Command& one) {
    for (const Argument& argument : one.arguments)
      EXPECT_GT(argument.help.size(), 3u) << one.path << " " << argument.name;
  });
}

TEST(App, ChoicesAndRangesAreShown) {
  const Command all = program();
  const Argument* samples = all.find("ingest")->flag("--samples");
  ASSERT_NE(samples, nullptr);
  EXPECT_EQ(samples->choices,
            (std::vector<std::string>{"auto", "person", "labels", "frame", "both"}));
  const std::string help = help_text(*all.find("synth")->find("pool"));
  EXPECT_NE(help.find("(1 to 16)"), std::string::npos) << help;  // --cameras
}

TEST(App, ExitCodesAreListedOnceAndInOrder) {
  std::set<int> codes;
  for (const ExitCode& one : kExitCodes) EXPECT_TRUE(codes.insert(one.code).second);
  EXPECT_EQ(codes, (std::set<int>{0, 1, 2, 3, 4, 130}));
}

}  // namespace
}  // namespace lido::cli
