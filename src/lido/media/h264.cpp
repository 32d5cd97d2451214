// SPDX-License-Identifier: Apache-2.0
#include "lido/media/h264.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "lido/media/nal.h"

namespace lido::media::h264 {
namespace {

constexpr uint32_t kSequenceParameters = 7;
constexpr uint32_t kPictureParameters = 8;
constexpr uint32_t kIdrSlice = 5;
/// Scaling lists make parameter sets long; tables of weights, slice headers.
constexpr size_t kMaxParameterSetBytes = 8192;
constexpr size_t kMaxSliceHeaderBytes = 2048;
// Values of slice_type, modulo 5.
constexpr uint32_t kP = 0;
constexpr uint32_t kB = 1;
constexpr uint32_t kSp = 3;
constexpr uint32_t kSi = 4;
constexpr uint32_t kMaxReferences = 32;

/// Reads se(v), 9.1.1.
int32_t read_signed(BitReader& reader) {
  const uint32_t code = reader.golomb();
  const auto half = static_cast<int32_t>(code / 2);
  return code % 2 == 1 ? half + 1 : -half;
}

void skip_numbers(BitReader& reader, uint32_t count) {
  for (uint32_t i = 0; i < count && !reader.overrun(); ++i) reader.golomb();
}

void skip_scaling_list(BitReader& reader, int size) {
  int32_t last = 8;
  for (int i = 0, next = 8; i < size && next != 0; ++i) {
    next = ((last + read_signed(reader)) % 256 + 256) % 256;
    if (next != 0) last = next;
  }
}

bool has_chroma_format(uint32_t profile) {
  constexpr std::array<uint32_t, 13> kProfiles = {100, 110, 122, 244, 44,  83, 86,
                                                  118, 128, 138, 139, 134, 135};
  return std::ranges::find(kProfiles, profile) != kProfiles.end();
}

struct NumberedSequence {
  uint32_t id = 0;
  SequenceParameters sequence;
};

std::optional<NumberedSequence> read_sequence(BitReader& reader) {
  SequenceParameters sequence;
  const uint32_t profile = reader.bits(8);
  reader.skip(16);
  const uint32_t id = reader.golomb();
  if (has_chroma_format(profile)) {
    sequence.chroma = reader.golomb();
    if (sequence.chroma == 3) sequence.separate_planes = reader.flag();
    skip_numbers(reader, 2);
    reader.skip(1);
    const bool scaling = reader.flag();
    for (int i = 0; scaling && i < (sequence.chroma == 3 ? 12 : 8); ++i) {
      if (reader.flag()) skip_scaling_list(reader, i < 6 ? 16 : 64);
    }
  }
  sequence.number_bits = static_cast<int>(std::min(reader.golomb(), 100U)) + 4;
  sequence.order_type = reader.golomb();
  if (sequence.order_type == 0) {
    sequence.order_bits = static_cast<int>(std::min(reader.golomb(), 100U)) + 4;
  } else if (sequence.order_type == 1) {
    sequence.order_is_fixed = reader.flag();
    skip_numbers(reader, 2);
    skip_numbers(reader, std::min(reader.golomb(), 256U));
  }
  skip_numbers(reader, 1);
  sequence.allows_gaps = reader.flag();
  skip_numbers(reader, 2);
  sequence.frames_only = reader.flag();
  const bool valid = id < 32 && sequence.chroma <= 3 && sequence.number_bits <= 16 &&
                     sequence.order_type <= 2 && sequence.order_bits <= 16;
  if (!valid || reader.overrun()) return std::nullopt;
  return NumberedSequence{id, sequence};
}

struct NumberedPicture {
  uint32_t id = 0;
  PictureParameters picture;
};

std::optional<NumberedPicture> read_picture_parameters(BitReader& reader) {
  PictureParameters picture;
  const uint32_t id = reader.golomb();
  picture.sequence = reader.golomb();
  reader.skip(1);
  picture.bottom_order = reader.flag();
  const bool slice_groups = reader.golomb() > 0;
  for (uint32_t& active : picture.active) active = reader.golomb() + 1;
  picture.weighted = reader.flag();
  picture.weighted_b = reader.bits(2);
  skip_numbers(reader, 3);
  reader.skip(2);
  picture.redundant = reader.flag();
  if (slice_groups || reader.overrun() || id >= 256 || picture.sequence >= 32) return std::nullopt;
  return NumberedPicture{id, picture};
}

void skip_list_changes(BitReader& reader) {
  constexpr uint32_t kEnd = 3;
  if (!reader.flag()) return;
  for (uint32_t i = 0; i <= 2 * kMaxReferences && reader.golomb() != kEnd; ++i) reader.golomb();
}

void skip_weights(BitReader& reader, bool chroma, uint32_t lists,
                  const std::array<uint32_t, 2>& active) {
  skip_numbers(reader, chroma ? 2 : 1);
  for (uint32_t list = 0; list < lists; ++list) {
    for (uint32_t i = 0; i < std::min(active[list], kMaxReferences); ++i) {
      if (reader.flag()) skip_numbers(reader, 2);
      if (chroma && reader.flag()) skip_numbers(reader, 4);
    }
  }
}

/// Reads dec_ref_pic_marking(). @return Whether the picture becomes number 0 (operation 5).
bool resets_count(BitReader& reader) {
  constexpr uint32_t kReset = 5;
  if (!reader.flag()) return false;
  for (uint32_t i = 0; i <= 2 * kMaxReferences && !reader.overrun(); ++i) {
    const uint32_t operation = reader.golomb();
    if (operation == 0 || operation > 6) return false;
    if (operation == kReset) return true;
    skip_numbers(reader, operation == 3 ? 2 : 1);
  }
  return false;
}

/// The rest of a slice header, behind frame_num.
struct SliceTail {
  const SequenceParameters& sequence;
  const PictureParameters& picture;
  uint32_t type = 0;  ///< slice_type, modulo 5.

