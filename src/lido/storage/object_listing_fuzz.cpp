// SPDX-License-Identifier: Apache-2.0
// Any text as a page of the listing of a bucket: no object is without a name.
#include <cstdint>
#include <cstdlib>

#include "lido/storage/object_listing.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::storage;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const auto& page : {parse_gcs_listing(body), parse_s3_listing(body)}) {
    if (!page) continue;
    for (const ListedObject& object : page->objects) {
      if (object.name.empty()) std::abort();
    }
  }
  return 0;
}
