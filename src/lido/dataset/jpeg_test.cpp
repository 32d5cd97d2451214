// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/jpeg.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace lido::dataset {
namespace {

/// A horizontal ramp from black to white: smooth, so that JPEG keeps it closely.
media::Image ramp(int width, int height) {
  media::Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const auto value = static_cast<uint8_t>(255 * x / std::max(1, width - 1));
      image.rgb.insert(image.rgb.end(), {value, value, value});
    }
  }
  return image;
}

TEST(Jpeg, ComesBackNearlyAsItWas) {
  JpegEncoder encoder;
  for (const auto& [width, height] : {std::pair{64, 48}, {1, 1}, {17, 3}}) {
    const media::Image image = ramp(width, height);
    const auto bytes = encoder.encode(image, 95);
    ASSERT_TRUE(bytes) << bytes.error().message;
    const auto decoded = decode_jpeg(std::as_bytes(std::span(*bytes)));
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(decoded->width, width);
    EXPECT_EQ(decoded->height, height);
    ASSERT_EQ(decoded->rgb.size(), image.rgb.size());
    for (size_t i = 0; i < image.rgb.size(); ++i)
      ASSERT_LE(std::abs(decoded->rgb[i] - image.rgb[i]), 4) << i;
  }
}

TEST(Jpeg, GivesEqualBytesWhateverWasEncodedBefore) {
  JpegEncoder fresh, used;
  ASSERT_TRUE(used.encode(ramp(640, 480), 20));
  EXPECT_EQ(*fresh.encode(ramp(64, 48), 85), *used.encode(ramp(64, 48), 85));
}

TEST(Jpeg, LowerQualityIsSmaller) {
  JpegEncoder encoder;
  EXPECT_LT(encoder.encode(ramp(64, 48), 10)->size(), encoder.encode(ramp(64, 48), 95)->size());
}

TEST(Jpeg, RefusesAnImageWithoutPixels) {
  JpegEncoder encoder;
  const auto bytes = encoder.encode({0, 0, {}}, 85);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, ErrorCode::kDegenerate);
}

TEST(Jpeg, RefusesOtherBytes) {
  JpegEncoder encoder;
  const std::string whole = *encoder.encode(ramp(64, 48), 85);
  for (const std::string& bytes : {std::string(), std::string("no JPEG"), whole.substr(0, 20)}) {
    const auto decoded = decode_jpeg(std::as_bytes(std::span(bytes)));
    ASSERT_FALSE(decoded) << bytes.size();
    EXPECT_EQ(decoded.error().code, ErrorCode::kCorrupt);
  }
}

TEST(Jpeg, RefusesASideAbove8192) {
  JpegEncoder encoder;
  const auto largest = encoder.encode(ramp(8192, 1), 85),
             larger = encoder.encode(ramp(8193, 1), 85);
  EXPECT_TRUE(decode_jpeg(std::as_bytes(std::span(*largest))));
  const auto decoded = decode_jpeg(std::as_bytes(std::span(*larger)));
  ASSERT_FALSE(decoded);
  EXPECT_NE(decoded.error().message.find("want at most 8192x8192"), std::string::npos);
}

}  // namespace
}  // namespace lido::dataset
