// SPDX-License-Identifier: Apache-2.0
#include "usage.h"

#include <gtest/gtest.h>

#include "app.h"

namespace lido::cli {
namespace {

Command all_commands_for_usage() {
  int exit = 0;
  const std::vector<std::string> from_files;
  return describe(*make_app(exit, from_files, commands()));
}

TEST(Usage, ChoicesNameArgumentsThatExist) {
  int commands = 0;
  visit_commands(all_commands_for_usage(), [&](const Command& one) {
    commands += one.choices.empty() ? 0 : 1;
    for (const std::string& part : CLI::detail::split(one.choices, ' ')) {
      std::string word = part;
      std::erase_if(word, [](char c) { return c == '(' || c == ')' || c == '|' || c == '.'; });
      if (word.empty() || word == "TEXT") continue;
      EXPECT_TRUE(std::ranges::find(one.arguments, word, &Argument::name) != one.arguments.end())
          << one.path << " " << word;
    }
  });
  EXPECT_EQ(commands, 9) << "a command of the list is gone or renamed";
}

TEST(Usage, LinesShowWhatIsRequired) {
  const Command all = all_commands_for_usage();
  const auto usage = [&](const char* command) {
    const std::string help = help_text(*all.find(command));
    const size_t begin = help.find("usage: ");
    return help.substr(begin, help.find('\n', begin) - begin);
  };
  EXPECT_EQ(usage("forget"),
            "usage: lido forget (--clip TEXT --time TEXT | --list TEXT | --leftovers) [FLAGS] "
            "dataset");
  EXPECT_EQ(usage("export"),
            "usage: lido export --out TEXT (--clip TEXT --time TEXT | --list TEXT) [FLAGS] "
            "dataset");
  EXPECT_EQ(usage("train"),
            "usage: lido train (network (--data TEXT | --points TEXT) --out TEXT | --resume TEXT) "
            "[FLAGS]")
      << "the choices show the positional argument";
  EXPECT_EQ(usage("eval"), "usage: lido eval (--data TEXT | --points TEXT) [FLAGS] model");
  EXPECT_EQ(usage("inspect"), "usage: lido inspect [FLAGS] dataset");
}

TEST(Usage, ExitCodesAreThoseOfTheCommand) {
  EXPECT_EQ(exit_codes_of("lido export"),
            "Exit codes: 0 done; 1 storage, disk or network failed; 2 wrong use, or input that "
            "cannot be read; 3 done, but samples are damaged.");
  EXPECT_EQ(exit_codes_of("lido man"),
            "Exit codes: 0 done; 1 storage, disk or network failed; 2 wrong use, or input that "
            "cannot be read.");
  const Command all = all_commands_for_usage();
  EXPECT_TRUE(exit_codes_of("lido ingest").contains("4 all clips were rejected; 130"));
  EXPECT_FALSE(help_text(*all.find("cluster")).contains("Exit codes"));
  EXPECT_TRUE(help_text(all).contains("`cluster check` found errors"));
}

}  // namespace
}  // namespace lido::cli
