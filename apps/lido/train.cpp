// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "cli.h"
#include "lido/base/hash.h"
#include "lido/base/json_text.h"
#include "lido/model/config.h"
#include "lido/storage/store.h"
#include "on_cluster.h"
#include "train_flags.h"
#include "train_on_ray.h"

namespace lido::cli {
namespace {

constexpr const char* kProgram = "lido-train";

struct TrainFlags {
  std::string network;
  std::string data;
  std::string points;
  std::string out;
  std::string resume;
  std::string config_file;
  TargetOptions target{.on = "here"};
  WorkerOptions workers;
  bool dry_run = false;
  bool json = false;
  bool quiet = false;
  model::TrainConfig config;
  std::vector<std::string> given;      ///< Flags on the command line that shape a run.
  std::vector<std::string> for_ray;    ///< Flags on the command line for its workers on Ray.
  std::vector<std::string> for_place;  ///< Flags on the command line that name a cluster.
};

/// Replaces this process by lido-train, which does the training.
Result<int> start_training(const nlohmann::ordered_json& request) {
  const std::string file = train_program();
  std::string name = kProgram, text = json_text(request);
  char* const arguments[] = {name.data(), text.data(), nullptr};
  std::fflush(stdout);
  execv(file.c_str(), arguments);
  if (errno != ENOENT)
    return fail(ErrorCode::kUnavailable, "{}: cannot be started: {}", file, std::strerror(errno));
  return fail(ErrorCode::kNotFound,
              "{}: no such program. Training needs LibTorch and is installed apart: in a checkout, "
              "./dev install --train (docs/training.md).",
              file);
}

Result<model::TrainConfig> resumed_config(const TrainFlags& flags) {
  if (!flags.given.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "--resume {} takes all options from its config.yaml, got {} too", flags.resume,
                flags.given.front());
  }
  return model::read_config(flags.resume);
}

/// Checks the place of work and the flags that depend on it.
Result<void> check_place(const TrainFlags& flags) {
  const std::string& on = flags.target.on;
  if (on == "here" && !flags.for_ray.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "{}: no use with --on here, want --on ray or a cluster", flags.for_ray.front());
  }
  LIDO_TRY(check_target_flags(flags.target, flags.for_place));
  if (!is_cluster(on)) return {};
  for (const auto& [flag, place] : {std::pair("--data", &flags.data),
                                    {"--points", &flags.points},
                                    {"--out", &flags.out},
                                    {"--resume", &flags.resume}}) {
    if (place->empty() || storage::is_remote(*place) || place->starts_with('/')) continue;
    return fail(ErrorCode::kInvalidArgument,
                "{} {}: a place of this machine, want gs://, s3:// or an absolute path that all "
                "pods of {} see",
                flag, *place, on);
  }
  return {};
}

/// The config of the run: that of the folder, or that of the flags.
Result<model::TrainConfig> config_of(const TrainFlags& flags) {
  if (!flags.resume.empty()) return resumed_config(flags);
  model::TrainConfig config = flags.config;
  if (!flags.network.empty()) config.network = flags.network;
  if (!flags.data.empty()) config.data = flags.data;
  if (!flags.points.empty()) config.points = flags.points;
  LIDO_TRY(check_train_config(config));
  if (flags.out.empty() && !flags.dry_run)
    return fail(ErrorCode::kInvalidArgument, "--out is missing, want a folder for the run");
  if (flags.target.on != "here") {
    const bool has_parts = std::ranges::find(flags.given, "--micro-batches") != flags.given.end();
    use_workers(config.options, has_parts, LIDO_TRY(parse_workers(flags.workers.workers)),
                flags.workers);
  }
  return config;
}

/// The job of a run on a cluster. A run has one name, whether it begins or is resumed.
ClusterJob job_of(const TrainFlags& flags, const std::string& out, std::string request) {
  return {.target = flags.target,
          .name = "lido-train-" + sha256_hex(out).substr(0, 12),
          .output = out,
          .request = std::move(request),
          .resume = fmt::format("lido train --resume {} {} resumes it.", out, flags.target.flags()),
          .worker = {.cpus = flags.workers.cpus_per_worker}};
}

