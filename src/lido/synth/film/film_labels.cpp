// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/film_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "lido/base/hash.h"
#include "lido/dataset/table.h"
#include "lido/dataset/time.h"
#include "lido/dataset/truth_tables.h"
#include "lido/synth/film/frame_truth.h"

namespace lido::synth {
namespace {

/// Longest time out of view in one label, seconds. `lido ingest` interpolates boxes as long.
constexpr double kMaxHidden_s = 2;
/// Midnight at the start of every simulation.
constexpr const char* kFirstDay = "2026-07-01T00:00:00Z";

/// The labels of one clip, row by row of its truth.
class LabelSpans {
 public:
  /// @param frame_s  Time from one frame to the next.
  LabelSpans(double frame_s, double duration_s) : frame_s_(frame_s), duration_s_(duration_s) {}

  void add(const dataset::SeenRow& row) {
    for (const auto& [task, label] :
         {std::pair("behaviour", &row.behaviour), std::pair("danger", &row.danger),
          std::pair("age_group", &row.age_group), std::pair("signal", &row.signal)}) {
      const auto [at, is_new] = open_.try_emplace({row.person, task});
      Span& span = at->second;
      const bool continues = !is_new && row.time_s - span.last_s <= kMaxHidden_s;
      if (!is_new && (!continues || span.label != *label)) {
        // A label lasts until the next one; a person out of view has none.
        close(row.clip, at->first, span, continues ? row.time_s : span.last_s + frame_s_);
        span = {};
      }
      if (span.label.empty()) span = {*label, row.time_s, row.time_s};
      span.last_s = row.time_s;
    }
  }

  /// Lines of labels.csv, by start, person and task.
  std::string finish(const std::string& clip) {
    for (const auto& [key, span] : open_) close(clip, key, span, span.last_s + frame_s_);
    open_.clear();
    std::ranges::sort(lines_);
    std::string text;
    for (const auto& line : lines_) text += std::get<3>(line);
    return text;
  }

 private:
  struct Span {
    std::string label;
    double start_s = 0;
    double last_s = 0;
  };
  /// Person and task.
  using Key = std::pair<int64_t, std::string>;

  void close(const std::string& clip, const Key& key, const Span& span, double end_s) {
    end_s = std::min(end_s, std::max(duration_s_, span.last_s + frame_s_));
    lines_.emplace_back(span.start_s, key.first, key.second,
                        fmt::format("{},{:.6f},{:.6f},{},{},{}\n", clip, span.start_s, end_s,
                                    key.second, span.label, key.first));
  }

  double frame_s_;
  double duration_s_;
  std::map<Key, Span> open_;
  std::vector<std::tuple<double, int64_t, std::string, std::string>> lines_;
};

}  // namespace

Result<void> write_labels(storage::Store& store, const FilmPlan& plan) {
  using dataset::LabelBoxRow;
  std::string labels = "clip,start_s,end_s,task,label,track\n";
  auto boxes = LIDO_TRY(dataset::TableWriter<LabelBoxRow>::create(store, "label_boxes.parquet"));
  for (const SimulatedCamera& camera : plan.cameras) {
    LabelSpans spans(1 / camera.fps, plan.duration_s);
    const auto add = [&](const dataset::SeenRow& row) -> Result<void> {
      if (row.visible.empty() || row.frozen) return {};  // not in the picture
      spans.add(row);
      return boxes.append({row.clip, std::to_string(row.person), row.time_s, row.visible[0],
                           row.visible[1], row.visible[2], row.visible[3]});
    };
    LIDO_TRY(
        dataset::visit_table<dataset::SeenRow>(store, "truth/" + camera.name + ".parquet", add));
    labels += spans.finish(clip_of(camera));
  }
  LIDO_TRY(boxes.commit());
  return store.write_text("labels.csv", labels, storage::Durability::kProcess);
}

std::string clips_csv(const FilmPlan& plan, const std::string& site) {
  const std::string run = fmt::format("{}\n{}\n{}\n", site, plan.begins_s, plan.duration_s);
  const std::string group =
      fmt::format("simulation-{}-{}", plan.seed, sha256_hex(run).substr(0, 8));
  const int64_t midnight_us = dataset::parse_utc(kFirstDay)->us;
  std::string text = "clip,group,site,camera,start_utc\n";
  for (const SimulatedCamera& camera : plan.cameras) {
    const double start_s = plan.begins_s + camera.clock.offset_s;
    const dataset::UtcTime start{midnight_us + std::llround(start_s * 1e6)};
    text += fmt::format("{},{},simulated,{},{}\n", clip_of(camera), group, camera.name,
                        dataset::to_string(start));
  }
  return text;
}

}  // namespace lido::synth
