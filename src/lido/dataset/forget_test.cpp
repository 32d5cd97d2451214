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

/// The scene of both clips: objects and views at second 3.
class Forget : public DatasetFixture {
 protected:
  struct SceneTimes {
    int64_t object_k = 3;
    int64_t view_k = 3;
  };
  void add_scene() { add_scene({}); }
  void add_scene(const SceneTimes& times) {
    auto& store = dataset_->store();
    const std::string scene = scene_folder(2);
    const auto name = [&](const char* table) { return scene + table; };
    ASSERT_TRUE(write_table<ObjectRow>(store, name(kObjectsTable),
                                       {{.clip = "/pool/a.mp4", .k = 1, .time_s = 1, .track = 1},
                                        {.clip = "/pool/a.mp4",
                                         .k = times.object_k,
                                         .time_s = static_cast<double>(times.object_k),
                                         .track = 2},
                                        {.clip = "/pool/b.mp4", .k = 3, .time_s = 3, .track = 1}}));
    ASSERT_TRUE(
        write_table<TrackRow>(store, name(kTracksTable),
                              {{.clip = "/pool/a.mp4", .track = 1, .last_k = 1},
                               {.clip = "/pool/a.mp4", .track = 2, .first_k = 1, .last_k = 3}}));
    ASSERT_TRUE(write_table<PoseRow>(store, name(kPosesTable),
                                     {{.clip = "/pool/a.mp4", .k = 1, .time_s = 1, .track = 1},
                                      {.clip = "/pool/a.mp4", .k = 3, .time_s = 3, .track = 2}}));
    ASSERT_TRUE(write_table<MotionRow>(store, name(kMotionTable), {}));
    ASSERT_TRUE(write_table<QualityRow>(store, name(kQualityTable), {}));
    const ScenePictures pictures{
        .views = {{"/pool/a.mp4", times.view_k, static_cast<double>(times.view_k), "views/a.jpg",
                   640, 360},
                  {"/pool/b.mp4", 3, 3, "views/b.jpg", 640, 360}},
        .plates = {{"pool/cam2",
                    "06-12 UTC",
                    "plates/b.jpg",
                    "plates/b_activity.jpg",
                    {"/pool/b.mp4"},
                    31}}};
    ASSERT_TRUE(write_scene_pictures(store, scene, pictures));
    for (const char* file : {"views/a.jpg", "views/b.jpg", "plates/b.jpg", "plates/b_activity.jpg"})
      ASSERT_TRUE(store.write_text(scene + "/" + file, file));
    republish([](ClipRow&) {}, {scene});
  }

  /// Publishes the next generation with changed clips, and with scene folders.
  void republish(const std::function<void(ClipRow&)>& change, std::vector<std::string> scenes) {
    const int before = *dataset_->latest();
    auto tables = *dataset_->begin_tables(before + 1);
    ASSERT_TRUE(dataset_->visit<ClipRow>(before, [&](ClipRow& row) {
      change(row);
      return tables.clips.append(row);
    }));
    ASSERT_TRUE(dataset_->visit<SampleRow>(
        before, [&](SampleRow& row) { return tables.samples.append(row); }));
    ASSERT_TRUE(dataset_->publish({.number = before + 1, .scenes = std::move(scenes)}, tables));
  }

  /// Removes footage and searches for it.
  Result<ForgetSummary> forget(const ForgetRequest& request) {
    auto run = LIDO_TRY(ForgetRun::open(*dataset_, request));
    auto summary = LIDO_TRY(run.remove());
    proof_ = LIDO_TRY(run.prove());
    return summary;
  }
  Result<ForgetSummary> forget(const char* clip, double start_s, double end_s) {
    return forget({.stretches = {{clip, start_s, end_s}}});
  }

  ForgetProof proof_;
};

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

