// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/workload.h"

#include <algorithm>

#include "lido/base/yaml.h"
#include "lido/cluster/embedded.h"

namespace lido::cluster {
namespace {

constexpr double kYear_h = 8760;
constexpr int64_t kMaxSpans = 100'000'000;

Result<Work> read_work(const Yaml& node, const Values& values) {
  LIDO_TRY(node.check_keys({"name", "cluster", "group", "jobs", "fromHour", "toHour", "spans",
                            "spanSeconds", "spread"}));
  Work work;
  work.name = LIDO_TRY(node["name"].text());
  work.cluster = LIDO_TRY(node["cluster"].text());
  const auto cluster = values.find(work.cluster);
  if (!cluster || (*cluster)->suspend)
    return node["cluster"].refuse("a cluster that is enabled and not suspended");
  work.group = LIDO_TRY(node["group"].text());
  const auto& groups = (*cluster)->groups;
  const auto group = std::ranges::find(groups, work.group, &WorkerGroup::name);
  if (group == groups.end() || group->is_for_drivers())
    return node["group"].refuse("a worker group of that cluster");
  if (group->cpus < 1) return node["group"].refuse("a group whose pods have one CPU or more");
  work.jobs = LIDO_TRY(node["jobs"].integer(1, kMaxSpans));
  work.spans = node["spans"].has_value() ? LIDO_TRY(node["spans"].integer(1, kMaxSpans)) : 1;
  if (work.jobs * work.spans > kMaxSpans)
    return node["jobs"].refuse(fmt::format("{} spans at most", kMaxSpans));
  work.from_h = LIDO_TRY(node["fromHour"].number_or(0, 0, kYear_h));
  work.to_h = LIDO_TRY(node["toHour"].number_or(work.from_h, work.from_h, kYear_h));
  work.span_s = LIDO_TRY(node["spanSeconds"].number(0, 1e6));
  work.spread = LIDO_TRY(node["spread"].number_or(0, 0, 3));
  return work;
}

}  // namespace

double Workload::jobs() const {
  double sum = 0;
  for (const Work& each : work) sum += static_cast<double>(each.jobs);
  return sum;
}

double Workload::spans() const {
  double sum = 0;
  for (const Work& each : work) sum += static_cast<double>(each.jobs * each.spans);
  return sum;
}

Result<Workload> read_workload(std::string_view text, const std::string& file,
                               const Values& values) {
  const Yaml tree = LIDO_TRY(Yaml::parse(text, file));
  LIDO_TRY(tree.check_keys({"work"}));
  Workload workload;
  for (const Yaml& node : LIDO_TRY(tree["work"].list()))
    workload.work.push_back(LIDO_TRY(read_work(node, values)));
  if (workload.work.empty())
    return fail(ErrorCode::kInvalidArgument,
                "{}: the list of work is empty, want one entry or more", file);
  if (workload.spans() > kMaxSpans)
    return fail(ErrorCode::kInvalidArgument, "{}: the work has {:g} spans, want {} at most", file,
                workload.spans(), kMaxSpans);
  return workload;
}

std::string initial_workload() { return std::string(embedded::kInitialWorkloadYaml); }

}  // namespace lido::cluster
