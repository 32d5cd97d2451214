// SPDX-License-Identifier: Apache-2.0
#include "lido/part/record_file.h"

#include <gtest/gtest.h>

#include "lido/base/test_folder.h"
#include "lido/storage/memory_reader.h"

namespace lido::part {
namespace {

Result<std::optional<FileRecord>> read_bytes(std::string_view bytes) {
  storage::MemoryReader reader(std::as_bytes(std::span(bytes.data(), bytes.size())));
  return read_record(reader);
}

/// "bytes", the record "record", and its length in eight bytes.
std::string file_bytes() { return std::string("bytesrecord\6\0\0\0\0\0\0\0", 19); }

TEST(RecordFile, ReadsTheRecordAtTheEnd) {
  const auto found = *read_bytes(file_bytes());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->record, "record");
  EXPECT_EQ(found->offset, 5);
}

TEST(RecordFile, WritesBytesThenRecordThenLength) {
  const TestFolder folder;
  const auto store = *storage::open_store(folder.string());
  const auto writer = *store->create("file");
  ASSERT_TRUE(writer->append(std::string_view("bytes")));
  ASSERT_TRUE(commit_with_record(*writer, "record"));
  EXPECT_EQ(*store->read_text("file"), file_bytes());
}

TEST(RecordFile, ATruncatedFileHasNoRecord) {
  const std::string whole = file_bytes();
  for (size_t length = 0; length < whole.size(); ++length) {
    const auto found = read_bytes(std::string_view(whole).substr(0, length));
    ASSERT_TRUE(found);
    EXPECT_FALSE(*found) << length;
  }
}

TEST(RecordFile, ALengthBeyondTheFileIsNoRecord) {
  for (const std::string& length :
       {std::string("\xff\xff\xff\xff\xff\xff\xff\x7f", 8), std::string(8, '\xff'),
        std::string(8, '\0'), std::string("\x0c\0\0\0\0\0\0\0", 8)})
    EXPECT_FALSE(*read_bytes("bytesrecord" + length));
}

}  // namespace
}  // namespace lido::part