TEST_F(Forget, GoesByTheFramesAndNotByTheTimesOfSampling) {
  // Second 4 and 5 of b.mp4 show the frame of 3.5 s.
  auto tables = *dataset_->begin_tables(2);
  ASSERT_TRUE(dataset_->visit<ClipRow>(1, [&](ClipRow& row) {
    row.time_base_den = 10;
    row.source_fps = 1;
    return tables.clips.append(row);
  }));
  ASSERT_TRUE(dataset_->visit<SampleRow>(1, [&](SampleRow& row) {
    for (int64_t& pts : row.pts) pts *= 10;
    if (row.sample == "b_00000004") row.pts = {35, 35};
    return tables.samples.append(row);
  }));
  ASSERT_TRUE(dataset_->publish({.number = 2}, tables));
  const auto summary = forget("b.mp4", 3.5, 3.6);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->samples, 2) << "b_00000002, whose frame of 3 s is on show, and b_00000004";
  for (const SampleRow& row : samples(3)) EXPECT_NE(row.sample, "b_00000004");
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

TEST_F(Forget, WhatIsNotThereChangesNothing) {
  ASSERT_TRUE(dataset_->store().write_text("report.html", "page"));
  EXPECT_EQ(forget("gone.mp4", 0, 1).error().code, ErrorCode::kNotFound);
  for (const auto& [start_s, end_s] : {std::pair{3.0, 2.0}, {-1.0, 2.0}, {NAN, 2.0}, {1.0, NAN}})
    EXPECT_EQ(forget("a.mp4", start_s, end_s).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(samples(1).size(), 8U);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "forgotten.json"));
  EXPECT_EQ(read("report.html"), "page");
}

TEST_F(Forget, RefusesATimeAfterTheClip) {
  republish([](ClipRow& row) { row.frames = 8, row.duration_s = 13.96, row.source_fps = 25; }, {});
  const auto after = forget("a.mp4", 750, 840);
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(after.error().message.find("the clip ends at 0:14"), std::string::npos)
      << after.error().message;
  const auto beyond = forget("a.mp4", 6, 840);
  ASSERT_TRUE(beyond) << beyond.error().message;
  EXPECT_EQ(beyond->samples, 1);
  EXPECT_EQ(beyond->notes, std::vector<std::string>{"/pool/a.mp4: the clip ends at 0:14"});
}

TEST_F(Forget, CopiesAreNamedAndNeedAChoice) {
  republish([](ClipRow& row) { row.fingerprint = "same"; }, {});
  const auto refused = forget("a.mp4", 2, 4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(refused.error().message.find("/pool/b.mp4"), std::string::npos);
  const auto one = forget({.stretches = {{"a.mp4", 2, 4}}, .copies = CopyChoice::kOnlyThis});
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_EQ(one->samples, 1);
  const auto all = forget({.stretches = {{"a.mp4", 4, 6}}, .copies = CopyChoice::kAll});
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(all->samples, 2);
  EXPECT_EQ(dataset_->forgotten()->size(), 3U);
  EXPECT_EQ(dataset_->forgotten()->at(0).fingerprint, "same");
}

TEST_F(Forget, ACopyThatGaveNoSamplesNamesItsClip) {
  republish(
      [](ClipRow& row) {
        if (row.clip == "/pool/a.mp4") row.copies = {"/other/copy.mp4"};
      },
      {});
  const auto summary = forget("copy.mp4", 2, 4);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->samples, 1);
  EXPECT_EQ(summary->stretches.at(0).clip, "/pool/a.mp4");
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

TEST_F(Forget, KnowsAClipOfNoGenerationByItsFile) {
  auto& store = dataset_->store();
  ASSERT_TRUE(store.write_text(".work/parts/1", "unfinished"));
  const TestFolder raw;
  const std::string clip = (raw / "person.mp4").string();
  const auto unknown = forget(clip.c_str(), 0, INFINITY);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(unknown.error().message, dataset_->store().uri() + ": no clip named \"" + clip +
                                         "\", got 2 other clips, and no such file. Files of an "
                                         "ingest that did not end may hold it: remove them with "
                                         "--leftovers");
  std::ofstream(clip) << "raw bytes";
  const auto summary = forget(clip.c_str(), 0, INFINITY);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->leftovers, 1);
  const auto records = *dataset_->forgotten();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].clip, clip);
  EXPECT_FALSE(records[0].fingerprint.empty());
  EXPECT_TRUE(records[0].done);
  // A clip of the dataset with the same content must be named.
  republish([&](ClipRow& row) { row.fingerprint = records[0].fingerprint; }, {});
  const auto same = forget(clip.c_str(), 0, INFINITY);
  ASSERT_FALSE(same);
  EXPECT_EQ(same.error().message,
            clip + ": the dataset has this content as /pool/a.mp4, want that name");
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

