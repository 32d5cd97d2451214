// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "lido/cluster/embedded.h"

namespace lido::cluster {
namespace {

constexpr double kWidth = 720, kLeft = 80, kRight = 30, kTop = 60, kBottom = 50;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

/// Maps values of a plot to pixels.
struct Scale {
  double max_x, max_y, height;

  double x(double value) const { return kLeft + value / max_x * (kWidth - kLeft - kRight); }
  double y(double value) const {
    return height - kBottom - value / max_y * (height - kTop - kBottom);
  }
};

/// Returns grid lines and the texts of both axes.
std::string axes(const Plot& plot, const Scale& scale) {
  std::string svg;
  const double y_step = round_step(scale.max_y, 7), x_step = round_step(plot.max_x, 8);
  for (int i = 0; i * y_step <= scale.max_y; ++i) {
    const double y = scale.y(i * y_step);
    svg +=
        fmt::format("<path class=\"plot-grid\" d=\"M{} {:.1f}H{}\"/>\n", kLeft, y, kWidth - kRight);
    svg += fmt::format(
        "<text class=\"plot-soft\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n",
        kLeft - 8, y + 4, escaped(plot.y_text(i * y_step)));
  }
  for (int i = 0; i * x_step <= plot.max_x * 1.0001; ++i)
    svg += fmt::format(
        "<text class=\"plot-soft\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
        scale.x(i * x_step), plot.height - kBottom + 20, escaped(plot.x_text(i * x_step)));
  return svg;
}

/// Returns a curve, and its entry in the legend from `legend_x` on.
std::string curve_svg(const Curve& curve, const Scale& scale, double legend_x) {
  std::string points;
  for (const auto& [x, y] : curve.points)
    points += fmt::format("{:.1f},{:.1f} ", scale.x(x), scale.y(y));
  std::string svg = fmt::format(
      "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" "
      "stroke-dasharray=\"{}\"/>\n",
      points, curve.colour, curve.dashes.empty() ? 2 : 1.2,
      curve.dashes.empty() ? "none" : curve.dashes);
  return svg + fmt::format(
                   "<rect x=\"{:.0f}\" y=\"40\" width=\"14\" height=\"4\" fill=\"{}\"/>"
                   "<text x=\"{:.0f}\" y=\"46\" fill=\"{}\">{}</text>\n",
                   legend_x, curve.colour, legend_x + 20, curve.colour, escaped(curve.name));
}

std::string mark_svg(const PlotMark& mark, const Scale& scale) {
  const double x = scale.x(mark.point.first), y = scale.y(mark.point.second);
  return fmt::format(
      "<circle cx=\"{0:.1f}\" cy=\"{1:.1f}\" r=\"5\" fill=\"{2}\"/>"
      "<text x=\"{3:.1f}\" y=\"{4:.1f}\" fill=\"{2}\" font-weight=\"600\">{5}</text>\n",
      x, y, mark.colour, x + 9, y + 5, escaped(mark.text));
}

}  // namespace

double round_step(double max, int max_parts) {
  if (!(max > 0)) return 1;
  double step = std::pow(10, std::floor(std::log10(max)) - 1);
  for (const double factor : {2.0, 2.5, 2.0, 2.0, 2.5, 2.0})
    step *= max / step > max_parts ? factor : 1;
  return step;
}

std::string draw(const Plot& plot) {
  double max_y = 0;
  for (const Curve& curve : plot.curves)
    for (const auto& [x, y] : curve.points) max_y = std::max(max_y, y);
  const Scale scale{plot.max_x, max_y > 0 ? max_y * 1.05 : 1, plot.height};
  std::string content = axes(plot, scale);
  double legend_x = 20;
  for (const Curve& curve : plot.curves) {
    content += curve_svg(curve, scale, legend_x);
    legend_x += 46 + 6.6 * static_cast<double>(curve.name.size());
  }
  for (const PlotMark& mark : plot.marks) content += mark_svg(mark, scale);
  return fmt::format(embedded::kPlotSvg, fmt::arg("width", kWidth), fmt::arg("height", plot.height),
                     fmt::arg("title", escaped(plot.title)), fmt::arg("content", content),
                     fmt::arg("middle", (kLeft + kWidth - kRight) / 2),
                     fmt::arg("bottom", plot.height - 10),
                     fmt::arg("x_name", escaped(plot.x_name)));
}

}  // namespace lido::cluster
