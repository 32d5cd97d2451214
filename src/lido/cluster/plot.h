// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace lido::cluster {

/// One curve of a plot.
struct Curve {
  std::string name;
  std::string colour;
  std::vector<std::pair<double, double>> points;
  std::string dashes;  ///< As SVG's stroke-dasharray.
};

/// Curves over one axis from 0, values from 0.
struct Plot {
  std::string title;
  std::string x_name;
  double x_most = 1;
  std::vector<Curve> curves;
  std::function<std::string(double)> x_text;
  std::function<std::string(double)> y_text;
  double height = 400;
};

/// An SVG picture, 720 wide.
std::string draw(const Plot& plot);

/// A round number that divides what is below `most` into at most `parts`.
double round_step(double most, int parts);

}  // namespace lido::cluster
