// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as a COCO file of keypoints.
#include "lido/reconstruct/pose_files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(lido::reconstruct::read_coco(text, "fuzz", lido::geometry::Camera{}, 0, 2));
  return 0;
}
