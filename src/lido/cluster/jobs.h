// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lido/base/result.h"

namespace lido::cluster {

/// A job of a Ray cluster.
struct Job {
  std::string id;       ///< Submission id; empty for one that was not submitted.
  std::string status;   ///< PENDING, RUNNING, STOPPED, SUCCEEDED or FAILED.
  std::string message;  ///< Ray's, in its own words.
  std::string entrypoint;
  std::string dataset;      ///< What Lido's jobs write to.
  std::optional<int> exit;  ///< Of its process.
  int64_t start_ms = 0;     ///< Since 1970; 0 for not yet.
  int64_t end_ms = 0;

  bool has_ended() const {
    return status == "SUCCEEDED" || status == "FAILED" || status == "STOPPED";
  }
};

/// What to run in a cluster. Nothing is packed and sent: the cluster's image holds Lido.
struct Submission {
  std::string id;
  std::string entrypoint;  ///< For a shell.
  std::string dataset;
  double cpus = 0;  ///< What its entrypoint takes of a node; this and the next two.
  double gpus = 0;
  std::map<std::string, double> resources;
};

/// The Ray Jobs API of one cluster. Not thread-safe.
///
/// Source: Ray docs, Ray Jobs REST API.
class JobsApi {
 public:
  /// @param url  https, or http to this machine alone: a token must not travel in the clear.
  /// @param token  Sent as a bearer; empty for none.
  static Result<JobsApi> at(const std::string& url, std::string token);

  /// Of Ray. @return kUnavailable with the reason when nobody answers, or not with a certificate
  /// that this machine trusts; kInvalidArgument when the token is not taken.
  Result<std::string> version();
  Result<std::vector<Job>> list();
  /// @return kNotFound.
  Result<Job> get(const std::string& id);
  Result<void> submit(const Submission& submission);
  /// All it has said so far.
  Result<std::string> logs(const std::string& id);
  Result<void> stop(const std::string& id);

 private:
  Result<std::string> call(const char* method, const std::string& path,
                           const std::string& body = {});

  std::string url_, token_;
};

/// A word for a shell that stands for this text, whatever is in it.
std::string shell_quoted(std::string_view text);

}  // namespace lido::cluster
