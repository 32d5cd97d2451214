// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "cli.h"
#include "inspect_clips.h"
#include "lido/base/json_text.h"
#include "lido/dataset/clip_time.h"
#include "lido/dataset/dataset.h"
#include "lido/dataset/label_coverage.h"
#include "lido/dataset/orphans.h"
#include "lido/dataset/sample_check.h"
#include "lido/dataset/split.h"
#include "lido/dataset/stored_files.h"
#include "lido/dataset/training_runs.h"
#include "lido/report/contact_sheet.h"
#include "run_list.h"

namespace lido::cli {
namespace {

struct InspectFlags {
  std::string dataset;
  int generation = 0;
  bool json = false;
  bool clips = false;
  bool verify = false;
  bool open = false;
  bool augmented = false;
  int epoch = 0;
};

struct SplitTotals {
  int64_t samples = 0;
  int64_t bytes = 0;
  std::set<std::string> shards, clips, groups;
  std::map<std::string, int64_t> labels;  ///< Samples with the label, by "task: label".

  void add(const dataset::SampleRow& row) {
    ++samples;
    bytes += row.length;
    shards.insert(row.shard);
    clips.insert(row.clip);
    groups.insert(row.group);
    std::set<std::string> names;  // a label with several intervals or persons counts once
    for (const auto& label : row.labels) names.insert(label.task + ": " + label.label);
    for (const std::string& name : names) ++labels[name];
  }
};

using Totals = std::map<std::string, SplitTotals>;

void print_labels(const dataset::Generation& generation, Totals& totals) {
  std::set<std::string> names;
  for (const auto& [task, labels] : generation.vocabulary) {
    for (const std::string& label : labels) names.insert(task + ": " + label);
  }
  for (const auto& [split, total] : totals) {
    for (const auto& [name, count] : total.labels) names.insert(name);
  }
  if (names.empty()) return;
  fmt::print("\n{:<32}{:>10}{:>10}{:>10}\n", "samples with label", "train", "val", "test");
  for (const std::string& name : names) {
    fmt::print("{:<32}{:>10}{:>10}{:>10}\n", name, totals["train"].labels[name],
               totals["val"].labels[name], totals["test"].labels[name]);
  }
}

void print_forgotten(const std::vector<dataset::Forgotten>& records,
                     const std::vector<dataset::TrainingRun>& runs) {
  if (!records.empty()) fmt::print("\nforgotten\n");
  for (const dataset::Forgotten& record : records) {
    const std::string seen_by =
        record.seen_by.empty()
            ? "seen by no training run that is entered here"
            : fmt::format("seen by {}:", counted(std::ssize(record.seen_by), "training run"));
    fmt::print("  {}, {}: {} removed{}, {}\n", printable(record.clip),
               dataset::range_text(record.start_s, record.end_s), counted(record.samples, "sample"),
               record.done ? "" : " (not finished: run lido forget again)", seen_by);
    for (const auto& run : runs_of(record.seen_by, runs))
      fmt::print("    {}\n", printable(run_line(run)));
  }
}

void print_runs(const dataset::TrainingRuns& found) {
  if (!found.runs.empty()) fmt::print("\ntraining runs\n");
  for (const auto& run : found.runs) fmt::print("  {}\n", printable(run_line(run)));
  print_warnings(found.faults);
}

nlohmann::ordered_json forgotten_json(const std::vector<dataset::Forgotten>& records,
                                      const std::vector<dataset::TrainingRun>& runs) {
  auto json = nlohmann::ordered_json::array();
  for (const dataset::Forgotten& record : records) {
    json.push_back({{"clip", record.clip},
                    {"start_s", record.start_s},
                    {"end_s", std::isinf(record.end_s) ? nlohmann::ordered_json()
                                                       : nlohmann::ordered_json(record.end_s)},
                    {"samples", record.samples},
                    {"rows", record.rows},
                    {"views", record.views},
                    {"plates", record.plates},
                    {"seen_by", runs_json(runs_of(record.seen_by, runs))},
                    {"done", record.done}});
  }
  return json;
}

/// Footage of a generation's clips, and how much of it was forgotten.
struct Footage {
  double kept_s = 0, forgotten_s = 0;
  int64_t whole_clips = 0;  ///< Clips that were forgotten from beginning to end.
  int64_t cut_clips = 0;    ///< Clips of which a stretch was forgotten.
};

Result<Footage> footage_of(const dataset::Dataset& dataset, int generation) {
  const auto records = LIDO_TRY(dataset.forgotten());
  Footage footage;
  LIDO_TRY(dataset.visit<dataset::ClipRow>(generation, [&](const auto& row) -> Result<void> {
    double kept_s = 0;
    for (const auto& piece :
         dataset::cut_forgotten({.clip = row.clip, .end_s = row.duration_s}, records))
      kept_s += piece.end_s - piece.start_s;
    footage.kept_s += kept_s;
    footage.forgotten_s += row.duration_s - kept_s;
    // A clip of one frame lasts 0 s.
    const bool is_whole = std::ranges::any_of(records, [&](const dataset::Forgotten& record) {
      return record.clip == row.clip && record.is_whole_clip();
    });
    if (is_whole || (kept_s <= 0 && row.duration_s > 0))
      ++footage.whole_clips;
    else if (kept_s < row.duration_s)
      ++footage.cut_clips;
    return {};
  }));
  return footage;
}

Result<void> print_footage(const dataset::Dataset& dataset, const dataset::Generation& generation) {
  const Footage footage = LIDO_TRY(footage_of(dataset, generation.number));
  fmt::print("generation {} (state of the dataset): {}, {} of footage, {}\n", generation.number,
             counted(generation.clips - footage.whole_clips, "clip"), human_seconds(footage.kept_s),
             counted(generation.samples, "sample"));
  if (footage.forgotten_s > 0)
    fmt::print("removed by lido forget: {} of {}\n", human_seconds(footage.forgotten_s),
               counted(footage.whole_clips + footage.cut_clips, "clip"));
  fmt::print("\n");
  return {};
}

Result<void> print_table(const dataset::Dataset& dataset, const dataset::Generation& generation,
                         Totals& totals) {
  LIDO_TRY(print_footage(dataset, generation));
  fmt::print("{:<8}{:>12}{:>9}{:>9}{:>9}{:>12}\n", "split", "samples", "clips", "groups", "shards",
             "size");
  for (const char* split : dataset::kSplits) {
    const SplitTotals& total = totals[split];
    fmt::print("{:<8}{:>12}{:>9}{:>9}{:>9}{:>12}\n", split, human_count(total.samples),
               total.clips.size(), total.groups.size(), total.shards.size(),
               human_bytes(static_cast<double>(total.bytes)));
  }
  print_labels(generation, totals);
  const auto coverage = LIDO_TRY(dataset::label_coverage(dataset, generation.number));
  if (!coverage.empty()) fmt::print("\n");
  for (const std::string& line : dataset::coverage_lines(coverage))
    fmt::print("{}\n", printable(line));
  const auto runs = LIDO_TRY(dataset::read_training_runs(dataset.store()));
  print_forgotten(LIDO_TRY(dataset.forgotten()), runs.runs);
  print_runs(runs);
  if (generation.rejected > 0) fmt::print("\nrejected\n");
  const auto print_rejected = [](const dataset::RejectedRow& row) -> Result<void> {
    fmt::print("  {}: {}{}\n", printable(row.clip), printable(row.reason),
               row.is_retried() ? " (the next ingest tries again)" : "");
    return {};
  };
  LIDO_TRY(dataset.visit<dataset::RejectedRow>(generation.number, print_rejected));
  bool first = true;
  return dataset.visit<dataset::GapRow>(generation.number, [&](const auto& row) -> Result<void> {
    if (std::exchange(first, false)) fmt::print("\nleft out of broken clips\n");
    fmt::print("  {}: {:.2f} s to {}: {}\n", printable(row.clip), row.start_s,
               row.end_k < 0 ? std::string("the end") : fmt::format("{:.2f} s", row.end_s),
               printable(row.reason));
    return {};
  });
}

/// @param verification  Fields of --verify; null without it.
Result<void> print_json(const dataset::Dataset& dataset, const dataset::Generation& generation,
                        Totals& totals, const nlohmann::ordered_json& verification) {
  const Footage footage = LIDO_TRY(footage_of(dataset, generation.number));
  const auto runs = LIDO_TRY(dataset::read_training_runs(dataset.store()));
  print_warnings(runs.faults);
  const auto forgotten = forgotten_json(LIDO_TRY(dataset.forgotten()), runs.runs);
  nlohmann::ordered_json json = {{"generation", generation.number},
                                 {"clips", generation.clips - footage.whole_clips},
                                 {"clips_forgotten", footage.whole_clips},
                                 {"footage_s", footage.kept_s},
                                 {"forgotten_s", footage.forgotten_s},
                                 {"samples", generation.samples},
                                 {"options", dataset.identity()},
                                 {"splits", nlohmann::ordered_json::object()},
                                 {"rejected", nlohmann::ordered_json::array()},
                                 {"gaps", nlohmann::ordered_json::array()},
                                 {"forgotten", forgotten},
                                 {"training_runs", runs_json(runs.runs)}};
  for (const char* split : dataset::kSplits) {
    const SplitTotals& total = totals[split];
    json["splits"][split] = {{"samples", total.samples},      {"clips", total.clips.size()},
                             {"groups", total.groups.size()}, {"shards", total.shards.size()},
                             {"bytes", total.bytes},          {"labels", total.labels}};
  }
  const auto add_rejected = [&](const dataset::RejectedRow& row) -> Result<void> {
    json["rejected"].push_back({{"clip", row.clip},
                                {"reason", row.reason},
                                {"time_s", row.time_s},
                                {"samples_kept", row.samples_kept},
                                {"kind", row.kind}});
    return {};
  };
  const auto add_gap = [&](const dataset::GapRow& row) -> Result<void> {
    json["gaps"].push_back({{"clip", row.clip},
                            {"start_s", row.start_s},
                            {"end_s", row.end_s},
                            {"reason", row.reason}});
    return {};
  };
  LIDO_TRY(dataset.visit<dataset::GapRow>(generation.number, add_gap));
  LIDO_TRY(dataset.visit<dataset::RejectedRow>(generation.number, add_rejected));
  json["label_seconds"] =
      dataset::coverage_json(LIDO_TRY(dataset::label_coverage(dataset, generation.number)));
  if (verification.is_object()) json.update(verification);
  fmt::print("{}\n", json_text(json));
  return {};
}

/// Results of --verify.
struct Verification {
  dataset::SampleCheck samples;
  std::vector<std::string> duplicates;  ///< Samples with two rows.
  std::vector<std::string> orphans;     ///< Files that no generation uses.

