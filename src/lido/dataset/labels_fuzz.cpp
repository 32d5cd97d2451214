// SPDX-License-Identifier: Apache-2.0
// Arbitrary bytes as labels (CSV, Parquet or CVAT) of a sample.
#include "lido/dataset/labeller.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::dataset;
  auto labels = parse_labels({reinterpret_cast<const char*>(data), size});
  if (!labels) return 0;
  for (Label& label : labels->labels) label.clip = "/a.mp4";
  SampleRow sample{.clip = "/a.mp4", .pts = std::vector<int64_t>(8)};
  Vocabulary vocabulary;
  const auto one_clip = [](const OnClipName& on_clip) -> lido::Result<void> {
    on_clip("/a.mp4");
    return {};
  };
  const auto times = [](const std::string&) -> lido::Result<lido::media::FrameTimes> {
    return lido::media::FrameTimes{.pts = {0, 40, 90}, .time_base = {1, 1000}};
  };
  const auto labeller = Labeller::make(labels->labels, one_clip, {4, 1}, vocabulary, times);
  if (labeller) labeller->apply(sample);
  return 0;
}
