// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

// Places that follow from where this code is installed; private to the room.

namespace lido::infer {

/// The folder of the running program, then the folder of the Python module that holds this code
/// (absent in a plain program). Absolute.
std::vector<std::filesystem::path> code_folders();

/// The folders share/lido/models beside the given code folder or one above it, and build/models
/// when the code is part of a build tree. Only those that exist.
std::vector<std::filesystem::path> model_folders_near(const std::filesystem::path& code_folder);

/// The bin folder of the virtual Python environment that the code folder is in, or that a build
/// tree uses; empty for none.
std::filesystem::path python_scripts_near(const std::filesystem::path& code_folder);

}  // namespace lido::infer
