// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/forget.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>

#include "lido/base/test_folder.h"
#include "lido/dataset/dataset_fixture.h"
#include "lido/dataset/export.h"
#include "lido/dataset/fingerprint.h"
#include "lido/dataset/removal.h"
#include "lido/dataset/scene_removal.h"
#include "lido/dataset/stored_files.h"
#include "lido/dataset/table_docs.h"

namespace lido::dataset {
namespace {

class Forget : public ForgetFixture {};

TEST_F(Forget, LeavesNoByteOfTheSamples) {
  const auto before = samples(1);
  const auto summary = forget("a.mp4", 2, 4);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->generation, 2);
  EXPECT_EQ(summary->samples, 1);
  EXPECT_EQ(summary->shards, 1);
  EXPECT_EQ(proof_.shards, 2);
  const auto after = samples(2);
  ASSERT_EQ(after.size(), 7U);
  for (const SampleRow& row : after) {
    EXPECT_NE(row.sample, "a_00000002");
    EXPECT_TRUE(dataset_->read_sample(row)) << row.sample;
  }
  EXPECT_EQ(after[1].sha256, before[2].sha256) << "kept samples keep their bytes";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
    if (!entry.is_regular_file()) continue;
    const std::string bytes = read(std::filesystem::relative(entry, folder_.path()).string());
    EXPECT_EQ(bytes.find("a_00000002"), std::string::npos) << entry.path();
  }
  EXPECT_FALSE(std::filesystem::exists(folder_ / "generations/000001"));
  const auto records = *dataset_->forgotten();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].clip, "/pool/a.mp4");
  EXPECT_EQ(records[0].samples, 1);
  EXPECT_TRUE(records[0].done);
  EXPECT_EQ(records[0].shards_before.size(), 1U);
  EXPECT_NE(records[0].shards_before, records[0].shards_after);
}

TEST_F(Forget, AgainKeepsOneRecordAndItsCounts) {
  ASSERT_TRUE(forget("a.mp4", 2, 4));
  const auto again = forget("a.mp4", 2, 4);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->samples, 0);
  EXPECT_EQ(again->generation, 2);
  ASSERT_EQ(dataset_->forgotten()->size(), 1U);
  EXPECT_EQ(dataset_->forgotten()->at(0).samples, 1);
}

TEST_F(Forget, CarriesOutWhatAnEarlierRunRecordedOnly) {
  ASSERT_TRUE(dataset_->write_forgotten(
      {{.clip = "/pool/a.mp4", .start_s = 2, .end_s = 4, .samples = 9, .done = false}}));
  ASSERT_TRUE(forget("b.mp4", 0, 1));
  EXPECT_EQ(samples(2).size(), 6U);
  EXPECT_EQ(dataset_->forgotten()->at(0).samples, 1) << "counted anew";
}

TEST_F(Forget, AWholeClipRemovesItsShard) {
  const std::string shard = samples(1)[0].shard;
  const auto summary = forget("a.mp4", 0, INFINITY);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->samples, 4);
  EXPECT_EQ(proof_.shards, 1);
  EXPECT_FALSE(std::filesystem::exists(folder_ / shard));
}

