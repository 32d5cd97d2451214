// SPDX-License-Identifier: Apache-2.0
#include "ingest.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "dataset_options.h"
#include "ingest_outcome.h"
#include "lido/base/hash.h"
#include "lido/base/json_text.h"
#include "lido/base/utf8.h"
#include "lido/ingest/estimate.h"
#include "lido/ingest/ingest.h"
#include "lido/ingest/supervise.h"
#include "lido/report/report.h"
#include "on_ray.h"
#include "progress_display.h"

namespace lido::cli {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Counts for the display, from those that the ingest keeps.
std::function<ProgressCounts()> counts_of(const part::Progress& progress, int64_t frames_total) {
  return [&progress, frames_total] {
    return ProgressCounts{.spans = progress.spans_done,
                          .spans_total = progress.spans_total,
                          .spans_resumed = progress.spans_resumed,
                          .frames = progress.frames,
                          .frames_total = frames_total,
                          .source_bytes = progress.source_bytes,
                          .source_bytes_total = progress.source_bytes_total,
                          .rejected = progress.rejected};
  };
}

struct IngestFlags {
  ingest::Request request;
  /// Names of the sampling options that the command line does not give.
  std::vector<std::string> not_given;
  /// Flags that the command line itself holds, without those of a lido.toml.
  std::vector<std::string> given;
  TargetOptions target{.on = "here"};
  ConnectJob connect = nullptr;  ///< Null in a program without clusters' commands.
  std::string job;               ///< Name of the command's jobs on a cluster.
  RayOptions ray;
  bool dry_run = false;
  bool json = false;
  bool quiet = false;
};

/// CPU seconds and peak memory of this process.
std::pair<double, double> own_cost() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return {seconds(usage.ru_utime) + seconds(usage.ru_stime),
          static_cast<double>(usage.ru_maxrss) / 1000 * 1.024};
}

void print_estimate(const IngestFlags& flags, const ingest::IngestPlan& job,
                    const ingest::Estimate& total) {
  const dataset::Labeller& labels = job.labels->labeller;
  print_warnings(ingest::warnings(job.notes));
  print_warnings(ingest::warnings(job.contents));
  if (flags.json) {
    const auto known = [](const auto& value) {
      return value ? nlohmann::ordered_json(std::llround(*value)) : nlohmann::ordered_json();
    };
    const nlohmann::ordered_json json = {{"clips", total.clips},
                                         {"known", job.contents.known},
                                         {"copies", job.contents.copies.count},
                                         {"changed", job.contents.changed.count},
                                         {"broken", total.unreadable},
                                         {"spans", total.spans},
                                         {"hours", total.hours},
                                         {"bytes_to_read", total.bytes},
                                         {"frames", total.frames},
                                         {"samples", known(total.samples)},
                                         {"shards", known(total.shards)},
                                         {"shard_bytes", known(total.shard_bytes)},
                                         {"labels", labels.labels()},
                                         {"labels_unmatched", labels.unmatched().labels},
                                         {"unreadable_inputs", job.notes.unreadable.count},
                                         {"seconds", std::round(total.seconds)}};
    fmt::print("{}\n", json_text(json));
    return;
  }
  fmt::print("clips          {}", human_count(total.clips));
  if (job.contents.known > 0)
    fmt::print("  ({} more are in the dataset already)", human_count(job.contents.known));
  if (total.unreadable > 0) fmt::print("  ({} cannot be read)", human_count(total.unreadable));
  fmt::print("\nfootage        {}\n", human_seconds(total.hours * 3600));
  fmt::print("to read        at most {}\n", human_bytes(static_cast<double>(total.bytes)));
  fmt::print("spans          {}\n", human_count(total.spans));
  fmt::print("frames         {} {}\n", job.sampling.fps.automatic ? "at most" : "about",
             human_count(total.frames));
  if (total.samples) {
    fmt::print("samples        about {}\n", human_count(*total.samples));
    fmt::print("shards         about {}, {} in all\n", human_count(*total.shards),
               human_bytes(*total.shard_bytes));
  } else {
    fmt::print("samples        not known before {}\n",
               job.sampling.kinds().tracked_people ? "people are found"
               : job.sampling.fps.automatic        ? "motion is measured"
                                                   : "the labels are on frames");
  }
  if (!flags.request.labels.empty())
    fmt::print("labels         {} of {} name these clips\n",
               human_count(labels.labels() - labels.unmatched().labels),
               human_count(labels.labels()));
  fmt::print("time           about {} on this machine\n", human_seconds(total.seconds));
  fmt::print("Nothing was written (--dry-run).\n");
}

