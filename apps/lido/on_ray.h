// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "lido/base/options.h"
#include "lido/base/result.h"
#include "lido/ingest/ingest.h"
#include "lido/part/progress.h"

namespace lido::cli {

/// Resources that Ray reserves for a task: the spans that one process reads in one go.
struct RayOptions {
  double task_cpus = 1;
  double task_gpus = 0;
  double task_memory_gb = 0;
  std::string task_resources;

  static void fields(auto& self, auto&& visit) {
    visit("task_cpus", self.task_cpus, Within{0.01, 1024},
          "CPUs that Ray reserves for a task. Raise it to run fewer tasks on a node");
    visit("task_gpus", self.task_gpus, Within{0, 64},
          "GPUs that Ray reserves for a task, or a fraction of one. The detector runs on CPUs: set "
          "it for your own steps that need a GPU");
    visit(
        "task_memory_gb", self.task_memory_gb, Within{0, 1e5},
        "Memory that Ray reserves for a task, GB (10^9 bytes). 0 reserves none. Set it when tasks "
        "are killed for memory");
    visit("task_resources", self.task_resources, Anything{},
          "Custom resources that Ray reserves for a task, such as disk=1,site_a=0.5. Tasks run "
          "only on nodes that offer them");
  }
};

/// Reads "disk=1,site_a=0.5". @return kInvalidArgument for a part without a name or an amount.
Result<std::map<std::string, double>> parse_resources(std::string_view text);

/// A request for `python -m lido.ray`, as JSON text.
/// @return kInvalidArgument.
Result<std::string> request_text(const ingest::Request& request, const RayOptions& options);

/// How an ingest on Ray ended.
struct RayOutcome {
  std::optional<int> exit;  ///< Exit code; the driver printed any error itself. Empty: it died.
  ingest::Summary summary;  ///< Valid when exit is 0.
};

/// Reads a line that `python -m lido.ray` printed: progress, a note (printed here), the summary, or
/// the exit code.
/// @return False for any other line.
bool take_driver_line(std::string_view line, part::Progress& progress, RayOutcome& outcome);

/// Starts `python -m lido.ray` with a request, and reads its lines to its end. The Python is
/// LIDO_PYTHON, or python3.
/// @param take  Called with each line.
/// @return Its exit code; it printed any error itself. kNotFound when there is no such Python;
///         kUnavailable when it was killed.
Result<int> run_driver(const std::string& request,
                       const std::function<void(std::string_view)>& take);

/// Runs a request_text() on Ray. @return As run_driver().
Result<RayOutcome> ingest_on_ray(const std::string& text, part::Progress& progress);

}  // namespace lido::cli
