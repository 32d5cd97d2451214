// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/workload.h"

#include <algorithm>

#include "lido/base/yaml.h"

namespace lido::cluster {
namespace {

constexpr double kYear_h = 8760;
constexpr int64_t kMostSpans = 100'000'000;

Result<Work> read_work(const Yaml& node, const Values& values) {
  LIDO_TRY(node.check_keys({"name", "cluster", "group", "jobs", "fromHour", "toHour", "spans",
                            "spanSeconds", "spread"}));
  Work work;
  work.name = LIDO_TRY(node["name"].text());
  work.cluster = LIDO_TRY(node["cluster"].text());
  const auto cluster = values.find(work.cluster);
  if (!cluster) return node["cluster"].refuse("an enabled cluster");
  work.group = LIDO_TRY(node["group"].text());
  const auto& groups = (*cluster)->groups;
  const auto group = std::ranges::find(groups, work.group, &WorkerGroup::name);
  if (group == groups.end() || work.group == "driver")
    return node["group"].refuse("a group of workers of that cluster");
  if (group->cpus < 1) return node["group"].refuse("a group whose pods have a CPU at least");
  work.jobs = LIDO_TRY(node["jobs"].integer(1, kMostSpans));
  work.spans = node["spans"].has_value() ? LIDO_TRY(node["spans"].integer(1, kMostSpans)) : 1;
  if (work.jobs * work.spans > kMostSpans)
    return node["jobs"].refuse(fmt::format("{} spans at most", kMostSpans));
  work.from_h = LIDO_TRY(node["fromHour"].number_or(0, 0, kYear_h));
  work.to_h = LIDO_TRY(node["toHour"].number_or(work.from_h, work.from_h, kYear_h));
  work.span_s = LIDO_TRY(node["spanSeconds"].number(0, 1e6));
  work.spread = LIDO_TRY(node["spread"].number_or(0, 0, 3));
  return work;
}

}  // namespace

double Workload::jobs() const {
  double sum = 0;
  for (const Work& one : work) sum += static_cast<double>(one.jobs);
  return sum;
}

double Workload::spans() const {
  double sum = 0;
  for (const Work& one : work) sum += static_cast<double>(one.jobs * one.spans);
  return sum;
}

Result<Workload> read_workload(std::string_view text, const std::string& file,
                               const Values& values) {
  const Yaml tree = LIDO_TRY(Yaml::parse(text, file));
  LIDO_TRY(tree.check_keys({"work"}));
  Workload workload;
  for (const Yaml& node : LIDO_TRY(tree["work"].list()))
    workload.work.push_back(LIDO_TRY(read_work(node, values)));
  if (workload.work.empty()) return fail(ErrorCode::kInvalidArgument, "{}: no work", file);
  if (workload.spans() > kMostSpans)
    return fail(ErrorCode::kInvalidArgument, "{}: {:g} spans in all, want {} at most", file,
                workload.spans(), kMostSpans);
  return workload;
}

std::string initial_workload() {
  return R"(# What arrives in a month: ten terabytes of raw video, and a million small clips beside them.
work:
  # Each night what the pools filmed in the day: 333 GB, 123 h of 1080p at 6 Mbit/s, in spans of five minutes.
  - name: raw
    cluster: data
    group: cpu
    jobs: 30
    fromHour: 0
    toHour: 720
    spans: 1480
    # CPU-seconds of a span with people found (240 CPU-hours a terabyte, docs/measurements.md).
    spanSeconds: 195
    spread: 0.3
  # Clips of a few seconds, a thousand to a job.
  - name: clips
    cluster: data
    group: cpu
    jobs: 1000
    fromHour: 0
    toHour: 720
    spans: 1000
    spanSeconds: 2
    spread: 0.5
)";
}

}  // namespace lido::cluster
