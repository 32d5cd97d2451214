// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "lido/base/test_folder.h"
#include "lido/storage/store.h"

namespace lido::ingest {

/// A new folder with its store, for tests. Removed with the object.
class TestStoreFolder {
 public:
  TestStoreFolder() : store_(*storage::open_store(folder_.string())) {}

  std::string path(const std::string& name = "") const { return (folder_ / name).string(); }
  storage::Store& store() { return *store_; }
  /// Number of files below a folder.
  int files(const std::string& folder) { return static_cast<int>(store_->list(folder)->size()); }

 private:
  TestFolder folder_;
  std::unique_ptr<storage::Store> store_;
};

}  // namespace lido::ingest
