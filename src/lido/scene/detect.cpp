// SPDX-License-Identifier: Apache-2.0
#include "lido/scene/detect.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <ranges>
#include <utility>

#include "lido/base/json_integer.h"

namespace lido::scene {
namespace {

/// Cells of a stride's grid along a side.
int cells(int pixels, int stride) { return (pixels + stride - 1) / stride; }

int64_t grid_cells(const Decoding& decoding, int width, int height) {
  int64_t sum = 0;
  for (const int stride : decoding.strides)
    sum += int64_t{cells(width, stride)} * cells(height, stride);
  return sum;
}

struct BestClass {
  float score = 0;
  int32_t class_id = 0;
};

BestClass best_of(std::span<const float> scores) {
  const auto best = std::ranges::max_element(scores);
  return {*best, static_cast<int32_t>(best - scores.begin())};
}

/// Mean of a distribution that is given by its logits.
float mean_distance(std::span<const float> logits) {
  const float highest = *std::ranges::max_element(logits);
  float sum = 0, weighted = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    const float weight = std::exp(logits[i] - highest);
    sum += weight;
    weighted += weight * static_cast<float>(i);
  }
  return weighted / sum;
}

/// Calls visit(cell, column, row) for every cell of a stride's grid.
template <typename Visit>
void for_each_cell(int width, int height, int stride, Visit visit) {
  size_t cell = 0;
  for (int row = 0; row < cells(height, stride); ++row) {
    for (int column = 0; column < cells(width, stride); ++column) visit(cell++, column, row);
  }
}

std::vector<RawBox> decode_nanodet(const Decoding& decoding, int width, int height,
                                   std::span<const std::span<const float>> outputs,
                                   float min_score) {
  std::vector<RawBox> boxes;
  const auto classes = static_cast<size_t>(decoding.classes);
  const auto bins = static_cast<size_t>(decoding.bins);
  const size_t levels = decoding.strides.size();
  for (size_t level = 0; level < levels; ++level) {
    const auto stride = static_cast<float>(decoding.strides[level]);
    for_each_cell(width, height, decoding.strides[level], [&](size_t cell, int column, int row) {
      const BestClass best = best_of(outputs[level].subspan(cell * classes, classes));
      if (!(best.score >= min_score)) return;
      const auto sides = outputs[levels + level].subspan(cell * 4 * bins, 4 * bins);
      const auto distance = [&](size_t side) {
        return mean_distance(sides.subspan(side * bins, bins)) * stride;
      };
      const float x = (static_cast<float>(column) + 0.5F) * stride;
      const float y = (static_cast<float>(row) + 0.5F) * stride;
      boxes.push_back({x - distance(0), y - distance(1), x + distance(2), y + distance(3),
                       best.score, best.class_id});
    });
  }
  return boxes;
}

std::vector<RawBox> decode_yolox(const Decoding& decoding, int width, int height,
                                 std::span<const std::span<const float>> outputs, float min_score) {
  constexpr float kMaxExponent = 12;  // e^12 strides are wider than any frame
  std::vector<RawBox> boxes;
  const size_t values = 5 + static_cast<size_t>(decoding.classes);
  size_t before = 0;
  for (const int stride_px : decoding.strides) {
    const auto stride = static_cast<float>(stride_px);
    for_each_cell(width, height, stride_px, [&](size_t cell, int column, int row) {
      const auto at = outputs[0].subspan((before + cell) * values, values);
      BestClass best = best_of(at.subspan(5));
      best.score *= at[4];
      if (!(best.score >= min_score)) return;
      const float x = (at[0] + static_cast<float>(column)) * stride;
      const float y = (at[1] + static_cast<float>(row)) * stride;
      const float half_width = std::exp(std::min(at[2], kMaxExponent)) * stride / 2;
      const float half_height = std::exp(std::min(at[3], kMaxExponent)) * stride / 2;
      boxes.push_back({x - half_width, y - half_height, x + half_width, y + half_height, best.score,
                       best.class_id});
    });
    before += static_cast<size_t>(cells(width, stride_px)) *
              static_cast<size_t>(cells(height, stride_px));
  }
  return boxes;
}

constexpr std::array<std::pair<std::string_view, Decoding::Kind>, 2> kKinds = {
    {{"nanodet", Decoding::Kind::kNanodet}, {"yolox", Decoding::Kind::kYolox}}};

/// Geometry that scales a region to fit the network's input, centred.
media::Geometry letterbox(const Box& region, double aspect, const infer::ImageInput& input) {
  const double scale =
      std::min(input.width / (region.width * aspect), input.height / region.height);
  const double width = std::max(1.0, std::round(region.width * aspect * scale));
  const double height = std::max(1.0, std::round(region.height * scale));
  media::Geometry geometry{input.width, input.height, width / region.width, height / region.height};
  geometry.offset_x = std::floor((input.width - width) / 2) - geometry.scale_x * region.x;
  geometry.offset_y = std::floor((input.height - height) / 2) - geometry.scale_y * region.y;
  return geometry;
}

}  // namespace

