// SPDX-License-Identifier: Apache-2.0
#include "lido/report/report_scene.h"

#include <algorithm>
#include <map>
#include <set>

#include "lido/base/counted.h"
#include "lido/dataset/scenes.h"
#include "lido/report/html.h"
#include "lido/report/timeline.h"
#include "lido/scene/draw.h"

namespace lido::report {
namespace {

constexpr size_t kMaxClips = 24;
constexpr size_t kMaxPlates = 24;
constexpr size_t kMaxTracks = 10;  // Per clip, the tracks with most sightings.
constexpr double kTrail_s = 8;     // Length of the trails behind boxes.

constexpr std::array<std::pair<const char*, const char*>, 7> kMotionColours = {
    {{"still", "var(--line)"},
     {"pan", "#2e86ab"},
     {"tilt", "#3d9970"},
     {"zoom", "#8661c1"},
     {"shake", "#edae49"},
     {"cut", "#d1495b"},
     {"unknown", "#7a7a7a"}}};

/// Position of a track at one time: the middle of the box's bottom edge.
struct TrackPoint {
  double time_s = 0;
  int64_t track = 0;
  double x = 0, y = 0;  ///< Upright source pixels.
};

/// Scene tables of one clip that the report shows.
struct ClipScene {
  std::vector<std::pair<std::string, dataset::SceneView>> views;  // With their folder.
  std::map<int64_t, std::vector<dataset::ObjectRow>> objects;     // At the views' times.
  std::map<int64_t, std::vector<dataset::PoseRow>> poses;         // At the views' times.
  std::vector<TrackPoint> trail;
  std::vector<dataset::TrackRow> tracks;
  std::vector<std::pair<std::string, Interval>> motions;  // Runs of one kind of camera motion.
  std::vector<dataset::QualityRow> faults;
  std::vector<Interval> skipped;
};

/// Scene tables of all clips.
struct SceneData {
  std::map<std::string, ClipScene> clips;
  std::vector<std::pair<std::string, dataset::ScenePlate>> plates;  // With their folder.
  std::map<std::string, int64_t> tracks;                            // By class.
  std::map<std::string, double> faults;                             // Seconds, by fault.
  int64_t times = 0, still_times = 0;  ///< Sampling times; those with a still camera.
  int64_t proposals = 0;               ///< Boxes that only the motion detector found.
};

/// Reads the poses at the times of views, where an ingest looked for them.
Result<void> read_poses(storage::Store& store, const std::string& folder, SceneData& all) {
  const std::string table = dataset::scene_table<dataset::PoseRow>(folder);
  if (!LIDO_TRY(store.exists(table))) return {};
  return dataset::visit_table<dataset::PoseRow>(
      store, table, [&](dataset::PoseRow& row) -> Result<void> {
        const auto clip = all.clips.find(row.clip);
        if (clip != all.clips.end() && clip->second.objects.contains(row.k))
          clip->second.poses[row.k].push_back(std::move(row));
        return {};
      });
}

/// Reads the tables of one scene folder.
Result<void> read_tables(storage::Store& store, const std::string& folder, SceneData& all) {
  using Done = Result<void>;
  const auto shown = [&](const std::string& clip) -> ClipScene* {
    const auto found = all.clips.find(clip);
    return found == all.clips.end() ? nullptr : &found->second;
  };
  LIDO_TRY(dataset::visit_table<dataset::ObjectRow>(
      store, dataset::scene_table<dataset::ObjectRow>(folder),
      [&](dataset::ObjectRow& row) -> Done {
        all.proposals += row.source == "motion" ? 1 : 0;
        ClipScene* clip = shown(row.clip);
        if (clip == nullptr) return {};
        if (row.track != 0)
          clip->trail.push_back({row.time_s, row.track, row.x + row.width / 2, row.y + row.height});
        const auto view = clip->objects.find(row.k);
        if (view != clip->objects.end()) view->second.push_back(std::move(row));
        return {};
      }));
  LIDO_TRY(dataset::visit_table<dataset::TrackRow>(
      store, dataset::scene_table<dataset::TrackRow>(folder), [&](dataset::TrackRow& row) -> Done {
        ++all.tracks[row.class_name];
        if (ClipScene* clip = shown(row.clip)) clip->tracks.push_back(std::move(row));
        return {};
      }));
  LIDO_TRY(dataset::visit_table<dataset::MotionRow>(
      store, dataset::scene_table<dataset::MotionRow>(folder),
      [&](dataset::MotionRow& row) -> Done {
        ++all.times;
        all.still_times += row.motion == "still" ? 1 : 0;
        ClipScene* clip = shown(row.clip);
        if (clip == nullptr) return {};
        if (clip->motions.empty() || clip->motions.back().first != row.motion)
          clip->motions.push_back({row.motion, {row.time_s, row.time_s}});
        clip->motions.back().second.end_s = row.time_s;
        return {};
      }));
  return dataset::visit_table<dataset::QualityRow>(
      store, dataset::scene_table<dataset::QualityRow>(folder),
      [&](dataset::QualityRow& row) -> Done {
        all.faults[row.fault] += row.end_s - row.start_s;
        if (ClipScene* clip = shown(row.clip)) clip->faults.push_back(std::move(row));
        return {};
      });
}

Result<SceneData> read_scenes(const dataset::Dataset& dataset,
                              const dataset::Generation& generation) {
  SceneData all;
  storage::Store& store = dataset.store();
  for (const std::string& folder : generation.scenes) {
    const auto pictures = LIDO_TRY(dataset::read_scene_pictures(store, folder));
    for (const dataset::SceneView& view : pictures.views) {
      if (all.clips.size() >= kMaxClips && !all.clips.contains(view.clip)) continue;
      ClipScene& clip = all.clips[view.clip];
      clip.views.emplace_back(folder, view);
      clip.objects[view.k];
    }
    for (const dataset::ScenePlate& plate : pictures.plates) {
      if (all.plates.size() < kMaxPlates) all.plates.emplace_back(folder, plate);
    }
  }
  for (const std::string& folder : generation.scenes) {
    LIDO_TRY(read_tables(store, folder, all));
    LIDO_TRY(read_poses(store, folder, all));
  }
  const auto add_skipped = [&](const dataset::SkippedRow& row) -> Result<void> {
    const auto found = all.clips.find(row.clip);
    if (found != all.clips.end()) extend(found->second.skipped, row.start_s, row.end_s);
    return {};
  };
  LIDO_TRY(dataset.visit<dataset::SkippedRow>(generation.number, add_skipped));
  return all;
}

std::string colour_of(int64_t track) {
  const auto [red, green, blue] = scene::track_color(track);
  return fmt::format("#{:02x}{:02x}{:02x}", red, green, blue);
}

/// Returns the limbs and keypoints of a person as SVG in source pixels.
std::string skeleton(const dataset::PoseRow& row, double line) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin <= row.names.size();) {
    const size_t end = std::min(row.names.find(',', begin), row.names.size());
    names.push_back(row.names.substr(begin, end - begin));
    begin = end + 1;
  }
  std::string svg;
  const auto is_sure = [&](size_t i) {
    return 3 * i + 2 < row.keypoints.size() && row.keypoints[3 * i + 2] >= scene::kMinDrawnScore;
  };
  for (const auto& [from, to] : scene::limbs(names)) {
    if (!is_sure(from) || !is_sure(to)) continue;
    svg += fmt::format(
        "<line x1={:.0f} y1={:.0f} x2={:.0f} y2={:.0f} stroke=\"{}\" stroke-width={:.1f} />",
        row.keypoints[3 * from], row.keypoints[3 * from + 1], row.keypoints[3 * to],
        row.keypoints[3 * to + 1], colour_of(row.track), line);
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (is_sure(i))
      svg += fmt::format("<circle cx={:.0f} cy={:.0f} r={:.1f} fill=\"#fff\" />",
                         row.keypoints[3 * i], row.keypoints[3 * i + 1], line);
  }
  return svg;
}

