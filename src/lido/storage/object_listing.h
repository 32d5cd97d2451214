// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lido/base/result.h"
#include "lido/storage/object_api.h"

namespace lido::storage {

/// One page of the listing of a bucket.
struct ListingPage {
  std::vector<ListedObject> objects;
  std::string next;  ///< Token of the next page; empty for the last one.
};

/// Parses a page of the JSON interface of Google Cloud Storage. Pure.
/// @return kUnavailable for a text that breaks off or is not a listing: objects would be missing.
Result<ListingPage> parse_gcs_listing(std::string_view body);

/// Parses a page of ListObjectsV2 of S3. Pure.
/// @return As parse_gcs_listing().
Result<ListingPage> parse_s3_listing(std::string_view body);

/// Turns to the next page of a listing.
/// @param uri   Listed bucket or prefix, for the error.
/// @param page  Token of the page that was read; gets the next one.
/// @return kUnavailable when the server names the same page again: the listing would never end.
Result<void> turn_page(const std::string& uri, std::string& page, std::string next);

}  // namespace lido::storage