Result<int> run_train(const TrainFlags& flags) {
  LIDO_TRY(check_place(flags));
  const bool resumes = !flags.resume.empty();
  model::TrainConfig config = LIDO_TRY(config_of(flags));
  const bool here = flags.target.on == "here" || flags.dry_run;
  std::string out = resumes ? flags.resume : flags.out;
  if (!here) {
    make_absolute(config);
    out = storage::absolute(out);
  }
  nlohmann::ordered_json request = train_request(config, out);
  request["resume"] = resumes;
  request["dry_run"] = flags.dry_run;
  request["json"] = flags.json;
  request["quiet"] = flags.quiet;
  if (here) return start_training(request);
  const auto on_ray = LIDO_TRY(training_request(request, flags.workers, train_program()));
  const TrainingView view{out, flags.json, flags.quiet};
  if (!is_cluster(flags.target.on)) return train_on_ray(json_text(on_ray), view);
  const auto follow = LIDO_TRY(connect_job(job_of(flags, out, json_text(on_ray))));
  stop_on_signals("the job keeps running");
  return train_on_cluster(follow, view);
}

/// Lists the flags on the command line, except those that shape no run.
void list_given(const CLI::App& command, TrainFlags& flags) {
  std::vector<std::string> for_ray;
  WorkerOptions::fields(flags.workers, [&](std::string_view name, auto&, const auto&, auto) {
    for_ray.push_back(flag_of(name));
  });
  constexpr std::array kHarmless = {"--resume", "--json", "--quiet", "--dry-run", "--help", "--on"};
  constexpr std::array kPlace = {"--token-file", "--kubeconfig", "--context"};
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name();
    if (option->count() == 0 || std::ranges::find(kHarmless, name) != kHarmless.end()) continue;
    if (std::ranges::find(for_ray, name) != for_ray.end())
      flags.for_ray.push_back(name);
    else if (std::ranges::find(kPlace, name) != kPlace.end())
      flags.for_place.push_back(name);
    else
      flags.given.push_back(name);
  }
}

}  // namespace

void add_train(CLI::App& app, int& exit) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* command = app.add_subcommand(
      "train",
      "Train a network on labels of a dataset or a table, in a program of its own: lido-train");
  command
      ->add_option("network", flags->network,
                   "Network to train: people, from their cutouts; gesture, from landmarks of hands")
      ->check(CLI::IsMember({"people", "gesture"}));
  command->add_option("--data", flags->data, "Folder, gs:// or s3:// prefix of the dataset");
  command->add_option("--points", flags->points,
                      "With gesture: CSV file with a row for each sample: the number of its class, "
                      "and x and y of the 21 landmarks of a hand, or of 4 or more positions of a "
                      "point in motion");
  command->add_option("--out", flags->out,
                      "New folder for the run: config, checkpoints, metrics, model");
  command->add_option("--resume", flags->resume, "Folder of a run to resume; takes its options");
  // Before the options: it is read first, and flags replace its values.
  command->add_option_function<std::string>(
      "--config",
      [flags](const std::string& file) {
        const auto text = read_text(file);
        auto config = text ? model::parse_config(*text, file) : std::unexpected(text.error());
        if (!config) throw CLI::ValidationError(config.error().message);
        flags->config = std::move(*config);
      },
      "YAML file with options, such as the config.yaml of a run; flags replace its values");
  command->add_flag("--dry-run", flags->dry_run,
                    "Print classes, samples, steps and the network's size, and train nothing");
  command->add_flag("--json", flags->json, "Print the result as JSON");
  command->add_flag("--quiet", flags->quiet, "Show no progress");
  bind(*command, flags->config.options, "Training");
  add_place(*command, flags->target);
  bind(*command, flags->workers, "Workers, with --on ray or a cluster");
  command->callback([flags, command, &exit] {
    list_given(*command, *flags);
    const auto result = run_train(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
