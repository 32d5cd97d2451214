// SPDX-License-Identifier: Apache-2.0
// Any bytes as a clip: header, index, planned and plain extraction, pixels.
#include "lido/media/convert.h"
#include "lido/media/extract.h"
#include "lido/storage/memory_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido;
  storage::MemoryReader reader({reinterpret_cast<const std::byte*>(data), size});
  if (!media::probe(reader)) return 0;
  (void)media::index_clip(reader, 1);
  media::Converter converter;
  int frames = 0;
  const auto sink = [&](const media::ExtractedFrame& extracted) -> Result<void> {
    if (++frames > 40) return fail(ErrorCode::kCancelled, "enough");
    const auto geometry = LIDO_TRY(media::fit_geometry(extracted.frame, {.size = 32}));
    converter.convert(extracted.frame, geometry);
    return {};
  };
  for (const auto mode : {media::DecodeMode::kPlanned, media::DecodeMode::kEverything}) {
    frames = 0;
    (void)media::extract(reader, {.mode = mode, .end_k = 400}, sink, [] {});
  }
  return 0;
}
