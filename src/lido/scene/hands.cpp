// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/hands.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "lido/infer/catalog.h"

namespace lido::scene {
namespace {

constexpr double kBeyondWrist = 0.3;    // forearms
constexpr double kRegionSide = 1.1;     // forearms
constexpr double kUpperArmShare = 0.9;  // forearm over upper arm
constexpr std::array<const char*, 2> kSides = {"left", "right"};

/// The keypoint of a name; null where the network is uncertain or knows no such keypoint.
const Keypoint* certain_point(std::span<const std::string> names, const Pose& pose,
                              const std::string& name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return nullptr;
  const Keypoint& point = pose.keypoints[static_cast<size_t>(found - names.begin())];
  return point.score >= kMinDrawnScore ? &point : nullptr;
}

}  // namespace

std::optional<HandRegion> hand_region(const Keypoint* shoulder, const Keypoint& elbow,
                                      const Keypoint& wrist, double aspect) {
  const auto between = [&](const Keypoint& from, const Keypoint& to) {
    return std::pair((double(to.x) - double(from.x)) * aspect, double(to.y) - double(from.y));
  };
  const auto [dx, dy] = between(elbow, wrist);
  const double forearm = std::hypot(dx, dy);
  if (!(forearm > 0)) return std::nullopt;
  double length = forearm;
  if (shoulder != nullptr) {
    const auto [ux, uy] = between(*shoulder, elbow);
    length = std::max(length, kUpperArmShare * std::hypot(ux, uy));
  }
  const double up_x = dx / forearm, up_y = dy / forearm;
  return HandRegion{.x = wrist.x * aspect + kBeyondWrist * length * up_x,
                    .y = wrist.y + kBeyondWrist * length * up_y,
                    .side = kRegionSide * length,
                    .up_x = up_x,
                    .up_y = up_y};
}

media::Image turned(const media::Image& image, double up_x, double up_y, int side) {
  media::Image out{side, side, {}};
  out.rgb.reserve(static_cast<size_t>(side) * static_cast<size_t>(side) * 3);
  const auto at = [&](int x, int y, size_t channel) {
    return double(image.rgb[(static_cast<size_t>(y) * static_cast<size_t>(image.width) +
                             static_cast<size_t>(x)) *
                                3 +
                            channel]);
  };
  for (int row = 0; row < side; ++row) {
    for (int column = 0; column < side; ++column) {
      const double right = column + 0.5 - side / 2.0, down = row + 0.5 - side / 2.0;
      const double x = image.width / 2.0 - up_y * right - up_x * down - 0.5;
      const double y = image.height / 2.0 + up_x * right - up_y * down - 0.5;
      const int left = std::clamp(static_cast<int>(std::floor(x)), 0, image.width - 2);
      const int top = std::clamp(static_cast<int>(std::floor(y)), 0, image.height - 2);
      const double share_x = std::clamp(x - left, 0.0, 1.0);
      const double share_y = std::clamp(y - top, 0.0, 1.0);
      for (size_t channel = 0; channel < 3; ++channel) {
        const double above =
            at(left, top, channel) * (1 - share_x) + at(left + 1, top, channel) * share_x;
        const double below =
            at(left, top + 1, channel) * (1 - share_x) + at(left + 1, top + 1, channel) * share_x;
        out.rgb.push_back(
            static_cast<uint8_t>(std::lround(above * (1 - share_y) + below * share_y)));
      }
    }
  }
  return out;
}

Result<std::shared_ptr<const HandEstimator>> HandEstimator::make(const infer::Bundle& bundle,
                                                                 double min_side_px, int sessions) {
  const auto& input = bundle.input;
  if (input.width != input.height || input.batch != 1) {
    return fail(ErrorCode::kCorrupt,
                "{}/bundle.json: input: got {}x{} pixels in batches of {}, want a square and "
                "batches of 1 for a network of hands",
                bundle.folder, input.width, input.height, input.batch);
  }
  const auto decoding = LIDO_TRY(read_pose_decoding(bundle));
  auto network = LIDO_TRY(infer::load(bundle, sessions));
  LIDO_TRY(infer::check_outputs(bundle, network,
                                pose_output_sizes(decoding, input.width, input.height)));
  return std::shared_ptr<const HandEstimator>(
      new HandEstimator(bundle, decoding, std::move(network), min_side_px));
}

Result<HandSession> HandEstimator::open_session() const {
  return HandSession(*this, LIDO_TRY(network_.make_runner()));
}

Result<void> HandSession::add_hands(const media::Frame& frame, std::span<const std::string> names,
                                    Pose& pose) {
  const double aspect = media::upright_aspect(frame);
  for (const std::string side : kSides) {
    const Keypoint* elbow = certain_point(names, pose, side + "_elbow");
    const Keypoint* wrist = certain_point(names, pose, side + "_wrist");
    if (elbow == nullptr || wrist == nullptr) continue;
    const auto region =
        hand_region(certain_point(names, pose, side + "_shoulder"), *elbow, *wrist, aspect);
    if (!region || region->side < estimator_->min_side_px_) continue;
    auto hand = LIDO_TRY(find(frame, *region));
    if (hand.front().score >= kMinHandScore)
      (side == "left" ? pose.left_hand : pose.right_hand) = std::move(hand);
  }
  return {};
}

Result<std::vector<Keypoint>> HandSession::find(const media::Frame& frame,
                                                const HandRegion& region) {
  const int side = estimator_->bundle().input.width;
  const double scale = side / region.side, aspect = media::upright_aspect(frame);
  // Wide enough for the square in any direction.
  const int wide = static_cast<int>(std::ceil(side * std::numbers::sqrt2)) + 2;
  const media::Geometry around{wide,
                               wide,
                               scale * aspect,
                               scale,
                               wide / 2.0 - scale * region.x,
                               wide / 2.0 - scale * region.y};
  input_.fill(turned(converter_.convert(frame, around), region.up_x, region.up_y, side),
              runner_.input());
  LIDO_TRY(runner_.run());
  std::vector<std::span<const float>> outputs;
  for (size_t i = 0; i < estimator_->network_.outputs().size(); ++i)
    outputs.push_back(runner_.output(i));
  auto points = decode_pose(estimator_->decoding_, side, side, outputs);
  for (Keypoint& point : points) {
    const double right = (point.x - side / 2.0) / scale, down = (point.y - side / 2.0) / scale;
    point.x = static_cast<float>((region.x - region.up_y * right - region.up_x * down) / aspect);
    point.y = static_cast<float>(region.y + region.up_x * right - region.up_y * down);
  }
  return points;
}

Result<PoseEstimator> open_pose_estimator(const PoseOptions& options, int sessions) {
  const auto bundle = LIDO_TRY(infer::find_bundle(options.poses, "poses"));
  auto poses = LIDO_TRY(PoseEstimator::make(bundle, sessions));
  if (options.hands != "off") {
    const auto hands = LIDO_TRY(infer::find_bundle(options.hands, "hands"));
    poses.set_hands(LIDO_TRY(HandEstimator::make(hands, options.min_hand_px, sessions)));
  }
  return poses;
}

}  // namespace lido::scene
