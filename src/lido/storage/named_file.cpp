// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/named_file.h"

#include <algorithm>

namespace lido::storage {

Result<NamedFile> NamedFile::open(std::string_view uri) {
  const std::string file = absolute(uri);
  const size_t slash = file.rfind('/');
  if (uri.empty() || slash == std::string::npos || slash + 1 == file.size())
    return fail(ErrorCode::kInvalidArgument, "\"{}\": no name of a file, want FOLDER/NAME", uri);
  NamedFile named;
  named.store = LIDO_TRY(open_store(file.substr(0, std::max<size_t>(slash, 1))));
  named.name = file.substr(slash + 1);
  return named;
}

std::string NamedFile::uri() const {
  return (store->uri() == "/" ? "" : store->uri()) + "/" + name;
}

}  // namespace lido::storage