  /// Returns whether a reference picture that is no IDR picture resets the count.
  bool resets_count(BitReader& reader) const {
    bool field = false;
    if (!sequence.frames_only) {
      field = reader.flag();
      if (field) reader.skip(1);
    }
    const uint32_t second_order = picture.bottom_order && !field ? 1 : 0;
    if (sequence.order_type == 0) {
      reader.skip(sequence.order_bits);
      skip_numbers(reader, second_order);
    }
    if (sequence.order_type == 1 && !sequence.order_is_fixed)
      skip_numbers(reader, 1 + second_order);
    if (picture.redundant) skip_numbers(reader, 1);
    if (type == kB) reader.skip(1);
    std::array<uint32_t, 2> active = picture.active;
    const uint32_t lists = type == kB ? 2 : type == kP || type == kSp ? 1 : 0;
    const bool override_lengths = lists > 0 && reader.flag();
    for (uint32_t list = 0; override_lengths && list < lists; ++list)
      active[list] = reader.golomb() + 1;
    for (uint32_t list = 0; list < lists; ++list) skip_list_changes(reader);
    const bool weights =
        (lists == 1 && picture.weighted) || (lists == 2 && picture.weighted_b == 1);
    const bool chroma = sequence.chroma != 0 && !sequence.separate_planes;
    if (weights) skip_weights(reader, chroma, lists, active);
    return h264::resets_count(reader) && !reader.overrun();
  }
};

}  // namespace

void FrameCounter::store_parameter_set(std::span<const std::byte> nal) {
  if (nal.size() < 4) return;
  const uint32_t type = byte_at(nal, 0) & 31;
  if (type != kSequenceParameters && type != kPictureParameters) return;
  const std::vector<std::byte> payload = unescape(nal.subspan(1), kMaxParameterSetBytes);
  BitReader reader(payload);
  // The id of a set that cannot be read is unknown, so it may replace any of them.
  if (type == kSequenceParameters) {
    const auto found = read_sequence(reader);
    if (!found) return sequences_.fill(std::nullopt);
    sequences_[found->id] = found->sequence;
  } else {
    const auto found = read_picture_parameters(reader);
    if (!found) return pictures_.fill(std::nullopt);
    pictures_[found->id] = found->picture;
  }
}

void FrameCounter::store_configuration(std::span<const std::byte> record) {
  constexpr size_t kFixedPart = 5;
  size_t at = kFixedPart;
  for (const uint32_t mask : {31U, 255U}) {
    if (at >= record.size()) return;
    const uint32_t sets = byte_at(record, at++) & mask;
    for (uint32_t i = 0; i < sets; ++i) {
      if (at + 2 > record.size()) return;
      const size_t length = byte_at(record, at) << 8 | byte_at(record, at + 1);
      at += 2;
      if (length > record.size() - at) return;
      store_parameter_set(record.subspan(at, length));
      at += length;
    }
  }
}

bool FrameCounter::misses_pictures(std::span<const std::byte> slice) {
  const std::optional<uint32_t> last = std::exchange(last_, std::nullopt);
  const uint32_t header = byte_at(slice, 0);
  const bool is_idr = (header & 31) == kIdrSlice;
  const bool is_reference = (header >> 5 & 3) != 0;
  const std::vector<std::byte> payload = unescape(slice.subspan(1), kMaxSliceHeaderBytes);
  BitReader reader(payload);
  reader.golomb();  // first_mb_in_slice
  const uint32_t type = reader.golomb() % 5;
  const uint32_t id = reader.golomb();
  if (id >= pictures_.size() || !pictures_[id]) return false;
  const PictureParameters& picture = *pictures_[id];
  if (!sequences_[picture.sequence]) return false;
  const SequenceParameters& sequence = *sequences_[picture.sequence];
  if (sequence.separate_planes) reader.skip(2);
  const uint32_t number = reader.bits(sequence.number_bits);
  if (reader.overrun() || type > kSi || sequence.allows_gaps) return false;
  if (is_idr) {
    last_ = 0;
    return false;
  }
  last_ = last;
  if (is_reference) {
    const SliceTail tail{sequence, picture, type};
    last_ = tail.resets_count(reader) ? 0 : number;
  }
  const uint32_t expected = last ? (*last + 1) & ((1U << sequence.number_bits) - 1) : number;
  return last && number != *last && number != expected;
}

}  // namespace lido::media::h264
