// SPDX-License-Identifier: Apache-2.0
#include "lido/model/keypoint_people.h"

#include <gtest/gtest.h>

#include <cmath>

#include "lido/base/test_folder.h"
#include "lido/dataset/model_tables.h"
#include "lido/dataset/table.h"
#include "lido/storage/store.h"

namespace lido::model {
namespace {

class KeypointPeople : public testing::Test {
 protected:
  Result<std::vector<KeypointPerson>> read(const std::vector<dataset::KeypointRow>& rows,
                                           const std::string& clip = "/pool/a.mp4") {
    const auto store = *storage::open_store(folder_.string());
    EXPECT_TRUE(dataset::write_table(*store, "k.parquet", rows));
    return read_keypoint_people(folder_.string() + "/k.parquet", clip);
  }
  std::string message(const std::vector<dataset::KeypointRow>& rows,
                      const std::string& clip = "/pool/a.mp4") {
    const auto people = read(rows, clip);
    return people ? "" : people.error().message;
  }
  static dataset::KeypointRow row(double time_s, int64_t track) {
    return {.clip = "a.mp4",
            .time_s = time_s,
            .track = track,
            .keypoints = {100, 50, 0.9, 200, 250, 0.9, 500, 900, 0.1}};
  }
  TestFolder folder_;
};

// The third keypoint is too faint. 100 x 200 pixels, and 15% of that on each side.
TEST_F(KeypointPeople, HaveABoxAroundTheirKeypoints) {
  const auto people = read({row(0.5, 7), row(0, 7), row(0, 3)});
  ASSERT_TRUE(people) << people.error().message;
  ASSERT_EQ(people->size(), 2U);
  EXPECT_EQ((*people)[0].track, 3);
  EXPECT_EQ((*people)[1].track, 7);
  ASSERT_EQ((*people)[1].boxes.size(), 2U);
  EXPECT_EQ((*people)[1].boxes[0].time_s, 0);
  EXPECT_EQ((*people)[1].boxes[1].time_s, 0.5);
  const Box& box = (*people)[0].boxes[0].box;
  EXPECT_NEAR(box.x, 85, 1e-9);
  EXPECT_NEAR(box.y, 20, 1e-9);
  EXPECT_NEAR(box.width, 130, 1e-9);
  EXPECT_NEAR(box.height, 260, 1e-9);
}

// Four frames a second from 1 s on, the last two alike: 1, 1.25, 1.5 and again 1.5 s. The poses are
// at 1.05 s and at 1.5 s; the cutout is twice as large as the source.
TEST_F(KeypointPeople, GiveSamplesTheirPoses) {
  auto early = row(1.05, 3);
  early.keypoints[0] = 110;
  const auto people = *read({early, row(1.5, 3)});
  dataset::SampleRow sample;
  sample.start_s = 1;
  sample.repeated = 1;
  sample.pts = {0, 1, 2, 2};
  sample.cutouts = {2, 2, -100, -50, 2, 2, -100, -50, 2, 2, -100, -50, 2, 2, -100, -50};
  set_keypoints(sample, people[0], 3, 4);
  ASSERT_EQ(sample.keypoints.size(), 4U * 9);
  EXPECT_EQ(sample.keypoints[0], 120);
  EXPECT_EQ(sample.keypoints[1], 50);
  EXPECT_EQ(sample.keypoints[2], 0.9);
  EXPECT_TRUE(std::isnan(sample.keypoints[9]));
  EXPECT_EQ(sample.keypoints[18], 100);
  EXPECT_EQ(sample.keypoints[27 + 7], 1750);
  set_keypoints(sample, people[0], 17, 4);
  ASSERT_EQ(sample.keypoints.size(), 4U * 51);
  for (const double value : sample.keypoints) EXPECT_TRUE(std::isnan(value));
}

TEST_F(KeypointPeople, KeepTheBoxThatTheTableHas) {
  auto with_box = row(1, 2);
  with_box.x = 10;
  with_box.y = 20;
  with_box.width = 30;
  with_box.height = 40;
  const auto people = read({with_box});
  ASSERT_TRUE(people) << people.error().message;
  EXPECT_EQ((*people)[0].boxes[0].box, (Box{10, 20, 30, 40}));
}

TEST_F(KeypointPeople, AreThoseOfTheClipAlone) {
  auto other = row(0, 9), faint = row(0, 4);
  other.clip = "/pool/b.mp4";
  faint.keypoints = {1, 1, 0.1};
  const auto people = read({row(0, 1), other, faint});
  ASSERT_TRUE(people) << people.error().message;
  ASSERT_EQ(people->size(), 1U);
  EXPECT_EQ((*people)[0].track, 1);
  EXPECT_NE(message({faint}).find("no person of /pool/a.mp4 has a box"), std::string::npos);
  EXPECT_EQ(message({row(0, 1), other}, "/pool/c.mp4"),
            folder_.string() +
                "/k.parquet: no row is of the clip /pool/c.mp4; its clips are /pool/b.mp4, a.mp4");
}

TEST_F(KeypointPeople, NameTheRowThatIsWrong) {
  const std::string at = folder_.string() + "/k.parquet: row 2: ";
  auto bad = row(1, 1);
  bad.keypoints.pop_back();
  EXPECT_EQ(message({row(0, 1), bad}),
            at + "keypoints has 8 numbers, want x, y and score of each keypoint");
  bad = row(1, 1);
  bad.keypoints[3] = NAN;
  EXPECT_EQ(message({row(0, 1), bad}), at + "keypoints has nan, want pixels and scores");
  EXPECT_EQ(message({row(0, 1), row(-1, 1)}), at + "time_s is -1, want 0 to 1000000000");
  EXPECT_EQ(message({row(0, 1), row(0, 1)}),
            at + "track 1 has two rows at 0 s, want one row for each time");
  bad = row(1, 1);
  bad.width = -2;
  EXPECT_EQ(message({row(0, 1), bad}), at + "the box is -2 x 0 pixels, want 0 or more");
}

}  // namespace
}  // namespace lido::model
