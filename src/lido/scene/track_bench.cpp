// SPDX-License-Identifier: Apache-2.0
// Gives tracks to boxes from elsewhere, so that ./dev bench scene can compare trackers.
// Usage: track_bench FPS < boxes. In: frame,x,y,width,height,score, by frame. Out: the track of
// each.
#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

#include "lido/scene/track.h"

int main(int argc, char** argv) {
  using namespace lido::scene;
  const double fps = argc > 1 ? std::atof(argv[1]) : 30;
  std::map<int64_t, std::vector<Detection>> frames;
  for (std::string line; std::getline(std::cin, line);) {
    long long frame = 0;
    Detection one;
    lido::Box& box = one.box;
    if (std::sscanf(line.c_str(), "%lld,%lf,%lf,%lf,%lf,%f", &frame, &box.x, &box.y, &box.width,
                    &box.height, &one.score) != 6) {
      fmt::print(stderr, "track_bench: \"{}\", want frame,x,y,width,height,score\n", line);
      return 2;
    }
    frames[frame].push_back(one);
  }
  Tracker tracker({}, {});
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
