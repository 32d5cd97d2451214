// SPDX-License-Identifier: Apache-2.0
#include "lido/model/config.h"

#include <gtest/gtest.h>

#include <fstream>

#include "lido/base/test_folder.h"

namespace lido::model {
namespace {

TEST(TrainConfig, YamlGivesItBack) {
  TrainConfig config{.network = "people", .data = "/data/a \"b\": c", .options = {}};
  config.options.classes = "behaviour=dive,swim";
  config.options.learning_rate = 0.1 + 0.2;  // needs all its digits
  config.options.no_augment = true;
  config.options.seed = 9'000'000'000'000'000;
  const auto read = parse_config(to_yaml(config), "config.yaml");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->network, config.network);
  EXPECT_EQ(read->data, config.data);
  EXPECT_EQ(to_json(read->options), to_json(config.options));
}

TEST(TrainConfig, AFileMayHaveSomeOfTheKeys) {
  const auto read = *parse_config("epochs: 3\nfootage: real\n", "c.yaml");
  EXPECT_EQ(read.options.epochs, 3);
  EXPECT_EQ(read.options.footage, "real");
  EXPECT_EQ(read.options.batch_size, TrainOptions().batch_size);
  EXPECT_EQ(read.network, "");
}

// Networks of earlier versions saw frames alone, whatever the dataset has; gestures have one
// stream.
TEST(TrainConfig, ARunOfAnEarlierVersionSeesFrames) {
  const TestFolder folder;
  const auto streams_of = [&](const std::string& text) {
    std::ofstream(folder / kConfigFile) << text;
    return read_config(folder.string())->options.streams;
  };
  EXPECT_EQ(streams_of("network: people\ndata: /d\n"), "frames");
  EXPECT_EQ(streams_of("network: people\ndata: /d\nstreams: \"frames,keypoints\"\n"),
            "frames,keypoints");
  EXPECT_EQ(streams_of("network: gesture\ndata: /d\n"), "auto");
}

TEST(TrainConfig, NamesTheLineThatDoesNotFit) {
  const auto message = [](std::string_view text) {
    const auto read = parse_config(text, "c.yaml");
    return read ? "" : read.error().message;
  };
  EXPECT_EQ(message("seed: 1\nepochs: 0\n").substr(0, 24), "c.yaml:2: epochs is 0, w");
  EXPECT_EQ(message("network: detector\n").substr(0, 17), "c.yaml:1: network");
  EXPECT_NE(message("epoch: 3\n").find("epoch"), std::string::npos);
  EXPECT_NE(message("- 3\n"), "");
  EXPECT_NE(message("balance: .nan\n"), "");
}

}  // namespace
}  // namespace lido::model
