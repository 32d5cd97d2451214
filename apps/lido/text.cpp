// SPDX-License-Identifier: Apache-2.0
#include "text.h"

#include <array>
#include <cmath>

#include "lido/base/utf8.h"

namespace lido::cli {

std::string human_bytes(double bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB", "PB"};
  size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < kUnits.size()) {
    bytes /= 1000;
    ++unit;
  }
  return unit > 0 && bytes < 10 ? fmt::format("{:.1f} {}", bytes, kUnits[unit])
                                : fmt::format("{:.0f} {}", bytes, kUnits[unit]);
}

std::string human_seconds(double seconds) {
  if (seconds < 1) return fmt::format("{:.2f} s", seconds);
  if (seconds < 90) return fmt::format("{:.0f} s", seconds);
  const auto minutes = static_cast<int64_t>(std::round(seconds / 60));
  return minutes < 90 ? fmt::format("{} min", minutes)
                      : fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string printable(std::string_view text) {
  constexpr size_t kMaxBytes = 1200;
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const size_t length = utf8_length(text.substr(i));
    const bool whole = length > 1 || (length == 1 && byte >= ' ' && byte != 0x7f);
    if (whole)
      out += text.substr(i, length);
    else if (byte >= 0x80)
      out += escape_bytes(text.substr(i, 1));
    else
      out += byte == '\n' || byte == '\t' ? ' ' : '?';
    i += whole ? length : 1;
  }
  if (out.size() <= kMaxBytes) return out;
  size_t head = kMaxBytes / 2, tail = out.size() - kMaxBytes / 2;
  const auto continues = [&](size_t at) {
    return (static_cast<unsigned char>(out[at]) & 0xc0) == 0x80;
  };
  while (continues(head)) --head;
  while (tail < out.size() && continues(tail)) ++tail;
  return out.substr(0, head) + " ... " + out.substr(tail);
}

}  // namespace lido::cli
