// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/pose.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "lido/base/json_integer.h"
#include "lido/scene/hands.h"

namespace lido::scene {
namespace {

using Json = nlohmann::json;

constexpr int kMaxKeypoints = 512;
constexpr double kMinPersonSide = 8;  // Source pixels of a person's crop.

/// An integer field, or `fallback` when there is none. Throws Json::exception for another type.
int whole(const Json& json, const char* name, int fallback) {
  if (!json.contains(name)) return fallback;
  return json_integer<int>(json.at(name)).value_or(-1);
}

bool is_outside(double value, double min, double max) { return !(value >= min && value <= max); }

/// Reads the fields of "points". @return What is wrong; empty for nothing.
std::string read_points(const Json& json, PoseDecoding& decoding) {
  const auto values = json.at("values").get<std::vector<std::string>>();
  const auto column = [&](std::string_view name) {
    const auto found = std::ranges::find(values, name);
    return found == values.end() ? -1 : static_cast<int>(found - values.begin());
  };
  decoding.columns = static_cast<int>(std::min<size_t>(values.size(), 1000));
  decoding.x = column("x");
  decoding.y = column("y");
  decoding.score = column("score");
  if (decoding.x < 0 || decoding.y < 0 || decoding.columns > 16)
    return "values are wrong, want x, y and others, up to 16 names";
  decoding.rows = whole(json, "rows", decoding.keypoints);
  if (is_outside(decoding.rows, decoding.keypoints, kMaxKeypoints))
    return fmt::format("rows is {}, want {} to {}", decoding.rows, decoding.keypoints,
                       kMaxKeypoints);
  const std::string unit = json.at("unit");
  if (unit != "input" && unit != "pixel")
    return fmt::format("unit is \"{}\", want input or pixel", unit);
  decoding.relative = unit == "input";
  decoding.logits = json.value("logits", false);
  decoding.presence = json.value("presence", false);
  return {};
}

std::string read_heatmap(const Json& json, PoseDecoding& decoding) {
  decoding.stride = whole(json, "stride", -1);
  if (is_outside(decoding.stride, 1, 64))
    return fmt::format("stride is {}, want 1 to 64", decoding.stride);
  const std::string layout = json.at("layout");
  if (layout != "NCHW" && layout != "NHWC")
    return fmt::format("layout is \"{}\", want NCHW or NHWC", layout);
  decoding.planar = layout == "NCHW";
  return {};
}

std::string read_simcc(const Json& json, PoseDecoding& decoding) {
  decoding.split = whole(json, "split", -1);
  if (is_outside(decoding.split, 1, 16))
    return fmt::format("split is {}, want 1 to 16", decoding.split);
  return {};
}

std::string read_kind(const Json& json, PoseDecoding& decoding) {
  decoding.margin = json.value("margin", decoding.margin);
  if (is_outside(decoding.margin, 1, 4))
    return fmt::format("margin is {}, want 1 to 4", decoding.margin);
  const std::string kind = json.at("kind");
  if (kind == "points") {
    decoding.kind = PoseDecoding::Kind::kPoints;
    return read_points(json, decoding);
  }
  if (kind == "heatmap") {
    decoding.kind = PoseDecoding::Kind::kHeatmap;
    return read_heatmap(json, decoding);
  }
  if (kind == "simcc") {
    decoding.kind = PoseDecoding::Kind::kSimcc;
    return read_simcc(json, decoding);
  }
  return fmt::format("kind is \"{}\", want points, heatmap or simcc", kind);
}

/// @param presence  Score of all points; empty for points with scores of their own.
std::vector<Keypoint> decode_points(const PoseDecoding& decoding, int width, int height,
                                    std::span<const float> values,
                                    std::span<const float> presence) {
  std::vector<Keypoint> points;
  const auto scale_x = static_cast<float>(decoding.relative ? width : 1);
  const auto scale_y = static_cast<float>(decoding.relative ? height : 1);
  const auto columns = static_cast<size_t>(decoding.columns);
  for (size_t row = 0; row < static_cast<size_t>(decoding.keypoints); ++row) {
    const auto at = values.subspan(row * columns, columns);
    float score = decoding.score < 0 ? 1 : at[static_cast<size_t>(decoding.score)];
    if (!presence.empty()) score = presence[0];
    if (decoding.logits && (decoding.score >= 0 || !presence.empty()))
      score = 1 / (1 + std::exp(-score));
    points.push_back({at[static_cast<size_t>(decoding.x)] * scale_x,
                      at[static_cast<size_t>(decoding.y)] * scale_y, score});
  }
  return points;
}

/// Cells of a heatmap along a side.
int heatmap_cells(int pixels, int stride) { return (pixels + stride - 1) / stride; }

std::vector<Keypoint> decode_heatmap(const PoseDecoding& decoding, int width, int height,
                                     std::span<const float> values) {
  const auto columns = static_cast<size_t>(heatmap_cells(width, decoding.stride));
  const auto rows = static_cast<size_t>(heatmap_cells(height, decoding.stride));
  const auto count = static_cast<size_t>(decoding.keypoints);
  const auto stride = static_cast<float>(decoding.stride);
  std::vector<Keypoint> points;
  for (size_t i = 0; i < count; ++i) {
    const auto at = [&](size_t x, size_t y) {
      const size_t cell = y * columns + x;
      return values[decoding.planar ? i * rows * columns + cell : cell * count + i];
    };
    size_t best_x = 0, best_y = 0;
    for (size_t y = 0; y < rows; ++y) {
      for (size_t x = 0; x < columns; ++x) {
        if (at(x, y) > at(best_x, best_y)) best_x = x, best_y = y;
      }
    }
    // A quarter of a cell towards the higher neighbour; none at the edge.
    const auto shift = [](float before, float after) {
      return after > before ? 0.25F : after < before ? -0.25F : 0.0F;
    };
    const bool inside_x = best_x > 0 && best_x + 1 < columns;
    const bool inside_y = best_y > 0 && best_y + 1 < rows;
    const float dx = inside_x ? shift(at(best_x - 1, best_y), at(best_x + 1, best_y)) : 0;
    const float dy = inside_y ? shift(at(best_x, best_y - 1), at(best_x, best_y + 1)) : 0;
    points.push_back({(static_cast<float>(best_x) + 0.5F + dx) * stride,
                      (static_cast<float>(best_y) + 0.5F + dy) * stride, at(best_x, best_y)});
  }
  return points;
}

std::vector<Keypoint> decode_simcc(const PoseDecoding& decoding, int width, int height,
                                   std::span<const float> xs, std::span<const float> ys) {
  const auto columns = static_cast<size_t>(width) * static_cast<size_t>(decoding.split);
  const auto rows = static_cast<size_t>(height) * static_cast<size_t>(decoding.split);
  const auto split = static_cast<float>(decoding.split);
  std::vector<Keypoint> points;
  for (size_t i = 0; i < static_cast<size_t>(decoding.keypoints); ++i) {
    const auto of_x = xs.subspan(i * columns, columns);
    const auto of_y = ys.subspan(i * rows, rows);
    const auto x = std::ranges::max_element(of_x);
    const auto y = std::ranges::max_element(of_y);
    // Bin b is b / split pixels after the centre of the first pixel.
    points.push_back({static_cast<float>(x - of_x.begin()) / split + 0.5F,
                      static_cast<float>(y - of_y.begin()) / split + 0.5F, std::min(*x, *y)});
  }
  return points;
}

/// The region around a person, with the shape of the network's input and square pixels.
media::Geometry person_geometry(const Box& box, double aspect, double margin,
                                const infer::ImageInput& input) {
  const double width = std::max(kMinPersonSide, box.width * aspect) * margin;
  const double height = std::max(kMinPersonSide, box.height) * margin;
  const double scale = std::min(input.width / width, input.height / height);
  media::Geometry geometry{input.width, input.height, scale * aspect, scale};
  geometry.offset_x = input.width / 2.0 - geometry.scale_x * (box.x + box.width / 2);
  geometry.offset_y = input.height / 2.0 - geometry.scale_y * (box.y + box.height / 2);
  return geometry;
}

}  // namespace

Result<PoseDecoding> read_pose_decoding(const infer::Bundle& bundle) {
  const auto refuse = [&](std::string_view what) {
    return fail(ErrorCode::kCorrupt, "{}/bundle.json: decoding: {}", bundle.folder, what);
  };
  if (bundle.keypoints.empty() || bundle.keypoints.size() > kMaxKeypoints)
    return refuse(fmt::format("the bundle has {} keypoints, want 1 to {} for a pose network",
                              bundle.keypoints.size(), kMaxKeypoints));
  PoseDecoding decoding{.keypoints = static_cast<int>(bundle.keypoints.size())};
  try {
    if (const auto wrong = read_kind(bundle.decoding, decoding); !wrong.empty())
      return refuse(wrong);
  } catch (const Json::exception& error) {
    return refuse(error.what());
  }
  return decoding;
}

std::vector<int64_t> pose_output_sizes(const PoseDecoding& decoding, int width, int height) {
  const int64_t count = decoding.keypoints;
  if (decoding.kind == PoseDecoding::Kind::kPoints) {
    const int64_t values = int64_t{decoding.rows} * decoding.columns;
    return decoding.presence ? std::vector<int64_t>{values, 1} : std::vector<int64_t>{values};
  }
  if (decoding.kind == PoseDecoding::Kind::kHeatmap)
    return {count * heatmap_cells(width, decoding.stride) * heatmap_cells(height, decoding.stride)};
  return {count * width * decoding.split, count * height * decoding.split};
}

std::vector<Keypoint> decode_pose(const PoseDecoding& decoding, int width, int height,
                                  std::span<const std::span<const float>> outputs) {
  if (decoding.kind == PoseDecoding::Kind::kPoints) {
    const auto presence = decoding.presence ? outputs[1] : std::span<const float>();
    return decode_points(decoding, width, height, outputs[0], presence);
  }
  if (decoding.kind == PoseDecoding::Kind::kHeatmap)
    return decode_heatmap(decoding, width, height, outputs[0]);
  return decode_simcc(decoding, width, height, outputs[0], outputs[1]);
}

std::vector<std::pair<size_t, size_t>> limbs(std::span<const std::string> names) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kLimbs = {
      {{"left_shoulder", "right_shoulder"},
       {"left_hip", "right_hip"},
       {"left_shoulder", "left_hip"},
       {"right_shoulder", "right_hip"},
       {"left_shoulder", "left_elbow"},
       {"left_elbow", "left_wrist"},
       {"right_shoulder", "right_elbow"},
       {"right_elbow", "right_wrist"},
       {"left_hip", "left_knee"},
       {"left_knee", "left_ankle"},
       {"right_hip", "right_knee"},
       {"right_knee", "right_ankle"},
       {"nose", "left_eye"},
       {"nose", "right_eye"},
       {"left_eye", "left_ear"},
       {"right_eye", "right_ear"},
       {"left_ear", "left_shoulder"},
       {"right_ear", "right_shoulder"}}};
  std::vector<std::pair<size_t, size_t>> pairs;
  for (const auto& [from, to] : kLimbs) {
    const auto a = std::ranges::find(names, from), b = std::ranges::find(names, to);
    if (a != names.end() && b != names.end())
      pairs.emplace_back(a - names.begin(), b - names.begin());
  }
  return pairs;
}

