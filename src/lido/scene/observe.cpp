// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/observe.h"

#include <cmath>

namespace lido::scene {
namespace {

constexpr int kThumbnailSide = 480;
constexpr int64_t kBetweenThumbnails = 4;  // sampling times

int64_t block_after(int64_t k) { return (k + kBlock - 1) / kBlock * kBlock; }

}  // namespace

OwnedBlocks blocks_of_span(int64_t first_k, int64_t end_k) {
  // A stretch in the middle of a clip first reads what shapes its first block.
  const auto begin_of = [](int64_t k) { return k == 0 ? 0 : block_after(k + kLookBack); };
  return {begin_of(first_k), end_k == INT64_MAX ? INT64_MAX : begin_of(end_k)};
}

Result<void> Observer::push(int64_t first_k, int64_t end_k, bool after_cut,
                            const media::Frame& frame) {
  first_k = std::max(first_k, share_.begin - kLookBack);
  end_k = share_.end == INT64_MAX ? end_k : std::min(end_k, share_.end + 1);
  if (first_k >= end_k || share_.begin == share_.end) return {};
  waiting_.push_back({first_k, end_k, after_cut, frame});
  return session_.push(frame, [this](std::vector<Detection> found) { return look(found); });
}

/// Boxes of people; of those faintly seen too, unless they leave too little of the picture.
std::vector<Box> Observer::may_move(const std::vector<Detection>& found,
                                    const media::UprightSize& size) const {
  constexpr double kMost = 0.4;  // of the picture
  std::vector<Box> sure, all;
  double area = 0;
  for (const Detection& one : found) {
    if (!detector_.is_person(one.class_id)) continue;
    if (one.score >= detector_.options().min_score) sure.push_back(one.box);
    all.push_back(one.box);
    area += one.box.area();
  }
  return area > kMost * size.width * size.height ? sure : all;
}

/// Works on the picture that has waited longest, now that it is known what was found in it.
Result<void> Observer::look(const std::vector<Detection>& found) {
  const Waiting picture = std::move(waiting_.front());
  waiting_.pop_front();
  const auto boxes = may_move(found, media::upright_size(picture.frame));
  const auto geometry = MotionEstimator::geometry_for(picture.frame);
  media::GreyImage grey = MotionEstimator::reduce(picture.frame, geometry, converter_);
  for (int64_t k = picture.first_k; k < picture.end_k; ++k) {
    Observation observation{.k = k, .after_cut = picture.after_cut && k == picture.first_k};
    observation.found = found;
    if (observation.after_cut) {
      end_block();
      recent_.clear();
      motion_.reset();
      quality_.reset();
    }
    observation.quality = quality_.measure(grey, picture.frame);
    const bool fresh = recent_.empty() || k / kBlock != recent_.back().k / kBlock;
    if (k >= share_.begin) {
      if (fresh) end_block();
      observation.registration = motion_.push(k, fresh, grey, geometry, boxes);
      observation.featureless = observation.quality.structure < 4;
    }
    // The first one's registration is told by whoever answers for the picture before.
    if (k == share_.begin && k > 0) observation.registration.reset();
    recent_.push_back(observation);
    if (std::ssize(recent_) > kLookBack + 1) recent_.erase(recent_.begin());
    if (k < share_.begin) continue;
    if (k < share_.end) {
      LIDO_TRY(sink_(picture.frame, recent_));
      geometry_ = geometry;
      block_.push_back(grey);
      if (k % kBetweenThumbnails == kBetweenThumbnails / 2)
        thumbnails_.push_back(
            {k, thumbnail_converter_.convert(
                    picture.frame, media::shrunk_geometry(picture.frame, kThumbnailSide))});
    } else {
      end_block();
    }
    observations_.push_back(std::move(observation));
  }
  return {};
}

/// Proposes what moved in the last pictures and was not found.
void Observer::end_block() {
  Observation* observation = observations_.data() + observations_.size() - block_.size();
  const auto width = static_cast<int>(std::lround(geometry_.width / geometry_.scale_x));
  const auto height = static_cast<int>(std::lround(geometry_.height / geometry_.scale_y));
  for (size_t i = 1; i < block_.size(); ++i) {
    const auto& registration = observation[i].registration;
    if (!registration || !is_rest(*registration, width, height)) block_.clear();
  }
  const auto moving = find_moving(block_);
  for (const auto& boxes : moving) {
    for (const Box& reduced : boxes) {
      const Box box{reduced.x / geometry_.scale_x, reduced.y / geometry_.scale_y,
                    reduced.width / geometry_.scale_x, reduced.height / geometry_.scale_y};
      const bool known = std::ranges::any_of(observation->found, [&](const Detection& one) {
        return one.score >= detector_.options().min_score &&
               intersection(one.box, box) > 0.3 * std::min(one.box.area(), box.area());
      });
      if (!known) observation->moving.push_back(box);
    }
    ++observation;
  }
  block_.clear();
}

Result<void> Observer::finish() {
  LIDO_TRY(session_.flush([this](std::vector<Detection> found) { return look(found); }));
  end_block();
  return {};
}

}  // namespace lido::scene