TEST_F(Forget, DamageElsewhereDoesNotKeepItFromRemoving) {
  const SampleRow other = samples(1)[7], same_shard = samples(1)[0];
  for (const SampleRow& row : {other, same_shard}) {
    std::string bytes = read(row.shard);
    bytes[static_cast<size_t>(row.offset + row.length / 2)] ^= 1;
    ASSERT_TRUE(dataset_->store().write_text(row.shard, bytes));
  }
  ASSERT_TRUE(dataset_->store().write_text("report.html", "page"));
  const auto summary = forget("a.mp4", 2, 4);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->samples, 1);
  EXPECT_EQ(proof_.damaged.size(), 2U);
  EXPECT_EQ(samples(2).size(), 7U) << "the damaged samples stay as they are";
  EXPECT_FALSE(std::filesystem::exists(folder_ / "report.html"));
}

TEST_F(Forget, AnAbsurdLengthOfAnotherSampleTakesNoMemory) {
  const std::string name = "generations/000001/manifest.parquet";
  std::vector<SampleRow> rows = samples(1);
  rows[0].length = int64_t{1} << 60;
  auto manifest = *TableWriter<SampleRow>::create(dataset_->store(), name);
  for (const SampleRow& row : rows) ASSERT_TRUE(manifest.append(row));
  ASSERT_TRUE(manifest.commit());
  auto run = *ForgetRun::open(*dataset_, {.stretches = {{"a.mp4", 2, 4}}});
  const auto summary = run.remove();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->samples, 1);
  const std::vector<SampleRow> kept = samples(2);
  ASSERT_EQ(kept.size(), 7U);
  EXPECT_FALSE(dataset_->read_sample(kept[0])) << "its length is as absurd as before";
  EXPECT_EQ(read(kept[0].shard).find("a_00000002"), std::string::npos);
  for (size_t i = 1; i < kept.size(); ++i) EXPECT_TRUE(dataset_->read_sample(kept[i])) << i;
}

