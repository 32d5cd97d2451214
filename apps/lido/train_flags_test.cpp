// SPDX-License-Identifier: Apache-2.0
#include "train_flags.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace lido::cli {
namespace {

TEST(TrainConfig, WantsANetworkAndItsData) {
  const auto error = [](const model::TrainConfig& config) {
    const auto checked = check_train_config(config);
    return checked ? "" : checked.error().message;
  };
  EXPECT_EQ(error({.network = "people", .data = "d", .points = "", .options = {}}), "");
  EXPECT_EQ(error({.network = "gesture", .data = "", .points = "p", .options = {}}), "");
  EXPECT_NE(error({.network = "", .data = "d", .points = "", .options = {}}).find("network is"),
            std::string::npos);
  EXPECT_NE(error({.network = "people", .data = "", .points = "", .options = {}}).find("--data is"),
            std::string::npos);
  EXPECT_NE(error({.network = "people", .data = "", .points = "p", .options = {}}).find("pixels"),
            std::string::npos);
  EXPECT_NE(error({.network = "gesture", .data = "d", .points = "p", .options = {}}).find("both"),
            std::string::npos);
  EXPECT_NE(error({.network = "people", .data = "d", .points = "", .options = {.epochs = 0}})
                .find("epochs is 0"),
            std::string::npos);
}

TEST(TrainConfig, HasAbsolutePlacesForWorkers) {
  const std::string here = std::filesystem::current_path().string();
  model::TrainConfig points{
      .network = "gesture", .data = "", .points = "p.csv", .options = {.classes = "names.csv"}};
  make_absolute(points);
  EXPECT_EQ(points.data, "");
  EXPECT_EQ(points.points, here + "/p.csv");
  EXPECT_EQ(points.options.classes, here + "/names.csv");
  model::TrainConfig data{
      .network = "people", .data = "gs://a/d", .points = "", .options = {.classes = "a=b,c"}};
  make_absolute(data);
  EXPECT_EQ(data.data, "gs://a/d");
  EXPECT_EQ(data.options.classes, "a=b,c");
}

}  // namespace
}  // namespace lido::cli
