// SPDX-License-Identifier: Apache-2.0
#include "lido/ingest/contents.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "lido/ingest/test_store_folder.h"
#include "lido/storage/test_server.h"

namespace lido::ingest {
namespace {

using dataset::ClipRow;

/// Files whose content is their text, and a dataset that may know them.
class SettleContents : public testing::Test {
 protected:
  SettleContents()
      : dataset_(*dataset::Dataset::open_or_create(folder_.path("d"), {})),
        clips_(*ClipDb::open()) {}

  std::string put(const std::string& name, const std::string& text) {
    const std::string path = folder_.path(name);
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
    return path;
  }

  void find(const std::string& path, const std::string& camera = "", int64_t modified_ns = 1) {
    const auto bytes = static_cast<int64_t>(std::filesystem::file_size(path));
    ASSERT_TRUE(clips_->add_clip(
        {.input = {.uri = path, .bytes = bytes, .camera = camera, .modified_ns = modified_ns}}));
  }

  /// Publishes a generation with the clips at their present content.
  void publish(const std::vector<std::string>& paths, int64_t samples = 1,
               const std::vector<dataset::RejectedRow>& rejected = {}) {
    auto tables = *dataset_.begin_tables(1);
    for (const dataset::RejectedRow& row : rejected) ASSERT_TRUE(tables.rejected.append(row));
    for (const std::string& path : paths) {
      const auto reader = *storage::open_reader(path);
      ASSERT_TRUE(
          tables.clips.append(ClipRow{.clip = path,
                                      .bytes = reader->size(),
                                      .fingerprint = dataset::fingerprint_of(*reader)->pieces,
                                      .samples = samples,
                                      .modified_ns = 1}));
    }
    ASSERT_TRUE(dataset_.publish({.number = 1}, tables));
  }

  ContentNotes settle(bool has_dataset = true) {
    auto notes = settle_contents(*clips_, has_dataset ? &dataset_ : nullptr, 1, 2, {});
    EXPECT_TRUE(notes) << notes.error().message;
    return notes ? std::move(*notes) : ContentNotes{};
  }

  /// Puts something in a file's place that no user can read: a named pipe.
  void make_unreadable(const std::string& path) {
    std::filesystem::remove(path);
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  }

  /// Why a clip of the job is not used.
  std::string unusable(const std::string& path) {
    return clips_->find_input(path)->value().unusable;
  }

  std::vector<std::string> left() {
    std::vector<std::string> names;
    EXPECT_TRUE(clips_->visit_inputs([&](const part::ClipInput& clip) -> Result<void> {
      names.push_back(clip.uri);
      return {};
    }));
    return names;
  }

