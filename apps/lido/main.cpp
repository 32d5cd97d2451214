// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "app.h"
#include "exit_codes.h"
#include "lido/base/temporary_folder.h"
#include "lido/storage/store.h"

int main(int argc, char** argv) {
  lido::remove_abandoned_folders();
  int exit = lido::cli::run({argv + 1, argv + argc}, lido::cli::commands());
  // A full disk is noticed only when the buffer is written.
  if ((std::fflush(stdout) != 0 || std::ferror(stdout) != 0) && exit == lido::cli::kDone) {
    const char* reason = errno == 0 ? "cannot be written" : std::strerror(errno);
    std::fprintf(stderr, "lido: standard output: %s\n", reason);
    exit = lido::cli::kFailed;
  }
  lido::storage::shut_down();
  return exit;
}
