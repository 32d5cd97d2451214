// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lido/storage/store.h"

namespace lido::storage {

/// Name of the file that marks a folder as one tool's output, and lists which files are the tool's.
inline constexpr const char* kOutputMarker = "lido_output.json";

/// The folder or prefix that one tool writes its files into. Another's files stay: the folder is
/// empty at first, or holds an earlier output of the same tool and nothing else. Not thread-safe.
class OutputFolder {
 public:
  /// Opens and checks the folder. Writes nothing.
  /// @param tool      Command that writes, such as "lido synth tracks".
  /// @param patterns  Globs of all names that the command may write: "tracks/*.parquet".
  /// @return kInvalidArgument when the folder holds another file, or is inside a dataset.
  static Result<OutputFolder> open(std::string_view uri, std::string tool,
                                   std::vector<std::string> patterns);

  /// Removes the earlier output and writes the marker. Call before the first file is written.
  Result<void> begin();
  Store& store() const { return *store_; }

 private:
  OutputFolder(std::unique_ptr<Store> store, std::string tool, std::vector<std::string> patterns)
      : store_(std::move(store)), tool_(std::move(tool)), patterns_(std::move(patterns)) {}

  std::unique_ptr<Store> store_;
  std::string tool_;
  std::vector<std::string> patterns_;
  std::vector<std::string> earlier_;  ///< Files of the earlier output.
};

/// Refuses a place inside a dataset, also through symbolic links: what other commands leave there,
/// a removal of footage would not look into.
/// @return kInvalidArgument that names the dataset.
Result<void> check_outside_datasets(std::string_view uri);

}  // namespace lido::storage
