// SPDX-License-Identifier: Apache-2.0
#include "lido/dataset/export.h"

#include "lido/dataset/dataset_fixture.h"

namespace lido::dataset {
namespace {

class Export : public DatasetFixture {
 protected:
  void SetUp() override {
    DatasetFixture::SetUp();
    out_ = folder_.string() + "-export";
    to_ = *storage::open_store(out_.string());
  }
  Result<ExportSummary> export_stretch(const Stretch& stretch) {
    auto folder =
        LIDO_TRY(storage::OutputFolder::open(out_.string(), "lido export", exported_names()));
    return export_footage(*dataset_, {.stretches = {stretch}}, folder);
  }
  void TearDown() override {
    std::filesystem::remove_all(out_);
    DatasetFixture::TearDown();
  }

  std::filesystem::path out_;
  std::unique_ptr<storage::Store> to_;
};

TEST_F(Export, WritesTheFramesOfTheStretchAndTheirRows) {
  // Frames of a.mp4 are one second apart; samples begin at even seconds.
  const auto summary = export_stretch({"a.mp4", 3, 5});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->samples, 2);
  EXPECT_EQ(summary->frames, 2);
  EXPECT_EQ(summary->rows, 0) << "rows of scene tables, of which there are none";
  ASSERT_EQ(summary->images.size(), 2U);
  EXPECT_EQ(summary->images[0].file, "frames/a_00000002.001.jpg");
  EXPECT_EQ(summary->images[0].time_s, 3);
  EXPECT_EQ(summary->images[1].file, "frames/a_00000004.000.jpg");
  JpegEncoder encoder;
  EXPECT_EQ(*to_->read_text("frames/a_00000002.001.jpg"), *encoder.encode(image_of(50), 95));
  const auto rows = *read_table<SampleRow>(*to_, "manifest.parquet");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[1].sample, "a_00000004");
  EXPECT_EQ(to_->list("frames")->size(), 2U) << "and no frame beside the stretch";
}

TEST_F(Export, SaysWhyNothingIsStored) {
  // A second generation has a clip without samples; the third lacks what was forgotten.
  auto tables = *dataset_->begin_tables(2);
  for (SampleRow& row : samples(1)) ASSERT_TRUE(tables.samples.append(std::move(row)));
  for (const auto& [clip, count] :
       {std::pair("/pool/a.mp4", 4), {"/pool/b.mp4", 4}, {"/pool/still.mp4", 0}})
    ASSERT_TRUE(
        tables.clips.append({.clip = clip, .duration_s = 8, .source_fps = 25, .samples = count}));
  ASSERT_TRUE(dataset_->publish({.number = 2}, tables));
  {
    auto run = ForgetRun::open(*dataset_, {.stretches = {{"a.mp4", 2, 4}}});
    ASSERT_TRUE(run) << run.error().message;
    ASSERT_TRUE(run->remove());
    ASSERT_TRUE(run->prove());
  }
  const auto gone = export_stretch({"a.mp4", 2, 3});
  ASSERT_TRUE(gone) << gone.error().message;
  EXPECT_EQ(gone->samples, 0);
  EXPECT_EQ(gone->empty,
            std::vector<std::string>{
                "/pool/a.mp4, 0:02 to 0:03: nothing is stored: removed by lido forget"});
  const auto kept = export_stretch({"a.mp4", 4, 5});
  ASSERT_TRUE(kept);
  EXPECT_TRUE(kept->empty.empty());
  const auto none = export_stretch({"still.mp4", 0, INFINITY});
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_EQ(none->empty, std::vector<std::string>{"/pool/still.mp4, all of it: nothing is stored: "
                                                  "no sample was made of the clip"});
}

TEST_F(Export, NamesDamagedSamples) {
  const SampleRow row = samples(1)[1];
  std::string bytes = read(row.shard);
  bytes[static_cast<size_t>(row.offset + row.length / 2)] ^= 1;
  ASSERT_TRUE(dataset_->store().write_text(row.shard, bytes));
  const auto summary = export_stretch({"a.mp4", 0, 9});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->damaged.size(), 1U);
  EXPECT_EQ(summary->frames, 6);
}

TEST_F(Export, RefusesAFolderInUseAndUnknownClips) {
  EXPECT_EQ(export_stretch({"c.mp4", 0, 1}).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(to_->write_text("mine", "x"));
  EXPECT_EQ(export_stretch({"a.mp4", 0, 1}).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(Export, ReplacesOneThatWasCutShort) {
  ASSERT_TRUE(export_stretch({"a.mp4", 0, 9}));
  // A full disk, or a kill, leaves what was written and the file that was being written.
  std::ofstream(out_ / "frames/.a_00000004.000.jpg.partial") << "half";
  std::filesystem::remove(out_ / "manifest.parquet");
  const auto summary = export_stretch({"a.mp4", 3, 5});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->frames, 2);
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(out_ / "frames"))
    files.push_back(entry.path().filename().string());
  std::ranges::sort(files);
  EXPECT_EQ(files, (std::vector<std::string>{"a_00000002.001.jpg", "a_00000004.000.jpg"}));
}

}  // namespace
}  // namespace lido::dataset
