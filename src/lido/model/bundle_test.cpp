// SPDX-License-Identifier: Apache-2.0
#include "lido/model/bundle.h"

#include <gtest/gtest.h>

#include <fstream>

#include "lido/base/test_folder.h"

namespace lido::model {
namespace {

Model example() {
  Model model{.network = "people",
              .input = {.frames = 4, .height = 32, .width = 48},
              .fps = "4",
              .samples = "person",
              .footage = "simulated",
              .revision = "lido 0",
              .heads = {{"behaviour", {"dive", "swim"}, 1.5}},
              .data = {{"uri", "/d"}},
              .figures = {},
              .sha256 = ""};
  const HeadOutputs outputs{.classes = 2, .logits = {1, 0, 0, 1}, .targets = {0, 1}};
  model.figures["behaviour"] = figures_json(figures_of(outputs, 1), model.heads[0]);
  return model;
}

TEST(ModelBundle, IsReadAsItWasWritten) {
  const TestFolder folder;
  const auto store = *storage::open_store(folder.string());
  ASSERT_TRUE(write_model(*store, "model", example(), "a graph"));
  const auto read = read_model((folder / "model").string());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->onnx, "a graph");
  EXPECT_EQ(read->model.input, example().input);
  EXPECT_EQ(read->model.heads[0].classes, example().heads[0].classes);
  EXPECT_EQ(read->model.heads[0].temperature, 1.5);
  EXPECT_EQ(read->model.figures["behaviour"]["macro_f1"], 1.0);
}

TEST(ModelBundle, NamesItsStreams) {
  const TestFolder folder;
  const auto store = *storage::open_store(folder.string());
  Model both = example();
  both.keypoints = {{"nose", "toe"}};
  both.streams = {{"frames", {{"behaviour", 0.5}}}, {"keypoints", {{"behaviour", nullptr}}}};
  ASSERT_TRUE(write_model(*store, "both", both, "a graph"));
  const Model read = read_model((folder / "both").string())->model;
  EXPECT_EQ(read.keypoints, both.keypoints);
  EXPECT_TRUE(read.sees_frames);
  EXPECT_EQ(read.inputs()[1].name, "keypoints");
  EXPECT_EQ(read.inputs()[1].shape, (std::vector<int64_t>{4, 14}));
  EXPECT_EQ(read.streams, both.streams);
  EXPECT_NE(card_of(read).find("| the images alone | 0.500 |"), std::string::npos);
  EXPECT_NE(card_of(read).find("| the keypoints alone | unknown |"), std::string::npos);
  both.sees_frames = false;
  ASSERT_TRUE(write_model(*store, "alone", both, "a graph"));
  const Model alone = read_model((folder / "alone").string())->model;
  EXPECT_FALSE(alone.sees_frames);
  EXPECT_EQ(alone.inputs().size(), 1U);
  EXPECT_EQ(alone.input, both.input);
  std::string text = *store->read_text("alone/model.json");
  text.replace(text.find("\"features\": 14"), 14, "\"features\": 15");
  EXPECT_EQ(parse_model(text).error().message,
            "model.json: keypoints.features: want 14, as this version of lido makes them");
  text.replace(text.find("\"keypoints\": {"), 14, "\"others\": {");
  EXPECT_EQ(parse_model(text).error().message, "model.json: keypoints: want an object");
}

TEST(ModelBundle, TheCardNamesTheFootage) {
  Model model = example();
  EXPECT_NE(card_of(model).find("measured in simulation"), std::string::npos);
  EXPECT_NE(card_of(model).find("| behaviour | 2 | 1.000 | 0.333 |"), std::string::npos);
  model.footage = "real";
  EXPECT_NE(card_of(model).find("measured on real footage"), std::string::npos);
  EXPECT_EQ(card_of(model).find("simulation"), std::string::npos);
  for (const char* footage : {"mixed", "unknown", "simulated"}) {
    model.footage = footage;
    EXPECT_NE(card_of(model).find("None of them states what the network is worth on real"),
              std::string::npos)
        << footage;
  }
}

TEST(ModelBundle, UnknownFiguresAreNullAndUnknownOnTheCard) {
  Model model = example();
  const HeadOutputs unlabelled{.classes = 2, .logits = {1, 0}, .targets = {-1}};
  const auto figures = figures_json(figures_of(unlabelled, 1), model.heads[0]);
  EXPECT_TRUE(figures["macro_f1"].is_null());
  EXPECT_TRUE(figures["calibration_error"].is_null());
  EXPECT_EQ(figures["samples"], 0);
  EXPECT_EQ(figures["classes"][1]["class"], "swim");
  model.figures["behaviour"] = figures;
  EXPECT_NE(card_of(model).find("| behaviour | 0 | unknown | unknown |"), std::string::npos);
}

TEST(ModelBundle, AnotherGraphIsRefused) {
  const TestFolder folder;
  const auto store = *storage::open_store(folder.string());
  ASSERT_TRUE(write_model(*store, "model", example(), "a graph"));
  std::ofstream(folder / "model/model.onnx") << "another";
  const auto read = read_model((folder / "model").string());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(read.error().message.find("model.onnx: its checksum is"), std::string::npos);
  EXPECT_EQ(read_model(folder.string()).error().code, ErrorCode::kNotFound);
}

TEST(ModelBundle, BrokenDescriptionsNameTheKey) {
  const TestFolder folder;
  const auto store = *storage::open_store(folder.string());
  ASSERT_TRUE(write_model(*store, "m", example(), "a graph"));
  const std::string good = *store->read_text("m/model.json");
  ASSERT_TRUE(parse_model(good));
  const auto broken = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    const auto read = parse_model(text);
    return read ? "" : read.error().message;
  };
  EXPECT_EQ(broken("\"frames\": 4", "\"frames\": 0"),
            "model.json: input.frames: want a whole number from 1 to 4096");
  EXPECT_EQ(broken("\"temperature\": 1.5", "\"temperature\": -1"),
            "model.json: heads.temperature: want a number above 0");
  EXPECT_EQ(broken("\"format\": 1", "\"format\": 9"), "model.json: format: want 1");
  EXPECT_EQ(broken("\"dive\",", ""), "model.json: heads.classes: want 2 to 10000 names of classes");
  EXPECT_EQ(broken("\"figures\": {", "\"figures\": {\"age\": 7, "),
            "model.json: figures: want an object for each task");
  EXPECT_EQ(broken("\"data\": {", "\"data\": 7, \"date\": {"), "model.json: data: want an object");
  // No prefix of a description crashes the reader or passes for a whole one.
  for (size_t size = 0; size + 2 < good.size(); ++size)
    EXPECT_FALSE(parse_model(good.substr(0, size)));
}

}  // namespace
}  // namespace lido::model
