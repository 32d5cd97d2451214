// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "lido/base/box.h"
#include "lido/base/options.h"
#include "lido/infer/bundle.h"
#include "lido/infer/network.h"
#include "lido/media/convert.h"
#include "lido/media/frame.h"
#include "lido/scene/network_input.h"

namespace lido::scene {

/// An object found in one frame.
struct Detection {
  Box box;               ///< Upright source pixels, clipped to the frame.
  float score = 0;       ///< 0 to 1.
  int32_t class_id = 0;  ///< Index into the bundle's classes.
};

struct DetectorOptions {
  std::string detector = "nanodet";
  int tiles = 1;
  double min_score = 0;
  double low_score = 0;
  double nms_iou = 0.6;

  static void fields(auto& self, auto&& visit) {
    visit("detector", self.detector, Anything{},
          "Detector: a name that lido models list shows, or the folder of a model bundle. Give "
          "your own when it was trained on your pools");
    visit("tiles", self.tiles, Within{1, 8},
          "Search also N x N overlapping tiles of each frame. Raise it when people are smaller "
          "than a tenth of the frame; costs N x N + 1 times as much");
    visit("min_score", self.min_score, Within{0, 1},
          "Lowest score of a detection; 0: the detector's own. Raise it against false boxes, lower "
          "it for missed people");
    visit(
        "low_score", self.low_score, Within{0, 1},
        "Lowest score of a detection that continues a track; 0: the detector's own. Lower it when "
        "tracks break where people are half under water");
    visit("nms_iou", self.nms_iou, Within{0, 1},
          "Non-maximum suppression: of two boxes of one class with a larger intersection over "
          "union (IoU), the weaker is dropped. Raise it when people swim close together");
  }
};

/// The options, with a bundle's scores in place of 0. Pure.
DetectorOptions with_scores(DetectorOptions options, const infer::DetectorScores& scores);

/// A box in the network's pixels, as decoded.
struct RawBox {
  float left = 0, top = 0, right = 0, bottom = 0;
  float score = 0;       ///< 0 to 1.
  int32_t class_id = 0;  ///< Index into the bundle's classes.
};

/// Layout of a detector's outputs.
struct Decoding {
  enum class Kind { kNanodet, kYolox };
  Kind kind = Kind::kNanodet;
  std::vector<int> strides;  ///< Input pixels per cell of each grid.
  int bins = 0;              ///< NanoDet: values in the distribution of a side (reg_max + 1).
  int classes = 0;           ///< Number of classes.
};

/// Reads a bundle's "decoding" and checks it against its classes. Pure.
/// @return kCorrupt that names the field and its range.
Result<Decoding> read_decoding(const infer::Bundle& bundle);

/// Number of values in each output, in the bundle's order, for one image of that size. Pure.
std::vector<int64_t> output_sizes(const Decoding& decoding, int width, int height);

/// Upper bound on the boxes of one image: bounds the cost of non-maximum suppression.
inline constexpr size_t kMaxBoxes = 1000;

/// Decodes the boxes of one image, in order of cells; the strongest kMaxBoxes. Pure.
/// @param width, height  The network's input, pixels.
/// @param outputs  Values of this image alone, in number as output_sizes() gives them.
///
/// Sources: NanoDet (Generalized Focal Loss, Li et al. 2020: a side's distance is the mean of its
/// distribution); YOLOX (Ge et al. 2021).
std::vector<RawBox> decode(const Decoding& decoding, int width, int height,
                           std::span<const std::span<const float>> outputs, float min_score);

/// Non-maximum suppression within each class: drops a box whose IoU with a stronger box that stays
/// is above `nms_iou`. Pure; equal scores keep their order.
/// @return The boxes that stay, by falling score.
std::vector<Detection> non_max_suppression(std::vector<Detection> found, double nms_iou);

/// Merges what several passes over overlapping regions of a frame found: non-maximum suppression
/// within each pass and over all of them; then, of two boxes of different passes of which one is
/// inside the other, the larger stays. Both stay when either pass found both objects. A box that
/// holds two of other passes, each with half its score or more, is dropped first. Pure.
/// @return The boxes that stay, by falling score.
std::vector<Detection> merge_passes(std::vector<std::vector<Detection>> by_pass, double nms_iou);

class DetectorSession;

/// A loaded detector. Thread-safe; each thread opens a session of its own.
class Detector {
 public:
  /// Loads the bundle's network.
  /// @param sessions  Sessions that run at the same time, 1 or more.
  /// @return kInvalidArgument for options out of range, or a low_score above min_score; kCorrupt
  /// when decoding and outputs do not
  ///         fit each other; errors of infer::load().
  static Result<Detector> make(const infer::Bundle& bundle, const DetectorOptions& options,
                               int sessions = 1);

  /// @return kCorrupt when the network fails.
  Result<DetectorSession> open_session() const;

  const infer::Bundle& bundle() const { return bundle_; }
  /// The options, with the bundle's scores in place of 0.
  const DetectorOptions& options() const { return options_; }
  /// Whether a class is one of the bundle's person classes.
  /// @param class_id  0 <= class_id < number of classes.
  bool is_person(int32_t class_id) const { return is_person_[static_cast<size_t>(class_id)]; }

 private:
  friend class DetectorSession;
  Detector(infer::Bundle bundle, Decoding decoding, infer::Network network,
           const DetectorOptions& options);
  infer::Bundle bundle_;
  Decoding decoding_;
  infer::Network network_;
  DetectorOptions options_;
  std::vector<bool> is_person_;  ///< By class.
};

/// Detects objects in frames, in batches of the bundle's size. Not thread-safe; the detector must
/// outlive the session.
class DetectorSession {
 public:
  /// Receives the detections of one frame, with a score of options.low_score or more.
  using Emit = std::function<Result<void>(std::vector<Detection>)>;

  /// Adds a frame. Calls `emit`, in order of frames, for each frame whose batch is full.
  /// @return Errors of the network (kCorrupt) and of `emit`.
  Result<void> push(const media::Frame& frame, const Emit& emit);

  /// Runs the network on what waits for a full batch, and calls `emit` for the rest.
  Result<void> flush(const Emit& emit);

 private:
  friend class Detector;
  DetectorSession(const Detector& detector, infer::Runner runner);
  Result<void> run(const Emit& emit);

  /// One run of the network over a frame or over a tile of it.
  struct NetworkPass {
    media::Geometry geometry;  ///< From upright source pixels to the network's.
    media::UprightSize frame_size;
    Box region;         ///< Upright source pixels; objects cut off by it are left to other passes.
    bool last = false;  ///< The frame's last pass.
  };
  std::vector<NetworkPass> passes_over(const media::Frame& frame) const;
  void read_outputs(const NetworkPass& pass, std::span<const std::span<const float>> outputs);

  const Detector* detector_;
  infer::Runner runner_;
  NetworkInput input_;
  std::vector<NetworkPass> batch_;
  /// By pass over the frame whose passes are being read.
  std::vector<std::vector<Detection>> found_;
};

}  // namespace lido::scene