TEST_F(Forget, NamesTheRunsThatReadTheFootage) {
  enter_run("first", 1);
  const auto preview =
      preview_forget(*dataset_, {.stretches = {{.clip = "a.mp4", .start_s = 2, .end_s = 4}}});
  ASSERT_TRUE(preview) << preview.error().message;
  ASSERT_EQ(preview->seen_by.size(), 1U);
  EXPECT_EQ(preview->seen_by[0].folder, "/runs/first");
  const auto summary = forget("a.mp4", 2, 4);
  ASSERT_TRUE(summary) << summary.error().message;
  ASSERT_EQ(summary->seen_by.size(), 1U);
  EXPECT_EQ(dataset_->forgotten()->at(0).seen_by, std::vector<std::string>{"first"});
  EXPECT_TRUE(proof_.foreign.empty());
  // The second run never saw what was forgotten first; the first run saw both, although its
  // generation is gone.
  enter_run("second", 2);
  ASSERT_TRUE(forget("a.mp4", 4, 6));
  const auto records = *dataset_->forgotten();
  EXPECT_EQ(records.at(0).seen_by, std::vector<std::string>{"first"});
  EXPECT_EQ(records.at(1).seen_by, (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(read_training_runs(dataset_->store())->runs.size(), 2U) << "the entries stay";
  // Again, with nothing left to remove.
  const auto again = forget("a.mp4", 2, 4);
  ASSERT_TRUE(again) << again.error().message;
  ASSERT_EQ(again->seen_by.size(), 1U);
  EXPECT_EQ(again->seen_by[0].id, "first");
}

TEST_F(Forget, NamesARunOfAGenerationThatAKilledRemovalLeft) {
  // A removal that ended before it swept: generation 2 lacks the sample, generation 1 is there.
  auto run = *ForgetRun::open(*dataset_, {.stretches = {{"a.mp4", 2, 4}}});
  const std::string saved = folder_.string() + "-saved";
  std::filesystem::copy(folder_ / "generations/000001", saved);
  ASSERT_TRUE(run.remove());
  std::filesystem::copy(saved, folder_ / "generations/000001");
  std::filesystem::remove_all(saved);
  enter_run("late", 1);
  ASSERT_TRUE(run.remove());
  EXPECT_EQ(dataset_->forgotten()->at(0).seen_by, std::vector<std::string>{"late"});
}

TEST_F(Forget, ADamagedRunIsNamedAndKeepsNoFootage) {
  ASSERT_TRUE(dataset_->store().write_text("training_runs/bad.json", "[]"));
  const auto summary = forget("a.mp4", 2, 4);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->samples, 1);
  ASSERT_EQ(summary->notes.size(), 1U);
  EXPECT_TRUE(summary->notes[0].contains("training_runs/bad.json: the file: want a JSON object"))
      << summary->notes[0];
}

TEST_F(Forget, RefusesLinksWhoseBytesWouldStay) {
  namespace fs = std::filesystem;
  const TestFolder disk;
  const std::string shard = samples(1)[0].shard;
  const auto refuses = [&](const fs::path& place) {
    fs::rename(place, disk / "moved");
    fs::create_symlink(disk / "moved", place);
    const auto refused = forget("a.mp4", 2, 4);
    EXPECT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(refused.error().message.starts_with(
        fmt::format("{}: a link to {}/moved, ", place.string(), disk.string())))
        << refused.error().message;
    EXPECT_FALSE(preview_forget(*dataset_, {}));
    fs::remove(place);
    fs::rename(disk / "moved", place);
  };
  std::ofstream(folder_ / "report.html") << "page";
  refuses(folder_ / shard);
  refuses(folder_ / "shards");
  refuses(folder_ / "report.html");
  EXPECT_TRUE(dataset_->forgotten()->empty()) << "nothing was begun";
  EXPECT_EQ(read("report.html"), "page");
  ASSERT_TRUE(forget("a.mp4", 2, 4));
}

TEST_F(Forget, NotesFurtherNamesOfRemovedFiles) {
  std::filesystem::create_hard_link(folder_ / samples(1)[0].shard, folder_ / "backup.tar");
  const auto summary = forget("a.mp4", 2, 4);
  ASSERT_TRUE(summary) << summary.error().message;
  ASSERT_EQ(summary->notes.size(), 1U);
  EXPECT_TRUE(summary->notes[0].starts_with("1 file was removed with further names on this disk"))
      << summary->notes[0];
}

TEST_F(Forget, WhatIsNotThereChangesNothing) {
  ASSERT_TRUE(dataset_->store().write_text("report.html", "page"));
  EXPECT_EQ(forget("gone.mp4", 0, 1).error().code, ErrorCode::kNotFound);
  for (const auto& [start_s, end_s] : {std::pair{3.0, 2.0}, {-1.0, 2.0}, {NAN, 2.0}, {1.0, NAN}})
    EXPECT_EQ(forget("a.mp4", start_s, end_s).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(samples(1).size(), 8U);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "forgotten.json"));
  EXPECT_EQ(read("report.html"), "page");
}

TEST_F(Forget, RemovesLeftoversOfUnfinishedWorkAndKeepsForeignFiles) {
  auto& store = dataset_->store();
  for (const char* name :
       {"shards/.g000001-train-000001.tar.partial", "generations/000007/manifest.parquet",
        "shards/g000009-train-000000.tar", "scenes/g000009/views/x.jpg", ".work/parts/1"})
    ASSERT_TRUE(store.write_text(name, "a_00000002"));
  ASSERT_TRUE(store.write_text("notes.txt", "mine"));
  const auto summary = forget("a.mp4", 2, 4);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->leftovers, 2);
  EXPECT_EQ(proof_.foreign, std::vector<std::string>{"notes.txt"});
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
    if (!entry.is_regular_file()) continue;
    const std::string bytes = read(std::filesystem::relative(entry, folder_.path()).string());
    EXPECT_EQ(bytes.find("a_00000002"), std::string::npos) << entry.path();
  }
}

