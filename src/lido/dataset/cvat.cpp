// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/cvat.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <pugixml.hpp>
#include <set>
#include <utility>

#include "lido/base/counted.h"
#include "lido/base/utf8.h"
#include "lido/dataset/csv.h"

namespace lido::dataset {
namespace {

/// The smallest rectangle around points. Without a point, its width is negative.
class Bounds {
 public:
  void add(double x, double y) {
    left_ = std::min(left_, x), right_ = std::max(right_, x);
    top_ = std::min(top_, y), bottom_ = std::max(bottom_, y);
  }
  void add(const Box& box) {
    add(box.x, box.y);
    add(box.x + box.width, box.y + box.height);
  }
  Box box() const { return {left_, top_, right_ - left_, bottom_ - top_}; }
  bool empty() const { return right_ < left_; }

 private:
  double left_ = std::numeric_limits<double>::infinity(), right_ = -left_;
  double top_ = std::numeric_limits<double>::infinity(), bottom_ = -top_;
};

Result<double> number_of(const pugi::xml_node& node, const char* name) {
  const auto value = parse_number(node.attribute(name).value());
  if (!value) return with_context(fmt::format("the {}'s {}", node.name(), name), value.error());
  return *value;
}

template <size_t N>
Result<std::array<double, N>> numbers_of(const pugi::xml_node& node,
                                         const std::array<const char*, N>& names) {
  std::array<double, N> values{};
  for (size_t i = 0; i < N; ++i) values[i] = LIDO_TRY(number_of(node, names[i]));
  return values;
}

/// Returns the rotation of a shape, radians; 0 if it has none.
Result<double> rotation_of(const pugi::xml_node& node) {
  if (!node.attribute("rotation")) return 0.0;
  return LIDO_TRY(number_of(node, "rotation")) * std::numbers::pi / 180;
}

Result<Box> bounds_of_box(const pugi::xml_node& node) {
  const auto [left, top, right, bottom] =
      LIDO_TRY(numbers_of<4>(node, {"xtl", "ytl", "xbr", "ybr"}));
  if (right <= left || bottom <= top)
    return fail(ErrorCode::kInvalidArgument, "the box is empty, want xtl < xbr and ytl < ybr");
  const double angle = LIDO_TRY(rotation_of(node));
  const double x = (left + right) / 2, y = (top + bottom) / 2;
  const double half_width = (right - left) / 2, half_height = (bottom - top) / 2;
  const double c = std::abs(std::cos(angle)), s = std::abs(std::sin(angle));
  const double rx = angle == 0 ? half_width : c * half_width + s * half_height;
  const double ry = angle == 0 ? half_height : s * half_width + c * half_height;
  return Box{x - rx, y - ry, 2 * rx, 2 * ry};
}

Result<Box> bounds_of_ellipse(const pugi::xml_node& node) {
  const auto [x, y, rx, ry] = LIDO_TRY(numbers_of<4>(node, {"cx", "cy", "rx", "ry"}));
  const double angle = LIDO_TRY(rotation_of(node));
  const double half_width = std::hypot(rx * std::cos(angle), ry * std::sin(angle));
  const double half_height = std::hypot(rx * std::sin(angle), ry * std::cos(angle));
  return Box{x - half_width, y - half_height, 2 * half_width, 2 * half_height};
}

/// Returns the bounds of "1,2;3,4".
Result<Box> bounds_of_points(const pugi::xml_node& node) {
  std::string_view rest = node.attribute("points").value();
  Bounds bounds;
  while (!rest.empty()) {
    const std::string_view point = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(point.size() + 1, rest.size()));
    const size_t comma = point.find(',');
    const auto x = parse_number(point.substr(0, comma));
    const auto y = parse_number(comma == std::string_view::npos ? "" : point.substr(comma + 1));
    if (!x || !y)
      return fail(ErrorCode::kInvalidArgument, "the {} has the point {}, want X,Y", node.name(),
                  in_quotes(point));
    bounds.add(*x, *y);
  }
  if (bounds.empty())
    return fail(ErrorCode::kInvalidArgument, "the {} has no points, want 1 or more", node.name());
  return bounds.box();
}

Result<Box> bounds_of_cuboid(const pugi::xml_node& node) {
  Bounds bounds;
  for (const char* corner : {"tl1", "bl1", "tr1", "br1", "tl2", "bl2", "tr2", "br2"}) {
    const double x = LIDO_TRY(number_of(node, fmt::format("x{}", corner).c_str()));
    bounds.add(x, LIDO_TRY(number_of(node, fmt::format("y{}", corner).c_str())));
  }
  return bounds.box();
}

Result<Box> bounds_of_mask(const pugi::xml_node& node) {
  const auto [left, top, width, height] =
      LIDO_TRY(numbers_of<4>(node, {"left", "top", "width", "height"}));
  return Box{left, top, width, height};
}

using ReadBounds = Result<Box> (*)(const pugi::xml_node&);

constexpr std::array<std::pair<std::string_view, ReadBounds>, 7> kShapes = {
    {{"box", bounds_of_box},
     {"polygon", bounds_of_points},
     {"polyline", bounds_of_points},
     {"points", bounds_of_points},
     {"ellipse", bounds_of_ellipse},
     {"cuboid", bounds_of_cuboid},
     {"mask", bounds_of_mask}}};

bool is_outside(const pugi::xml_node& node) { return node.attribute("outside").as_int() != 0; }

/// Returns the bounds of a shape; no value for a skeleton without a visible element.
Result<std::optional<Box>> bounds_of(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  if (name == "skeleton") {
    Bounds bounds;
    for (const pugi::xml_node element : node.children()) {
      if (std::string_view(element.name()) == "attribute" || is_outside(element)) continue;
      if (const auto box = LIDO_TRY(bounds_of(element))) bounds.add(*box);
    }
    return bounds.empty() ? std::nullopt : std::optional(bounds.box());
  }
  const auto shape = std::ranges::find(kShapes, name, [](const auto& pair) { return pair.first; });
  if (shape == kShapes.end())
    return fail(
        ErrorCode::kInvalidArgument,
        "<{}> is not a shape, want box, polygon, polyline, points, ellipse, cuboid, mask or "
        "skeleton",
        name);
  return LIDO_TRY(shape->second(node));
}

/// Reads the labels of one track after another.
class CvatReader {
 public:
  explicit CvatReader(std::string clip) : clip_(std::move(clip)) {}

