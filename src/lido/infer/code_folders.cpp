// SPDX-License-Identifier: Apache-2.0
#include "lido/infer/code_folders.h"

#include <dlfcn.h>

#include <algorithm>
#include <system_error>

namespace lido::infer {
namespace {

namespace fs = std::filesystem;

/// The folder of a CMake build that holds the code folder (build/release), or empty.
fs::path build_folder(const fs::path& code_folder) {
  std::error_code ignored;
  for (const fs::path& folder :
       {code_folder.parent_path(), code_folder.parent_path().parent_path()}) {
    if (fs::exists(folder / "CMakeCache.txt", ignored)) return folder;
  }
  return {};
}

}  // namespace

std::vector<fs::path> code_folders() {
  std::vector<fs::path> folders;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) folders.push_back(program.parent_path());
  Dl_info library{};
  if (::dladdr(reinterpret_cast<const void*>(&code_folders), &library) != 0) {
    const fs::path file = library.dli_fname == nullptr ? "" : library.dli_fname;
    // The name of the program itself may be relative to a folder that was left since.
    if (file.is_absolute() && std::ranges::find(folders, file.parent_path()) == folders.end())
      folders.push_back(file.parent_path());
  }
  return folders;
}

std::vector<fs::path> model_folders_near(const fs::path& code_folder) {
  std::vector<fs::path> candidates = {code_folder / "share/lido/models",
                                      code_folder.parent_path() / "share/lido/models"};
  if (const fs::path build = build_folder(code_folder); !build.empty())
    candidates.push_back(build.parent_path() / "models");
  std::error_code ignored;
  std::erase_if(candidates, [&](const fs::path& path) { return !fs::is_directory(path, ignored); });
  return candidates;
}

fs::path python_scripts_near(const fs::path& code_folder) {
  std::error_code ignored;
  for (fs::path folder = code_folder; folder.has_relative_path(); folder = folder.parent_path()) {
    if (fs::exists(folder / "pyvenv.cfg", ignored)) return folder / "bin";
  }
  const fs::path build = build_folder(code_folder);
  const fs::path environment = build.parent_path().parent_path() / ".venv";
  if (!build.empty() && fs::exists(environment / "pyvenv.cfg", ignored)) return environment / "bin";
  return {};
}

}  // namespace lido::infer