/// Returns the trails that end at a time, and the boxes of that time, as SVG in source pixels.
std::string overlay(const dataset::SceneView& view, const ClipScene& clip) {
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
        points, colour_of(track), line);
  }
  for (const dataset::ObjectRow& row : clip.objects.at(view.k)) {
    svg += fmt::format(
        "<rect x={:.0f} y={:.0f} width={:.0f} height={:.0f} fill=none stroke=\"{}\" "
        "stroke-width={:.1f}{} />",
        row.x, row.y, row.width, row.height, row.track != 0 ? colour_of(row.track) : "#d0d0d0",
        row.track != 0 ? line * 1.4 : line * 0.7,
        row.source == "motion" ? fmt::format(" stroke-dasharray={:.0f}", line * 3) : "");
    if (row.track == 0) continue;
    svg += fmt::format("<text x={:.0f} y={:.0f} style=\"font-size:{:.0f}px\">{} {}</text>", row.x,
                       std::max(letters, row.y - line * 2), letters, escape(row.class_name),
                       row.track);
  }
  if (const auto poses = clip.poses.find(view.k); poses != clip.poses.end()) {
    for (const dataset::PoseRow& row : poses->second) svg += skeleton(row, line);
  }
  return svg;
}

/// Returns a frame of a clip with its boxes and trails.
Result<std::string> view_html(storage::Store& store, const std::string& folder,
                              const dataset::SceneView& view, const ClipScene& clip) {
  const std::string jpeg = LIDO_TRY(store.read_text(folder + "/" + view.file));
  return fmt::format(
      "<div class=view>{}<svg viewBox=\"0 0 {} {}\" preserveAspectRatio=none "
      "aria-hidden=true>{}</svg><span>{}</span></div>",
      image_tag(jpeg, fmt::format("{} at {}", short_name(view.clip), clock(view.time_s))),
      view.source_width, view.source_height, overlay(view, clip), clock(view.time_s));
}

