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

// Sampling where something moves. Time is divided at fixed sampling times, so that what is passed
// over does not depend on where reading began:
//
//   chapter   kChapter times. Whoever reads a clip may begin at one: its first kLinger times are
//             sampled whatever they show.
//   stretch   from one group of pictures that holds a multiple of kStretch to the next: decoded
//             whole, or passed over but for its first picture.
//   piece     kPiece times of a stretch that is decoded: sampled whole, or dropped.

inline constexpr int64_t kChapter = 2048;
inline constexpr int64_t kStretch = 32;
inline constexpr int64_t kPiece = 8;
/// Sampling goes on for this long after the last movement.
inline constexpr int64_t kLinger = 32;

/// Mean brightness of the cells of a picture.
struct CellMeans {
  int columns = 0;
  int rows = 0;
  std::vector<float> means;  ///< 0 to 255, row by row.
};

/// Cells of 16x16 pixels as stored; of 8x8 in pictures less than 1280 wide.
CellMeans cell_means(const Frame& frame);

/// Whether cells side by side have changed by more than noise does; what changed everywhere alike,
/// as under a cloud, does not count.
bool differ(const CellMeans& a, const CellMeans& b);

/// What the codec moved to draw the block at x, y: pixels from the picture it refers to.
struct BlockVector {
  int x = 0;
  int y = 0;
  float dx = 0;
  float dy = 0;
};

/// Tells movement by the codec's motion vectors. Encoders follow noise as well, this way and that;
/// what moves keeps its direction from picture to picture.
class MovingBlocks {
 public:
  /// Takes the next picture. @return Whether neighbouring blocks move alike.
  bool see(int width, int height, std::span<const BlockVector> vectors);
  void reset();

 private:
  struct Mean {
    float dx = 0;
    float dy = 0;
  };
  int columns_ = 0;
  int rows_ = 0;
  std::vector<Mean> means_;  ///< Of the latest pictures, a cell of 16x16 each.
  std::vector<Mean> newest_;
};

/// A packet's kind and size.
struct PacketSize {
  static constexpr int kKey = -1;
  int group = 0;      ///< Of pictures, counted.
  int64_t since = 0;  ///< Ticks after the group's first picture.
  int kind = 0;       ///< Only packets of one kind are compared.
  int64_t bytes = 0;
};

/// Whether packets' sizes tell that something came or went, or tell nothing, as at a constant bit
/// rate. False: between key pictures there is little; and sizes neither rise within a group of
/// pictures nor differ from group to group. (They fall within a group: its first pictures mend what
/// the key picture left out.)
/// @param half_second  In ticks.
bool sizes_tell_of_movement(std::span<const PacketSize> packets, int64_t half_second);

/// Sampling times at which nobody looked, because nothing moved.
struct SkippedRange {
  int64_t first_k = 0;
  int64_t end_k = 0;
  bool decoded = false;  ///< Motion vectors and pictures were looked at; else sizes of packets.
  bool operator==(const SkippedRange&) const = default;
};

/// Passes pictures on where something moves. Pictures of a piece wait until something does. Pure.
class ActivityGate {
 public:
  /// @param linger  Sampling times passed on after the last movement.
  explicit ActivityGate(int64_t linger) : linger_(std::max(linger, kLinger)) {}

  /// Whether sampling time k is passed on whatever it shows.
  bool awake(int64_t k) const {
    return k < std::max(awake_until_, k / kChapter * kChapter + linger_);
  }

  /// Takes a picture. @param moved  Something moved since the last picture.
  /// @param always  Pass it on anyway.
  /// @param emit    Called for each picture passed on: emit(times, after_cut, frame).
  template <typename Emit>
  Result<void> push(const SampleRange& times, bool after_cut, bool moved, bool always,
                    const Frame& frame, Emit emit) {
    const int64_t chapter = (times.end - 1) / kChapter * kChapter;
    if (chapter > times.first) {
      LIDO_TRY(push({times.first, chapter}, after_cut, moved, always, frame, emit));
      return push({chapter, times.end}, false, moved, false, frame, emit);
    }
    const bool same_piece =
        !held_.empty() && held_.back().times.first / kPiece == times.first / kPiece;
    if (!(same_piece && !always)) drop();
    if (!moved && !always && !awake(times.first)) {
      held_.push_back({times, after_cut, frame});
      return {};
    }
    if (moved) awake_until_ = std::max(awake_until_, times.first + linger_);
    held_.push_back({times, after_cut, frame});
    while (!held_.empty()) {
      const Held one = std::move(held_.front());
      held_.pop_front();
      const bool cut = one.after_cut || cut_;
      cut_ = false;
      LIDO_TRY(emit(one.times, cut, one.frame));
    }
    return {};
  }

  /// Notes times that were passed over without decoding.
  void skip(int64_t first_k, int64_t end_k);
  /// Gives up what waits.
  void drop();
  const std::vector<SkippedRange>& skipped() const { return skipped_; }

 private:
  struct Held {
    SampleRange times;
    bool after_cut;
    Frame frame;
  };
  void note(const SkippedRange& range);

  int64_t linger_;
  int64_t awake_until_ = 0;
  bool cut_ = false;  ///< The clip is cut within what was dropped.
  std::deque<Held> held_;
  std::vector<SkippedRange> skipped_;
};

}  // namespace lido::media