DetectorOptions with_scores(DetectorOptions options, const infer::DetectorScores& scores) {
  if (options.min_score == 0) options.min_score = scores.min_score;
  if (options.low_score == 0) options.low_score = std::min(scores.low_score, options.min_score);
  return options;
}

Result<Decoding> read_decoding(const infer::Bundle& bundle) {
  const auto refuse = [&](std::string_view what) {
    return fail(ErrorCode::kCorrupt, "{}/bundle.json: decoding: {}", bundle.folder, what);
  };
  Decoding decoding;
  try {
    const std::string kind = bundle.decoding.at("kind");
    const auto found = std::ranges::find(kKinds, kind, [](const auto& one) { return one.first; });
    if (found == kKinds.end())
      return refuse(fmt::format("kind is \"{}\", want {}", kind,
                                fmt::join(kKinds | std::views::keys, " or ")));
    decoding.kind = found->second;
    const auto strides = json_integers<int>(bundle.decoding.at("strides"));
    if (!strides) return refuse("strides are out of range, want 1 to 16 numbers from 1 to 1024");
    decoding.strides = *strides;
    if (decoding.kind == Decoding::Kind::kNanodet)
      decoding.bins = json_integer<int>(bundle.decoding.at("bins")).value_or(0);
  } catch (const nlohmann::json::exception& error) {
    return refuse(error.what());
  }
  const auto bad = [](int stride) { return stride < 1 || stride > 1024; };
  if (decoding.strides.empty() || decoding.strides.size() > 16 ||
      std::ranges::any_of(decoding.strides, bad))
    return refuse("strides are out of range, want 1 to 16 numbers from 1 to 1024");
  if (bundle.classes.empty()) return refuse("the bundle has no classes, want 1 or more");
  decoding.classes = static_cast<int>(bundle.classes.size());
  const bool nanodet = decoding.kind == Decoding::Kind::kNanodet;
  if (nanodet && (decoding.bins < 2 || decoding.bins > 64))
    return refuse(fmt::format("bins is {}, want 2 to 64", decoding.bins));
  return decoding;
}

std::vector<int64_t> output_sizes(const Decoding& decoding, int width, int height) {
  std::vector<int64_t> sizes;
  switch (decoding.kind) {
    case Decoding::Kind::kYolox:
      return {grid_cells(decoding, width, height) * (5 + decoding.classes)};
    case Decoding::Kind::kNanodet:
      for (const int values : {decoding.classes, 4 * decoding.bins}) {
        for (const int stride : decoding.strides)
          sizes.push_back(int64_t{cells(width, stride)} * cells(height, stride) * values);
      }
  }
  return sizes;
}

