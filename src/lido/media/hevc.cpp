// SPDX-License-Identifier: Apache-2.0
#include "lido/media/hevc.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <utility>

#include "lido/media/nal.h"

namespace lido::media::hevc {
namespace {

constexpr uint32_t kSequenceParameters = 33;
constexpr uint32_t kPictureParameters = 34;
/// Parameter sets of cameras take a few hundred bytes, slice headers a few dozen.
constexpr size_t kMaxParameterSetBytes = 8192;
constexpr size_t kMaxSliceHeaderBytes = 512;
constexpr uint32_t kMaxSets = 64;
constexpr uint32_t kMaxReferences = 16;
/// Values of slice_type.
constexpr uint32_t kB = 0;
constexpr uint32_t kI = 2;
constexpr uint32_t kMaxDistance = 1 << 15;

bool is_idr(uint32_t type) { return type == 19 || type == 20; }
bool is_broken_link(uint32_t type) { return type >= 16 && type <= 18; }

/// Returns the bits of an index below `count`: Ceil(Log2(count)).
int index_bits(uint32_t count) { return count > 1 ? std::bit_width(count - 1) : 0; }

std::optional<std::vector<Reference>> read_references(BitReader& reader, uint32_t count,
                                                      int32_t direction) {
  std::vector<Reference> references;
  int32_t delta = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t step = reader.golomb();
    if (step >= kMaxDistance) return std::nullopt;
    delta += direction * (static_cast<int32_t>(step) + 1);
    references.push_back({delta, reader.flag()});
  }
  return references;
}

/// Reads a set that is predicted from another, shifted by `shift` (equations 7-61 and 7-62).
ReferenceSet predict_set(const ReferenceSet& from, int32_t shift, BitReader& reader) {
  struct Mark {
    bool used;
    bool kept;
  };
  std::vector<Mark> marks;  // for `before`, `after`, and the other picture itself
  for (size_t i = 0; i <= from.before.size() + from.after.size(); ++i) {
    const bool used = reader.flag();
    marks.push_back({used, used || reader.flag()});
  }
  ReferenceSet set;
  const auto take = [&](std::vector<Reference>& to, int32_t direction, int32_t delta, Mark mark) {
    if (delta * direction > 0 && mark.kept) to.push_back({delta, mark.used});
  };
  const auto take_before = [&](std::vector<Reference>& to, int32_t direction, size_t i) {
    take(to, direction, from.before[i].delta + shift, marks[i]);
  };
  const auto take_after = [&](std::vector<Reference>& to, int32_t direction, size_t i) {
    take(to, direction, from.after[i].delta + shift, marks[from.before.size() + i]);
  };
  for (size_t i = from.after.size(); i-- > 0;) take_after(set.before, -1, i);
  take(set.before, -1, shift, marks.back());
  for (size_t i = 0; i < from.before.size(); ++i) take_before(set.before, -1, i);
  for (size_t i = from.before.size(); i-- > 0;) take_before(set.after, 1, i);
  take(set.after, 1, shift, marks.back());
  for (size_t i = 0; i < from.after.size(); ++i) take_after(set.after, 1, i);
  return set;
}

/// Reads a set of a parameter set or, with `in_slice`, of a slice header.
/// @param known  The sets read before.
std::optional<ReferenceSet> read_set(BitReader& reader, const std::vector<ReferenceSet>& known,
                                     bool in_slice) {
  const size_t index = known.size();
  ReferenceSet set;
  if (index > 0 && reader.flag()) {
    const uint32_t back = in_slice ? reader.golomb() : 0;
    if (back >= index) return std::nullopt;
    const bool negative = reader.flag();
    const uint32_t distance = reader.golomb();
    if (distance >= kMaxDistance) return std::nullopt;
    const int32_t shift = (negative ? -1 : 1) * (static_cast<int32_t>(distance) + 1);
    set = predict_set(known[index - 1 - back], shift, reader);
  } else {
    const uint32_t before = reader.golomb();
    const uint32_t after = reader.golomb();
    if (before > kMaxReferences || after > kMaxReferences) return std::nullopt;
    auto references_before = read_references(reader, before, -1);
    auto references_after = read_references(reader, after, 1);
    if (!references_before || !references_after) return std::nullopt;
    set = {std::move(*references_before), std::move(*references_after)};
  }
  if (set.before.size() + set.after.size() > kMaxReferences) return std::nullopt;
  return set;
}

void skip_golombs(BitReader& reader, int count) {
  for (int i = 0; i < count; ++i) reader.golomb();
}

/// Reads a profile. @return False for a profile whose syntax is not supported here.
bool read_profile(BitReader& reader, uint32_t sub_layers) {
  reader.skip(3);
  const uint32_t profile = reader.bits(5);
  reader.skip(32 + 48 + 8);
  std::array<std::array<bool, 2>, 8> present{};  // profile, level
  for (uint32_t i = 0; i < sub_layers; ++i) present[i] = {reader.flag(), reader.flag()};
  if (sub_layers > 0) reader.skip(2 * static_cast<int>(8 - sub_layers));
  for (uint32_t i = 0; i < sub_layers; ++i)
    reader.skip((present[i][0] ? 88 : 0) + (present[i][1] ? 8 : 0));
  return profile >= 1 && profile <= 4;  // Main, Main 10, Main Still Picture, range extensions
}

void skip_scaling_lists(BitReader& reader) {
  for (int size = 0; size < 4; ++size) {
    for (int matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1) {
      const bool coded = reader.flag();
      if (!coded)
        skip_golombs(reader, 1);
      else
        skip_golombs(reader, (size > 1 ? 1 : 0) + std::min(64, 1 << (4 + 2 * size)));
    }
  }
}

struct NumberedSequence {
  uint32_t id = 0;
  SequenceParameters sequence;
};

std::optional<NumberedSequence> read_sequence(BitReader& reader) {
  SequenceParameters sequence;
  reader.skip(4);
  const uint32_t sub_layers = reader.bits(3);  // minus one
  reader.skip(1);
  if (!read_profile(reader, sub_layers)) return std::nullopt;
  const uint32_t id = reader.golomb();
  const uint32_t chroma = reader.golomb();
  if (chroma == 3) sequence.separate_planes = reader.flag();
  sequence.grey = chroma == 0 || sequence.separate_planes;
  const uint32_t width = reader.golomb();
  const uint32_t height = reader.golomb();
  if (reader.flag()) skip_golombs(reader, 4);  // conformance window
  skip_golombs(reader, 2);                     // bit depths
  sequence.number_bits = static_cast<int>(std::min(reader.golomb(), 100U)) + 4;
  const bool every_layer = reader.flag();
  skip_golombs(reader, 3 * static_cast<int>(every_layer ? sub_layers + 1 : 1));
  const uint32_t smallest = reader.golomb();
  const uint32_t difference = reader.golomb();
  skip_golombs(reader, 4);
  constexpr uint32_t kMaxSide = 1 << 16;
  if (id >= 16 || chroma > 3 || width > kMaxSide || height > kMaxSide || smallest > 3 ||
      difference > 3 || sequence.number_bits > 16)
    return std::nullopt;
  const uint32_t block_bits = smallest + 3 + difference;
  const auto blocks = [&](uint32_t pixels) {
    return (pixels + (1U << block_bits) - 1) >> block_bits;
  };
  sequence.address_bits = index_bits(blocks(width) * blocks(height));
  const bool scaling = reader.flag();
  if (scaling && reader.flag()) skip_scaling_lists(reader);
  reader.skip(1);  // asymmetric partitions
  sequence.adaptive_offset = reader.flag();
  if (reader.flag()) {  // PCM
    reader.skip(8);
    skip_golombs(reader, 2);
    reader.skip(1);
  }
  const uint32_t sets = reader.golomb();
  if (sets > kMaxSets) return std::nullopt;
  for (uint32_t i = 0; i < sets; ++i) {
    auto set = read_set(reader, sequence.sets, /*in_slice=*/false);
    if (!set) return std::nullopt;
    sequence.sets.push_back(std::move(*set));
  }
  sequence.long_term = reader.flag();
  if (sequence.long_term) {
    sequence.long_term_count = reader.golomb();
    if (sequence.long_term_count > 32) return std::nullopt;
    reader.skip(static_cast<int>(sequence.long_term_count) * (sequence.number_bits + 1));
  }
  sequence.motion_prediction = reader.flag();
  if (reader.overrun()) return std::nullopt;
  return NumberedSequence{id, std::move(sequence)};
}

void skip_tiles(BitReader& reader) {
  const uint32_t columns = reader.golomb();
  const uint32_t rows = reader.golomb();
  const bool uniform = reader.flag();
  constexpr uint32_t kMaxTiles = 64;
  if (!uniform)
    skip_golombs(reader,
                 static_cast<int>(std::min(columns, kMaxTiles) + std::min(rows, kMaxTiles)));
  reader.skip(1);
}

struct NumberedPicture {
  uint32_t id = 0;
  PictureParameters picture;
};

std::optional<NumberedPicture> read_picture_parameters(BitReader& reader) {
  PictureParameters picture;
  const uint32_t id = reader.golomb();
  picture.sequence = reader.golomb();
  picture.dependent_slices = reader.flag();
  picture.output_flag = reader.flag();
  picture.extra_bits = static_cast<int>(reader.bits(3));
  reader.skip(2);  // sign hiding, cabac_init_present
  for (uint32_t& active : picture.active) active = reader.golomb() + 1;
  skip_golombs(reader, 1);  // quantiser
  reader.skip(2);           // constrained intra prediction, transform skip
  if (reader.flag()) skip_golombs(reader, 1);
  skip_golombs(reader, 2);  // chroma quantiser offsets
  reader.skip(4);           // their presence in slices, weighted prediction twice, bypass
  const bool tiles = reader.flag();
  reader.skip(1);  // entropy coding by rows
  if (tiles) skip_tiles(reader);
  reader.skip(1);  // loop filter across slices
  if (reader.flag()) {
    reader.skip(1);
    if (!reader.flag()) skip_golombs(reader, 2);
  }
  if (reader.flag()) skip_scaling_lists(reader);
  picture.lists_modified = reader.flag();
  const auto too_long = [](uint32_t active) { return active > kMaxReferences; };
  if (reader.overrun() || id >= 64 || picture.sequence >= 16 ||
      std::ranges::any_of(picture.active, too_long))
    return std::nullopt;
  return NumberedPicture{id, picture};
}

/// Adds the first `length` entries of a reference list to `deltas`: the used pictures of `near`,
/// then those of `far` (8.3.4).
void add_list(const std::vector<Reference>& near, const std::vector<Reference>& far,
              uint32_t length, std::vector<int32_t>& deltas) {
  for (const auto* half : {&near, &far}) {
    for (const Reference& reference : *half) {
      if (!reference.used) continue;
      if (length-- == 0) return;
      deltas.push_back(reference.delta);
    }
  }
}

/// Reads from slice_pic_order_cnt_lsb up to the lengths of the reference lists.
/// @return False in any doubt.
bool read_numbers(BitReader& reader, const SequenceParameters& sequence,
                  const PictureParameters& picture, uint32_t slice_type, PictureNumbers& numbers) {
  numbers.low = reader.bits(sequence.number_bits);
  std::optional<ReferenceSet> own;
  const ReferenceSet* set = nullptr;
  if (reader.flag()) {
    const size_t index = reader.bits(index_bits(static_cast<uint32_t>(sequence.sets.size())));
    if (index >= sequence.sets.size()) return false;
    set = &sequence.sets[index];
  } else {
    own = read_set(reader, sequence.sets, /*in_slice=*/true);
    if (!own) return false;
    set = &*own;
  }
  numbers.held = set->before;
  numbers.held.insert(numbers.held.end(), set->after.begin(), set->after.end());
  if (sequence.long_term) {
    const bool listed = sequence.long_term_count > 0 && reader.golomb() > 0;
    if (listed || reader.golomb() > 0) return false;
  }
  if (sequence.motion_prediction) reader.skip(1);
  if (sequence.adaptive_offset) reader.skip(sequence.grey ? 1 : 2);
  if (slice_type == kI) return true;
  std::array<uint32_t, 2> active = picture.active;
  if (reader.flag()) {
    active[0] = reader.golomb() + 1;
    if (slice_type == kB) active[1] = reader.golomb() + 1;
  }
  if (picture.lists_modified) active.fill(kMaxReferences);
  add_list(set->before, set->after, active[0], numbers.deltas);
  if (slice_type == kB) add_list(set->after, set->before, active[1], numbers.deltas);
  return !numbers.deltas.empty();
}

/// Returns the number with these lower bits that is nearest to the anchor's (8.3.1).
int32_t number_near(int32_t anchor, uint32_t low, int bits) {
  const int32_t span = 1 << bits;
  const int32_t anchor_low = anchor & (span - 1);
  const int32_t number = anchor - anchor_low + static_cast<int32_t>(low);
  const int32_t step = static_cast<int32_t>(low) - anchor_low;
  if (step <= -span / 2) return number + span;
  return step > span / 2 ? number - span : number;
}

}  // namespace

