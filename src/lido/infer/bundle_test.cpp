// SPDX-License-Identifier: Apache-2.0
#include "lido/infer/bundle.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "lido/infer/test_files.h"

namespace lido::infer {
namespace {

namespace fs = std::filesystem;

/// A copy of a real bundle, to be damaged.
class TemporaryBundle {
 public:
  TemporaryBundle() : folder_(root_ / "bundle") {
    fs::copy(LIDO_TEST_MODELS "/nanodet", folder_, fs::copy_options::recursive);
    text_ = read_file(folder_ + "/bundle.json");
  }
  const std::string& folder() const { return folder_; }

  /// The error of loading the bundle after a part of its text is replaced.
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
  TestFolder root_;
  std::string folder_;
  std::string text_;
};

TEST(Bundle, NamesTheFieldItsValueAndItsRange) {
  const TemporaryBundle bundle;
  EXPECT_EQ(bundle.refusal("\"format\": 1", "\"format\": 2"), "/bundle.json: format is 2, want 1");
  EXPECT_EQ(bundle.refusal("\"width\": 416", "\"width\": \"wide\""),
            "/bundle.json: input.width is \"wide\", want a whole number");
  EXPECT_EQ(bundle.refusal("\"width\": 416", "\"width\": 4"),
            "/bundle.json: input.width is 4, want 16 to 8192");
  EXPECT_EQ(bundle.refusal("\"NCHW\"", "\"NCWH\""),
            "/bundle.json: input.layout is \"NCWH\", want NCHW or NHWC");
  EXPECT_EQ(bundle.refusal("57.375", "0"),
            "/bundle.json: input.std contains 0, want numbers above 0");
  EXPECT_EQ(bundle.refusal("\"licence\"", "\"lizenz\""),
            "/bundle.json: licence is missing, want text");
  EXPECT_EQ(bundle.refusal("Identity_5:0", "Identity_6:0"),
            "/model.pb: the network has no output \"Identity_6:0\"");
  EXPECT_EQ(bundle.refusal("\"NCHW\"", "\"NHWC\"").substr(0, 33),
            "/model.pb: the network's input is");
  EXPECT_EQ(bundle.refusal("\"model.pb\",", "\"../model.pb\","),
            "/bundle.json: model is \"../model.pb\", want one of the names in files");
  EXPECT_EQ(bundle.refusal("{", "["),
            "/bundle.json: line 2, column 11: not JSON. Fix the syntax there.");
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

TEST(Bundle, ItsIdentityIsThatOfTextAndFiles) {
  const TemporaryBundle bundle;
  const auto before = read_bundle(bundle.folder());
  ASSERT_TRUE(before) << before.error().message;
  // SHA-256 of bundle.json followed by the checksum of each file, in order of names.
  const std::string text = read_file(bundle.folder() + "/bundle.json");
  std::string all = text;
  for (const auto& [name, checksum] : before->files) all += checksum;
  write_file(bundle.folder() + "/all", all);
  const std::string command = "sha256sum " + bundle.folder() + "/all";
  FILE* pipe = ::popen(command.c_str(), "r");
  std::array<char, 64> hex{};
  ASSERT_EQ(std::fread(hex.data(), 1, hex.size(), pipe), hex.size());
  ::pclose(pipe);
  EXPECT_EQ(before->sha256, std::string_view(hex.data(), hex.size()));
}

TEST(Bundle, TheShapeFollowsTheLayout) {
  Bundle bundle;
  bundle.input = {.width = 640, .height = 384, .batch = 2};
  EXPECT_EQ(bundle.input_shape(), (std::vector<int64_t>{2, 3, 384, 640}));
  bundle.input.planar = false;
  EXPECT_EQ(bundle.input_shape(), (std::vector<int64_t>{2, 384, 640, 3}));
}

TEST(Bundle, PeopleAreTheClassPersonUnlessNamed) {
  const std::string text = read_file(LIDO_TEST_MODELS "/nanodet/bundle.json");
  EXPECT_EQ(parse_bundle(text)->person_classes, std::vector<std::string>{"person"});
  const std::string named = "{\"people\": [\"swimmer\", \"diver\"]," + text.substr(1);
  EXPECT_EQ(parse_bundle(named)->person_classes, (std::vector<std::string>{"swimmer", "diver"}));
}

TEST(Bundle, ItsCardHasTheDetectorsOwnScores) {
  const auto found = parse_card(R"({"scores": {"low": 0.1, "min": 0.25, "new": 0.5,
      "data": "a street", "curve": [[0.2, 0.8, 0.9], [0.4, 1, 0.5]]}})");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->low_score, 0.1);
  EXPECT_EQ(found->min_score, 0.25);
  EXPECT_EQ(found->new_score, 0.5);
  EXPECT_EQ(found->data, "a street");
  ASSERT_EQ(found->curve.size(), 2U);
  EXPECT_EQ(found->curve[1].recall, 0.5);
  const auto refusal = [](const std::string& scores) {
    return parse_card("{\"scores\": {" + scores + "}}").error().message;
  };
  EXPECT_EQ(refusal(R"("low": 0.3, "min": 0.2, "new": 0.5, "data": "")"),
            "scores.low, min and new are 0.3, 0.2 and 0.5, want 0.01 to 1, rising");
  EXPECT_EQ(refusal(R"("low": 0.1, "min": true, "new": 0.5, "data": "")"),
            "scores.min is true, want a number");
  EXPECT_EQ(refusal(R"("low": 0.1, "min": 0.2, "new": 0.5, "data": "", "curve": [[1, 2, 0]])"),
            "scores.curve contains [1,2,0], want score, precision and recall, 0 to 1");
  EXPECT_EQ(parse_card("[]").error().message, "scores.low is missing, want a number");
}

TEST(Bundle, ACardChangesTheScoresAndNotTheIdentity) {
  const TemporaryBundle bundle;
  fs::remove(bundle.folder() + "/card.json");
  const auto plain = read_bundle(bundle.folder());
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(plain->scores.min_score, 0.35);
  write_file(bundle.folder() + "/card.json",
             R"({"scores": {"low": 0.1, "min": 0.2, "new": 0.3, "data": "x"}})");
  const auto with_card = read_bundle(bundle.folder());
  ASSERT_TRUE(with_card) << with_card.error().message;
  EXPECT_EQ(with_card->scores.min_score, 0.2);
  EXPECT_EQ(with_card->sha256, plain->sha256);
  write_file(bundle.folder() + "/card.json", "{}");
  EXPECT_EQ(read_bundle(bundle.folder()).error().message,
            bundle.folder() + "/card.json: scores.low is missing, want a number");
}

TEST(Bundle, OutputsHaveTheNumberAndSizesThatTheDecodingWants) {
  const auto bundle = read_bundle(LIDO_TEST_MODELS "/nanodet").value();
  const auto network = load(bundle).value();
  // Scores of 80 classes, then four sides of 11 bins, for grids of 52, 26 and 13 cells a side.
  const std::vector<int64_t> wanted = {2704 * 80, 676 * 80, 169 * 80,
                                       2704 * 44, 676 * 44, 169 * 44};
  const auto right = check_outputs(bundle, network, wanted);
  EXPECT_TRUE(right) << right.error().message;
  EXPECT_EQ(check_outputs(bundle, network, std::span(wanted).first(5)).error().message,
            bundle.folder + "/bundle.json: 6 outputs, its decoding wants 5");
  auto wrong = wanted;
  wrong[3] = 86528;
  EXPECT_EQ(check_outputs(bundle, network, wrong).error().message,
            bundle.folder + "/" + bundle.model + ": output \"" + bundle.outputs[3] +
                "\" has the wrong size, got 118976 values, want 86528 for the bundle's decoding");
}

TEST(Bundle, AFolderWithoutOneIsNotFound) {
  const TestFolder empty;
  const auto bundle = read_bundle(empty.path());
  ASSERT_FALSE(bundle);
  EXPECT_EQ(bundle.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace lido::infer
