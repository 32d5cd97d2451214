// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/relabel.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

#include "lido/base/counted.h"
#include "lido/dataset/clip_names.h"
#include "lido/dataset/csv.h"
#include "lido/dataset/label_coverage.h"

namespace lido::dataset {
namespace {

/// Copies the rows of a table into a later generation.
template <typename Row>
Result<void> copy_rows(const Dataset& dataset, int from, TableWriter<Row>& to) {
  return dataset.visit<Row>(from, [&](Row& row) { return to.append(std::move(row)); });
}

/// Writes the next generation with the samples' new labels.
Result<void> write_generation(const Dataset& dataset, const Generation& next,
                              const Labeller& labeller) {
  const int before = next.number - 1;
  auto tables = LIDO_TRY(dataset.begin_tables(next.number));
  LIDO_TRY(dataset.visit<SampleRow>(before, [&](SampleRow& row) -> Result<void> {
    labeller.apply(row);
    return tables.samples.append(std::move(row));
  }));
  LIDO_TRY(copy_rows(dataset, before, tables.clips));
  LIDO_TRY(copy_rows(dataset, before, tables.spans));
  LIDO_TRY(copy_rows(dataset, before, tables.skipped));
  LIDO_TRY(copy_rows(dataset, before, tables.gaps));
  LIDO_TRY(copy_rows(dataset, before, tables.rejected));
  LIDO_TRY(write_label_rows(dataset, before, labeller, tables.labels));
  LIDO_TRY(dataset.publish(next, tables));
  return {};
}

/// The rows that a labeller gives the table of labels.
Result<std::vector<LabelRow>> rows_of(const Dataset& dataset, const Labeller& labeller) {
  const auto forgotten = LIDO_TRY(dataset.forgotten());
  std::vector<LabelRow> rows;
  for (const LabelRow& row : labeller.rows())
    std::ranges::move(cut_forgotten(row, forgotten), std::back_inserter(rows));
  return rows;
}

/// Whether the table of labels changes for the labeller's clips.
Result<bool> has_new_rows(const Dataset& dataset, int before, const Labeller& labeller) {
  std::vector<LabelRow> old;
  LIDO_TRY(dataset.visit<LabelRow>(before, [&](LabelRow& row) -> Result<void> {
    if (labeller.has_clip(row.clip)) old.push_back(std::move(row));
    return {};
  }));
  return old != LIDO_TRY(rows_of(dataset, labeller));
}

/// Refuses labels of which none is of a clip of the dataset: a wrong name or the wrong dataset.
Result<void> check_matched(const Dataset& dataset, int before, const Labeller& labeller) {
  const UnmatchedLabels& unmatched = labeller.unmatched();
  if (unmatched.labels == 0 || unmatched.labels < labeller.labels()) return {};
  const std::string advice = LIDO_TRY(advice_on_name(dataset, before, unmatched.first_clip));
  return fail(ErrorCode::kNotFound, "no label is of a clip of {}, got {}, the first of {}. {}",
              dataset.store().uri(), counted(unmatched.labels, "label"),
              in_quotes(unmatched.first_clip), advice);
}

}  // namespace

Result<void> write_label_rows(const Dataset& dataset, int before, const Labeller& labeller,
                              TableWriter<LabelRow>& to) {
  LIDO_TRY(dataset.visit<LabelRow>(before, [&](LabelRow& row) -> Result<void> {
    return labeller.has_clip(row.clip) ? Result<void>() : to.append(std::move(row));
  }));
  for (LabelRow& row : LIDO_TRY(rows_of(dataset, labeller))) LIDO_TRY(to.append(std::move(row)));
  return {};
}

Result<LabelSeconds> replaced_seconds(const Dataset& dataset, int generation,
                                      const Labeller& labeller) {
  const auto key_of = [](const LabelRow& row) {
    return std::tuple(row.clip, row.task, row.label, row.track);
  };
  // A new label takes its stretch out of the old ones, as a forgotten stretch would.
  std::map<decltype(key_of(LabelRow())), std::vector<Forgotten>> kept;
  for (const LabelRow& row : labeller.rows())
    kept[key_of(row)].push_back({.clip = row.clip, .start_s = row.start_s, .end_s = row.end_s});
  LabelSeconds replaced;
  LIDO_TRY(dataset.visit<LabelRow>(generation, [&](const LabelRow& row) -> Result<void> {
    if (!labeller.has_clip(row.clip)) return {};
    for (const LabelRow& piece : cut_forgotten(row, kept[key_of(row)]))
      replaced[row.task + ": " + row.label] += piece.end_s - piece.start_s;
    return {};
  }));
  return replaced;
}

std::string replaced_text(const LabelSeconds& replaced) {
  constexpr size_t kMaxNamed = 10;
  double sum_s = 0;
  std::string names;
  size_t named = 0;
  for (const auto& [name, seconds] : replaced) {
    sum_s += seconds;
    if (++named <= kMaxNamed)
      names += fmt::format("{}{} {:.1f} s", names.empty() ? "" : ", ", name, seconds);
  }
  if (replaced.empty()) return {};
  if (named > kMaxNamed) names += fmt::format(" and {} more", named - kMaxNamed);
  return fmt::format("{:.1f} s of earlier labels were removed: {}", sum_s, names);
}

Result<LabelChanges> find_changes(const Dataset& dataset, int generation,
                                  const Labeller& labeller) {
  struct ClipLabels {
    int64_t before = 0;  // samples with labels
    int64_t after = 0;
  };
  LabelChanges changes;
  std::map<std::string, ClipLabels> clips;
  LIDO_TRY(dataset.visit<SampleRow>(generation, [&](SampleRow& row) -> Result<void> {
    if (!labeller.has_clip(row.clip)) return {};
    ClipLabels& clip = clips[row.clip];
    clip.before += row.labels.empty() ? 0 : 1;
    changes.samples += labeller.apply(row) ? 1 : 0;
    clip.after += row.labels.empty() ? 0 : 1;
    return {};
  }));
  for (const auto& [name, clip] : clips) {
    if (clip.before > 0 && clip.after == 0) changes.cleared.push_back({name, clip.before});
  }
  return changes;
}

Result<void> check_cleared(const LabelChanges& changes, const LabelOutcome& outcome,
                           std::string_view advice) {
  if (changes.cleared.empty()) return {};
  const auto& [clip, samples] = changes.cleared.front();
  const auto first = std::ranges::find(outcome.lost, clip, &LostLabel::clip);
  return fail(ErrorCode::kInvalidArgument,
              "{}: no label is on a sample, and {} would lose theirs{}. {}", clip,
              counted(samples, "sample"),
              first == outcome.lost.end() ? "" : "; the first: " + to_string(*first), advice);
}

Result<RelabelSummary> relabel(const Dataset& dataset, const std::vector<Label>& labels,
                               const RelabelOptions& options) {
  const auto lock = LIDO_TRY(dataset.store().lock("lido.json"));
  Generation generation = LIDO_TRY(dataset.read_latest());
  const Vocabulary known = generation.vocabulary;
  LIDO_TRY(extend(generation.vocabulary, options.classes));
  const int before = generation.number;
  const auto visit_clips = [&](const OnClipName& on_clip) {
    return dataset.visit<ClipRow>(before, [&](const ClipRow& row) -> Result<void> {
      on_clip(row.clip);
      return {};
    });
  };
  const Rational fps = LIDO_TRY(dataset.frame_rate());
  const auto labeller = LIDO_TRY(Labeller::make(labels, visit_clips, fps, generation.vocabulary));
  LIDO_TRY(check_matched(dataset, before, labeller));
  if (!labeller.unreadable().empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "the labels count frames, whose times only the clip has: {}. Give labels in "
                "seconds, or the clip its place back.",
                labeller.unreadable().begin()->second);
  }
  const LabelChanges changes = LIDO_TRY(find_changes(dataset, before, labeller));
  RelabelSummary summary{.generation = before,
                         .samples = changes.samples,
                         .new_classes = known != generation.vocabulary,
                         .labels = LIDO_TRY(labeller.outcome(dataset, before))};
  if (!options.may_clear)
    LIDO_TRY(check_cleared(changes, summary.labels,
                           "Correct the labels, or give --clear to take the old ones away."));
  summary.new_labels = LIDO_TRY(has_new_rows(dataset, before, labeller));
  if (changes.samples == 0 && !summary.new_classes && !summary.new_labels) return summary;
  summary.replaced = LIDO_TRY(replaced_seconds(dataset, before, labeller));
  summary.generation = ++generation.number;
  const auto written = write_generation(dataset, generation, labeller);
  if (!written) {
    // Without generation.json the generation does not exist: its folder goes too.
    (void)dataset.store().remove_all(fmt::format("generations/{:06}", generation.number));
    return std::unexpected(written.error());
  }
  return summary;
}

}  // namespace lido::dataset
