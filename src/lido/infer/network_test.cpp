// SPDX-License-Identifier: Apache-2.0
// Truth is what onnxruntime, and OpenVINO's Python, made of the same input:
// tests/golden/make_outputs.py.
#include "lido/infer/network.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "lido/base/test_folder.h"
#include "lido/infer/test_files.h"

namespace lido::infer {
namespace {

namespace fs = std::filesystem;

const std::string kYolox = LIDO_TEST_SHARED "/data/yolox_nano/yolox_nano_416.onnx";
const std::vector<std::string> kNanodetOutputs = {"Identity:0",   "Identity_1:0", "Identity_2:0",
                                                  "Identity_3:0", "Identity_4:0", "Identity_5:0"};

/// The input that make_outputs.py gives.
void fill_pattern(std::span<float> input, float divisor) {
  for (size_t i = 0; i < input.size(); ++i)
    input[i] = static_cast<float>(i * 7919 % 1009) / 4 / divisor;
}

std::vector<float> all_outputs(const Network& network, float divisor) {
  auto runner = network.make_runner().value();
  fill_pattern(runner.input(), divisor);
  EXPECT_TRUE(runner.run());
  std::vector<float> values;
  for (size_t i = 0; i < network.outputs().size(); ++i)
    values.insert(values.end(), runner.output(i).begin(), runner.output(i).end());
  return values;
}

void expect_close(const std::vector<float>& found, const std::string& golden) {
  std::vector<float> wanted(golden.size() / sizeof(float));
  std::memcpy(wanted.data(), golden.data(), golden.size());
  ASSERT_EQ(found.size(), wanted.size());
  for (size_t i = 0; i < found.size(); ++i)
    ASSERT_NEAR(found[i], wanted[i], 1e-3 * std::max(1.0F, std::abs(wanted[i]))) << "value " << i;
}

TEST(Network, GivesWhatTensorflowJsGivesForTheOriginalGraph) {
  const auto network =
      Network::load(LIDO_TEST_MODELS "/nanodet/model.pb", {1, 3, 416, 416}, kNanodetOutputs, 1);
  ASSERT_TRUE(network) << network.error().message;
  expect_close(all_outputs(*network, 128),
               read_file(LIDO_TEST_MODELS "/../networks/nanodet.outputs"));
}

TEST(Network, GivesWhatOnnxruntimeGives) {
  if (!fs::exists(kYolox)) GTEST_SKIP() << "no " << kYolox;
  const auto network = Network::load(kYolox, {1, 3, 416, 416}, {"output"}, 1);
  ASSERT_TRUE(network) << network.error().message;
  expect_close(all_outputs(*network, 1), read_file(LIDO_TEST_MODELS "/../networks/yolox.outputs"));
}

TEST(Network, GivesTheSameBitsOnAnyNumberOfThreads) {
  const auto one =
      Network::load(LIDO_TEST_MODELS "/nanodet/model.pb", {1, 3, 416, 416}, kNanodetOutputs, 1);
  const auto two =
      Network::load(LIDO_TEST_MODELS "/nanodet/model.pb", {1, 3, 416, 416}, kNanodetOutputs, 2);
  ASSERT_TRUE(one && two);
  const auto wanted = all_outputs(*one, 128);
  std::vector<std::vector<float>> found(4);
  {
    std::vector<std::jthread> threads;
    for (auto& values : found) threads.emplace_back([&] { values = all_outputs(*two, 128); });
  }
  for (const auto& values : found) EXPECT_EQ(values, wanted);
}

TEST(Network, GivesAnImageTheSameBitsAnywhereInABatch) {
  const auto network =
      Network::load(LIDO_TEST_MODELS "/../networks/batches.onnx", {4, 3, 32, 32}, {"output"}, 1);
  ASSERT_TRUE(network) << network.error().message;
  auto runner = network->make_runner().value();
  const size_t image = runner.input().size() / 4;
  for (size_t at = 0; at < 4; ++at) fill_pattern(runner.input().subspan(at * image, image), 128);
  // The neighbours may be anything.
  std::ranges::fill(runner.input().subspan(image, image), 1.0F);
  ASSERT_TRUE(runner.run());
  const auto values = runner.output(0);
  const size_t size = values.size() / 4;
  EXPECT_FALSE(std::ranges::equal(values.first(size), values.subspan(size, size)));
  for (const size_t at : {2, 3})
    EXPECT_TRUE(std::ranges::equal(values.first(size), values.subspan(at * size, size)));
}

TEST(Network, RefusesValuesThatAreNotFinite) {
  const auto network =
      Network::load(LIDO_TEST_MODELS "/nanodet/model.pb", {1, 3, 416, 416}, kNanodetOutputs, 1);
  auto runner = network->make_runner().value();
  std::ranges::fill(runner.input(), std::numeric_limits<float>::quiet_NaN());
  const auto result = runner.run();
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("not finite"), std::string::npos);
}

TEST(Network, RefusesWhatIsNoNetwork) {
  const TestFolder folder;
  const std::string file = folder / "model.onnx";
  for (const std::string& text :
       {std::string(), std::string("no network"), std::string(5000, '\x08')}) {
    std::ofstream(file) << text;
    const auto network = Network::load(file, {1, 3, 64, 64}, {"x"}, 1);
    ASSERT_FALSE(network);
    EXPECT_EQ(network.error().code, ErrorCode::kCorrupt);
    EXPECT_EQ(network.error().message.find('\n'), std::string::npos) << network.error().message;
  }
}

}  // namespace
}  // namespace lido::infer
