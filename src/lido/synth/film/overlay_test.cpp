// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/overlay.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lido::synth {
namespace {

media::Image grey(int width, int height) {
  return {width, height,
          std::vector<uint8_t>(3 * static_cast<size_t>(width) * static_cast<size_t>(height), 128)};
}
int changed(const media::Image& image, int x0, int y0, int x1, int y1) {
  int count = 0;
  for (int y = y0; y < y1; ++y) {
    for (int x = x0; x < x1; ++x)
      count += image.rgb[3 * static_cast<size_t>(y * image.width + x)] != 128;
  }
  return count;
}

TEST(Overlay, IsDrawnInItsCornerAlone) {
  const std::vector<OverlayText> overlay = {
      {OverlayText::Kind::kName, OverlayText::Corner::kBottomRight, ""}};
  media::Image image = grey(640, 360);
  draw_overlay(image, overlay, "cam1", 0);
  EXPECT_GT(changed(image, 560, 330, 640, 360), 100);
  EXPECT_EQ(changed(image, 0, 0, 640, 300), 0);
  EXPECT_EQ(changed(image, 0, 0, 400, 360), 0);
}

TEST(Overlay, ShowsTheSecondsOfTheClock) {
  const std::vector<OverlayText> overlay = {{}};
  const auto at = [&](double clock_s) {
    media::Image image = grey(640, 360);
    draw_overlay(image, overlay, "cam1", clock_s);
    return image.rgb;
  };
  EXPECT_EQ(at(50400.1), at(50400.9));
  EXPECT_NE(at(50400.9), at(50401.1));
  EXPECT_NE(at(-1), at(0));  // a day before the first
}

TEST(Overlay, DrawsLettersAsTheyLook) {
  media::Image image = grey(64, 64);
  draw_overlay(image, {{OverlayText::Kind::kNote, OverlayText::Corner::kTopLeft, "L"}}, "", 0);
  // White pixels of an L: a column of seven and a row of five, from (4, 4).
  const auto is_white = [&](int x, int y) {
    return image.rgb[3 * static_cast<size_t>(y * 64 + x)] > 200;
  };
  for (int row = 0; row < 7; ++row) {
    for (int column = 0; column < 5; ++column)
      EXPECT_EQ(is_white(4 + column, 4 + row), column == 0 || row == 6) << column << ", " << row;
  }
}

TEST(Overlay, FitsSmallImages) {
  media::Image image = grey(64, 64);
  draw_overlay(image,
               {{OverlayText::Kind::kLogo, OverlayText::Corner::kTopRight,
                 "A NAME THAT IS MUCH WIDER THAN THE IMAGE"}},
               "", 0);
  EXPECT_GT(changed(image, 0, 0, 64, 64), 0);
}

TEST(Overlay, IsReadBackAsWritten) {
  Random random(3);
  size_t texts = 0;
  for (int i = 0; i < 40; ++i) {
    const auto overlay = random_overlay(random);
    const auto again = read_overlay((*Yaml::parse("o: " + to_yaml(overlay), "c.yaml"))["o"]);
    ASSERT_TRUE(again) << again.error().message;
    ASSERT_EQ(again->size(), overlay.size());
    texts += overlay.size();
    for (size_t n = 0; n < overlay.size(); ++n) {
      EXPECT_EQ((*again)[n].kind, overlay[n].kind);
      EXPECT_EQ((*again)[n].corner, overlay[n].corner);
      EXPECT_EQ((*again)[n].text, overlay[n].text);
    }
  }
  EXPECT_NEAR(static_cast<double>(texts), 40 * 1.55, 15);
  const std::string quoted = to_yaml({{OverlayText::Kind::kNote, {}, "A \"B\": C\\"}});
  EXPECT_EQ((*read_overlay((*Yaml::parse("o: " + quoted, "c.yaml"))["o"]))[0].text, "A \"B\": C\\");
  const std::string long_text = "o: [{kind: note, text: " + std::string(65, 'x') + "}]";
  EXPECT_FALSE(read_overlay((*Yaml::parse(long_text, "c.yaml"))["o"]));
  for (const char* bad : {"o: [{kind: clock, text: x}]", "o: [{kind: note}]", "o: [{kind: flag}]",
                          "o: [{kind: name, corner: middle}]"})
    EXPECT_FALSE(read_overlay((*Yaml::parse(bad, "c.yaml"))["o"])) << bad;
}

}  // namespace
}  // namespace lido::synth
