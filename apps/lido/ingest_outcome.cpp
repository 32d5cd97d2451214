// SPDX-License-Identifier: Apache-2.0
#include "ingest_outcome.h"

#include <fmt/ranges.h>

#include <set>

#include "lido/dataset/dataset.h"
#include "lido/dataset/split.h"
#include "text.h"

namespace lido::cli {
namespace {

constexpr size_t kMaxReasons = 3;

struct Contents {
  std::map<std::string, int64_t> samples;
  std::set<std::string> groups;
  std::vector<dataset::RejectedRow> rejected;
};

Result<Contents> read_contents(const ingest::Request& request, const ingest::Summary& summary) {
  Contents contents;
  const auto dataset = LIDO_TRY(dataset::Dataset::open(request.out));
  const bool by_site = request.sampling.split_by == "site";
  const auto count = [&](const dataset::ClipRow& row) -> Result<void> {
    contents.samples[row.split] += row.samples;
    contents.groups.insert(by_site ? row.site : row.group);
    return {};
  };
  LIDO_TRY(dataset.visit<dataset::ClipRow>(summary.generation, count));
  const auto keep = [&](const dataset::RejectedRow& row) -> Result<void> {
    contents.rejected.push_back(row);
    return {};
  };
  if (summary.rejected > 0) LIDO_TRY(dataset.visit<dataset::RejectedRow>(summary.generation, keep));
  return contents;
}

}  // namespace

std::vector<std::string> rejected_lines(const std::vector<dataset::RejectedRow>& rejected,
                                        int64_t count, const std::string& out) {
  std::vector<std::string> lines;
  if (count == 0) return lines;
  lines.push_back(fmt::format("{} rejected:", counted(count, "clip")));
  const size_t mine = std::min(rejected.size(), static_cast<size_t>(count));
  const size_t first = rejected.size() - mine;
  for (size_t i = first; i < first + std::min(mine, kMaxReasons); ++i)
    lines.push_back(fmt::format("  {}: {}", rejected[i].clip, printable(rejected[i].reason)));
  if (mine > kMaxReasons)
    lines.push_back(fmt::format("  and {} more, see lido inspect {}",
                                human_count(static_cast<int64_t>(mine - kMaxReasons)), out));
  return lines;
}

std::vector<std::string> split_lines(const std::map<std::string, int64_t>& samples, size_t groups,
                                     const std::string& shares) {
  std::vector<std::string> counts, empty;
  int64_t total = 0;
  for (const char* split : dataset::kSplits) {
    const auto found = samples.find(split);
    const int64_t count = found == samples.end() ? 0 : found->second;
    total += count;
    counts.push_back(fmt::format("{} {}", split, human_count(count)));
    if (count == 0) empty.emplace_back(split);
  }
  if (total == 0) return {};
  std::vector<std::string> lines = {fmt::format("samples by split: {}", fmt::join(counts, ", "))};
  if (!empty.empty())
    lines.push_back(
        fmt::format("no samples in {}: a group of clips stays in one split, and {} "
                    "divided as {} left {} empty",
                    fmt::join(empty, " and "), counted(static_cast<int64_t>(groups), "group"),
                    shares, empty.size() == 1 ? "it" : "them"));
  return lines;
}

void print_outcome(const ingest::Request& request, const ingest::Summary& summary) {
  if (summary.generation == 0) return;
  const auto contents = read_contents(request, summary);
  if (!contents) return;
  for (const std::string& line :
       split_lines(contents->samples, contents->groups.size(), request.sampling.split))
    fmt::print("{}\n", line);
  for (const std::string& line : rejected_lines(contents->rejected, summary.rejected, request.out))
    fmt::print("{}\n", line);
}

}  // namespace lido::cli
