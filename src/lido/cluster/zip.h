// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace lido::cluster {

/// Returns a ZIP archive with one file, stored without compression. Equal arguments give equal
/// bytes.
/// @param name  ASCII, without folders.
/// @param content  Less than 4 GiB.
///
/// Source: PKWARE, APPNOTE 6.3.
std::string zip_of(std::string_view name, std::string_view content);

}  // namespace lido::cluster
