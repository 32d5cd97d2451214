// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "lido/base/result.h"
#include "lido/media/decode_plan.h"
#include "lido/media/frame.h"

namespace lido::media {

// Sampling only while something moves (--fps auto). Time is divided at fixed multiples of sampling
// times, so that the frames skipped do not depend on where reading started:
//
//   segment    kSegmentSamples. Reading may start at each: its first kLingerSamples are always
//              sampled, and no motion before it counts.
//   interval   From one group of pictures (GOP) with a multiple of kIntervalSamples in it to the
//              next such GOP. Decoded in full, or skipped except its first frame.
//   batch      kBatchSamples of a decoded interval: sampled in full, or dropped.

inline constexpr int64_t kSegmentSamples = 2048;
inline constexpr int64_t kIntervalSamples = 32;
inline constexpr int64_t kBatchSamples = 8;
/// Sampling continues for at least this many sampling times after the last motion.
inline constexpr int64_t kLingerSamples = 32;

/// Mean brightness of each cell of a frame.
struct CellMeans {
  int columns = 0;
  int rows = 0;
  std::vector<float> means;  ///< 0 to 255, row by row.
};

/// Computes the mean brightness of cells of 16x16 stored pixels; of 8x8 in frames less than 1280
/// wide. Columns and rows that do not fill a cell are left out. Pure.
CellMeans cell_means(const Frame& frame);

/// Returns whether adjacent cells changed by more than noise does. A change of all cells alike (a
/// cloud) does not count. True for frames of different sizes. Pure.
bool cells_differ(const CellMeans& a, const CellMeans& b);

/// Motion vector of one block.
struct BlockVector {
  int x = 0;     ///< Block's position, pixels.
  int y = 0;     ///< Block's position, pixels.
  float dx = 0;  ///< To the block in the reference picture, pixels.
  float dy = 0;  ///< To the block in the reference picture, pixels.
};

/// Detects motion in the codec's motion vectors.
///
/// Encoders also code noise as motion, in changing directions. An object keeps its direction from
/// frame to frame, so vectors are averaged over time. Not thread-safe.
class BlockMotionDetector {
 public:
  /// Adds the vectors of the next frame.
  /// @param width,height  Frame size, pixels.
  /// @return Whether adjacent blocks move alike.
  bool push(int width, int height, std::span<const BlockVector> vectors);
  /// Forgets all frames.
  void reset();

 private:
  struct Mean {
    float dx = 0;
    float dy = 0;
  };
  int columns_ = 0;
  int rows_ = 0;
  std::vector<Mean> means_;  ///< Running mean of each cell of 16x16 pixels.
  std::vector<Mean> newest_;
};

/// Kind and size of a packet.
struct PacketSize {
  static constexpr int kKey = -1;  ///< Kind of a key frame.
  int gop = 0;                     ///< Number of the group of pictures.
  int64_t gop_ticks = 0;           ///< Ticks since the first frame of the group.
  int kind = 0;                    ///< Only packets of one kind are compared.
  int64_t bytes = 0;
};

/// Returns whether packet sizes suggest motion, or prove nothing (as at a constant bit rate).
///
/// False when there is little data between key frames, and sizes neither rise within a group of
/// pictures nor differ between groups. (Sizes fall within a group: its first frames correct the
/// errors of the key frame.) Pure.
///
/// @param half_second_ticks  Half a second, in ticks.
bool sizes_suggest_motion(std::span<const PacketSize> packets, int64_t half_second_ticks);

/// Sampling times that were skipped because nothing moved: first_k <= k < end_k.
struct SkippedRange {
  int64_t first_k = 0;
  int64_t end_k = 0;
  bool decoded = false;  ///< Judged by decoded frames and motion vectors, not only by packet sizes.
  bool operator==(const SkippedRange&) const = default;
};

/// Passes frames on while something moves; holds the frames of a batch until something moves. Not
/// thread-safe.
class ActivityGate {
 public:
  /// @param linger  Sampling times passed on after the last motion; at least kLingerSamples.
  explicit ActivityGate(int64_t linger) : linger_(std::max(linger, kLingerSamples)) {}

  /// Returns whether sampling time k is passed on, whatever it shows.
  bool is_open(int64_t k) const {
    return k < std::max(open_until_, k / kSegmentSamples * kSegmentSamples + linger_);
  }

  /// Adds the next frame: passes it on, or holds it.
  /// @param moved   Something moved since the previous frame.
  /// @param always  The frame is passed on anyway.
  /// @param emit    Called for each frame passed on: Result<void> emit(times, after_cut, frame).
  /// @return The first error of `emit`.
  template <typename Emit>
  Result<void> push(const SampleRange& times, bool after_cut, bool moved, bool always,
                    const Frame& frame, Emit emit) {
    const int64_t segment = (times.end - 1) / kSegmentSamples * kSegmentSamples;
    if (segment > times.first) {
      LIDO_TRY(push({times.first, segment}, after_cut, moved, always, frame, emit));
      return push({segment, times.end}, false, moved, false, frame, emit);
    }
    const bool same_batch =
        !held_.empty() && held_.back().times.first / kBatchSamples == times.first / kBatchSamples;
    if (!same_batch || always) drop();
    held_.push_back({times, after_cut, frame});
    if (!moved && !always && !is_open(times.first)) return {};
    if (moved) open_until_ = std::max(open_until_, times.first + linger_);
    while (!held_.empty()) {
      const Held next = std::move(held_.front());
      held_.pop_front();
      const bool cut = next.after_cut || cut_;
      cut_ = false;
      LIDO_TRY(emit(next.times, cut, next.frame));
    }
    return {};
  }

  /// Records sampling times that were skipped without decoding. Drops held frames.
  void skip(int64_t first_k, int64_t end_k);
  /// Drops held frames, and records their sampling times as skipped.
  void drop();
  /// Returns the sampling times skipped so far, ascending.
  const std::vector<SkippedRange>& skipped() const { return skipped_; }

 private:
  struct Held {
    SampleRange times;
    bool after_cut;
    Frame frame;
  };
  void record(const SkippedRange& range);

  int64_t linger_;
  int64_t open_until_ = 0;
  bool cut_ = false;  ///< A frame after a cut was dropped.
  std::deque<Held> held_;
  std::vector<SkippedRange> skipped_;
};

}  // namespace lido::media
