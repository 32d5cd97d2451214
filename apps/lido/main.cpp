// SPDX-License-Identifier: Apache-2.0
#include "app.h"
#include "lido/storage/store.h"

int main(int argc, char** argv) {
  const int exit = lido::cli::run({argv + 1, argv + argc});
  lido::storage::shut_down();
  return exit;
}
