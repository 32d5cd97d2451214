// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "lido/storage/store.h"

namespace lido::ingest {

/// A temporary folder with a store, for tests. Removed with the object.
class TestFolder {
 public:
  /// @param name  Start of the folder's name; the process id follows, since tests run in parallel.
  explicit TestFolder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() /
              ("lido_" + name + "_" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
    store_ = *storage::open_store(path_.string());
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string path(const std::string& name = "") const { return (path_ / name).string(); }
  storage::Store& store() { return *store_; }
  /// Number of files below a folder.
  int files(const std::string& folder) { return static_cast<int>(store_->list(folder)->size()); }

 private:
  std::filesystem::path path_;
  std::unique_ptr<storage::Store> store_;
};

}  // namespace lido::ingest
