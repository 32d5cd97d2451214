// SPDX-License-Identifier: Apache-2.0
#include "bucket_note.h"

#include <fmt/format.h>

#include "lido/cluster/jobs.h"
#include "lido/storage/store.h"

namespace lido::cli {

std::string bucket_note(const std::string& uri) {
  using cluster::shell_quoted;
  if (!storage::is_remote(uri)) return {};
  const std::string bucket = uri.substr(0, uri.find('/', 5));
  const bool is_whole_bucket = uri.size() == bucket.size();
  if (uri.starts_with("gs://")) {
    return fmt::format(
        "The bucket itself may keep removed objects. With soft delete, which is on unless switched "
        "off, it keeps them for 7 days or as set: gcloud storage ls --soft-deleted {0} . They "
        "cannot be removed earlier; gcloud storage buckets update {1} --clear-soft-delete switches "
        "soft delete off for later removals. With object versioning it keeps them until their "
        "versions are removed: gcloud storage ls --all-versions {0} shows versions, and gcloud "
        "storage rm OBJECT#GENERATION removes one.",
        shell_quoted(uri + "/**"), shell_quoted(bucket));
  }
  const std::string name = shell_quoted(bucket.substr(5));
  // Without the last '/', names of other folders would begin with the prefix too.
  const std::string prefix =
      is_whole_bucket ? "" : " --prefix " + shell_quoted(uri.substr(bucket.size() + 1) + "/");
  return fmt::format(
      "The bucket itself may keep removed objects. With versioning it keeps them until their "
      "versions are removed: aws s3api list-object-versions --bucket {0}{1} shows versions, and "
      "aws s3api delete-object --bucket {0} --key KEY --version-id ID removes one; a lifecycle "
      "rule with NoncurrentVersionExpiration removes all. Parts of unfinished uploads: aws s3api "
      "list-multipart-uploads --bucket {0}{1} .",
      name, prefix);
}

}  // namespace lido::cli
