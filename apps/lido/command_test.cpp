// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <gtest/gtest.h>

namespace lido::cli {
namespace {

TEST(Command, HelpShowsUsageDefaultsChoicesAndExamples) {
  const Command command{
      .path = "lido ingest",
      .about = "Turn clips into samples",
      .examples = {"lido ingest clips/ --out train"},
      .arguments = {
          {.name = "clips",
           .value = "TEXT",
           .help = "Files",
           .group = "arguments",
           .required = true,
           .repeated = true},
          {.name = "--out", .value = "TEXT", .help = "Dataset", .group = "flags", .required = true},
          {.name = "--fit",
           .value = "TEXT",
           .choices = {"pad", "crop"},
           .help = "Shape",
           .fallback = "crop",
           .group = "flags"}}};
  EXPECT_EQ(help_text(command),
            "Turn clips into samples\n\n"
            "usage: lido ingest --out TEXT [FLAGS] clips...\n\n"
            "arguments:\n"
            "  clips                       Files\n\n"
            "flags:\n"
            "  --out TEXT                  Dataset (required)\n"
            "  --fit {pad,crop}            Shape [crop]\n\n"
            "examples:\n"
            "  lido ingest clips/ --out train\n");
}

TEST(Command, WrapsAtWordsAndKeepsLineBreaks) {
  EXPECT_EQ(wrapped("one two three", 7, 2), "one two\n  three");
  EXPECT_EQ(wrapped("one\ntwo", 70, 0), "one\ntwo");
  EXPECT_EQ(wrapped("incomprehensible", 4, 0), "incomprehensible");
}

TEST(Command, FindsByTheLastWordOfThePath) {
  const Command command{.path = "lido", .commands = {{.path = "lido cluster"}}};
  ASSERT_NE(command.find("cluster"), nullptr);
  EXPECT_EQ(command.find("lido cluster"), nullptr);
  EXPECT_EQ(command.find("cluster")->name(), "cluster");
}

}  // namespace
}  // namespace lido::cli
