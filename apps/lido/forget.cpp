// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "bucket_note.h"
#include "cli.h"
#include "footage_request.h"
#include "lido/base/json_text.h"
#include "lido/dataset/clip_time.h"
#include "lido/dataset/forget.h"
#include "lido/report/report.h"
#include "run_list.h"

namespace lido::cli {
namespace {

/// Damaged files and files of other programs that are named, at most.
constexpr size_t kMaxNamed = 3;

constexpr const char* kWholeSamples =
    "A sample that overlaps a stretch goes whole; its other seconds are not sampled again.";

struct ForgetFlags {
  std::string dataset;
  FootageFlags footage;
  bool copies = false;
  bool only_this = false;
  bool leftovers = false;
  bool dry_run = false;
  bool json = false;
};

Result<dataset::ForgetRequest> request_of(const ForgetFlags& flags) {
  dataset::ForgetRequest request;
  if (flags.copies && flags.only_this)
    return fail(ErrorCode::kInvalidArgument, "--copies and --only-this: got both, want one");
  if (flags.copies) request.copies = dataset::CopyChoice::kAll;
  if (flags.only_this) request.copies = dataset::CopyChoice::kOnlyThis;
  const FootageFlags& footage = flags.footage;
  if (!flags.leftovers || !footage.clip.empty() || !footage.time.empty() || !footage.list.empty())
    request.stretches = LIDO_TRY(stretches_of(footage));
  return request;
}

std::string counts_text(const dataset::Forgotten& record) {
  return fmt::format("{}, {}, {}, {}", counted(record.samples, "sample"),
                     counted(record.rows, "table row"), counted(record.views, "view image"),
                     counted(record.plates, "background image"));
}

nlohmann::ordered_json stretches_json(const dataset::ForgetSummary& summary) {
  auto json = nlohmann::ordered_json::array();
  for (const dataset::Forgotten& one : summary.stretches) {
    json.push_back({{"clip", one.clip},
                    {"start_s", one.start_s},
                    {"end_s", std::isinf(one.end_s) ? nlohmann::ordered_json()
                                                    : nlohmann::ordered_json(one.end_s)},
                    {"samples", one.samples},
                    {"rows", one.rows},
                    {"views", one.views},
                    {"plates", one.plates}});
  }
  return json;
}

void print_stretches(const dataset::ForgetSummary& summary) {
  for (const dataset::Forgotten& one : summary.stretches)
    fmt::print("  {}, {}: {}\n", printable(one.clip), dataset::range_text(one.start_s, one.end_s),
               counts_text(one));
}

void print_seen_by(const dataset::ForgetSummary& summary) {
  if (summary.seen_by.empty()) return;
  fmt::print("Seen by {}, whose models may remember the footage:\n",
             counted(std::ssize(summary.seen_by), "training run"));
  for (const auto& run : summary.seen_by) fmt::print("  {}\n", printable(run_line(run)));
}

void print_notes(const dataset::ForgetSummary& summary) {
  for (const std::string& note : summary.notes) print_note(note);
}

Result<int> preview(const ForgetFlags& flags, const dataset::Dataset& dataset,
                    const dataset::ForgetRequest& request) {
  const auto summary = LIDO_TRY(dataset::preview_forget(dataset, request));
  print_notes(summary);
  if (flags.json) {
    const nlohmann::ordered_json json = {{"dry_run", true},
                                         {"samples", summary.samples},
                                         {"rows", summary.rows},
                                         {"views", summary.views},
                                         {"plates", summary.plates},
                                         {"shards", summary.shards},
                                         {"leftovers", summary.leftovers},
                                         {"stretches", stretches_json(summary)},
                                         {"seen_by", runs_json(summary.seen_by)},
                                         {"notes", summary.notes}};
    fmt::print("{}\n", json_text(json));
    return kDone;
  }
  fmt::print("Would remove {}, {}, {} and {}, and write {} again:\n",
             counted(summary.samples, "sample"), counted(summary.rows, "table row"),
             counted(summary.views, "view image"), counted(summary.plates, "background image"),
             counted(summary.shards, "shard file"));
  print_stretches(summary);
  if (summary.samples > 0) fmt::print("{}\n", kWholeSamples);
  print_seen_by(summary);
  if (summary.leftovers > 0)
    fmt::print("Would remove {} of unfinished work.\n", counted(summary.leftovers, "file"));
  fmt::print("Nothing was removed (--dry-run).\n");
  return kDone;
}

void print_json(const dataset::ForgetSummary& summary, const dataset::ForgetProof& proof,
                const std::string& bucket) {
  const nlohmann::ordered_json json = {{"generation", summary.generation},
                                       {"samples_removed", summary.samples},
                                       {"rows_removed", summary.rows},
                                       {"views_removed", summary.views},
                                       {"plates_removed", summary.plates},
                                       {"shards_rewritten", summary.shards},
                                       {"leftovers_removed", summary.leftovers},
                                       {"stretches", stretches_json(summary)},
                                       {"seen_by", runs_json(summary.seen_by)},
                                       {"notes", summary.notes},
                                       {"shards_checked", proof.shards},
                                       {"files_checked", proof.files},
                                       {"damaged", proof.damaged},
                                       {"foreign", proof.foreign},
                                       {"kept_by_bucket", bucket}};
  fmt::print("{}\n", json_text(json));
}

void print_text(const dataset::ForgetSummary& summary, const dataset::ForgetProof& proof,
                const std::string& bucket) {
  const bool any = summary.samples + summary.rows + summary.views + summary.plates > 0;
  if (any) {
    fmt::print("Removed {}, {}, {} and {} from {}, and all older generations and shards:\n",
               counted(summary.samples, "sample"), counted(summary.rows, "table row"),
               counted(summary.views, "view image"), counted(summary.plates, "background image"),
               counted(summary.shards, "shard file"));
  } else if (!summary.stretches.empty()) {
    fmt::print("0 samples removed: the dataset holds nothing of this footage. In all:\n");
  }
  print_stretches(summary);
  if (summary.samples > 0) fmt::print("{}\n", kWholeSamples);
  if (summary.leftovers > 0 || summary.stretches.empty())
    fmt::print("Removed {} of unfinished work.\n", counted(summary.leftovers, "file"));
  fmt::print(
      "Searched {}, every table and every byte of {}: nothing of forgotten footage is left.\n",
      counted(proof.files, "file"), counted(proof.shards, "shard"));
  if (summary.stretches.empty()) return;
  fmt::print(
      "forgotten.json has the record; later ingests leave this footage out, under any "
      "name.\n");
  fmt::print("Not removed: the raw clip, copies of the dataset, and models trained on it.\n");
  print_seen_by(summary);
  if (!bucket.empty()) fmt::print("{}\n", bucket);
}

/// Warns of files that the search could not look into.
void warn(std::string_view what, const std::vector<std::string>& names) {
  if (names.empty()) return;
  print_warning(fmt::format("{} {}", counted(std::ssize(names), "file"), what));
  for (size_t i = 0; i < std::min(names.size(), kMaxNamed); ++i)
    fmt::print(stderr, "  {}\n", printable(names[i]));
}

Result<int> forget(const ForgetFlags& flags) {
  const auto request = LIDO_TRY(request_of(flags));
  const auto dataset = LIDO_TRY(dataset::Dataset::open(flags.dataset));
  if (flags.dry_run) return preview(flags, dataset, request);
  auto run = LIDO_TRY(dataset::ForgetRun::open(dataset, request));
  const auto summary = LIDO_TRY(run.remove());
  // A fault elsewhere in the dataset keeps the report from being made, and nothing else.
  const auto report = report::write_report(dataset, nullptr);
  print_notes(summary);
  const auto proved = run.prove();
  if (!proved) {
    print_warning(fmt::format(
        "removed {}, {}, {} and {}, but the search after it failed",
        counted(summary.samples, "sample"), counted(summary.rows, "table row"),
        counted(summary.views, "view image"), counted(summary.plates, "background image")));
    return std::unexpected(proved.error());
  }
  const dataset::ForgetProof& proof = *proved;
  const std::string bucket = bucket_note(dataset.store().uri());
  if (flags.json)
    print_json(summary, proof, bucket);
  else
    print_text(summary, proof, bucket);
  warn("damaged or lost before, which no removal changed", proof.damaged);
  warn("of other programs in the folder, which nothing looked into", proof.foreign);
  if (!report) print_warning("no report.html: " + report.error().message);
  return kDone;
}

}  // namespace

void add_forget(CLI::App& app, int& exit) {
  auto flags = std::make_shared<ForgetFlags>();
  CLI::App* command =
      app.add_subcommand("forget",
                         "Remove a stretch of a clip from the dataset, for good; does not ask, so "
                         "try --dry-run first");
  command->add_option("dataset", flags->dataset, "Folder, gs:// or s3:// prefix of the dataset")
      ->required();
  add_footage_flags(*command, flags->footage, "remove");
  command->add_flag("--copies", flags->copies,
                    "Remove the footage from all clips of the dataset with the same content");
  command->add_flag("--only-this", flags->only_this,
                    "Remove the footage from the named clip and keep it in its copies");
  command->add_flag("--leftovers", flags->leftovers,
                    "Remove files of unfinished ingests only; every removal also does this");
  command->add_flag("--dry-run", flags->dry_run,
                    "Print how much would be removed, and remove nothing");
  command->add_flag("--json", flags->json, "Print the result as JSON");
  command->callback([flags, &exit] {
    const auto result = forget(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
