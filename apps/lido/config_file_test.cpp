// SPDX-License-Identifier: Apache-2.0
#include "config_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "lido/base/test_folder.h"

namespace lido::cli {
namespace {

using Words = std::vector<std::string>;

Command program_with_config() {
  const auto flag = [](const char* name, const char* value) {
    return Argument{.name = name, .value = value};
  };
  return {
      .path = "lido",
      .arguments = {flag("--help", "")},
      .commands = {
          {.path = "lido ingest",
           .arguments = {flag("--fps", "TEXT"), flag("--quiet", ""), flag("--shard-mb", "FLOAT"),
                         flag("--on", "TEXT")}},
          {.path = "lido cluster",
           .commands = {{.path = "lido cluster price", .arguments = {flag("--plot", "TEXT")}}}}}};
}

/// A lido.toml in a folder of its own.
class Config : public testing::Test {
 protected:
  ConfigFile write(const std::string& name, const std::string& text, bool trusted = true) {
    std::ofstream(folder_ / name) << text;
    return {folder_ / name, trusted};
  }
  static Result<CommandLine> complete(const Words& arguments,
                                      const std::vector<ConfigFile>& files) {
    return with_config_files(program_with_config(), arguments, files);
  }
  TestFolder folder_;
};

TEST_F(Config, AddsWhatTheCommandLineDoesNotHold) {
  const auto file = write("a", "[ingest]\nfps = \"8\"\nshard_mb = 64\nquiet = true\n");
  const auto line = complete({"ingest", "clips", "--fps", "4"}, {file});
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_EQ(line->arguments,
            (Words{"ingest", "clips", "--fps", "4", "--shard-mb=64", "--quiet=true"}));
  EXPECT_EQ(line->from_files, (Words{"--shard-mb", "--quiet"}));
}

TEST_F(Config, AddsBeforeTwoDashes) {
  const auto line = complete({"ingest", "--", "--fps"}, {write("a", "[ingest]\nfps = 8\n")});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->arguments, (Words{"ingest", "--fps=8", "--", "--fps"}));
}

TEST_F(Config, KeysAboveAllSectionsCountForCommandsThatHaveTheFlag) {
  const auto file = write("a", "quiet = true\n[cluster.price]\nplot = 'p.svg'\n");
  EXPECT_EQ(complete({"ingest"}, {file})->arguments, (Words{"ingest", "--quiet=true"}));
  EXPECT_EQ(complete({"cluster", "price"}, {file})->arguments,
            (Words{"cluster", "price", "--plot=p.svg"}));
}

TEST_F(Config, TheFirstFileWins) {
  const auto first = write("a", "[ingest]\nfps = 1\n"), second = write("b", "[ingest]\nfps = 2\n");
  EXPECT_EQ(complete({"ingest"}, {first, second})->arguments, (Words{"ingest", "--fps=1"}));
}

TEST_F(Config, AFileThatIsNotThereIsPassedOver) {
  EXPECT_EQ(complete({"ingest"}, {{folder_ / "none", true}})->arguments, (Words{"ingest"}));
}

TEST_F(Config, NamesTheLineOfAnUnknownKeyAndTheKeyThatWasMeant) {
  const auto file = write("a", "# mine\n[ingest]\nfsp = 8\n");
  const auto line = complete({"cluster", "price"}, {file});
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().message, file.path +
                                      ":3: fsp is not a flag of lido ingest. Did you mean "
                                      "fps? See lido ingest --help.");
  EXPECT_EQ(complete({"ingest"}, {write("b", "[ingset]\nfps = 8\n")}).error().message,
            (folder_ / "b").string() + ":2: [ingset] is not a command. See lido --help.");
}

TEST_F(Config, RefusesAPlaceForWorkInAFolderThatAnyoneMayHaveMade) {
  const std::string text = "[ingest]\non = \"https://elsewhere.example\"\n";
  EXPECT_TRUE(complete({"ingest"}, {write("a", text, true)}));
  EXPECT_FALSE(complete({"ingest"}, {write("a", text, false)}));
}

TEST(ParseConfig, ReadsStringsNumbersBooleansAndArrays) {
  const auto entries = parse_config(
      "a = \"x \\\"y\\\" #\" # comment\nb = 'c:\\d'\nc = -1.5e3\nd_e = true\nf = [1, \"2\" , ]\n",
      "t");
  ASSERT_TRUE(entries) << entries.error().message;
  ASSERT_EQ(entries->size(), 5u);
  EXPECT_EQ((*entries)[0].values, Words{"x \"y\" #"});
  EXPECT_EQ((*entries)[1].values, Words{"c:\\d"});
  EXPECT_EQ((*entries)[2].values, Words{"-1.5e3"});
  EXPECT_EQ((*entries)[3].key, "d-e");
  EXPECT_EQ((*entries)[4].values, (Words{"1", "2"}));
}

TEST(ParseConfig, NamesTheLineThatIsNoSetting) {
  for (const char* text :
       {"a = 1\nb\n", "a = 1\nb = x\n", "a = 1\n[b\n", "a = 1\nb = \"x\n", "a = 1\nb = 1 2\n",
        "a = 1\na = 2\n", "a = 1\nb = [1\n", "a = 1\nb =\n"}) {
    const auto entries = parse_config(text, "t");
    ASSERT_FALSE(entries) << text;
    EXPECT_TRUE(entries.error().message.starts_with("t:2: ")) << entries.error().message;
  }
}

}  // namespace
}  // namespace lido::cli
