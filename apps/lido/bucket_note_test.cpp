// SPDX-License-Identifier: Apache-2.0
// The commands are those of the manuals of gcloud storage and of aws s3api.
#include "bucket_note.h"

#include <gtest/gtest.h>

namespace lido::cli {
namespace {

bool has(const std::string& text, const std::string& part) { return text.contains(part); }

TEST(BucketNote, ShowsHowToSeeWhatGoogleKeeps) {
  const std::string note = bucket_note("gs://pool-a/sets/train");
  for (const char* part : {"gcloud storage ls --soft-deleted 'gs://pool-a/sets/train/**' ",
                           "gcloud storage ls --all-versions 'gs://pool-a/sets/train/**' ",
                           "gcloud storage buckets update 'gs://pool-a' --clear-soft-delete ",
                           "gcloud storage rm OBJECT#GENERATION "})
    EXPECT_TRUE(has(note, part)) << part << "\n" << note;
  EXPECT_TRUE(has(bucket_note("gs://pool-a"), " 'gs://pool-a/**' "));
}

TEST(BucketNote, ShowsHowToSeeWhatS3Keeps) {
  const std::string note = bucket_note("s3://pool-a/it's");
  for (const char* part :
       {"aws s3api list-object-versions --bucket 'pool-a' --prefix 'it'\\''s/' ",
        "aws s3api delete-object --bucket 'pool-a' --key KEY --version-id ID ",
        "aws s3api list-multipart-uploads --bucket 'pool-a' --prefix 'it'\\''s/' "})
    EXPECT_TRUE(has(note, part)) << part << "\n" << note;
  EXPECT_FALSE(has(note, "soft delete")) << "S3 has none";
  EXPECT_FALSE(has(bucket_note("s3://pool-a"), "--prefix")) << "the whole bucket";
}

TEST(BucketNote, AFolderKeepsNothing) { EXPECT_EQ(bucket_note("/data/gs:/pool"), ""); }

}  // namespace
}  // namespace lido::cli