/// Adds a row per track of a clip; returns the number of shorter tracks that are left out.
size_t add_tracks(Timeline& rows, const ClipScene& clip, double step_s) {
  std::vector<dataset::TrackRow> tracks = clip.tracks;
  std::ranges::stable_sort(tracks, std::greater(), &dataset::TrackRow::sightings);
  const size_t left_out = tracks.size() - std::min(tracks.size(), kMaxTracks);
  tracks.resize(tracks.size() - left_out);
  std::ranges::stable_sort(tracks, {}, &dataset::TrackRow::first_k);
  for (const dataset::TrackRow& track : tracks) {
    rows.start_row(fmt::format("{} {}", track.class_name, track.track));
    rows.add_bar(track.start_s, track.end_s + step_s, colour_of(track.track));
  }
  return left_out;
}

void add_labels(Timeline& rows, const ShownSamples& samples,
                const std::map<std::string, std::string>& colours) {
  for (const auto& [label, intervals] : samples.labelled) {
    const auto colour = colours.find(label);
    rows.start_row(label);
    for (const Interval& interval : intervals)
      rows.add_bar(interval.start_s, interval.end_s,
                   colour == colours.end() ? "#7a7a7a" : colour->second);
  }
}

void add_camera(Timeline& rows, const ClipScene& clip, double step_s) {
  rows.start_row("camera motion");
  for (const auto& [motion, time] : clip.motions) {
    const auto colour =
        std::ranges::find(kMotionColours, motion, [](const auto& entry) { return entry.first; });
    rows.add_bar(time.start_s, time.end_s + step_s,
                 colour == kMotionColours.end() ? "#7a7a7a" : colour->second);
  }
  if (!clip.skipped.empty()) {
    rows.start_row("skipped");
    for (const Interval& interval : clip.skipped)
      rows.add_bar(interval.start_s, interval.end_s, "var(--line)");
  }
  std::set<std::string> faults;
  for (const auto& row : clip.faults) faults.insert(row.fault);
  for (const std::string& fault : faults) {
    rows.start_row(fault);
    for (const auto& row : clip.faults) {
      if (row.fault == fault) rows.add_bar(row.start_s, row.end_s, "var(--red)");
    }
  }
}

/// Returns tracks, labels, camera motion and faults of one clip along time.
std::string clip_timeline(const ClipScene& clip, const dataset::ClipRow& row, double step_s,
                          const ReportData& data,
                          const std::map<std::string, std::string>& colours) {
  Timeline rows(std::max(row.duration_s, step_s));
  const size_t left_out = add_tracks(rows, clip, step_s);
  if (const auto samples = data.samples.clips.find(row.clip); samples != data.samples.clips.end())
    add_labels(rows, samples->second, colours);
  add_camera(rows, clip, step_s);
  std::string html =
      "<div class=\"panel scroll\" tabindex=0>" +
      rows.svg("Tracks, labels, camera motion and view faults of " + short_name(row.clip));
  if (left_out > 0)
    html += fmt::format("<p>{} not shown.</p>",
                        counted(left_out, "shorter track is", "shorter tracks are"));
  return html + "</div>";
}

