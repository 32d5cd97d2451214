// SPDX-License-Identifier: Apache-2.0
#include "completion.h"

#include <gtest/gtest.h>

#include "man_page.h"

namespace lido::cli {
namespace {

Command small_program() {
  return {.path = "lido",
          .about = "Turns pool video into training data",
          .commands = {{.path = "lido ingest",
                        .about = "Ingest clips, it's quick",
                        .examples = {"lido ingest clips/ --out train"},
                        .arguments = {{.name = "--fit",
                                       .value = "TEXT",
                                       .choices = {"pad", "crop"},
                                       .help = ".5 of a [frame]: \\ and - stay"},
                                      {.name = "--out", .value = "TEXT", .help = "Dataset"}}},
                       {.path = "lido secret", .about = "Hidden", .hidden = true}}};
}

TEST(Completion, NamesCommandsFlagsAndValuesInEveryShell) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = completion(small_program(), shell);
    for (const char* word : {"ingest", "fit", "pad crop"})
      EXPECT_NE(script.find(word), std::string::npos) << shell << ": " << word;
    EXPECT_EQ(script.find("secret"), std::string::npos) << shell;
  }
}

TEST(Completion, QuotesForZshAndFish) {
  EXPECT_NE(completion(small_program(), "zsh").find("it'\\''s quick"), std::string::npos);
  EXPECT_NE(completion(small_program(), "fish").find("it'\\''s quick"), std::string::npos);
}

TEST(ManPage, EscapesWhatRoffWouldRead) {
  const std::string page = man_page(small_program());
  EXPECT_NE(page.find("\n\\&.5 of a [frame]: \\e and \\- stay"), std::string::npos) << page;
  EXPECT_NE(page.find("\\fB\\-\\-fit\\fR {pad,crop}"), std::string::npos) << page;
  EXPECT_EQ(page.find("secret"), std::string::npos);
  EXPECT_NE(page.find("lido ingest clips/ \\-\\-out train"), std::string::npos);
}

}  // namespace
}  // namespace lido::cli
