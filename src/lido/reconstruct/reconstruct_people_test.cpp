// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/reconstruct_people.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "lido/base/test_folder.h"
#include "lido/dataset/people_tables.h"
#include "lido/dataset/table.h"
#include "lido/reconstruct/test_people.h"

namespace lido::reconstruct {
namespace {

namespace fs = std::filesystem;

/// Two people in the pool of six cameras for three seconds at 10 frames a second, as COCO files.
class ReconstructPeople : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_ / "poses");
    site_.pool = {.outline = {{0, 0}, {25, 0}, {25, 12.5}, {0, 12.5}}, .deep_m = 2};
    site_.cameras = six_cameras();
    for (size_t i = 0; i < site_.cameras.size(); ++i) {
      site_.cameras[i].name = fmt::format("cam{}", i);
      site_.cameras[i].fps = 10;
    }
    std::vector<std::string> images(6), people(6);
    NoisySight exact(1, 0);
    for (int frame = 0; frame < 30; ++frame) {
      const auto seen =
          see(site_.cameras, {walkers_[0].at(frame / 10.0), walkers_[1].at(frame / 10.0)}, exact);
      for (std::string& one : images)
        one += fmt::format("{}{{\"id\": {}}}", frame == 0 ? "" : ", ", frame);
      for (const PersonView& view : seen.views) add(people[view.camera], frame, view);
    }
    for (size_t i = 0; i < 6; ++i)
      std::ofstream(folder_ / "poses" / (site_.cameras[i].name + ".json"))
          << fmt::format("{{\"images\": [{}], \"annotations\": [{}]}}", images[i], people[i]);
  }

  static void add(std::string& text, int frame, const PersonView& view) {
    text += fmt::format("{}{{\"image_id\": {}, \"keypoints\": [", text.empty() ? "" : ", ", frame);
    for (size_t i = 0; i < kJoints; ++i) {
      const MeasuredKeypoint& one = view.keypoints[i];
      text += fmt::format("{}{:.3f}, {:.3f}, {}", i == 0 ? "" : ", ", one.pixel.x(), one.pixel.y(),
                          one.is_seen() ? 2 : 0);
    }
    text += "]}";
  }

  Result<ReconstructSummary> run(const ReconstructOptions& options) {
    return reconstruct_people(site_, (folder_ / "poses").string(), (folder_ / "out").string(),
                              options, {});
  }
  std::vector<dataset::JointRow> rows() {
    const auto store = storage::open_store((folder_ / "out").string());
    auto all = dataset::read_table<dataset::JointRow>(**store, "tracks3d.parquet");
    EXPECT_TRUE(all) << all.error().message;
    return all.value_or(std::vector<dataset::JointRow>{});
  }
  std::string text_of(const std::string& name) {
    std::stringstream text;
    text << std::ifstream(folder_ / "out" / name).rdbuf();
    return text.str();
  }

  TestFolder folder_;
  geometry::Site site_;
  std::vector<Walker> walkers_ = {{{6, 5, -1.2}, {1, 0, 0}}, {{15, 8, -1.0}, {-0.5, 0, 0}, true}};
};

TEST_F(ReconstructPeople, WritesWherePeopleAre) {
  const auto summary = run({.keypoints = {.sigma_px = 1}});
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->people, 2);
  EXPECT_EQ(summary->moments, 30);
  EXPECT_EQ(summary->cameras, 6);
  const auto all = rows();
  EXPECT_EQ(static_cast<int64_t>(all.size()), summary->joints);
  // Both are confirmed at the third moment.
  EXPECT_EQ(all.size(), 2U * 28 * kJoints);
  int64_t under_water = 0;
  for (const dataset::JointRow& row : all) {
    const size_t joint =
        static_cast<size_t>(std::ranges::find(kJointNames, row.joint) - kJointNames.begin());
    const geometry::Vector3 at(row.x_m, row.y_m, row.z_m);
    double nearest = 1;
    for (const Walker& one : walkers_)
      nearest = std::min(nearest, (one.at(row.time_s)[joint] - at).norm());
    // Wrists swing faster than the filter's constant speed.
    EXPECT_LT(nearest, row.joint.ends_with("wrist") ? 0.08 : 0.03) << row.joint << row.time_s;
    EXPECT_EQ(row.under_water, row.z_m < 0);
    EXPECT_EQ(row.depth_m, std::max(0.0, -row.z_m));
    EXPECT_GE(row.cameras.size(), 2U);
    EXPECT_EQ(row.covariance_m2.size(), 6U);
    under_water += row.under_water;
  }
  EXPECT_EQ(under_water, summary->under_water);
  EXPECT_GT(under_water, 28 * 17);  // the swimmer, and the wader's legs
}

TEST_F(ReconstructPeople, WritesTrcWithYUp) {
  ASSERT_TRUE(run({.keypoints = {.sigma_px = 1}}));
  std::istringstream trc(text_of("person_1.trc"));
  std::string line;
  std::getline(trc, line);
  EXPECT_EQ(line, "PathFileType\t4\t(X/Y/Z)\tperson_1.trc");
  std::getline(trc, line);
  std::getline(trc, line);
  EXPECT_EQ(line, "10\t10\t28\t17\tm\t10\t1\t28");
  std::getline(trc, line);
  EXPECT_EQ(line.find("Frame#\tTime\tnose\t\t\tleft_eye"), 0U);
  std::getline(trc, line);
  EXPECT_EQ(line.find("\t\tX1\tY1\tZ1\tX2"), 0U);
  std::getline(trc, line);
  double frame = 0, time_s = 0, x = 0, y = 0, z = 0;
  trc >> frame >> time_s >> x >> y >> z;
  EXPECT_EQ(frame, 1);
  EXPECT_NEAR(time_s, 0.2, 1e-9);
  const auto all = rows();
  const auto nose = std::ranges::find_if(
      all, [](const dataset::JointRow& row) { return row.person == 1 && row.joint == "nose"; });
  ASSERT_NE(nose, all.end());
  EXPECT_NEAR(x, nose->x_m, 1e-4);
  EXPECT_NEAR(y, nose->z_m, 1e-4);
  EXPECT_NEAR(z, -nose->y_m, 1e-4);
}

TEST_F(ReconstructPeople, WritesC3dWithTheFramesOfTheTrc) {
  ASSERT_TRUE(run({.keypoints = {.sigma_px = 1}}));
  const std::string c3d = text_of("person_1.c3d");
  ASSERT_GT(c3d.size(), 28U * 17 * 16);
  EXPECT_EQ(c3d[1], 0x50);
  EXPECT_EQ(c3d[2], 17);
  EXPECT_EQ(c3d[8], 28);
}

TEST_F(ReconstructPeople, GivesEqualBytesTwice) {
  ASSERT_TRUE(run({.noise_px = 2}));
  const std::string first = text_of("tracks3d.parquet"), trc = text_of("person_1.trc");
  ASSERT_TRUE(run({.noise_px = 2}));
  EXPECT_EQ(text_of("tracks3d.parquet"), first);
  EXPECT_EQ(text_of("person_1.trc"), trc);
  ASSERT_TRUE(run({.noise_px = 2, .noise_seed = 2}));
  EXPECT_NE(text_of("tracks3d.parquet"), first);
}

TEST_F(ReconstructPeople, NeedsTwoCameras) {
  for (int i = 1; i < 6; ++i) fs::remove(folder_ / "poses" / fmt::format("cam{}.json", i));
  const auto summary = run({});
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, ErrorCode::kDegenerate);
  EXPECT_NE(summary.error().message.find("1 camera with keypoints, want two or more"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

}  // namespace
}  // namespace lido::reconstruct
