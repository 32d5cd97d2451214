// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lido/base/box.h"
#include "lido/base/options.h"
#include "lido/infer/bundle.h"
#include "lido/media/convert.h"
#include "lido/media/frame.h"

namespace lido::scene {

/// An object in one picture.
struct Detection {
  Box box;               ///< Inside the picture.
  float score = 0;       ///< 0 to 1.
  int32_t class_id = 0;  ///< Index among the bundle's classes.
};

struct DetectorOptions {
  std::string detector = "nanodet";
  int tiles = 1;
  double min_score = 0.35;
  double low_score = 0.15;
  double nms_iou = 0.6;

  static void fields(auto& self, auto&& visit) {
    visit("detector", self.detector, Anything{},
          "Detector that looks for objects: a name of lido models list, or a bundle's folder");
    visit("tiles", self.tiles, Within{1, 8},
          "Look also at N x N overlapping tiles, for small people; costs N x N + 1 times as "
          "much");
    visit("min_score", self.min_score, Within{0.01, 1}, "Objects of this score count as found");
    visit("low_score", self.low_score, Within{0.01, 1},
          "Objects of this score count where somebody was followed to that place");
    visit("nms_iou", self.nms_iou, Within{0, 1},
          "Of two boxes of one kind that overlap more (intersection over union), the weaker goes");
  }
};

/// A box in the network's pixels, as decoded.
struct RawBox {
  float left = 0, top = 0, right = 0, bottom = 0;
  float score = 0;
  int32_t class_id = 0;
};

/// What the outputs of a detector mean.
struct Decoding {
  enum class Kind { kNanodet, kYolox };
  Kind kind = Kind::kNanodet;
  std::vector<int> strides;
  int bins = 0;  ///< NanoDet: distances of a side are distributions over this many values.
  int classes = 0;
};

/// Reads a bundle's "decoding" and checks it against its classes.
/// @return kCorrupt that names the field and what was wanted.
Result<Decoding> read_decoding(const infer::Bundle& bundle);

/// How many values each output must hold for one picture of that size.
std::vector<int64_t> output_sizes(const Decoding& decoding, int width, int height);

/// The boxes of one picture, by cell; at most kMaxBoxes, the strongest. Pure.
/// @param outputs  Of this picture alone, of output_sizes().
///
/// Sources: NanoDet (Generalized Focal Loss, Li et al. 2020: a side's distance is the mean of its
/// distribution); YOLOX (Ge et al. 2021).
std::vector<RawBox> decode(const Decoding& decoding, int width, int height,
                           std::span<const std::span<const float>> outputs, float min_score);
inline constexpr size_t kMaxBoxes = 1000;

/// Keeps the strongest of boxes of one kind that overlap. Stable: equal scores keep their order.
std::vector<Detection> non_max_suppression(std::vector<Detection> found, double nms_iou);

class DetectorSession;

/// A detector, ready to look at pictures. Thread-safe; each thread opens a session of its own.
class Detector {
 public:
  /// @param sessions  How many look at the same time.
  static Result<Detector> make(const infer::Bundle& bundle, const DetectorOptions& options,
                               int sessions = 1);
  Result<DetectorSession> open_session() const;

  const infer::Bundle& bundle() const { return bundle_; }
  const DetectorOptions& options() const { return options_; }
  bool is_person(int32_t class_id) const { return people_[static_cast<size_t>(class_id)]; }

 private:
  friend class DetectorSession;
  Detector(infer::Bundle bundle, Decoding decoding, infer::Network network,
           const DetectorOptions& options);
  infer::Bundle bundle_;
  Decoding decoding_;
  infer::Network network_;
  DetectorOptions options_;
  std::vector<bool> people_;  ///< By class.
};

/// Looks at pictures, as many at once as the bundle's batch. Not thread-safe; the detector must
/// outlive it.
class DetectorSession {
 public:
  /// Takes the objects of a picture, with a score of options.low_score or more.
  using Emit = std::function<Result<void>(std::vector<Detection>)>;

  /// Takes a picture; calls emit for it, or earlier ones, when a batch is full; in order.
  Result<void> push(const media::Frame& frame, const Emit& emit);
  /// Looks at what is left.
  Result<void> flush(const Emit& emit);

 private:
  friend class Detector;
  DetectorSession(const Detector& detector, infer::Runner runner);
  Result<void> run(const Emit& emit);

  /// One look of the network: at the whole picture, or at a tile.
  struct NetworkPass {
    media::Geometry geometry;
    media::UprightSize picture;
    Box region;         ///< What it answers for; an object that leaves it is left to other looks.
    bool last = false;  ///< The picture's last look.
  };
  std::vector<NetworkPass> passes_over(const media::Frame& frame) const;
  void fill(const media::Frame& frame, const NetworkPass& look);
  void read(const NetworkPass& look, std::span<const std::span<const float>> outputs);

  const Detector* detector_;
  infer::Runner runner_;
  media::Converter converter_;
  std::array<std::array<float, 256>, 3> levels_;  ///< A pixel's value as the network wants it.
  std::vector<NetworkPass> batch_;
  std::vector<Detection> found_;  ///< In the picture whose looks are being read.
};

}  // namespace lido::scene
