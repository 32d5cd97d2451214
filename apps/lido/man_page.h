// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "command.h"

namespace lido::cli {

/// The manual page of the program and all its commands, in man(7)'s macros.
std::string man_page(const Command& program);

}  // namespace lido::cli
