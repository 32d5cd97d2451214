// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/tar.h"

#include <array>
#include <cassert>
#include <charconv>
#include <cstring>

namespace lido::dataset {
namespace {

constexpr size_t kBlock = 512;
constexpr size_t kNameSize = 100;
constexpr size_t kSizeAt = 124, kSumAt = 148, kTypeAt = 156, kMagicAt = 257;

unsigned checksum(const char* header) {
  unsigned sum = 0;
  for (size_t i = 0; i < kBlock; ++i) {
    const bool in_field = i >= kSumAt && i < kSumAt + 8;
    sum += in_field ? ' ' : static_cast<unsigned char>(header[i]);
  }
  return sum;
}

size_t padded(size_t size) { return (size + kBlock - 1) / kBlock * kBlock; }

}  // namespace

void append_tar_entry(std::string& archive, std::string_view name, std::string_view content) {
  assert(name.size() <= kNameSize);
  std::array<char, kBlock> header{};
  name.copy(header.data(), kNameSize);
  std::memcpy(&header[100], "0000644", 7);
  std::memcpy(&header[108], "0000000", 7);
  std::memcpy(&header[116], "0000000", 7);
  fmt::format_to_n(&header[kSizeAt], 11, "{:011o}", content.size());
  std::memcpy(&header[136], "00000000000", 11);
  header[kTypeAt] = '0';
  std::memcpy(&header[kMagicAt], "ustar\00000", 8);
  fmt::format_to_n(&header[kSumAt], 6, "{:06o}", checksum(header.data()));
  header[kSumAt + 7] = ' ';
  archive.append(header.data(), kBlock);
  archive += content;
  archive.append(padded(content.size()) - content.size(), '\0');
}

std::string_view tar_end() {
  static constexpr std::array<char, 2 * kBlock> kEnd{};
  return {kEnd.data(), kEnd.size()};
}

Result<std::vector<TarEntry>> read_tar(std::span<const std::byte> archive) {
  std::vector<TarEntry> entries;
  size_t at = 0;
  while (at < archive.size()) {
    if (archive.size() - at < kBlock)
      return fail(ErrorCode::kCorrupt, "the tar archive ends too early, at byte {}", at);
    const char* header = reinterpret_cast<const char*>(archive.data()) + at;
    if (header[0] == '\0') break;
    unsigned stored_sum = 0;
    size_t size = 0;
    std::from_chars(header + kSumAt, header + kSumAt + 6, stored_sum, 8);
    const auto [end, error] = std::from_chars(header + kSizeAt, header + kSizeAt + 11, size, 8);
    if (error != std::errc() || stored_sum != checksum(header)) {
      return fail(ErrorCode::kCorrupt, "byte {}: want a tar header, got other data", at);
    }
    at += kBlock;
    if (size > archive.size() - at)
      return fail(ErrorCode::kCorrupt, "the tar archive ends too early, at byte {}", at);
    const bool regular = header[kTypeAt] == '0' || header[kTypeAt] == '\0';
    if (regular)
      entries.push_back(
          {std::string(header, strnlen(header, kNameSize)), archive.subspan(at, size)});
    at += std::min(padded(size), archive.size() - at);
  }
  return entries;
}

}  // namespace lido::dataset