uint32_t nal_type(std::span<const std::byte> nal) { return byte_at(nal, 0) >> 1 & 63; }

uint32_t layer(std::span<const std::byte> nal) {
  return (byte_at(nal, 0) & 1) << 5 | byte_at(nal, 1) >> 3;
}

int temporal_id(std::span<const std::byte> nal) {
  return static_cast<int>(byte_at(nal, 1) & 7) - 1;
}

void Headers::store_parameter_set(std::span<const std::byte> nal) {
  if (nal.size() < 3) return;
  const uint32_t type = nal_type(nal);
  if (type != kSequenceParameters && type != kPictureParameters) return;
  const std::vector<std::byte> payload = unescape(nal.subspan(2), kMaxParameterSetBytes);
  BitReader reader(payload);
  if (type == kSequenceParameters) {
    auto found = read_sequence(reader);
    // Its id is unknown, so it may replace any of them.
    if (!found)
      sequences_.fill(std::nullopt);
    else
      sequences_[found->id] = std::move(found->sequence);
  } else {
    auto found = read_picture_parameters(reader);
    if (!found)
      pictures_.fill(std::nullopt);
    else
      pictures_[found->id] = found->picture;
  }
}

void Headers::store_configuration(std::span<const std::byte> record) {
  constexpr size_t kFixedPart = 23;
  if (record.size() < kFixedPart) return;
  size_t at = kFixedPart;
  const auto read_16 = [&]() -> size_t {
    if (at + 2 > record.size()) return 0;
    at += 2;
    return byte_at(record, at - 2) << 8 | byte_at(record, at - 1);
  };
  for (uint32_t arrays = byte_at(record, kFixedPart - 1); arrays > 0; --arrays) {
    ++at;  // the type, which each NAL unit repeats
    for (size_t units = read_16(); units > 0; --units) {
      const size_t length = read_16();
      if (at > record.size() || length > record.size() - at) return;
      store_parameter_set(record.subspan(at, length));
      at += length;
    }
  }
}

