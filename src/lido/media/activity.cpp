// SPDX-License-Identifier: Apache-2.0
#include "lido/media/activity.h"

#include <cmath>
#include <map>
#include <numeric>

namespace lido::media {
namespace {

template <typename Sample>
void sum_rows(const Frame& frame, int cell, CellMeans& cells) {
  const int width = cells.columns * cell;
  const auto area = static_cast<float>(cell * cell << (frame.bit_depth - 8));
  std::vector<uint32_t> columns(static_cast<size_t>(width));
  for (int row = 0; row < cells.rows; ++row) {
    std::ranges::fill(columns, 0);
    for (int y = row * cell; y < (row + 1) * cell; ++y) {
      const auto* line =
          reinterpret_cast<const Sample*>(frame.planes[0].data + y * frame.planes[0].stride);
      for (int x = 0; x < width; ++x) columns[static_cast<size_t>(x)] += line[x];
    }
    for (int column = 0; column < cells.columns; ++column) {
      const auto begin = columns.begin() + ptrdiff_t{column} * cell;
      cells.means[static_cast<size_t>(row * cells.columns + column)] =
          static_cast<float>(std::accumulate(begin, begin + cell, 0U)) / area;
    }
  }
}

float median(std::vector<float> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

CellMeans cell_means(const Frame& frame) {
  const int cell = frame.width >= 1280 ? 16 : 8;
  CellMeans cells{frame.width / cell, frame.height / cell, {}};
  cells.means.resize(static_cast<size_t>(cells.columns * cells.rows));
  if (frame.bit_depth > 8)
    sum_rows<uint16_t>(frame, cell, cells);
  else
    sum_rows<uint8_t>(frame, cell, cells);
  return cells;
}

bool differ(const CellMeans& a, const CellMeans& b) {
  constexpr float kLeast = 3;    // levels: two cells side by side changed by this
  constexpr float kNoise = 4.5;  // and by as many standard deviations of all changes
  constexpr float kAlone = 3;    // or one cell by so many times as much
  if (a.columns != b.columns || a.rows != b.rows || a.means.empty()) return true;
  std::vector<float> change(a.means.size());
  for (size_t i = 0; i < change.size(); ++i) change[i] = b.means[i] - a.means[i];
  const float everywhere = median(change);
  for (float& one : change) one = std::abs(one - everywhere);
  if (std::ranges::max(change) <= kLeast) return false;
  const float sigma = median(change) / 0.6745F;
  const float least = std::max(kLeast, kNoise * sigma);
  const auto columns = static_cast<size_t>(a.columns);
  for (size_t i = 0; i < change.size(); ++i) {
    if (change[i] <= least) continue;
    const bool right = (i + 1) % columns != 0 && change[i + 1] > least;
    const bool below = i + columns < change.size() && change[i + columns] > least;
    if (right || below || change[i] > kAlone * least) return true;
  }
  return false;
}

bool MovingBlocks::see(int width, int height, std::span<const BlockVector> vectors) {
  constexpr int kCell = 16;
  constexpr float kShare = 0.2F;  // of the newest picture
  constexpr float kMost = 2;      // pixels: one picture alone does not make a mean of kLeast
  constexpr float kLeast = 0.9F;  // pixels a picture
  constexpr float kAlike = 0.5F;  // pixels a picture
  const int columns = (width + kCell - 1) / kCell;
  const int rows = (height + kCell - 1) / kCell;
  if (columns != columns_ || rows != rows_) reset();
  columns_ = columns;
  rows_ = rows;
  // A border of cells that never move.
  const auto at = [&](int column, int row) {
    return static_cast<size_t>((row + 1) * (columns + 2) + column + 1);
  };
  means_.resize(static_cast<size_t>((columns + 2) * (rows + 2)));
  newest_.assign(means_.size(), {});
  for (const BlockVector& vector : vectors) {
    const bool inside = vector.x >= 0 && vector.y >= 0 && vector.x < width && vector.y < height;
    if (!inside) continue;
    const float length = std::hypot(vector.dx, vector.dy);
    const float scale = length > kMost ? kMost / length : 1;
    newest_[at(vector.x / kCell, vector.y / kCell)] = {vector.dx * scale, vector.dy * scale};
  }
  for (size_t i = 0; i < means_.size(); ++i) {
    means_[i].dx += kShare * (newest_[i].dx - means_[i].dx);
    means_[i].dy += kShare * (newest_[i].dy - means_[i].dy);
  }
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const Mean& mean = means_[at(column, row)];
      if (std::hypot(mean.dx, mean.dy) < kLeast) continue;
      int alike = 0;
      for (int r = row - 1; r <= row + 1; ++r) {
        for (int c = column - 1; c <= column + 1; ++c) {
          const Mean& other = means_[at(c, r)];
          alike += std::hypot(other.dx - mean.dx, other.dy - mean.dy) <= kAlike ? 1 : 0;
        }
      }
      if (alike >= 3) return true;  // itself and two neighbours
    }
  }
  return false;
}

void MovingBlocks::reset() {
  means_.clear();
  columns_ = rows_ = 0;
}

bool sizes_tell_of_movement(std::span<const PacketSize> packets, int64_t half_second) {
  constexpr double kRatio = 1.3;
  constexpr double kBytes = 64;     // an empty picture's size has no meaning below this
  constexpr double kOfKey = 0.125;  // at a constant bit rate noise fills what movement leaves
  struct Sum {
    double bytes = 0, count = 0;
    double mean() const { return bytes / count; }
    void add(const PacketSize& packet) { bytes += static_cast<double>(packet.bytes), ++count; }
  };
  Sum keys, between;
  std::map<int, std::map<int, std::map<int64_t, Sum>>> kinds;  // kind, group, half second
  for (const PacketSize& packet : packets) {
    (packet.kind == PacketSize::kKey ? keys : between).add(packet);
    kinds[packet.kind][packet.group][packet.since / std::max<int64_t>(1, half_second)].add(packet);
  }
  if (between.count > 0 && keys.count > 0 && between.mean() > kOfKey * keys.mean() + kBytes)
    return true;
  for (const auto& [kind, groups] : kinds) {
    double fullest = 0;
    for (const auto& [group, times] : groups) {
      for (const auto& [time, sum] : times) fullest = std::max(fullest, sum.count);
    }
    std::map<int64_t, double> least_at;
    for (const auto& [group, times] : groups) {
      for (const auto& [time, sum] : times) {
        if (2 * sum.count < fullest) continue;
        const auto [at, first] = least_at.emplace(time, sum.mean());
        at->second = std::min(at->second, sum.mean());
      }
    }
    for (const auto& [group, times] : groups) {
      double least = INFINITY;
      for (const auto& [time, sum] : times) {
        if (2 * sum.count < fullest) continue;
        least = std::min({least, sum.mean(), least_at.at(time)});
        if (sum.mean() > kRatio * least + kBytes) return true;
      }
    }
  }
  return false;
}

void ActivityGate::note(const SkippedRange& range) {
  if (range.first_k >= range.end_k) return;
  const bool goes_on = !skipped_.empty() && skipped_.back().end_k == range.first_k &&
                       skipped_.back().decoded == range.decoded;
  if (goes_on)
    skipped_.back().end_k = range.end_k;
  else
    skipped_.push_back(range);
}

void ActivityGate::skip(int64_t first_k, int64_t end_k) {
  drop();
  note({first_k, end_k, false});
}

void ActivityGate::drop() {
  for (const Held& one : held_) {
    cut_ = cut_ || one.after_cut;
    note({one.times.first, one.times.end, true});
  }
  held_.clear();
}

}  // namespace lido::media