std::vector<RawBox> decode(const Decoding& decoding, int width, int height,
                           std::span<const std::span<const float>> outputs, float min_score) {
  std::vector<RawBox> boxes;
  switch (decoding.kind) {
    case Decoding::Kind::kNanodet:
      boxes = decode_nanodet(decoding, width, height, outputs, min_score);
      break;
    case Decoding::Kind::kYolox:
      boxes = decode_yolox(decoding, width, height, outputs, min_score);
  }
  if (boxes.size() > kMaxBoxes) {
    std::ranges::stable_sort(boxes, std::greater(), &RawBox::score);
    boxes.resize(kMaxBoxes);
  }
  return boxes;
}

std::vector<Detection> non_max_suppression(std::vector<Detection> found, double nms_iou) {
  std::ranges::stable_sort(found, std::greater(), &Detection::score);
  std::vector<Detection> kept;
  for (const Detection& one : found) {
    const bool weaker = std::ranges::any_of(kept, [&](const Detection& stronger) {
      return stronger.class_id == one.class_id && iou(stronger.box, one.box) > nms_iou;
    });
    if (!weaker) kept.push_back(one);
  }
  return kept;
}

namespace {

/// A detection with the index of its pass.
struct PassBox {
  Detection detection;
  size_t pass = 0;
};

/// Whether one of two boxes of a class is inside the other.
bool is_nested(const Detection& a, const Detection& b) {
  constexpr double kMinContained = 0.8;  // share of the smaller box's area
  return a.class_id == b.class_id &&
         intersection(a.box, b.box) > kMinContained * std::min(a.box.area(), b.box.area());
}

/// Whether a pass found an object that is the detection by IoU.
bool found_in(const std::vector<Detection>& pass, const Detection& one, double nms_iou) {
  return std::ranges::any_of(pass, [&](const Detection& other) {
    return other.class_id == one.class_id && iou(other.box, one.box) > nms_iou;
  });
}

/// Whether either box's pass found both boxes.
bool are_separate(const std::vector<std::vector<Detection>>& by_pass, const PassBox& a,
                  const PassBox& b, double nms_iou) {
  return a.pass == b.pass || found_in(by_pass[a.pass], b.detection, nms_iou) ||
         found_in(by_pass[b.pass], a.detection, nms_iou);
}

/// Whether a box holds two objects that other passes found and the box's own pass did not. Depends
/// on no order of the boxes.
bool holds_two(const std::vector<std::vector<Detection>>& by_pass, const std::vector<PassBox>& all,
               const PassBox& large, double nms_iou) {
  // A much fainter box is a part of the object, such as the legs.
  constexpr float kMinScoreShare = 0.5F;
  std::vector<const PassBox*> held;
  for (const PassBox& small : all) {
    if (small.detection.box.area() >= large.detection.box.area() ||
        small.detection.score < kMinScoreShare * large.detection.score ||
        !is_nested(small.detection, large.detection) ||
        are_separate(by_pass, small, large, nms_iou))
      continue;
    const bool second = std::ranges::any_of(held, [&](const PassBox* first) {
      return first->pass == small.pass ||
             (iou(first->detection.box, small.detection.box) <= nms_iou &&
              !is_nested(first->detection, small.detection));
    });
    if (second) return true;
    held.push_back(&small);
  }
  return false;
}

}  // namespace