  /// Appends a label for each stretch of a track in which the object is in the frame.
  Result<void> add_track(const pugi::xml_node& track) {
    Label label{.clip = clip_, .task = "behaviour"};
    label.label = class_name(track.attribute("label").value());
    label.track = track.attribute("id").value();
    label.in_frames = true;
    label.place = "track " + in_quotes(label.track);
    if (label.label.empty()) return fail(ErrorCode::kInvalidArgument, "the track has no label");
    if (!is_utf8(label.label) || !is_utf8(label.track))
      return fail(ErrorCode::kInvalidArgument, "the label or id is not UTF-8, want UTF-8");
    double last_frame = -1;
    for (const pugi::xml_node node : track.children()) {
      if (node.type() != pugi::node_element || is_attribute(node)) continue;
      const double frame = LIDO_TRY(frame_of(node, last_frame));
      for (const pugi::xml_node inner : node.children("attribute")) is_attribute(inner);
      last_frame = frame;
      const auto box = is_outside(node) ? std::nullopt : LIDO_TRY(bounds_at(node, frame));
      if (box)
        label.boxes.push_back({frame, *box});
      else
        append_until(frame, label);
    }
    append_until(last_frame + 1, label);
    return {};
  }

  LabelsFile finish() {
    if (file_.labels.empty()) file_.remarks.emplace_back("no labels, only the name of the clip");
    if (attributes_ > 0)
      file_.remarks.push_back(
          fmt::format("{} not read: {}",
                      counted(attributes_, "attribute of shapes is", "attributes of shapes are"),
                      fmt::join(attribute_names_, ", ")));
    return std::move(file_);
  }

