// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace lido::cluster {

/// One curve of a plot.
struct Curve {
  std::string name;    ///< Text of the legend.
  std::string colour;  ///< CSS colour that is legible on white and on black.
  std::vector<std::pair<double, double>> points;
  std::string dashes;  ///< SVG's stroke-dasharray; empty for a solid line.
};

/// One labelled point of a plot.
struct PlotMark {
  std::string text;
  std::string colour;
  std::pair<double, double> point;
};

/// Curves over a horizontal axis from 0, with values of 0 or more.
struct Plot {
  std::string title;
  std::string x_name;
  double max_x = 1;
  std::vector<Curve> curves;
  std::vector<PlotMark> marks;
  std::function<std::string(double)> x_text;  ///< Text of a tick.
  std::function<std::string(double)> y_text;  ///< Text of a tick.
  double height = 400;                        ///< Pixels; the width is 720.
};

/// Draws a plot as SVG, for light and dark pages. Texts are escaped.
std::string draw(const Plot& plot);

/// Returns the smallest step of 1, 2 or 5 times a power of 10 that divides the range from 0 to
/// `max` into at most `max_parts` parts; 1 when `max` is not positive.
double round_step(double max, int max_parts);

}  // namespace lido::cluster
