// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "cli.h"
#include "lido/base/json_text.h"
#include "lido/dataset/csv.h"
#include "lido/dataset/edit.h"
#include "lido/report/report.h"

namespace lido::cli {
namespace {

struct ForgetFlags {
  std::string dataset;
  std::string clip;
  std::string time;
  bool json = false;
};

/// Converts "12.5", "1:02.5" or "1:00:00" to seconds.
Result<double> parse_clock(std::string_view text) {
  double seconds = 0;
  for (std::string_view rest = text;;) {
    const size_t colon = rest.find(':');
    const auto part = dataset::parse_number(rest.substr(0, colon));
    if (!part || *part < 0)
      return fail(ErrorCode::kInvalidArgument, "--time: {} is not a time, want seconds or h:mm:ss",
                  dataset::in_quotes(text));
    seconds = seconds * 60 + *part;
    if (colon == std::string_view::npos) return seconds;
    rest.remove_prefix(colon + 1);
  }
}

Result<int> forget(const ForgetFlags& flags) {
  double start = 0, end = INFINITY;
  if (flags.time != "all") {
    const size_t dash = flags.time.find('-');
    if (dash == std::string::npos)
      return fail(ErrorCode::kInvalidArgument,
                  "--time: got {}, want START-END in seconds or h:mm:ss, or all",
                  dataset::in_quotes(flags.time));
    start = LIDO_TRY(parse_clock(std::string_view(flags.time).substr(0, dash)));
    const auto rest = std::string_view(flags.time).substr(dash + 1);
    if (!rest.empty()) end = LIDO_TRY(parse_clock(rest));
  }
  const auto dataset = LIDO_TRY(dataset::Dataset::open(flags.dataset));
  const auto summary = LIDO_TRY(dataset::forget(dataset, flags.clip, start, end));
  LIDO_TRY(report::write_report(dataset, nullptr));
  if (flags.json) {
    fmt::print("{}\n", json_text(nlohmann::json({{"generation", summary.generation},
                                                 {"samples_removed", summary.samples},
                                                 {"shards_rewritten", summary.shards},
                                                 {"shards_checked", summary.shards_checked}})));
    return kDone;
  }
  fmt::print("Removed {} sample(s) from {} shard(s), and all older generations and shards.\n",
             human_count(summary.samples), summary.shards);
  fmt::print("Checked all {} shard(s): every byte belongs to a sample of the dataset.\n",
             summary.shards_checked);
  fmt::print("forgotten.json has the record; later ingests leave this footage out.\n");
  fmt::print("Not removed: the raw clip, copies of the dataset, and models trained on it.\n");
  return kDone;
}

}  // namespace

void add_forget(CLI::App& app, int& exit) {
  auto flags = std::make_shared<ForgetFlags>();
  CLI::App* command =
      app.add_subcommand("forget", "Remove a person's footage from every shard, for good");
  command->add_option("dataset", flags->dataset, "Folder, gs:// or s3:// prefix of the dataset")
      ->required();
  command
      ->add_option("--clip", flags->clip,
                   "Clip with the footage: its full path or URI, or its last parts")
      ->required();
  command
      ->add_option(
          "--time", flags->time,
          "Footage to remove: START-END after the clip's first frame, in seconds or h:mm:ss; "
          "or all")
      ->required();
  command->add_flag("--json", flags->json, "Print the result as JSON");
  command->callback([flags, &exit] {
    const auto result = forget(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
