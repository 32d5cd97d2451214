// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/top_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "lido/base/json_text.h"
#include "lido/geometry/site.h"
#include "lido/storage/reader.h"
#include "lido/storage/store.h"
#include "lido/synth/embedded.h"
#include "lido/synth/world/life.h"

namespace lido::synth {
namespace {

using geometry::Site;
using OrderedJson = nlohmann::ordered_json;

constexpr double kBoxes_hz = 5;
constexpr int64_t kMaxSiteBytes = 1 << 20;

OrderedJson points(const std::vector<Point>& all) {
  OrderedJson list = OrderedJson::array();
  for (const Point p : all) list.push_back({p.x, p.y});
  return list;
}

Result<Site> read_site_file(const std::string& folder) {
  const std::string file = folder + "/site.yaml";
  const auto reader = LIDO_TRY(storage::open_reader(file));
  return geometry::read_site(LIDO_TRY(storage::read_all(*reader, kMaxSiteBytes)), file);
}

/// Each camera's clip, with boxes around people kBoxes_hz times a second.
Result<OrderedJson> cameras_json(storage::Store& store, const Site& site, double duration_s) {
  OrderedJson films = OrderedJson::array();
  for (const geometry::Camera& camera : site.cameras) {
    OrderedJson boxes = OrderedJson::array();
    for (int64_t i = 0; static_cast<double>(i) <= duration_s * kBoxes_hz; ++i)
      boxes.push_back(OrderedJson::array());
    LIDO_TRY(dataset::visit_table<dataset::SeenRow>(
        store, "truth/" + camera.name + ".parquet", [&](dataset::SeenRow& row) -> Result<void> {
          const double at = row.time_s * kBoxes_hz;
          const auto index = static_cast<size_t>(std::llround(at));
          const bool is_nearest_frame =
              std::abs(at - static_cast<double>(index)) * 2 <= kBoxes_hz / camera.fps;
          if (!is_nearest_frame || row.visible.empty() || index >= boxes.size()) return {};
          OrderedJson box = {row.person};
          for (const double value : row.visible) box.push_back(std::round(value));
          box.push_back(row.danger);
          boxes[index].push_back(std::move(box));
          return {};
        }));
    films.push_back({{"name", camera.name},
                     {"clip", "clips/" + camera.name + ".mp4"},
                     {"width", camera.width},
                     {"height", camera.height},
                     {"boxes", std::move(boxes)}});
  }
  return films;
}

/// The whole interval that was filmed; nothing for a simulation without films.
Result<std::optional<DayInterval>> film_interval(storage::Store& store) {
  constexpr double kMaxShown_s = 600;
  if (!LIDO_TRY(store.exists("clips.csv"))) return std::nullopt;
  DayInterval interval{0, 1e18, -1e18};
  LIDO_TRY(dataset::visit_table<dataset::TruthRow>(
      store, tracks_file(0), [&](dataset::TruthRow& row) -> Result<void> {
        interval.from_s = std::min(interval.from_s, row.time_s);
        interval.to_s = std::max(interval.to_s, row.time_s);
        return {};
      }));
  if (interval.to_s < interval.from_s) return std::nullopt;
  interval.to_s = std::min(interval.to_s, interval.from_s + kMaxShown_s);
  return interval;
}

Result<std::vector<dataset::VisitorRow>> read_visitors(storage::Store& store,
                                                       const std::string& folder) {
  if (!LIDO_TRY(store.exists("visitors.parquet")))
    return fail(ErrorCode::kInvalidArgument,
                "{}: no simulation, got no visitors.parquet there. Give a folder that `lido synth "
                "tracks`, `scene` or `pool` wrote.",
                folder);
  return dataset::read_table<dataset::VisitorRow>(store, "visitors.parquet");
}

/// Tracks of an interval, as the page's script reads them.
struct Tracks {
  std::map<double, OrderedJson> frames;      ///< By time: people present.
  std::map<std::string, size_t> behaviours;  ///< Names, numbered in order of appearance.
};
Result<Tracks> read_tracks(storage::Store& store, const DayInterval& interval) {
  const auto rounded = [](double value) { return std::round(value * 1000) / 1000; };
  Tracks tracks;
  LIDO_TRY(dataset::visit_table<dataset::TruthRow>(
      store, tracks_file(interval.day), [&](dataset::TruthRow& row) -> Result<void> {
        if (row.time_s < interval.from_s || row.time_s > interval.to_s) return {};
        const size_t behaviour =
            tracks.behaviours.try_emplace(row.behaviour, tracks.behaviours.size()).first->second;
        tracks.frames.try_emplace(row.time_s, OrderedJson::array())
            .first->second.push_back({row.person, rounded(row.x_m), rounded(row.y_m),
                                      rounded(row.mouth_m), rounded(row.heading_rad), behaviour,
                                      row.danger});
        return {};
      }));
  return tracks;
}

OrderedJson dangers_json(const SimulationSummary& summary, const DayInterval& interval) {
  OrderedJson dangers = OrderedJson::array();
  for (const dataset::DangerRow& row : summary.dangers) {
    if (row.day != interval.day || row.end_s < interval.from_s || row.start_s > interval.to_s)
      continue;
    dangers.push_back({{"person", row.person},
                       {"kind", row.kind},
                       {"danger", row.danger},
                       {"begin", row.start_s},
                       {"end", row.end_s},
                       {"outcome", row.outcome}});
  }
  return dangers;
}

void replace_once(std::string& text, std::string_view what, std::string_view by) {
  text.replace(text.find(what), what.size(), by);
}

/// The page with its style, script and data inside.
std::string fill_page(const OrderedJson& data) {
  std::string json = json_text(data);
  // A name that holds "</script>" would end the script, and "<!--<script>" hide its end. In JSON
  // only texts hold a "<".
  for (size_t at = 0; (at = json.find('<', at)) != std::string::npos; at += 6)
    json.replace(at, 1, "\\u003c");
  std::string page(embedded::kTopViewHtml);
  replace_once(page, "{{style}}", embedded::kTopViewCss);
  replace_once(page, "{{script}}", embedded::kTopViewJs);
  replace_once(page, "{{data}}", json);
  return page;
}

}  // namespace

Result<SimulationSummary> summarise_simulation(const std::string& folder) {
  const auto store = LIDO_TRY(storage::open_store(folder));
  SimulationSummary summary;
  for (const auto& row : LIDO_TRY(read_visitors(*store, folder)))
    summary.days = std::max(summary.days, row.day + 1);
  summary.dangers = LIDO_TRY(dataset::read_table<dataset::DangerRow>(*store, "events.parquet"));
  return summary;
}

Result<DayInterval> default_interval(const std::string& folder) {
  constexpr double kBefore_s = 60, kAfter_s = 180, kQuiet_s = 600;
  const auto store = LIDO_TRY(storage::open_store(folder));
  const auto visitors = LIDO_TRY(read_visitors(*store, folder));
  if (const auto film = LIDO_TRY(film_interval(*store))) return *film;
  const auto events = LIDO_TRY(dataset::read_table<dataset::DangerRow>(*store, "events.parquet"));
  if (!events.empty())
    return DayInterval{events[0].day, events[0].start_s - kBefore_s, events[0].start_s + kAfter_s};
  for (const auto& row : visitors) {
    // Party 1 is the cleaner, who comes before opening.
    if (row.party > 1) return DayInterval{row.day, row.arrives_s, row.arrives_s + kQuiet_s};
  }
  return DayInterval{0, 0, kQuiet_s};
}

namespace {

/// A time of the day as hh:mm.
std::string time_of_day(double time_s) {
  const auto minutes = static_cast<int64_t>(time_s / 60);
  return fmt::format("{:02}:{:02}", minutes / 60, minutes % 60);
}

}  // namespace

Result<TopViewPage> top_view_page(const std::string& folder, const DayInterval& interval) {
  const auto store = LIDO_TRY(storage::open_store(folder));
  const SimulationSummary summary = LIDO_TRY(summarise_simulation(folder));
  if (interval.day >= summary.days)
    return fail(ErrorCode::kInvalidArgument, "--day is {}, want a day of {}, 0 to {}", interval.day,
                folder, summary.days - 1);
  const Site site = LIDO_TRY(read_site_file(folder));
  Tracks tracks = LIDO_TRY(read_tracks(*store, interval));
  if (tracks.frames.empty())
    return fail(ErrorCode::kNotFound,
                "{}: no person is present on day {} from {} to {}. Choose another --from.", folder,
                interval.day, time_of_day(interval.from_s), time_of_day(interval.to_s));
  OrderedJson people = OrderedJson::object();
  for (const auto& row : LIDO_TRY(read_visitors(*store, folder))) {
    if (row.day == interval.day)
      people[std::to_string(row.person)] = {{"group", row.age_group}, {"stature", row.stature_m}};
  }
  std::vector<std::string> names(tracks.behaviours.size());
  for (const auto& [name, index] : tracks.behaviours) names[index] = name;
  OrderedJson times = OrderedJson::array(), frames = OrderedJson::array();
  double period_s = 1;
  for (auto& [time_s, frame] : tracks.frames) {
    if (times.size() == 1) period_s = time_s - times[0].get<double>();
    times.push_back(time_s);
    frames.push_back(std::move(frame));
  }
  const DayInterval shown{interval.day, tracks.frames.begin()->first,
                          tracks.frames.rbegin()->first};
  const double duration_s = interval.to_s - interval.from_s;
  std::string html = fill_page({{"day", shown.day},
                                {"from", shown.from_s},
                                {"to", shown.to_s},
                                {"rate", 1 / period_s},
                                {"pool",
                                 {{"outline", points(site.pool.outline)},
                                  {"ways_in", points(site.pool.ways_in)},
                                  {"deck", site.pool.deck_m}}},
                                {"people", people},
                                {"behaviours", names},
                                {"dangers", dangers_json(summary, interval)},
                                {"times", times},
                                {"box_rate", kBoxes_hz},
                                {"cameras", LIDO_TRY(cameras_json(*store, site, duration_s))},
                                {"frames", frames}});
  return TopViewPage{std::move(html), shown};
}

}  // namespace lido::synth
