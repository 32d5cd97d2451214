// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lido::report {

// Pieces of pages.

/// A page in Lido's style, light and dark. Both arguments are HTML.
std::string page(std::string_view title, std::string_view body);
/// Text that stands for itself in HTML.
std::string escape(std::string_view text);
/// A JPEG inside the page, with what it shows in words.
std::string image_tag(std::string_view jpeg, std::string_view about);
/// The last part of a path or URI.
std::string short_name(std::string_view uri);
/// "1 234 567", in HTML.
std::string count(int64_t value);
/// "2:03.5", "1:02:03".
std::string clock(double seconds);
std::string megabytes(int64_t bytes);
/// A number and its name in a box.
std::string card(std::string_view value, std::string_view name);

}  // namespace lido::report
