// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/labelling.h"

namespace lido::ingest {
namespace {

constexpr int64_t kMaxLabelsBytes = int64_t{4} << 30;

Result<std::vector<dataset::Label>> read_labels(const std::string& uri) {
  if (uri.empty()) return std::vector<dataset::Label>();
  const auto reader = LIDO_TRY(storage::open_reader(uri));
  auto bytes = storage::read_all(*reader, kMaxLabelsBytes);
  if (!bytes) return with_context(uri, bytes.error());
  auto labels = dataset::parse_labels(*bytes);
  if (!labels) return with_context(uri, labels.error());
  return labels;
}

}  // namespace

Result<dataset::Labeller> make_labeller(const Request& request, ClipDb& clips,
                                        const dataset::Dataset* dataset, int generation,
                                        dataset::Vocabulary& vocabulary) {
  const auto labels = LIDO_TRY(read_labels(request.labels));
  LIDO_TRY(dataset::extend(vocabulary, request.classes));
  const auto visit_clips = [&](const dataset::OnClipName& on_clip) -> Result<void> {
    const auto on_known = [&](const dataset::ClipRow& row) -> Result<void> {
      if (!LIDO_TRY(clips.bytes_of(row.clip))) on_clip(row.clip, row.source_fps);
      return {};
    };
    if (dataset != nullptr) LIDO_TRY(dataset->visit<dataset::ClipRow>(generation, on_known));
    const size_t count = LIDO_TRY(clips.totals()).clips;
    for (size_t i = 0; i < count; ++i) {
      const ClipPlan plan = LIDO_TRY(clips.clip(i)).plan;
      on_clip(plan.input.uri, plan.info.source_fps);
    }
    return {};
  };
  auto labeller =
      dataset::Labeller::make(labels, visit_clips, request.sampling.fps.rate, vocabulary);
  if (!labeller) return with_context(request.labels, labeller.error());
  return labeller;
}

}  // namespace lido::ingest
