// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <map>
#include <set>

#include "cli.h"
#include "lido/dataset/dataset.h"
#include "lido/dataset/split.h"
#include "lido/report/report.h"

namespace lido::cli {
namespace {

struct Flags {
  std::string dataset;
  int generation = 0;
  bool json = false;
  bool verify = false;
  bool open = false;
  bool augmented = false;
  int epoch = 0;
};

struct SplitTotals {
  int64_t samples = 0;
  int64_t bytes = 0;
  std::set<std::string> shards, clips, groups;
  std::map<std::string, int64_t> labels;
};

Result<void> print_table(const dataset::Dataset& dataset, const dataset::Generation& generation,
                         std::map<std::string, SplitTotals>& totals) {
  double seconds = 0;
  LIDO_TRY(dataset.visit<dataset::ClipRow>(generation.number, [&](const auto& row) -> Result<void> {
    seconds += row.duration_s;
    return {};
  }));
  fmt::print("generation {}: {} clips, {} of footage, {} samples\n\n", generation.number,
             human_count(generation.clips), human_seconds(seconds),
             human_count(generation.samples));
  fmt::print("{:<8}{:>12}{:>9}{:>9}{:>9}{:>12}\n", "split", "samples", "clips", "groups", "shards",
             "size");
  std::set<std::string> labels;
  for (const char* split : dataset::kSplits) {
    const SplitTotals& total = totals[split];
    fmt::print("{:<8}{:>12}{:>9}{:>9}{:>9}{:>12}\n", split, human_count(total.samples),
               total.clips.size(), total.groups.size(), total.shards.size(),
               human_bytes(static_cast<double>(total.bytes)));
    for (const auto& entry : total.labels) labels.insert(entry.first);
  }
  if (!labels.empty())
    fmt::print("\n{:<32}{:>10}{:>10}{:>10}\n", "samples with label", "train", "val", "test");
  for (const std::string& label : labels) {
    fmt::print("{:<32}{:>10}{:>10}{:>10}\n", label, totals["train"].labels[label],
               totals["val"].labels[label], totals["test"].labels[label]);
  }
  if (generation.rejected > 0) fmt::print("\nrejected\n");
  const auto print_rejected = [](const dataset::RejectedRow& row) -> Result<void> {
    fmt::print("  {}: {} (good until {:.2f} s, {} samples kept)\n", row.clip, row.reason,
               row.time_s, row.samples_kept);
    return {};
  };
  return dataset.visit<dataset::RejectedRow>(generation.number, print_rejected);
}

Result<void> print_json(const dataset::Dataset& dataset, const dataset::Generation& generation,
                        std::map<std::string, SplitTotals>& totals) {
  nlohmann::ordered_json json = {{"generation", generation.number},
                                 {"clips", generation.clips},
                                 {"samples", generation.samples},
                                 {"options", dataset.identity()},
                                 {"splits", nlohmann::ordered_json::object()},
                                 {"rejected", nlohmann::ordered_json::array()}};
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
                                {"samples_kept", row.samples_kept}});
    return {};
  };
  LIDO_TRY(dataset.visit<dataset::RejectedRow>(generation.number, add_rejected));
  fmt::print("{}\n", json.dump());
  return {};
}

Result<int> inspect(const Flags& flags) {
  const auto dataset = LIDO_TRY(dataset::Dataset::open(flags.dataset));
  const int number = flags.generation > 0 ? flags.generation : LIDO_TRY(dataset.latest());
  if (number == 0)
    return fail(ErrorCode::kNotFound, "{}: no generation is finished yet; run the ingest again",
                flags.dataset);
  const auto generation = LIDO_TRY(dataset.read(number));
  std::map<std::string, SplitTotals> totals;
  LIDO_TRY(
      dataset.visit<dataset::SampleRow>(number, [&](const dataset::SampleRow& row) -> Result<void> {
        SplitTotals& total = totals[row.split];
        ++total.samples;
        total.bytes += row.length;
        total.shards.insert(row.shard);
        total.clips.insert(row.clip);
        total.groups.insert(row.group);
        for (const auto& label : row.labels) ++total.labels[label.task + ": " + label.label];
        if (flags.verify) LIDO_TRY(dataset.read_frames(row));
        return {};
      }));
  if (flags.json)
    LIDO_TRY(print_json(dataset, generation, totals));
  else
    LIDO_TRY(print_table(dataset, generation, totals));
  if (flags.verify && !flags.json)
    fmt::print("\nAll {} samples have their checksum and decode.\n",
               human_count(generation.samples));
  if (!flags.open && !flags.augmented) return kDone;
  constexpr int kSamplesOnSheet = 60;
  const std::string sheet = LIDO_TRY(report::contact_sheet(dataset, generation, kSamplesOnSheet,
                                                           flags.augmented ? flags.epoch : -1));
  LIDO_TRY(dataset.store().write_text("contact_sheet.html", sheet));
  const std::string path = dataset.store().uri() + "/contact_sheet.html";
  fmt::print(stderr, "{}\n", path);
  const bool desktop =
      std::getenv("DISPLAY") != nullptr || std::getenv("WAYLAND_DISPLAY") != nullptr;
  if (flags.open && desktop && !storage::is_remote(path) && path.find('\'') == std::string::npos) {
    [[maybe_unused]] const int opened =
        std::system(fmt::format("xdg-open '{}' >/dev/null 2>&1 &", path).c_str());
  }
  return kDone;
}

}  // namespace

void add_inspect(CLI::App& app, int& exit) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("inspect", "Show what is in a dataset");
  command->add_option("dataset", flags->dataset, "Folder, gs:// or s3:// prefix of the dataset")
      ->required();
  command->add_option("--generation", flags->generation, "An earlier generation")
      ->check(CLI::Range(1, 999999));
  command->add_flag("--json", flags->json, "Print it as JSON");
  command->add_flag("--verify", flags->verify,
                    "Read every sample, check its checksum and decode it");
  command->add_flag("--open", flags->open, "Write a contact sheet of samples and open it");
  command->add_flag("--augmented", flags->augmented,
                    "Write the contact sheet with each sample as a trainer would see it, too");
  command->add_option("--epoch", flags->epoch, "The epoch that --augmented draws for")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000000));
  command->callback([flags, &exit] {
    const auto result = inspect(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
