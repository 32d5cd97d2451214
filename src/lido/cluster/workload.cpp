// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/workload.h"

#include <algorithm>
#include <array>

#include "lido/cluster/yaml_reader.h"

namespace lido::cluster {
namespace {

constexpr double kMonth_h = 730;
constexpr double kMostSpans = 1e8;

constexpr std::array<std::string_view, 9> kKeys = {
    "name", "cluster", "group", "jobs", "fromHour", "toHour", "spans", "spanSeconds", "spread"};

/// A number that may be left out.
Result<double> number_or(const YAML::Node& node, const Reader& at, double otherwise) {
  return node ? at.number(node) : Result<double>(otherwise);
}

Result<void> check_keys(const YAML::Node& node, const Reader& at) {
  for (const auto& pair : node) {
    const std::string key = LIDO_TRY(at.text(pair.first));
    if (std::ranges::find(kKeys, key) == kKeys.end())
      return at.below(key).refuse(pair.first, fmt::format("one of {}", fmt::join(kKeys, ", ")));
  }
  return {};
}

Result<Work> read_work(const YAML::Node& node, const Reader& at, const Values& values) {
  LIDO_TRY(at.map(node));
  LIDO_TRY(check_keys(node, at));
  Work work;
  work.name = LIDO_TRY(at.below("name").text(node["name"]));
  work.cluster = LIDO_TRY(at.below("cluster").text(node["cluster"]));
  const auto cluster = values.find(work.cluster);
  if (!cluster) return at.below("cluster").refuse(node["cluster"], "an enabled cluster");
  work.group = LIDO_TRY(at.below("group").text(node["group"]));
  const auto& groups = (*cluster)->groups;
  const auto group = std::ranges::find(groups, work.group, &WorkerGroup::name);
  if (group == groups.end() || work.group == "driver")
    return at.below("group").refuse(node["group"], "a group of workers of that cluster");
  if (group->cpus < 1)
    return at.below("group").refuse(node["group"], "a group whose pods have a CPU at least");
  const double jobs = LIDO_TRY(at.below("jobs").number(node["jobs"]));
  const double spans = LIDO_TRY(number_or(node["spans"], at.below("spans"), 1));
  if (jobs != std::floor(jobs) || jobs < 1)
    return at.below("jobs").refuse(node["jobs"], "a whole number, 1 or more");
  if (spans != std::floor(spans) || spans < 1)
    return at.below("spans").refuse(node["spans"], "a whole number, 1 or more");
  if (jobs * spans > kMostSpans)
    return at.below("jobs").refuse(node["jobs"], fmt::format("{:g} spans at most", kMostSpans));
  work.jobs = static_cast<int64_t>(jobs);
  work.spans = static_cast<int64_t>(spans);
  work.from_h = LIDO_TRY(number_or(node["fromHour"], at.below("fromHour"), 0));
  work.to_h = LIDO_TRY(number_or(node["toHour"], at.below("toHour"), work.from_h));
  if (work.to_h < work.from_h || work.to_h > 12 * kMonth_h)
    return at.below("toHour").refuse(node["toHour"],
                                     fmt::format("{:g} to {:g}", work.from_h, 12 * kMonth_h));
  work.span_s = LIDO_TRY(at.below("spanSeconds").number(node["spanSeconds"]));
  work.spread = LIDO_TRY(number_or(node["spread"], at.below("spread"), 0));
  if (work.spread > 3) return at.below("spread").refuse(node["spread"], "3 or less");
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
  try {
    const YAML::Node tree = YAML::Load(std::string(text));
    const Reader at(file, "work");
    if (!tree || !tree.IsMap() || !tree["work"] || !tree["work"].IsSequence())
      return fail(ErrorCode::kInvalidArgument, "{}: want a list named work", file);
    Workload workload;
    for (const YAML::Node& node : tree["work"])
      workload.work.push_back(
          LIDO_TRY(read_work(node, at.below(std::to_string(workload.work.size())), values)));
    if (workload.work.empty()) return fail(ErrorCode::kInvalidArgument, "{}: no work", file);
    if (workload.spans() > kMostSpans)
      return fail(ErrorCode::kInvalidArgument, "{}: {:g} spans in all, want {:g} at most", file,
                  workload.spans(), kMostSpans);
    return workload;
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::kInvalidArgument, "{}:{}: {}", file, error.mark.line + 1, error.msg);
  }
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
