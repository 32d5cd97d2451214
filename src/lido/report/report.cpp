// SPDX-License-Identifier: Apache-2.0
#include "lido/report/report.h"

#include <algorithm>
#include <array>
#include <map>

#include "lido/base/counted.h"
#include "lido/base/json_text.h"
#include "lido/dataset/split.h"
#include "lido/dataset/stored_files.h"
#include "lido/dataset/tar.h"
#include "lido/report/html.h"
#include "lido/report/report_data.h"
#include "lido/report/report_scene.h"
#include "lido/report/timeline.h"

namespace lido::report {
namespace {

constexpr std::array kLabelColours = {"#d1495b", "#edae49", "#3d9970", "#8661c1",
                                      "#d17a22", "#2e86ab", "#7a7a7a"};
constexpr const char* kOtherColour = "#7a7a7a";

std::string totals(const dataset::Generation& generation, const ReportData& data) {
  const ShownClips& clips = data.clips;
  const std::string skipped =
      clips.skipped_s > 0 ? card(clock(clips.skipped_s), "skipped: nothing moved") : "";
  return "<div class=cards>" + count_card(generation.clips, "clip", "clips") +
         card(clock(clips.duration_s), "footage") + skipped +
         count_card(clips.frames, "frame", "frames") +
         count_card(generation.samples, "sample", "samples") +
         count_card(clips.left_over, "frame too few for a window", "frames too few for a window") +
         count_card(std::ssize(data.samples.shards), "shard, " + megabytes(data.samples.bytes),
                    "shards, " + megabytes(data.samples.bytes)) +
         count_card(generation.rejected, "clip rejected", "clips rejected") +
         (data.rejected.broken > 0
              ? card(clock(data.rejected.gap_s),
                     "left out of " + counted(data.rejected.broken, "broken clip"))
              : "") +
         "</div>";
}

std::string contents(const dataset::Generation& generation, bool has_cost, bool has_sheet) {
  std::string html =
      "<nav aria-label=Contents><a href=\"#labels\">Splits and labels</a>"
      "<a href=\"#timeline\">Timeline</a>";
  if (!generation.scenes.empty()) html += "<a href=\"#scenes\">Objects and camera</a>";
  html += "<a href=\"#frames\">Frames</a>";
  html += "<a href=\"#rejected\">Rejected clips</a>";
  if (has_cost) html += "<a href=\"#cost\">Cost</a>";
  html += "<a href=\"#options\">Options</a>";
  if (has_sheet)
    html += fmt::format("<a href=\"{}\">Contact sheet</a>", dataset::kContactSheetFile);
  return html + "</nav>";
}

/// Returns the value of a split; 0 or empty when the split has none.
template <typename Value>
Value of_split(const std::map<std::string, Value>& by_split, const char* split) {
  const auto found = by_split.find(split);
  return found == by_split.end() ? Value() : found->second;
}

std::string splits_and_labels(const dataset::Generation& generation, const SampleTotals& totals) {
  // A label that is in no sample has a row of zeros, so that its loss is visible.
  std::map<std::string, LabelCounts> labels = totals.labels;
  for (const auto& [task, names] : generation.vocabulary) {
    for (const std::string& name : names) labels[fmt::format("{}: {}", task, name)];
  }
  std::string html =
      "<h2 id=labels>Splits and labels</h2><div class=\"panel scroll\" tabindex=0><table><tr>"
      "<th>samples";
  for (const char* split : dataset::kSplits) html += fmt::format("<th class=n>{}", split);
  html += "<th class=n>time in samples";
  const auto add_row = [&](std::string_view name, auto value, const std::string& time) {
    html += fmt::format("<tr><td>{}", name);
    for (const char* split : dataset::kSplits)
      html += fmt::format("<td class=n>{}", count(value(split)));
    html += "<td class=n>" + time;
  };
  for (const auto& [name, counts] : labels) {
    const auto& samples = counts.samples;
    add_row(
        escape(name), [&](const char* split) { return of_split(samples, split); },
        clock(counts.covered_s));
  }
  add_row(
      "<b>all samples</b>", [&](const char* split) { return of_split(totals.samples, split); }, "");
  add_row(
      "groups (clips of one event stay in one split)",
      [&](const char* split) { return std::ssize(of_split(totals.groups, split)); }, "");
  return html + "</table></div>";
}

/// Labelled seconds and those in samples, and the longest stretches that were lost.
std::string label_seconds(const std::vector<dataset::LabelCoverage>& coverage) {
  constexpr size_t kMaxLost = 10;
  if (coverage.empty()) return {};
  std::string html =
      "<h3>Seconds of labels</h3><div class=\"panel scroll\" tabindex=0><table><tr><th>label"
      "<th class=n>labelled<th class=n>in samples<th class=n>of one person<th>in no sample";
  for (const dataset::LabelCoverage& one : coverage) {
    html += fmt::format(
        "<tr><td>{}<td class=n>{:.1f} s<td class=\"n{}\">{:.1f} s<td class=n>"
        "{:.1f} s<td>",
        escape(one.task + ": " + one.label), one.labelled_s, one.has_none() ? " bad" : "",
        one.in_samples_s, one.in_person_samples_s);
    for (size_t i = 0; i < std::min(one.lost.size(), kMaxLost); ++i) {
      const dataset::LostStretch& lost = one.lost[i];
      html += fmt::format("{}{} {} to {}", i > 0 ? "<br>" : "", escape(short_name(lost.clip)),
                          clock(lost.start_s), clock(lost.end_s));
    }
    if (one.lost_stretches > static_cast<int64_t>(kMaxLost))
      html += fmt::format("<br>and {} more", one.lost_stretches - static_cast<int64_t>(kMaxLost));
  }
  return html + "</table></div>";
}

std::map<std::string, std::string> label_colours(const dataset::Generation& generation) {
  std::map<std::string, std::string> colours;
  for (const auto& [task, labels] : generation.vocabulary) {
    for (const std::string& label : labels)
      colours[fmt::format("{}: {}", task, label)] =
          kLabelColours[colours.size() % kLabelColours.size()];
  }
  return colours;
}

std::string timeline(const dataset::Generation& generation, const ReportData& data,
                     const std::map<std::string, std::string>& colours) {
  Timeline rows(std::max(1e-3, data.clips.max_duration_s));
  for (const dataset::ClipRow& clip : data.clips.timelines) {
    const bool has_strip =
        std::ranges::binary_search(data.clips.strips, clip.clip, {}, &dataset::ClipRow::clip);
    rows.start_row(short_name(clip.clip), has_strip ? "#" + clip_anchor(clip.clip) : "");
    rows.add_bar(0, clip.duration_s, "var(--line)");
    const ShownSamples& samples = data.samples.clips.at(clip.clip);
    for (const Interval& part : samples.covered)
      rows.add_bar(part.start_s, part.end_s, "var(--blue)");
    for (const auto& [label, parts] : samples.labelled) {
      const auto colour = colours.find(label);
      for (const Interval& part : parts)
        rows.add_thin_bar(part.start_s, part.end_s,
                          colour == colours.end() ? kOtherColour : colour->second);
    }
    if (const auto gaps = data.rejected.gaps_of.find(clip.clip);
        gaps != data.rejected.gaps_of.end()) {
      for (const Interval& gap : gaps->second) rows.add_bar(gap.start_s, gap.end_s, "var(--red)");
    }
    if (const auto broken = data.rejected.broken_at_s.find(clip.clip);
        broken != data.rejected.broken_at_s.end())
      rows.add_remark(broken->second, "\u2715 broken at " + clock(broken->second));
  }
  std::string html = "<h2 id=timeline>Timeline</h2><p class=legend>" +
                     legend_key("var(--blue)", "in samples") +
                     legend_key("var(--line)", "in no sample");
  if (data.rejected.gaps > 0) html += legend_key("var(--red)", "left out: broken");
  for (const auto& [label, colour] : colours) html += legend_key(colour, label);
  html += "</p>";
  if (std::ssize(data.clips.timelines) < generation.clips)
    html += fmt::format("<p>{} of {} clips, spread evenly.</p>", data.clips.timelines.size(),
                        generation.clips);
  return html + "<div class=\"panel scroll\" tabindex=0>" + rows.svg("Samples along each clip") +
         "</div>";
}

/// Returns frames of one clip, read from the shards.
Result<std::string> strip(const dataset::Dataset& dataset, const dataset::ClipRow& clip,
                          const ShownSamples& samples) {
  if (samples.by_number.empty()) return std::string();
  const size_t window = samples.by_number.begin()->second.pts.size();
  std::string images;
  for (const SampleFrame& place : spread_frames(samples.total, window, kMaxStripFrames)) {
    const auto found = samples.by_number.find(place.sample);
    if (found == samples.by_number.end()) continue;
    const dataset::SampleRow& row = found->second;
    const auto read = dataset.read_sample(row);
    // A damaged sample is inspect's to name: it takes no other image off the page.
    if (!read && read.error().code == ErrorCode::kCorrupt) continue;
    const std::string bytes = LIDO_TRY(read);
    const auto entries = LIDO_TRY(dataset::read_tar(std::as_bytes(std::span(bytes))));
    if (place.frame >= entries.size())
      return fail(ErrorCode::kCorrupt, "{}: sample {} has {} files, want more than {}", row.shard,
                  row.sample, entries.size(), place.frame);
    const auto& content = entries[place.frame].content;
    images += image_tag({reinterpret_cast<const char*>(content.data()), content.size()},
                        short_name(row.clip));
  }
  return fmt::format(
      "<section class=clip id={}><header><h3>{}</h3><span>{}{} &middot; {} &middot; {} to "
      "{}</span></header><div class=strip>{}</div></section>",
      clip_anchor(clip.clip), escape(short_name(clip.clip)),
      clip.camera.empty() ? "" : escape(clip.camera) + " &middot; ", clip.split,
      counted(samples.seen, "sample"), clock(samples.covered.front().start_s),
      clock(samples.covered.back().end_s), images);
}

Result<std::string> strips(const dataset::Dataset& dataset, const ReportData& data) {
  const ShownClips& clips = data.clips;
  std::string html = "<h2 id=frames>Frames</h2>";
  if (clips.with_samples > std::ssize(clips.strips))
    html += fmt::format("<p>{} of {} clips, spread evenly; up to {} frames of each.</p>",
                        clips.strips.size(), clips.with_samples, kMaxStripFrames);
  else
    html += fmt::format("<p>Up to {} frames of each clip, as stored in the shards.</p>",
                        kMaxStripFrames);
  for (const auto& clip : clips.strips)
    html += LIDO_TRY(strip(dataset, clip, data.samples.clips.at(clip.clip)));
  return html;
}

std::string rejected_table(const dataset::Generation& generation, const RejectedClips& rejected) {
  if (rejected.first.empty())
    return "<h2 id=rejected>Rejected clips</h2><p>No clip was rejected.</p>";
  std::string html =
      "<h2 id=rejected>Rejected clips</h2><div class=\"panel scroll\" tabindex=0><table><tr>"
      "<th>clip<th>reason<th class=n>broken at<th>next ingest";
  for (const auto& row : rejected.first) {
    html += fmt::format("<tr><td>{}<td class=bad>{}<td class=n>{}<td>{}", escape(row.clip),
                        escape(row.reason), clock(row.time_s),
                        row.is_retried() ? "tries again" : "skips it");
  }
  html += "</table></div>";
  if (generation.rejected > std::ssize(rejected.first))
    html += fmt::format("<p>The first {} of {}; rejected.parquet lists all.</p>", kMaxRejected,
                        generation.rejected);
  return html;
}

std::string gaps_table(const RejectedClips& rejected) {
  if (rejected.first_gaps.empty()) return {};
  std::string html =
      "<h2 id=gaps>Left out of broken clips</h2><div class=\"panel scroll\" tabindex=0><table><tr>"
      "<th>clip<th class=n>from<th class=n>to<th>reason";
  for (const auto& row : rejected.first_gaps) {
    html += fmt::format("<tr><td>{}<td class=n>{}<td class=n>{}<td class=bad>{}", escape(row.clip),
                        clock(row.start_s), row.end_k < 0 ? "the end" : clock(row.end_s),
                        escape(row.reason));
  }
  html += "</table></div>";
  if (rejected.gaps > std::ssize(rejected.first_gaps))
    html += fmt::format("<p>The first {} of {}; gaps.parquet lists all.</p>", kMaxRejected,
                        rejected.gaps);
  return html;
}

std::string costs(const Cost& cost) {
  struct Stage {
    const char* name;
    double seconds;
    const char* colour;
  };
  const std::array stages = {Stage{"read and decode", cost.decode_s, "#0b7fab"},
                             Stage{"detect and track", cost.scene_s, "#d1495b"},
                             Stage{"resize and convert colours", cost.transform_s, "#edae49"},
                             Stage{"compress as JPEG", cost.compress_s, "#3d9970"},
                             Stage{"write", cost.write_s, "#8661c1"}};
  double sum = 1e-9;
  for (const Stage& stage : stages) sum += stage.seconds;
  std::string bar, rows;
  for (const Stage& stage : stages) {
    bar += fmt::format("<div style=\"width:{:.2f}%;background:{}\"></div>",
                       stage.seconds / sum * 100, stage.colour);
    rows +=
        fmt::format("<tr><td>{}<td class=n>{:.2f} s<td class=n>{:.0f}%",
                    legend_key(stage.colour, stage.name), stage.seconds, stage.seconds / sum * 100);
  }
  return fmt::format(
      "<h2 id=cost>Cost of the last ingest</h2><p>{:.1f} s of wall-clock time. CPU time of all "
      "workers by stage:</p><div class=panel><div class=bar>{}</div><table><tr><th>stage"
      "<th class=n>CPU time<th class=n>share{}</table></div>",
      cost.elapsed_s, bar, rows);
}

std::string options_table(const nlohmann::ordered_json& identity) {
  std::string html =
      "<h2 id=options>Options</h2><p>Options that shape the samples; <code>lido ingest "
      "--help</code> explains each.</p><div class=\"panel scroll\" tabindex=0><table>";
  for (const auto& [name, value] : identity.items())
    html += fmt::format("<tr><td><code>{}</code><td>{}", escape(name),
                        escape(value.is_string() ? value.get<std::string>() : json_text(value)));
  return html + "</table></div>";
}

}  // namespace

Cost cost_of(const part::Progress& progress, double elapsed_s) {
  const auto seconds = [](int64_t us) { return static_cast<double>(us) * 1e-6; };
  Cost cost{.elapsed_s = elapsed_s,
            .scene_s = seconds(progress.scene_us),
            .transform_s = seconds(progress.transform_us),
            .compress_s = seconds(progress.compress_us),
            .write_s = seconds(progress.write_us)};
  cost.decode_s = std::max(0.0, seconds(progress.work_us) - cost.scene_s - cost.transform_s -
                                    cost.compress_s - cost.write_s);
  return cost;
}

Result<void> write_report(const dataset::Dataset& dataset, const Cost* cost) {
  const dataset::Generation generation = LIDO_TRY(dataset.read_latest());
  const ReportData data = LIDO_TRY(read_report_data(dataset, generation));
  const auto colours = label_colours(generation);
  std::string body = fmt::format("<h1>Lido dataset</h1><p><code>{}</code>, generation {}</p>",
                                 escape(dataset.store().uri()), generation.number);
  const bool has_sheet = LIDO_TRY(dataset.store().exists(dataset::kContactSheetFile));
  body += contents(generation, cost != nullptr, has_sheet);
  body += totals(generation, data);
  body += splits_and_labels(generation, data.samples);
  body += label_seconds(data.coverage);
  body += timeline(generation, data, colours);
  body += LIDO_TRY(scene_section(dataset, generation, data, colours));
  body += LIDO_TRY(strips(dataset, data));
  body += rejected_table(generation, data.rejected);
  body += gaps_table(data.rejected);
  if (cost != nullptr) body += costs(*cost);
  body += options_table(dataset.identity());
  body +=
      "<p>These images can show children. They stay on this storage unless their owner moves "
      "them.</p>";
  return dataset::write_page(dataset, generation.number, dataset::kReportFile,
                             page("Lido dataset", body));
}

}  // namespace lido::report
