// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lido/base/result.h"

namespace lido::cluster {

/// A job of a Ray cluster.
struct Job {
  std::string id;       ///< Submission id; empty for a job that was not submitted by id.
  std::string status;   ///< PENDING, RUNNING, STOPPED, SUCCEEDED or FAILED.
  std::string message;  ///< Ray's text about the status.
  std::string entrypoint;
  std::string dataset;      ///< Folder or URI that the job writes to; empty for others' jobs.
  std::optional<int> exit;  ///< Exit code of the job's process; empty before its end.
  std::string node;         ///< Id of the node of the job's driver; empty before the start.
  int64_t start_ms = 0;     ///< Milliseconds since 1970; 0 before the start.
  int64_t end_ms = 0;       ///< Milliseconds since 1970; 0 before the end.

  /// Whether the job has reached a final status.
  bool has_ended() const {
    return status == "SUCCEEDED" || status == "FAILED" || status == "STOPPED";
  }
};

/// A job to submit. The cluster's image contains Lido.
struct Submission {
  std::string id;          ///< Letters, digits, "-" and "_".
  std::string entrypoint;  ///< Shell command.
  std::string dataset;     ///< Stored with the job, as its dataset.
  std::string package;     ///< Result of upload(), unpacked as the working folder; often empty.
  // Resources that Ray reserves for the entrypoint.
  double cpus = 0;
  double gpus = 0;
  std::map<std::string, double> resources;  ///< Custom resources of Ray, by name.
};

/// The end of a job's log.
struct LogTail {
  std::string text;       ///< Last lines; the last one can be incomplete.
  bool is_whole = false;  ///< Whether `text` is the whole log.
};

/// Client of one cluster's Ray Jobs API. Keeps its connection open. Not thread-safe.
///
/// All calls return kUnavailable, with the reason, when the server does not answer, its certificate
/// is not trusted, or it fails; kInvalidArgument when the server refuses the token.
///
/// Source: Ray docs, Ray Jobs REST API.
class JobsApi {
 public:
  /// Makes a client; connects with the first call.
  /// @param url  https://HOST, or http:// to this machine only, and then past any proxy: other
  ///             connections would expose the token.
  /// @param token  Sent as a bearer token; empty for none.
  /// @return kInvalidArgument for another URL, and for a token that HTTP cannot carry.
  static Result<JobsApi> open(const std::string& url, std::string token);

  /// Returns the version of the cluster's Ray; empty when the server does not name one.
  Result<std::string> version();
  /// Returns all jobs.
  Result<std::vector<Job>> list();
  /// Returns one job.
  /// @return kNotFound when the cluster has no such job.
  Result<Job> get(const std::string& id);
  /// Submits a job.
  /// @return kInvalidArgument when a job of this id exists.
  Result<void> submit(const Submission& submission);
  /// Stores files in the cluster for a submission, which must follow within ten minutes.
  /// @param zip  Archive of the files.
  /// @return Submission::package.
  Result<std::string> upload(const std::string& zip);
  /// Returns the job's log so far.
  /// @return kNotFound when the cluster has no such job; kDegenerate for more than 64 MiB.
  Result<std::string> logs(const std::string& id);
  /// Returns the end of the job's log; an empty text before the job's start.
  /// @param lines  Lines at most, 1 or more.
  Result<LogTail> log_tail(const Job& job, int lines);
  /// Stops a job; does nothing to a job that has ended.
  /// @return kNotFound when the cluster has no such job.
  Result<void> stop(const std::string& id);

 private:
  Result<std::string> call(const char* method, const std::string& path,
                           const std::string& body = {});

  std::string url_, token_;
  bool is_local_ = false;         ///< Whether the server runs on this machine.
  std::shared_ptr<void> handle_;  ///< libcurl's handle, with the open connection.
};

/// Quotes a text as one word of a POSIX shell.
std::string shell_quoted(std::string_view text);

}  // namespace lido::cluster
