// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/storage/store.h"

namespace lido::storage {

/// Opens a prefix in a GCS or S3 bucket over HTTP. Connects on the first request. Thread-safe.
/// @param uri  "gs://bucket/prefix" or "s3://bucket/prefix".
/// @return kInvalidArgument when the URI names no bucket or there are no credentials.
Result<std::unique_ptr<Store>> open_bucket(std::string uri);

/// Finalises the S3 library, when it was initialised.
void shut_down_buckets();

}  // namespace lido::storage
