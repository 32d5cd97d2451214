// SPDX-License-Identifier: Apache-2.0
// Any bytes as labels: CSV, Parquet or CVAT, put on a sample.
#include "lido/dataset/labels.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::dataset;
  auto labels = parse_labels({reinterpret_cast<const char*>(data), size});
  if (!labels) return 0;
  for (Label& label : *labels) label.clip = "/a.mp4";
  std::vector<SampleRow> samples(1);
  samples[0].clip = "/a.mp4";
  samples[0].pts.resize(8);
  Vocabulary vocabulary;
  (void)apply_labels(*labels, {{.clip = "/a.mp4", .source_fps = 30}}, {4, 1}, vocabulary, samples);
  return 0;
}
