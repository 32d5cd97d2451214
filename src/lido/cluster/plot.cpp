// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace lido::cluster {

double round_step(double most, int parts) {
  if (!(most > 0)) return 1;
  double step = std::pow(10, std::floor(std::log10(most)) - 1);
  for (const double times : {2.0, 2.5, 2.0, 2.0, 2.5, 2.0}) step *= most / step > parts ? times : 1;
  return step;
}

std::string draw(const Plot& plot) {
  constexpr double kWidth = 720, kLeft = 80, kRight = 30, kTop = 60, kBottom = 50;
  double most = 0;
  for (const Curve& curve : plot.curves)
    for (const auto& [x, y] : curve.points) most = std::max(most, y);
  most = most > 0 ? most * 1.05 : 1;
  const auto x_at = [&](double x) { return kLeft + x / plot.x_most * (kWidth - kLeft - kRight); };
  const auto y_at = [&](double y) {
    return plot.height - kBottom - y / most * (plot.height - kTop - kBottom);
  };
  std::string svg = fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" font-family="system-ui, sans-serif" font-size="13">
<rect width="100%" height="100%" fill="#fff"/>
<text x="20" y="24" font-size="16" font-weight="600">{2}</text>
)",
      kWidth, plot.height, plot.title);
  const double y_step = round_step(most, 7), x_step = round_step(plot.x_most, 8);
  for (int i = 0; i * y_step <= most; ++i) {
    const double y = i * y_step;
    svg += fmt::format(
        R"(<path d="M{} {:.1f}H{}" stroke="#ddd"/><text x="{}" y="{:.1f}" text-anchor="end" fill="#555">{}</text>
)",
        kLeft, y_at(y), kWidth - kRight, kLeft - 8, y_at(y) + 4, plot.y_text(y));
  }
  for (int i = 0; i * x_step <= plot.x_most * 1.0001; ++i) {
    const double x = i * x_step;
    svg += fmt::format(R"(<text x="{:.1f}" y="{}" text-anchor="middle" fill="#555">{}</text>
)",
                       x_at(x), plot.height - kBottom + 20, plot.x_text(x));
  }
  double legend = 20;
  for (const Curve& curve : plot.curves) {
    std::string points;
    for (const auto& [x, y] : curve.points)
      points += fmt::format("{:.1f},{:.1f} ", x_at(x), y_at(y));
    svg += fmt::format(
        R"(<polyline points="{}" fill="none" stroke="{}" stroke-width="{}" stroke-dasharray="{}"/>
<rect x="{:.0f}" y="40" width="14" height="4" fill="{}"/><text x="{:.0f}" y="46" fill="{}">{}</text>
)",
        points, curve.colour, curve.dashes.empty() ? 2 : 1.2,
        curve.dashes.empty() ? "none" : curve.dashes, legend, curve.colour, legend + 20,
        curve.colour, curve.name);
    legend += 46 + 6.6 * static_cast<double>(curve.name.size());
  }
  return svg + fmt::format(R"(<text x="{}" y="{}" text-anchor="middle">{}</text>
</svg>
)",
                           (kLeft + kWidth - kRight) / 2, plot.height - 10, plot.x_name);
}

}  // namespace lido::cluster
