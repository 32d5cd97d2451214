// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/box.h"
#include "lido/base/result.h"
#include "lido/dataset/window.h"

namespace lido::dataset {

/// A labelled person at one sampling time.
struct LabelledBox {
  int64_t k = 0;     ///< Sampling index.
  Box box;           ///< Upright source pixels.
  bool seen = true;  ///< False for a box that is interpolated between two labelled ones.
  bool operator==(const LabelledBox&) const = default;
};

/// A labelled person of one clip.
struct LabelledPerson {
  std::string name;                ///< Id in the labels file; empty for a label without one.
  int64_t number = 0;              ///< From 1, in the order of the names.
  std::vector<LabelledBox> boxes;  ///< By time; without boxes where the person is not labelled.
  bool operator==(const LabelledPerson&) const = default;
};

/// Places and times that samples of one clip are to show.
struct LabelShape {
  std::vector<LabelledPerson> people;
  std::vector<Run> frames;  ///< Sampling times of labels without boxes, by time.

  bool empty() const { return people.empty() && frames.empty(); }
  bool operator==(const LabelShape&) const = default;
};

/// Returns the part of a shape at first_k <= k < end_k. Pure.
LabelShape clip_to(const LabelShape& shape, int64_t first_k, int64_t end_k);

/// The sampling time that shows a label without a sampling time of its own: the closest to its
/// middle. Pure.
int64_t closest_tick(double start_s, double end_s, double fps);

/// Joins runs that touch or overlap, by time. Pure.
std::vector<Run> joined(std::vector<Run> runs);

/// The shape as one line of JSON, for a worker in another process; empty for an empty shape.
std::string to_text(const LabelShape& shape);
/// Reads what to_text wrote. @return kInvalidArgument.
Result<LabelShape> parse_label_shape(std::string_view text);

}  // namespace lido::dataset
