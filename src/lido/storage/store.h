// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/storage/reader.h"

namespace lido::storage {

/// One object in a listing.
struct Entry {
  std::string uri;   ///< Absolute: "/data/a.mp4", "gs://bucket/a.mp4", "s3://bucket/a.mp4".
  int64_t size = 0;  ///< Bytes.
  /// Time of the last change, ns since 1970; 0 when unknown. A reason to look again, and no proof
  /// of a change: copying and touching change the time too.
  int64_t modified_ns = 0;
  /// "DEVICE:INODE" of a file on a disk: equal ids are one file with several names. Empty in a
  /// bucket.
  std::string file_id;
  bool is_link = false;  ///< Reached through a symbolic link below the listed folder.
};

/// Receives the objects of a listing, in any order. An error ends the listing and is returned.
using VisitEntry = std::function<Result<void>(Entry)>;

/// A file or folder that a listing leaves out.
struct Omission {
  enum class Kind {
    kUnreadable,  ///< Access is denied, the disk fails, or it was removed meanwhile.
    kBrokenLink,  ///< A symbolic link to nothing, or to itself.
    kSpecial,     ///< A named pipe, socket or device.
    kSameFolder,  ///< Another name of a folder that the listing has already.
  };
  Kind kind;
  std::string uri;
  Error error;  ///< The reason, with the URI.
};

/// Decides what a listing leaves out. In a bucket, nothing is left out.
struct VisitRules {
  /// Returns whether a folder below the listed one is left out, with everything in it. Receives
  /// its URI. Empty: no folder is.
  std::function<bool(const std::string& uri)> skips;
  /// Receives each omission. Empty: kUnreadable ends the listing with its error, and the others
  /// are left out silently.
  std::function<void(const Omission&)> on_omission;
};

/// The failures that a committed object survives.
enum class Durability {
  kProcess,  ///< The end of this process, however it ends.
  kPower,    ///< A power cut too: the disk has confirmed the bytes and the name.
};

/// Outcome of Store::create_new().
enum class Created {
  kNew,     ///< The object was written.
  kExists,  ///< There is an object of that name; it was left as it is.
};

/// The right of one process to write, given up by the destructor or when the process ends.
class Lock {
 public:
  virtual ~Lock() = default;
  /// Checks that no other process can have the right by now: over a network a right has an end, and
  /// is renewed while the network lasts. Thread-safe.
  /// @return kUnavailable when the right may be lost.
  virtual Result<void> check() { return {}; }
};

/// Time for which a lock is waited for: that of a killed process to end.
inline constexpr std::chrono::milliseconds kLockWait = std::chrono::seconds(10);

/// A folder on disk, or a prefix in a bucket.
///
/// Names of objects are relative to it, with '/' between folders. Every call refuses a name that
/// leads out of the store (check_name()). Errors carry the URI: kUnavailable when the network or
/// the disk fails, kInvalidArgument when access is denied. Thread-safe.
class Store {
 public:
  virtual ~Store() = default;
  /// Returns the store's absolute path or URI, without a trailing '/'.
  virtual const std::string& uri() const = 0;
  /// Calls `visit` for each object under `prefix`, at any depth. A missing prefix is not an error
  /// here: it holds no objects. Symbolic links are followed, and each folder is listed once.
  virtual Result<void> visit(std::string_view prefix, const VisitEntry& visit,
                             const VisitRules& rules = {}) = 0;
  /// Calls `visit` for everything that is stored under the store: objects, hidden files, files of
  /// unfinished writes, and links, which are not followed.
  virtual Result<void> visit_raw(const VisitEntry& visit) = 0;
  /// Opens an object for reading.
  /// @return kNotFound when there is no such object.
  virtual Result<std::unique_ptr<Reader>> open(std::string_view name) = 0;
  /// Begins to write an object; Writer::commit() replaces one of that name. Creates missing
  /// folders.
  virtual Result<std::unique_ptr<Writer>> create(std::string_view name,
                                                 Durability durability = Durability::kPower) = 0;
  /// Writes a whole object unless there is one of that name, in one atomic step: of several
  /// callers, in any processes, one gets kNew. Survives a power cut.
  virtual Result<Created> create_new(std::string_view name, std::string_view text) = 0;
  /// Removes an object. A missing object is not an error here.
  virtual Result<void> remove(std::string_view name) = 0;
  /// Removes objects, many by one request in a bucket.
  virtual Result<void> remove_each(std::span<const std::string> names) = 0;
  /// Removes every object under `prefix`.
  virtual Result<void> remove_all(std::string_view prefix) = 0;

