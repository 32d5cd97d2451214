// SPDX-License-Identifier: Apache-2.0
#include "lido/base/options.h"

#include <gtest/gtest.h>

#include <limits>

namespace lido {
namespace {

struct Sample {
  int size = 224;
  double share = 0.5;
  std::string fit = "crop";
  Rational fps{4, 1};

  static void fields(auto& self, auto&& visit) {
    visit("size", self.size, Within{16, 2048}, "Side");
    visit("share", self.share, Within{0, 1}, "Share");
    visit("fit", self.fit, OneOf{{"crop", "pad"}}, "Fit");
    visit("fps", self.fps, Anything{}, "Rate");
  }
};

TEST(Options, DefaultsAreInRange) { EXPECT_TRUE(validate(Sample{})); }

TEST(Options, NameTheFieldTheValueAndTheRange) {
  EXPECT_EQ(validate(Sample{.size = 8}).error().message, "size is 8, want 16 to 2048");
  EXPECT_EQ(validate(Sample{.share = 2}).error().message, "share is 2, want 0 to 1");
  EXPECT_EQ(validate(Sample{.fit = "x"}).error().message, "fit is \"x\", want one of: crop, pad");
  EXPECT_FALSE(validate(Sample{.share = std::numeric_limits<double>::quiet_NaN()}));
}

TEST(Options, JsonComesBack) {
  const Sample given{32, 0.25, "pad", {30000, 1001}};
  const auto read = from_json<Sample>(to_json(given));
  ASSERT_TRUE(read);
  EXPECT_EQ(to_json(*read), to_json(given));
}

TEST(Options, RefuseJsonTheyDoNotKnow) {
  for (const char* text : {R"({"siez": 32})", R"({"size": "big"})", R"({"size": 1})", R"([1])",
                           R"({"fps": "0"})", R"({"fps": 4})", "null", R"({"size": 99999999999})",
                           R"({"size": 1e20})", R"({"share": "x"})"}) {
    EXPECT_FALSE(from_json<Sample>(nlohmann::ordered_json::parse(text))) << text;
  }
}

TEST(Options, NameTheFieldThatJsonGivesWrongly) {
  const auto message = [](const char* text) {
    return from_json<Sample>(nlohmann::ordered_json::parse(text)).error().message;
  };
  EXPECT_EQ(message(R"({"siez": 32})"), "siez is no known option");
  EXPECT_EQ(message(R"({"size": "big"})"), "size is \"big\", want a whole number");
  EXPECT_EQ(message(R"({"share": "x"})"), "share is \"x\", want a number");
  EXPECT_EQ(message(R"({"fit": 3})"), "fit is 3, want text");
  EXPECT_EQ(message(R"({"fps": 4})"), "fps is 4, want text");
  EXPECT_EQ(message("[1]"), "options are array, want a JSON object");
}

TEST(Options, KeepDefaultsOfFieldsThatJsonLeavesOut) {
  EXPECT_EQ(from_json<Sample>(nlohmann::ordered_json::parse(R"({"share": 1})"))->size, 224);
}

}  // namespace
}  // namespace lido
