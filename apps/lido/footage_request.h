// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli.h"
#include "lido/dataset/forget.h"

namespace lido::cli {

/// Flags that name footage: --clip with --time, or --list.
struct FootageFlags {
  std::string clip;
  std::string time;
  std::string list;
};

/// Adds the flags to a command. @param purpose  Completes "Footage to ...".
void add_footage_flags(CLI::App& command, FootageFlags& flags, const std::string& purpose);

/// Returns the stretches that the flags name.
/// @return kInvalidArgument that names the flag, or the line of the list.
Result<std::vector<dataset::Stretch>> stretches_of(const FootageFlags& flags);

}  // namespace lido::cli
