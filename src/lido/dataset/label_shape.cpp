// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/label_shape.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "lido/base/json_text.h"

namespace lido::dataset {

int64_t closest_tick(double start_s, double end_s, double fps) {
  constexpr double kFarthest = 1e15;
  return std::llround(std::clamp((start_s + end_s) / 2 * fps, 0.0, kFarthest));
}

std::vector<Run> joined(std::vector<Run> runs) {
  std::ranges::sort(runs, {}, &Run::begin);
  std::vector<Run> all;
  for (const Run& run : runs) {
    if (run.begin >= run.end) continue;
    if (!all.empty() && run.begin <= all.back().end)
      all.back().end = std::max(all.back().end, run.end);
    else
      all.push_back(run);
  }
  return all;
}

LabelShape clip_to(const LabelShape& shape, int64_t first_k, int64_t end_k) {
  LabelShape part;
  for (const LabelledPerson& person : shape.people) {
    const auto begin = std::ranges::lower_bound(person.boxes, first_k, {}, &LabelledBox::k);
    const auto end = std::ranges::lower_bound(person.boxes, end_k, {}, &LabelledBox::k);
    if (begin < end) part.people.push_back({person.name, person.number, {begin, end}});
  }
  for (const Run& run : shape.frames) {
    const Run inside{std::max(run.begin, first_k), std::min(run.end, end_k)};
    if (inside.begin < inside.end) part.frames.push_back(inside);
  }
  return part;
}

std::string to_text(const LabelShape& shape) {
  if (shape.empty()) return {};
  nlohmann::ordered_json people = nlohmann::ordered_json::array();
  for (const LabelledPerson& person : shape.people) {
    nlohmann::ordered_json boxes = nlohmann::ordered_json::array();
    for (const LabelledBox& one : person.boxes)
      boxes.push_back({one.k, one.box.x, one.box.y, one.box.width, one.box.height, one.seen});
    people.push_back({person.name, person.number, std::move(boxes)});
  }
  nlohmann::ordered_json frames = nlohmann::ordered_json::array();
  for (const Run& run : shape.frames) frames.push_back({run.begin, run.end});
  return json_text(nlohmann::ordered_json{{"people", people}, {"frames", frames}});
}

Result<LabelShape> parse_label_shape(std::string_view text) {
  LabelShape shape;
  if (text.empty()) return shape;
  const auto json = nlohmann::ordered_json::parse(text, nullptr, false);
  try {
    for (const auto& person : json.at("people")) {
      LabelledPerson one{.name = person.at(0), .number = person.at(1), .boxes = {}};
      for (const auto& box : person.at(2)) {
        one.boxes.push_back(
            {box.at(0), {box.at(1), box.at(2), box.at(3), box.at(4)}, box.at(5).get<bool>()});
      }
      shape.people.push_back(std::move(one));
    }
    for (const auto& run : json.at("frames")) shape.frames.push_back({run.at(0), run.at(1)});
    return shape;
  } catch (const nlohmann::ordered_json::exception& error) {
    return fail(ErrorCode::kInvalidArgument, "labels of a span: {}", error.what());
  }
}

}  // namespace lido::dataset