TEST_F(Forget, FilesThatShareTheirFingerprintAreComparedWhole) {
  // A recorder that preallocates: equal ends and middles, and a difference beside those pieces.
  const TestFolder pool;
  const auto write = [&](const char* name, char byte) {
    std::string bytes(1 << 20, '\0');
    bytes[100'000] = byte;
    std::ofstream(pool / name, std::ios::binary) << bytes;
    return (pool / name).string();
  };
  const std::string known = write("known.mp4", 'a'), other = write("other.mp4", 'b'),
                    equal = write("equal.mp4", 'a');
  const auto print = fingerprint_of(**storage::open_reader(known));
  ASSERT_EQ(fingerprint_of(**storage::open_reader(other))->pieces, print->pieces);
  republish(
      [&](ClipRow& row) {
        row.clip = row.clip == "/pool/a.mp4" ? known : other;
        row.bytes = 1 << 20;
        row.fingerprint = print->pieces;
      },
      {});
  const auto one = forget(known.c_str(), 2, 4);
  EXPECT_TRUE(one) << one.error().message << ": no copy of the other clip";
  // Files that no generation has.
  republish(
      [&](ClipRow& row) {
        if (row.clip == other) row.clip = "/pool/b.mp4", row.fingerprint = "";
      },
      {});
  const auto same = forget(equal.c_str(), 0, INFINITY);
  ASSERT_FALSE(same);
  EXPECT_NE(same.error().message.find("has this content as " + known), std::string::npos)
      << same.error().message;
  const auto different = forget(other.c_str(), 0, INFINITY);
  EXPECT_TRUE(different) << different.error().message;
}

TEST_F(Forget, OfNoFootageRemovesUnfinishedWorkOnly) {
  ASSERT_TRUE(dataset_->store().write_text(".work/parts/1", "unfinished"));
  const int before = *dataset_->latest();
  const auto preview = preview_forget(*dataset_, {});
  ASSERT_TRUE(preview);
  EXPECT_EQ(preview->leftovers, 1);
  const auto summary = forget(ForgetRequest{});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->leftovers, 1);
  EXPECT_EQ(summary->samples, 0);
  EXPECT_EQ(*dataset_->latest(), before);
  EXPECT_EQ(*count_unfinished(dataset_->store()), 0);
}

TEST_F(Forget, APreviewCountsAndChangesNothing) {
  add_scene();
  const auto summary = preview_forget(*dataset_, {.stretches = {{"a.mp4", 2, 4}}});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->samples, 1);
  EXPECT_EQ(summary->rows, 3) << "an object, a track and a pose";
  EXPECT_EQ(summary->views, 1);
  EXPECT_EQ(summary->plates, 0);
  EXPECT_EQ(summary->shards, 1);
  EXPECT_EQ(*dataset_->latest(), 2);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "forgotten.json"));
}

TEST_F(Forget, AnExportHasTheRowsAndViewsThatItRemoves) {
  add_scene();
  const ForgetRequest request{.stretches = {{"b.mp4", 2, 4}}};
  const auto removed = preview_forget(*dataset_, request);
  ASSERT_TRUE(removed) << removed.error().message;
  const TestFolder out;
  auto to = storage::OutputFolder::open((out.path() / "export").string(), "lido export",
                                        exported_names());
  ASSERT_TRUE(to) << to.error().message;
  const auto exported = export_footage(*dataset_, request, *to);
  ASSERT_TRUE(exported) << exported.error().message;
  EXPECT_EQ(exported->samples, removed->samples);
  EXPECT_EQ(exported->rows, removed->rows);
  EXPECT_EQ(exported->views, removed->views);
  EXPECT_EQ(exported->plates, removed->plates);
  EXPECT_EQ(removed->rows, 1) << "an object of b.mp4";
  EXPECT_EQ(removed->plates, 1);
}

/// Every stored table that names a clip is one that forgetting decided about.
TEST_F(Forget, KnowsEveryTableThatNamesAClip) {
  std::set<std::string> known = {
      "manifest",  // rewritten with the shards
      "labels",    // cut_forgotten()
      // Names, times and reasons of clips, by which a later ingest knows them; no footage.
      "clips", "spans", "skipped", "gaps", "rejected",
      // Folders of `lido synth`, whose people are simulated.
      "frames/CAMERA", "truth/CAMERA", "label_boxes",
      // Files of `lido eval` and for `lido predict`, outside of datasets: keys, times, scores and
      // points; no footage.
      "predictions", "keypoints"};
  ASSERT_TRUE(visit_scene_tables([&]<typename Row>(std::type_identity<Row>) -> Result<void> {
    known.emplace(Row::kTable);
    return {};
  }));
  for (const TableDoc& table : table_docs()) {
    const bool has_clip =
        std::ranges::find(table.columns, "clip", &ColumnDoc::name) != table.columns.end();
    EXPECT_TRUE(!has_clip || known.contains(table.name))
        << table.name << ": lido forget does not know it; see visit_scene_tables() in removal.h";
  }
}

TEST_F(Forget, ABrokenSceneFolderIsAFaultAfterTheRestIsGone) {
  add_scene();
  ASSERT_TRUE(
      dataset_->store().write_text(scene_table<TrackRow>(scene_folder(2)), "PAR1 nothing PAR1"));
  auto run = *ForgetRun::open(*dataset_, {.stretches = {{"a.mp4", 2, 4}}});
  const auto summary = run.remove();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->faults.size(), 1U);
  EXPECT_EQ(samples(3).size(), 7U);
  EXPECT_EQ(run.prove().error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace lido::dataset
