// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/base/result.h"
#include "lido/ingest/progress.h"
#include "lido/ingest/run.h"

namespace lido::cli {

/// How an ingest on Ray ended.
struct RayOutcome {
  int exit = 0;             ///< Of the Python process: what went wrong it has said on stderr.
  ingest::Summary summary;  ///< When exit is 0.
};

/// Takes a line of what `python -m lido.ray` says: progress, or the summary.
/// @return False for any other line.
bool take_driver_line(std::string_view line, ingest::Progress& progress, RayOutcome& outcome);

/// Runs the request with Ray: starts `python -m lido.ray` and listens to it. LIDO_PYTHON names the
/// Python; else python3.
/// @return kNotFound when there is no such Python.
Result<RayOutcome> ingest_on_ray(const ingest::Request& request, ingest::Progress& progress);

}  // namespace lido::cli
