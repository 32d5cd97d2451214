// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lido/dataset/jpeg.h"
#include "lido/dataset/label_shape.h"
#include "lido/dataset/window.h"
#include "lido/media/convert.h"
#include "lido/media/frame.h"
#include "lido/part/options.h"
#include "lido/part/sample_writer.h"
#include "lido/part/span_reach.h"
#include "lido/scene/pose.h"

namespace lido::part {

/// Cuts labelled people out of a span's frames, along the boxes of the labels. Not thread-safe.
class LabelSamples {
 public:
  /// @param samples,people,sampling  Must outlive the object.
  LabelSamples(SampleWriter& samples, const std::vector<dataset::LabelledPerson>& people,
               const SampleOptions& sampling, const SpanReach& reach, std::string key_prefix);

  /// Gives the samples keypoints. To be called before add().
  /// @param keypoints  Number of keypoints of a person.
  void set_poses(scene::PoseSession session, size_t keypoints);

  /// Adds the frame that is shown at a sampling time, in order of time. Writes the samples that it
  /// completes.
  Result<void> add(int64_t k, bool after_cut, const media::Frame& frame);
  /// Writes the samples at the ends of the people's stretches, after the last frame.
  Result<void> finish();

 private:
  /// One person in one frame.
  struct Cutout {
    Box box;  ///< Upright source pixels.
    bool seen = true;
    int64_t pts = 0;
    media::Geometry geometry;
    std::shared_ptr<const std::string> jpeg;
    media::UprightSize source;
    std::shared_ptr<const scene::Pose> pose;  ///< Null without a pose network.
    media::Geometry context_geometry;
    std::shared_ptr<const std::string> context;  ///< JPEG of the whole frame, made small.
  };
  /// A person, with the next of their boxes.
  struct Person {
    const dataset::LabelledPerson* labelled = nullptr;
    size_t next = 0;
    dataset::WindowCutter<Cutout> cutter;
    bool was_cut = false;  ///< A cut of the clip since the last box.
  };

  std::vector<Person*> people_at(int64_t k, const media::UprightSize& image);
  Result<std::vector<std::shared_ptr<const scene::Pose>>> find_poses(
      const media::Frame& frame, const std::vector<Person*>& people);
  Result<Cutout> cut_out(const media::Frame& frame, const dataset::LabelledBox& labelled);
  Result<void> write(const Person& person, int64_t start, const std::deque<Cutout>& window,
                     int64_t repeated);

  SampleWriter& samples_;
  const SampleOptions& sampling_;
  std::string key_prefix_;
  std::vector<Person> people_;
  std::optional<scene::PoseSession> poses_;
  size_t keypoints_ = 0;  ///< Number of keypoints of a person; 0 without a pose network.
  media::Converter converter_;
  media::Converter context_converter_;
  dataset::JpegEncoder encoder_;
};

}  // namespace lido::part
