// SPDX-License-Identifier: Apache-2.0
// Any text as names of classes and as a table of points: names up to the first empty line, then
// rows. Samples that are read can be split, and their features are finite.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "lido/model/gesture_set.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::model;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(text.find("\n\n"), text.size());
  const auto names = parse_class_names(text.substr(0, end), "names.csv");
  if (!names) return 0;
  const auto set = parse_gestures(text.substr(end), "points.csv", *names);
  if (!set) return 0;
  for (const GestureSample& sample : set->samples) {
    const auto features = gesture_features(set->input, sample.points);
    const auto wanted = static_cast<size_t>(set->input.frames * set->input.features());
    if (features.size() != wanted) std::abort();
    for (const float value : features) {
      if (!std::isfinite(value)) std::abort();
    }
  }
  const auto split = split_gestures(*set, size);
  if (split && split->train.size() + split->val.size() != set->samples.size()) std::abort();
  return 0;
}
