// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lido {

/// Returns the length of the UTF-8 character at the start of text, in bytes; 0 if there is none.
/// Pure.
///
/// Source: The Unicode Standard 15.0, table 3-7.
size_t utf8_length(std::string_view text);

/// Returns whether text is UTF-8 throughout: no stray bytes, overlong forms or surrogates. Pure.
bool is_utf8(std::string_view text);

/// Writes each byte that is not part of a UTF-8 character as "\xE9", so that any file name can be
/// printed and stored as text. Text that is UTF-8 stays as it is. Pure.
std::string escape_bytes(std::string_view text);

/// Returns text in Unicode's composed form (NFC), in which two spellings of the same characters
/// are equal: "é" as one code point, or as "e" and an accent, as macOS stores file names. Text that
/// is not UTF-8 stays as it is. Pure.
std::string nfc(std::string_view text);

}  // namespace lido
