// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "command.h"
#include "lido/base/result.h"

namespace lido::cli {

/// A value of a lido.toml with its place.
struct ConfigEntry {
  std::string section;              ///< "" above the first section, "ingest", "cluster.price".
  std::string key;                  ///< With dashes, like a flag without its first two.
  std::vector<std::string> values;  ///< One, or those of an array.
  std::string place;                ///< "lido.toml:3", for messages.
};

/// Reads a lido.toml: sections, and keys with strings, numbers, true, false, or arrays of these on
/// one line. Any other TOML is refused.
/// @param file  Its name for messages.
/// @return kInvalidArgument that names the line.
Result<std::vector<ConfigEntry>> parse_config(std::string_view text, const std::string& file);

/// A place where a lido.toml may be.
struct ConfigFile {
  std::string path;
  bool trusted;  ///< The user's own, which may also name where work and its token are sent.
};

/// The working folder's lido.toml, then the user's: $XDG_CONFIG_HOME/lido, else ~/.config/lido.
std::vector<ConfigFile> config_files();

/// A command line, completed.
struct CommandLine {
  std::vector<std::string> arguments;
  std::vector<std::string> from_files;  ///< Flags that files added, with dashes in front.
};

/// Adds to a command line the flags that the files hold for its command and that it does not hold
/// itself; the first file wins. A key above all sections counts for each command with such a flag.
/// A file that is not there is passed over.
/// @return kInvalidArgument for a file that does not parse or has an unknown section or key.
Result<CommandLine> with_config_files(const Command& program,
                                      const std::vector<std::string>& arguments,
                                      std::span<const ConfigFile> files);

}  // namespace lido::cli
