// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "lido/infer/bundle.h"
#include "lido/ingest/request.h"

namespace lido::ingest {

/// Checks a request's options, each and in combination.
/// @return kInvalidArgument that names the option.
Result<void> check_options(const Request& request);

/// The networks of an ingest.
struct Networks {
  /// Null with --scene off: options of detection and tracking are then left out.
  const infer::Bundle* detector = nullptr;
  const infer::Bundle* poses = nullptr;  ///< Null with --poses off.
  const infer::Bundle* hands = nullptr;  ///< Null with --hands off.
};

/// The options and the models that shape a dataset's samples. Later ingests must match them. Pure.
nlohmann::ordered_json identity_of(const part::SampleOptions& sampling, const Networks& networks);

/// The inputs of every part's name: the dataset's identity, and the device that runs networks,
/// since their results may differ between instruction sets.
nlohmann::ordered_json part_identity(nlohmann::ordered_json identity, bool has_detector);

}  // namespace lido::ingest
