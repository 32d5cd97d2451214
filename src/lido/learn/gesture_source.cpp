// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/gesture_source.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <numeric>

#include "lido/base/json_integer.h"
#include "lido/base/json_text.h"
#include "lido/loader/shuffler.h"

namespace lido::learn {
namespace {

/// Greatest turn, radians: a hand that is turned further is another signal.
constexpr double kMaxTurn = 0.26;
/// Greatest stretch along one direction, as a natural logarithm: a hand that is seen from the side.
constexpr double kMaxStretch = 0.2;
/// Greatest change of a motion's size, as a natural logarithm.
constexpr double kMaxGrowth = 0.25;
/// Standard deviations of the noise: shares of the hand's extent, and of the image.
constexpr double kHandNoise = 0.015, kMotionNoise = 0.0015;

/// Numbers from a seed.
class Draw {
 public:
  explicit Draw(uint64_t seed) : random_(seed) {}
  /// Uniform between -1 and 1.
  double even() { return static_cast<double>(random_.next() >> 11) * 0x1p-52 - 1; }
  /// Normal with a deviation of 1, as the sum of 12 uniform numbers of variance 1/3.
  double normal() {
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += even();
    return sum / 2;
  }

 private:
  loader::Shuffler random_;
};

/// Greater side of the points' bounding box.
double extent_of(std::span<const float> points) {
  double extent = 0;
  for (size_t axis = 0; axis < 2; ++axis) {
    float low = points[axis], high = points[axis];
    for (size_t i = axis; i < points.size(); i += 2) {
      low = std::min(low, points[i]);
      high = std::max(high, points[i]);
    }
    extent = std::max(extent, static_cast<double>(high) - static_cast<double>(low));
  }
  return extent;
}

/// Mixes numbers into a seed.
uint64_t seed_of(uint64_t seed, uint64_t epoch, uint64_t sample) {
  loader::Shuffler first(seed);
  loader::Shuffler second(first.next() ^ epoch);
  return loader::Shuffler(second.next() ^ sample).next();
}

}  // namespace

std::vector<float> augmented_points(const model::GestureInput& input, std::span<const float> points,
                                    uint64_t seed) {
  Draw draw(seed);
  const double turn = kMaxTurn * draw.even(), along = std::numbers::pi * draw.even();
  const double stretch = std::exp(kMaxStretch * draw.even()) - 1;
  const double growth = input.motion ? std::exp(kMaxGrowth * draw.even()) : 1;
  const double noise = input.motion ? kMotionNoise : kHandNoise * extent_of(points);
  const double cosine = std::cos(turn), sine = std::sin(turn);
  const double along_x = std::cos(along), along_y = std::sin(along);
  const double origin_x = static_cast<double>(points[0]), origin_y = static_cast<double>(points[1]);
  std::vector<float> changed;
  for (size_t i = 0; i + 1 < points.size(); i += 2) {
    const double x = static_cast<double>(points[i]) - origin_x;
    const double y = static_cast<double>(points[i + 1]) - origin_y;
    const double further = stretch * (x * along_x + y * along_y);
    const double wide = growth * (x + further * along_x), high = growth * (y + further * along_y);
    changed.push_back(
        static_cast<float>(origin_x + cosine * wide - sine * high + noise * draw.normal()));
    changed.push_back(
        static_cast<float>(origin_y + sine * wide + cosine * high + noise * draw.normal()));
  }
  return changed;
}

Result<GestureSource> GestureSource::open(std::shared_ptr<const model::GestureSet> set,
                                          std::vector<size_t> samples,
                                          const GestureSourceOptions& options,
                                          std::string_view position) {
  GestureSource source(std::move(set), std::move(samples), options);
  if (position.empty()) return source;
  const auto json = nlohmann::json::parse(position, nullptr, false);
  const auto number = [&](const char* key) {
    const auto found = json.is_object() ? json.find(key) : json.end();
    return found == json.end() ? std::nullopt : json_integer<int64_t>(*found);
  };
  const auto epoch = number("epoch"), taken = number("taken");
  const int64_t shares = options.share.workers;
  const int64_t longest = (std::ssize(source.samples_) + shares - 1) / shares;
  if (!epoch || !taken || *epoch < 0 || *taken < 0 || *taken > longest) {
    return fail(ErrorCode::kInvalidArgument, "{}: the checkpoint's position is of other data",
                source.set_->uri);
  }
  if (!json.contains("data") || json["data"] != source.set_->checksum) {
    return fail(ErrorCode::kInvalidArgument,
                "{}: its rows or names of classes changed since the run began, want them as they "
                "were",
                source.set_->uri);
  }
  source.epoch_ = static_cast<uint64_t>(*epoch);
  source.make_order();
  source.taken_ = std::min(static_cast<size_t>(*taken), source.order_.size());
  return source;
}

void GestureSource::make_order() {
  order_ = samples_;
  if (options_.shuffle)
    loader::Shuffler(seed_of(options_.seed, epoch_, 0)).shuffle(std::span<size_t>(order_));
  const auto rank = static_cast<size_t>(options_.share.rank);
  const auto shares = static_cast<size_t>(options_.share.workers);
  size_t kept = 0;
  for (size_t i = rank; i < order_.size(); i += shares) order_[kept++] = order_[i];
  order_.resize(kept);
}

Result<std::optional<StepSamples>> GestureSource::next() {
  if (taken_ == order_.size()) {
    taken_ = 0;
    ++epoch_;
    make_order();
    return std::nullopt;
  }
  const size_t count = std::min(options_.batch_size, order_.size() - taken_);
  const auto features = std::make_shared<std::vector<float>>();
  StepSamples samples{
      .epoch = static_cast<int64_t>(epoch_), .input = {}, .names = {}, .memory = features};
  for (const size_t index : std::span(order_).subspan(taken_, count)) {
    const model::GestureSample& sample = set_->samples[index];
    const auto points = options_.augment
                            ? augmented_points(set_->input, sample.points,
                                               seed_of(options_.seed, epoch_, index + 1))
                            : sample.points;
    std::ranges::copy(model::gesture_features(set_->input, points), std::back_inserter(*features));
    samples.input.targets[options_.task].push_back(sample.label);
    samples.names.push_back(sample.name);
  }
  samples.input.windows = std::span<const float>(*features);
  taken_ += count;
  return samples;
}

std::string GestureSource::position() const {
  return json_text(
      nlohmann::ordered_json({{"data", set_->checksum}, {"epoch", epoch_}, {"taken", taken_}}));
}

}  // namespace lido::learn
