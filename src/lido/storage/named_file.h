// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "lido/base/result.h"
#include "lido/storage/store.h"

namespace lido::storage {

/// A file that a path or URI names, in the store that holds it. The file need not exist.
struct NamedFile {
  std::unique_ptr<Store> store;  ///< Never null.
  std::string name;              ///< Within the store, without '/'.

  /// @return kInvalidArgument when the path names no file; otherwise as open_store().
  static Result<NamedFile> open(std::string_view uri);
  /// Returns the absolute path or URI.
  std::string uri() const;
};

}  // namespace lido::storage
