// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/failures.h"

namespace lido::ingest {

std::optional<part::Failure> Failures::verdict() const {
  using part::FailureKind;
  if (crashes >= kFailuresUntilRejected) {
    return part::Failure{FailureKind::kContent,
                         fmt::format("its worker process crashed {} times", crashes)};
  }
  if (crashes + kills >= kFailuresUntilRejected) {
    return part::Failure{FailureKind::kOutside,
                         fmt::format("its worker process was killed {} times", crashes + kills)};
  }
  if (node_deaths >= kNodeDeathsUntilRejected) {
    return part::Failure{FailureKind::kOutside,
                         fmt::format("{} machines died while they read it", node_deaths)};
  }
  return std::nullopt;
}

}  // namespace lido::ingest
