// SPDX-License-Identifier: Apache-2.0
// Truth is what onnxruntime, and OpenVINO's Python, made of the same input:
// tests/golden/make_outputs.py.
#include "lido/infer/network.h"

#include <unistd.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "lido/base/hash.h"
#include "lido/infer/bundle.h"

namespace lido::infer {
namespace {

namespace fs = std::filesystem;

const std::string kModels = LIDO_TEST_MODELS;
const std::string kYolox = LIDO_TEST_SHARED "/data/yolox_nano/yolox_nano_416.onnx";
const std::vector<std::string> kNanodetOutputs = {"Identity:0",   "Identity_1:0", "Identity_2:0",
                                                  "Identity_3:0", "Identity_4:0", "Identity_5:0"};

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

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

class TemporaryBundle {
 public:
  TemporaryBundle() {
    std::string pattern = fs::temp_directory_path() / "lido-bundle-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    fs::copy(kModels + "/nanodet", folder_, fs::copy_options::recursive);
    text_ = read_file(folder_ + "/bundle.json");
  }
  ~TemporaryBundle() { fs::remove_all(folder_); }
  TemporaryBundle(const TemporaryBundle&) = delete;
  TemporaryBundle& operator=(const TemporaryBundle&) = delete;
  const std::string& folder() const { return folder_; }

  /// What reading the bundle says once a part of its text is another.
  std::string refusal(const std::string& before, const std::string& after) const {
    std::string text = text_;
    const size_t at = text.find(before);
    EXPECT_NE(at, std::string::npos) << before;
    text.replace(at, before.size(), after);
    std::ofstream(folder_ + "/bundle.json") << text;
    const auto bundle = read_bundle(folder_);
    const auto network = bundle ? load(*bundle) : std::unexpected(bundle.error());
    const std::string message = network ? "" : network.error().message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
    EXPECT_TRUE(message.starts_with(folder_)) << message;
    return message.substr(std::min(folder_.size(), message.size()));
  }

 private:
  std::string folder_;
  std::string text_;
};

TEST(Network, GivesWhatOpenvinosOwnRunGives) {
  const auto network =
      Network::load(kModels + "/nanodet/model.pb", {1, 3, 416, 416}, kNanodetOutputs, 1);
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
      Network::load(kModels + "/nanodet/model.pb", {1, 3, 416, 416}, kNanodetOutputs, 1);
  const auto two =
      Network::load(kModels + "/nanodet/model.pb", {1, 3, 416, 416}, kNanodetOutputs, 2);
  ASSERT_TRUE(one && two);
  const auto wanted = all_outputs(*one, 128);
  std::vector<std::vector<float>> found(4);
  {
    std::vector<std::jthread> threads;
    for (auto& values : found) threads.emplace_back([&] { values = all_outputs(*two, 128); });
  }
  for (const auto& values : found) EXPECT_EQ(values, wanted);
}

TEST(Network, GivesAPictureTheSameBitsAnywhereInABatch) {
  const auto network =
      Network::load(LIDO_TEST_MODELS "/../networks/batches.onnx", {4, 3, 32, 32}, {"output"}, 1);
  ASSERT_TRUE(network) << network.error().message;
  auto runner = network->make_runner().value();
  const size_t picture = runner.input().size() / 4;
  for (size_t at = 0; at < 4; ++at)
    fill_pattern(runner.input().subspan(at * picture, picture), 128);
  // The neighbours may be anything.
  std::ranges::fill(runner.input().subspan(picture, picture), 1.0F);
  ASSERT_TRUE(runner.run());
  const auto values = runner.output(0);
  const size_t size = values.size() / 4;
  EXPECT_FALSE(std::ranges::equal(values.first(size), values.subspan(size, size)));
  for (const size_t at : {2, 3})
    EXPECT_TRUE(std::ranges::equal(values.first(size), values.subspan(at * size, size)));
}

TEST(Network, RefusesValuesThatAreNotFinite) {
  const auto network =
      Network::load(kModels + "/nanodet/model.pb", {1, 3, 416, 416}, kNanodetOutputs, 1);
  auto runner = network->make_runner().value();
  std::ranges::fill(runner.input(), std::numeric_limits<float>::quiet_NaN());
  const auto result = runner.run();
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("not finite"), std::string::npos);
}

TEST(Network, RefusesWhatIsNoNetwork) {
  const std::string file =
      fs::temp_directory_path() / fmt::format("lido-no-network-{}.onnx", ::getpid());
  for (const std::string& text :
       {std::string(), std::string("no network"), std::string(5000, '\x08')}) {
    std::ofstream(file) << text;
    const auto network = Network::load(file, {1, 3, 64, 64}, {"x"}, 1);
    ASSERT_FALSE(network);
    EXPECT_EQ(network.error().code, ErrorCode::kCorrupt);
    EXPECT_EQ(network.error().message.find('\n'), std::string::npos) << network.error().message;
  }
  fs::remove(file);
}

TEST(Bundle, SaysWhatIsWrong) {
  const TemporaryBundle bundle;
  EXPECT_EQ(bundle.refusal("\"format\": 1", "\"format\": 2"), "/bundle.json: format is 2, want 1");
  EXPECT_EQ(bundle.refusal("\"width\": 416", "\"width\": \"wide\""),
            "/bundle.json: input.width is \"wide\", want a whole number");
  EXPECT_EQ(bundle.refusal("\"width\": 416", "\"width\": 4"),
            "/bundle.json: input.width is 4, want 16 to 8192");
  EXPECT_EQ(bundle.refusal("\"NCHW\"", "\"NCWH\""),
            "/bundle.json: input.layout is \"NCWH\", want NCHW or NHWC");
  EXPECT_EQ(bundle.refusal("57.375", "0"), "/bundle.json: input.std holds 0, want above 0");
  EXPECT_EQ(bundle.refusal("\"licence\"", "\"lizenz\""),
            "/bundle.json: licence is missing, want a text");
  EXPECT_EQ(bundle.refusal("Identity_5:0", "Identity_6:0"),
            "/model.pb: the network has no output \"Identity_6:0\"");
  EXPECT_EQ(bundle.refusal("\"NCHW\"", "\"NHWC\"").substr(0, 33),
            "/model.pb: the network's input is");
  EXPECT_EQ(bundle.refusal("\"model.pb\",", "\"../model.pb\","),
            "/bundle.json: model is \"../model.pb\", which is not among the files");
  EXPECT_EQ(bundle.refusal("{", "["), "/bundle.json: no JSON object");
}

TEST(Bundle, RefusesFilesThatChangedOrAreMissing) {
  const TemporaryBundle bundle;
  std::ofstream(bundle.folder() + "/model.pb", std::ios::app) << "more";
  const auto changed = read_bundle(bundle.folder());
  ASSERT_FALSE(changed);
  EXPECT_NE(changed.error().message.find("SHA-256 is"), std::string::npos);
  fs::remove(bundle.folder() + "/model.pb");
  const auto missing = read_bundle(bundle.folder());
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find("model.pb"), std::string::npos);
}

}  // namespace
}  // namespace lido::infer
