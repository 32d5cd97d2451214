// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lido/dataset/forget.h"

// Private to this room: what a person names becomes records.
namespace lido::dataset {

/// The records that a request asks for, without counts.
struct ResolvedRequest {
  std::vector<Forgotten> records;
  std::vector<std::string> notes;  ///< One line each: what a person may not expect.
};

/// Finds the clips of a request in a generation, and checks its stretches against them.
/// @return As ForgetRun::open().
Result<ResolvedRequest> resolve_request(const Dataset& dataset, int generation,
                                        const ForgetRequest& request);

}  // namespace lido::dataset
