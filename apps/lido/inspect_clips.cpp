// SPDX-License-Identifier: Apache-2.0
#include "inspect_clips.h"

#include <cmath>

#include "lido/base/json_text.h"

namespace lido::cli {
namespace {

/// Seconds of a clip that `lido forget` removed.
double forgotten_seconds(const dataset::ClipRow& row,
                         const std::vector<dataset::Forgotten>& records) {
  double kept_s = 0;
  for (const auto& piece :
       dataset::cut_forgotten({.clip = row.clip, .end_s = row.duration_s}, records))
    kept_s += piece.end_s - piece.start_s;
  return row.duration_s - kept_s;
}

nlohmann::ordered_json clip_json(const dataset::ClipRow& row, double forgotten_s) {
  return {{"clip", row.clip},       {"copies", row.copies},
          {"split", row.split},     {"duration_s", row.duration_s},
          {"samples", row.samples}, {"forgotten_s", forgotten_s}};
}

void print_clip(const dataset::ClipRow& row, double forgotten_s) {
  constexpr double kRounding_s = 0.05;
  const std::string forgotten =
      forgotten_s < kRounding_s
          ? ""
          : fmt::format("  ({} removed by lido forget)", human_seconds(forgotten_s));
  fmt::print("{:<6}{:>12}{:>16}  {}{}\n", row.split, human_seconds(row.duration_s),
             counted(row.samples, "sample"), printable(row.clip), forgotten);
  for (const std::string& copy : row.copies) fmt::print("{:>34}  {}\n", "copy", printable(copy));
}

}  // namespace

Result<void> print_clips(const dataset::Dataset& dataset, int generation, bool json) {
  const auto records = LIDO_TRY(dataset.forgotten());
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  LIDO_TRY(dataset.visit<dataset::ClipRow>(generation, [&](const auto& row) -> Result<void> {
    const double forgotten_s = forgotten_seconds(row, records);
    if (json)
      list.push_back(clip_json(row, forgotten_s));
    else
      print_clip(row, forgotten_s);
    return {};
  }));
  if (json)
    fmt::print("{}\n", json_text(nlohmann::ordered_json{{"generation", generation},
                                                        {"clips", std::move(list)}}));
  return {};
}

}  // namespace lido::cli
