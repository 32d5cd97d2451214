// SPDX-License-Identifier: Apache-2.0
#include "lido/part/span_task.h"

#include <nlohmann/json.hpp>

#include "lido/base/json_text.h"

namespace lido::part {
namespace {

using OrderedJson = nlohmann::ordered_json;

/// A value, or null when it is empty.
template <typename T>
OrderedJson or_null(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson();
}

OrderedJson clip_json(const ClipInput& clip) {
  return {{"uri", clip.uri},
          {"bytes", clip.bytes},
          {"group", clip.group},
          {"site", clip.site},
          {"camera", clip.camera},
          {"start_utc", clip.start_utc ? OrderedJson(clip.start_utc->us) : OrderedJson()},
          {"fingerprint", clip.fingerprint},
          {"modified_ns", clip.modified_ns}};
}

ClipInput clip_from(const OrderedJson& json) {
  ClipInput clip{.uri = json.at("uri"),
                 .bytes = json.at("bytes"),
                 .group = json.at("group"),
                 .site = json.at("site"),
                 .camera = json.at("camera"),
                 .fingerprint = json.at("fingerprint"),
                 .modified_ns = json.at("modified_ns")};
  if (const OrderedJson& start = json.at("start_utc"); !start.is_null())
    clip.start_utc = dataset::UtcTime{start.get<int64_t>()};
  return clip;
}

OrderedJson info_json(const media::ClipInfo& info) {
  return {{"container", info.container},
          {"codec", info.codec},
          {"width", info.width},
          {"height", info.height},
          {"time_base", {info.time_base.num, info.time_base.den}},
          {"duration_s", info.duration_s},
          {"source_fps", info.source_fps},
          {"other_video", info.other_video}};
}

media::ClipInfo info_from(const OrderedJson& json) {
  return {.container = json.at("container"),
          .codec = json.at("codec"),
          .width = json.at("width"),
          .height = json.at("height"),
          .time_base = {json.at("time_base").at(0), json.at("time_base").at(1)},
          .duration_s = json.at("duration_s"),
          .source_fps = json.at("source_fps"),
          .other_video = json.at("other_video")};
}

OrderedJson span_json(const Span& span) {
  return {{"from", span.from ? OrderedJson{span.from->pts, span.from->dts, span.from->position}
                             : OrderedJson()},
          {"start_pts", or_null(span.start_pts)},
          {"first_k", span.first_k},
          {"end_k", span.end_k}};
}

Span span_from(const OrderedJson& json) {
  Span span{.first_k = json.at("first_k"), .end_k = json.at("end_k")};
  if (const OrderedJson& from = json.at("from"); !from.is_null())
    span.from = media::RandomAccess{from.at(0), from.at(1), from.at(2)};
  if (const OrderedJson& start = json.at("start_pts"); !start.is_null())
    span.start_pts = start.get<int64_t>();
  return span;
}

}  // namespace

std::string to_text(const SpanTask& task) {
  return json_text(OrderedJson{{"part", task.part},
                               {"clip", clip_json(task.clip)},
                               {"info", info_json(task.info)},
                               {"span", span_json(task.span)},
                               {"labels", task.labels}});
}

Result<SpanTask> parse_span_task(std::string_view text) {
  const OrderedJson json = OrderedJson::parse(text, nullptr, false);
  if (!json.is_object()) return fail(ErrorCode::kInvalidArgument, "span task: not a JSON object");
  try {
    SpanTask task{.part = json.at("part"),
                  .clip = clip_from(json.at("clip")),
                  .info = info_from(json.at("info")),
                  .span = span_from(json.at("span")),
                  .labels = json.at("labels")};
    if (!task.part.starts_with(fmt::format("{}/", kPartsFolder)) || task.part.contains("..")) {
      return fail(ErrorCode::kInvalidArgument, "span task: part is \"{}\", want a file in {}",
                  task.part, kPartsFolder);
    }
    return task;
  } catch (const OrderedJson::exception& error) {
    return fail(ErrorCode::kInvalidArgument, "span task: {}", error.what());
  }
}

}  // namespace lido::part