TEST_F(Forget, TheSearchFindsBytesThatNoSampleOwns) {
  const std::string shard = samples(1)[7].shard;
  ASSERT_TRUE(dataset_->store().write_text(shard, read(shard) + "left over"));
  const auto summary = forget("a.mp4", 2, 4);
  ASSERT_FALSE(summary) << "the other shard holds bytes of no sample";
  EXPECT_EQ(summary.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(summary.error().message.find("9 bytes belong to no sample"), std::string::npos);
  EXPECT_FALSE(dataset_->forgotten()->at(0).done);
}

TEST_F(Forget, TheSearchFindsImagesOfPagesThatNoSampleHas) {
  auto run = *ForgetRun::open(*dataset_, {.stretches = {{"a.mp4", 2, 4}}});
  ASSERT_TRUE(run.remove());
  // "not of a sample" in base64, as coreutils' base64 writes it.
  ASSERT_TRUE(dataset_->store().write_text(
      "report.html", "<img src=\"data:image/jpeg;base64,bm90IG9mIGEgc2FtcGxl\">"));
  const auto proof = run.prove();
  ASSERT_FALSE(proof);
  EXPECT_NE(proof.error().message.find("report.html: 1 image"), std::string::npos)
      << proof.error().message;
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

TEST_F(Forget, WritesSceneFoldersAgainWithoutTheStretch) {
  add_scene();
  const auto summary = forget("a.mp4", 2, 4);
  ASSERT_TRUE(summary) << summary.error().message;
  const std::string scene = "scenes/g000002-f000003";
  EXPECT_EQ(dataset_->read_latest()->scenes, std::vector<std::string>{scene});
  auto& store = dataset_->store();
  const auto objects = *read_table<ObjectRow>(store, scene + kObjectsTable);
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(objects[0].k, 1);
  EXPECT_EQ(objects[1].clip, "/pool/b.mp4");
  const auto tracks = *read_table<TrackRow>(store, scene + kTracksTable);
  ASSERT_EQ(tracks.size(), 1U) << "a track that overlaps the stretch goes as a whole";
  EXPECT_EQ(tracks[0].track, 1);
  const auto poses = *read_table<PoseRow>(store, scene + kPosesTable);
  ASSERT_EQ(poses.size(), 1U);
  EXPECT_EQ(poses[0].k, 1);
  const auto pictures = *read_scene_pictures(store, scene);
  ASSERT_EQ(pictures.views.size(), 1U);
  EXPECT_EQ(pictures.views[0].file, "views/b.jpg");
  EXPECT_EQ(pictures.plates.size(), 1U) << "the plate of another clip stays";
  EXPECT_EQ(read(scene + "/plates/b.jpg"), "plates/b.jpg");
  EXPECT_FALSE(*store.exists(scene + "/views/a.jpg"));
}

TEST_F(Forget, APlateGoesWithAnyFootageOfItsClips) {
  add_scene();
  const auto summary = forget("b.mp4", 7, 8);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->plates, 1);
  const auto pictures =
      *read_scene_pictures(dataset_->store(), dataset_->read_latest()->scenes.at(0));
  EXPECT_TRUE(pictures.plates.empty()) << "a median may show any of its frames";
  EXPECT_EQ(pictures.views.size(), 2U);
}

TEST_F(Forget, ObjectsAndViewsOfOneFrameGoTogether) {
  add_scene({.object_k = 9, .view_k = 9});
  // No sample has the frame of second 9: it may be on show since second 7.
  ASSERT_TRUE(forget("a.mp4", 7, 8));
  const std::string next = dataset_->read_latest()->scenes.at(0);
  const auto objects = *read_table<ObjectRow>(dataset_->store(), next + kObjectsTable);
  for (const ObjectRow& row : objects) EXPECT_FALSE(row.clip == "/pool/a.mp4" && row.k == 9);
  const auto pictures = *read_scene_pictures(dataset_->store(), next);
  for (const SceneView& view : pictures.views) EXPECT_NE(view.clip, "/pool/a.mp4");
}

TEST_F(Forget, FramesBesideTheStretchArePartOfNoProofThatItIsThere) {
  add_scene();
  // The sample of seconds 2 and 3 goes, and with it the time of the view at second 3.
  const auto summary = forget("a.mp4", 2, 2.5);
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->samples, 1);
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
      // Files of `lido eval`, outside of datasets: keys, times and scores; no footage.
      "predictions"};
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

TEST_F(Forget, SceneFoldersWithoutTheStretchStay) {
  add_scene();
  ASSERT_TRUE(forget("a.mp4", 5, 6));
  EXPECT_EQ(dataset_->read_latest()->scenes, std::vector<std::string>{scene_folder(2)});
}

TEST_F(Forget, ABrokenSceneFolderIsAFaultAfterTheRestIsGone) {
  add_scene();
  ASSERT_TRUE(dataset_->store().write_text(scene_folder(2) + kTracksTable, "PAR1 nothing PAR1"));
  auto run = *ForgetRun::open(*dataset_, {.stretches = {{"a.mp4", 2, 4}}});
  const auto summary = run.remove();
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->faults.size(), 1U);
  EXPECT_EQ(samples(3).size(), 7U);
  EXPECT_EQ(run.prove().error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace lido::dataset
