// SPDX-License-Identifier: Apache-2.0
// Any bytes as options: JSON, rates, splits, vocabularies, times.
#include "lido/dataset/split.h"
#include "lido/dataset/time.h"
#include "lido/dataset/vocabulary.h"
#include "lido/ingest/options.h"
#include "lido/part/options.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)lido::parse_rational(text);
  (void)lido::dataset::parse_split(text);
  (void)lido::dataset::parse_vocabulary(text);
  (void)lido::dataset::parse_utc(text);
  const auto json = nlohmann::ordered_json::parse(text, nullptr, false);
  if (!json.is_discarded()) {
    (void)lido::from_json<lido::part::SampleOptions>(json);
    (void)lido::from_json<lido::ingest::JobOptions>(json);
  }
  return 0;
}