Result<PoseEstimator> PoseEstimator::make(const infer::Bundle& bundle, int sessions) {
  const auto decoding = LIDO_TRY(read_pose_decoding(bundle));
  auto network = LIDO_TRY(infer::load(bundle, sessions));
  LIDO_TRY(infer::check_outputs(
      bundle, network, pose_output_sizes(decoding, bundle.input.width, bundle.input.height)));
  return PoseEstimator(bundle, decoding, std::move(network));
}

Result<PoseSession> PoseEstimator::open_session() const {
  PoseSession session(*this, LIDO_TRY(network_.make_runner()));
  if (hands_) session.hands_ = std::make_shared<HandSession>(LIDO_TRY(hands_->open_session()));
  return session;
}

PoseSession::PoseSession(const PoseEstimator& estimator, infer::Runner runner)
    : estimator_(&estimator), runner_(std::move(runner)), input_(estimator.bundle().input) {}

Result<void> PoseSession::push(const media::Frame& frame, const Box& box, size_t number,
                               const Emit& emit) {
  const auto& input = estimator_->bundle().input;
  const auto geometry =
      person_geometry(box, media::upright_aspect(frame), estimator_->decoding_.margin, input);
  input_.fill(frame, geometry,
              runner_.input().subspan(batch_.size() * input_.size(), input_.size()));
  batch_.push_back({number, box, geometry, frame});
  return std::ssize(batch_) == input.batch ? run(emit) : Result<void>();
}

