// SPDX-License-Identifier: Apache-2.0
// Any numbers as a detector's outputs, under any decoding that a bundle may ask for: a line of
// JSON, then the numbers, over and over.
#include "lido/scene/detect.h"
#include "lido/scene/network_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::scene;
  NetworkFuzz fuzz({data, size});
  lido::infer::Bundle bundle{.classes = {"person", "ball"}};
  if (!fuzz.read(bundle)) return 0;
  const auto decoding = read_decoding(bundle);
  if (!decoding) return 0;
  constexpr int kWidth = NetworkFuzz::kWidth, kHeight = NetworkFuzz::kHeight;
  const auto outputs = fuzz.outputs(output_sizes(*decoding, kWidth, kHeight));
  const auto boxes = decode(*decoding, kWidth, kHeight, outputs, 0.1F);
  std::vector<Detection> found;
  for (const RawBox& box : boxes)
    found.push_back(
        {{box.left, box.top, box.right - box.left, box.bottom - box.top}, box.score, box.class_id});
  (void)non_max_suppression(std::move(found), 0.5);
  return 0;
}
