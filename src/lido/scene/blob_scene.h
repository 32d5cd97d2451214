// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <opencv2/video/tracking.hpp>
#include <random>
#include <vector>

#include "lido/media/convert.h"
#include "lido/scene/motion.h"
#include "lido/scene/motion_model.h"

// A simulated scene for the room's tests of motion.

namespace lido::scene {

inline constexpr int kSceneWidth = 640, kSceneHeight = 360;

/// A scene of smooth blobs, known at every real position: images of it need no resampling.
class BlobScene {
 public:
  explicit BlobScene(int seed, int blobs = 500) {
    std::mt19937 random(static_cast<uint32_t>(seed));
    std::uniform_real_distribution<double> at(-200, 1000), size(2, 7), height(-70, 70);
    for (int i = 0; i < blobs; ++i)
      blobs_.push_back({at(random), at(random), size(random), height(random)});
  }

  /// The image of a camera that maps to the scene by the homography, with noise of 2 levels.
  /// @param gain  Brightness that is added everywhere.
  media::GreyImage image(const Homography& scene_from_frame, int seed, double gain = 0) const {
    std::mt19937 random(static_cast<uint32_t>(seed));
    std::normal_distribution<double> noise(0, 2);
    media::GreyImage image{kSceneWidth, kSceneHeight,
                           std::vector<uint8_t>(kSceneWidth * kSceneHeight)};
    for (int y = 0; y < kSceneHeight; ++y) {
      for (int x = 0; x < kSceneWidth; ++x) {
        const FramePoint p = apply(scene_from_frame, FramePoint{x + 0.5, y + 0.5});
        double value = 110 + gain + noise(random);
        for (const Blob& blob : blobs_) {
          const double dx = (p.x - blob.x) / blob.size, dy = (p.y - blob.y) / blob.size;
          const double square = dx * dx + dy * dy;
          if (square < 12) value += blob.height * std::exp(-square / 2);
        }
        image.grey[static_cast<size_t>(y * kSceneWidth + x)] =
            static_cast<uint8_t>(std::clamp(value, 0.0, 255.0));
      }
    }
    return image;
  }

 private:
  struct Blob {
    double x, y, size, height;
  };
  std::vector<Blob> blobs_;
};

/// The largest distance between the places of a corner under two homographies, pixels.
inline double max_corner_distance(const Homography& a, const Homography& b) {
  double max_distance = 0;
  for (const FramePoint& p : {FramePoint{0, 0}, FramePoint{kSceneWidth, 0},
                              FramePoint{kSceneWidth, kSceneHeight}, FramePoint{0, kSceneHeight}}) {
    const FramePoint pa = apply(a, p), pb = apply(b, p);
    max_distance = std::max(max_distance, std::hypot(pa.x - pb.x, pa.y - pb.y));
  }
  return max_distance;
}

/// An image as the estimator prepares it: its pyramid, nothing moving.
inline GrayFrame gray_frame(const media::GreyImage& image) {
  GrayFrame frame{.size = {image.width, image.height}};
  const cv::Mat view(image.height, image.width, CV_8U, const_cast<uint8_t*>(image.grey.data()));
  cv::buildOpticalFlowPyramid(view, frame.pyramid, {17, 17}, 4, false, cv::BORDER_REFLECT_101,
                              cv::BORDER_CONSTANT, false);
  return frame;
}

}  // namespace lido::scene