Result<void> PoseSession::flush(const Emit& emit) {
  if (batch_.empty()) return {};
  std::ranges::fill(runner_.input().subspan(batch_.size() * input_.size()), 0.0F);
  return run(emit);
}

Result<void> PoseSession::run(const Emit& emit) {
  LIDO_TRY(runner_.run());
  const auto& input = estimator_->bundle().input;
  const auto batch = std::exchange(batch_, {});
  for (size_t i = 0; i < batch.size(); ++i) {
    std::vector<std::span<const float>> outputs;
    for (size_t output = 0; output < estimator_->network_.outputs().size(); ++output) {
      const auto values = runner_.output(output);
      const size_t size = values.size() / static_cast<size_t>(input.batch);
      outputs.push_back(values.subspan(i * size, size));
    }
    Pose pose{.box = batch[i].box,
              .keypoints = decode_pose(estimator_->decoding_, input.width, input.height, outputs)};
    const media::Geometry& geometry = batch[i].geometry;
    for (Keypoint& point : pose.keypoints) {
      point.x = static_cast<float>((point.x - geometry.offset_x) / geometry.scale_x);
      point.y = static_cast<float>((point.y - geometry.offset_y) / geometry.scale_y);
    }
    if (hands_) LIDO_TRY(hands_->add_hands(batch[i].frame, estimator_->bundle().keypoints, pose));
    emit(batch[i].number, std::move(pose));
  }
  return {};
}

}  // namespace lido::scene
