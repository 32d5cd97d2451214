// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lido/base/result.h"

namespace lido::storage {

/// State of an object.
struct ObjectState {
  int64_t size = 0;     ///< Bytes.
  std::string version;  ///< Changes with every write: GCS generation, S3 ETag.
  double age_s = 0;     ///< Since the last write, by the server's own clock. 0 when unknown.
  std::string text;     ///< The object's bytes, from get() alone.
  std::string writer;   ///< Random id of the put() with kMissing that wrote it, from state() alone.
};

/// Checksum by which a provider checks the bytes of an upload.
enum class Checksum { kMd5, kSha256 };

/// An object to write: a text, or bytes of a file.
struct Upload {
  std::string text;
  int file = -1;           ///< Descriptor; -1 for a text.
  int64_t file_bytes = 0;  ///< Size of the file.
  std::string sha256;      ///< 64 hex digits, of all bytes; empty where MD5 is wanted.
  std::string md5;         ///< 16 bytes, of all bytes; empty where SHA-256 is wanted.

  /// Makes the upload of a text, with both checksums.
  static Upload of(std::string text);
  int64_t size() const { return file >= 0 ? file_bytes : static_cast<int64_t>(text.size()); }
};

/// State in which an object is to be written over.
struct WriteIf {
  enum class State { kAny, kMissing, kVersion };
  State state = State::kAny;
  std::string version;  ///< Wanted version, with kVersion.
};

/// An object of a listing.
struct ListedObject {
  std::string name;
  int64_t size = 0;         ///< Bytes.
  int64_t modified_ns = 0;  ///< Time of the last write, since 1970; 0 when unknown.
};
using VisitObject = std::function<Result<void>(ListedObject)>;

/// The objects of one bucket, over the provider's HTTP interface. Names are those in the bucket;
/// errors carry the URI. Requests are repeated as Requester does. Thread-safe.
class ObjectApi {
 public:
  virtual ~ObjectApi() = default;
  /// Checksum that put() takes.
  virtual Checksum checksum() const = 0;
  /// Most names that remove() takes.
  virtual size_t batch_size() const = 0;
  /// @return kNotFound.
  virtual Result<ObjectState> state(const std::string& name) = 0;
  /// Reads a whole small object. @return kNotFound.
  virtual Result<ObjectState> get(const std::string& name) = 0;
  /// Reads bytes of one version of an object. @return Their number; kUnavailable when the object
  /// was written over or removed.
  virtual Result<size_t> read(const std::string& name, const std::string& version, int64_t offset,
                              std::span<std::byte> into) = 0;
  /// Writes an object in one step. With kMissing, an object that this call wrote by an earlier
  /// attempt, whose answer was lost, is its own.
  /// @return The new version; no value when the object is not in the wanted state.
  virtual Result<std::optional<std::string>> put(const std::string& name, const Upload& upload,
                                                 const WriteIf& wanted) = 0;
  /// Removes objects by one request. Missing objects are no error.
  virtual Result<void> remove(std::span<const std::string> names) = 0;
  /// Visits the objects whose names begin with `prefix`, page by page. @return kNotFound when there
  /// is no such bucket.
  virtual Result<void> list(const std::string& prefix, const VisitObject& visit) = 0;
};

/// Name under which an object has its ObjectState::writer.
inline constexpr const char* kWriterKey = "lido-writer";

/// Returns a random ObjectState::writer for a put() with kMissing; empty for another put().
std::string new_writer(const WriteIf& wanted);

/// Returns the version of an object that a put() found in place, if that put() wrote it itself.
/// @param writer  new_writer() of the put().
Result<std::optional<std::string>> own_version(ObjectApi& api, const std::string& name,
                                               const std::string& writer);

/// The failure of single calls of a batch that may succeed later; no value for none.
using BatchOutcome = std::optional<Error>;

/// Sends a batch again while single calls of it fail, with waits between. Its calls must be such
/// that repeating them changes nothing.
/// @return The first error of `send`, or the failure of the last attempt.
Result<void> repeat_batch(const std::function<Result<BatchOutcome>()>& send);

/// Opens a bucket of Google Cloud Storage, or of CLOUD_STORAGE_EMULATOR_ENDPOINT.
Result<std::shared_ptr<ObjectApi>> open_gcs(const std::string& bucket);
/// Opens a bucket of S3, or of AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL.
Result<std::shared_ptr<ObjectApi>> open_s3(const std::string& bucket);
/// Ends the client library that finds AWS credentials, when it was used.
void shut_down_s3();

/// Parses a time of a header, "Thu, 26 Nov 2026 17:25:53 GMT". @return Unix time; 0 for another
/// text.
int64_t parse_http_time(const std::string& text);
/// Parses "2026-11-26T17:25:34.487Z". @return Nanoseconds since 1970; 0 for another text.
int64_t parse_iso_time_ns(const std::string& text);

}  // namespace lido::storage
