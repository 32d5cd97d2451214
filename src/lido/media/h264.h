// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace lido::media::h264 {

/// The fields of a sequence parameter set that slice headers depend on.
struct SequenceParameters {
  uint32_t chroma = 1;           ///< chroma_format_idc.
  bool separate_planes = false;  ///< separate_colour_plane_flag.
  int number_bits = 0;           ///< Bits of frame_num.
  uint32_t order_type = 0;       ///< pic_order_cnt_type.
  int order_bits = 0;            ///< Bits of pic_order_cnt_lsb.
  bool order_is_fixed = false;   ///< delta_pic_order_always_zero_flag.
  bool allows_gaps = false;      ///< gaps_in_frame_num_value_allowed_flag.
  bool frames_only = true;       ///< frame_mbs_only_flag.
};

/// The fields of a picture parameter set that slice headers depend on.
struct PictureParameters {
  uint32_t sequence = 0;             ///< Id of the sequence parameter set.
  bool bottom_order = false;         ///< bottom_field_pic_order_in_frame_present_flag.
  std::array<uint32_t, 2> active{};  ///< Default lengths of the two reference lists.
  bool weighted = false;             ///< weighted_pred_flag.
  uint32_t weighted_b = 0;           ///< weighted_bipred_idc.
  bool redundant = false;            ///< redundant_pic_cnt_present_flag.
};

/// Counts the reference pictures of a stream by frame_num, and so finds lost ones.
///
/// In any doubt (slice groups, a parameter set that cannot be read, a stream that allows gaps)
/// nothing counts as lost. Any bytes are safe. Not thread-safe.
///
/// Source: ITU-T H.264 (08/2021), 7.3.2, 7.3.3, 7.4.3.
class FrameCounter {
 public:
  /// Stores a sequence or picture parameter set. Ignores other NAL units.
  void store_parameter_set(std::span<const std::byte> nal);
  /// Stores the parameter sets of a decoder configuration record (avcC; ISO/IEC 14496-15,
  /// 5.3.3.1).
  void store_configuration(std::span<const std::byte> record);

  /// Counts one picture; call in decoding order.
  /// @param slice  NAL unit of the picture's first slice (type 1, 2 or 5).
  /// @return Whether reference pictures are missing before this one.
  bool misses_pictures(std::span<const std::byte> slice);
  /// Starts counting anew with the next picture, as after a seek.
  void forget() { last_.reset(); }

 private:
  std::array<std::optional<SequenceParameters>, 32> sequences_;
  std::array<std::optional<PictureParameters>, 256> pictures_;
  std::optional<uint32_t> last_;  ///< frame_num of the last reference picture.
};

}  // namespace lido::media::h264