/// Reads a slice header up to the lengths of the reference lists. @return False in any doubt.
bool Headers::read_slice(std::span<const std::byte> nal, bool first_of_picture,
                         const SequenceParameters*& sequence, PictureNumbers& numbers) const {
  const std::vector<std::byte> payload = unescape(nal.subspan(2), kMaxSliceHeaderBytes);
  BitReader reader(payload);
  const uint32_t type = nal_type(nal);
  if (reader.flag() != first_of_picture) return false;
  if (is_random_access(type)) reader.skip(1);
  const uint32_t id = reader.golomb();
  if (id >= pictures_.size() || !pictures_[id]) return false;
  const PictureParameters& picture = *pictures_[id];
  if (!sequences_[picture.sequence]) return false;
  sequence = &*sequences_[picture.sequence];
  if (!first_of_picture) {
    const bool continues = picture.dependent_slices && reader.flag();
    if (continues) return true;
    reader.skip(sequence->address_bits);
  }
  reader.skip(picture.extra_bits);
  const uint32_t slice_type = reader.golomb();
  if (slice_type > kI) return false;
  const bool hidden = picture.output_flag && !reader.flag();
  if (hidden) return false;
  if (sequence->separate_planes) reader.skip(2);
  if (is_idr(type)) return slice_type == kI;
  return read_numbers(reader, *sequence, picture, slice_type, numbers) && !reader.overrun();
}

