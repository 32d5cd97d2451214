// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/system_files.h"

#include <algorithm>
#include <array>
#include <string>

namespace lido::ingest {
namespace {

constexpr std::array<std::string_view, 61> kNames = {
    // Trash of Linux desktops, macOS, Windows, cameras and phones.
    ".trash", ".trashes", "trash", ".trashbox", "trashbox", ".globaltrash", "network trash folder",
    "$recycle.bin", "$recycle", "recycler", "recycled", "recycle", "recycle bin", "recycle.bin",
    "recycle_bin", "recyclebin", ".recycle", ".recycle.bin", ".recyclebin", ".recycled", "deleted",
    ".deleted", "recently deleted", "wastebasket", "lost.dir",
    // Trash, snapshots and thumbnails of NAS systems and of synchronisation.
    "#recycle", "@recycle", "@sharebin", "#snapshot", "@snapshot", ".snapshot", ".snapshots",
    "~snapshot", "@recently-snapshot", ".zfs", "@eadir", "@tmp", ".@__thumb", ".@__qini",
    "files_trashbin", "files_versions", ".stversions", ".stfolder", ".sync", ".dropbox.cache",
    ".thumbnails",
    // Files that a file system keeps for itself.
    "lost+found", "system volume information", ".spotlight-v100", ".fseventsd", ".temporaryitems",
    "temporary items", ".documentrevisions-v100", ".apdisk", ".appledouble", ".appledb",
    ".appledesktop", "__macosx", ".ds_store", "thumbs.db", "desktop.ini"};

/// "._clip.mp4" is macOS's second half of clip.mp4. Others are deleted or unfinished files.
constexpr std::array<std::string_view, 7> kPrefixes = {
    "._", ".trash-", ".trashed-", ".pending-", ".nfs0", ".fuse_hidden", ".goutputstream-"};

/// Returns whether a name is "found.000", where Windows stores what it finds on a broken disk.
bool is_found_folder(std::string_view name) {
  constexpr std::string_view kFound = "found.";
  return name.starts_with(kFound) && name.size() == kFound.size() + 3 &&
         std::ranges::all_of(name.substr(kFound.size()),
                             [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool is_system_file(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  const auto begins = [&](std::string_view prefix) { return lower.starts_with(prefix); };
  return std::ranges::find(kNames, lower) != kNames.end() ||
         std::ranges::any_of(kPrefixes, begins) || is_found_folder(lower);
}

}  // namespace lido::ingest
