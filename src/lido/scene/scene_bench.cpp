// SPDX-License-Identifier: Apache-2.0
// CPU time of analysing one frame, part by part, for ./dev bench scene.
// Usage: scene_bench CLIP BUNDLE POSE_BUNDLE
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <memory>

#include "lido/media/extract.h"
#include "lido/scene/observe.h"
#include "lido/scene/pose.h"
#include "lido/storage/store.h"

namespace {

double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

/// The median of what each call took.
class Part {
 public:
  void time(auto work) {
    const double before = cpu_ms();
    work();
    taken_.push_back(cpu_ms() - before);
  }
  void print(const char* name) {
    if (taken_.empty()) return;
    std::ranges::sort(taken_);
    fmt::print("{:<44}{:>8.2f} ms ({:.2f}-{:.2f})\n", name, taken_[taken_.size() / 2],
               taken_.front(), taken_.back());
  }

 private:
  std::vector<double> taken_;
};

/// The pose network, bare and with everything around it, on people of the clip.
class PoseParts {
 public:
  static lido::Result<PoseParts> make(const char* folder) {
    using namespace lido;
    const auto bundle = LIDO_TRY(infer::read_bundle(folder));
    auto estimator =
        std::make_unique<scene::PoseEstimator>(LIDO_TRY(scene::PoseEstimator::make(bundle)));
    auto session = LIDO_TRY(estimator->open_session());
    auto runner = LIDO_TRY(LIDO_TRY(infer::load(bundle)).make_runner());
    return PoseParts(std::move(estimator), std::move(session), std::move(runner));
  }
  void time(const lido::media::Frame& frame, std::span<const lido::Box> people) {
    for (const lido::Box& box : people) {
      bare_.time([&] { (void)runner_.run(); });
      whole_.time([&] { (void)session_.push(frame, box, 0, [](size_t, auto) {}); });
    }
  }
  void print() {
    bare_.print("the pose network, bare, a person");
    whole_.print("pose: crop, network, keypoints, a person");
  }

 private:
  PoseParts(std::unique_ptr<lido::scene::PoseEstimator> estimator, lido::scene::PoseSession session,
            lido::infer::Runner runner)
      : estimator_(std::move(estimator)),
        session_(std::move(session)),
        runner_(std::move(runner)) {}
  std::unique_ptr<lido::scene::PoseEstimator> estimator_;
  lido::scene::PoseSession session_;
  lido::infer::Runner runner_;
  Part bare_, whole_;
};

lido::Result<void> bench(const char* clip, const char* folder, const char* pose_folder) {
  using namespace lido;
  auto poses = LIDO_TRY(PoseParts::make(pose_folder));
  const auto bundle = LIDO_TRY(infer::read_bundle(folder));
  const auto detector = LIDO_TRY(scene::Detector::make(bundle, {}));
  auto session = LIDO_TRY(detector.open_session());
  const auto network = LIDO_TRY(infer::load(bundle));
  auto runner = LIDO_TRY(network.make_runner());
  const auto reader = LIDO_TRY(storage::open_reader(clip));
  Part bare, detect, reduce, motion, quality;
  media::Converter converter;
  scene::MotionEstimator estimator;
  scene::QualityMeter meter;
  std::vector<Box> people;
  const auto keep = [&](std::vector<scene::Detection> found) -> Result<void> {
    people.clear();
    for (const scene::Detection& one : found) {
      if (detector.is_person(one.class_id) && one.score >= detector.options().min_score)
        people.push_back(one.box);
    }
    return {};
  };
  int64_t k = 0;
  const auto sink = [&](const media::ExtractedFrame& extracted) -> Result<void> {
    const media::Frame& frame = extracted.frame;
    bare.time([&] { (void)runner.run(); });
    detect.time([&] { (void)session.push(frame, keep); });
    const auto geometry = scene::MotionEstimator::geometry_for(frame);
    media::GreyImage grey;
    reduce.time([&] { grey = scene::MotionEstimator::reduce(frame, geometry, converter); });
    motion.time([&] { (void)estimator.push(k, k % scene::kBlock == 0, grey, geometry, people); });
    quality.time([&] { (void)meter.measure(grey, frame); });
    poses.time(frame, people);
    ++k;
    return {};
  };
  LIDO_TRY(media::extract(*reader, {.fps = {4, 1}}, sink, [] {}));
  bare.print("the network, bare, in Lido");
  detect.print("detector: letterbox, network, boxes");
  reduce.print("brightness at 960 pixels");
  motion.print("camera motion");
  quality.print("view quality");
  poses.print();
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: scene_bench CLIP BUNDLE POSE_BUNDLE\n");
    return 2;
  }
  const auto done = bench(argv[1], argv[2], argv[3]);
  if (!done) fmt::print(stderr, "scene_bench: {}\n", done.error().message);
  return done ? 0 : 1;
}
