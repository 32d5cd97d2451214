// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <csignal>
#include <mutex>

#include "cli.h"
#include "lido/base/json_text.h"
#include "lido/model/search_space.h"
#include "lido/storage/store.h"
#include "on_ray.h"
#include "progress_display.h"
#include "train_flags.h"
#include "train_on_ray.h"
#include "trial_page.h"
#include "trial_table.h"

namespace lido::cli {
namespace {

constexpr const char* kSearchFile = "search.json";
constexpr const char* kTableFile = "trials.csv";
constexpr const char* kPageFile = "report.html";

/// Trials of a search.
struct TrialOptions {
  int64_t trials = 20;
  int64_t at_once = 0;
  int64_t min_epochs = 2;
  int64_t factor = 3;

  static void fields(auto& self, auto&& visit) {
    visit("trials", self.trials, Within{1, 1e6}, "Training runs, each with options of its own");
    visit(
        "at_once", self.at_once, Within{0, 1e6},
        "Trials that run at the same time; 0: as many as Ray has CPUs for when the search begins. "
        "Set it on a cluster whose workers start from zero");
    visit("min_epochs", self.min_epochs, Within{1, 100000},
          "Epochs after which a trial may be ended for the first time, because others are better");
    visit(
        "factor", self.factor, Within{1, 100},
        "Reduction factor of ASHA: of this many trials with equally many epochs, one continues; 1 "
        "ends none");
  }
};

struct TuneFlags {
  std::string network, data, points, out, resume, space, on = "ray";
  TrialOptions trials;
  WorkerOptions workers;
  bool json = false, quiet = false;
  model::TrainConfig config;
  std::vector<std::string> given;  ///< Flags on the command line that shape a search.
};

/// The request of a new search, checked as far as this program can.
Result<nlohmann::ordered_json> new_request(const TuneFlags& flags) {
  model::TrainConfig config = flags.config;
  config.network = flags.network;
  config.data = flags.data;
  config.points = flags.points;
  LIDO_TRY(check_train_config(config));
  if (flags.out.empty())
    return fail(ErrorCode::kInvalidArgument, "--out is missing, want a folder for the trials");
  if (flags.space.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "--space is missing, want a YAML file with values or ranges of options, such as "
                "\"learning_rate: {{min: 1e-4, max: 1e-1, log: true}}\"");
  }
  const auto space =
      LIDO_TRY(model::parse_search_space(LIDO_TRY(read_text(flags.space)), flags.space));
  for (const auto& [name, axis] : space.items()) {
    if (std::ranges::find(flags.given, flag_of(name)) == flags.given.end()) continue;
    return fail(ErrorCode::kInvalidArgument, "{}: in {} too, want one of them", flag_of(name),
                flags.space);
  }
  LIDO_TRY(validate(flags.trials));
  const bool has_parts = std::ranges::find(flags.given, "--micro-batches") != flags.given.end();
  use_workers(config.options, has_parts, LIDO_TRY(parse_workers(flags.workers.workers)),
              flags.workers);
  make_absolute(config);
  auto request =
      LIDO_TRY(training_request(train_request(config, ""), flags.workers, train_program()));
  const nlohmann::ordered_json trials = to_json(flags.trials);
  for (const auto& [name, value] : trials.items()) request[name] = value;
  request["space"] = space;
  return request;
}

/// Refuses a folder that is not empty: it may hold another search.
Result<void> check_is_new(storage::Store& store, const std::string& out) {
  if (LIDO_TRY(store.list("")).empty()) return {};
  return fail(
      ErrorCode::kInvalidArgument,
      "{}: the folder is not empty, want a new one. lido tune --resume {} resumes a search.",
      store.uri(), out);
}

/// Whether a search space has the form that parse_search_space() gives.
bool is_space(const nlohmann::ordered_json& space) {
  const auto is_axis = [](const nlohmann::ordered_json& axis) {
    if (!axis.is_object()) return false;
    if (const auto values = axis.find("values"); values != axis.end())
      return values->is_array() && !values->empty();
    const auto has = [&](const char* name, auto is) {
      return axis.contains(name) && (axis[name].*is)();
    };
    using Value = nlohmann::ordered_json;
    return has("min", &Value::is_number) && has("max", &Value::is_number) &&
           has("log", &Value::is_boolean) && has("whole", &Value::is_boolean);
  };
  return space.is_object() && !space.empty() && std::ranges::all_of(space, is_axis);
}

/// Whether a request has the numbers of a search and the training that its trials share.
bool has_search(const nlohmann::ordered_json& request) {
  const auto is_number = [](const nlohmann::ordered_json& object, const char* name) {
    return object.contains(name) && object[name].is_number();
  };
  for (const char* name :
       {"trials", "at_once", "min_epochs", "factor", "cpus_per_worker", "max_failures"})
    if (!is_number(request, name)) return false;
  const auto workers = request.find("workers");
  if (workers == request.end() || !workers->is_array() || workers->size() != 2 ||
      !(*workers)[0].is_number() || !(*workers)[1].is_number())
    return false;
  const auto train = request.find("train");
  return train != request.end() && train->is_object() && train->contains("options") &&
         (*train)["options"].is_object() && is_number((*train)["options"], "epochs") &&
         is_number((*train)["options"], "seed");
}

Result<nlohmann::ordered_json> resumed_request(const TuneFlags& flags, storage::Store& store) {
  if (!flags.given.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "--resume {} takes all options from its {}, got {} too", flags.resume, kSearchFile,
                flags.given.front());
  }
  const auto text = store.read_text(kSearchFile, 1 << 20);
  if (!text && text.error().code == ErrorCode::kNotFound)
    return fail(ErrorCode::kNotFound, "{}: no search to resume: it has no {}", flags.resume,
                kSearchFile);
  auto request = nlohmann::ordered_json::parse(LIDO_TRY(text), nullptr, false);
  const bool is_whole = request.is_object() && request.contains("space") &&
                        is_space(request["space"]) && has_search(request);
  if (!is_whole)
    return fail(ErrorCode::kCorrupt, "{}/{}: not a search of lido tune", store.uri(), kSearchFile);
  request["program"] = train_program();
  return request;
}

