// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/events.h"

#include <array>
#include <bit>
#include <cstring>

namespace lido::learn {
namespace {

static_assert(std::endian::native == std::endian::little, "records are little-endian");

constexpr std::array<uint32_t, 256> kCrcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78U : crc >> 1;
    table[byte] = crc;
  }
  return table;
}();

template <typename T>
std::string raw(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<char>(value | 0x80));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

/// A field of Protocol Buffers: its number, the wire type and the value's bytes.
std::string field(uint64_t number, uint64_t type, const std::string& value) {
  const std::string size = type == 2 ? varint(value.size()) : "";
  return varint(number << 3 | type) + size + value;
}

uint32_t masked(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xa282ead8U; }

std::string record(const std::string& event) {
  const std::string size = raw<uint64_t>(event.size());
  return size + raw(masked(size)) + event + raw(masked(event));
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  uint32_t crc = ~0U;
  for (const char byte : bytes)
    crc = kCrcTable[(crc ^ static_cast<uint8_t>(byte)) & 0xff] ^ crc >> 8;
  return ~crc;
}

std::string event_file(std::span<const dataset::MetricRow> rows, double time_s) {
  const std::string time = field(1, 1, raw(time_s));
  std::string file = record(time + field(3, 2, "brain.Event:2"));
  for (const dataset::MetricRow& row : rows) {
    const std::string tag = row.split + "/" + (row.task.empty() ? "" : row.task + "/") + row.name;
    const std::string value = field(1, 2, tag) + field(2, 5, raw(static_cast<float>(row.value)));
    file += record(time + field(2, 0, varint(static_cast<uint64_t>(row.step))) +
                   field(5, 2, field(1, 2, value)));
  }
  return file;
}

}  // namespace lido::learn
