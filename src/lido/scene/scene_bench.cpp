// SPDX-License-Identifier: Apache-2.0
// CPU time of analysing one frame, part by part, for ./dev bench scene.
// Usage: scene_bench CLIP BUNDLE
#include <fmt/format.h>
#include <time.h>

#include <algorithm>

#include "lido/media/extract.h"
#include "lido/scene/observe.h"
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
    std::ranges::sort(taken_);
    fmt::print("{:<44}{:>8.2f} ms a frame ({:.2f}-{:.2f})\n", name, taken_[taken_.size() / 2],
               taken_.front(), taken_.back());
  }

 private:
  std::vector<double> taken_;
};

lido::Result<void> bench(const char* clip, const char* folder) {
  using namespace lido;
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
    ++k;
    return {};
  };
  LIDO_TRY(media::extract(*reader, {.fps = {4, 1}}, sink, [] {}));
  bare.print("the network, bare, in Lido");
  detect.print("detector: letterbox, network, boxes");
  reduce.print("brightness at 960 pixels");
  motion.print("camera motion");
  quality.print("view quality");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: scene_bench CLIP BUNDLE\n");
    return 2;
  }
  const auto done = bench(argv[1], argv[2]);
  if (!done) fmt::print(stderr, "scene_bench: {}\n", done.error().message);
  return done ? 0 : 1;
}
