// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "lido/infer/bundle.h"
#include "lido/ingest/request.h"

namespace lido::ingest {

/// Checks a request's options, each and in combination.
/// @return kInvalidArgument that names the option.
Result<void> check_options(const Request& request);

/// The options and the model that shape a dataset's samples. Later ingests must match them. Pure.
/// @param detector  Null with --scene off: options of detection and tracking are then left out.
/// @param poses  Null with --poses off.
nlohmann::ordered_json identity_of(const part::SampleOptions& sampling,
                                   const infer::Bundle* detector,
                                   const infer::Bundle* poses = nullptr);

/// The inputs of every part's name: the dataset's identity, and the device that runs networks,
/// since their results may differ between instruction sets.
nlohmann::ordered_json part_identity(nlohmann::ordered_json identity, bool has_detector);

}  // namespace lido::ingest