void print_cost(double elapsed, bool here) {
  fmt::print("{}", human_seconds(elapsed));
  // The cost of Ray's workers is not known here.
  if (here) {
    const auto [cpu_s, peak_mb] = own_cost();
    fmt::print(", {} of CPU, {:.0f} MB of memory at most", human_seconds(cpu_s), peak_mb);
  }
  fmt::print("\n");
}

void print_summary(const IngestFlags& flags, const ingest::Summary& summary, double elapsed) {
  const bool here = flags.target.on == "here";
  print_warnings(summary.warnings);
  if (flags.json) {
    nlohmann::ordered_json json = ingest::summary_json(summary);
    json["seconds"] = elapsed;
    if (here) {
      const auto [cpu_s, peak_mb] = own_cost();
      json["cpu_s"] = cpu_s;
      json["peak_mb"] = peak_mb;
    }
    fmt::print("{}\n", json_text(json));
    return;
  }
  if (summary.generation == 0 || summary.clips == 0) {
    fmt::print("Nothing new: the dataset has {} already{}.\n",
               counted(summary.known + summary.copies, "clip"),
               summary.forgotten > 0
                   ? fmt::format(", and {} removed by lido forget",
                                 counted(summary.forgotten, "clip was", "clips were"))
                   : "");
  } else {
    fmt::print("{} from {} ({} of footage) in {}, {}\n", counted(summary.samples, "sample"),
               counted(summary.clips - summary.rejected, "clip"),
               human_seconds(summary.source_hours * 3600), counted(summary.shards, "shard"),
               human_bytes(static_cast<double>(summary.shard_bytes)));
    fmt::print("{}, {} of them in no sample\n", counted(summary.frames, "frame"),
               human_count(summary.unused_frames));
    if (const std::string line = no_sample_line(flags.request, summary); !line.empty())
      fmt::print("{}\n", line);
    if (flags.request.sampling.fps.automatic)
      fmt::print("{} skipped, since nothing moved\n", human_seconds(summary.skipped_hours * 3600));
    if (summary.known > 0)
      fmt::print("{} in the dataset already\n", counted(summary.known, "clip"));
    if (summary.spans_resumed > 0)
      fmt::print("{} of {} taken over from an earlier run\n", human_count(summary.spans_resumed),
                 counted(summary.spans, "span"));
  }
  for (const std::string& line : dataset::coverage_lines(summary.coverage))
    fmt::print("{}\n", printable(line));
  if (summary.ignored > 0)
    fmt::print("{} skipped: not a known video extension\n", counted(summary.ignored, "file"));
  // A cluster's folders are not visible from here.
  if (!is_cluster(flags.target.on)) print_splits(flags.request, summary);
  for (const std::string& line : fault_lines(summary, flags.request.out)) fmt::print("{}\n", line);
  print_cost(elapsed, here);
  print_page(storage::absolute(flags.request.out) + "/report.html");
}

int exit_code(const ingest::Summary& summary) {
  const bool lacks_label = std::ranges::any_of(summary.coverage, &dataset::LabelCoverage::has_none);
  const bool has_omissions = lacks_label || summary.has_no_label_matched() ||
                             summary.rejected > 0 || summary.broken > 0 || summary.changed > 0 ||
                             summary.unreadable_inputs > 0;
  if (!has_omissions) return kDone;
  if (summary.rejected == 0) return kFindings;
  return summary.rejected == summary.clips ? kNothingUsable : kFindings;
}

/// Checks that the request's names can be passed on as JSON, which is UTF-8.
Result<void> check_names(const IngestFlags& flags) {
  std::vector<std::string> names = flags.request.inputs;
  names.insert(names.end(), {flags.request.out, flags.request.labels, flags.request.label_boxes,
                             flags.request.classes});
  for (const std::string& name : names) {
    if (!is_utf8(name))
      return fail(ErrorCode::kInvalidArgument, "{}: the name is not UTF-8, want UTF-8 with --on {}",
                  escape_bytes(name), flags.target.on);
  }
  return {};
}

Result<int> run_on_ray(const IngestFlags& flags) {
  LIDO_TRY(check_names(flags));
  const auto start = Clock::now();
  part::Progress progress;
  RayOutcome outcome;
  const std::string text = LIDO_TRY(request_text(flags.request, flags.ray));
  if (is_cluster(flags.target.on)) {
    const auto follow =
        LIDO_TRY(flags.connect({.target = flags.target,
                                .name = flags.job,
                                .output = flags.request.out,
                                .request = text,
                                .resume = "To resume from its parts, run this command again.",
                                .worker = {flags.ray.task_cpus, flags.ray.task_gpus,
                                           LIDO_TRY(parse_resources(flags.ray.task_resources))}}));
    stop_on_signals("the job keeps running");
    const ProgressDisplay display(counts_of(progress, 0), "waiting for the job", flags.quiet);
    outcome.exit = LIDO_TRY(
        follow([&](std::string_view line) { return take_driver_line(line, progress, outcome); }));
  } else {
    const ProgressDisplay display(counts_of(progress, 0), "starting Ray", flags.quiet);
    outcome = LIDO_TRY(ingest_on_ray(text, progress));
  }
  if (outcome.exit != 0) return outcome.exit.value_or(kFailed);
  print_summary(flags, outcome.summary, seconds_since(start));
  return exit_code(outcome.summary);
}