std::optional<Prediction> Headers::read_picture(
    std::span<const std::span<const std::byte>> slices) {
  const std::optional<int32_t> anchor = std::exchange(anchor_, std::nullopt);
  auto held = std::exchange(held_, std::nullopt);
  const uint32_t type = nal_type(slices[0]);
  const bool random_access = is_random_access(type);
  if (is_broken_link(type)) return std::nullopt;
  if (!random_access && !anchor) return std::nullopt;
  const SequenceParameters* sequence = nullptr;
  PictureNumbers numbers;
  for (const auto& slice : slices) {
    if (nal_type(slice) != type) return std::nullopt;
    if (!read_slice(slice, &slice == &slices.front(), sequence, numbers)) return std::nullopt;
  }
  Prediction prediction;
  if (!is_idr(type))
    prediction.number = number_near(anchor.value_or(0), numbers.low, sequence->number_bits);
  constexpr int32_t kMaxNumber = 1 << 30;
  if (std::abs(prediction.number) > kMaxNumber) return std::nullopt;
  std::ranges::sort(numbers.deltas);
  const auto repeated = std::ranges::unique(numbers.deltas);
  numbers.deltas.erase(repeated.begin(), repeated.end());
  if (numbers.deltas.size() > prediction.from.size()) return std::nullopt;
  if (random_access && !numbers.deltas.empty()) return std::nullopt;
  for (const int32_t delta : numbers.deltas)
    prediction.from[prediction.from_count++] = prediction.number + delta;
  const bool leading = type >= 6 && type <= 9;  // RADL, RASL
  prediction.anchors = temporal_id(slices[0]) == 0 && !leading && !is_sub_layer_non_reference(type);
  prediction.reach = 1 << (sequence->number_bits - 1);
  anchor_ = prediction.anchors ? prediction.number : anchor;
  prediction.misses_source = hold(type, prediction.number, numbers.held, std::move(held));
  return prediction;
}

/// Keeps account of the pictures that a decoder holds after this one.
/// @param references  The picture's reference picture set.
/// @param held        Numbers of the pictures held before it; empty when unknown.
/// @return Whether a picture that this one may refer to is not held.
bool Headers::hold(uint32_t type, int32_t number, const std::vector<Reference>& references,
                   std::optional<std::vector<int32_t>> held) {
  if (is_idr(type) || (!held && is_random_access(type))) {
    held_ = {number};
    held_since_seek_ = true;
    return false;
  }
  if (!held) return false;
  if (is_random_access(type)) held_since_seek_ = false;
  const bool unchecked = held_since_seek_ && is_skipped_leading(type);
  bool misses = false;
  held_.emplace();
  for (const Reference& reference : references) {
    const int32_t source = number + reference.delta;
    if (std::ranges::find(*held, source) != held->end())
      held_->push_back(source);
    else
      misses = misses || (reference.used && !unchecked);
  }
  held_->push_back(number);
  return misses;
}

}  // namespace lido::media::hevc
