// SPDX-License-Identifier: Apache-2.0
// Files are written by hand, or cut from one that FFmpeg's program wrote.
#include "lido/media/unreadable.h"

#include <gtest/gtest.h>

#include "lido/media/demuxer.h"
#include "lido/storage/memory_reader.h"
#include "lido/storage/store.h"

namespace lido::media {
namespace {

std::string why_not(std::string_view file) {
  storage::MemoryReader reader(std::as_bytes(std::span(file.data(), file.size())));
  const auto demuxer = Demuxer::open(reader);
  return demuxer ? "opened" : demuxer.error().message;
}

std::string whole_clip(const char* name) {
  const auto reader = *storage::open_reader(fmt::format("{}/{}", LIDO_TEST_CLIPS, name));
  return *storage::read_all(*reader, int64_t{1} << 30);
}

TEST(ExplainUnreadable, TellsFilesApart) {
  EXPECT_EQ(why_not(std::string(100'000, '\0')),
            "not readable as video: 100000 bytes of zeros: the recorder or the copy wrote nothing");
  EXPECT_EQ(why_not("\xef\xbb\xbf \r\n<!DOCTYPE HTML><html><body>Sign in</body></html>"),
            "not readable as video: a web page. Download the video itself");
  EXPECT_EQ(why_not("clip,start_s\na.mp4,1\n"), "not readable as video: a text file");
  const std::string other = "\x01\x02\x03\x04\x7f\xff\xfe\x80 something";
  EXPECT_EQ(why_not(other + std::string(5000, 'x')),
            "not readable as video: Invalid data found when processing input");
}

TEST(ExplainUnreadable, NamesWhatIsMissingOfAnMp4File) {
  const std::string index_last = whole_clip("h264_b.mp4");
  EXPECT_TRUE(why_not(index_last.substr(0, index_last.size() / 2))
                  .starts_with("not readable as video: no index (moov box) in "));
  const std::string index_first = whole_clip("h264_moov_first.mp4");
  EXPECT_TRUE(why_not(index_first.substr(0, 1000))
                  .starts_with("not readable as video: the file is cut off inside its index (moov "
                               "box): 1000 bytes, want "));
}

TEST(StartOfCutFragment, IsWhereTheWholeFragmentsEnd) {
  const std::string file = whole_clip("h264_fragmented.mp4");
  std::vector<size_t> fragments;
  for (size_t at = file.find("moof"); at != std::string::npos; at = file.find("moof", at + 1))
    fragments.push_back(at - 4);
  ASSERT_GE(fragments.size(), 3U);
  const auto cut = [&](size_t bytes) {
    const std::string_view rest = std::string_view(file).substr(0, bytes);
    storage::MemoryReader reader(std::as_bytes(std::span(rest.data(), rest.size())));
    return *start_of_cut_fragment(reader);
  };
  EXPECT_EQ(cut(fragments[2] + 40), static_cast<int64_t>(fragments[2]));
  EXPECT_EQ(cut(file.size()), -1) << "whole";
  EXPECT_EQ(cut(fragments[0] + 40), -1) << "no whole fragment";
  EXPECT_EQ(why_not(file.substr(0, fragments[2] + 40)), "opened");
}

}  // namespace
}  // namespace lido::media
