// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/simulate.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <queue>
#include <random>

namespace lido::cluster {
namespace {

constexpr double kHour_s = 3600;
constexpr int kSteps = 600;

struct Job {
  double arrival_s = 0;
  double first_s = -1;  ///< When its first span began.
  double placed_s = 0;  ///< When it had its driver pod.
  uint32_t work = 0;
  int64_t to_begin = 0;
  int64_t to_end = 0;
  int driver_pod = -1;
};

enum class What : uint8_t {
  kArrives,
  kHeadIsUp,
  kTick,
  kPodIsUp,
  kDriverIsUp,
  kSpanEnds,
  kJobEnds,
  kPodIsLost
};

struct Event {
  double at_s = 0;
  uint64_t order = 0;  ///< Of equal times.
  What what = What::kTick;
  uint32_t subject = 0;
  uint32_t life = 0;  ///< Of the span's slot: a span that was lost ends no more.
  bool operator<(const Event& other) const {
    return at_s != other.at_s ? at_s > other.at_s : order > other.order;
  }
};

struct Pod {
  uint32_t group = 0;
  bool up = false;
  bool gone = false;
  int free = 0;
  double asked_s = 0;
  double idle_s = 0;  ///< Since when nothing runs on it.
  std::vector<uint32_t> spans;
};

/// A span that runs.
struct Slot {
  uint32_t job = 0;
  uint32_t pod = 0;
  uint32_t life = 0;
  double began_s = 0;
};

struct Group {
  const WorkerGroup* values = nullptr;
  int slots = 1;  ///< Of a pod.
  bool drivers = false;
  std::deque<uint32_t> waiting;  ///< Jobs with spans to begin, or that want a driver.
  int64_t spans_waiting = 0;
  int64_t ahead = 0;           ///< Places wanted by jobs whose drivers have not asked yet.
  std::vector<uint32_t> pods;  ///< That are not gone.
  std::vector<double> nodes;   ///< Empty ones, until when they are kept.
  int ready = 0;
  int64_t free = 0;  ///< Places on pods that are ready.
  GroupRun run;
  double busy_s = 0;
};

ClusterRun::Step most_of(const ClusterRun::Step& a, const ClusterRun::Step& b) {
  return {std::max(a.pods, b.pods), std::max(a.waiting, b.waiting), std::max(a.drivers, b.drivers)};
}

class Simulation {
 public:
  Simulation(const RayClusterValues& cluster, const Workload& workload, const Timings& timings,
             double suspend_after_s)
      : cluster_(cluster),
        timings_(timings),
        suspend_after_s_(suspend_after_s),
        random_(static_cast<uint64_t>(timings.seed)) {
    for (const WorkerGroup& group : cluster.groups) {
      Group one{.values = &group};
      one.drivers = group.name == "driver";
      one.slots = one.drivers ? 1 : std::max(1, group.cpus);
      one.run.name = group.name;
      one.nodes.assign(static_cast<size_t>(timings.warm_nodes), HUGE_VAL);
      groups_.push_back(std::move(one));
    }
    for (const Work& work : workload.work) {
      if (work.cluster != cluster.name) continue;
      uint32_t group = 0;
      while (groups_[group].values->name != work.group) ++group;
      works_.push_back({&work, group});
      std::uniform_real_distribution<double> hour(work.from_h, work.to_h);
      for (int64_t i = 0; i < work.jobs; ++i)
        jobs_.push_back(
            {.arrival_s = (work.from_h < work.to_h ? hour(random_) : work.from_h) * kHour_s,
             .work = static_cast<uint32_t>(works_.size() - 1),
             .to_begin = work.spans,
             .to_end = work.spans});
    }
    std::ranges::stable_sort(jobs_, {}, &Job::arrival_s);
    for (Group& group : groups_) {
      if (group.drivers) drivers_ = &group;
    }
  }

  ClusterRun run() {
    if (jobs_.empty()) return {.name = cluster_.name};
    // The next arrival alone waits among the events: there may be a million.
    push(jobs_.front().arrival_s, What::kArrives, 0);
    while (!events_.empty() && !has_ended()) {
      const Event event = events_.top();
      events_.pop();
      if (event.what == What::kPodIsLost && pods_[event.subject].gone) continue;
      now_s_ = event.at_s;
      ++count_;
      take(event);
      note();
    }
    return result();
  }

 private:
  void push(double at_s, What what, uint32_t subject, uint32_t life = 0) {
    events_.push({at_s, order_++, what, subject, life});
  }

  /// Nothing is left to do, and what may go has gone.
  bool has_ended() const {
    if (turnarounds_.size() < jobs_.size()) return false;
    bool stays = suspend_after_s_ <= 0;
    for (const Group& group : groups_) {
      if (static_cast<int>(group.pods.size()) > group.values->min) return false;
      stays |= group.values->min > 0;
    }
    return stays || head_ == Head::kDown;
  }

