// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/sealed.h"

#include <array>
#include <span>

namespace lido::ingest {
namespace {

constexpr int64_t kTrailer = 8;

}  // namespace

Result<void> seal(storage::Writer& writer, std::string_view record) {
  std::array<char, kTrailer> trailer{};
  for (size_t i = 0; i < trailer.size(); ++i)
    trailer[i] = static_cast<char>(record.size() >> (8 * i) & 255);
  LIDO_TRY(writer.append(record));
  LIDO_TRY(writer.append(std::string_view(trailer.data(), trailer.size())));
  return writer.commit();
}

Result<std::optional<Sealed>> read_sealed(storage::Reader& reader) {
  std::array<std::byte, kTrailer> trailer{};
  if (reader.size() < kTrailer) return std::nullopt;
  (void)LIDO_TRY(reader.read_at(reader.size() - kTrailer, trailer));
  int64_t length = 0;
  for (size_t i = trailer.size(); i-- > 0;)
    length = length << 8 | std::to_integer<int64_t>(trailer[i]);
  if (length <= 0 || length > reader.size() - kTrailer) return std::nullopt;
  Sealed sealed{std::string(static_cast<size_t>(length), '\0'), reader.size() - kTrailer - length};
  (void)LIDO_TRY(reader.read_at(sealed.begins, std::as_writable_bytes(std::span(sealed.record))));
  return sealed;
}

}  // namespace lido::ingest
