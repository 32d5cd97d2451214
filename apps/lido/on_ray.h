// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "lido/base/options.h"
#include "lido/base/result.h"
#include "lido/ingest/progress.h"
#include "lido/ingest/run.h"

namespace lido::cli {

/// What Ray keeps free for each task, that is for the spans which one process does in one go.
struct RayOptions {
  double task_cpus = 1;
  double task_gpus = 0;
  double task_memory_gb = 0;
  std::string task_resources;

  static void fields(auto& self, auto&& visit) {
    visit("task_cpus", self.task_cpus, Within{0.01, 1024}, "CPUs that Ray keeps free for a task");
    visit("task_gpus", self.task_gpus, Within{0, 64},
          "GPUs, or a part of one; the detector itself computes on CPUs");
    visit("task_memory_gb", self.task_memory_gb, Within{0, 1e5},
          "Memory, GB (10^9 bytes); 0: none is kept free");
    visit("task_resources", self.task_resources, Anything{},
          "Custom resources, which bind tasks to the nodes that offer them: disk=1,site_a=0.5");
  }
};

/// Reads "disk=1,site_a=0.5". @return kInvalidArgument.
Result<std::map<std::string, double>> parse_resources(std::string_view text);

/// A request for `python -m lido.ray`, as JSON text.
/// @return kInvalidArgument.
Result<std::string> request_text(const ingest::Request& request, const RayOptions& options);

/// How an ingest on Ray ended.
struct RayOutcome {
  std::optional<int> exit;  ///< What went wrong the Python process has said on stderr.
  ingest::Summary summary;  ///< When exit is 0.
};

/// Takes a line of what `python -m lido.ray` says: progress, a note (which is printed), the
/// summary, its exit code.
/// @return False for any other line.
bool take_driver_line(std::string_view line, ingest::Progress& progress, RayOutcome& outcome);

/// Runs a request_text() with Ray: starts `python -m lido.ray` and listens to it. LIDO_PYTHON names
/// the Python; else python3.
/// @return kNotFound when there is no such Python.
Result<RayOutcome> ingest_on_ray(const std::string& text, ingest::Progress& progress);

}  // namespace lido::cli