std::vector<Detection> merge_passes(std::vector<std::vector<Detection>> by_pass, double nms_iou) {
  std::vector<PassBox> found_boxes, all, kept;
  for (size_t pass = 0; pass < by_pass.size(); ++pass) {
    by_pass[pass] = non_max_suppression(std::move(by_pass[pass]), nms_iou);
    for (const Detection& one : by_pass[pass]) found_boxes.push_back({one, pass});
  }
  // Boxes of two people whom a pass saw as one are dropped.
  std::ranges::copy_if(found_boxes, std::back_inserter(all), [&](const PassBox& one) {
    return !holds_two(by_pass, found_boxes, one, nms_iou);
  });
  std::ranges::stable_sort(all, std::greater(), [](const PassBox& b) { return b.detection.score; });
  for (const PassBox& one : all) {
    const Detection& found = one.detection;
    std::vector<PassBox*> nested;
    bool is_double = false;
    for (PassBox& other : kept) {
      if (other.pass == one.pass || other.detection.class_id != found.class_id) continue;
      is_double = is_double || iou(other.detection.box, found.box) > nms_iou;
      if (is_nested(other.detection, found) && !are_separate(by_pass, one, other, nms_iou))
        nested.push_back(&other);
    }
    if (is_double) continue;
    if (nested.empty()) {
      kept.push_back(one);
    } else if (nested.size() == 1 && nested[0]->detection.box.area() < found.box.area()) {
      nested[0]->detection.box = found.box;  // the score stays that of the surer one
      nested[0]->pass = one.pass;
    }
  }
  std::vector<Detection> merged;
  for (const PassBox& one : kept) merged.push_back(one.detection);
  return merged;
}

Detector::Detector(infer::Bundle bundle, Decoding decoding, infer::Network network,
                   const DetectorOptions& options)
    : bundle_(std::move(bundle)),
      decoding_(std::move(decoding)),
      network_(std::move(network)),
      options_(options) {
  for (const std::string& name : bundle_.classes)
    is_person_.push_back(std::ranges::find(bundle_.person_classes, name) !=
                         bundle_.person_classes.end());
}

Result<Detector> Detector::make(const infer::Bundle& bundle, const DetectorOptions& options,
                                int sessions) {
  LIDO_TRY(validate(options));
  const DetectorOptions resolved = with_scores(options, bundle.scores);
  if (resolved.low_score > resolved.min_score) {
    return fail(ErrorCode::kInvalidArgument, "low_score is {}, want at most min_score, which is {}",
                resolved.low_score, resolved.min_score);
  }
  auto decoding = LIDO_TRY(read_decoding(bundle));
  auto network = LIDO_TRY(infer::load(bundle, sessions));
  LIDO_TRY(infer::check_outputs(bundle, network,
                                output_sizes(decoding, bundle.input.width, bundle.input.height)));
  return Detector(bundle, std::move(decoding), std::move(network), resolved);
}

Result<DetectorSession> Detector::open_session() const {
  return DetectorSession(*this, LIDO_TRY(network_.make_runner()));
}

DetectorSession::DetectorSession(const Detector& detector, infer::Runner runner)
    : detector_(&detector), runner_(std::move(runner)), input_(detector.bundle().input) {}

std::vector<DetectorSession::NetworkPass> DetectorSession::passes_over(
    const media::Frame& frame) const {
  constexpr double kTileOverlap = 0.25;  // share of a tile's side
  const auto& input = detector_->bundle().input;
  const auto size = media::upright_size(frame);
  const double aspect = media::upright_aspect(frame);
  std::vector<NetworkPass> passes;
  const auto add = [&](const Box& region) {
    passes.push_back({letterbox(region, aspect, input), size, region});
  };
  add({0, 0, static_cast<double>(size.width), static_cast<double>(size.height)});
  const int tiles = detector_->options().tiles;
  if (tiles > 1) {
    const double width = size.width / (tiles - (tiles - 1) * kTileOverlap);
    const double height = size.height / (tiles - (tiles - 1) * kTileOverlap);
    for (int row = 0; row < tiles; ++row) {
      for (int column = 0; column < tiles; ++column)
        add({column * width * (1 - kTileOverlap), row * height * (1 - kTileOverlap), width,
             height});
    }
  }
  passes.back().last = true;
  return passes;
}

