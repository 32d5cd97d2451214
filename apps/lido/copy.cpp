// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "cli.h"
#include "lido/base/json_text.h"
#include "lido/dataset/transfer.h"

namespace lido::cli {
namespace {

/// Files of other programs that are named, at most.
constexpr size_t kMaxForeign = 3;

struct CopyFlags {
  std::string dataset;
  std::string destination;
  int workers = 0;
  bool json = false;
  bool quiet = false;
};

/// Shows how far a transfer is, on standard error, from a thread of its own.
class TransferDisplay {
 public:
  TransferDisplay(const dataset::TransferProgress& progress, bool quiet) : progress_(progress) {
    if (!quiet) thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
  }
  ~TransferDisplay() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
    if (drawn_ && isatty(2) == 1) fmt::print(stderr, "\n");
  }
  TransferDisplay(const TransferDisplay&) = delete;
  TransferDisplay& operator=(const TransferDisplay&) = delete;

 private:
  void loop(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, stop, std::chrono::seconds(2), [] { return false; }) &&
           !stop.stop_requested())
      print();
  }

  void print() {
    drawn_ = true;
    const double elapsed_s =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    const auto bytes = static_cast<double>(progress_.bytes);
    const auto total = static_cast<double>(progress_.bytes_total);
    const double left_s = bytes > 0 ? elapsed_s * std::max(0.0, total - bytes) / bytes : 0;
    if (isatty(2) == 1) {
      fmt::print(stderr, "\r\033[K{} of {} files  {} of {}  {:.1f} MB/s  ETA {}",
                 human_count(progress_.files), human_count(progress_.files_total),
                 human_bytes(bytes), human_bytes(total), bytes / elapsed_s / 1e6,
                 human_seconds(left_s));
      return;
    }
    const nlohmann::ordered_json line = {{"files", progress_.files.load()},
                                         {"of", progress_.files_total.load()},
                                         {"mb_per_s", std::round(bytes / elapsed_s / 1e5) / 10},
                                         {"eta_s", std::round(left_s)}};
    fmt::print(stderr, "{}\n", json_text(line));
  }

  const dataset::TransferProgress& progress_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  bool drawn_ = false;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

Result<int> transfer(const CopyFlags& flags, bool is_move) {
  const auto from = LIDO_TRY(dataset::Dataset::open(flags.dataset));
  const auto to = LIDO_TRY(storage::open_store(flags.destination));
  stop_on_signals("the same command resumes from here");
  dataset::TransferProgress progress;
  const auto run = is_move ? dataset::move_dataset : dataset::copy_dataset;
  dataset::TransferSummary summary;
  {
    const TransferDisplay display(progress, flags.quiet);
    summary = LIDO_TRY(run(from, *to, flags.workers, progress, interruption()));
  }
  for (size_t i = 0; i < std::min(summary.foreign.size(), kMaxForeign); ++i)
    fmt::print(stderr, "lido: warning: {}: not Lido's, and not copied\n",
               printable(summary.foreign[i]));
  if (flags.json) {
    const nlohmann::ordered_json json = {{"files", summary.files},
                                         {"bytes", summary.bytes},
                                         {"copied_earlier", summary.copied_earlier},
                                         {"foreign", summary.foreign},
                                         {"moved", is_move}};
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
      is_move ? app.add_subcommand("move", "Move a dataset whole, between folders and buckets")
              : app.add_subcommand("copy", "Copy a dataset whole, between folders and buckets");
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
