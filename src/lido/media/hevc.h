// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lido::media {

/// The pictures that one picture is predicted from, by their numbers (HEVC: picture order counts).
struct Prediction {
  /// This picture's number; unique from one random access point to the next.
  int32_t number = 0;
  std::array<int32_t, 16> from{};
  size_t from_count = 0;
  /// The decoder derives later numbers from this one, until the next picture with `anchors`.
  bool anchors = false;
  /// A number that differs by `reach` or more from that of the last anchor is decoded wrongly.
  int32_t reach = 0;
  /// A picture that this one may refer to is not in the stream.
  bool misses_source = false;

  /// Returns the numbers in `from`; empty for an intra picture.
  std::span<const int32_t> sources() const { return std::span(from).first(from_count); }
};

namespace hevc {

// Fields of a NAL unit's header, which has two bytes.
uint32_t nal_type(std::span<const std::byte> nal);
uint32_t layer(std::span<const std::byte> nal);
int temporal_id(std::span<const std::byte> nal);
/// Returns whether a NAL unit type is that of a random access point (IRAP).
inline bool is_random_access(uint32_t type) { return type >= 16 && type <= 23; }
/// Returns whether a NAL unit type is RASL: a leading picture that may refer to pictures before the
/// random access point.
inline bool is_skipped_leading(uint32_t type) { return type == 8 || type == 9; }
/// Returns whether no picture of the same temporal layer refers to a NAL unit of this type.
inline bool is_sub_layer_non_reference(uint32_t type) { return type < 16 && type % 2 == 0; }

/// A picture that the decoder keeps for reference.
struct Reference {
  int32_t delta = 0;  ///< Its number, minus that of the current picture.
  bool used = false;  ///< The current picture may refer to it.
};

/// A short-term reference picture set; the nearest pictures first.
struct ReferenceSet {
  std::vector<Reference> before;
  std::vector<Reference> after;
};

/// The fields of a sequence parameter set that slice headers depend on.
struct SequenceParameters {
  int number_bits = 0;             ///< Bits of slice_pic_order_cnt_lsb.
  int address_bits = 0;            ///< Bits of slice_segment_address.
  bool separate_planes = false;    ///< separate_colour_plane_flag.
  bool grey = false;               ///< ChromaArrayType is 0.
  bool adaptive_offset = false;    ///< sample_adaptive_offset_enabled_flag.
  bool motion_prediction = false;  ///< sps_temporal_mvp_enabled_flag.
  bool long_term = false;          ///< long_term_ref_pics_present_flag.
  uint32_t long_term_count = 0;    ///< num_long_term_ref_pics_sps.
  std::vector<ReferenceSet> sets;
};

/// The fields of a picture parameter set that slice headers depend on.
struct PictureParameters {
  uint32_t sequence = 0;             ///< Id of the sequence parameter set.
  bool dependent_slices = false;     ///< dependent_slice_segments_enabled_flag.
  bool output_flag = false;          ///< output_flag_present_flag.
  int extra_bits = 0;                ///< num_extra_slice_header_bits.
  std::array<uint32_t, 2> active{};  ///< Default lengths of the two reference lists.
  bool lists_modified = false;       ///< lists_modification_present_flag.
};

/// Picture numbers in the slice headers of one picture.
struct PictureNumbers {
  uint32_t low = 0;             ///< The lower bits of the picture's own number.
  std::vector<int32_t> deltas;  ///< Numbers of its sources, minus its own.
  /// Pictures that the decoder must hold, for this or later ones; numbers minus its own.
  std::vector<Reference> held;
};

/// Reads a stream's headers to find the pictures that each picture is predicted from.
///
/// Encoders mark and keep more pictures as references than later pictures use. In any doubt
/// (long-term references, screen content, a parameter set that cannot be read) there is no answer
/// rather than a wrong one. The reference picture sets also show lost pictures. Any bytes are safe.
/// Not thread-safe.
///
/// Source: ITU-T H.265 (08/2021), 7.3.2, 7.3.6, 7.3.7, 8.3.1, 8.3.2, 8.3.4.
class Headers {
 public:
  /// Stores a sequence or picture parameter set. Ignores other NAL units.
  void store_parameter_set(std::span<const std::byte> nal);
  /// Stores the parameter sets of a decoder configuration record (hvcC; ISO/IEC 14496-15,
  /// 8.3.3.1).
  void store_configuration(std::span<const std::byte> record);

  /// Reads one picture; call in decoding order.
  /// @param slices  NAL units of the picture's slices, N >= 1, of 3 bytes or more each.
  /// @return Empty in any doubt.
  std::optional<Prediction> read_picture(std::span<const std::span<const std::byte>> slices);
  /// No picture is known to be held any more, as after a seek.
  void forget_pictures() { held_.reset(); }

 private:
  bool hold(uint32_t type, int32_t number, const std::vector<Reference>& references,
            std::optional<std::vector<int32_t>> held);
  bool read_slice(std::span<const std::byte> nal, bool first_of_picture,
                  const SequenceParameters*& sequence, PictureNumbers& numbers) const;

  std::array<std::optional<SequenceParameters>, 16> sequences_;
  std::array<std::optional<PictureParameters>, 64> pictures_;
  std::optional<int32_t> anchor_;  ///< Number of the last picture with `anchors`.
  /// Numbers of the pictures that a decoder holds; empty when unknown.
  std::optional<std::vector<int32_t>> held_;
  bool held_since_seek_ = false;  ///< Leading pictures may refer to pictures that were not read.
};

}  // namespace hevc
}  // namespace lido::media
