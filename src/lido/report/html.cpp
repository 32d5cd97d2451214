// SPDX-License-Identifier: Apache-2.0
#include "lido/report/html.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

#include "lido/base/hash.h"
#include "lido/base/signing.h"
#include "lido/report/embedded.h"

namespace lido::report {

std::string page(std::string_view title, std::string_view body) {
  return fmt::format(embedded::kPageHtml, fmt::arg("title", title),
                     fmt::arg("style", embedded::kPageCss), fmt::arg("body", body));
}

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string image_tag(std::string_view jpeg, std::string_view description) {
  return fmt::format("<img loading=lazy alt=\"{}\" src=\"data:image/jpeg;base64,{}\">",
                     escape(description), base64(jpeg));
}

std::string short_name(std::string_view uri) { return std::string(uri.substr(uri.rfind('/') + 1)); }

std::string clip_anchor(std::string_view clip) { return "clip-" + sha256_hex(clip).substr(0, 8); }

std::string count(int64_t value) {
  std::string digits = std::to_string(value);
  constexpr std::string_view kNarrowSpace = "&#8239;";
  for (auto position = std::ssize(digits) - 3; position > (value < 0 ? 1 : 0); position -= 3)
    digits.insert(static_cast<size_t>(position), kNarrowSpace);
  return digits;
}

std::string clock(double seconds) {
  // Rounded first, so that 59.96 s is 1:00.0 and not 0:60.0.
  seconds = std::round(seconds * 10) / 10;
  const auto whole = static_cast<int64_t>(seconds);
  return whole >= 3600
             ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
             : fmt::format("{}:{:04.1f}", whole / 60, seconds - 60 * std::floor(seconds / 60));
}

std::string megabytes(int64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string card(std::string_view value, std::string_view name) {
  return fmt::format("<div class=card><b>{}</b><span>{}</span></div>", value, name);
}

std::string count_card(int64_t value, std::string_view one, std::string_view several) {
  return card(count(value), value == 1 ? one : several);
}

std::string legend_key(std::string_view colour, std::string_view text) {
  return fmt::format("<span><i class=key style=\"background:{}\"></i>{}</span>", colour,
                     escape(text));
}

}  // namespace lido::report
