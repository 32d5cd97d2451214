// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/identity.h"

#include "lido/dataset/split.h"
#include "lido/infer/catalog.h"

namespace lido::ingest {

Result<void> check_options(const Request& request) {
  const part::SampleOptions& sampling = request.sampling;
  LIDO_TRY(validate(sampling));
  LIDO_TRY(validate(request.job));
  LIDO_TRY(dataset::parse_split(sampling.split));
  const media::TransformOptions& transform = sampling.transform;
  if (transform.fit == "crop" && transform.resize != 0 && transform.resize < transform.size) {
    return fail(ErrorCode::kInvalidArgument, "resize is {}, want at least size, which is {}, or 0",
                transform.resize, transform.size);
  }
  const bool needs_fixed_rate = sampling.keyframes_only || request.job.decode_everything;
  if (sampling.fps.automatic && needs_fixed_rate) {
    return fail(ErrorCode::kInvalidArgument, "fps is {}, want a fixed rate such as {} with {}",
                to_string(sampling.fps), to_string(sampling.fps.rate),
                sampling.keyframes_only ? "keyframes_only" : "decode_everything");
  }
  const double min_score = sampling.detector.min_score;  // 0: the detector's own
  if (min_score > 0 && sampling.detector.low_score > min_score) {
    return fail(ErrorCode::kInvalidArgument, "low_score is {}, want at most min_score, which is {}",
                sampling.detector.low_score, min_score);
  }
  const bool needs_scene = sampling.samples == "person" || sampling.samples == "both";
  if (sampling.scene == "off" && needs_scene)
    return fail(ErrorCode::kInvalidArgument, "--samples {} needs --scene on", sampling.samples);
  if (sampling.scene == "off" && sampling.poses.poses != "off")
    return fail(ErrorCode::kInvalidArgument, "--poses {} needs --scene on", sampling.poses.poses);
  if (sampling.poses.poses == "off" && sampling.poses.hands != "off")
    return fail(ErrorCode::kInvalidArgument, "--hands {} needs --poses", sampling.poses.hands);
  if (sampling.samples == "labels" && request.labels.empty())
    return fail(ErrorCode::kInvalidArgument, "--samples labels needs --labels FILE");
  if (!request.label_boxes.empty() && request.labels.empty())
    return fail(ErrorCode::kInvalidArgument, "--label-boxes needs --labels FILE");
  return {};
}

nlohmann::ordered_json identity_of(const part::SampleOptions& sampling, const Networks& networks) {
  nlohmann::ordered_json identity = to_json(sampling);
  const auto name_with_checksum = [](const infer::Bundle& bundle) {
    return fmt::format("{} {}", bundle.name, bundle.sha256.substr(0, 16));
  };
  if (networks.poses != nullptr) identity["poses"] = name_with_checksum(*networks.poses);
  if (networks.hands != nullptr) identity["hands"] = name_with_checksum(*networks.hands);
  if (networks.detector != nullptr) {
    identity["detector"] = name_with_checksum(*networks.detector);
    return identity;
  }
  const auto drop = [&](std::string_view name, const auto&, const auto&, std::string_view) {
    identity.erase(std::string(name));
  };
  scene::DetectorOptions::fields(sampling.detector, drop);
  scene::TrackerOptions::fields(sampling.tracker, drop);
  if (!sampling.kinds().labelled_people) identity.erase("person_size");
  identity.erase("max_track_gap_s");
  return identity;
}

nlohmann::ordered_json part_identity(nlohmann::ordered_json identity, bool has_detector) {
  if (has_detector) identity["device"] = infer::device();
  return identity;
}

}  // namespace lido::ingest
