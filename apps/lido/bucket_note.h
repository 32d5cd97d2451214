// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lido::cli {

/// Returns how to see and remove what a bucket itself keeps of removed objects. Empty for a folder.
/// @param uri  URI of a dataset.
std::string bucket_note(const std::string& uri);

}  // namespace lido::cli
