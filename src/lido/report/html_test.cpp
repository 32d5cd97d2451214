// SPDX-License-Identifier: Apache-2.0
#include "lido/report/html.h"

#include <gtest/gtest.h>

namespace lido::report {
namespace {

TEST(Html, EscapesMarkup) {
  EXPECT_EQ(escape("a<b> & \"c\""), "a&lt;b&gt; &amp; &quot;c&quot;");
  EXPECT_EQ(escape("Schwimmbad ü"), "Schwimmbad ü");
}

TEST(Html, PutsTitleStyleAndBodyIntoAPage) {
  const std::string html = page("Title", "<p>{body}</p>");
  EXPECT_TRUE(html.starts_with("<!doctype html><html lang=en>"));
  EXPECT_NE(html.find("<title>Title</title>"), std::string::npos);
  EXPECT_NE(html.find("<main><p>{body}</p></main>"), std::string::npos);
  EXPECT_NE(html.find("prefers-color-scheme: dark"), std::string::npos);
}

TEST(Html, ACardOfOneIsSingular) {
  EXPECT_EQ(count_card(1, "clip", "clips"), "<div class=card><b>1</b><span>clip</span></div>");
  EXPECT_EQ(count_card(0, "clip", "clips"), "<div class=card><b>0</b><span>clips</span></div>");
}

TEST(Html, EncodesImagesAsBase64) {
  // RFC 4648, section 10.
  for (const auto& [bytes, base64] : {std::pair("", ""),
                                      {"f", "Zg=="},
                                      {"fo", "Zm8="},
                                      {"foo", "Zm9v"},
                                      {"foobar", "Zm9vYmFy"},
                                      {"\xff\xfe", "//4="}}) {
    EXPECT_EQ(image_tag(bytes, "a \"b\""), std::string("<img loading=lazy alt=\"a &quot;b&quot;\" "
                                                       "src=\"data:image/jpeg;base64,") +
                                               base64 + "\">");
  }
}

TEST(Html, TakesTheLastPartOfAUri) {
  EXPECT_EQ(short_name("gs://pool-a/raw/cam 1.mp4"), "cam 1.mp4");
  EXPECT_EQ(short_name("clip.mp4"), "clip.mp4");
}

TEST(Html, GroupsDigits) {
  EXPECT_EQ(count(0), "0");
  EXPECT_EQ(count(999), "999");
  EXPECT_EQ(count(1234567), "1&#8239;234&#8239;567");
  EXPECT_EQ(count(-123), "-123");
  EXPECT_EQ(count(-1234), "-1&#8239;234");
}

TEST(Html, FormatsDurations) {
  EXPECT_EQ(clock(0), "0:00.0");
  EXPECT_EQ(clock(123.46), "2:03.5");
  EXPECT_EQ(clock(59.96), "1:00.0");
  EXPECT_EQ(clock(3599.99), "1:00:00");
  EXPECT_EQ(clock(3723), "1:02:03");
}

TEST(Html, GivesEachClipAnAnchorOfItsOwn) {
  // printf a.mp4 | sha256sum
  EXPECT_EQ(clip_anchor("a.mp4"), "clip-e6d48eab");
  EXPECT_NE(clip_anchor("a.mp4"), clip_anchor("b.mp4"));
  EXPECT_EQ(clip_anchor("a \"b\"#.mp4").size(), std::string("clip-12345678").size());
}

TEST(Html, EscapesTheTextOfALegend) {
  EXPECT_EQ(legend_key("#fff", "a<b"),
            "<span><i class=key style=\"background:#fff\"></i>a&lt;b</span>");
}

}  // namespace
}  // namespace lido::report
