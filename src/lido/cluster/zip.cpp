// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/zip.h"

#include <cstdint>
#include <utility>

namespace lido::cluster {
namespace {

constexpr uint32_t kFileHeader = 0x04034b50, kDirectoryEntry = 0x02014b50;
constexpr uint32_t kDirectoryEnd = 0x06054b50;
constexpr uint16_t kVersion = 20;    // 2.0, the first with folders.
constexpr uint16_t kDosDate = 0x21;  // 1 January 1980: no time in the archive.

/// CRC-32 of ISO 3309, as in zlib.
uint32_t crc32_of(std::string_view data) {
  constexpr uint32_t kPolynomial = 0xedb88320;
  uint32_t crc = ~uint32_t{0};
  for (const char byte : data) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
  }
  return ~crc;
}

/// Appends little-endian numbers to a text.
class Bytes {
 public:
  Bytes& u16(uint16_t value) { return append(value, 2); }
  Bytes& u32(uint32_t value) { return append(value, 4); }
  Bytes& text(std::string_view value) {
    bytes_ += value;
    return *this;
  }
  uint32_t size() const { return static_cast<uint32_t>(bytes_.size()); }
  std::string take() { return std::move(bytes_); }

 private:
  Bytes& append(uint32_t value, int count) {
    for (int i = 0; i < count; ++i) bytes_ += static_cast<char>((value >> (8 * i)) & 0xff);
    return *this;
  }
  std::string bytes_;
};

}  // namespace

std::string zip_of(std::string_view name, std::string_view content) {
  const uint32_t crc = crc32_of(content);
  const auto size = static_cast<uint32_t>(content.size());
  const auto name_size = static_cast<uint16_t>(name.size());
  // Flags, method, time and date, checksum and sizes: equal in both headers.
  const auto describe = [&](Bytes& bytes) -> Bytes& {
    return bytes.u16(0).u16(0).u16(0).u16(kDosDate).u32(crc).u32(size).u32(size).u16(name_size);
  };
  Bytes zip;
  describe(zip.u32(kFileHeader).u16(kVersion)).u16(0).text(name).text(content);
  const uint32_t directory = zip.size();
  describe(zip.u32(kDirectoryEntry).u16(kVersion).u16(kVersion))
      .u16(0)  // Extra field, comment, disk, internal and external attributes, offset.
      .u16(0)
      .u16(0)
      .u16(0)
      .u32(0)
      .u32(0)
      .text(name);
  const uint32_t directory_size = zip.size() - directory;
  zip.u32(kDirectoryEnd).u16(0).u16(0).u16(1).u16(1).u32(directory_size).u32(directory).u16(0);
  return zip.take();
}

}  // namespace lido::cluster
