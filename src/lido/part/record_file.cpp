// SPDX-License-Identifier: Apache-2.0
#include "lido/part/record_file.h"

#include <array>
#include <span>

namespace lido::part {
namespace {

constexpr int64_t kTrailerBytes = 8;

}  // namespace

Result<void> commit_with_record(storage::Writer& writer, std::string_view record) {
  std::array<char, kTrailerBytes> trailer{};
  for (size_t i = 0; i < trailer.size(); ++i)
    trailer[i] = static_cast<char>(record.size() >> (8 * i) & 255);
  LIDO_TRY(writer.append(record));
  LIDO_TRY(writer.append(std::string_view(trailer.data(), trailer.size())));
  return writer.commit();
}

Result<std::optional<FileRecord>> read_record(storage::Reader& reader) {
  std::array<std::byte, kTrailerBytes> trailer{};
  if (reader.size() < kTrailerBytes) return std::nullopt;
  (void)LIDO_TRY(reader.read_at(reader.size() - kTrailerBytes, trailer));
  int64_t length = 0;
  for (size_t i = trailer.size(); i-- > 0;)
    length = length << 8 | std::to_integer<int64_t>(trailer[i]);
  if (length <= 0 || length > reader.size() - kTrailerBytes) return std::nullopt;
  FileRecord found{std::string(static_cast<size_t>(length), '\0'),
                   reader.size() - kTrailerBytes - length};
  (void)LIDO_TRY(reader.read_at(found.offset, std::as_writable_bytes(std::span(found.record))));
  return found;
}

}  // namespace lido::part
