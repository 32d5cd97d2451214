// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli.h"
#include "lido/ingest/estimate.h"
#include "lido/ingest/ingest.h"
#include "lido/ingest/supervise.h"
#include "lido/report/report.h"
#include "on_cluster.h"
#include "on_ray.h"

namespace lido::cli {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Shows how far an ingest is: one line that is redrawn on a terminal, JSON lines elsewhere.
class ProgressDisplay {
 public:
  ProgressDisplay(const part::Progress& progress, bool quiet)
      : progress_(progress), terminal_(isatty(2) == 1) {
    if (!quiet) thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
  }
  ~ProgressDisplay() {
    thread_ = {};
    if (drawn_ && terminal_) fmt::print(stderr, "\r\033[K");
  }

 private:
  void loop(const std::stop_token& stop) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any wake;
    const auto period =
        terminal_ ? std::chrono::milliseconds(500) : std::chrono::milliseconds(2000);
    while (!wake.wait_for(lock, stop, period, [&] { return stop.stop_requested(); })) draw();
  }

  void draw() {
    const double elapsed = seconds_since(start_);
    const int64_t resumed = progress_.spans_resumed;
    const int64_t done = progress_.spans_done, total = progress_.spans_total;
    const double frames_per_s = static_cast<double>(progress_.frames) / elapsed;
    const double mb_per_s = static_cast<double>(progress_.source_bytes) / elapsed / 1e6;
    const bool known = done > resumed && total > 0;
    const double eta =
        known ? elapsed / static_cast<double>(done - resumed) * static_cast<double>(total - done)
              : 0;
    drawn_ = true;
    if (!terminal_) {
      nlohmann::ordered_json line = {{"spans", done},
                                     {"of", total},
                                     {"frames", progress_.frames.load()},
                                     {"frames_per_s", std::round(frames_per_s)},
                                     {"mb_per_s", std::round(mb_per_s * 10) / 10},
                                     {"rejected", progress_.rejected.load()},
                                     {"elapsed_s", std::round(elapsed)}};
      if (known) line["eta_s"] = std::round(eta);
      fmt::print(stderr, "{}\n", line.dump());
      return;
    }
    fmt::print(stderr, "\r\033[K{}/{} spans  {:.0f} frames/s  {:.1f} MB/s  {} rejected  {}", done,
               total, frames_per_s, mb_per_s, progress_.rejected.load(),
               known ? "ETA " + human_seconds(eta) : std::string());
  }

  const part::Progress& progress_;
  bool terminal_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  std::jthread thread_;
};

struct Flags {
  ingest::Request request;
  std::string on = "here";
  std::string token_file;
  RayOptions ray;
  bool dry_run = false;
  bool json = false;
  bool quiet = false;
};

void print_estimate(const Flags& flags, const ingest::IngestPlan& job,
                    const ingest::Estimate& total) {
  if (flags.json) {
    const auto known = [](const auto& value) {
      return value ? nlohmann::ordered_json(std::llround(*value)) : nlohmann::ordered_json();
    };
    const nlohmann::ordered_json json = {{"clips", total.clips},
                                         {"known", job.known},
                                         {"broken", total.unreadable},
                                         {"spans", total.spans},
                                         {"hours", total.hours},
                                         {"bytes_to_read", total.bytes},
                                         {"frames", total.frames},
                                         {"samples", known(total.samples)},
                                         {"shards", known(total.shards)},
                                         {"shard_bytes", known(total.shard_bytes)},
                                         {"seconds", std::round(total.seconds)}};
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print("clips          {}", human_count(total.clips));
  if (job.known > 0) fmt::print("  ({} more are in the dataset already)", human_count(job.known));
  if (total.unreadable > 0) fmt::print("  ({} cannot be read)", human_count(total.unreadable));
  fmt::print("\nfootage        {}\n", human_seconds(total.hours * 3600));
  fmt::print("to read        {} at most\n", human_bytes(static_cast<double>(total.bytes)));
  fmt::print("spans          {}\n", human_count(total.spans));
  fmt::print("frames         {} {}\n", job.sampling.fps.automatic ? "at most" : "about",
             human_count(total.frames));
  if (total.samples) {
    fmt::print("samples        about {}\n", human_count(*total.samples));
    fmt::print("shards         about {}, {} in all\n", human_count(*total.shards),
               human_bytes(*total.shard_bytes));
  } else {
    fmt::print("samples        as many as {}\n",
               job.sampling.samples == "person" ? "people are seen" : "something moves");
  }
  fmt::print("time           about {} here\n", human_seconds(total.seconds));
  fmt::print("Nothing was written (--dry-run).\n");
}

void print_summary(const Flags& flags, const ingest::Summary& summary, double elapsed) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  const double cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  const double peak_mb = static_cast<double>(usage.ru_maxrss) / 1000 * 1.024;
  if (flags.json) {
    nlohmann::ordered_json json = ingest::summary_json(summary);
    json["seconds"] = elapsed;
    if (flags.on == "here") {
      json["cpu_s"] = cpu;
      json["peak_mb"] = peak_mb;
    }
    fmt::print("{}\n", json.dump());
    return;
  }
  if (summary.generation == 0) {
    fmt::print("Nothing new: the dataset holds all {} clip(s) already.\n",
               human_count(summary.known));
    return;
  }
  fmt::print("{} samples from {} clip(s), {} of footage, in {} shard(s), {}\n",
             human_count(summary.samples), human_count(summary.clips),
             human_seconds(summary.source_hours * 3600), human_count(summary.shards),
             human_bytes(static_cast<double>(summary.shard_bytes)));
  fmt::print("{} frames; {} left over, too few for a window\n", human_count(summary.frames),
             human_count(summary.left_over));
  if (flags.request.sampling.fps.automatic)
    fmt::print("{} passed over, because nothing moved\n",
               human_seconds(summary.skipped_hours * 3600));
  if (summary.rejected > 0) {
    fmt::print("{} clip(s) rejected: see rejected in `lido inspect {}` or report.html\n",
               human_count(summary.rejected), flags.request.out);
  }
  if (summary.known > 0) fmt::print("{} clip(s) were there already\n", human_count(summary.known));
  if (summary.ignored > 0)
    fmt::print("{} file(s) ignored: they do not end like a video\n", human_count(summary.ignored));
  if (summary.spans_resumed > 0)
    fmt::print("{} of {} spans were done by an earlier run\n", summary.spans_resumed,
               summary.spans);
  fmt::print("{}", human_seconds(elapsed));
  // What Ray's workers took is not seen from here.
  if (flags.on == "here") fmt::print(", {} of CPU, {:.0f} MB at most", human_seconds(cpu), peak_mb);
  fmt::print("\n");
  fmt::print("{}/report.html\n", storage::absolute(flags.request.out));
}

