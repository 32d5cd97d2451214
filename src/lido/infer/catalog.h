// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/infer/bundle.h"

namespace lido::infer {

/// The folder that new bundles are added to: $LIDO_MODELS, else $XDG_DATA_HOME/lido/models, else
/// ~/.local/share/lido/models. It need not exist yet.
/// @return kInvalidArgument when none of these is set.
Result<std::string> models_folder();

/// The folders that bundles are looked for in, first match first: $LIDO_MODELS; the user's folder
/// ($XDG_DATA_HOME/lido/models or ~/.local/share/lido/models); share/lido/models beside or above
/// the program or Python module that runs this code; and build/models of a build tree. A folder
/// that does not exist is left out, except the first.
std::vector<std::string> model_folders();

/// The bundles in all model folders, sorted by folder and name. A name that occurs twice is
/// listed once. A broken bundle is listed as its error.
std::vector<Result<Bundle>> installed_bundles();

/// Finds a bundle by its name in the model folders, or reads it from its own folder. Downloads
/// nothing.
/// @param name_or_folder  A name, or a path with a slash or with a bundle.json inside.
/// @param option  The option that names the bundle, for messages.
/// @return kNotFound when there is none, with the command that fetches it; errors of read_bundle().
Result<Bundle> find_bundle(const std::string& name_or_folder, std::string_view option = "detector");

/// Checks a bundle, loads its network, runs it once, and copies it to models_folder().
/// @return kInvalidArgument when a bundle of that name exists and `replace` is false; kUnavailable
///         when the disk fails; errors of read_bundle() and load().
Result<Bundle> add_bundle(const std::string& folder, bool replace);

}  // namespace lido::infer
