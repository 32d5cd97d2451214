// SPDX-License-Identifier: Apache-2.0
#include "lido/synth/film/overlay.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "lido/base/json_text.h"

namespace lido::synth {
namespace {

constexpr int kGlyphWidth = 5, kGlyphHeight = 7;

/// A letter: rows from the top, five bits each, the left pixel first.
struct Glyph {
  char letter;
  std::array<uint8_t, kGlyphHeight> rows;
};
constexpr Glyph kGlyphs[] = {
    {'0', {0x0E, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0E}},
    {'1', {0x04, 0x0C, 0x04, 0x04, 0x04, 0x04, 0x0E}},
    {'2', {0x0E, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1F}},
    {'3', {0x1F, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0E}},
    {'4', {0x02, 0x06, 0x0A, 0x12, 0x1F, 0x02, 0x02}},
    {'5', {0x1F, 0x10, 0x1E, 0x01, 0x01, 0x11, 0x0E}},
    {'6', {0x06, 0x08, 0x10, 0x1E, 0x11, 0x11, 0x0E}},
    {'7', {0x1F, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08}},
    {'8', {0x0E, 0x11, 0x11, 0x0E, 0x11, 0x11, 0x0E}},
    {'9', {0x0E, 0x11, 0x11, 0x0F, 0x01, 0x02, 0x0C}},
    {'A', {0x0E, 0x11, 0x11, 0x1F, 0x11, 0x11, 0x11}},
    {'B', {0x1E, 0x11, 0x11, 0x1E, 0x11, 0x11, 0x1E}},
    {'C', {0x0E, 0x11, 0x10, 0x10, 0x10, 0x11, 0x0E}},
    {'D', {0x1C, 0x12, 0x11, 0x11, 0x11, 0x12, 0x1C}},
    {'E', {0x1F, 0x10, 0x10, 0x1E, 0x10, 0x10, 0x1F}},
    {'F', {0x1F, 0x10, 0x10, 0x1E, 0x10, 0x10, 0x10}},
    {'G', {0x0E, 0x11, 0x10, 0x17, 0x11, 0x11, 0x0F}},
    {'H', {0x11, 0x11, 0x11, 0x1F, 0x11, 0x11, 0x11}},
    {'I', {0x0E, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0E}},
    {'J', {0x07, 0x02, 0x02, 0x02, 0x02, 0x12, 0x0C}},
    {'K', {0x11, 0x12, 0x14, 0x18, 0x14, 0x12, 0x11}},
    {'L', {0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1F}},
    {'M', {0x11, 0x1B, 0x15, 0x15, 0x11, 0x11, 0x11}},
    {'N', {0x11, 0x11, 0x19, 0x15, 0x13, 0x11, 0x11}},
    {'O', {0x0E, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0E}},
    {'P', {0x1E, 0x11, 0x11, 0x1E, 0x10, 0x10, 0x10}},
    {'Q', {0x0E, 0x11, 0x11, 0x11, 0x15, 0x12, 0x0D}},
    {'R', {0x1E, 0x11, 0x11, 0x1E, 0x14, 0x12, 0x11}},
    {'S', {0x0F, 0x10, 0x10, 0x0E, 0x01, 0x01, 0x1E}},
    {'T', {0x1F, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04}},
    {'U', {0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0E}},
    {'V', {0x11, 0x11, 0x11, 0x11, 0x11, 0x0A, 0x04}},
    {'W', {0x11, 0x11, 0x11, 0x15, 0x15, 0x1B, 0x11}},
    {'X', {0x11, 0x11, 0x0A, 0x04, 0x0A, 0x11, 0x11}},
    {'Y', {0x11, 0x11, 0x11, 0x0A, 0x04, 0x04, 0x04}},
    {'Z', {0x1F, 0x01, 0x02, 0x04, 0x08, 0x10, 0x1F}},
    {'-', {0x00, 0x00, 0x00, 0x1F, 0x00, 0x00, 0x00}},
    {':', {0x00, 0x04, 0x04, 0x00, 0x04, 0x04, 0x00}},
    {'.', {0x00, 0x00, 0x00, 0x00, 0x00, 0x0C, 0x0C}},
    {'/', {0x01, 0x01, 0x02, 0x04, 0x08, 0x10, 0x10}},
    {' ', {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}},
};

/// Letters without a glyph are drawn as a space; small letters as capitals.
const Glyph& glyph_of(char letter) {
  const char capital = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  const auto* found = std::ranges::find(kGlyphs, capital, &Glyph::letter);
  return found == std::end(kGlyphs) ? *std::ranges::find(kGlyphs, ' ', &Glyph::letter) : *found;
}

const std::vector<std::string_view> kKinds = {"clock", "name", "logo", "note"};
const std::vector<std::string_view> kCorners = {"top_left", "top_right", "bottom_left",
                                                "bottom_right"};

std::string clock_text(double clock_s) {
  constexpr int64_t kDay_s = 86400;
  const auto second = static_cast<int64_t>(std::floor(clock_s));
  const int64_t day = second >= 0 ? second / kDay_s : -1;
  const int64_t of_day = second - day * kDay_s;
  return fmt::format("2026-07-{:02} {:02}:{:02}:{:02}", 4 + std::clamp<int64_t>(day, -1, 27),
                     of_day / 3600, of_day / 60 % 60, of_day % 60);
}

/// Paints a rectangle that may reach outside the image.
void paint(media::Image& image, int x, int y, int width, int height, uint8_t value) {
  for (int row = std::max(0, y); row < std::min(image.height, y + height); ++row) {
    for (int column = std::max(0, x); column < std::min(image.width, x + width); ++column) {
      uint8_t* pixel = &image.rgb[3 * (static_cast<size_t>(row) * static_cast<size_t>(image.width) +
                                       static_cast<size_t>(column))];
      std::fill_n(pixel, 3, value);
    }
  }
}

/// Draws a text with a dark outline. x, y: its top left corner; `scale`: size of a glyph's pixel.
void draw_text(media::Image& image, std::string_view text, int x, int y, int scale) {
  constexpr uint8_t kDark = 12, kLight = 245;
  for (const bool outline : {true, false}) {
    for (size_t i = 0; i < text.size(); ++i) {
      const Glyph& glyph = glyph_of(text[i]);
      const int left = x + static_cast<int>(i) * (kGlyphWidth + 1) * scale;
      for (int row = 0; row < kGlyphHeight; ++row) {
        for (int column = 0; column < kGlyphWidth; ++column) {
          if ((glyph.rows[static_cast<size_t>(row)] >> (kGlyphWidth - 1 - column) & 1) == 0)
            continue;
          const int around = outline ? 1 : 0;
          paint(image, left + column * scale - around, y + row * scale - around, scale + 2 * around,
                scale + 2 * around, outline ? kDark : kLight);
        }
      }
    }
  }
}

}  // namespace

std::string_view OverlayText::name_of(Kind kind) { return kKinds[static_cast<size_t>(kind)]; }
std::string_view OverlayText::name_of(Corner corner) {
  return kCorners[static_cast<size_t>(corner)];
}

Result<std::vector<OverlayText>> read_overlay(const Yaml& node) {
  std::vector<OverlayText> overlay;
  if (!node.has_value()) return overlay;
  for (const Yaml& one : LIDO_TRY(node.list())) {
    LIDO_TRY(one.check_keys({"kind", "corner", "text"}));
    const auto index = [](const auto& names, const std::string& name) {
      return std::ranges::find(names, name) - names.begin();
    };
    OverlayText text;
    text.kind = static_cast<OverlayText::Kind>(index(kKinds, LIDO_TRY(one["kind"].choice(kKinds))));
    if (one["corner"].has_value())
      text.corner = static_cast<OverlayText::Corner>(
          index(kCorners, LIDO_TRY(one["corner"].choice(kCorners))));
    const bool has_text =
        text.kind == OverlayText::Kind::kLogo || text.kind == OverlayText::Kind::kNote;
    if (has_text) {
      constexpr size_t kMaxBytes = 64;
      text.text = LIDO_TRY(one["text"].text());
      if (text.text.size() > kMaxBytes) return one["text"].refuse("a text of at most 64 letters");
    }
    if (!has_text && one["text"].has_value())
      return one["text"].refuse("a text of a logo or a note only");
    overlay.push_back(std::move(text));
  }
  return overlay;
}

std::string to_yaml(const std::vector<OverlayText>& overlay) {
  std::string text = "[";
  for (const OverlayText& one : overlay) {
    text += fmt::format("{}{{kind: {}, corner: {}", text.size() > 1 ? ", " : "",
                        OverlayText::name_of(one.kind), OverlayText::name_of(one.corner));
    // A JSON string is a YAML string.
    if (!one.text.empty()) text += ", text: " + json_text(nlohmann::json(one.text));
    text += "}";
  }
  return text + "]";
}

std::vector<OverlayText> random_overlay(Random& random) {
  using Kind = OverlayText::Kind;
  std::vector<OverlayText> overlay;
  const auto corner = static_cast<uint8_t>(random.whole(0, 3));
  const auto add = [&](double often, Kind kind, int away, const char* text) {
    if (!random.chance(often)) return;
    overlay.push_back({kind, static_cast<OverlayText::Corner>((corner + away) % 4), text});
  };
  add(0.7, Kind::kClock, 0, "");
  add(0.5, Kind::kName, 1, "");
  add(0.25, Kind::kLogo, 2, random.chance(0.5) ? "AQUACAM" : "POOL-VIEW");
  add(0.1, Kind::kNote, 3, random.chance(0.5) ? "REC" : "ACTIVITY: NORMAL");
  return overlay;
}

void draw_overlay(media::Image& image, const std::vector<OverlayText>& overlay,
                  std::string_view camera, double clock_s) {
  constexpr int kRows = 180, kMargin = 4;
  const int scale = std::max(1, image.height / kRows);
  for (const OverlayText& one : overlay) {
    const bool is_logo = one.kind == OverlayText::Kind::kLogo;
    const std::string text = one.kind == OverlayText::Kind::kClock  ? clock_text(clock_s)
                             : one.kind == OverlayText::Kind::kName ? std::string(camera)
                                                                    : one.text;
    const int width = static_cast<int>(text.size()) * (kGlyphWidth + 1) * scale,
              height = kGlyphHeight * scale, margin = kMargin * scale;
    const auto corner = static_cast<int>(one.corner);
    const int x = corner % 2 == 0 ? margin : image.width - margin - width;
    const int y = corner / 2 == 0 ? margin : image.height - margin - height;
    if (is_logo) {
      constexpr uint8_t kPlate = 70;
      paint(image, x - 2 * scale, y - 2 * scale, width + 3 * scale, height + 4 * scale, kPlate);
    }
    draw_text(image, text, x, y, scale);
  }
}

}  // namespace lido::synth
