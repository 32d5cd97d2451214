// SPDX-License-Identifier: Apache-2.0
#include "lido/base/utf8.h"

#include <fmt/format.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace lido {
namespace {

/// Returns text as UTF-16; empty if ICU fails.
std::vector<UChar> utf16_of(std::string_view text) {
  std::vector<UChar> wide(text.size() + 1);  // no character has more units than bytes
  UErrorCode error = U_ZERO_ERROR;
  int32_t length = 0;
  u_strFromUTF8(wide.data(), static_cast<int32_t>(wide.size()), &length, text.data(),
                static_cast<int32_t>(text.size()), &error);
  wide.resize(U_SUCCESS(error) ? static_cast<size_t>(length) : 0);
  return wide;
}

}  // namespace

size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto continues = [&](size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned lead = byte(0), second = byte(1);
  if (text.empty()) return 0;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4 || !continues(1)) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) {
    const bool overlong = lead == 0xe0 && second < 0xa0;
    const bool surrogate = lead == 0xed && second > 0x9f;
    return !overlong && !surrogate && continues(2) ? 3 : 0;
  }
  const bool overlong = lead == 0xf0 && second < 0x90;
  const bool too_large = lead == 0xf4 && second > 0x8f;
  return !overlong && !too_large && continues(2) && continues(3) ? 4 : 0;
}

bool is_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_length(text.substr(at));
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string escape_bytes(std::string_view text) {
  std::string escaped;
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_length(text.substr(at));
    if (length == 0)
      escaped += fmt::format("\\x{:02X}", static_cast<unsigned char>(text[at]));
    else
      escaped += text.substr(at, length);
    at += std::max<size_t>(length, 1);
  }
  return escaped;
}

std::string nfc(std::string_view text) {
  const bool is_ascii =
      std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  constexpr size_t kMaxBytes = 1 << 20;
  std::string unchanged(text);
  if (is_ascii || text.size() > kMaxBytes || !is_utf8(text)) return unchanged;
  UErrorCode error = U_ZERO_ERROR;
  const UNormalizer2* normaliser = unorm2_getNFCInstance(&error);
  const std::vector<UChar> wide = utf16_of(text);
  std::vector<UChar> composed(3 * wide.size() + 1);  // NFC has at most 3 units for one
  const int32_t units =
      unorm2_normalize(normaliser, wide.data(), static_cast<int32_t>(wide.size()), composed.data(),
                       static_cast<int32_t>(composed.size()), &error);
  if (U_FAILURE(error)) return unchanged;
  std::string result(3 * static_cast<size_t>(units) + 1, '\0');  // a unit has at most 3 bytes
  int32_t bytes = 0;
  u_strToUTF8(result.data(), static_cast<int32_t>(result.size()), &bytes, composed.data(), units,
              &error);
  if (U_FAILURE(error)) return unchanged;
  result.resize(static_cast<size_t>(bytes));
  return result;
}

}  // namespace lido
