// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/system_files.h"

#include <gtest/gtest.h>

namespace lido::ingest {
namespace {

TEST(SystemFiles, AreTrashIndexesAndSnapshots) {
  for (const char* name :
       {"._clip.mp4", ".Trashes", ".Trash-1000", "$RECYCLE.BIN", "@eaDir", "#recycle", "lost+found",
        "System Volume Information", ".Spotlight-V100", ".snapshot", "FOUND.000", "__MACOSX",
        ".trashed-1719835200-pool.mp4", "@Recycle", "LOST.DIR", ".nfs00000000012"})
    EXPECT_TRUE(is_system_file(name)) << name;
}

TEST(SystemFiles, AreNotWhatUsersName) {
  for (const char* name :
       {"clip.mp4", "cam1", ".hidden", "trash_day.mp4", "recycle_plant", "found.mp4", "found.0001",
        "_clip.mp4", "..mp4", "lost", "snapshot.mp4", "#1", "@home"})
    EXPECT_FALSE(is_system_file(name)) << name;
}

}  // namespace
}  // namespace lido::ingest