/// Names the buckets that are about to be listed: a listing can take minutes.
void announce_listings(const IngestFlags& flags) {
  for (const std::string& input : flags.request.inputs) {
    if (flags.quiet || !storage::is_remote(input)) continue;
    if (isatty(2) == 1)
      fmt::print(stderr, "listing {} ...\n", input);
    else
      fmt::print(stderr, "{}\n", json_text(nlohmann::ordered_json{{"listing", input}}));
  }
}

Result<int> ingest(const IngestFlags& flags) {
  const auto start = Clock::now();
  const auto stop = interruption();
  announce_listings(flags);
  ingest::IngestPlan job = LIDO_TRY(ingest::prepare(flags.request, stop));
  const bool has_labels = !flags.request.labels.empty();
  const auto total =
      LIDO_TRY(ingest::estimate(*job.clips, job.sampling, flags.request.job, has_labels));
  if (flags.dry_run) {
    print_estimate(flags, job, total);
    return kDone;
  }
  part::Progress progress;
  // With an automatic rate the estimate is an upper bound.
  const int64_t frames_total = job.sampling.fps.automatic ? 0 : total.frames;
  auto run = LIDO_TRY(ingest::IngestRun::open(flags.request, std::move(job), stop));
  ingest::Summary summary;
  {
    const ProgressDisplay display(counts_of(progress, frames_total), "planning", flags.quiet);
    summary = LIDO_TRY(run.finish(progress, stop));
  }
  const double elapsed = seconds_since(start);
  if (summary.generation > 0 && summary.clips > 0) {
    const report::Cost cost = report::cost_of(progress, elapsed);
    LIDO_TRY(report::write_report(run.dataset(), &cost));
  }
  print_summary(flags, summary, elapsed);
  return exit_code(summary);
}

bool is_given(const IngestFlags& flags, std::string_view flag) {
  return std::ranges::find(flags.given, flag) != flags.given.end();
}

/// Refuses flags that the place of work has no use for. Those of a lido.toml may be for other
/// commands.
Result<void> check_target(const IngestFlags& flags) {
  LIDO_TRY(check_target_flags(flags.target, flags.given));
  Result<void> checked;
  RayOptions::fields(flags.ray, [&](std::string_view name, auto&&...) {
    const std::string flag = flag_of(name);
    if (!checked || flags.target.on != "here" || !is_given(flags, flag)) return;
    checked = fail(ErrorCode::kInvalidArgument,
                   "{}: no use with --on here, want --on ray or a cluster", flag);
  });
  return checked;
}

/// Refuses flags without an effect beside the dataset's options.
Result<void> check_sampling(const IngestFlags& flags) {
  const media::TransformOptions& transform = flags.request.sampling.transform;
  if (is_given(flags, "--resize") && transform.resize != 0 && transform.fit != "crop")
    return fail(ErrorCode::kInvalidArgument, "--resize: no use with --fit {}, want --fit crop",
                transform.fit);
  return {};
}

/// Checks flags that depend on each other, and takes an existing dataset's options.
Result<void> complete(IngestFlags& flags) {
  if (is_cluster(flags.target.on) && flags.connect == nullptr)
    return fail(ErrorCode::kInvalidArgument,
                "--on {}: this program has no commands for clusters, since ./dev demo built it; "
                "./dev install builds one that has",
                flags.target.on);
  LIDO_TRY(check_target(flags));
  if (is_given(flags, "--keep-partial") && is_given(flags, "--drop-broken"))
    return fail(ErrorCode::kInvalidArgument,
                "--keep-partial and --drop-broken: got both, want one");
  if (flags.quiet || flags.json) {
    // Nothing to announce.
  } else if (storage::is_remote(flags.request.out)) {
    fmt::print(stderr, "asking {} ...\n", flags.request.out);
  }
  auto options = options_of_dataset(flags.request.out, flags.request.sampling, flags.not_given);
  // Where a cluster reads and writes may be out of reach from here; it checks for itself.
  if (!options && is_cluster(flags.target.on)) return {};
  flags.request.sampling = LIDO_TRY(std::move(options));
  return check_sampling(flags);
}