std::string totals(const SceneData& all) {
  int64_t people = 0, others = 0;
  for (const auto& [kind, number] : all.tracks) (kind == "person" ? people : others) += number;
  const double still =
      all.times > 0 ? 100.0 * static_cast<double>(all.still_times) / static_cast<double>(all.times)
                    : 0;
  double fault_s = 0;
  for (const auto& [fault, seconds] : all.faults) fault_s += seconds;
  return "<div class=cards>" + count_card(people, "track of a person", "tracks of people") +
         count_card(others, "track of another object", "tracks of other objects") +
         count_card(all.proposals, "moving box of no known class",
                    "moving boxes of no known class") +
         card(fmt::format("{:.1f}%", still), "of the time with a still camera") +
         card(clock(fault_s), "with a view fault") + "</div>";
}

/// Returns the background plates, and how strongly the background moves.
Result<std::string> plates_html(const dataset::Dataset& dataset, const SceneData& all) {
  std::string html =
      "<h2 id=plates>Background plates</h2><p>Left: median of frames that are spread over the "
      "footage of a camera. Right: motion of the background, such as water, leaves and flags; "
      "brighter is more. In short footage a person who stays in place remains in the median.</p>";
  for (const auto& [folder, plate] : all.plates) {
    html += "<div class=views>";
    for (const auto& [file, name] :
         {std::pair(plate.background, "background"), std::pair(plate.activity, "motion")}) {
      const std::string jpeg =
          LIDO_TRY(dataset.store().read_text(fmt::format("{}/{}", folder, file)));
      html += fmt::format("<div class=view>{}<span>{}, {}, {} of {} frames</span></div>",
                          image_tag(jpeg, fmt::format("{} of {}", name, short_name(plate.camera))),
                          escape(short_name(plate.camera)), escape(plate.day_part), name,
                          plate.pictures);
    }
    html += "</div>";
  }
  return html;
}

}  // namespace

Result<std::string> scene_section(const dataset::Dataset& dataset,
                                  const dataset::Generation& generation, const ReportData& data,
                                  const std::map<std::string, std::string>& colours) {
  if (generation.scenes.empty()) return std::string();
  const SceneData all = LIDO_TRY(read_scenes(dataset, generation));
  std::string html =
      "<h2 id=scenes>Objects and camera</h2><p>Coloured box: a tracked object, with class and "
      "track "
      "number. Thin grey box: detected, not tracked. Dashed box: moved, not recognised. Line: path "
      "of the last 8 seconds. With --poses, the keypoints of tracked people are drawn.</p>" +
      totals(all);
  html += "<p class=legend>Camera motion: ";
  for (const auto& [motion, colour] : kMotionColours) html += legend_key(colour, motion);
  html += "</p>";
  if (std::ssize(all.clips) < generation.clips)
    html +=
        fmt::format("<p>{} of {} clips, spread evenly.</p>", all.clips.size(), generation.clips);
  const double step_s = 1 / LIDO_TRY(dataset.frame_rate()).value();
  const auto add_clip = [&](const dataset::ClipRow& row) -> Result<void> {
    const auto found = all.clips.find(row.clip);
    if (found == all.clips.end()) return {};
    const ClipScene& clip = found->second;
    html += fmt::format(
        "<section class=clip><header><h3>{}</h3><span>{}</span></header><div class=views>",
        escape(short_name(row.clip)), escape(row.camera));
    for (const auto& [folder, view] : clip.views)
      html += LIDO_TRY(view_html(dataset.store(), folder, view, clip));
    html += "</div>" + clip_timeline(clip, row, step_s, data, colours) + "</section>";
    return {};
  };
  LIDO_TRY(dataset.visit<dataset::ClipRow>(generation.number, add_clip));
  if (all.plates.empty()) return html;
  return html + LIDO_TRY(plates_html(dataset, all));
}

}  // namespace lido::report
