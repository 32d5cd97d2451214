// SPDX-License-Identifier: Apache-2.0
#include "lido/media/mpeg2.h"

#include <utility>

#include "lido/media/nal.h"

namespace lido::media::mpeg2 {
namespace {

// Start codes, and values of picture_coding_type.
constexpr uint32_t kPicture = 0x00;
constexpr uint32_t kGroup = 0xb8;
constexpr uint32_t kIntra = 1;
constexpr uint32_t kPredicted = 2;
constexpr uint32_t kBetween = 3;
/// temporal_reference counts modulo this.
constexpr int kModulus = 1024;

struct PictureHeader {
  bool starts_group = false;
  bool link_is_broken = false;  ///< Leading B pictures may have been cut off.
  int number = -1;              ///< temporal_reference.
  uint32_t type = 0;
};

/// Reads the first picture of a packet; `number` is -1 when there is none.
PictureHeader read_header(Bytes packet) {
  PictureHeader header;
  for_each_nal(packet, 0, [&](Bytes unit) {
    BitReader reader(unit.subspan(1));
    if (byte_at(unit, 0) == kGroup) {
      reader.skip(26);
      header.starts_group = true;
      header.link_is_broken = reader.flag();
    }
    if (byte_at(unit, 0) != kPicture || unit.size() < 3) return true;
    header.number = static_cast<int>(reader.bits(10));
    header.type = reader.bits(3);
    return false;
  });
  return header;
}

}  // namespace

std::optional<int> PictureCounter::missing_since(std::span<const std::byte> packet) {
  const PictureHeader header = read_header(packet);
  if (header.number < 0) return std::nullopt;
  ++packets_;
  if (header.type == kBetween) return push_between(header.number);
  if (header.type != kIntra && header.type != kPredicted) return std::nullopt;
  return push_reference(header.number, header.starts_group, header.link_is_broken,
                        header.type == kIntra);
}

std::optional<int> PictureCounter::push_reference(int number, bool starts_group,
                                                  bool link_is_broken, bool intra) {
  const bool is_second_field = !starts_group && number == reference_;
  if (is_second_field) return std::nullopt;
  const int packets = std::exchange(packets_, 1);
  const int last = std::exchange(reference_, number);
  const int missing = std::exchange(between_, -1);
  last_between_ = -1;
  if (missing > 0) return packets - 1;
  if (starts_group) {
    // At the beginning of a stream, the leading pictures may have been left out.
    if (last >= 0 && !link_is_broken) between_ = number;
    return std::nullopt;
  }
  if (last < 0) return std::nullopt;
  const int step = (number - last + kModulus) % kModulus;
  const bool is_forward = step < kModulus / 2;
  if (is_forward) between_ = step - 1;
  // Numbers start again at an I picture; a P picture that does so has lost its group's beginning.
  return is_forward || intra ? std::nullopt : std::optional(0);
}

std::optional<int> PictureCounter::push_between(int number) {
  const bool is_second_field = number == last_between_;
  if (is_second_field || reference_ < 0) return std::nullopt;
  last_between_ = number;
  const int step = (number - reference_ + kModulus) % kModulus;
  const bool is_after_reference = step < kModulus / 2;
  if (is_after_reference || between_ == 0) return 0;
  if (between_ > 0) --between_;
  return std::nullopt;
}

}  // namespace lido::media::mpeg2
