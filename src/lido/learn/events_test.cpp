// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/events.h"

#include <gtest/gtest.h>

#include <vector>

namespace lido::learn {
namespace {

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

// The examples of RFC 3720, appendix B.4, and the usual check value.
TEST(Crc32c, IsThatOfTheStandard) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
}

// Bytes written by hand from record_writer.cc, event.proto and summary.proto. The checksums are
// those of a bit-by-bit CRC in Python, rotated by 15 bits, plus the constant of the format.
TEST(EventFile, HasRecordsOfTheFormat) {
  const std::vector<dataset::MetricRow> rows = {{3, 0, "val", "age", "macro_f1", 0.5}};
  const std::string file = event_file(rows, 1.0);
  // The length of the first event: 9 bytes of time, 15 of the version.
  EXPECT_EQ(file.substr(0, 12), from_hex("1800000000000000a37f4b22"));
  const std::string time = from_hex("09000000000000f03f");
  EXPECT_EQ(file.substr(12, 24), time + from_hex("1a0d") + "brain.Event:2");
  EXPECT_EQ(file.substr(36, 4), from_hex("86bf577a"));
  const std::string value = from_hex("0a10") + "val/age/macro_f1" + from_hex("150000003f");
  const std::string event = time + from_hex("1003") + from_hex("2a19") + from_hex("0a17") + value;
  ASSERT_EQ(file.size(), 40 + 12 + event.size() + 4);
  EXPECT_EQ(file.substr(40, 12), from_hex("2600000000000000734fe300"));
  EXPECT_EQ(file.substr(52, event.size()), event);
  EXPECT_EQ(file.substr(52 + event.size()), from_hex("07db9fb4"));
}

}  // namespace
}  // namespace lido::learn