/// Lines of the driver.
class Search {
 public:
  Search(storage::Store& store, const nlohmann::ordered_json& request, bool resumes)
      : store_(store), request_(request), resumes_(resumes) {}

  void take(std::string_view text) {
    auto line = nlohmann::ordered_json::parse(text, nullptr, false);
    if (!line.is_object()) return;
    if (line.contains("note")) print_note(line.value("note", ""));
    // From here on, data and options are good: the folder may begin.
    if (line.contains("checked") && !resumes_) {
      begun_ = begin();
      if (!begun_) std::raise(SIGTERM);  // run_driver() stops the driver
    }
    if (line.contains("summary")) trials = line["summary"];
    if (!line.contains("trials_total")) return;
    const std::lock_guard lock(mutex_);
    progress_ = std::move(line);
  }
  nlohmann::ordered_json progress() const {
    const std::lock_guard lock(mutex_);
    return progress_;
  }
  const Result<void>& begun() const { return begun_; }

  nlohmann::ordered_json trials;  ///< Null until the search has ended.

 private:
  Result<void> begin() {
    const auto created = LIDO_TRY(store_.create_new(kSearchFile, json_text(request_, 2) + "\n"));
    if (created == storage::Created::kNew) return {};
    return fail(ErrorCode::kInvalidArgument,
                "{}: another search has begun there, want a new folder", store_.uri());
  }

  storage::Store& store_;
  const nlohmann::ordered_json& request_;
  const bool resumes_;
  Result<void> begun_;
  mutable std::mutex mutex_;
  nlohmann::ordered_json progress_;
};

std::string progress_text(const nlohmann::ordered_json& progress) {
  if (progress.is_null()) return "starting Ray";
  std::string line = fmt::format("trial {} of {}", progress.value("trials_begun", int64_t{0}),
                                 progress.value("trials_total", int64_t{0}));
  if (progress.contains("best_score"))
    line += fmt::format("  best score {:.3f}", progress.value("best_score", 0.0));
  return line;
}

