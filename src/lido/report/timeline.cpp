// SPDX-License-Identifier: Apache-2.0
#include "lido/report/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "lido/report/html.h"

namespace lido::report {
namespace {

constexpr double kNameWidth = 220, kAxisWidth = 860, kRowHeight = 24, kBarHeight = 14;
constexpr double kThinHeight = 4, kAxisHeight = 22, kMargin = 4;
constexpr size_t kMaxName = 32;

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

}  // namespace

std::vector<double> axis_ticks(double duration_s, int max_ticks) {
  constexpr std::array kSteps_s = {0.5,    1.0,    2.0,    5.0,     10.0,    15.0,
                                   30.0,   60.0,   120.0,  300.0,   600.0,   900.0,
                                   1800.0, 3600.0, 7200.0, 14400.0, 21600.0, 43200.0};
  double step_s = kSteps_s.back();
  while (duration_s / step_s > max_ticks - 1) step_s *= 2;
  for (const double step : kSteps_s) {
    if (duration_s / step > max_ticks - 1) continue;
    step_s = step;
    break;
  }
  std::vector<double> ticks;
  for (int i = 0; i * step_s <= duration_s + 1e-9; ++i) ticks.push_back(i * step_s);
  return ticks;
}

std::string shortened(std::string_view text, size_t max_size) {
  if (text.size() <= max_size) return std::string(text);
  const size_t kept = max_size - 3;
  size_t head = kept / 2, tail = text.size() - (kept - kept / 2);
  while (head > 0 && is_continuation(text[head])) --head;
  while (tail < text.size() && is_continuation(text[tail])) ++tail;
  return fmt::format("{}...{}", text.substr(0, head), text.substr(tail));
}

Timeline::Timeline(double duration_s) : duration_s_(duration_s) {}

double Timeline::x_of(double time_s) const {
  return kNameWidth + std::clamp(time_s / duration_s_, 0.0, 1.0) * kAxisWidth;
}

void Timeline::start_row(std::string_view name, std::string_view link) {
  const double y = rows_++ * kRowHeight + kMargin;
  const std::string text =
      fmt::format("<text x=0 y={:.0f}>{}</text>", y + 12, escape(shortened(name, kMaxName)));
  content_ += link.empty() ? text : fmt::format("<a href=\"{}\">{}</a>", escape(link), text);
}

void Timeline::add_rect(double start_s, double end_s, double top, double height,
                        std::string_view colour) {
  constexpr double kMinWidth = 2;
  const double x = x_of(start_s);
  content_ +=
      fmt::format("<rect x={:.1f} y={:.0f} width={:.1f} height={:.0f}{} fill=\"{}\"/>", x,
                  (rows_ - 1) * kRowHeight + kMargin + top, std::max(kMinWidth, x_of(end_s) - x),
                  height, height == kBarHeight ? " rx=3" : "", colour);
}

void Timeline::add_bar(double start_s, double end_s, std::string_view colour) {
  add_rect(start_s, end_s, 0, kBarHeight, colour);
}

void Timeline::add_thin_bar(double start_s, double end_s, std::string_view colour) {
  add_rect(start_s, end_s, kBarHeight + 1, kThinHeight, colour);
}

void Timeline::add_remark(double at_s, std::string_view text) {
  content_ += fmt::format("<text x={:.1f} y={:.0f} class=remark>{}</text>", x_of(at_s) + 4,
                          (rows_ - 1) * kRowHeight + kMargin + 12, escape(text));
}

std::string Timeline::svg(std::string_view label) const {
  constexpr int kMaxTicks = 8;
  const double height = rows_ * kRowHeight + kMargin;
  std::string axis;
  for (const double tick : axis_ticks(duration_s_, kMaxTicks)) {
    const double x = x_of(tick);
    axis += fmt::format("<path class=grid d=\"M{0:.1f} 0V{1:.0f}\"/>", x, height);
    axis += fmt::format("<text class=soft x={:.1f} y={:.0f} text-anchor={}>{}</text>", x,
                        height + 14, tick == 0 ? "start" : "middle", clock(tick));
  }
  return fmt::format("<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=img aria-label=\"{}\">{}{}</svg>",
                     kNameWidth + kAxisWidth + 30, height + kAxisHeight, escape(label), axis,
                     content_);
}

}  // namespace lido::report