  void take(const Event& event) {
    switch (event.what) {
      case What::kArrives:
        arrive(event.subject);
        break;
      case What::kHeadIsUp:
        head_is_up();
        break;
      case What::kTick:
        tick();
        break;
      case What::kPodIsUp:
        pod_is_up(event.subject);
        break;
      case What::kDriverIsUp:
        driver_is_up(event.subject);
        break;
      case What::kSpanEnds:
        span_ends(event.subject, event.life);
        break;
      case What::kJobEnds:
        job_ends(event.subject);
        break;
      case What::kPodIsLost:
        pod_is_lost(event.subject);
        break;
    }
  }

  void arrive(uint32_t job) {
    if (job + 1 < jobs_.size()) push(jobs_[job + 1].arrival_s, What::kArrives, job + 1);
    if (drivers_ != nullptr) {
      drivers_->waiting.push_back(job);
    } else {
      push(now_s_ + timings_.driver_s, What::kDriverIsUp, job);
    }
    Group& group = groups_[works_[jobs_[job].work].group];
    if (group.free == 0) group.ahead += timings_.workers_ahead;
    if (head_ == Head::kDown) {
      head_ = Head::kStarts;
      head_since_s_ = now_s_;
      push(now_s_ + timings_.head_start_s, What::kHeadIsUp, 0);
    } else {
      if (drivers_ != nullptr) place(*drivers_);
      if (group.ahead > 0 && head_ == Head::kUp) want_tick();
    }
  }

  void head_is_up() {
    head_ = Head::kUp;
    idle_since_s_ = now_s_;
    for (Group& group : groups_) place(group);
    want_tick();
  }

  void driver_is_up(uint32_t job) {
    Group& group = groups_[works_[jobs_[job].work].group];
    group.waiting.push_back(job);
    group.spans_waiting += jobs_[job].to_begin;
    place(group);
  }

  /// Gives what waits to what is free, in the order of arrival.
  void place(Group& group) {
    if (head_ != Head::kUp) return;
    for (const uint32_t id : group.pods) {
      if (group.waiting.empty() || group.free == 0) break;
      while (pods_[id].up && pods_[id].free > 0 && !group.waiting.empty()) begin(group, id);
    }
    if (!group.waiting.empty()) want_tick();
  }

  void begin(Group& group, uint32_t id) {
    Pod& pod = pods_[id];
    const uint32_t number = group.waiting.front();
    Job& job = jobs_[number];
    --pod.free;
    --group.free;
    if (group.drivers) {
      group.waiting.pop_front();
      job.driver_pod = static_cast<int>(id);
      job.placed_s = now_s_;
      pod.spans.push_back(number);
      push(now_s_ + timings_.driver_s, What::kDriverIsUp, number);
      return;
    }
    if (job.first_s < 0) job.first_s = now_s_;
    --group.spans_waiting;
    if (--job.to_begin == 0) group.waiting.pop_front();
    uint32_t slot = static_cast<uint32_t>(slots_.size());
    if (free_slots_.empty()) {
      slots_.emplace_back();
    } else {
      slot = free_slots_.back();
      free_slots_.pop_back();
    }
    slots_[slot].job = number;
    slots_[slot].pod = id;
    slots_[slot].began_s = now_s_;
    pod.spans.push_back(slot);
    const Work& work = *works_[job.work].work;
    const double span_s = work.span_s * std::exp(work.spread * normal_(random_));
    push(now_s_ + span_s + timings_.span_s, What::kSpanEnds, slot, slots_[slot].life);
  }

  void span_ends(uint32_t slot, uint32_t life) {
    if (slots_[slot].life != life) return;
    const uint32_t id = slots_[slot].pod;
    const uint32_t number = slots_[slot].job;
    end(slot);
    std::erase(pods_[id].spans, slot);
    Group& group = groups_[pods_[id].group];
    ++spans_;
    if (--jobs_[number].to_end == 0) push(now_s_ + timings_.end_s, What::kJobEnds, number);
    leave(group, id);
  }

  /// Of a span, done or lost.
  void end(uint32_t slot) {
    groups_[pods_[slots_[slot].pod].group].busy_s += now_s_ - slots_[slot].began_s;
    ++slots_[slot].life;
    free_slots_.push_back(slot);
  }

  /// A place on a pod is free again.
  void leave(Group& group, uint32_t id) {
    Pod& pod = pods_[id];
    ++pod.free;
    ++group.free;
    group.ahead = 0;
    if (!group.waiting.empty() && head_ == Head::kUp) begin(group, id);
    if (pod.spans.empty()) {
      pod.idle_s = now_s_;
      want_tick();
    }
  }

