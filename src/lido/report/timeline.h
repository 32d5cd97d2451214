// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lido::report {

/// Rows of bars over a common time axis, drawn as SVG. Not thread-safe.
class Timeline {
 public:
  /// @param duration_s  Right end of the axis, seconds; more than 0.
  explicit Timeline(double duration_s);

  /// Starts a row, below the rows so far.
  /// @param name  Text; long names are shortened in the middle.
  /// @param link  Target of the name's link, like "#clip-1"; empty for none.
  void start_row(std::string_view name, std::string_view link = {});
  /// Adds a bar to the last row. Ends outside the axis are cut off; short bars stay visible.
  /// @param colour  CSS colour.
  void add_bar(double start_s, double end_s, std::string_view colour);
  /// Adds a thin bar at the bottom edge of the last row.
  void add_thin_bar(double start_s, double end_s, std::string_view colour);
  /// Adds a red remark to the last row.
  void add_remark(double at_s, std::string_view text);

  /// Returns the SVG element, with the time axis below the rows.
  /// @param label  Description for screen readers.
  std::string svg(std::string_view label) const;

 private:
  double x_of(double time_s) const;
  void add_rect(double start_s, double end_s, double top, double height, std::string_view colour);

  double duration_s_;
  int rows_ = 0;
  std::string content_;
};

/// Returns the times of an axis' ticks, from 0: round numbers of seconds, minutes or hours.
/// @param max_ticks  2 or more.
std::vector<double> axis_ticks(double duration_s, int max_ticks);

/// Shortens a text in the middle to at most `max_size` bytes; keeps UTF-8 characters whole.
std::string shortened(std::string_view text, size_t max_size);

}  // namespace lido::report
