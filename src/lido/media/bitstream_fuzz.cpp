// SPDX-License-Identifier: Apache-2.0
#include "lido/media/bitstream.h"
#include "lido/media/coded_picture.h"

namespace {

/// Number of values of an enumeration up to its last.
template <typename Enum>
constexpr int count_to(Enum last) {
  return static_cast<int>(last) + 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lido::media;
  if (size < 2) return 0;
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto syntax = static_cast<Syntax>(data[0] % count_to(kLastSyntax));
  // Input bytes, read as a decoder configuration and as packets cut where a byte is 255.
  FactReader reader({syntax, data[1] % 5}, bytes.subspan(2));
  (void)framing_of(syntax, bytes.subspan(2));
  size_t begin = 2;
  for (size_t end = 2; end <= size; ++end) {
    if (end < size && data[end] != 255) continue;
    (void)reader.read(bytes.subspan(begin, end - begin), (data[1] & 8) != 0);
    begin = end;
  }
  const auto pictures = static_cast<PictureSyntax>(data[0] % count_to(kLastPictureSyntax));
  (void)is_intra(pictures, bytes.subspan(2));
  return 0;
}