  void job_ends(uint32_t number) {
    Job& job = jobs_[number];
    turnarounds_.push_back(static_cast<float>(now_s_ - job.arrival_s));
    firsts_.push_back(static_cast<float>(job.first_s - job.arrival_s));
    end_s_ = now_s_;
    idle_since_s_ = now_s_;
    if (job.driver_pod < 0) return;
    Group& group = *drivers_;
    const auto id = static_cast<uint32_t>(job.driver_pod);
    group.busy_s += now_s_ - job.placed_s;
    std::erase(pods_[id].spans, number);
    leave(group, id);
  }

  void pod_is_up(uint32_t id) {
    Pod& pod = pods_[id];
    Group& group = groups_[pod.group];
    pod.up = true;
    pod.free = group.slots;
    group.free += group.slots;
    group.ahead = 0;  // what asked does nothing with it
    pod.idle_s = now_s_;
    ++group.ready;
    if (!group.drivers && first_worker_s_ < 0) first_worker_s_ = now_s_;
    place(group);
    want_tick();
  }

  /// Its spans are done again, first of all.
  void pod_is_lost(uint32_t id) {
    Pod& pod = pods_[id];
    Group& group = groups_[pod.group];
    ++group.run.spot_losses;
    for (const uint32_t slot : pod.spans) {
      const uint32_t number = slots_[slot].job;
      end(slot);
      ++again_;
      ++group.spans_waiting;
      if (++jobs_[number].to_begin == 1) group.waiting.push_front(number);
    }
    pod.spans.clear();
    remove(group, id, false);
    want_tick();
  }

  void remove(Group& group, uint32_t id, bool node_stays) {
    Pod& pod = pods_[id];
    group.run.pod_hours += (now_s_ - pod.asked_s) / kHour_s;
    if (pod.up) {
      --group.ready;
      group.free -= pod.free;
    }
    pod.gone = true;
    pod.up = false;
    std::erase(group.pods, id);
    if (node_stays) group.nodes.push_back(now_s_ + timings_.node_keep_s);
    last_gone_s_ = group.drivers ? last_gone_s_ : now_s_;
  }

  /// The autoscaler looks while there is something to look at.
  void want_tick() {
    if (ticking_) return;
    ticking_ = true;
    push(now_s_ + timings_.decide_s, What::kTick, 0);
  }

  void tick() {
    ticking_ = false;
    if (head_ != Head::kUp) return;
    bool more = false;
    for (uint32_t index = 0; index < groups_.size(); ++index) {
      Group& group = groups_[index];
      grow(group, index);
      shrink(group);
      more |= !group.waiting.empty() || group.ahead > 0 ||
              group.pods.size() > static_cast<size_t>(std::max(0, group.values->min));
    }
    const bool empty = std::ranges::all_of(
        groups_, [](const Group& group) { return group.pods.empty() && group.waiting.empty(); });
    if (empty && suspend_after_s_ > 0) {
      if (now_s_ - idle_since_s_ >= suspend_after_s_) return put_down();
      more = true;
    }
    if (more) want_tick();
  }

  void put_down() {
    head_ = Head::kDown;
    head_s_ += now_s_ - head_since_s_;
  }

  void grow(Group& group, uint32_t index) {
    const int64_t waiting = group.drivers ? static_cast<int64_t>(group.waiting.size())
                                          : group.spans_waiting + group.ahead;
    const auto pods = static_cast<int64_t>(group.pods.size());
    const int64_t free = group.free + (pods - group.ready) * group.slots;
    const int64_t lacking =
        std::max((waiting - free + group.slots - 1) / group.slots, group.values->min - pods);
    const int64_t room = group.values->max - pods;
    for (int64_t i = 0; i < std::min(lacking, room); ++i) {
      const auto id = static_cast<uint32_t>(pods_.size());
      pods_.push_back({.group = index, .asked_s = now_s_});
      group.pods.push_back(id);
      double start_s = timings_.pod_start_s;
      std::erase_if(group.nodes, [&](double until_s) { return until_s < now_s_; });
      if (group.nodes.empty())
        start_s += timings_.node_start_s;
      else
        group.nodes.pop_back();
      push(now_s_ + start_s, What::kPodIsUp, id);
      // A driver's pod is never on spot, whatever its values say: what it runs is no span.
      if (group.values->pod.spot && !group.drivers && timings_.spot_losses_per_hour > 0) {
        std::exponential_distribution<double> life_h(timings_.spot_losses_per_hour);
        push(now_s_ + start_s + life_h(random_) * kHour_s, What::kPodIsLost, id);
      }
    }
    group.run.most_pods = std::max(group.run.most_pods, static_cast<int>(group.pods.size()));
  }

