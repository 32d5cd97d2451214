// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lido::report {

// Pieces of HTML pages. All functions are pure, so safe from any thread.

/// Returns a page in Lido's style, for light and dark displays. Both arguments are HTML.
std::string page(std::string_view title, std::string_view body);
/// Escapes a text for HTML, also for attributes in double quotes.
std::string escape(std::string_view text);
/// Returns an image element with the JPEG's bytes inside. @param description  Plain text.
std::string image_tag(std::string_view jpeg, std::string_view description);
/// Returns the last part of a path or URI.
std::string short_name(std::string_view uri);
/// Returns the id of a clip's place in the page, the same in every run: "clip-1a2b3c4d".
std::string clip_anchor(std::string_view clip);
/// Formats a number as HTML, in groups of three digits.
std::string count(int64_t value);
/// Formats a duration: "2:03.5" below an hour, "1:02:03" from an hour on.
std::string clock(double seconds);
/// Formats a size: "1.2 MB".
std::string megabytes(int64_t bytes);
/// Returns a box with a number and its name. Both arguments are HTML.
std::string card(std::string_view value, std::string_view name);
/// Returns a box with a count: the name is `one` for 1, else `several`. Both are HTML.
std::string count_card(int64_t value, std::string_view one, std::string_view several);
/// Returns an entry of a legend: a coloured square and a text. @param text  Plain text.
std::string legend_key(std::string_view colour, std::string_view text);

}  // namespace lido::report
