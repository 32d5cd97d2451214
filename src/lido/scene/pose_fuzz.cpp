// SPDX-License-Identifier: Apache-2.0
// Any numbers as a pose network's outputs, under any decoding that a bundle may ask for: a line of
// JSON, then the numbers, over and over.
#include <cstring>

#include "lido/scene/pose.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::scene;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const size_t end = all.find('\n');
  if (end == std::string_view::npos || size - end < 8) return 0;
  lido::infer::Bundle bundle{.keypoints = {"nose", "left_wrist", "right_wrist"}};
  bundle.decoding = nlohmann::json::parse(all.substr(0, end), nullptr, false);
  if (bundle.decoding.is_discarded()) return 0;
  const auto decoding = read_pose_decoding(bundle);
  if (!decoding) return 0;
  const std::string_view numbers = all.substr(end + 1);
  std::vector<std::vector<float>> outputs;
  size_t at = 0;
  for (const int64_t length : pose_output_sizes(*decoding, 64, 48)) {
    outputs.emplace_back(static_cast<size_t>(length));
    for (float& value : outputs.back()) {
      if (at + sizeof value > numbers.size()) at = 0;
      std::memcpy(&value, numbers.data() + at, sizeof value);
      at += sizeof value;
    }
  }
  const std::vector<std::span<const float>> spans(outputs.begin(), outputs.end());
  if (decode_pose(*decoding, 64, 48, spans).size() != bundle.keypoints.size()) __builtin_trap();
  return 0;
}
