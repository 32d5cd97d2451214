// SPDX-License-Identifier: Apache-2.0
#include "lido/report/report_scene.h"

#include <algorithm>
#include <map>
#include <set>

#include "lido/dataset/scenes.h"
#include "lido/report/html.h"
#include "lido/scene/draw.h"

namespace lido::report {
namespace {

constexpr size_t kMostClips = 24;
constexpr size_t kMostPlates = 24;
constexpr size_t kMostTracks = 10;  // of a clip, the longest
constexpr double kTrail_s = 8;

constexpr std::array<std::pair<const char*, const char*>, 7> kMotionColors = {
    {{"still", "var(--line)"},
     {"pan", "#2e86ab"},
     {"tilt", "#3d9970"},
     {"zoom", "#8661c1"},
     {"shake", "#edae49"},
     {"cut", "#d1495b"},
     {"unknown", "#7a7a7a"}}};

/// Where a track was at one time.
struct TrackPoint {
  double time_s = 0;
  int64_t track = 0;
  double x = 0, y = 0;
};

/// One clip that is shown.
struct ClipScene {
  std::vector<std::pair<std::string, dataset::SceneView>> views;  // with their folder
  std::map<int64_t, std::vector<dataset::ObjectRow>> objects;     // at the views' times
  std::vector<TrackPoint> trail;
  std::vector<dataset::TrackRow> tracks;
  std::vector<std::pair<std::string, std::pair<double, double>>> motions;  // runs of one kind
  std::vector<dataset::QualityRow> faults;
  std::vector<std::pair<double, double>> skipped;  // seconds
};

struct Gathered {
  std::map<std::string, ClipScene> clips;
  std::vector<std::pair<std::string, dataset::ScenePlate>> plates;
  std::map<std::string, int64_t> tracks;  // by kind
  std::map<std::string, double> faults;   // seconds
  int64_t looked = 0, still = 0, proposals = 0;
};

Result<void> gather_tables(storage::Store& store, const std::string& folder, Gathered& all) {
  using Done = Result<void>;
  const auto shown = [&](const std::string& clip) -> ClipScene* {
    const auto found = all.clips.find(clip);
    return found == all.clips.end() ? nullptr : &found->second;
  };
  LIDO_TRY(dataset::visit_table<dataset::ObjectRow>(
      store, folder + dataset::kObjectsTable, [&](dataset::ObjectRow& row) -> Done {
        all.proposals += row.source == "motion" ? 1 : 0;
        ClipScene* clip = shown(row.clip);
        if (clip == nullptr) return {};
        if (row.track != 0)
          clip->trail.push_back({row.time_s, row.track, row.x + row.width / 2, row.y + row.height});
        const auto at = clip->objects.find(row.k);
        if (at != clip->objects.end()) at->second.push_back(std::move(row));
        return {};
      }));
  LIDO_TRY(dataset::visit_table<dataset::TrackRow>(store, folder + dataset::kTracksTable,
                                                   [&](dataset::TrackRow& row) -> Done {
                                                     ++all.tracks[row.class_name];
                                                     if (ClipScene* clip = shown(row.clip))
                                                       clip->tracks.push_back(std::move(row));
                                                     return {};
                                                   }));
  LIDO_TRY(dataset::visit_table<dataset::MotionRow>(
      store, folder + dataset::kMotionTable, [&](dataset::MotionRow& row) -> Done {
        ++all.looked;
        all.still += row.motion == "still" ? 1 : 0;
        ClipScene* clip = shown(row.clip);
        if (clip == nullptr) return {};
        if (clip->motions.empty() || clip->motions.back().first != row.motion)
          clip->motions.push_back({row.motion, {row.time_s, row.time_s}});
        clip->motions.back().second.second = row.time_s;
        return {};
      }));
  return dataset::visit_table<dataset::QualityRow>(
      store, folder + dataset::kQualityTable, [&](dataset::QualityRow& row) -> Done {
        all.faults[row.fault] += row.end_s - row.start_s;
        if (ClipScene* clip = shown(row.clip)) clip->faults.push_back(std::move(row));
        return {};
      });
}

Result<Gathered> gather(const dataset::Dataset& dataset, const dataset::Generation& generation) {
  Gathered all;
  storage::Store& store = dataset.store();
  for (const std::string& folder : generation.scenes) {
    const auto pictures = LIDO_TRY(dataset::read_scene_pictures(store, folder));
    for (const dataset::SceneView& view : pictures.views) {
      if (all.clips.size() >= kMostClips && !all.clips.contains(view.clip)) continue;
      ClipScene& clip = all.clips[view.clip];
      clip.views.emplace_back(folder, view);
      clip.objects[view.k];
    }
    for (const dataset::ScenePlate& plate : pictures.plates) {
      if (all.plates.size() < kMostPlates) all.plates.emplace_back(folder, plate);
    }
  }
  for (const std::string& folder : generation.scenes) LIDO_TRY(gather_tables(store, folder, all));
  const auto add_skipped = [&](const dataset::SkippedRow& row) -> Result<void> {
    const auto found = all.clips.find(row.clip);
    if (found == all.clips.end()) return {};
    auto& skipped = found->second.skipped;
    if (!skipped.empty() && skipped.back().second == row.start_s)
      skipped.back().second = row.end_s;
    else
      skipped.emplace_back(row.start_s, row.end_s);
    return {};
  };
  LIDO_TRY(dataset.visit<dataset::SkippedRow>(generation.number, add_skipped));
  return all;
}

std::string color_of(int64_t track) {
  const auto [red, green, blue] = scene::track_color(track);
  return fmt::format("#{:02x}{:02x}{:02x}", red, green, blue);
}

/// One picture with boxes and trails over it.
Result<std::string> picture(storage::Store& store, const std::string& folder,
                            const dataset::SceneView& view, const ClipScene& clip) {
  const std::string jpeg = LIDO_TRY(store.read_text(folder + "/" + view.file));
  const double size = std::max(view.source_width, view.source_height);
  const double line = size / 260, letters = size / 34;
  std::string svg;
  std::map<int64_t, std::string> trails;
  for (const TrackPoint& point : clip.trail) {
    if (point.time_s > view.time_s || point.time_s < view.time_s - kTrail_s) continue;
    trails[point.track] += fmt::format("{:.0f},{:.0f} ", point.x, point.y);
  }
  for (const auto& [track, points] : trails) {
    svg += fmt::format(
        "<polyline points=\"{}\" fill=none stroke=\"{}\" stroke-width=\"{:.1f}\" "
        "stroke-opacity=\".8\" />",
        points, color_of(track), line);
  }
  for (const dataset::ObjectRow& row : clip.objects.at(view.k)) {
    const std::string color = row.track != 0 ? color_of(row.track) : "#d0d0d0";
    svg += fmt::format(
        "<rect x={:.0f} y={:.0f} width={:.0f} height={:.0f} fill=none stroke=\"{}\" "
        "stroke-width={:.1f}{} />",
        row.x, row.y, row.width, row.height, color, row.track != 0 ? line * 1.4 : line * 0.7,
        row.source == "motion" ? fmt::format(" stroke-dasharray={:.0f}", line * 3) : "");
    if (row.track == 0) continue;
    svg += fmt::format("<text x={:.0f} y={:.0f} style=\"font-size:{:.0f}px\">{} {}</text>", row.x,
                       std::max(letters, row.y - line * 2), letters, escape(row.class_name), row.track);
  }
  return fmt::format(
      "<div class=view>{}<svg viewBox=\"0 0 {} {}\" preserveAspectRatio=none "
      "aria-hidden=true>{}</svg><span>{}</span></div>",
      image_tag(jpeg, short_name(view.clip)), view.source_width, view.source_height, svg,
      clock(view.time_s));
}

/// Tracks, camera motion and faults of one clip along time.
std::string lanes(const ClipScene& clip, double duration_s, double step_s) {
  constexpr double kLeft = 120, kWidth = 940, kRow = 17;
  std::vector<dataset::TrackRow> tracks = clip.tracks;
  std::ranges::stable_sort(tracks, std::greater(), &dataset::TrackRow::sightings);
  const size_t left_out = tracks.size() - std::min(tracks.size(), kMostTracks);
  tracks.resize(tracks.size() - left_out);
  std::ranges::stable_sort(tracks, {}, &dataset::TrackRow::first_k);
  std::string svg;
  double y = 2;
  const auto bar = [&](double start_s, double end_s, const std::string& color) {
    const double from = kLeft + start_s / duration_s * kWidth;
    const double to = kLeft + std::min(1.0, end_s / duration_s) * kWidth;
    svg += fmt::format("<rect x={:.1f} y={:.1f} width={:.1f} height=11 rx=3 fill=\"{}\"/>", from, y,
                       std::max(2.0, to - from), color);
  };
  const auto name = [&](const std::string& text) {
    svg += fmt::format("<text x=0 y={:.1f}>{}</text>", y + 10, escape(text));
  };
  for (const dataset::TrackRow& track : tracks) {
    name(fmt::format("{} {}", track.class_name, track.track));
    bar(track.start_s, track.end_s + step_s, color_of(track.track));
    y += kRow;
  }
  name("camera");
  for (const auto& [motion, time] : clip.motions) {
    const auto color =
        std::ranges::find(kMotionColors, motion, [](const auto& c) { return c.first; });
    bar(time.first, time.second + step_s, color == kMotionColors.end() ? "#7a7a7a" : color->second);
  }
  y += kRow;
  if (!clip.skipped.empty()) {
    name("passed over");
    for (const auto& [start_s, end_s] : clip.skipped) bar(start_s, end_s, "var(--line)");
    y += kRow;
  }
  std::set<std::string> faults;
  for (const auto& row : clip.faults) faults.insert(row.fault);
  for (const std::string& fault : faults) {
    name(fault);
    for (const auto& row : clip.faults) {
      if (row.fault == fault) bar(row.start_s, row.end_s, "var(--red)");
    }
    y += kRow;
  }
  std::string html = fmt::format(
      "<svg viewBox=\"0 0 {} {:.0f}\" role=img aria-label=\"Tracks, camera motion and faults along "
      "time\">{}</svg>",
      kLeft + kWidth + 4, y + 2, svg);
  if (left_out > 0) html += fmt::format("<p>{} shorter tracks are not shown.</p>", left_out);
  return html;
}

std::string totals(const Gathered& all) {
  std::string html = "<div class=cards>";
  int64_t others = 0;
  for (const auto& [kind, number] : all.tracks) {
    if (kind == "person")
      html += card(count(number), "people followed");
    else
      others += number;
  }
  html += card(count(others), "other objects followed");
  html += card(count(all.proposals), "times something moved unrecognised");
  const double share =
      all.looked > 0 ? 100.0 * static_cast<double>(all.still) / static_cast<double>(all.looked) : 0;
  html += card(fmt::format("{:.1f}%", share), "of the time the camera was still");
  double seconds = 0;
  for (const auto& [fault, s] : all.faults) seconds += s;
  html += card(clock(seconds), "with a fault of the view");
  return html + "</div>";
}

}  // namespace

Result<std::string> scene_section(const dataset::Dataset& dataset,
                                  const dataset::Generation& generation) {
  if (generation.scenes.empty()) return std::string();
  const Gathered all = LIDO_TRY(gather(dataset, generation));
  std::string html =
      "<h2>What the clips show</h2><p>Boxes: what the detector found and Lido followed, each with "
      "its number in the clip; thin grey: found, not followed; dashed: moved, not recognised. "
      "Lines: where they came from in the last seconds.</p>" +
      totals(all);
  if (std::ssize(all.clips) < generation.clips)
    html +=
        fmt::format("<p>{} of {} clips, evenly picked.</p>", all.clips.size(), generation.clips);
  const Rational fps = LIDO_TRY(dataset.frame_rate());
  const auto add_clip = [&](const dataset::ClipRow& row) -> Result<void> {
    const auto found = all.clips.find(row.clip);
    if (found == all.clips.end()) return {};
    const ClipScene& clip = found->second;
    html += fmt::format("<div class=strip><p><b>{}</b><span>{}</span></p></div><div class=views>",
                        escape(short_name(row.clip)), escape(row.camera));
    for (const auto& [folder, view] : clip.views)
      html += LIDO_TRY(picture(dataset.store(), folder, view, clip));
    html += "</div><div class=panel>" +
            lanes(clip, std::max(row.duration_s, 1 / fps.value()), 1 / fps.value()) + "</div>";
    return {};
  };
  LIDO_TRY(dataset.visit<dataset::ClipRow>(generation.number, add_clip));
  html += "<p>Camera:";
  for (const auto& [motion, color] : kMotionColors) {
    html += fmt::format(" <span class=key style=\"background:{};margin-left:10px\"></span>{}",
                        color, motion);
  }
  html += "</p>";
  if (all.plates.empty()) return html;
  html +=
      "<h2>Views without people</h2><p>The median of pictures spread over the footage, and where "
      "it "
      "moves by itself (brighter: more): water, leaves, flags.</p>";
  for (const auto& [folder, plate] : all.plates) {
    html += "<div class=views>";
    for (const std::string& file : {plate.background, plate.activity}) {
      const std::string jpeg =
          LIDO_TRY(dataset.store().read_text(fmt::format("{}/{}", folder, file)));
      html +=
          fmt::format("<div class=view>{}<span>{}, {}</span></div>", image_tag(jpeg, plate.camera),
                      escape(short_name(plate.camera)), escape(plate.day_part));
    }
    html += "</div>";
  }
  return html;
}

}  // namespace lido::report
