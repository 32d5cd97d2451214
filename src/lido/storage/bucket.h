// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/storage/store.h"

namespace lido::storage {

/// A prefix in a GCS or S3 bucket, through Arrow's filesystems.
Result<std::unique_ptr<Store>> open_bucket(std::string uri);

/// Finalises the S3 library, when it was initialised.
void shut_down_buckets();

}  // namespace lido::storage
