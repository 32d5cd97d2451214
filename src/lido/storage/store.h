// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/storage/reader.h"

namespace lido::storage {

/// One object in a listing.
struct Entry {
  std::string uri;  ///< Absolute: "/data/a.mp4", "gs://bucket/a.mp4", "s3://bucket/a.mp4".
  int64_t size = 0;
};

/// Takes the objects of a listing, in any order.
using VisitEntry = std::function<Result<void>(Entry)>;

/// Whether the dataset written must outlive a power cut, or only a killed process.
enum class Durability { kProcess, kPower };

/// Held while one process writes to a store; given up when it is destroyed or the process ends.
class Lock {
 public:
  virtual ~Lock() = default;
};

/// A folder on disk, or a prefix in a bucket. Names are relative, with '/'. Thread-safe.
class Store {
 public:
  virtual ~Store() = default;
  /// Where the store is, absolute, without a trailing '/'.
  virtual const std::string& uri() const = 0;
  /// Calls visit for all objects under `prefix`, at any depth. A missing prefix is empty, not an
  /// error.
  virtual Result<void> visit(std::string_view prefix, const VisitEntry& visit) = 0;
  /// @return kNotFound when there is no such object.
  virtual Result<std::unique_ptr<Reader>> open(std::string_view name) = 0;
  /// Makes missing folders on the way.
  virtual Result<std::unique_ptr<Writer>> create(std::string_view name,
                                                 Durability durability = Durability::kPower) = 0;
  /// A missing object is not an error here.
  virtual Result<void> remove(std::string_view name) = 0;
  /// Removes everything under `prefix`.
  virtual Result<void> remove_all(std::string_view prefix) = 0;

  /// Keeps other processes of this machine from locking the same object, which exists. A bucket
  /// knows no locks.
  /// @return kUnavailable when another process holds it.
  virtual Result<std::unique_ptr<Lock>> lock(std::string_view name) = 0;

  /// The same, by name.
  Result<std::vector<Entry>> list(std::string_view prefix);
  Result<bool> exists(std::string_view name);
  Result<std::string> read_text(std::string_view name, int64_t limit = int64_t{1} << 30);
  Result<void> write_text(std::string_view name, std::string_view text,
                          Durability durability = Durability::kPower);
};

/// Opens "folder", "file:///folder", "gs://bucket/prefix" or "s3://bucket/prefix". Makes nothing
/// yet.
///
/// Credentials and endpoints are the usual ones: Application Default Credentials or
/// CLOUD_STORAGE_EMULATOR_ENDPOINT for gs://; AWS_* variables, profiles or AWS_ENDPOINT_URL for
/// s3://.
///
/// @return kInvalidArgument for another scheme; kUnavailable when the bucket cannot be reached.
Result<std::unique_ptr<Store>> open_store(std::string_view uri);

/// Opens one object for reading. @return kNotFound when there is no such object.
Result<std::unique_ptr<Reader>> open_reader(std::string_view uri);

/// A path or URI in its one absolute form: no "file://", no ".", no "..", no trailing '/'.
std::string absolute(std::string_view uri);

bool is_remote(std::string_view uri);

/// Calls visit for what a path, folder, prefix or glob (`*`, `?`, `[a-z]`, `**` across folders)
/// names. A folder or prefix names everything below it.
/// @return kNotFound when it names nothing.
Result<void> visit(std::string_view uri, const VisitEntry& visit);
/// The same, by URI.
Result<std::vector<Entry>> list(std::string_view uri);

/// Closes network connections. Call once, before main returns, when gs:// or s3:// may have been
/// used.
void shut_down();

}  // namespace lido::storage
