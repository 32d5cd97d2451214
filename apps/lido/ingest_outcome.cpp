// SPDX-License-Identifier: Apache-2.0
#include "ingest_outcome.h"

#include <fmt/ranges.h>

#include <set>

#include "lido/dataset/dataset.h"
#include "lido/dataset/split.h"
#include "text.h"

namespace lido::cli {
namespace {

struct Contents {
  std::map<std::string, int64_t> samples;
  std::set<std::string> groups;
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
  return contents;
}

}  // namespace

std::vector<std::string> fault_lines(const ingest::Summary& summary, const std::string& out) {
  std::vector<std::string> lines;
  const auto add = [&](int64_t count, bool rejected, const char* what) {
    if (count == 0) return;
    lines.push_back(fmt::format("{} {}:", counted(count, "clip"), what));
    int64_t named = 0;
    for (const ingest::ClipFault& fault : summary.faults) {
      if (fault.rejected != rejected) continue;
      ++named;
      const std::string at = rejected ? "" : fmt::format(" at {:.1f} s", fault.time_s);
      const char* then = fault.retried ? " (the next ingest tries again)" : "";
      lines.push_back(
          fmt::format("  {}{}: {}{}", printable(fault.clip), at, printable(fault.reason), then));
    }
    if (count > named) {
      lines.push_back(
          fmt::format("  and {} more, see lido inspect {}", human_count(count - named), out));
    }
  };
  add(summary.rejected, true, "rejected");
  const std::string kept =
      fmt::format("broken; {} left out, the rest kept", human_seconds(summary.gap_hours * 3600));
  add(summary.broken, false, kept.c_str());
  return lines;
}

std::string no_sample_line(const ingest::Request& request, const ingest::Summary& summary) {
  const int64_t read = summary.clips - summary.rejected;
  if (summary.samples > 0 || read <= 0) return {};
  const part::SampleKinds kinds = request.sampling.kinds();
  using enum part::SampleKinds::Frames;
  if (summary.frames == 0)
    return request.sampling.fps.automatic
               ? "no samples: nothing moved. A fixed --fps samples still footage too"
               : "no samples: no frame could be read";
  std::string reason = kinds.tracked_people ? "no person was found" : "";
  if (kinds.labelled_people)
    reason += fmt::format("{}no label is on a frame", reason.empty() ? "" : ", and ");
  const char* advice = "--samples frame cuts whole frames, into a new dataset";
  // Where whole frames are cut everywhere, only a stride above the window leaves all frames out.
  if (kinds.frames == kAll) {
    reason = "each stretch of frames is shorter than a window";
    advice = "Give a shorter --window, or a --stride of at most --window";
  }
  if (summary.forgotten > 0) reason += ", beside what lido forget removed";
  return fmt::format("no samples: {}. {}", reason, advice);
}

std::vector<std::string> split_lines(const std::map<std::string, int64_t>& samples, size_t groups,
                                     const std::string& shares) {
  std::vector<std::string> counts, empty;
  int64_t total = 0;
  const auto wanted = dataset::parse_split(shares);
  for (size_t i = 0; i < dataset::kSplits.size(); ++i) {
    const char* split = dataset::kSplits[i];
    const auto found = samples.find(split);
    const int64_t count = found == samples.end() ? 0 : found->second;
    total += count;
    counts.push_back(fmt::format("{} {}", split, human_count(count)));
    const bool has_share = !wanted || (*wanted)[i] > 0;
    if (count == 0 && has_share) empty.emplace_back(split);
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

void print_splits(const ingest::Request& request, const ingest::Summary& summary) {
  if (summary.generation == 0) return;
  const auto contents = read_contents(request, summary);
  if (!contents) return;
  for (const std::string& line :
       split_lines(contents->samples, contents->groups.size(), request.sampling.split))
    fmt::print("{}\n", line);
}

}  // namespace lido::cli
