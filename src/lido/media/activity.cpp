// SPDX-License-Identifier: Apache-2.0
#include "lido/media/activity.h"

#include <cmath>
#include <map>
#include <numeric>

#include "lido/base/median.h"

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
      cells.means[static_cast<size_t>(row) * static_cast<size_t>(cells.columns) +
                  static_cast<size_t>(column)] =
          static_cast<float>(std::accumulate(begin, begin + cell, 0U)) / area;
    }
  }
}

}  // namespace

CellMeans cell_means(const Frame& frame) {
  const int cell = frame.width >= 1280 ? 16 : 8;
  CellMeans cells{frame.width / cell, frame.height / cell, {}};
  cells.means.resize(static_cast<size_t>(cells.columns) * static_cast<size_t>(cells.rows));
  if (frame.bit_depth > 8)
    sum_rows<uint16_t>(frame, cell, cells);
  else
    sum_rows<uint8_t>(frame, cell, cells);
  return cells;
}

bool cells_differ(const CellMeans& a, const CellMeans& b) {
  // Two adjacent cells count when both change by kMinLevels and by kMinSigmas standard deviations
  // of all changes; a single cell when it changes by kLoneFactor times as much.
  constexpr float kMinLevels = 3;
  constexpr float kMinSigmas = 4.5;
  constexpr float kLoneFactor = 3;
  if (a.columns != b.columns || a.rows != b.rows || a.means.empty()) return true;
  std::vector<float> change(a.means.size());
  for (size_t i = 0; i < change.size(); ++i) change[i] = b.means[i] - a.means[i];
  const float everywhere = median(change);
  for (float& cell : change) cell = std::abs(cell - everywhere);
  if (std::ranges::max(change) <= kMinLevels) return false;
  const float sigma = median(change) / 0.6745F;  // standard deviation of a normal distribution
  const float min_change = std::max(kMinLevels, kMinSigmas * sigma);
  const auto columns = static_cast<size_t>(a.columns);
  for (size_t i = 0; i < change.size(); ++i) {
    if (change[i] <= min_change) continue;
    const bool right = (i + 1) % columns != 0 && change[i + 1] > min_change;
    const bool below = i + columns < change.size() && change[i + columns] > min_change;
    if (right || below || change[i] > kLoneFactor * min_change) return true;
  }
  return false;
}

bool BlockMotionDetector::push(int width, int height, std::span<const BlockVector> vectors) {
  constexpr int kCell = 16;
  constexpr float kNewestShare = 0.2F;    // weight of the newest frame in the mean
  constexpr float kMaxLength = 2;         // pixels: a single frame cannot lift a mean to kMinMean
  constexpr float kMinMean = 0.9F;        // pixels per frame
  constexpr float kMaxDifference = 0.5F;  // pixels per frame, between neighbours that move alike
  constexpr int kMinAlike = 3;            // the cell itself and two neighbours
  const int columns = (width + kCell - 1) / kCell;
  const int rows = (height + kCell - 1) / kCell;
  if (columns != columns_ || rows != rows_) reset();
  columns_ = columns;
  rows_ = rows;
  // The grid has a border of cells that never move.
  const auto at = [&](int column, int row) {
    return static_cast<size_t>(row + 1) * static_cast<size_t>(columns + 2) +
           static_cast<size_t>(column + 1);
  };
  means_.resize(static_cast<size_t>(columns + 2) * static_cast<size_t>(rows + 2));
  newest_.assign(means_.size(), {});
  for (const BlockVector& vector : vectors) {
    const bool inside = vector.x >= 0 && vector.y >= 0 && vector.x < width && vector.y < height;
    if (!inside) continue;
    const float length = std::hypot(vector.dx, vector.dy);
    const float scale = length > kMaxLength ? kMaxLength / length : 1;
    newest_[at(vector.x / kCell, vector.y / kCell)] = {vector.dx * scale, vector.dy * scale};
  }
  for (size_t i = 0; i < means_.size(); ++i) {
    means_[i].dx += kNewestShare * (newest_[i].dx - means_[i].dx);
    means_[i].dy += kNewestShare * (newest_[i].dy - means_[i].dy);
  }
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const Mean& mean = means_[at(column, row)];
      if (std::hypot(mean.dx, mean.dy) < kMinMean) continue;
      int alike = 0;
      for (int r = row - 1; r <= row + 1; ++r) {
        for (int c = column - 1; c <= column + 1; ++c) {
          const Mean& other = means_[at(c, r)];
          alike += std::hypot(other.dx - mean.dx, other.dy - mean.dy) <= kMaxDifference ? 1 : 0;
        }
      }
      if (alike >= kMinAlike) return true;
    }
  }
  return false;
}

void BlockMotionDetector::reset() {
  means_.clear();
  columns_ = rows_ = 0;
}

bool sizes_suggest_motion(std::span<const PacketSize> packets, int64_t half_second_ticks) {
  constexpr double kMaxRatio = 1.3;       // between the mean sizes of two half seconds
  constexpr double kNoiseBytes = 64;      // sizes of packets without content vary by this much
  constexpr double kMaxKeyShare = 0.125;  // at a constant bit rate, noise fills unused bits
  struct Sum {
    double bytes = 0, count = 0;
    double mean() const { return bytes / count; }
    void add(const PacketSize& packet) { bytes += static_cast<double>(packet.bytes), ++count; }
  };
  Sum keys, between;
  std::map<int, std::map<int, std::map<int64_t, Sum>>> kinds;  // kind, gop, half second
  const int64_t half_second = std::max<int64_t>(1, half_second_ticks);
  for (const PacketSize& packet : packets) {
    (packet.kind == PacketSize::kKey ? keys : between).add(packet);
    kinds[packet.kind][packet.gop][packet.gop_ticks / half_second].add(packet);
  }
  if (between.count > 0 && keys.count > 0 &&
      between.mean() > kMaxKeyShare * keys.mean() + kNoiseBytes)
    return true;
  for (const auto& [kind, groups] : kinds) {
    double fullest = 0;
    for (const auto& [group, times] : groups) {
      for (const auto& [time, sum] : times) fullest = std::max(fullest, sum.count);
    }
    std::map<int64_t, double> min_at;
    for (const auto& [group, times] : groups) {
      for (const auto& [time, sum] : times) {
        if (2 * sum.count < fullest) continue;
        const auto [at, first] = min_at.emplace(time, sum.mean());
        at->second = std::min(at->second, sum.mean());
      }
    }
    for (const auto& [group, times] : groups) {
      double min_size = INFINITY;
      for (const auto& [time, sum] : times) {
        if (2 * sum.count < fullest) continue;
        min_size = std::min({min_size, sum.mean(), min_at.at(time)});
        if (sum.mean() > kMaxRatio * min_size + kNoiseBytes) return true;
      }
    }
  }
  return false;
}

void ActivityGate::record(const SkippedRange& range) {
  if (range.first_k >= range.end_k) return;
  const bool extends_last = !skipped_.empty() && skipped_.back().end_k == range.first_k &&
                            skipped_.back().decoded == range.decoded;
  if (extends_last)
    skipped_.back().end_k = range.end_k;
  else
    skipped_.push_back(range);
}

void ActivityGate::skip(int64_t first_k, int64_t end_k) {
  drop();
  record({first_k, end_k, false});
}

void ActivityGate::drop() {
  for (const Held& held : held_) {
    cut_ = cut_ || held.after_cut;
    record({held.times.first, held.times.end, true});
  }
  held_.clear();
}

}  // namespace lido::media
