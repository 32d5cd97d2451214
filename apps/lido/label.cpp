// SPDX-License-Identifier: Apache-2.0
#include "cli.h"
#include "lido/base/json_text.h"
#include "lido/dataset/csv.h"
#include "lido/dataset/edit.h"
#include "lido/report/report.h"

namespace lido::cli {
namespace {

struct LabelFlags {
  std::string dataset;
  std::string labels;
  std::string classes;
  bool json = false;
};

Result<int> label(const LabelFlags& flags) {
  const auto dataset = LIDO_TRY(dataset::Dataset::open(flags.dataset));
  const auto reader = LIDO_TRY(storage::open_reader(flags.labels));
  const std::string bytes = LIDO_TRY(storage::read_all(*reader, int64_t{4} << 30));
  auto labels = dataset::parse_labels(bytes);
  if (!labels) return with_context(flags.labels, labels.error());
  const auto relabelled = dataset::relabel(dataset, *labels, flags.classes);
  if (!relabelled) return with_context(flags.labels, relabelled.error());
  const dataset::EditSummary& summary = *relabelled;
  if (labels->empty())
    fmt::print(stderr, "lido: warning: {}: no labels, only a header\n", flags.labels);
  if (summary.unmatched.labels > 0) {
    fmt::print(stderr,
               "lido: warning: {}: {} of {} label(s) skipped, because their clips are not in the "
               "dataset; the first is {}\n",
               flags.labels, summary.unmatched.labels, labels->size(),
               dataset::in_quotes(summary.unmatched.first_clip));
  }
  LIDO_TRY(report::write_report(dataset, nullptr));
  if (flags.json) {
    fmt::print("{}\n", json_text(nlohmann::json({{"generation", summary.generation},
                                                 {"samples_changed", summary.samples},
                                                 {"labels_read", labels->size()},
                                                 {"labels_unmatched", summary.unmatched.labels}})));
  } else if (summary.samples == 0) {
    fmt::print("Nothing changed: the samples have these labels already.\n");
  } else {
    fmt::print("{} sample(s) have new labels in generation {}. No shard changed.\n",
               human_count(summary.samples), summary.generation);
  }
  return kDone;
}

}  // namespace

void add_label(CLI::App& app, int& exit) {
  auto flags = std::make_shared<LabelFlags>();
  CLI::App* command =
      app.add_subcommand("label", "Replace labels in a dataset without decoding any video");
  command->add_option("dataset", flags->dataset, "Folder, gs:// or s3:// prefix of the dataset")
      ->required();
  command
      ->add_option(
          "--labels", flags->labels,
          "Labels file: CSV or Parquet (clip, start_s, end_s, task, label, ...) or CVAT for "
          "video XML. It replaces all labels of the clips that it names")
      ->required();
  command->add_option(
      "--classes", flags->classes,
      "Labels to add to the dataset's vocabulary, such as \"behaviour=drowning,swimming\"");
  command->add_flag("--json", flags->json, "Print the result as JSON");
  command->callback([flags, &exit] {
    const auto result = label(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
