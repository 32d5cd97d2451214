// SPDX-License-Identifier: Apache-2.0
#include "lido/part/sample_writer.h"

#include <cmath>

#include "lido/base/hash.h"
#include "lido/base/json_text.h"
#include "lido/dataset/dataset.h"
#include "lido/dataset/tar.h"

namespace lido::part {
namespace {

/// The sample's JSON in the shard. Holds only what never changes: labels are in the manifest.
nlohmann::ordered_json describe(const PartSample& sample, const ClipInput& clip,
                                const Rational& time_base, const SampleOptions& sampling) {
  const media::Geometry& geometry = sample.geometry;
  nlohmann::ordered_json json = {{"sample", sample.key},
                                 {"clip", clip.uri},
                                 {"group", clip.group_name()},
                                 {"site", clip.site},
                                 {"camera", clip.camera},
                                 {"fps", lido::to_string(sampling.fps.rate)},
                                 {"first_k", sample.first_k},
                                 {"pts", sample.pts},
                                 {"time_base", lido::to_string(time_base)},
                                 {"source_width", sample.source_width},
                                 {"source_height", sample.source_height},
                                 {"scale_x", geometry.scale_x},
                                 {"scale_y", geometry.scale_y},
                                 {"offset_x", geometry.offset_x},
                                 {"offset_y", geometry.offset_y}};
  json["seen"] = sample.seen;
  json["repeated"] = sample.repeated;
  json["source"] = sample.source;
  if (!sample.person.empty()) json["person"] = sample.person;
  if (sample.track != 0) {
    json["track"] = sample.track;
    json["cutouts"] = sample.cutouts;
    json["boxes"] = sample.boxes;
    // JSON has no NaN: an unknown keypoint is null, null, null.
    for (const double number : sample.keypoints) {
      json["keypoints"].push_back(std::isnan(number) ? nlohmann::ordered_json()
                                                     : nlohmann::ordered_json(number));
    }
  }
  if (clip.start_utc) json["clip_start_utc"] = dataset::to_string(*clip.start_utc);
  return json;
}

}  // namespace

Result<void> SampleWriter::write(PartSample sample, const std::vector<std::string_view>& frames,
                                 std::string_view context) {
  archive_.clear();
  for (size_t i = 0; i < frames.size(); ++i)
    dataset::append_tar_entry(archive_, fmt::format("{}.{:03}.jpg", sample.key, i), frames[i]);
  if (!context.empty()) {
    dataset::append_tar_entry(archive_, fmt::format("{}{}", sample.key, dataset::kContextPicture),
                              context);
  }
  dataset::append_tar_entry(archive_, sample.key + ".json",
                            json_text(describe(sample, clip_, time_base_, sampling_)));
  sample.offset = written_;
  sample.length = std::ssize(archive_);
  sample.sha256 = sha256_hex(archive_);
  written_ += sample.length;
  samples_.push_back(std::move(sample));
  return writer_.append(archive_);
}

}  // namespace lido::part
