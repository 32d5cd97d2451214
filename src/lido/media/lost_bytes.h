// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

namespace lido::media {

/// How the coded data of a packet shows that zeros stand in place of bytes that were lost.
enum class ZeroRules {
  kUnknown,     ///< It does not: zeros may be data, or padding.
  kH264,        ///< A slice never holds three zero bytes in a row.
  kHevc,        ///< As H.264, in HEVC's NAL units.
  kStartCodes,  ///< Three zero bytes or more in a row come only before a start code.
  kDense,       ///< An entropy coder's output never holds a long run of zeros.
};

/// Zeros of one packet.
struct Zeros {
  bool in_data = false;  ///< Some stand where coded data must be.
  bool at_end = false;   ///< The packet ends with some, which may be padding.
};

/// Looks for zeros in place of coded data. Zeros at a packet's end may be padding, and do not
/// count as data. Any bytes are safe. Pure.
/// @param length_size  Bytes of the length before each NAL unit; 0 for start codes.
///
/// Sources: ITU-T H.264 and H.265, 7.4.1 and B.1 (emulation prevention, start codes);
/// ISO/IEC 13818-2, 5.2.3 and ISO/IEC 14496-2, 5.2.3 (23 zero bits only before a start code).
Zeros find_zeros(ZeroRules rules, std::span<const std::byte> packet, int length_size);

}  // namespace lido::media
