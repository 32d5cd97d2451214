// SPDX-License-Identifier: Apache-2.0
#include "parse_errors.h"

#include <gtest/gtest.h>

#include "app.h"
#include "cli.h"

namespace lido::cli {
namespace {

/// The program's answer to a command line that CLI11 refuses.
std::string answer(std::vector<std::string> words, std::vector<std::string> from_files = {}) {
  int exit = kDone;
  const auto app = make_app(exit, from_files, commands());
  const Command all = describe(*app);
  const Command* command = &all;
  for (const std::string& word : words) {
    if (const Command* below = command->find(word)) command = below;
  }
  std::ranges::reverse(words);
  try {
    app->parse(words);
  } catch (const CLI::ParseError& error) {
    return parse_error_text(error, *command, from_files);
  }
  return "parsed";
}

TEST(ParseErrors, NameTheFlagItsValueAndWhatWasWanted) {
  EXPECT_EQ(answer({"ingest", "a", "--out", "d", "--size", "abc"}),
            "--size is \"abc\", want a whole number");
  EXPECT_EQ(answer({"ingest", "a", "--out", "d", "--size", "20.5"}),
            "--size is \"20.5\", want a whole number");
  EXPECT_EQ(answer({"ingest", "a", "--out", "d", "--min-score", "x"}),
            "--min-score is \"x\", want a number");
  EXPECT_EQ(answer({"ingest", "a", "--out", "d", "--quiet=foo"}),
            "--quiet is \"foo\", want no value");
  EXPECT_EQ(answer({"ingest", "a", "--out", "d", "--size"}),
            "--size: no value, want a whole number. See lido ingest --help.");
  EXPECT_EQ(answer({"ingest", "a", "--out", "d", "--size", "64", "--size", "32"}),
            "--size is given 2 times, want once");
  EXPECT_EQ(answer({"inspect", "d", "--epoch", "3"}), "--epoch requires --augmented");
}

TEST(ParseErrors, QuoteALongValue) {
  const std::string value(100'000, 'x');  // Linux passes 128 KiB in one argument
  EXPECT_EQ(answer({"ingest", "a", "--out", "d", "--size", value}),
            "--size is \"" + value + "\", want a whole number");
  EXPECT_EQ(answer({"ingest", "a", "--out", "d", "--fit", value}),
            "--fit is \"" + value + "\", want one of: crop, pad, stretch");
}

TEST(ParseErrors, NameTheRange) {
  EXPECT_EQ(answer({"ingest", "a", "--out", "d", "--size", "5"}), "--size is 5, want 16 to 2048");
  EXPECT_EQ(answer({"synth", "tracks", "--out", "d", "--seed", "nan"}),
            "--seed is nan, want 0 to 9e+15");
  EXPECT_EQ(answer({"synth", "pool", "--out", "d", "--hours", "1e9"}),
            "--hours is 1e9, want 0.0005 to 1000");
  EXPECT_EQ(answer({"inspect", "d", "--generation", "x"}), "--generation is x, want 1 to 999999");
}

TEST(ParseErrors, ListTheChoices) {
  EXPECT_EQ(answer({"ingest", "a", "--out", "d", "--fit", "round"}),
            "--fit is \"round\", want one of: crop, pad, stretch");
  EXPECT_EQ(answer({"completion", "ksh"}), "shell is \"ksh\", want one of: bash, zsh, fish");
}

TEST(ParseErrors, NameTheCommandThatLacksAnArgumentOrHasOneTooMany) {
  EXPECT_EQ(answer({"ingest", "a"}), "--out is missing. See lido ingest --help.");
  EXPECT_EQ(answer({"inspect"}), "dataset is missing. See lido inspect --help.");
  EXPECT_EQ(answer({"inspect", "d", "x"}),
            "lido inspect takes no more arguments, got \"x\". See lido inspect --help.");
}

TEST(ParseErrors, NameAFileThatIsNotThere) {
  EXPECT_EQ(answer({"jobs", "--on", "k8s:a/b", "--kubeconfig", "/no/such"}),
            "--kubeconfig is \"/no/such\", want a file that exists");
}

TEST(ParseErrors, NameTheFileThatGaveTheFlag) {
  EXPECT_EQ(answer({"ingest", "a", "--out", "d", "--size", "5"}, {"--size"}),
            "lido.toml: --size is 5, want 16 to 2048");
}

}  // namespace
}  // namespace lido::cli
