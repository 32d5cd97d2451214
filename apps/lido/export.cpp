// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cli.h"
#include "footage_request.h"
#include "lido/base/json_text.h"
#include "lido/dataset/clip_time.h"
#include "lido/dataset/export.h"
#include "lido/report/html.h"

namespace lido::cli {
namespace {

/// Damaged samples that are named, at most.
constexpr size_t kMaxDamagedNamed = 3;

struct ExportFlags {
  std::string dataset;
  FootageFlags footage;
  std::string out;
  bool json = false;
};

/// A page with all exported images, which stand beside it as files.
std::string index_page(const dataset::ExportSummary& summary) {
  std::string body =
      "<h1>Your footage</h1><p>All images that the dataset holds of this footage, as stored. The "
      "tables beside this page have the rows that describe them.</p><div class=sheet>";
  for (const dataset::ExportedImage& image : summary.images) {
    body += fmt::format(
        "<figure><img loading=lazy alt=\"\" src=\"{}\"><figcaption>{} {}</figcaption></figure>",
        report::escape(image.file), report::escape(report::short_name(image.clip)),
        dataset::clock_text(image.time_s));
  }
  return report::page("Lido export", body + "</div>");
}

Result<int> run_export(const ExportFlags& flags) {
  const dataset::ForgetRequest request{.stretches = LIDO_TRY(stretches_of(flags.footage))};
  const auto dataset = LIDO_TRY(dataset::Dataset::open(flags.dataset));
  auto folder =
      LIDO_TRY(storage::OutputFolder::open(flags.out, "lido export", dataset::exported_names()));
  const auto summary = LIDO_TRY(dataset::export_footage(dataset, request, folder));
  LIDO_TRY(folder.store().write_text("index.html", index_page(summary)));
  if (flags.json) {
    const nlohmann::ordered_json json = {{"samples", summary.samples},
                                         {"frames", summary.frames},
                                         {"views", summary.views},
                                         {"rows", summary.rows},
                                         {"plates_left_out", summary.plates},
                                         {"damaged", summary.damaged},
                                         {"empty", summary.empty}};
    fmt::print("{}\n", json_text(json));
  } else {
    fmt::print("{} of {}, {} and {}\n", counted(summary.frames, "image"),
               counted(summary.samples, "sample"), counted(summary.views, "view image"),
               counted(summary.rows, "table row"));
    if (summary.plates > 0)
      fmt::print("not written: {}, the median of many moments, which lido forget would remove\n",
                 counted(summary.plates, "background image"));
    print_page(folder.store().uri() + "/index.html");
  }
  for (const std::string& line : summary.empty) print_note(line);
  for (size_t i = 0; i < std::min(summary.damaged.size(), kMaxDamagedNamed); ++i)
    print_warning(summary.damaged[i]);
  return summary.damaged.empty() ? kDone : kFindings;
}

}  // namespace

void add_export(CLI::App& app, int& exit) {
  auto flags = std::make_shared<ExportFlags>();
  CLI::App* command = app.add_subcommand(
      "export", "Write the images and rows of a stretch of a clip into a folder");
  command->add_option("dataset", flags->dataset, "Folder, gs:// or s3:// prefix of the dataset")
      ->required();
  add_footage_flags(*command, flags->footage, "export");
  command
      ->add_option(
          "--out", flags->out,
          "Folder, gs:// or s3:// prefix for the images, tables and index.html: an empty one, "
          "or one that an earlier export wrote, which is replaced")
      ->required();
  command->add_flag("--json", flags->json, "Print the result as JSON");
  command->callback([flags, &exit] {
    const auto result = run_export(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
