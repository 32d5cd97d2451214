// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>

#include "ingest.h"
#include "lido/base/process.h"
#include "lido/storage/store.h"

namespace lido::cli {
namespace {

namespace fs = std::filesystem;

/// Fetches the demo's video into a folder, once.
Result<void> fetch_video(const std::string& folder) {
  if (fs::exists(folder + "/cameras.csv")) return {};
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return fail(ErrorCode::kInvalidArgument, "{}: cannot make folder: {}", folder, error.message());
  fmt::print(stderr, "fetching the demo's video (four cameras of Pose2Sim, BSD-3-Clause) ...\n");
  const char* given = std::getenv("LIDO_PYTHON");
  const std::string python = given != nullptr && *given != '\0' ? given : "python3";
  const auto done = LIDO_TRY(run_process({python, LIDO_TRY(shared_file("demo_video.py")), folder}));
  if (done.exit_code != 0)
    return fail(ErrorCode::kUnavailable,
                "demo: {}. It needs a Python with pip: install python3-pip, or name one with "
                "LIDO_PYTHON.",
                last_line(done.err));
  return {};
}

/// Runs `lido ingest` with fixed flags, whatever a lido.toml holds.
int ingest(const std::vector<std::string>& arguments) {
  int exit = kDone;
  const std::vector<std::string> from_files;
  CLI::App app;
  add_ingest(app, exit, from_files, nullptr);
  app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  return exit;
}

struct DemoFlags {
  std::string out = "lido-demo";
  bool json = false;
  bool quiet = false;
};

Result<int> demo(const DemoFlags& flags) {
  const std::string folder = storage::absolute(flags.out);
  LIDO_TRY(fetch_video(folder + "/video"));
  fmt::print(stderr, "finding and following people in four cameras' video ...\n");
  std::vector<std::string> arguments = {"ingest",   folder + "/video/cameras.csv",
                                        "--out",    folder + "/dataset",
                                        "--fps",    "12",
                                        "--window", "8",
                                        "--stride", "4"};
  if (flags.json) arguments.emplace_back("--json");
  if (flags.quiet) arguments.emplace_back("--quiet");
  const int exit = ingest(arguments);
  if (exit != kDone || flags.json) return exit;
  fmt::print("\nOpen in a browser:    {}/dataset/report.html\n", folder);
  fmt::print("What the dataset has: lido inspect {}/dataset\n", folder);
  fmt::print("Next, your own clips: lido ingest CLIPS/ --out my-dataset\n");
  return kDone;
}

}  // namespace

void add_demo(CLI::App& app, int& exit) {
  auto flags = std::make_shared<DemoFlags>();
  CLI::App* command = app.add_subcommand(
      "demo",
      "Fetch a sample of four cameras and a detector, ingest it, and print the report's path");
  command->add_option("--out", flags->out, "Folder to write")->capture_default_str();
  command->add_flag("--json", flags->json, "Print the summary of the ingest as JSON");
  command->add_flag("--quiet", flags->quiet, "Show no progress");
  command->callback([flags, &exit] {
    const auto result = demo(*flags);
    exit = result ? *result : report_error(result.error());
  });
}

}  // namespace lido::cli
