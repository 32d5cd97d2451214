// SPDX-License-Identifier: Apache-2.0
// Cost of training steps of the network of people, for ./dev bench train. Usage:
//   step_bench STEPS WINDOWS FRAMES SIDE THREADS
// Prints windows, wall and CPU seconds as JSON; the first two steps do not count.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <random>

#include "lido/nn/module.h"
#include "lido/nn/people.h"

namespace {

double cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int run(int steps, int windows, int frames, int side, int threads) {
  using namespace lido::nn;
  set_threads(threads);
  const WindowShape input{.frames = frames, .height = side, .width = side};
  auto module = Module::make(people_network(input, {{"behaviour", 12}, {"age", 5}}), {}, 1);
  if (!module) return 1;
  std::mt19937 random(1);
  std::vector<uint8_t> pixels(static_cast<size_t>(windows * frames * side * side * 3));
  for (uint8_t& pixel : pixels) pixel = static_cast<uint8_t>(random());
  StepInput step{pixels, {}};
  for (int i = 0; i < windows; ++i) {
    step.targets["behaviour"].push_back(i % 12);
    step.targets["age"].push_back(i % 5);
  }
  std::chrono::steady_clock::time_point begin;
  double cpu = 0;
  for (int i = -2; i < steps; ++i) {
    if (i == 0) {
      begin = std::chrono::steady_clock::now();
      cpu = cpu_s();
    }
    if (!module->step(step, 1e-3)) return 1;
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  fmt::print("{{\"samples\": {}, \"wall_s\": {}, \"cpu_s\": {}}}\n", steps * windows, wall.count(),
             cpu_s() - cpu);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    fmt::print(stderr, "usage: step_bench STEPS WINDOWS FRAMES SIDE THREADS\n");
    return 2;
  }
  return run(std::atoi(argv[1]), std::atoi(argv[2]), std::atoi(argv[3]), std::atoi(argv[4]),
             std::atoi(argv[5]));
}
