// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/observe.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lido/scene/person_poses.h"

namespace lido::scene {
namespace {

constexpr int kThumbnailSide = 480;
constexpr int64_t kThumbnailEvery = 4;  // ticks
constexpr float kMinStructure = 4;      // QualityFeatures::structure of a frame to register

int64_t block_after(int64_t k) { return (k + kBlock - 1) / kBlock * kBlock; }

}  // namespace

OwnedBlocks blocks_of_span(int64_t first_k, int64_t end_k) {
  // A span in the middle of a clip first reads the frames that influence its first block.
  const auto begin_of = [](int64_t k) { return k == 0 ? 0 : block_after(k + kLookBack); };
  return {begin_of(first_k), end_k == INT64_MAX ? INT64_MAX : begin_of(end_k)};
}

Result<void> Observer::push(int64_t first_k, int64_t end_k, bool after_cut,
                            const media::Frame& frame) {
  first_k = std::max(first_k, owned_.begin - kLookBack);
  end_k = owned_.end == INT64_MAX ? end_k : std::min(end_k, owned_.end + 1);
  if (first_k >= end_k || owned_.begin == owned_.end) return {};
  waiting_.push_back({first_k, end_k, after_cut, frame});
  return session_.push(frame,
                       [this](const std::vector<Detection>& found) { return observe(found); });
}

/// Boxes of people, also with low scores unless they leave too little of the frame.
std::vector<Box> Observer::may_move(const std::vector<Detection>& found,
                                    const media::UprightSize& size) const {
  constexpr double kMaxShare = 0.4;  // share of the frame's area
  std::vector<Box> certain, all;
  double area = 0;
  for (const Detection& one : found) {
    if (!detector_.is_person(one.class_id)) continue;
    if (one.score >= detector_.options().min_score) certain.push_back(one.box);
    all.push_back(one.box);
    area += one.box.area();
  }
  return area > kMaxShare * size.width * size.height ? certain : all;
}

/// Observes the frame that has waited longest, whose detections are now known.
Result<void> Observer::observe(const std::vector<Detection>& found) {
  const Waiting waiting = std::move(waiting_.front());
  waiting_.pop_front();
  const auto boxes = may_move(found, media::upright_size(waiting.frame));
  const auto geometry = MotionEstimator::geometry_for(waiting.frame);
  const media::GreyImage grey = MotionEstimator::reduce(waiting.frame, geometry, converter_);
  for (int64_t k = waiting.first_k; k < waiting.end_k; ++k) {
    Observation observation{.k = k, .after_cut = waiting.after_cut && k == waiting.first_k};
    observation.found = found;
    if (observation.after_cut) {
      LIDO_TRY(end_block());
      recent_.clear();
      motion_.reset();
      quality_.reset();
    }
    observation.quality = quality_.measure(grey, waiting.frame);
    const bool new_block = recent_.empty() || k / kBlock != recent_.back().k / kBlock;
    if (k >= owned_.begin) {
      if (new_block) LIDO_TRY(end_block());
      observation.registration = motion_.push(k, new_block, grey, geometry, boxes);
      observation.featureless = observation.quality.structure < kMinStructure;
    }
    // The span before delivers the registration of this span's first frame.
    if (k == owned_.begin && k > 0) observation.registration.reset();
    recent_.push_back(observation);
    if (std::ssize(recent_) > kLookBack + 1) recent_.erase(recent_.begin());
    if (k < owned_.begin) continue;
    if (k < owned_.end) {
      LIDO_TRY(sink_(waiting.frame, recent_));
      geometry_ = geometry;
      block_.push_back(grey);
      if (block_sink_) frames_.push_back(waiting.frame);
      if (k % kThumbnailEvery == kThumbnailEvery / 2) add_thumbnail(k, waiting.frame);
    } else {
      LIDO_TRY(end_block());
    }
    observations_.push_back(std::move(observation));
    if (k < owned_.end) LIDO_TRY(find_poses(waiting.frame, k == waiting.first_k || new_block));
  }
  return {};
}

void Observer::add_thumbnail(int64_t k, const media::Frame& frame) {
  const auto geometry = media::shrunk_geometry(frame, kThumbnailSide);
  thumbnails_.push_back({k, thumbnail_converter_.convert(frame, geometry)});
}

/// Looks for the keypoints of people in the last observation's frame.
/// @param is_new  Whether the block has not shown the frame before.
Result<void> Observer::find_poses(const media::Frame& frame, bool is_new) {
  if (!poses_) return {};
  const size_t at = observations_.size() - 1;
  if (!is_new) {
    repeats_.push_back(at);
    return {};
  }
  const auto emit = [this](size_t observation, Pose pose) {
    observations_[observation].poses.push_back(std::move(pose));
  };
  for (const Box& box : pose_boxes(recent_, detector_))
    LIDO_TRY(poses_->push(frame, box, at, emit));
  return {};
}

/// Completes the block's observations. Batches of people end with the block, so that they do not
/// depend on where a clip is divided.
Result<void> Observer::end_block() {
  if (poses_) {
    LIDO_TRY(poses_->flush([this](size_t observation, Pose pose) {
      observations_[observation].poses.push_back(std::move(pose));
    }));
  }
  for (const size_t at : std::exchange(repeats_, {}))
    observations_[at].poses = observations_[at - 1].poses;
  return add_moving();
}

/// Adds what the pixels in the boxes of people do in one frame.
void Observer::look_at_boxes(Observation& observation, const media::GreyImage& image,
                             const Moving& moving) const {
  if (moving.mask.grey.empty()) return;
  observation.looks.resize(observation.found.size());
  for (size_t i = 0; i < observation.found.size(); ++i) {
    const Detection& one = observation.found[i];
    if (!detector_.is_person(one.class_id)) continue;
    const Box box{one.box.x * geometry_.scale_x, one.box.y * geometry_.scale_y,
                  one.box.width * geometry_.scale_x, one.box.height * geometry_.scale_y};
    observation.looks[i] = look_at(image, moving, box);
  }
}

/// Adds the regions that moved in the block's frames and that no detection covers.
Result<void> Observer::add_moving() {
  constexpr double kMinShared = 0.3;  // share of the smaller box
  Observation* observation = observations_.data() + observations_.size() - block_.size();
  const auto width = static_cast<int>(std::lround(geometry_.width / geometry_.scale_x));
  const auto height = static_cast<int>(std::lround(geometry_.height / geometry_.scale_y));
  for (size_t i = 1; i < block_.size(); ++i) {
    const auto& registration = observation[i].registration;
    if (!registration || !is_rest(*registration, width, height)) block_.clear();
  }
  const auto frames = std::exchange(frames_, {});
  const auto moving = find_moving(block_);
  const Observation* first = observation;
  for (size_t i = 0; i < moving.size(); ++i) {
    look_at_boxes(*observation, block_[i], moving[i]);
    for (const Box& reduced : moving[i].regions) {
      const Box box{reduced.x / geometry_.scale_x, reduced.y / geometry_.scale_y,
                    reduced.width / geometry_.scale_x, reduced.height / geometry_.scale_y};
      const bool detected = std::ranges::any_of(observation->found, [&](const Detection& one) {
        return one.score >= detector_.options().min_score &&
               intersection(one.box, box) > kMinShared * std::min(one.box.area(), box.area());
      });
      if (!detected) observation->moving.push_back(box);
    }
    ++observation;
  }
  if (block_sink_ && !block_.empty()) LIDO_TRY(block_sink_(frames, {first, frames.size()}));
  block_.clear();
  return {};
}

Result<void> Observer::finish() {
  LIDO_TRY(session_.flush([this](const std::vector<Detection>& found) { return observe(found); }));
  return end_block();
}

}  // namespace lido::scene