  /// Locks an existing object against other locks, by processes of any machine that reaches the
  /// store. On a disk the lock ends with its process. In a bucket it is a lease, an object of its
  /// own that is renewed: it ends a minute after the last renewal, or at once when its process has
  /// ended on this machine. A held lease that is lost fails every later write of this store.
  ///
  /// @param wait  Time to wait for the lock, after one line on standard error. In a bucket the call
  ///              waits for longer: until the lease is renewed, which shows a living process, or
  ///              ends.
  /// @return kUnavailable while another process holds the lock; kNotFound for a missing object.
  virtual Result<std::unique_ptr<Lock>> lock(std::string_view name,
                                             std::chrono::milliseconds wait) = 0;
  Result<std::unique_ptr<Lock>> lock(std::string_view name) { return lock(name, kLockWait); }

  /// Returns the objects under `prefix`, sorted by URI.
  Result<std::vector<Entry>> list(std::string_view prefix);
  /// Returns whether there is an object of that name.
  Result<bool> exists(std::string_view name);
  /// Reads a whole object.
  /// @param limit  Maximum size in bytes.
  /// @return kNotFound for a missing object; kCorrupt when it is larger.
  Result<std::string> read_text(std::string_view name, int64_t limit = int64_t{1} << 30);
  /// Writes a whole object and commits it.
  Result<void> write_text(std::string_view name, std::string_view text,
                          Durability durability = Durability::kPower);
};

/// Opens "folder", "file:///folder", "gs://bucket/prefix" or "s3://bucket/prefix". Creates nothing,
/// and does not check that it exists. Thread-safe.
///
/// Credentials and endpoints are the usual ones: Application Default Credentials or
/// CLOUD_STORAGE_EMULATOR_ENDPOINT for gs://; AWS_* variables, profiles or AWS_ENDPOINT_URL for
/// s3://.
///
/// @return kInvalidArgument for another scheme, or when there are no credentials.
Result<std::unique_ptr<Store>> open_store(std::string_view uri);

/// Opens one object for reading. Thread-safe.
/// @return kNotFound when there is no such object; otherwise as open_store().
Result<std::unique_ptr<Reader>> open_reader(std::string_view uri);

/// Returns a path or URI in its one absolute form: no "file://", ".", ".." or trailing '/'. Does
/// not follow symbolic links.
std::string absolute(std::string_view uri);
/// As absolute(), with symbolic links followed as far as the path exists.
std::string resolved(std::string_view uri);

/// Returns whether a URI names an object in a bucket (gs://, s3://).
bool is_remote(std::string_view uri);

/// Calls `visit` for each object that a path, folder, prefix or glob (`*`, `?`, `[a-z]`, `**`
/// across folders) names. A folder or prefix names everything below it. Thread-safe.
/// @return kNotFound when it names nothing; kInvalidArgument for a pipe, socket or device.
Result<void> visit(std::string_view uri, const VisitEntry& visit, const VisitRules& rules = {});
/// Returns the one object that a path or URI names, without opening it on a disk.
/// @return kNotFound for none; kInvalidArgument for a folder, pipe, socket or device.
Result<Entry> find_entry(std::string_view uri);
/// Returns the objects that visit() finds, sorted by URI.
Result<std::vector<Entry>> list(std::string_view uri);

/// Checks that a name stays in its store: relative, without "..", "." and empty folders.
/// @param store  URI of the store, for the error.
/// @return kCorrupt, since such names come from damaged or malicious files.
Result<void> check_name(std::string_view store, std::string_view name);

/// Ends requests to buckets and waits for locks with kCancelled once the token is stopped. Call
/// before the threads that use stores begin.
void stop_requests_on(std::stop_token stop);

/// Closes network connections. Call once, before main returns, when gs:// or s3:// may have been
/// used.
void shut_down();

}  // namespace lido::storage
