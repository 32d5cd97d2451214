// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace lido::cli {

/// "lido 0.1.0 (9541af1)": version and the commit that was built, "unknown" outside git, with
/// "-dirty" behind it when files differed from the commit.
const char* version();

}  // namespace lido::cli
