// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "lido/learn/step_source.h"
#include "lido/loader/options.h"
#include "lido/model/gesture_set.h"

namespace lido::learn {

struct GestureSourceOptions {
  std::string task;
  size_t batch_size = 16;
  uint64_t seed = 0;     ///< Seed of order and augmentation.
  bool shuffle = false;  ///< Draws another order for each epoch.
  bool augment = false;
  loader::Share share;  ///< The micro-batch, of how many.
};

/// Samples of a set of gestures, as features. The batches are a function of set, options and
/// position. In each epoch, the shares together have each sample once.
class GestureSource : public StepSource {
 public:
  /// @param samples   Indices into the set, one or more for each share.
  /// @param position  Text of position() of the first share; empty: the start of epoch 0.
  /// @return kInvalidArgument for a position in another set, and for a text that is none.
  static Result<GestureSource> open(std::shared_ptr<const model::GestureSet> set,
                                    std::vector<size_t> samples,
                                    const GestureSourceOptions& options,
                                    std::string_view position = {});
  Result<std::optional<StepSamples>> next() override;
  std::string position() const override;
  std::string checksum() const override { return set_->checksum; }

 private:
  GestureSource(std::shared_ptr<const model::GestureSet> set, std::vector<size_t> samples,
                const GestureSourceOptions& options)
      : set_(std::move(set)), samples_(std::move(samples)), options_(options) {
    make_order();
  }
  void make_order();

  std::shared_ptr<const model::GestureSet> set_;
  std::vector<size_t> samples_;
  GestureSourceOptions options_;
  std::vector<size_t> order_;  // samples of the share in the order of the epoch
  uint64_t epoch_ = 0;
  size_t taken_ = 0;  // samples of the epoch that next() has returned
};

/// Returns a sample's points changed at random: turned a little, stretched along a direction, and
/// with noise on each point; a motion grows or shrinks too. Pure.
/// @param seed  A number for this sample in this epoch.
std::vector<float> augmented_points(const model::GestureInput& input, std::span<const float> points,
                                    uint64_t seed);

}  // namespace lido::learn
