// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/fingerprint.h"

#include <algorithm>
#include <vector>

#include "lido/base/hash.h"

namespace lido::dataset {
namespace {

constexpr int64_t kPieceBytes = 64 << 10;
constexpr int64_t kPieces = 5;
constexpr size_t kReadBytes = 8 << 20;
/// Start of every Fingerprint::pieces, so that it differs from those of earlier versions.
constexpr std::string_view kPiecesMark = "p5:";

/// Reads a piece. @return Fewer bytes than kPieceBytes at the end of the file.
Result<std::string> read_piece(storage::Reader& reader, int64_t offset) {
  std::string bytes(static_cast<size_t>(kPieceBytes), '\0');
  bytes.resize(LIDO_TRY(reader.read_at(offset, std::as_writable_bytes(std::span(bytes)))));
  return bytes;
}

}  // namespace

Result<Fingerprint> fingerprint_of(storage::Reader& reader) {
  const int64_t last = std::max<int64_t>(0, reader.size() - kPieceBytes);
  Sha256 pieces, ends;
  pieces.update(std::to_string(reader.size()));
  ends.update(std::to_string(reader.size()));
  for (int64_t i = 0; i < kPieces; ++i) {
    const std::string bytes = LIDO_TRY(
        read_piece(reader, is_whole(reader.size()) ? i * kPieceBytes : last / (kPieces - 1) * i));
    pieces.update(bytes);
    if (i == 0) ends.update(bytes);
  }
  const std::string tail = LIDO_TRY(read_piece(reader, last));
  ends.update(tail);
  pieces.update(tail);
  return Fingerprint{std::string(kPiecesMark) + pieces.hex(), ends.hex()};
}

bool is_whole(int64_t bytes) { return bytes <= kPieces * kPieceBytes; }

Result<std::string> hash_all(storage::Reader& reader) {
  Sha256 hash;
  std::vector<std::byte> block(kReadBytes);
  for (int64_t at = 0; at < reader.size();) {
    const size_t read = LIDO_TRY(reader.read_at(at, block));
    if (read == 0) break;
    hash.update(std::span(block).first(read));
    at += static_cast<int64_t>(read);
  }
  return hash.hex();
}

}  // namespace lido::dataset
