// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "cli.h"
#include "lido/base/json_text.h"
#include "lido/dataset/transfer.h"
#include "progress_display.h"

namespace lido::cli {
namespace {

/// Files of other programs that are named, at most.
constexpr size_t kMaxForeign = 3;

struct CopyFlags {
  std::string dataset;
  std::string destination;
  int workers = 0;
  bool dry_run = false;
  bool json = false;
  bool quiet = false;
};

/// Seconds until the end at the rate so far; 0 before any byte.
double seconds_left(const dataset::TransferProgress& progress, double elapsed_s) {
  const auto bytes = static_cast<double>(progress.bytes);
  const auto total = static_cast<double>(progress.bytes_total);
  return bytes > 0 ? elapsed_s * std::max(0.0, total - bytes) / bytes : 0;
}

std::string transfer_line(const dataset::TransferProgress& progress, double elapsed_s) {
  const auto bytes = static_cast<double>(progress.bytes);
  return fmt::format("{} of {} files  {} of {}  {:.1f} MB/s  ETA {}", human_count(progress.files),
                     human_count(progress.files_total), human_bytes(bytes),
                     human_bytes(static_cast<double>(progress.bytes_total)),
                     bytes / elapsed_s / 1e6, human_seconds(seconds_left(progress, elapsed_s)));
}

std::string transfer_json(const dataset::TransferProgress& progress, double elapsed_s) {
  const auto bytes = static_cast<double>(progress.bytes);
  const nlohmann::ordered_json line = {{"files", progress.files.load()},
                                       {"of", progress.files_total.load()},
                                       {"mb_per_s", std::round(bytes / elapsed_s / 1e5) / 10},
                                       {"eta_s", std::round(seconds_left(progress, elapsed_s))}};
  return json_text(line);
}

/// Copies or moves the files, with a display of the progress.
Result<dataset::TransferSummary> transfer_files(const CopyFlags& flags, bool is_move,
                                                storage::Store& to) {
  const auto from = dataset::Dataset::open(flags.dataset);
  if (!from && from.error().code == ErrorCode::kNotFound && is_move) {
    if (const auto finished = LIDO_TRY(dataset::finish_move(flags.dataset, to))) return *finished;
  }
  if (!from) return std::unexpected(from.error());
  dataset::TransferProgress progress;
  const auto run = is_move ? dataset::move_dataset : dataset::copy_dataset;
  const ProgressDisplay display(
      [&](double elapsed_s) { return transfer_line(progress, elapsed_s); },
      [&](double elapsed_s) { return transfer_json(progress, elapsed_s); }, flags.quiet);
  return run(*from, to, flags.workers, progress, interruption());
}

nlohmann::ordered_json transfer_summary_json(const dataset::TransferSummary& summary) {
  return {{"files", summary.files},
          {"bytes", summary.bytes},
          {"copied_earlier", summary.copied_earlier},
          {"foreign", summary.foreign}};
}

/// Prints what would be copied or moved.
Result<int> preview_copy(const CopyFlags& flags, bool is_move, storage::Store& to) {
  const auto from = LIDO_TRY(dataset::Dataset::open(flags.dataset));
  const dataset::TransferSummary summary = LIDO_TRY(dataset::preview_transfer(from, to));
  if (flags.json) {
    nlohmann::ordered_json json = {{"dry_run", true}};
    json.update(transfer_summary_json(summary));
    fmt::print("{}\n", json_text(json));
    return kDone;
  }
  fmt::print("Would {} {}, {}, to {}.\n", is_move ? "move" : "copy", counted(summary.files, "file"),
             human_bytes(static_cast<double>(summary.bytes)), to.uri());
  if (!summary.foreign.empty())
    fmt::print("{} of other programs would stay where they are.\n",
               counted(std::ssize(summary.foreign), "file"));
  fmt::print("Nothing was written (--dry-run).\n");
  return kDone;
}

Result<int> transfer(const CopyFlags& flags, bool is_move) {
  const auto to = LIDO_TRY(storage::open_store(flags.destination));
  if (flags.dry_run) return preview_copy(flags, is_move, *to);
  stop_on_signals("the same command resumes from here");
  const dataset::TransferSummary summary = LIDO_TRY(transfer_files(flags, is_move, *to));
  for (size_t i = 0; i < std::min(summary.foreign.size(), kMaxForeign); ++i)
    print_warning(summary.foreign[i] + ": not Lido's, and not copied");
  if (flags.json) {
    nlohmann::ordered_json json = transfer_summary_json(summary);
    json["moved"] = is_move;
    fmt::print("{}\n", json_text(json));
    return kDone;
  }
  fmt::print("{} {}, {}, to {}. Every file was read back: all checksums agree.\n",
             is_move ? "Moved" : "Copied", counted(summary.files, "file"),
             human_bytes(static_cast<double>(summary.bytes)), to->uri());
  if (summary.foreign.size() > kMaxForeign)
    fmt::print("{} of other programs stay where they are.\n",
               counted(std::ssize(summary.foreign), "file"));
  if (!is_move)
    fmt::print("lido forget reaches one dataset: footage to be forgotten is now in both.\n");
  return kDone;
}

void add_transfer(CLI::App& app, int& exit, bool is_move) {
  auto flags = std::make_shared<CopyFlags>();
  CLI::App* command =
      is_move ? app.add_subcommand("move",
                                   "Move a dataset whole, between folders and buckets; does not "
                                   "ask, so try --dry-run first")
              : app.add_subcommand("copy", "Copy a whole dataset, between folders and buckets");
  command->add_option("dataset", flags->dataset, "Folder, gs:// or s3:// prefix of the dataset")
      ->required();
  command
      ->add_option("destination", flags->destination,
                   "Empty folder, gs:// or s3:// prefix; or one in which this command was "
                   "interrupted, to resume")
      ->required();
  command->add_option("--workers", flags->workers, "Files to copy at a time. 0 is one per core")
      ->capture_default_str()
      ->check(CLI::Range(0, 1024));
  command->add_flag(
      "--dry-run", flags->dry_run,
      fmt::format("Print how much would be {}, and write nothing", is_move ? "moved" : "copied"));
  command->add_flag("--json", flags->json, "Print the result as JSON");
  command->add_flag("--quiet", flags->quiet, "Show no progress");
  command->callback([flags, &exit, is_move] {
    const auto result = transfer(*flags, is_move);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace

void add_copy(CLI::App& app, int& exit) { add_transfer(app, exit, false); }

void add_move(CLI::App& app, int& exit) { add_transfer(app, exit, true); }

}  // namespace lido::cli
