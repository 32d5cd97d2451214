// SPDX-License-Identifier: Apache-2.0
// Files are written by hand: ISO/IEC 14496-12, 4.2 and 8.8.
#include "lido/media/mp4_fragments.h"

#include <gtest/gtest.h>

#include <string>

#include "lido/storage/memory_reader.h"

namespace lido::media {
namespace {

std::string mp4_box(const char* kind, const std::string& payload) {
  std::string box;
  for (int shift = 24; shift >= 0; shift -= 8)
    box += static_cast<char>((payload.size() + 8) >> shift & 255);
  return box + kind + payload;
}

std::string moof(bool timed = true) {
  const std::string track = mp4_box("tfhd", std::string(8, 'h')) +
                            (timed ? mp4_box("tfdt", std::string(12, 't')) : "") +
                            mp4_box("trun", std::string(40, 'r'));
  return mp4_box("moof", mp4_box("mfhd", std::string(8, 'm')) + mp4_box("traf", track));
}

/// A file of five fragments, and where each begins.
struct Fragmented {
  std::string bytes = mp4_box("ftyp", "isom") + mp4_box("moov", std::string(100, 'x'));
  std::vector<int64_t> begins;
  explicit Fragmented(bool timed = true) {
    for (int i = 0; i < 5; ++i) {
      begins.push_back(std::ssize(bytes));
      bytes += moof(timed) + mp4_box("mdat", std::string(5000, 'd'));
    }
  }
};

std::vector<FragmentHole> holes(const std::string& file) {
  storage::MemoryReader reader(std::as_bytes(std::span(file.data(), file.size())));
  return *find_fragment_holes(reader);
}

TEST(FindFragmentHoles, FindsNoneInWholeFilesAndInOthers) {
  EXPECT_TRUE(holes(Fragmented().bytes).empty());
  EXPECT_TRUE(holes(Fragmented().bytes + mp4_box("beam", "a vendor's")).empty());
  EXPECT_TRUE(holes(mp4_box("ftyp", "isom") + mp4_box("mdat", std::string(50, 'x'))).empty());
  EXPECT_TRUE(holes("").empty());
  EXPECT_TRUE(holes(std::string(10'000, '\0')).empty());
}

TEST(FindFragmentHoles, EndAtTheNextWholeFragment) {
  const Fragmented file;
  for (const int64_t length : {20, 4000, 5600}) {
    std::string damaged = file.bytes;
    // Up to the end of a fragment's data, its header, and bytes of the next one's data.
    const auto begin = static_cast<size_t>(file.begins[2]);
    damaged.replace(begin - 10, static_cast<size_t>(length), static_cast<size_t>(length), '\0');
    const auto found = holes(damaged);
    ASSERT_EQ(found.size(), 1U) << length;
    EXPECT_EQ(found[0].begin, file.begins[2]);
    EXPECT_EQ(found[0].end, file.begins[length > 5200 ? 4 : 3]);
  }
}

TEST(FindFragmentHoles, LooksIntoHeadersAndBehindMissingBytes) {
  const Fragmented file;
  const auto begin = static_cast<size_t>(file.begins[1]);
  std::string damaged = file.bytes;
  damaged.replace(begin + 40, 30, 30, '\0');
  auto found = holes(damaged);
  ASSERT_EQ(found.size(), 1U) << "the header's own length is right, that of a box inside is not";
  EXPECT_EQ(found[0].begin, file.begins[1]);
  EXPECT_EQ(found[0].end, file.begins[2]);
  damaged = file.bytes;
  damaged.erase(begin + 1000, 500);
  found = holes(damaged);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].begin, file.begins[2]) << "where the data should end";
  EXPECT_EQ(found[0].end, file.begins[3] - 500);
}

TEST(FindFragmentHoles, ZerosUpToTheEndAreOne) {
  const Fragmented file;
  const auto found = holes(file.bytes + std::string(3000, '\0'));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].begin, std::ssize(file.bytes));
  EXPECT_EQ(found[0].end, std::ssize(file.bytes) + 3000);
}

TEST(FindFragmentHoles, TakesNoFragmentWithoutATime) {
  Fragmented file(false);
  EXPECT_TRUE(holes(file.bytes).empty());
  file.bytes.replace(static_cast<size_t>(file.begins[2]), 60, 60, '\0');
  const auto found = holes(file.bytes);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].begin, file.begins[2]);
  EXPECT_EQ(found[0].end, std::ssize(file.bytes)) << "no later one can be placed in time";
}

}  // namespace
}  // namespace lido::media
