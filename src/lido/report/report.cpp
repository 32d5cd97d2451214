// SPDX-License-Identifier: Apache-2.0
#include "lido/report/report.h"

#include <algorithm>
#include <map>
#include <set>

#include "lido/base/sample_evenly.h"
#include "lido/dataset/augment.h"
#include "lido/dataset/jpeg.h"
#include "lido/dataset/split.h"
#include "lido/dataset/tar.h"
#include "lido/report/html.h"
#include "lido/report/report_scene.h"

namespace lido::report {
namespace {

using dataset::SampleRow;

constexpr size_t kMostStrips = 24;
constexpr size_t kFramesInStrip = 8;
constexpr size_t kMostTimelines = 60;
constexpr size_t kMostRejected = 200;

constexpr std::array kLabelColors = {"#d1495b", "#edae49", "#3d9970", "#8661c1",
                                     "#d17a22", "#2e86ab", "#7a7a7a"};

/// A stretch of a clip, seconds.
struct Bar {
  double start_s = 0;
  double end_s = 0;
};

/// Adds a stretch, in order of time; where it meets the last one they become one.
void extend(std::vector<Bar>& bars, double start_s, double end_s) {
  if (!bars.empty() && start_s <= bars.back().end_s + 1e-9)
    bars.back().end_s = std::max(bars.back().end_s, end_s);
  else
    bars.push_back({start_s, end_s});
}

/// One frame of a clip's samples.
struct FramePlace {
  int64_t sample = 0;
  size_t frame = 0;
};

/// Frames spread evenly over a clip's samples.
std::vector<FramePlace> spread(int64_t samples, size_t window) {
  const int64_t total = samples * static_cast<int64_t>(window);
  const auto frames = std::min<int64_t>(kFramesInStrip, total);
  std::vector<FramePlace> places;
  for (int64_t i = 0; i < frames; ++i) {
    const int64_t position = frames > 1 ? i * (total - 1) / (frames - 1) : 0;
    places.push_back(
        {position / static_cast<int64_t>(window), static_cast<size_t>(position) % window});
  }
  return places;
}

/// What the page shows of one clip.
struct ClipView {
  int64_t total = 0;                ///< Samples it has.
  int64_t samples = 0;              ///< Seen so far.
  std::map<int64_t, SampleRow> at;  ///< Those that spread() names, by number.
  std::vector<Bar> covered;
  std::map<std::string, std::vector<Bar>> labelled;
};

/// What the page shows of the samples, gathered in one pass over them.
struct Gathered {
  int64_t bytes = 0;
  std::set<std::string> shards;
  std::map<std::string, int64_t> of_split;
  std::map<std::string, std::set<std::string>> groups;               // split
  std::map<std::string, std::map<std::string, int64_t>> with_label;  // label, split
  std::map<std::string, ClipView> clips;                             // those that are shown
};

std::string full_name(const dataset::SampleLabel& label) {
  return fmt::format("{}: {}", label.task, label.label);
}

/// What the page says of all clips, and those whose frames, and whose timelines, it shows.
struct Clips {
  std::vector<dataset::ClipRow> strips, timelines;  // by name
  int64_t with_samples = 0;
  double seconds = 0, longest_s = 0, skipped_s = 0;
  int64_t frames = 0, left_over = 0;
};

Result<Clips> choose(const dataset::Dataset& dataset, const dataset::Generation& generation) {
  Clips clips;
  LIDO_TRY(dataset.visit<dataset::ClipRow>(generation.number, [&](const auto& row) -> Result<void> {
    clips.with_samples += row.samples > 0 ? 1 : 0;
    clips.seconds += row.duration_s;
    clips.longest_s = std::max(clips.longest_s, row.duration_s);
    clips.frames += row.frames;
    clips.left_over += row.left_over;
    return {};
  }));
  LIDO_TRY(
      dataset.visit<dataset::SkippedRow>(generation.number, [&](const auto& row) -> Result<void> {
        clips.skipped_s += row.end_s - row.start_s;
        return {};
      }));
  EvenSampler strips(clips.with_samples, kMostStrips), timelines(generation.clips, kMostTimelines);
  LIDO_TRY(dataset.visit<dataset::ClipRow>(generation.number, [&](const auto& row) -> Result<void> {
    if (row.samples > 0 && strips.picks_next()) clips.strips.push_back(row);
    if (timelines.picks_next()) clips.timelines.push_back(row);
    return {};
  }));
  std::ranges::sort(clips.strips, {}, &dataset::ClipRow::clip);
  std::ranges::sort(clips.timelines, {}, &dataset::ClipRow::clip);
  return clips;
}

/// Of the rejected clips: the first ones, and when those with a timeline broke, seconds.
struct Rejected {
  std::vector<dataset::RejectedRow> first;
  std::map<std::string, double> broke_s;
};

Result<Rejected> read_rejected(const dataset::Dataset& dataset, int generation,
                               const Clips& clips) {
  Rejected rejected;
  LIDO_TRY(dataset.visit<dataset::RejectedRow>(generation, [&](const auto& row) -> Result<void> {
    const auto at =
        std::ranges::lower_bound(clips.timelines, row.clip, {}, &dataset::ClipRow::clip);
    if (at != clips.timelines.end() && at->clip == row.clip)
      rejected.broke_s[row.clip] = row.time_s;
    if (rejected.first.size() < kMostRejected) rejected.first.push_back(row);
    return {};
  }));
  return rejected;
}

Result<Gathered> gather(const dataset::Dataset& dataset, int generation, const Clips& clips) {
  Gathered gathered;
  for (const auto* rows : {&clips.strips, &clips.timelines}) {
    for (const auto& row : *rows) gathered.clips[row.clip].total = row.samples;
  }
  LIDO_TRY(dataset.visit<SampleRow>(generation, [&](SampleRow& row) -> Result<void> {
    gathered.bytes += row.length;
    gathered.shards.insert(row.shard);
    ++gathered.of_split[row.split];
    gathered.groups[row.split].insert(row.group);
    std::set<std::string> names;  // a label with several intervals or persons counts once
    for (const auto& label : row.labels) names.insert(full_name(label));
    for (const std::string& name : names) ++gathered.with_label[name][row.split];
    if (row.labels.empty()) ++gathered.with_label["no label"][row.split];
    const auto found = gathered.clips.find(row.clip);
    if (found == gathered.clips.end()) return {};
    ClipView& view = found->second;
    extend(view.covered, row.start_s, row.end_s);
    for (const auto& label : row.labels)
      extend(view.labelled[full_name(label)], row.start_s, row.end_s);
    const int64_t number = view.samples++;
    const auto places = spread(view.total, row.pts.size());
    if (std::ranges::find(places, number, &FramePlace::sample) != places.end())
      view.at.emplace(number, std::move(row));
    return {};
  }));
  return gathered;
}

std::string totals(const dataset::Generation& generation, const Clips& clips,
                   const Gathered& gathered) {
  const std::string passed_over = clips.skipped_s > 0
                                      ? card(clock(clips.skipped_s), "passed over: nothing moved")
                                      : std::string();
  return "<div class=cards>" + card(count(generation.clips), "clips") +
         card(clock(clips.seconds), "footage") + passed_over + card(count(clips.frames), "frames") +
         card(count(generation.samples), "samples") +
         card(count(clips.left_over), "frames left over") +
         card(fmt::format("{}", gathered.shards.size()), "shards, " + megabytes(gathered.bytes)) +
         card(count(generation.rejected), "clips rejected") + "</div>";
}

/// Frames of one clip, straight from the shards.
Result<std::string> strip(const dataset::Dataset& dataset, const dataset::ClipRow& clip,
                          const ClipView& view) {
  if (view.at.empty()) return std::string();
  std::string images;
  for (const FramePlace& place : spread(view.total, view.at.begin()->second.pts.size())) {
    const auto found = view.at.find(place.sample);
    if (found == view.at.end()) continue;
    const SampleRow& row = found->second;
    const std::string bytes = LIDO_TRY(dataset.read_sample(row));
    const auto entries = LIDO_TRY(dataset::read_tar(std::as_bytes(std::span(bytes))));
    if (place.frame >= entries.size())
      return fail(ErrorCode::kCorrupt, "{}: sample {} holds {} files", row.shard, row.sample,
                  entries.size());
    const auto& content = entries[place.frame].content;
    images += image_tag({reinterpret_cast<const char*>(content.data()), content.size()},
                        short_name(row.clip));
  }
  return fmt::format(
      "<div class=strip><p><b>{}</b><span>{}{} &middot; {} samples &middot; {} to "
      "{}</span></p><div>{}</div></div>",
      escape(short_name(clip.clip)), clip.camera.empty() ? "" : escape(clip.camera) + " &middot; ",
      clip.split, view.samples, clock(view.covered.front().start_s),
      clock(view.covered.back().end_s), images);
}

Result<std::string> strips(const dataset::Dataset& dataset, const Clips& clips,
                           const Gathered& gathered) {
  std::string html = "<h2>Frames</h2>";
  if (clips.with_samples > std::ssize(clips.strips))
    html += fmt::format("<p>{} of {} clips, evenly picked; {} frames of each.</p>",
                        clips.strips.size(), clips.with_samples, kFramesInStrip);
  else
    html += fmt::format("<p>Up to {} frames of each clip, as they stand in the shards.</p>",
                        kFramesInStrip);
  for (const auto& clip : clips.strips)
    html += LIDO_TRY(strip(dataset, clip, gathered.clips.at(clip.clip)));
  return html;
}

std::map<std::string, std::string> label_colors(const dataset::Generation& generation) {
  std::map<std::string, std::string> colors;
  for (const auto& [task, labels] : generation.vocabulary) {
    for (const std::string& label : labels)
      colors[fmt::format("{}: {}", task, label)] =
          kLabelColors[colors.size() % kLabelColors.size()];
  }
  return colors;
}

std::string timeline(const dataset::Generation& generation, const Clips& clips,
                     const Rejected& rejected, const Gathered& gathered) {
  constexpr double kLeft = 250, kWidth = 830, kRow = 30;
  const double longest = std::max(1e-3, clips.longest_s);
  const auto colors = label_colors(generation);
  std::string svg;
  const auto x_of = [&](double seconds) {
    return kLeft + std::min(seconds, longest) / longest * kWidth;
  };
  for (size_t i = 0; i < clips.timelines.size(); ++i) {
    const auto& clip = clips.timelines[i];
    const double y = static_cast<double>(i) * kRow + 4;
    std::string name = short_name(clip.clip);
    if (name.size() > 34) name = name.substr(0, 15) + "..." + name.substr(name.size() - 16);
    svg += fmt::format(
        "<text x=0 y={:.1f}>{}</text><rect x={} y={:.1f} width={:.1f} height=14 rx=4 "
        "fill=\"var(--line)\"/>",
        y + 12, escape(name), kLeft, y, std::max(2.0, x_of(clip.duration_s) - kLeft));
    const auto draw = [&](const Bar& bar, double top, double bar_height, double least,
                          std::string_view color) {
      svg +=
          fmt::format("<rect x={:.1f} y={:.1f} width={:.1f} height={}{} fill=\"{}\"/>",
                      x_of(bar.start_s), top, std::max(least, x_of(bar.end_s) - x_of(bar.start_s)),
                      bar_height, bar_height > 10 ? " rx=4" : "", color);
    };
    const ClipView& view = gathered.clips.at(clip.clip);
    for (const Bar& bar : view.covered) draw(bar, y, 14, 2.0, "var(--blue)");
    for (const auto& [label, bars] : view.labelled) {
      const auto color = colors.find(label);
      for (const Bar& bar : bars)
        draw(bar, y + 15, 5, 1.5, color == colors.end() ? "#7a7a7a" : color->second);
    }
    if (const auto at = rejected.broke_s.find(clip.clip); at != rejected.broke_s.end()) {
      svg += fmt::format(
          "<text x={:.1f} y={:.1f} style=\"fill:var(--red);font-weight:700\">&#10005; broke at "
          "{}</text>",
          x_of(at->second) + 4, y + 12, clock(at->second));
    }
  }
  const double height = static_cast<double>(clips.timelines.size()) * kRow;
  for (int tick = 0; tick <= 4; ++tick) {
    const double x = kLeft + kWidth * tick / 4;
    svg +=
        fmt::format("<text class=soft x={:.1f} y={:.1f} text-anchor={}>{}</text>", x, height + 16,
                    tick == 4   ? "end"
                    : tick == 0 ? "start"
                                : "middle",
                    clock(longest * tick / 4));
  }
  std::string html = "<h2>Timeline</h2><p>Blue: covered by samples. Grey: left over.";
  for (const auto& [label, color] : colors)
    html += fmt::format(" <span class=key style=\"background:{};margin-left:10px\"></span>{}",
                        color, escape(label));
  if (std::ssize(clips.timelines) < generation.clips)
    html += fmt::format(" {} of {} clips.", clips.timelines.size(), generation.clips);
  return html + fmt::format(
                    "</p><div class=\"panel scroll\"><svg viewBox=\"0 0 {} {}\" role=img "
                    "aria-label=\"Samples along each clip\">{}</svg></div>",
                    kLeft + kWidth + 10, height + 24, svg);
}

std::string splits(const Gathered& gathered) {
  std::string html =
      "<h2>Splits and labels</h2><div class=\"panel scroll\"><table><tr><th>samples with";
  for (const char* split : dataset::kSplits) html += fmt::format("<th class=n>{}", split);
  const auto row = [&](std::string_view name, auto value) {
    html += fmt::format("<tr><td>{}", name);
    for (const char* split : dataset::kSplits)
      html += fmt::format("<td class=n>{}", count(value(split)));
  };
  const auto of = [](const auto& by_split, const char* split) {
    const auto found = by_split.find(split);
    return found == by_split.end() ? typename std::decay_t<decltype(by_split)>::mapped_type()
                                   : found->second;
  };
  for (const auto& entry : gathered.with_label) {
    row(escape(entry.first), [&](const char* split) { return of(entry.second, split); });
  }
  row("<b>all samples</b>", [&](const char* split) { return of(gathered.of_split, split); });
  row("groups (no event is on both sides)",
      [&](const char* split) { return std::ssize(of(gathered.groups, split)); });
  return html + "</table></div>";
}

std::string rejected_table(const dataset::Generation& generation, const Rejected& rejected) {
  if (generation.rejected == 0) return "<h2>Rejected</h2><p>No clip was rejected.</p>";
  std::string html =
      "<h2>Rejected</h2><div class=\"panel scroll\"><table><tr><th>clip<th>reason<th class=n>good "
      "until<th class=n>samples kept";
  for (const auto& row : rejected.first) {
    html += fmt::format("<tr><td>{}<td class=bad>{}<td class=n>{}<td class=n>{}", escape(row.clip),
                        escape(row.reason), clock(row.time_s), count(row.samples_kept));
  }
  html += "</table></div>";
  if (generation.rejected > std::ssize(rejected.first))
    html += fmt::format("<p>The first {} of {}; all are in rejected.parquet.</p>", kMostRejected,
                        generation.rejected);
  return html;
}

std::string costs(const Cost& cost) {
  struct Stage {
    const char* name;
    double seconds;
    const char* color;
  };
  const std::array stages = {Stage{"read and decode", cost.decode_s, "#0b7fab"},
                             Stage{"look for people", cost.scene_s, "#d1495b"},
                             Stage{"resize and colour", cost.transform_s, "#edae49"},
                             Stage{"JPEG", cost.compress_s, "#3d9970"},
                             Stage{"write", cost.write_s, "#8661c1"}};
  double sum = 1e-9;
  for (const Stage& stage : stages) sum += stage.seconds;
  std::string bar, rows;
  for (const Stage& stage : stages) {
    bar += fmt::format("<div style=\"width:{:.2f}%;background:{}\"></div>",
                       stage.seconds / sum * 100, stage.color);
    rows += fmt::format(
        "<tr><td><span class=key style=\"background:{}\"></span>{}<td class=n>{:.2f} s<td "
        "class=n>{:.0f}%",
        stage.color, stage.name, stage.seconds, stage.seconds / sum * 100);
  }
  return fmt::format(
      "<h2>Cost of the last ingest</h2><p>CPU time of all workers; {:.1f} s on the clock.</p><div "
      "class=panel><div class=bar>{}</div>"
      "<table><tr><th>stage<th class=n>CPU<th class=n>share{}</table></div>",
      cost.elapsed_s, bar, rows);
}

}  // namespace

Cost cost_of(const part::Progress& progress, double elapsed_s) {
  const auto seconds = [](int64_t us) { return static_cast<double>(us) * 1e-6; };
  Cost cost{elapsed_s,
            0,
            seconds(progress.scene_us),
            seconds(progress.transform_us),
            seconds(progress.compress_us),
            seconds(progress.write_us)};
  cost.decode_s = std::max(0.0, seconds(progress.work_us) - cost.scene_s - cost.transform_s -
                                    cost.compress_s - cost.write_s);
  return cost;
}

Result<void> write_report(const dataset::Dataset& dataset, const Cost* cost) {
  const dataset::Generation generation = LIDO_TRY(dataset.read_latest());
  const Clips clips = LIDO_TRY(choose(dataset, generation));
  const Rejected rejected = LIDO_TRY(read_rejected(dataset, generation.number, clips));
  const Gathered gathered = LIDO_TRY(gather(dataset, generation.number, clips));
  std::string body = fmt::format("<h1>Lido dataset</h1><p><code>{}</code>, generation {}</p>",
                                 escape(dataset.store().uri()), generation.number);
  body += totals(generation, clips, gathered);
  body += LIDO_TRY(scene_section(dataset, generation));
  body += LIDO_TRY(strips(dataset, clips, gathered));
  body += timeline(generation, clips, rejected, gathered);
  body += splits(gathered);
  body += rejected_table(generation, rejected);
  if (cost != nullptr) body += costs(*cost);
  body += "<h2>Options</h2><div class=panel><table>";
  for (const auto& [name, value] : dataset.identity().items())
    body += fmt::format("<tr><td>{}<td>{}", name,
                        escape(value.is_string() ? value.get<std::string>() : value.dump()));
  body +=
      "</table></div><p>These pictures may show children. They stay where they were filmed unless "
      "their owner moves them.</p>";
  return dataset.store().write_text("report.html", page("Lido dataset", body));
}

Result<std::string> contact_sheet(const dataset::Dataset& dataset,
                                  const dataset::Generation& generation, int most, int epoch) {
  const int64_t shown = std::min<int64_t>(most, generation.samples);
  std::string body = fmt::format(
      "<h1>Contact sheet</h1><p><code>{}</code>: {} of {} samples{}</p><div class=grid>",
      escape(dataset.store().uri()), shown, generation.samples,
      epoch >= 0 ? fmt::format(", each above as stored, below as augmented for epoch {}", epoch)
                 : "");
  std::vector<SampleRow> picked;
  EvenSampler picker(generation.samples, shown);
  LIDO_TRY(dataset.visit<SampleRow>(generation.number, [&](SampleRow& row) -> Result<void> {
    if (picker.picks_next()) picked.push_back(std::move(row));
    return {};
  }));
  for (const SampleRow& row : picked) {
    const auto frames = LIDO_TRY(dataset.read_frames(row));
    if (frames.empty()) continue;
    dataset::JpegEncoder encoder;
    const media::Image& frame = frames[frames.size() / 2];
    std::string images = image_tag(LIDO_TRY(encoder.encode(frame, 85)), row.sample);
    if (epoch >= 0) {
      const auto augmentation =
          dataset::draw_augmentation({}, static_cast<uint64_t>(dataset.identity().value("seed", 0)),
                                     epoch, row.group, row.sample, frame.width, frame.height);
      images += image_tag(
          LIDO_TRY(encoder.encode(
              dataset::augment(frame, augmentation, static_cast<int>(frames.size() / 2)), 85)),
          row.sample);
    }
    std::string labels;
    for (const auto& label : row.labels)
      labels += fmt::format("<br>{}: {}", escape(label.task), escape(label.label));
    const std::string track = row.track > 0 ? fmt::format(", track {}", row.track) : "";
    body += fmt::format(
        "<figure>{}<figcaption>{} {}{}<br>{}, <code>{}</code>{}</figcaption></figure>", images,
        escape(short_name(row.clip)), clock(row.start_s), track, row.split, row.sample, labels);
  }
  return page("Lido contact sheet", body + "</div>");
}

}  // namespace lido::report
