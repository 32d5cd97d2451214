// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lido::media {

/// Which pictures one picture is predicted from, by their numbers (HEVC: picture order counts).
struct Prediction {
  int32_t number = 0;  ///< Of this picture; unique from one random access point to the next.
  std::array<int32_t, 16> from{};
  size_t from_count = 0;
  /// The decoder counts on from the last picture that `anchors`: one that is `reach` or more away
  /// would be taken for another.
  bool anchors = false;
  int32_t reach = 0;

  std::span<const int32_t> sources() const { return std::span(from).first(from_count); }
};

namespace hevc {

uint32_t nal_type(std::span<const std::byte> nal);
uint32_t layer(std::span<const std::byte> nal);
int temporal_id(std::span<const std::byte> nal);
inline bool is_random_access(uint32_t type) { return type >= 16 && type <= 23; }
/// A leading picture that may refer to pictures before the random access point (RASL).
inline bool is_skipped_leading(uint32_t type) { return type == 8 || type == 9; }
/// No picture of the same temporal layer refers to it.
inline bool is_sub_layer_non_reference(uint32_t type) { return type < 16 && type % 2 == 0; }

/// A picture that is kept for reference: how far from the current one, and whether the current one
/// may refer to it.
struct Reference {
  int32_t delta = 0;
  bool used = false;
};

/// A short-term reference picture set; the nearest first.
struct ReferenceSet {
  std::vector<Reference> before;
  std::vector<Reference> after;
};

/// What slice headers need of a sequence parameter set.
struct Sequence {
  int number_bits = 0;   ///< Of slice_pic_order_cnt_lsb.
  int address_bits = 0;  ///< Of slice_segment_address.
  bool separate_planes = false;
  bool grey = false;  ///< ChromaArrayType is 0.
  bool adaptive_offset = false;
  bool motion_prediction = false;
  bool long_term = false;
  uint32_t long_term_count = 0;
  std::vector<ReferenceSet> sets;
};

/// What slice headers need of a picture parameter set.
struct Picture {
  uint32_t sequence = 0;
  bool dependent_slices = false;
  bool output_flag = false;
  int extra_bits = 0;
  std::array<uint32_t, 2> active{};  ///< Default lengths of the two reference lists.
  bool lists_modified = false;
};

/// What the slice headers of one picture say of numbers.
struct PictureNumbers {
  uint32_t low = 0;             ///< The lower bits of its own.
  std::vector<int32_t> deltas;  ///< To those of the pictures it is predicted from.
};

/// Follows the headers of a stream to tell which pictures each is truly predicted from.
///
/// Encoders mark pictures as references, and keep them, that no later picture's lists reach. Every
/// doubt (long-term references, screen content, a parameter set that cannot be read) gives no
/// answer rather than a wrong one. Any bytes are safe. Not thread-safe.
///
/// Source: ITU-T H.265 (08/2021), 7.3.2, 7.3.6, 7.3.7, 8.3.1, 8.3.2, 8.3.4.
class Headers {
 public:
  /// Keeps a sequence or picture parameter set; other NAL units are passed over.
  void keep_parameter_set(std::span<const std::byte> nal);
  /// Keeps those of a decoder configuration record (hvcC; ISO/IEC 14496-15, 8.3.3.1).
  void keep_configuration(std::span<const std::byte> record);

  /// @param slices  NAL units of one picture's slices, N >= 1; pictures in decoding order.
  std::optional<Prediction> read_picture(std::span<const std::span<const std::byte>> slices);

 private:
  bool read_slice(std::span<const std::byte> nal, bool first_of_picture, const Sequence*& sequence,
                  PictureNumbers& numbers) const;

  std::array<std::optional<Sequence>, 16> sequences_;
  std::array<std::optional<Picture>, 64> pictures_;
  std::optional<int32_t> anchor_;  ///< Number of the last picture that anchors.
};

}  // namespace hevc
}  // namespace lido::media
