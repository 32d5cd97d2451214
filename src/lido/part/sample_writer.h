// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lido/part/options.h"
#include "lido/part/part_file.h"

namespace lido::part {

/// Writes samples one after another into a part. Not thread-safe.
class SampleWriter {
 public:
  /// @param writer,clip,sampling  Must outlive the SampleWriter.
  /// @param time_base             Seconds in one PTS tick of the clip.
  SampleWriter(storage::Writer& writer, const ClipInput& clip, Rational time_base,
               const SampleOptions& sampling)
      : writer_(writer), clip_(clip), time_base_(time_base), sampling_(sampling) {}

  /// Appends the sample's files: its frames, then the context image, then its JSON. Fills offset,
  /// length and checksum.
  /// @param frames   JPEG of each frame.
  /// @param context  JPEG of the whole frame around a person; empty for none.
  Result<void> write(PartSample sample, const std::vector<std::string_view>& frames,
                     std::string_view context);
  /// The samples written so far, in order; leaves none behind.
  std::vector<PartSample> take_samples() { return std::move(samples_); }

 private:
  storage::Writer& writer_;
  const ClipInput& clip_;
  Rational time_base_;
  const SampleOptions& sampling_;
  std::string archive_;  // tar entries of one sample
  int64_t written_ = 0;  // bytes
  std::vector<PartSample> samples_;
};

}  // namespace lido::part
