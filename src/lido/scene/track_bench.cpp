// SPDX-License-Identifier: Apache-2.0
// Gives tracks to boxes, so that ./dev bench scene can compare trackers on the same boxes.
// Usage: track_bench FPS MIN_SCORE NEW_SCORE < boxes
//          In: frame,x,y,width,height,score, by frame. Out: the track of each.
//        track_bench CLIP BUNDLE FPS TILES
//          Out: frame,x,y,width,height,score,track of each person found in a clip, tracks as
//          `lido scene` makes them; then "scores MIN_SCORE NEW_SCORE
//          WIDTH HEIGHT", as used, and of the frame.
#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "lido/base/sample_evenly.h"
#include "lido/media/extract.h"
#include "lido/scene/follow.h"
#include "lido/storage/store.h"

namespace {

using namespace lido;
using namespace lido::scene;

int follow_boxes(double fps, double min_score, double new_score) {
  std::map<int64_t, std::vector<Detection>> frames;
  for (std::string line; std::getline(std::cin, line);) {
    long long frame = 0;
    Detection one;
    Box& box = one.box;
    if (std::sscanf(line.c_str(), "%lld,%lf,%lf,%lf,%lf,%f", &frame, &box.x, &box.y, &box.width,
                    &box.height, &one.score) != 6) {
      fmt::print(stderr, "track_bench: \"{}\", want frame,x,y,width,height,score\n", line);
      return 2;
    }
    frames[frame].push_back(one);
  }
  Tracker tracker({.new_score = new_score}, {.min_score = min_score});
  std::vector<std::vector<int64_t>> owners;
  for (const auto& [frame, found] : frames) {
    owners.push_back(tracker.push(static_cast<double>(frame) / fps, {}, false, found));
    for (const auto& first : tracker.take_confirmed())
      owners[static_cast<size_t>(first.call)][first.detection] = first.track;
  }
  for (const auto& of_frame : owners) {
    for (const int64_t track : of_frame) fmt::print("{}\n", track);
  }
  return 0;
}

Result<void> follow_clip(const char* clip, const char* folder, const char* fps, int tiles) {
  const auto bundle = LIDO_TRY(infer::read_bundle(folder));
  const auto detector = LIDO_TRY(Detector::make(bundle, {.tiles = tiles}));
  const auto rate = LIDO_TRY(parse_rational(fps));
  const auto reader = LIDO_TRY(storage::open_reader(clip));
  Observer observer(
      detector, LIDO_TRY(detector.open_session()), {},
      [](const media::Frame&, std::span<const Observation>) { return Result<void>(); });
  media::UprightSize size{};
  const auto sink = [&](const media::ExtractedFrame& one) -> Result<void> {
    size = media::upright_size(one.frame);
    return observer.push(one.first_k, one.end_k, one.after_cut, one.frame);
  };
  LIDO_TRY(media::extract(*reader, {.fps = rate}, sink, [] {}));
  LIDO_TRY(observer.finish());
  std::vector<GreyThumbnail> thumbnails;
  for (const auto& one : sample_evenly(observer.take_thumbnails(), kMaxStillThumbnails))
    thumbnails.push_back({one.k, media::grey_of(one.image)});
  const auto observations = observer.take_observations();
  const TrackerOptions options;
  const auto followed =
      follow({observations, thumbnails, rate.value(), size.width, size.height}, detector, options);
  const auto key = [](int64_t k, const Box& box) {
    return std::tuple(k, box.x, box.y, box.width, box.height);
  };
  std::map<std::tuple<int64_t, double, double, double, double>, int64_t> track_of;
  for (const SeenObject& one : followed.objects) {
    if (one.class_id >= 0 && one.track != 0) track_of[key(one.k, one.box)] = one.track;
  }
  for (const Observation& at : observations) {
    for (const Detection& one : at.found) {
      if (!detector.is_person(one.class_id)) continue;
      const auto track = track_of.find(key(at.k, one.box));
      fmt::print("{},{:.2f},{:.2f},{:.2f},{:.2f},{:.4f},{}\n", at.k, one.box.x, one.box.y,
                 one.box.width, one.box.height, one.score,
                 track == track_of.end() ? 0 : track->second);
    }
  }
  fmt::print("scores {} {} {} {}\n", detector.options().min_score,
             detector.bundle().scores.new_score, size.width, size.height);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4) return follow_boxes(std::atof(argv[1]), std::atof(argv[2]), std::atof(argv[3]));
  if (argc != 5) {
    fmt::print(stderr, "usage: track_bench FPS MIN_SCORE NEW_SCORE | CLIP BUNDLE FPS TILES\n");
    return 2;
  }
  const auto done = follow_clip(argv[1], argv[2], argv[3], std::atoi(argv[4]));
  if (!done) fmt::print(stderr, "track_bench: {}\n", done.error().message);
  return done ? 0 : 1;
}