  void shrink(Group& group) {
    const std::vector<uint32_t> all = group.pods;
    for (const uint32_t id : all) {
      const bool idle = pods_[id].up && pods_[id].spans.empty();
      if (idle && now_s_ - pods_[id].idle_s >= cluster_.idle_timeout_s + timings_.idle_slack_s &&
          static_cast<int>(group.pods.size()) > group.values->min)
        remove(group, id, true);
    }
  }

  /// What the plots show: steps of a fixed length, joined two by two when they become too many.
  void note() {
    const double begin_s = jobs_.front().arrival_s;
    while ((now_s_ - begin_s) / step_s_ >= kSteps) {
      for (size_t i = 0; i < (steps_.size() + 1) / 2; ++i) {
        const size_t next = std::min(2 * i + 1, steps_.size() - 1);
        steps_[i] = most_of(steps_[2 * i], steps_[next]);
      }
      steps_.resize((steps_.size() + 1) / 2);
      step_s_ *= 2;
    }
    const auto at = static_cast<size_t>((now_s_ - begin_s) / step_s_);
    // What was lasts until something is.
    while (steps_.size() <= at) steps_.push_back(last_);
    last_ = {};
    int ready = 0;
    for (const Group& group : groups_) {
      last_.pods += static_cast<int>(group.pods.size());
      last_.waiting += group.spans_waiting;
      if (group.drivers) last_.drivers += static_cast<int>(group.waiting.size());
      if (!group.drivers) ready += group.ready;
    }
    if (ready > most_ready_) {
      most_ready_ = ready;
      all_workers_s_ = now_s_;
    }
    steps_[at] = most_of(steps_[at], last_);
  }

  static Spread spread_of(std::vector<float> values) {
    if (values.empty()) return {};
    std::ranges::sort(values);
    const auto at = [&](double share) {
      return static_cast<double>(
          values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))]);
    };
    return {at(0.5), at(0.95), at(1)};
  }

  ClusterRun result() {
    const double begin_s = jobs_.front().arrival_s;
    if (head_ != Head::kDown) put_down();
    ClusterRun run{.name = cluster_.name};
    run.jobs = static_cast<int64_t>(turnarounds_.size());
    run.spans = spans_;
    run.spans_again = again_;
    run.first_span = spread_of(std::move(firsts_));
    run.turnaround = spread_of(std::move(turnarounds_));
    run.first_worker_s = first_worker_s_ - begin_s;
    run.all_workers_s = all_workers_s_ - begin_s;
    run.end_s = end_s_ - begin_s;
    run.zero_s = std::max(0.0, last_gone_s_ - end_s_);
    run.head_hours = head_s_ / kHour_s;
    for (Group& group : groups_) {
      for (const uint32_t id : group.pods)
        group.run.pod_hours += (now_s_ - pods_[id].asked_s) / kHour_s;
      const double paid_s = group.run.pod_hours * kHour_s * group.slots;
      group.run.busy_share = paid_s > 0 ? group.busy_s / paid_s : 0;
      run.groups.push_back(group.run);
    }
    run.step_s = step_s_;
    run.steps = std::move(steps_);
    run.events = count_;
    return run;
  }

  enum class Head : uint8_t { kDown, kStarts, kUp };
  struct Placed {
    const Work* work;
    uint32_t group;
  };

  const RayClusterValues& cluster_;
  const Timings& timings_;
  double suspend_after_s_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::vector<Group> groups_;
  std::vector<Placed> works_;
  std::vector<Job> jobs_;
  std::vector<Pod> pods_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
  std::priority_queue<Event> events_;
  uint64_t order_ = 0;
  int64_t count_ = 0;
  double now_s_ = 0;
  Group* drivers_ = nullptr;  ///< Of groups_; null where jobs need none.
  bool ticking_ = false;
  Head head_ = Head::kDown;
  double head_since_s_ = 0, head_s_ = 0, idle_since_s_ = 0;
  double first_worker_s_ = -1, all_workers_s_ = 0, end_s_ = 0, last_gone_s_ = 0;
  int most_ready_ = 0;
  int64_t spans_ = 0, again_ = 0;
  std::vector<float> firsts_, turnarounds_;
  double step_s_ = 1;
  std::vector<ClusterRun::Step> steps_;
  ClusterRun::Step last_;
};

}  // namespace

Result<std::vector<ClusterRun>> simulate(const Values& values, const Workload& workload,
                                         const Timings& timings) {
  LIDO_TRY(validate(timings));
  std::vector<ClusterRun> runs;
  for (const RayClusterValues& cluster : values.clusters) {
    if (!cluster.enabled) continue;
    ClusterRun run = Simulation(cluster, workload, timings, values.suspend_after_min * 60).run();
    if (run.jobs > 0) runs.push_back(std::move(run));
  }
  return runs;
}

}  // namespace lido::cluster
