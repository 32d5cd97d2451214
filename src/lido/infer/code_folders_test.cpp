// SPDX-License-Identifier: Apache-2.0
#include "lido/infer/code_folders.h"

#include <gtest/gtest.h>

#include "lido/infer/test_files.h"

namespace lido::infer {
namespace {

namespace fs = std::filesystem;
using Paths = std::vector<fs::path>;

TEST(CodeFolders, BeginWithThisProgramsFolder) {
  const auto folders = code_folders();
  ASSERT_FALSE(folders.empty());
  EXPECT_TRUE(fs::exists(folders.front() / "infer_tests")) << folders.front();
}

TEST(CodeFolders, AnInstalledProgramHasItsModelsInShare) {
  const TestFolder prefix;
  EXPECT_EQ(model_folders_near(prefix / "bin"), Paths());
  fs::create_directories(prefix / "share/lido/models");
  EXPECT_EQ(model_folders_near(prefix / "bin"), Paths{prefix / "share/lido/models"});
  // The wheel's module has them in its own folder.
  fs::create_directories(prefix / "lido/share/lido/models");
  EXPECT_EQ(model_folders_near(prefix / "lido").front(), prefix / "lido/share/lido/models");
}

TEST(CodeFolders, ABuildTreeHasItsModelsBesideTheBuild) {
  const TestFolder source;
  fs::create_directories(source / "build/models");
  EXPECT_EQ(model_folders_near(source / "build/release/bin"), Paths()) << "no build is there yet";
  write_file(source / "build/release/CMakeCache.txt", "");
  EXPECT_EQ(model_folders_near(source / "build/release/bin"), Paths{source / "build/models"});
  EXPECT_EQ(model_folders_near(source / "build/release/python/lido"),
            Paths{source / "build/models"});
}

TEST(CodeFolders, APythonEnvironmentIsFoundFromAnyDepthInside) {
  const TestFolder home;
  EXPECT_EQ(python_scripts_near(home / "env/lib/python3.11/site-packages/lido/bin"), "");
  write_file(home / "env/pyvenv.cfg", "");
  EXPECT_EQ(python_scripts_near(home / "env/lib/python3.11/site-packages/lido/bin"),
            home / "env/bin");
  write_file(home / ".venv/pyvenv.cfg", "");
  write_file(home / "build/release/CMakeCache.txt", "");
  EXPECT_EQ(python_scripts_near(home / "build/release/bin"), home / ".venv/bin");
}

}  // namespace
}  // namespace lido::infer
