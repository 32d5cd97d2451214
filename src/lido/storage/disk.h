// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lido/storage/store.h"

namespace lido::storage {

/// A folder on this machine. Objects are written as ".NAME.partial" and renamed into place.
Result<std::unique_ptr<Store>> open_disk(std::string folder);

}  // namespace lido::storage