int exit_code(const ingest::Summary& summary) {
  if (summary.rejected == 0) return kDone;
  return summary.rejected == summary.clips ? kNothingUsable : kSomeRejected;
}

Result<int> run_on_ray(const Flags& flags) {
  const auto start = Clock::now();
  part::Progress progress;
  RayOutcome outcome;
  const std::string text = LIDO_TRY(request_text(flags.request, flags.ray));
  if (is_cluster(flags.on)) {
    Target target = LIDO_TRY(reach(flags.on, flags.token_file));
    stop_on_signals("the job goes on");
    const ProgressDisplay display(progress, flags.quiet);
    outcome =
        LIDO_TRY(ingest_on_cluster(flags.on, target, flags.request, text, flags.ray, progress));
  } else {
    const ProgressDisplay display(progress, flags.quiet);
    outcome = LIDO_TRY(ingest_on_ray(text, progress));
  }
  if (outcome.exit != 0) return outcome.exit.value_or(kFailed);
  print_summary(flags, outcome.summary, seconds_since(start));
  return exit_code(outcome.summary);
}

Result<int> ingest(const Flags& flags) {
  const auto start = Clock::now();
  const auto stop = interruption();
  ingest::IngestPlan job = LIDO_TRY(ingest::prepare(flags.request, stop));
  if (flags.dry_run) {
    print_estimate(flags, job,
                   LIDO_TRY(ingest::estimate(*job.clips, job.sampling, flags.request.job)));
    return kDone;
  }
  part::Progress progress;
  auto run = LIDO_TRY(ingest::IngestRun::open(flags.request, std::move(job)));
  ingest::Summary summary;
  {
    const ProgressDisplay display(progress, flags.quiet);
    summary = LIDO_TRY(run.finish(progress, stop));
  }
  const double elapsed = seconds_since(start);
  if (summary.generation > 0) {
    const report::Cost cost = report::cost_of(progress, elapsed);
    LIDO_TRY(report::write_report(run.dataset(), &cost));
  }
  print_summary(flags, summary, elapsed);
  return exit_code(summary);
}

}  // namespace

void add_ingest(CLI::App& app, int& exit, const std::vector<std::string>& from_files) {
  (void)from_files;
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("ingest", "Turn raw clips into training shards");
  command
      ->add_option("clips", flags->request.inputs,
                   "Files, folders, globs, gs:// or s3:// prefixes, or lists (.csv, .parquet with "
                   "columns clip, group, site, camera, start_utc)")
      ->required();
  command
      ->add_option("--out", flags->request.out,
                   "Dataset to make or to add to: a folder, gs:// or s3://")
      ->required();
  command->add_option(
      "--labels", flags->request.labels,
      "Labels: CSV or Parquet (clip, start_s, end_s, task, label, ...) or CVAT for video XML");
  command->add_option(
      "--classes", flags->request.classes,
      "Labels the dataset shall know: \"behaviour=drowning,swimming;age=child,adult\"");
  command
      ->add_option("--on", flags->on,
                   "Where the work is done: here; ray (on this machine, or in the cluster that "
                   "RAY_ADDRESS names); k8s:NAMESPACE/CLUSTER; or https://HOST of a Ray Jobs API")
      ->check([](const std::string& on) {
        const bool known = on == "here" || on == "ray" || is_cluster(on);
        return known ? "" : "want here, ray, k8s:NAMESPACE/CLUSTER or https://HOST, not " + on;
      })
      ->capture_default_str();
  command->add_option("--token-file", flags->token_file,
                      "File with the token of an https:// target");
  command->add_flag("--dry-run", flags->dry_run, "Print what would be done, and write nothing");
  command->add_flag("--json", flags->json, "Print the summary as JSON");
  command->add_flag("--quiet", flags->quiet, "Show no progress");
  bind(*command, flags->request.sampling,
       "What samples are (fixed by the first ingest into a dataset)");
  bind(*command, flags->request.job, "How the work is done");
  bind(*command, flags->ray, "What Ray keeps free for a task, with --on");
  command->callback([flags, &exit] {
    if (flags->on != "here" && !flags->dry_run) {
      const auto result = run_on_ray(*flags);
      exit = result ? *result : report_error(result.error());
      return;
    }
    exit = ingest::supervise(flags->request.out, [flags](bool careful) {
      if (careful) flags->request.job.workers = 1;
      stop_on_signals("the same command goes on from here");
      const auto result = ingest(*flags);
      storage::shut_down();
      return result ? *result : report_error(result.error());
    });
  });
}

}  // namespace lido::cli
