// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/request.h"

#include "lido/base/json_text.h"

namespace lido::ingest {
namespace {

using OrderedJson = nlohmann::ordered_json;

/// Calls visit(name, value) for each number of a summary.
void visit_summary(auto& summary, auto&& visit) {
  visit("generation", summary.generation);
  visit("clips", summary.clips);
  visit("known", summary.known);
  visit("ignored_files", summary.ignored);
  visit("unreadable_inputs", summary.unreadable_inputs);
  visit("system_files", summary.system_files);
  visit("repeated_inputs", summary.repeated_inputs);
  visit("copies", summary.copies);
  visit("changed", summary.changed);
  visit("forgotten", summary.forgotten);
  visit("rejected", summary.rejected);
  visit("broken", summary.broken);
  visit("samples", summary.samples);
  visit("frames", summary.frames);
  visit("left_over", summary.left_over);
  visit("unused_frames", summary.unused_frames);
  visit("shards", summary.shards);
  visit("shard_bytes", summary.shard_bytes);
  visit("source_bytes", summary.source_bytes);
  visit("source_hours", summary.source_hours);
  visit("skipped_hours", summary.skipped_hours);
  visit("gap_hours", summary.gap_hours);
  visit("spans", summary.spans);
  visit("spans_resumed", summary.spans_resumed);
  visit("labels_read", summary.labels_read);
  visit("labels_unmatched", summary.labels_unmatched);
  visit("labels_on_no_sample", summary.labels_on_no_sample);
  visit("labels_beyond_end", summary.labels_beyond_end);
}

}  // namespace

std::string to_text(const Request& request) {
  return json_text(OrderedJson{{"inputs", request.inputs},
                               {"out", request.out},
                               {"labels", request.labels},
                               {"label_boxes", request.label_boxes},
                               {"classes", request.classes},
                               {"sampling", to_json(request.sampling)},
                               {"job", to_json(request.job)}});
}

Result<Request> parse_request(const std::string& text) {
  const OrderedJson json = OrderedJson::parse(text, nullptr, false);
  if (!json.is_object()) return fail(ErrorCode::kInvalidArgument, "request: not a JSON object");
  try {
    Request request;
    json.at("inputs").get_to(request.inputs);
    json.at("out").get_to(request.out);
    request.labels = json.value("labels", std::string());
    request.label_boxes = json.value("label_boxes", std::string());
    request.classes = json.value("classes", std::string());
    request.sampling = LIDO_TRY(from_json<part::SampleOptions>(json.at("sampling")));
    request.job = LIDO_TRY(from_json<JobOptions>(json.at("job")));
    return request;
  } catch (const OrderedJson::exception& error) {
    return fail(ErrorCode::kInvalidArgument, "request: {}", error.what());
  }
}

OrderedJson summary_json(const Summary& summary) {
  OrderedJson json;
  visit_summary(summary, [&](const char* name, const auto& value) { json[name] = value; });
  json["labels_lost"] = summary.labels_lost;
  json["label_seconds"] = dataset::coverage_json(summary.coverage);
  json["copied_clips"] = OrderedJson::array();
  for (const auto& [copy, clip] : summary.copy_of)
    json["copied_clips"].push_back({{"clip", copy}, {"copy_of", clip}});
  json["changed_clips"] = summary.changed_clips;
  json["warnings"] = summary.warnings;
  json["faults"] = OrderedJson::array();
  for (const ClipFault& fault : summary.faults) {
    json["faults"].push_back({{"clip", fault.clip},
                              {"time_s", fault.time_s},
                              {"reason", fault.reason},
                              {"rejected", fault.rejected},
                              {"retried", fault.retried}});
  }
  return json;
}

Summary parse_summary(const OrderedJson& json) {
  Summary summary;
  visit_summary(summary, [&](const char* name, auto& value) {
    const auto found = json.find(name);
    if (found != json.end() && found->is_number()) found->get_to(value);
  });
  summary.labels_lost = json.value("labels_lost", OrderedJson::array());
  summary.coverage = dataset::parse_coverage(json.value("label_seconds", OrderedJson::array()));
  const OrderedJson copies = json.value("copied_clips", OrderedJson::array());
  for (const OrderedJson& one : copies) {
    if (one.is_object())
      summary.copy_of.emplace_back(one.value("clip", ""), one.value("copy_of", ""));
  }
  const OrderedJson changed = json.value("changed_clips", OrderedJson::array());
  for (const OrderedJson& name : changed) {
    if (name.is_string()) summary.changed_clips.push_back(name);
  }
  const OrderedJson lines = json.value("warnings", OrderedJson::array());
  for (const OrderedJson& line : lines) {
    if (line.is_string()) summary.warnings.push_back(line);
  }
  const OrderedJson faults = json.value("faults", OrderedJson::array());
  for (const OrderedJson& fault : faults) {
    if (!fault.is_object()) continue;
    summary.faults.push_back({.clip = fault.value("clip", std::string()),
                              .time_s = fault.value("time_s", 0.0),
                              .reason = fault.value("reason", std::string()),
                              .rejected = fault.value("rejected", false),
                              .retried = fault.value("retried", false)});
  }
  return summary;
}

}  // namespace lido::ingest