/// Prints and writes the table, and writes the page. @return The exit code.
Result<int> finish(const Search& search, storage::Store& store, const nlohmann::ordered_json& space,
                   bool as_json) {
  const auto& trials = search.trials;
  LIDO_TRY(store.write_text(kTableFile, trial_csv(trials)));
  LIDO_TRY(store.write_text(kPageFile, trial_page(trials, space)));
  const auto failed = std::ranges::count_if(
      trials, [](const auto& trial) { return trial.value("state", "") == "failed"; });
  const bool has_best = !trials.empty() && !trials.front()["score"].is_null();
  const std::string best =
      has_best ? fmt::format("{}/trials/{}/model", store.uri(), trials.front().value("trial", ""))
               : std::string();
  if (as_json) {
    fmt::print("{}\n", json_text(nlohmann::ordered_json({{"trials", trials}, {"model", best}})));
  } else {
    fmt::print("{}", trial_table(trials));
    print_written(store.uri() + "/" + kTableFile);
    print_page(store.uri() + "/" + kPageFile);
    if (has_best) print_written(best);
  }
  if (failed == 0) return kDone;
  if (failed == std::ssize(trials)) {
    return fail(ErrorCode::kUnavailable, "{}: all trials failed: {}", store.uri(),
                trials.front().value("error", ""));
  }
  return kFindings;
}

Result<int> run_tune(const TuneFlags& flags) {
  const bool resumes = !flags.resume.empty();
  nlohmann::ordered_json request;
  if (!resumes) request = LIDO_TRY(new_request(flags));
  const std::string out = storage::absolute(resumes ? flags.resume : flags.out);
  const auto store = LIDO_TRY(storage::open_store(out));
  if (resumes)
    request = LIDO_TRY(resumed_request(flags, *store));
  else
    LIDO_TRY(check_is_new(*store, flags.out));
  request["out"] = out;
  Search search(*store, request, resumes);
  int exit = kDone;
  {
    const ProgressDisplay display([&](double) { return progress_text(search.progress()); },
                                  [&](double) {
                                    const auto progress = search.progress();
                                    return progress.is_null() ? std::string() : json_text(progress);
                                  },
                                  flags.quiet);
    exit =
        LIDO_TRY(run_driver(json_text(request), [&](std::string_view line) { search.take(line); }));
  }
  LIDO_TRY(search.begun());
  if (exit != kDone) return exit;
  return finish(search, *store, request["space"], flags.json);
}

}  // namespace

void add_tune(CLI::App& app, int& exit) {
  auto flags = std::make_shared<TuneFlags>();
  CLI::App* command =
      app.add_subcommand("tune", "Train with many options on Ray, and rank them by the split val");
  command->add_option("network", flags->network, "Network to train: people or gesture")
      ->check(CLI::IsMember({"people", "gesture"}));
  command->add_option("--data", flags->data, "Folder, gs:// or s3:// prefix of the dataset");
  command->add_option("--points", flags->points, "With gesture: CSV file, as for lido train");
  command->add_option("--out", flags->out,
                      "New folder for the search: trials, each with its run, and trials.csv");
  command->add_option("--resume", flags->resume, "Folder of a search to resume");
  command->add_option("--space", flags->space,
                      "YAML file: for each option to search, a list of values, or {min, max, log}");
  command->add_flag("--json", flags->json, "Print the trials as JSON");
  command->add_flag("--quiet", flags->quiet, "Show no progress");
  command
      ->add_option("--on", flags->on,
                   "Where the work runs: ray (on this machine, or in the cluster that RAY_ADDRESS "
                   "names)")
      ->check(CLI::IsMember({"ray"}))
      ->capture_default_str();
  bind(*command, flags->trials, "Trials");
  bind(*command, flags->config.options, "Training");
  bind(*command, flags->workers, "Workers of each trial");
  command->callback([flags, command, &exit] {
    constexpr std::array kHarmless = {"--resume", "--json", "--quiet", "--help", "--on"};
    for (const CLI::Option* option : command->get_options()) {
      const std::string name = option->get_name();
      if (option->count() > 0 && std::ranges::find(kHarmless, name) == kHarmless.end())
        flags->given.push_back(name);
    }
    const auto result = run_tune(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
