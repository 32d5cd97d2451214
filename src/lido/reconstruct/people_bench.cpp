// SPDX-License-Identifier: Apache-2.0
// Measures association and triangulation of people on one core: ./dev bench reconstruct.
// Usage: people_bench
// Prints a JSON line for each number of people: CPU milliseconds a moment without and with tracks.
// Measured in simulation.
#include <fmt/format.h>

#include <ctime>
#include <set>

#include "lido/reconstruct/people_tracker.h"
#include "lido/reconstruct/test_people.h"

namespace {

using namespace lido;
using namespace lido::reconstruct;

double cpu_ms() { return 1e3 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

int main() {
  auto cameras = six_cameras();
  cameras.pop_back();
  constexpr int kMoments = 50;
  for (const int people : {2, 4, 8, 16, 40}) {
    NoisySight sight(1, 2);
    std::vector<std::vector<PersonView>> moments;
    for (int moment = 0; moment < kMoments; ++moment) {
      std::vector<StickPerson> sticks;
      for (const Walker& one : rows_of_walkers(people)) sticks.push_back(one.at(moment / 10.0));
      moments.push_back(see(cameras, sticks, sight).views);
    }
    size_t groups = 0, tracked = 0;
    double start_ms = cpu_ms();
    for (const auto& views : moments) {
      for (const auto& group : associate(cameras, views, test_space())) {
        groups += triangulate_person(cameras, views, group, test_space()).found() > 0 ? 1 : 0;
      }
    }
    const double associate_ms = (cpu_ms() - start_ms) / kMoments;
    geometry::Pool pool;
    pool.outline = {{0, 0}, {25, 0}, {25, 12.5}, {0, 12.5}};
    pool.shallow_m = pool.deep_m = 1.2;
    // As lido reconstruct has it: people whom one camera alone sees, too.
    PeopleTracker tracker(cameras, test_space(), {}, pool);
    std::set<int64_t> ids;
    start_ms = cpu_ms();
    for (size_t i = 0; i < moments.size(); ++i) {
      const auto found = tracker.push(static_cast<double>(i) / 10, moments[i]);
      tracked += found.size();
      for (const TrackedPerson& one : found) ids.insert(one.id);
    }
    const double track_ms = (cpu_ms() - start_ms) / kMoments;
    fmt::print(
        "{{\"people\": {}, \"associate_ms\": {:.3f}, \"track_ms\": {:.3f}, "
        "\"found\": {:.2f}, \"tracked\": {:.2f}, \"ids\": {}}}\n",
        people, associate_ms, track_ms, static_cast<double>(groups) / kMoments,
        static_cast<double>(tracked) / kMoments, ids.size());
  }
}