  using Names = std::vector<std::string>;
  TestStoreFolder folder_;
  dataset::Dataset dataset_;
  std::unique_ptr<ClipDb> clips_;
};

TEST_F(SettleContents, CopiesAreOneClip) {
  const auto a = put("a", "x"), b = put("b", "x"), c = put("c", "y");
  for (const auto& path : {c, b, a}) find(path);
  const ContentNotes notes = settle(false);
  EXPECT_EQ(left(), (Names{a, c}));
  EXPECT_EQ(notes.copies.count, 1);
  EXPECT_EQ(notes.copy_of.at(0), std::pair(b, a));
  EXPECT_EQ(*clips_->copies_of(a), Names{b});
  EXPECT_FALSE(clips_->find_input(a)->value().fingerprint.empty());
}

TEST_F(SettleContents, ACopyMayNotHaveAnotherCamera) {
  find(put("a", "x"), "left");
  find(put("b", "x"), "right");
  const auto notes = settle_contents(*clips_, nullptr, 0, 1, {});
  ASSERT_FALSE(notes);
  EXPECT_EQ(notes.error().code, ErrorCode::kInvalidArgument);
  for (const char* part : {"/a", "/b", "camera", "left", "right"})
    EXPECT_NE(notes.error().message.find(part), std::string::npos) << notes.error().message;
}

TEST_F(SettleContents, ACopyMayNotHaveAnotherTime) {
  for (const auto& [name, start_us] : {std::pair("a", 1'000'000), {"b", 2'000'000}})
    ASSERT_TRUE(clips_->add_clip(
        {.input = {.uri = put(name, "x"), .bytes = 1, .start_utc = dataset::UtcTime{start_us}}}));
  const auto notes = settle_contents(*clips_, nullptr, 0, 1, {});
  ASSERT_FALSE(notes);
  for (const char* part : {"start_utc", "1970-01-01T00:00:01", "1970-01-01T00:00:02"})
    EXPECT_NE(notes.error().message.find(part), std::string::npos) << notes.error().message;
}

TEST_F(SettleContents, AKnownClipWithAnotherDescriptionIsNamed) {
  const auto a = put("a", "x"), b = put("b", "y");
  publish({a, b});
  find(a, "left");
  find(b);  // from a folder: not described
  const ContentNotes notes = settle();
  EXPECT_EQ(notes.known, 2);
  EXPECT_EQ(notes.redescribed.count, 1);
  EXPECT_EQ(names_of(notes.redescribed), a + ": camera is \"left\", and \"\" in the dataset");
}

TEST_F(SettleContents, FilesThatShareTheirPiecesAreComparedWhole) {
  std::string bytes(2 << 20, 'x');
  const auto a = put("a", bytes), copy = put("b", bytes);
  bytes[300'000] = 'y';
  const auto other = put("c", bytes);
  for (const auto& path : {a, copy, other}) find(path);
  EXPECT_EQ(settle(false).copies.count, 1);
  EXPECT_EQ(left(), (Names{a, other}));
}

TEST_F(SettleContents, TheDatasetKnowsTouchedAndMovedFiles) {
  const auto a = put("a", "x"), b = put("b", "y"), c = put("c", "z");
  publish({a, b, c});
  find(a, "", 1);
  find(b, "", 2);
  const auto moved = put("elsewhere", "z");
  std::filesystem::remove(c);
  find(moved);
  const ContentNotes notes = settle();
  EXPECT_EQ(notes.known, 3);
  EXPECT_EQ(notes.moved.count, 1);
  EXPECT_EQ(notes.changed.count, 0);
  EXPECT_TRUE(left().empty());
}

TEST_F(SettleContents, AChangedClipIsLeftOutUnlessItGaveNoSamples) {
  const auto a = put("a", "x");
  for (const int64_t samples : {1, 0}) {
    publish({put("a", "x")}, samples);
    put("a", "y");
    clips_ = *ClipDb::open();
    find(a, "", 2);
    const ContentNotes notes = settle();
    EXPECT_EQ(notes.changed.count, samples);
    EXPECT_EQ(left(), samples > 0 ? Names{} : Names{a});
    std::filesystem::remove_all(folder_.path("d") + "/generations");
  }
}

TEST_F(SettleContents, AClipThatFailedFromOutsideIsNew) {
  const auto a = put("a", "x"), b = put("b", "y"), c = put("c", "z"), old = put("old", "w");
  publish({a, b, c, old}, 0,
          {{a, "was killed", 0, 0, "outside"},
           {b, "no video", 0, 0, "content"},
           {c, "no access", 0, 0, "outside"},
           {old, "of an earlier version", 0, 0, ""}});
  for (const auto& path : {a, b, old}) find(path);
  // The content of c under another name is no copy of a clip that gave nothing.
  std::filesystem::remove(c);
  const auto moved = put("elsewhere", "z");
  find(moved);
  const ContentNotes notes = settle();
  EXPECT_EQ(left(), (Names{a, moved, old}));
  EXPECT_EQ(notes.known, 1);
  EXPECT_EQ(notes.retried, 2);
  EXPECT_EQ(notes.moved.count, 0);
}

TEST_F(SettleContents, ACopyOfAKnownClipIsRecorded) {
  const auto a = put("a", "x"), copy = put("b", "x");
  publish({a});
  find(copy);
  const ContentNotes notes = settle();
  EXPECT_EQ(notes.copies.count, 1);
  EXPECT_EQ(notes.new_copies.at(a), Names{copy});
  EXPECT_TRUE(left().empty());
}

TEST_F(SettleContents, ClipsOfEarlierVersionsAreKnownByTheirEnds) {
  const auto a = put("a", "x"), copy = put("b", "x");
  auto tables = *dataset_.begin_tables(1);
  const auto ends = dataset::fingerprint_of(**storage::open_reader(a))->ends;
  ASSERT_TRUE(
      tables.clips.append(ClipRow{.clip = a, .bytes = 1, .fingerprint = ends, .samples = 1}));
  ASSERT_TRUE(dataset_.publish({.number = 1}, tables));
  find(a);
  find(copy);
  const ContentNotes notes = settle();
  EXPECT_EQ(notes.known, 1);
  EXPECT_EQ(notes.copies.count, 1);
}

TEST_F(SettleContents, ForgottenFootageIsKnownUnderAnyName) {
  const auto whole = put("a", "x"), stretch = put("b", "y"), same_name = put("c", "z");
  const auto print = [](const std::string& path) {
    return dataset::fingerprint_of(**storage::open_reader(path))->pieces;
  };
  publish({});
  ASSERT_TRUE(dataset_.write_forgotten(
      {{.clip = "/gone/a", .end_s = INFINITY, .fingerprint = print(whole)},
       {.clip = "/gone/b", .start_s = 1, .end_s = 2, .fingerprint = print(stretch)},
       {.clip = same_name, .start_s = 1, .end_s = 2}}));
  for (const auto& path : {whole, stretch, same_name}) find(path);
  const ContentNotes notes = settle();
  EXPECT_EQ(left(), (Names{stretch, same_name}));
  EXPECT_EQ(notes.forgotten.count, 3);
  const auto has_record = [&](const std::string& path) {
    return std::ranges::any_of(notes.records, [&](const auto& record) {
      return record.clip == path && record.start_s == 1 && record.end_s == 2;
    });
  };
  EXPECT_TRUE(has_record(stretch));
  EXPECT_TRUE(has_record(same_name));
}

TEST_F(SettleContents, AClipOfTheDatasetThatWasForgottenIsNotCountedAsKnown) {
  const auto a = put("a", "x"), b = put("b", "y");
  publish({a, b});
  ASSERT_TRUE(dataset_.write_forgotten({{.clip = a, .end_s = INFINITY}}));
  find(a);
  find(b);
  const ContentNotes notes = settle();
  EXPECT_TRUE(left().empty());
  EXPECT_EQ(notes.known, 1);
  EXPECT_EQ(notes.forgotten.count, 1);
}

TEST_F(SettleContents, AClipThatCannotBeReadIsNotUsed) {
  const auto a = put("a", "x");
  publish({});
  const auto print = dataset::fingerprint_of(**storage::open_reader(a))->pieces;
  ASSERT_TRUE(
      dataset_.write_forgotten({{.clip = "/gone/a", .end_s = INFINITY, .fingerprint = print}}));
  find(a);
  make_unreadable(a);
  settle();
  EXPECT_EQ(left(), Names{a});
  EXPECT_NE(unusable(a).find("a named pipe"), std::string::npos) << unusable(a);
  // The next job.
  std::filesystem::remove(a);
  clips_ = *ClipDb::open();
  find(put("a", "x"));
  settle();
  EXPECT_TRUE(left().empty()) << "forgotten, now that it can be read";
}

TEST_F(SettleContents, ABucketThatFailsHidesNoForgottenClip) {
  const storage::TestServer server([](const std::string& request) {
    const bool is_state = request.find("alt=media") == std::string::npos;
    return is_state ? storage::TestServer::reply("200 OK", R"({"generation":"1","size":"9"})")
                    : storage::TestServer::reply("404 Not Found", "");
  });
  ::setenv("CLOUD_STORAGE_EMULATOR_ENDPOINT", server.url().c_str(), 1);
  ASSERT_TRUE(clips_->add_clip({.input = {.uri = "gs://pool/a.mp4", .bytes = 9}}));
  const auto failed = settle_contents(*clips_, nullptr, 0, 1, {});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kUnavailable) << failed.error().message;
  std::stop_source stop;
  stop.request_stop();
  storage::stop_requests_on(stop.get_token());
  const auto stopped = settle_contents(*clips_, nullptr, 0, 1, {});
  storage::stop_requests_on({});
  ::unsetenv("CLOUD_STORAGE_EMULATOR_ENDPOINT");
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled) << stopped.error().message;
}

TEST_F(SettleContents, AClipWhoseOriginalCannotBeReadIsNoCopyAndNotUsed) {
  const std::string bytes(2 << 20, 'x');
  const auto a = put("a", bytes), b = put("b", bytes);
  publish({a});
  make_unreadable(a);
  find(b);
  const ContentNotes notes = settle();
  EXPECT_EQ(notes.copies.count + notes.moved.count + notes.known, 0);
  EXPECT_EQ(left(), Names{b});
  EXPECT_NE(unusable(b).find("may be a copy of"), std::string::npos) << unusable(b);
  EXPECT_NE(unusable(b).find(a), std::string::npos) << unusable(b);
}

TEST_F(SettleContents, FootageIsKnownAlsoWhenItsFileWasWrittenOver) {
  std::string bytes(2 << 20, 'x');
  const auto a = put("a", bytes), b = put("b", bytes);
  publish({a});
  ASSERT_TRUE(dataset_.write_forgotten({{.clip = a, .start_s = 1, .end_s = 2}}));
  bytes.front() = 'y';
  put("a", bytes);  // a recorder uses the file again
  find(b);
  EXPECT_EQ(settle().moved.count, 1);
  EXPECT_TRUE(left().empty());
}

}  // namespace
}  // namespace lido::ingest
