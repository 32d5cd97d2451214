// SPDX-License-Identifier: Apache-2.0
// Any numbers as a pose network's outputs, under any decoding that a bundle may ask for: a line of
// JSON, then the numbers, over and over.
#include "lido/scene/network_fuzz.h"
#include "lido/scene/pose.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::scene;
  NetworkFuzz fuzz({data, size});
  lido::infer::Bundle bundle{.keypoints = {"nose", "left_wrist", "right_wrist"}};
  if (!fuzz.read(bundle)) return 0;
  const auto decoding = read_pose_decoding(bundle);
  if (!decoding) return 0;
  constexpr int kWidth = NetworkFuzz::kWidth, kHeight = NetworkFuzz::kHeight;
  const auto outputs = fuzz.outputs(pose_output_sizes(*decoding, kWidth, kHeight));
  if (decode_pose(*decoding, kWidth, kHeight, outputs).size() != bundle.keypoints.size())
    __builtin_trap();
  return 0;
}
