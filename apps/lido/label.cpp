// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "cli.h"
#include "lido/base/json_text.h"
#include "lido/dataset/label_coverage.h"
#include "lido/dataset/relabel.h"
#include "lido/report/report.h"

namespace lido::cli {
namespace {

struct LabelFlags {
  std::string dataset;
  std::string labels;
  std::string label_boxes;
  dataset::RelabelOptions options;
  bool json = false;
};

using Coverage = std::vector<dataset::LabelCoverage>;

void print_json(const dataset::RelabelSummary& summary, const Coverage& coverage) {
  const dataset::LabelOutcome& labels = summary.labels;
  fmt::print("{}\n", json_text(nlohmann::ordered_json{
                         {"generation", summary.generation},
                         {"samples_changed", summary.samples},
                         {"labels_read", labels.labels},
                         {"labels_unmatched", labels.unmatched.labels},
                         {"labels_on_no_sample", labels.on_no_sample},
                         {"labels_beyond_end", labels.beyond_end},
                         {"labels_replaced_s", summary.replaced},
                         {"labels_lost", dataset::lost_json(labels.lost)},
                         {"labels_beyond", dataset::lost_json(labels.beyond)},
                         {"label_seconds", dataset::coverage_json(coverage)}}));
}

void print_summary(const dataset::RelabelSummary& summary) {
  const dataset::LabelOutcome& labels = summary.labels;
  if (summary.samples > 0) {
    fmt::print("{} new labels in generation {}. No shard changed.\n",
               counted(summary.samples, "sample has", "samples have"), summary.generation);
  } else if (summary.new_classes) {
    fmt::print("The labels of no sample changed. The vocabulary has new labels in generation {}.\n",
               summary.generation);
  } else if (summary.new_labels) {
    fmt::print("The labels of no sample changed. Generation {} lists the new ones.\n",
               summary.generation);
  } else if (labels.on_no_sample + labels.unmatched.labels == labels.labels) {
    fmt::print("Nothing changed: no label is on a sample.\n");
  } else {
    fmt::print("Nothing changed: the samples have these labels already.\n");
  }
  if (const std::string replaced = dataset::replaced_text(summary.replaced); !replaced.empty())
    fmt::print("{}\n", printable(replaced));
}

/// Prints the seconds of labels and those in samples, and how to cut samples for the rest.
void print_coverage(const LabelFlags& flags, const Coverage& coverage) {
  for (const std::string& line : dataset::coverage_lines(coverage))
    fmt::print("{}\n", printable(line));
  double lost_s = 0;
  for (const dataset::LabelCoverage& one : coverage) lost_s += one.labelled_s - one.in_samples_s;
  constexpr double kRounding_s = 0.05;
  if (lost_s < kRounding_s) return;
  const std::string boxes =
      flags.label_boxes.empty() ? "" : fmt::format(" --label-boxes {}", flags.label_boxes);
  fmt::print(
      "{:.1f} s of labels are in no sample. This cuts them, into a new dataset: lido ingest CLIPS "
      "--out NEW --samples labels --labels {}{}\n",
      lost_s, flags.labels, boxes);
}

/// Exit code 3 when a class is on no sample at all, or labels are of clips of another dataset.
int exit_code(const dataset::RelabelSummary& summary, const Coverage& coverage) {
  const bool lacks_label = std::ranges::any_of(coverage, &dataset::LabelCoverage::has_none);
  return lacks_label || summary.labels.unmatched.labels > 0 ? kFindings : kDone;
}

Result<int> label(const LabelFlags& flags) {
  const auto dataset = LIDO_TRY(dataset::Dataset::open(flags.dataset));
  const auto file = LIDO_TRY(dataset::read_labels(flags.labels, flags.label_boxes));
  const auto relabelled = dataset::relabel(dataset, file.labels, flags.options);
  if (!relabelled) return with_context(flags.labels, relabelled.error());
  const dataset::RelabelSummary& summary = *relabelled;
  std::vector<std::string> lines = file.remarks;
  std::ranges::move(warnings(summary.labels), std::back_inserter(lines));
  for (const std::string& line : lines) print_warning(flags.labels + ": " + line);
  LIDO_TRY(report::write_report(dataset, nullptr));
  const auto coverage = LIDO_TRY(dataset::label_coverage(dataset, summary.generation));
  if (flags.json) {
    print_json(summary, coverage);
  } else {
    print_summary(summary);
    print_coverage(flags, coverage);
  }
  return exit_code(summary, coverage);
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
  command->add_option("--label-boxes", flags->label_boxes,
                      "Boxes of the labelled people: CSV or Parquet (clip, track, time_s, x, y, "
                      "width, height). Labels of the same clip and track get them");
  command->add_option(
      "--classes", flags->options.classes,
      "Labels to add to the dataset's vocabulary, such as \"behaviour=drowning,swimming\"");
  command->add_flag("--clear", flags->options.may_clear,
                    "Delete a clip's labels if none in the file falls on a sample; without it, the "
                    "file is refused");
  command->add_flag("--json", flags->json, "Print the result as JSON");
  command->callback([flags, &exit] {
    const auto result = label(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