/// Names of the sampling options that the command line itself does not hold.
std::vector<std::string> not_given(const CLI::App& command,
                                   const std::vector<std::string>& from_files) {
  std::vector<std::string> names;
  const auto visit = [&](std::string_view name, const auto&, const auto&, std::string_view) {
    const std::string flag = flag_of(name);
    const bool from_file = std::ranges::find(from_files, flag) != from_files.end();
    if (command.count(flag) == 0 || from_file) names.emplace_back(name);
  };
  const part::SampleOptions fields;
  part::SampleOptions::fields(fields, visit);
  return names;
}

/// Flags of a command line, without those that a lido.toml added.
std::vector<std::string> given(const CLI::App& command,
                               const std::vector<std::string>& from_files) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    const std::string flag = option->get_name(false, false);
    if (option->count() > 0 && std::ranges::find(from_files, flag) == from_files.end())
      flags.push_back(flag);
  }
  return flags;
}

/// Fetches the networks before work begins. A cluster's pods have their own.
Result<void> fetch_networks(const IngestFlags& flags) {
  const auto& sampling = flags.request.sampling;
  if (sampling.scene == "off" || is_cluster(flags.target.on)) return {};
  LIDO_TRY(ensure_model("detector", sampling.detector.detector, flags.quiet));
  return ensure_poses(sampling.poses, flags.quiet);
}

/// Returns the name of a command's jobs on a cluster.
/// @param asked  The command's request, before an existing dataset's options complete it: a job
///     that has just made the dataset must be found by the same command.
std::string job_name(const ingest::Request& asked) {
  return "lido-" + sha256_hex(ingest::to_text(asked)).substr(0, 12);
}

/// Runs the command. @return The exit code.
int run(IngestFlags& flags) {
  flags.job = job_name(flags.request);
  const auto get_ready = [&]() -> Result<void> {
    LIDO_TRY(complete(flags));
    return fetch_networks(flags);
  };
  if (flags.target.on != "here" && !flags.dry_run) {
    const auto ready = get_ready();
    const auto result = ready ? run_on_ray(flags) : std::unexpected(ready.error());
    return result ? *result : report_error(result.error());
  }
  // The supervising process opens no store: a bucket's threads would not survive its fork().
  return ingest::supervise([&](bool careful) {
    if (careful) flags.request.job.workers = 1;
    if (const auto ready = get_ready(); !ready) return report_error(ready.error());
    stop_on_signals("the same command resumes from here");
    const auto result = ingest(flags);
    storage::shut_down();
    return result ? *result : report_error(result.error());
  });
}

}  // namespace

void add_ingest(CLI::App& app, int& exit, const std::vector<std::string>& from_files,
                ConnectJob connect) {
  auto flags = std::make_shared<IngestFlags>();
  flags->connect = connect;
  CLI::App* command = app.add_subcommand(
      "ingest", "Find and track people in raw clips, and write training samples as shards");
  command
      ->add_option("clips", flags->request.inputs,
                   "Files, folders, globs, gs:// or s3:// prefixes, or lists (.csv, .parquet with "
                   "columns clip, group, site, camera, start_utc)")
      ->required();
  command
      ->add_option("--out", flags->request.out,
                   "Dataset to create or to add to: a folder, gs:// or s3://. An existing dataset "
                   "keeps its options")
      ->required();
  command->add_option(
      "--labels", flags->request.labels,
      "Labels: CSV or Parquet (clip, start_s, end_s, task, label, ...) or CVAT for video XML");
  command->add_option("--label-boxes", flags->request.label_boxes,
                      "Boxes of the labelled people: CSV or Parquet (clip, track, time_s, x, y, "
                      "width, height). Labels of the same clip and track get them");
  command->add_option("--classes", flags->request.classes,
                      "Labels that the dataset lists even where no clip has them: "
                      "\"behaviour=drowning,swimming;age=child,adult\"");
  add_place(*command, flags->target);
  command->add_flag("--dry-run", flags->dry_run, "Print what would be done, and write nothing");
  command->add_flag("--json", flags->json, "Print the summary as JSON");
  command->add_flag("--quiet", flags->quiet, "Show no progress");
  bind(*command, flags->request.sampling, "Samples (fixed by the first ingest into a dataset)");
  bind(*command, flags->request.job, "Work");
  bind(*command, flags->ray, "Resources of a task, with --on ray or a cluster");
  command->callback([flags, command, &exit, &from_files] {
    flags->not_given = not_given(*command, from_files);
    flags->given = given(*command, from_files);
    exit = run(*flags);
  });
}

}  // namespace lido::cli
