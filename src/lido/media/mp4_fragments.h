// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "lido/base/result.h"
#include "lido/storage/reader.h"

namespace lido::media {

/// Bytes of a fragmented MP4 file that are no whole boxes, up to the next fragment, where reading
/// can resume; or zeros, behind which no fragment with a time follows, and all up to the file's
/// end.
struct FragmentHole {
  int64_t begin = 0;  ///< First byte that is no box.
  int64_t end = 0;    ///< First byte of the next fragment, or the file's size; at least 8 on.
};

/// Finds the damaged stretches of a fragmented file behind which whole fragments follow, by the
/// lengths of its boxes and of those inside "moof". Fragments without a time of their own are not
/// looked for: they would be shown too early. Empty for other files. Any bytes are safe.
///
/// @return kUnavailable from storage.
///
/// Source: ISO/IEC 14496-12, 4.2, 8.8.
Result<std::vector<FragmentHole>> find_fragment_holes(storage::Reader& reader);

}  // namespace lido::media
