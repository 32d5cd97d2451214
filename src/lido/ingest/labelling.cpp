// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/labelling.h"

#include "lido/dataset/clip_names.h"
#include "lido/dataset/relabel.h"
#include "lido/ingest/step.h"
#include "lido/part/watched_storage.h"

namespace lido::ingest {
namespace {

/// Reads a clip's frame times, unless that took the process down too often.
Result<media::FrameTimes> read_frame_times_watched(const std::string& clip) {
  if (const auto verdict = failures_of(StepKind::kLabel, clip).verdict())
    return fail(ErrorCode::kCorrupt, "{}", verdict->reason);
  const Step step(StepKind::kLabel, clip, clip);
  const auto reader = LIDO_TRY(part::open_watched(clip, &step.heartbeat()));
  return media::frame_times(*reader);
}

}  // namespace

Result<RequestLabels> make_labeller(const Request& request, ClipDb& clips,
                                    const dataset::Dataset* dataset, int generation,
                                    dataset::Vocabulary vocabulary) {
  dataset::LabelsFile file;
  if (!request.labels.empty())
    file = LIDO_TRY(dataset::read_labels(request.labels, request.label_boxes));
  LIDO_TRY(dataset::extend(vocabulary, request.classes));
  const auto visit_clips = [&](const dataset::OnClipName& on_clip) -> Result<void> {
    const auto on_known = [&](const dataset::ClipRow& row) -> Result<void> {
      if (!LIDO_TRY(clips.bytes_of(row.clip))) on_clip(row.clip);
      return {};
    };
    if (dataset != nullptr) LIDO_TRY(dataset->visit<dataset::ClipRow>(generation, on_known));
    return clips.visit_inputs([&](const part::ClipInput& clip) -> Result<void> {
      on_clip(clip.uri);
      return {};
    });
  };
  auto labeller = dataset::Labeller::make(file.labels, visit_clips, request.sampling.fps.rate,
                                          vocabulary, read_frame_times_watched);
  if (!labeller) return with_context(request.labels, labeller.error());
  return RequestLabels{std::move(*labeller), std::move(vocabulary), std::move(file.remarks)};
}

Result<void> check_labels(const Request& request, const dataset::Dataset& dataset, int generation,
                          const dataset::Labeller& labeller) {
  if (request.labels.empty()) return {};
  const auto changes = LIDO_TRY(dataset::find_changes(dataset, generation, labeller));
  const auto outcome = LIDO_TRY(labeller.outcome(dataset, generation));
  const auto checked = dataset::check_cleared(
      changes, outcome, "Correct the labels, or take the old ones away with lido label --clear.");
  if (!checked) return with_context(request.labels, checked.error());
  return {};
}

Result<void> report_labels(const Request& request, const dataset::Dataset& dataset, int generation,
                           const RequestLabels& labels, Summary& summary) {
  if (request.labels.empty()) return {};
  const auto outcome = LIDO_TRY(labels.labeller.outcome(dataset, generation));
  summary.labels_read = outcome.labels;
  summary.labels_unmatched = outcome.unmatched.labels;
  summary.labels_on_no_sample = outcome.on_no_sample;
  summary.labels_beyond_end = outcome.beyond_end;
  summary.labels_lost = dataset::lost_json(outcome.lost);
  summary.coverage =
      LIDO_TRY(dataset::label_coverage(dataset, generation, [&](const std::string& clip) {
        return labels.labeller.has_clip(clip);
      }));
  // The generation before has the labels that this ingest replaced.
  const auto replaced =
      LIDO_TRY(dataset::replaced_seconds(dataset, generation - 1, labels.labeller));
  if (const std::string text = dataset::replaced_text(replaced); !text.empty())
    summary.warnings.push_back(fmt::format("{}: {}", request.labels, text));
  for (const auto& lines : {labels.remarks, dataset::warnings(outcome)}) {
    for (const std::string& line : lines)
      summary.warnings.push_back(fmt::format("{}: {}", request.labels, line));
  }
  const dataset::UnmatchedLabels& unmatched = outcome.unmatched;
  if (summary.has_no_label_matched()) {
    const std::string advice =
        LIDO_TRY(dataset::advice_on_name(dataset, generation, unmatched.first_clip));
    summary.warnings.push_back(
        fmt::format("{}: no label is of a clip of the dataset. {}", request.labels, advice));
  }
  return {};
}

}  // namespace lido::ingest
