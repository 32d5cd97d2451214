// SPDX-License-Identifier: Apache-2.0
#include "lido/reconstruct/sync.h"

#include <gtest/gtest.h>

#include "lido/reconstruct/test_people.h"

namespace lido::reconstruct {
namespace {

/// Error of a clock: the time that is to be added to its times, and how that grows.
struct ClockFault {
  double offset_s = 0, rate_ppm = 0;
};

constexpr double kDuration_s = 20, kFps = 12.5;

/// Views of people by cameras with wrong clocks, each frame at the time of the camera's clock.
std::vector<std::vector<PoseFrame>> filmed(const std::vector<geometry::Camera>& cameras,
                                           const std::vector<ClockFault>& errors,
                                           const std::vector<Walker>& walkers, double noise_px) {
  NoisySight sight(11, noise_px);
  std::vector<std::vector<PoseFrame>> out(cameras.size());
  for (size_t i = 0; i < cameras.size(); ++i) {
    // Cameras without one trigger: frames begin anywhere within the first interval.
    for (double time_s = 0.013 * static_cast<double>(i); time_s < kDuration_s; time_s += 1 / kFps) {
      const double true_s =
          time_s + errors[i].offset_s + 1e-6 * errors[i].rate_ppm * (time_s - kDuration_s / 2);
      std::vector<StickPerson> people;
      for (const Walker& one : walkers) people.push_back(one.at(true_s));
      PoseFrame frame{.time_s = time_s, .people = see({cameras[i]}, people, sight).views};
      for (PersonView& view : frame.people) view.camera = i;
      out[i].push_back(frame);
    }
  }
  return out;
}

const std::vector<Walker> kWalkers = {{{4, 3, -1}, {0.5, 0.1, 0}},
                                      {{18, 9, -1.2}, {-0.4, -0.2, 0}},
                                      {{6, 8, -0.1}, {0.6, 0, 0}, true}};

TEST(Sync, FindsOffsetsWithinFiveMilliseconds) {
  const auto cameras = six_cameras();
  const std::vector<ClockFault> errors = {{0, 0},    {0.043, 0}, {-0.21, 0},
                                          {0.37, 0}, {0.008, 0}, {-0.62, 0}};
  const auto frames = filmed(cameras, errors, kWalkers, 2);
  const auto found = synchronise(cameras, frames, test_space(),
                                 {.keypoints = {.sigma_px = 2}, .fixed_rates = true});
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->cameras.size(), 6u);
  EXPECT_EQ(found->cameras[0].correction_s, 0);
  for (size_t i = 1; i < errors.size(); ++i) {
    const SyncedCamera& one = found->cameras[i];
    EXPECT_NEAR(one.correction_s, errors[i].offset_s, 0.005) << i;
    EXPECT_LT(std::abs(one.correction_s - errors[i].offset_s), 5 * one.correction_sigma_s) << i;
    EXPECT_LT(one.correction_sigma_s, 0.003);
    EXPECT_GT(one.correction_sigma_s, 1e-5);
    EXPECT_EQ(one.rate_ppm, 0);
  }
  EXPECT_LT(found->after_px, found->before_px);
  EXPECT_TRUE(found->warnings.empty());
}

TEST(Sync, FindsHowFastClocksAre) {
  auto cameras = six_cameras();
  cameras.resize(4);
  const std::vector<ClockFault> errors = {{0, 0}, {0.1, 90}, {-0.05, -70}, {0.02, 0}};
  const auto frames = filmed(cameras, errors, kWalkers, 0.5);
  const auto found = synchronise(cameras, frames, test_space(), {.keypoints = {.sigma_px = 0.5}});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_NEAR(found->middle_s, kDuration_s / 2, 0.1);
  for (size_t i = 1; i < errors.size(); ++i) {
    const SyncedCamera& one = found->cameras[i];
    EXPECT_NEAR(one.correction_s, errors[i].offset_s, 0.003) << i;
    EXPECT_NEAR(one.rate_ppm, errors[i].rate_ppm, 4 * one.rate_sigma_ppm) << i;
    EXPECT_LT(one.rate_sigma_ppm, 90);
  }
}

TEST(Sync, RefusesPeopleWhoStand) {
  const auto cameras = six_cameras();
  const std::vector<Walker> standing = {{{4, 3, 0.1}, {0, 0, 0}}};
  for (const double noise_px : {0.0, 2.0}) {
    auto frames = filmed(cameras, std::vector<ClockFault>(6), standing, noise_px);
    // Wrists swing.
    for (auto& camera : frames) {
      for (PoseFrame& frame : camera) {
        for (PersonView& view : frame.people)
          view.keypoints[9].sigma_px = view.keypoints[10].sigma_px = 0;
      }
    }
    const auto found = synchronise(cameras, frames, test_space());
    ASSERT_FALSE(found) << noise_px;
    EXPECT_EQ(found.error().code, ErrorCode::kDegenerate);
    EXPECT_NE(found.error().message.find("shares no moving person"), std::string::npos);
  }
}

TEST(Sync, NamesACameraThatSharesNobody) {
  auto cameras = six_cameras();
  for (size_t i = 0; i < cameras.size(); ++i) cameras[i].name = fmt::format("cam{}", i);
  auto frames = filmed(cameras, std::vector<ClockFault>(6), kWalkers, 1);
  // Another person, elsewhere, for one camera.
  auto others = filmed(cameras, std::vector<ClockFault>(6), {{{13, 11, 0.1}, {-0.3, 0, 0}}}, 1);
  frames[4] = others[4];
  const auto found = synchronise(cameras, frames, test_space());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message.find("cam4: shares no moving person"), 0u)
      << found.error().message;
}

TEST(Sync, RefusesOneCamera) {
  const auto cameras = six_cameras();
  auto frames = filmed(cameras, std::vector<ClockFault>(6), kWalkers, 1);
  for (size_t i = 1; i < frames.size(); ++i) frames[i].clear();
  const auto found = synchronise(cameras, frames, test_space());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message,
            "1 camera with a person in two frames or more, want two cameras or more");
}

TEST(Sync, CorrectsAClock) {
  // A clock that was believed right reads 10.2 at 10.0 and 20.201 at 20.0: 100 ppm fast, and 0.199
  // ahead at zero. Its times are to be changed by -0.2005 in the middle, 15.2005.
  const geometry::CameraClock clock =
      corrected({}, {.correction_s = -0.2005, .rate_ppm = 1e6 * (1 / 1.0001 - 1)}, 15.2005);
  EXPECT_NEAR(clock.drift_ppm, 100, 1e-6);
  EXPECT_NEAR(clock.offset_s + 10 * (1 + clock.drift_ppm / 1e6), 10.2, 1e-9);
  EXPECT_NEAR(clock.offset_s + 20 * (1 + clock.drift_ppm / 1e6), 20.201, 1e-9);
}

}  // namespace
}  // namespace lido::reconstruct
