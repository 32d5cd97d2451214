// SPDX-License-Identifier: Apache-2.0
#include "lido/infer/catalog.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "lido/infer/fetch.h"
#include "lido/infer/test_files.h"

namespace lido::infer {
namespace {

namespace fs = std::filesystem;

/// Two model folders, of LIDO_MODELS and of the user, and copies of a real bundle to put there.
class Catalog : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(fs::exists(LIDO_TEST_MODELS "/nanodet/bundle.json"))
        << "no nanodet in " << LIDO_TEST_MODELS << "; ./dev test fetches it";
  }

  void put(const fs::path& folder, const std::string& name) {
    fs::create_directories(folder / name);
    std::string text = read_file(LIDO_TEST_MODELS "/nanodet/bundle.json");
    text.replace(text.find("\"nanodet\""), 9, "\"" + name + "\"");
    write_file(folder / name / "bundle.json", text);
    fs::copy(LIDO_TEST_MODELS "/nanodet/model.pb", folder / name);
  }

  /// Names of the installed bundles in the two folders.
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& bundle : installed_bundles()) {
      if (bundle && bundle->folder.starts_with(root_.path().string())) all.push_back(bundle->name);
    }
    return all;
  }

  TestFolder root_;
  fs::path first_ = root_ / "first";
  fs::path user_ = root_ / "data/lido/models";
  TestVariable lido_models_{"LIDO_MODELS", first_};
  TestVariable data_home_{"XDG_DATA_HOME", root_ / "data"};
};

TEST_F(Catalog, LidoModelsComesBeforeTheUsersFolder) {
  put(user_, "pool");
  EXPECT_EQ(find_bundle("pool")->folder, (user_ / "pool").string());
  put(first_, "pool");
  EXPECT_EQ(find_bundle("pool")->folder, (first_ / "pool").string());
  EXPECT_EQ(models_folder().value(), first_.string());
}

TEST_F(Catalog, ListsEachNameOnce) {
  put(first_, "pool");
  put(user_, "pool");
  put(user_, "lake");
  EXPECT_EQ(names(), (std::vector<std::string>{"pool", "lake"}));
}

TEST_F(Catalog, ABrokenBundleIsListedAsItsError) {
  write_file(first_ / "broken/bundle.json", "{\n  \"format\": 1,\n}");
  const auto bundles = installed_bundles();
  const auto broken =
      std::ranges::find_if(bundles, [](const auto& bundle) { return !bundle.has_value(); });
  ASSERT_NE(broken, bundles.end());
  EXPECT_EQ(broken->error().message, (first_ / "broken/bundle.json").string() +
                                         ": line 3, column 1: not JSON. Fix the syntax there.");
}

TEST_F(Catalog, AMissingModelNamesTheFoldersAndTheWayOut) {
  const auto none = find_bundle("no-such-model");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
  EXPECT_NE(none.error().message.find(first_.string()), std::string::npos) << none.error().message;
  EXPECT_TRUE(none.error().message.ends_with("Run lido models list for the names there are."));
}

TEST_F(Catalog, AddsABundleOnceAndReplacesItWhenAsked) {
  put(root_ / "elsewhere", "pool");
  const std::string source = root_ / "elsewhere/pool";
  const auto added = add_bundle(source, /*replace=*/false);
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(added->folder, (first_ / "pool").string());
  EXPECT_EQ(read_file(first_ / "pool/model.pb"), read_file(source + "/model.pb"));
  const auto twice = add_bundle(source, /*replace=*/false);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, ErrorCode::kInvalidArgument);
  write_file(first_ / "pool/stale.txt", "of the former bundle");
  EXPECT_TRUE(add_bundle(source, /*replace=*/true));
  EXPECT_FALSE(fs::exists(first_ / "pool/stale.txt"));
  // No temporary folder stays behind.
  EXPECT_EQ(std::distance(fs::directory_iterator(first_), {}), 1);
}

}  // namespace
}  // namespace lido::infer