 private:
  /// @param last_frame  Frame of the shape before; this one must be later.
  static Result<double> frame_of(const pugi::xml_node& node, double last_frame) {
    const double frame = LIDO_TRY(number_of(node, "frame"));
    if (frame != std::floor(frame) || frame <= last_frame)
      return fail(ErrorCode::kInvalidArgument,
                  "the {} at frame {} is out of order, want whole numbers that rise from 0",
                  node.name(), frame);
    return frame;
  }

  static Result<std::optional<Box>> bounds_at(const pugi::xml_node& node, double frame) {
    auto box = bounds_of(node);
    if (!box) return with_context(fmt::format("frame {}", frame), box.error());
    return box;
  }

  bool is_attribute(const pugi::xml_node& node) {
    if (std::string_view(node.name()) != "attribute") return false;
    constexpr size_t kMaxNames = 5;
    ++attributes_;
    if (attribute_names_.size() < kMaxNames)
      attribute_names_.insert(in_quotes(escape_bytes(node.attribute("name").value())));
    return true;
  }

  void append_until(double end, Label& label) {
    if (label.boxes.empty()) return;
    label.start_s = label.boxes.front().time_s;
    label.end_s = end;
    file_.labels.push_back(label);
    label.boxes.clear();
  }

  std::string clip_;
  LabelsFile file_;
  int64_t attributes_ = 0;
  std::set<std::string> attribute_names_;
};

/// Returns the name of the clip that a file is about.
Result<std::string> clip_of(const pugi::xml_node& root) {
  const pugi::xml_node meta = root.child("meta");
  if (meta.child("project"))
    return fail(ErrorCode::kInvalidArgument,
                "the export of a project, whose frame numbers run on over its clips, want that of "
                "one task. Export each task by itself.");
  for (const pugi::xml_node parent : {meta.child("task"), meta.child("job"), meta}) {
    std::string clip = parent.child_value("source");
    if (!clip.empty() && !is_utf8(clip))
      return fail(ErrorCode::kInvalidArgument, "the name of the source is not UTF-8, want UTF-8");
    if (!clip.empty()) return clip;
  }
  return fail(ErrorCode::kInvalidArgument,
              "no <annotations> with <meta><task><source>, want CVAT for video 1.1");
}

}  // namespace

Result<LabelsFile> parse_cvat(std::string_view bytes) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(bytes.data(), bytes.size());
  if (!parsed) {
    const auto end = bytes.begin() + std::min<std::ptrdiff_t>(parsed.offset, std::ssize(bytes));
    return fail(ErrorCode::kInvalidArgument, "line {}: broken XML: {}",
                std::count(bytes.begin(), end, '\n') + 1, parsed.description());
  }
  const pugi::xml_node root = document.child("annotations");
  if (root.child("image"))
    return fail(ErrorCode::kInvalidArgument,
                "CVAT for images, want CVAT for video 1.1. Choose that format when exporting.");
  CvatReader reader(LIDO_TRY(clip_of(root)));
  for (const pugi::xml_node node : root.children()) {
    const std::string_view name = node.name();
    if (node.type() != pugi::node_element || name == "version" || name == "meta") continue;
    if (name != "track")
      return fail(ErrorCode::kInvalidArgument, "<{}> is not read, want <track>",
                  escape_bytes(name.substr(0, 40)));
    if (const auto added = reader.add_track(node); !added)
      return with_context("track " + in_quotes(node.attribute("id").value()), added.error());
  }
  return reader.finish();
}

}  // namespace lido::dataset