  bool has_faults() const { return samples.damaged() > 0 || !duplicates.empty(); }
};

/// Looks for duplicate samples, and for files that no generation uses. Prints warnings.
/// @param samples  Check of all samples of the generation.
Result<Verification> check_whole(const dataset::Dataset& dataset, int generation,
                                 dataset::SampleCheck samples) {
  const std::string& uri = dataset.store().uri();
  Verification found{.samples = std::move(samples), .duplicates = {}, .orphans = {}};
  if (const std::string text = found.samples.warning(); !text.empty())
    print_warning(fmt::format("{}: {}", uri, text));
  found.duplicates = LIDO_TRY(dataset::find_duplicates(dataset, generation));
  if (!found.duplicates.empty()) {
    print_warning(fmt::format("{}: {} two rows in generation {}; the first is {}", uri,
                              counted(std::ssize(found.duplicates), "sample has", "samples have"),
                              generation, found.duplicates.front()));
  }
  const int64_t unfinished = LIDO_TRY(dataset::count_unfinished(dataset.store()));
  if (unfinished > 0) {
    print_warning(
        fmt::format("{}: {} of an ingest that did not end. Run its command again to finish it, or "
                    "lido forget {} --leftovers to remove them.",
                    uri, counted(unfinished, "file"), uri));
  }
  found.orphans = LIDO_TRY(dataset::find_orphans(dataset));
  if (!found.orphans.empty()) {
    print_warning(
        fmt::format("{}: {} to no generation; the first is {}. A run that was interrupted left "
                    "files: run its command again.",
                    uri, counted(std::ssize(found.orphans), "file belongs", "files belong"),
                    found.orphans.front()));
  }
  return found;
}

void print_verification(const Verification& found) {
  const int64_t whole = found.samples.samples() - found.samples.damaged();
  fmt::print("\nChecked {}: {} match their checksums and decode{}.\n",
             counted(found.samples.samples(), "sample"),
             found.samples.damaged() == 0 ? "all" : human_count(whole),
             found.samples.damaged() == 0
                 ? ""
                 : fmt::format(", {} are damaged", human_count(found.samples.damaged())));
}

nlohmann::ordered_json verification_json(const Verification& found) {
  return {{"damaged",
           {{"samples", found.samples.damaged()},
            {"shards", found.samples.shards()},
            {"first", found.samples.first()}}},
          {"duplicates", found.duplicates},
          {"orphans", found.orphans}};
}

/// Writes the contact sheet, and opens it where that was asked for.
Result<void> write_sheet(const InspectFlags& flags, const dataset::Dataset& dataset,
                         const dataset::Generation& generation) {
  constexpr int kSamplesOnSheet = 60;
  const std::string sheet = LIDO_TRY(report::contact_sheet(dataset, generation, kSamplesOnSheet,
                                                           flags.augmented ? flags.epoch : -1));
  LIDO_TRY(dataset::write_page(dataset, generation.number, dataset::kContactSheetFile, sheet));
  const std::string path = fmt::format("{}/{}", dataset.store().uri(), dataset::kContactSheetFile);
  print_page(path, flags.json);
  const bool desktop =
      std::getenv("DISPLAY") != nullptr || std::getenv("WAYLAND_DISPLAY") != nullptr;
  if (flags.open && desktop && !storage::is_remote(path) && path.find('\'') == std::string::npos) {
    [[maybe_unused]] const int opened =
        std::system(fmt::format("xdg-open '{}' >/dev/null 2>&1 &", path).c_str());
  }
  return {};
}

Result<int> inspect(const InspectFlags& flags) {
  const auto dataset = LIDO_TRY(dataset::Dataset::open(flags.dataset));
  const int number = flags.generation > 0 ? flags.generation : LIDO_TRY(dataset.latest());
  if (number == 0)
    return fail(ErrorCode::kNotFound,
                "{}: no generation is finished, want 1 or more. Run the ingest again.",
                flags.dataset);
  const auto generation = LIDO_TRY(dataset.read(number));
  if (flags.clips) {
    LIDO_TRY(print_clips(dataset, number, flags.json));
    return kDone;
  }
  Totals totals;
  dataset::SampleCheck samples;
  LIDO_TRY(
      dataset.visit<dataset::SampleRow>(number, [&](const dataset::SampleRow& row) -> Result<void> {
        totals[row.split].add(row);
        return flags.verify ? samples.read(dataset, row) : Result<void>();
      }));
  std::optional<Verification> found;
  if (flags.verify) found = LIDO_TRY(check_whole(dataset, number, std::move(samples)));
  if (flags.json) {
    LIDO_TRY(print_json(dataset, generation, totals,
                        found ? verification_json(*found) : nlohmann::ordered_json()));
  } else {
    LIDO_TRY(print_table(dataset, generation, totals));
    if (found) print_verification(*found);
  }
  if (flags.open || flags.augmented) LIDO_TRY(write_sheet(flags, dataset, generation));
  return found && found->has_faults() ? kFindings : kDone;
}

}  // namespace

void add_inspect(CLI::App& app, int& exit) {
  auto flags = std::make_shared<InspectFlags>();
  CLI::App* command = app.add_subcommand("inspect", "Show what is in a dataset");
  command->add_option("dataset", flags->dataset, "Folder, gs:// or s3:// prefix of the dataset")
      ->required();
  command
      ->add_option("--generation", flags->generation,
                   "Number of an earlier generation; default: the latest")
      ->check(CLI::Range(1, 999999));
  command->add_flag("--json", flags->json, "Print the result as JSON");
  CLI::Option* clips = command->add_flag(
      "--clips", flags->clips,
      "List the clips instead, with split, duration and samples: the names that forget, export and "
      "labels use");
  command
      ->add_flag("--verify", flags->verify,
                 "Read every sample, check its checksum and decode it; find duplicate samples and "
                 "files that no generation uses")
      ->excludes(clips);
  command
      ->add_flag("--open", flags->open,
                 "Write contact_sheet.html with up to 60 samples, and open it on a desktop")
      ->excludes(clips);
  CLI::Option* augmented =
      command
          ->add_flag("--augmented", flags->augmented,
                     "Write contact_sheet.html with each sample as stored and as augmented")
          ->excludes(clips);
  command->add_option("--epoch", flags->epoch, "Epoch of the augmentation that --augmented shows")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000000))
      ->needs(augmented);
  command->callback([flags, &exit] {
    const auto result = inspect(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