namespace {

/// A box by its edges, upright source pixels.
struct Edges {
  double left, top, right, bottom;
};

Edges to_source(const RawBox& box, const media::Geometry& geometry) {
  return {(box.left - geometry.offset_x) / geometry.scale_x,
          (box.top - geometry.offset_y) / geometry.scale_y,
          (box.right - geometry.offset_x) / geometry.scale_x,
          (box.bottom - geometry.offset_y) / geometry.scale_y};
}

/// Whether an edge of a pass's region cuts a box off inside the frame. A box ends a little before
/// the edge, by a share of its own size, because networks place edges no better. The object is seen
/// whole in a neighbouring tile if the overlap holds the object, else in the pass over the frame.
bool is_cut_off(const Edges& box, const Box& region, const media::Geometry& geometry,
                const media::UprightSize& frame_size) {
  constexpr double kMarginPx = 2;  // network pixels
  constexpr double kMargin = 0.1;  // share of the box's side
  const double x = std::max(kMarginPx / geometry.scale_x, kMargin * (box.right - box.left));
  const double y = std::max(kMarginPx / geometry.scale_y, kMargin * (box.bottom - box.top));
  return (region.x > 0 && box.left < region.x + x) || (region.y > 0 && box.top < region.y + y) ||
         (region.right() < frame_size.width - 1 && box.right > region.right() - x) ||
         (region.bottom() < frame_size.height - 1 && box.bottom > region.bottom() - y);
}

Box clipped(const Edges& box, const media::UprightSize& size) {
  const auto inside_x = [&](double x) { return std::clamp(x, 0.0, double(size.width)); };
  const auto inside_y = [&](double y) { return std::clamp(y, 0.0, double(size.height)); };
  return {inside_x(box.left), inside_y(box.top), inside_x(box.right) - inside_x(box.left),
          inside_y(box.bottom) - inside_y(box.top)};
}

}  // namespace

/// Converts boxes to upright source pixels and collects them.
void DetectorSession::read_outputs(const NetworkPass& pass,
                                   std::span<const std::span<const float>> outputs) {
  const auto& input = detector_->bundle().input;
  found_.emplace_back();
  const auto boxes = decode(detector_->decoding_, input.width, input.height, outputs,
                            static_cast<float>(detector_->options().low_score));
  for (const RawBox& raw : boxes) {
    const Edges box = to_source(raw, pass.geometry);
    if (is_cut_off(box, pass.region, pass.geometry, pass.frame_size)) continue;
    const Detection one{clipped(box, pass.frame_size), raw.score, raw.class_id};
    if (one.box.width > 0 && one.box.height > 0) found_.back().push_back(one);
  }
}

Result<void> DetectorSession::push(const media::Frame& frame, const Emit& emit) {
  const auto batch = static_cast<size_t>(detector_->bundle().input.batch);
  for (const NetworkPass& pass : passes_over(frame)) {
    input_.fill(frame, pass.geometry,
                runner_.input().subspan(batch_.size() * input_.size(), input_.size()));
    batch_.push_back(pass);
    if (batch_.size() == batch) LIDO_TRY(run(emit));
  }
  return {};
}

Result<void> DetectorSession::flush(const Emit& emit) {
  return batch_.empty() ? Result<void>() : run(emit);
}

Result<void> DetectorSession::run(const Emit& emit) {
  LIDO_TRY(runner_.run());
  const auto passes = std::exchange(batch_, {});
  for (size_t i = 0; i < passes.size(); ++i) {
    std::vector<std::span<const float>> outputs;
    for (size_t output = 0; output < detector_->network_.outputs().size(); ++output) {
      const auto values = runner_.output(output);
      const size_t size = values.size() / static_cast<size_t>(detector_->bundle().input.batch);
      outputs.push_back(values.subspan(i * size, size));
    }
    read_outputs(passes[i], outputs);
    if (!passes[i].last) continue;
    LIDO_TRY(emit(merge_passes(std::exchange(found_, {}), detector_->options().nms_iou)));
  }
  return {};
}

}  // namespace lido::scene
