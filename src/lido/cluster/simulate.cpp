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
constexpr int kMaxSteps = 600;

struct Job {
  double arrival_s = 0;
  double first_span_s = -1;    ///< Start of the first span; -1 before.
  double driver_start_s = 0;   ///< Time at which the driver got its pod.
  uint32_t work = 0;           ///< Index of the job's work.
  int64_t spans_to_start = 0;  ///< Spans that wait for a CPU.
  int64_t spans_to_end = 0;    ///< Spans that wait or run.
  int driver_pod = -1;         ///< Index of a pod; -1 without one.
};

enum class EventType : uint8_t {
  kJobArrives,
  kHeadReady,
  kAutoscalerTick,
  kPodReady,
  kDriverReady,
  kSpanEnds,
  kJobEnds,
  kPodLost
};

struct Event {
  double at_s = 0;
  uint64_t order = 0;  ///< Order among events at one time.
  EventType type = EventType::kAutoscalerTick;
  uint32_t subject = 0;  ///< Index of a job, pod or running span; depends on the type.
  uint32_t attempt = 0;  ///< Attempt of the running span; an old attempt's end is ignored.
  bool operator<(const Event& other) const {
    return at_s != other.at_s ? at_s > other.at_s : order > other.order;
  }
};

struct Pod {
  uint32_t group = 0;
  bool ready = false;
  bool removed = false;
  int free_cpus = 0;
  double requested_s = 0;
  double idle_since_s = 0;      ///< Time at which the pod became idle.
  std::vector<uint32_t> tasks;  ///< Running spans; on a driver pod, jobs.
};

/// A place for a span that runs. Later spans use the place again.
struct RunningSpan {
  uint32_t job = 0;
  uint32_t pod = 0;
  uint32_t attempt = 0;  ///< Counts the spans that used this place.
  double start_s = 0;
};

struct Group {
  const WorkerGroup* values = nullptr;
  int cpus_per_pod = 1;  ///< For drivers, jobs per pod.
  bool is_for_drivers = false;
  std::deque<uint32_t> waiting;  ///< Jobs with spans to start; for drivers, jobs without a pod.
  int64_t spans_waiting = 0;
  int64_t early_requests = 0;  ///< CPUs requested by jobs whose drivers do not run yet.
  std::vector<uint32_t> pods;  ///< Requested or ready, not removed.
  std::vector<double>
      empty_nodes;  ///< For each empty node, the time at which the cloud removes it.
  int ready_pods = 0;
  int64_t free_cpus = 0;  ///< Free CPUs of ready pods.
  GroupRun run;
  double busy_s = 0;  ///< CPU-seconds of spans so far.
};

ClusterRun::Step max_of(const ClusterRun::Step& a, const ClusterRun::Step& b) {
  return {std::max(a.pods, b.pods), std::max(a.waiting, b.waiting), std::max(a.drivers, b.drivers),
          0.5 * (a.mean_pods + b.mean_pods)};
}

Durations distribution_of(std::vector<float> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const auto quantile = [&](double share) {
    return static_cast<double>(
        values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))]);
  };
  return {quantile(0.5), quantile(0.95), quantile(1)};
}

/// One cluster's run, from the first arrival until nothing is left to do.
class Simulation {
 public:
  Simulation(const RayClusterValues& cluster, const Workload& workload, const Timings& timings,
             double suspend_after_s)
      : cluster_(cluster),
        timings_(timings),
        suspend_after_s_(suspend_after_s),
        random_(static_cast<uint64_t>(timings.seed)) {
    for (const WorkerGroup& values : cluster.groups) {
      Group group{.values = &values};
      group.is_for_drivers = &values == cluster.drivers();
      group.cpus_per_pod = group.is_for_drivers ? values.drivers : std::max(1, values.cpus);
      group.run.name = values.name;
      group.empty_nodes.assign(static_cast<size_t>(timings.warm_nodes), HUGE_VAL);
      groups_.push_back(std::move(group));
    }
    for (const Work& work : workload.work) {
      if (work.cluster == cluster.name) add_jobs(work);
    }
    std::ranges::stable_sort(jobs_, {}, &Job::arrival_s);
    for (Group& group : groups_) {
      if (group.is_for_drivers) drivers_ = &group;
    }
  }

  ClusterRun run() {
    if (jobs_.empty()) return {.name = cluster_.name};
    // Only the next arrival is among the events: there can be a million jobs.
    schedule(jobs_.front().arrival_s, EventType::kJobArrives, 0);
    start_s_ = last_event_s_ = jobs_.front().arrival_s;
    while (!events_.empty() && !has_ended()) {
      const Event event = events_.top();
      events_.pop();
      if (event.type == EventType::kPodLost && pods_[event.subject].removed) continue;
      now_s_ = event.at_s;
      ++event_count_;
      handle(event);
      record_step();
    }
    return result();
  }

 private:
  enum class Head : uint8_t { kDown, kStarting, kUp };
  struct GroupWork {
    const Work* work;
    uint32_t group;  ///< Index in groups_.
  };

  /// Draws the arrivals of one kind of work.
  void add_jobs(const Work& work) {
    uint32_t group = 0;
    while (groups_[group].values->name != work.group) ++group;
    works_.push_back({&work, group});
    std::uniform_real_distribution<double> hour(work.from_h, work.to_h);
    for (int64_t i = 0; i < work.jobs; ++i)
      jobs_.push_back(
          {.arrival_s = (work.from_h < work.to_h ? hour(random_) : work.from_h) * kHour_s,
           .work = static_cast<uint32_t>(works_.size() - 1),
           .spans_to_start = work.spans,
           .spans_to_end = work.spans});
  }

  void schedule(double at_s, EventType type, uint32_t subject, uint32_t attempt = 0) {
    events_.push({at_s, order_++, type, subject, attempt});
  }

  /// Whether all jobs have ended and the cluster is as small as it can be.
  bool has_ended() const {
    if (turnarounds_.size() < jobs_.size()) return false;
    bool head_stays = suspend_after_s_ <= 0;
    for (const Group& group : groups_) {
      if (static_cast<int>(group.pods.size()) > group.values->min) return false;
      head_stays |= group.values->min > 0;
    }
    return head_stays || head_ == Head::kDown;
  }

  void handle(const Event& event) {
    switch (event.type) {
      case EventType::kJobArrives:
        on_job_arrives(event.subject);
        break;
      case EventType::kHeadReady:
        on_head_ready();
        break;
      case EventType::kAutoscalerTick:
        on_autoscaler_tick();
        break;
      case EventType::kPodReady:
        on_pod_ready(event.subject);
        break;
      case EventType::kDriverReady:
        on_driver_ready(event.subject);
        break;
      case EventType::kSpanEnds:
        on_span_ends(event.subject, event.attempt);
        break;
      case EventType::kJobEnds:
        on_job_ends(event.subject);
        break;
      case EventType::kPodLost:
        on_pod_lost(event.subject);
        break;
    }
  }

  Group& group_of(uint32_t job) { return groups_[works_[jobs_[job].work].group]; }

  void on_job_arrives(uint32_t job) {
    if (job + 1 < jobs_.size()) schedule(jobs_[job + 1].arrival_s, EventType::kJobArrives, job + 1);
    if (drivers_ != nullptr) {
      drivers_->waiting.push_back(job);
    } else {
      schedule(now_s_ + timings_.driver_s, EventType::kDriverReady, job);
    }
    Group& group = group_of(job);
    if (group.free_cpus == 0) group.early_requests += timings_.workers_ahead;
    if (head_ == Head::kDown) {
      head_ = Head::kStarting;
      head_start_s_ = now_s_;
      schedule(now_s_ + timings_.head_start_s, EventType::kHeadReady, 0);
    } else {
      if (drivers_ != nullptr) assign_waiting(*drivers_);
      if (group.early_requests > 0 && head_ == Head::kUp) schedule_tick();
    }
  }

  void on_head_ready() {
    head_ = Head::kUp;
    idle_since_s_ = now_s_;
    for (Group& group : groups_) assign_waiting(group);
    schedule_tick();
  }

  void on_driver_ready(uint32_t job) {
    Group& group = group_of(job);
    group.waiting.push_back(job);
    group.spans_waiting += jobs_[job].spans_to_start;
    assign_waiting(group);
  }

  /// Starts waiting spans or drivers on free pods, in the order of arrival.
  void assign_waiting(Group& group) {
    if (head_ != Head::kUp) return;
    for (const uint32_t id : group.pods) {
      if (group.waiting.empty() || group.free_cpus == 0) break;
      while (pods_[id].ready && pods_[id].free_cpus > 0 && !group.waiting.empty())
        start_next(group, id);
    }
    if (!group.waiting.empty()) schedule_tick();
  }

  /// Starts the next driver or span of a group on a pod with a free CPU.
  void start_next(Group& group, uint32_t pod) {
    --pods_[pod].free_cpus;
    --group.free_cpus;
    if (group.is_for_drivers)
      start_driver(group, pod);
    else
      start_span(group, pod);
  }

  void start_driver(Group& group, uint32_t pod) {
    const uint32_t number = group.waiting.front();
    group.waiting.pop_front();
    jobs_[number].driver_pod = static_cast<int>(pod);
    jobs_[number].driver_start_s = now_s_;
    pods_[pod].tasks.push_back(number);
    schedule(now_s_ + timings_.driver_s, EventType::kDriverReady, number);
  }

  void start_span(Group& group, uint32_t pod) {
    const uint32_t number = group.waiting.front();
    Job& job = jobs_[number];
    if (job.first_span_s < 0) job.first_span_s = now_s_;
    --group.spans_waiting;
    if (--job.spans_to_start == 0) group.waiting.pop_front();
    auto place = static_cast<uint32_t>(spans_.size());
    if (free_places_.empty()) {
      spans_.emplace_back();
    } else {
      place = free_places_.back();
      free_places_.pop_back();
    }
    RunningSpan& span = spans_[place];
    span.job = number;
    span.pod = pod;
    span.start_s = now_s_;
    pods_[pod].tasks.push_back(place);
    const Work& work = *works_[job.work].work;
    const double span_s = work.span_s * std::exp(work.spread * normal_(random_));
    schedule(now_s_ + span_s + timings_.overhead_s, EventType::kSpanEnds, place, span.attempt);
  }

  void on_span_ends(uint32_t place, uint32_t attempt) {
    if (spans_[place].attempt != attempt) return;
    const uint32_t pod = spans_[place].pod;
    const uint32_t number = spans_[place].job;
    free_place(place);
    std::erase(pods_[pod].tasks, place);
    ++spans_done_;
    if (--jobs_[number].spans_to_end == 0)
      schedule(now_s_ + timings_.end_s, EventType::kJobEnds, number);
    release_cpu(groups_[pods_[pod].group], pod);
  }

  /// Ends a span's attempt, whether the span is done or lost.
  void free_place(uint32_t place) {
    RunningSpan& span = spans_[place];
    groups_[pods_[span.pod].group].busy_s += now_s_ - span.start_s;
    ++span.attempt;
    free_places_.push_back(place);
  }

  /// Frees a CPU of a pod, and gives the CPU to the next span or driver.
  void release_cpu(Group& group, uint32_t id) {
    Pod& pod = pods_[id];
    ++pod.free_cpus;
    ++group.free_cpus;
    group.early_requests = 0;
    if (!group.waiting.empty() && head_ == Head::kUp) start_next(group, id);
    if (pod.tasks.empty()) {
      pod.idle_since_s = now_s_;
      schedule_tick();
    }
  }

  void on_job_ends(uint32_t number) {
    Job& job = jobs_[number];
    turnarounds_.push_back(static_cast<float>(now_s_ - job.arrival_s));
    first_spans_.push_back(static_cast<float>(job.first_span_s - job.arrival_s));
    end_s_ = now_s_;
    idle_since_s_ = now_s_;
    if (job.driver_pod < 0) return;
    const auto pod = static_cast<uint32_t>(job.driver_pod);
    drivers_->busy_s += now_s_ - job.driver_start_s;
    std::erase(pods_[pod].tasks, number);
    release_cpu(*drivers_, pod);
  }

  void on_pod_ready(uint32_t id) {
    Pod& pod = pods_[id];
    Group& group = groups_[pod.group];
    pod.ready = true;
    pod.free_cpus = group.cpus_per_pod;
    group.free_cpus += group.cpus_per_pod;
    group.early_requests = 0;  // The placeholder jobs run and end at once.
    pod.idle_since_s = now_s_;
    ++group.ready_pods;
    if (!group.is_for_drivers && first_worker_s_ < 0) first_worker_s_ = now_s_;
    assign_waiting(group);
    schedule_tick();
  }

  /// Removes a pod with its node; the pod's spans are retried before all others.
  void on_pod_lost(uint32_t id) {
    Group& group = groups_[pods_[id].group];
    ++group.run.spot_losses;
    for (const uint32_t place : pods_[id].tasks) {
      const uint32_t number = spans_[place].job;
      free_place(place);
      ++spans_retried_;
      ++group.spans_waiting;
      if (++jobs_[number].spans_to_start == 1) group.waiting.push_front(number);
    }
    pods_[id].tasks.clear();
    remove_pod(group, id, false);
    schedule_tick();
  }

  void remove_pod(Group& group, uint32_t id, bool keep_node) {
    Pod& pod = pods_[id];
    group.run.pod_hours += (now_s_ - pod.requested_s) / kHour_s;
    if (pod.ready) {
      --group.ready_pods;
      group.free_cpus -= pod.free_cpus;
    }
    pod.removed = true;
    pod.ready = false;
    std::erase(group.pods, id);
    if (keep_node) group.empty_nodes.push_back(now_s_ + timings_.node_keep_s);
    if (!group.is_for_drivers) last_removal_s_ = now_s_;
  }

  void schedule_tick() {
    if (is_tick_scheduled_) return;
    is_tick_scheduled_ = true;
    schedule(now_s_ + timings_.decide_s, EventType::kAutoscalerTick, 0);
  }

  void on_autoscaler_tick() {
    is_tick_scheduled_ = false;
    if (head_ != Head::kUp) return;
    bool needs_tick = false;
    for (uint32_t index = 0; index < groups_.size(); ++index) {
      Group& group = groups_[index];
      scale_up(group, index);
      scale_down(group);
      needs_tick |= !group.waiting.empty() || group.early_requests > 0 ||
                    group.pods.size() > static_cast<size_t>(std::max(0, group.values->min));
    }
    const bool is_empty = std::ranges::all_of(
        groups_, [](const Group& group) { return group.pods.empty() && group.waiting.empty(); });
    if (is_empty && suspend_after_s_ > 0) {
      if (now_s_ - idle_since_s_ >= suspend_after_s_) return suspend();
      needs_tick = true;
    }
    if (needs_tick) schedule_tick();
  }

  void suspend() {
    head_ = Head::kDown;
    head_s_ += now_s_ - head_start_s_;
  }

  void scale_up(Group& group, uint32_t index) {
    const int64_t demand = group.is_for_drivers ? static_cast<int64_t>(group.waiting.size())
                                                : group.spans_waiting + group.early_requests;
    const auto pods = static_cast<int64_t>(group.pods.size());
    const int64_t supply = group.free_cpus + (pods - group.ready_pods) * group.cpus_per_pod;
    const int64_t missing = std::max(
        (demand - supply + group.cpus_per_pod - 1) / group.cpus_per_pod, group.values->min - pods);
    for (int64_t i = 0; i < std::min(missing, group.values->max - pods); ++i)
      request_pod(group, index);
    group.run.max_pods = std::max(group.run.max_pods, static_cast<int>(group.pods.size()));
  }

  void request_pod(Group& group, uint32_t index) {
    const auto id = static_cast<uint32_t>(pods_.size());
    pods_.push_back({.group = index, .requested_s = now_s_});
    group.pods.push_back(id);
    double start_s = timings_.pod_start_s;
    std::erase_if(group.empty_nodes, [&](double until_s) { return until_s < now_s_; });
    if (group.empty_nodes.empty())
      start_s += timings_.node_start_s;
    else
      group.empty_nodes.pop_back();
    schedule(now_s_ + start_s, EventType::kPodReady, id);
    // Driver pods never run on spot nodes, whatever the values: a lost driver ends its job.
    if (group.values->pod.spot && !group.is_for_drivers && timings_.spot_losses_per_hour > 0) {
      std::exponential_distribution<double> life_h(timings_.spot_losses_per_hour);
      schedule(now_s_ + start_s + life_h(random_) * kHour_s, EventType::kPodLost, id);
    }
  }

  void scale_down(Group& group) {
    const std::vector<uint32_t> pods = group.pods;
    for (const uint32_t id : pods) {
      const bool is_idle = pods_[id].ready && pods_[id].tasks.empty();
      if (is_idle &&
          now_s_ - pods_[id].idle_since_s >= cluster_.idle_timeout_s + timings_.idle_slack_s &&
          static_cast<int>(group.pods.size()) > group.values->min)
        remove_pod(group, id, true);
    }
  }

  /// Records the state for the plots, in steps of equal length. Doubles the length, and joins steps
  /// in pairs, when there are too many.
  void record_step() {
    while ((now_s_ - start_s_) / step_s_ >= kMaxSteps) join_steps();
    const auto index = static_cast<size_t>((now_s_ - start_s_) / step_s_);
    // The last state lasted until this event.
    while (steps_.size() <= index) steps_.push_back(state_);
    record_pod_time(index);
    state_ = {};
    int ready_workers = 0;
    for (const Group& group : groups_) {
      state_.pods += static_cast<int>(group.pods.size());
      state_.waiting += group.spans_waiting;
      if (group.is_for_drivers) state_.drivers += static_cast<int>(group.waiting.size());
      if (!group.is_for_drivers) ready_workers += group.ready_pods;
    }
    if (ready_workers > max_ready_workers_) {
      max_ready_workers_ = ready_workers;
      all_workers_s_ = now_s_;
    }
    const double mean_pods = steps_[index].mean_pods;
    steps_[index] = max_of(steps_[index], state_);
    steps_[index].mean_pods = mean_pods;
  }

  void join_steps() {
    for (size_t i = 0; i < (steps_.size() + 1) / 2; ++i) {
      const ClusterRun::Step& first = steps_[2 * i];
      steps_[i] = 2 * i + 1 < steps_.size() ? max_of(first, steps_[2 * i + 1])
                                            : max_of(first, {.pods = first.pods});
    }
    steps_.resize((steps_.size() + 1) / 2);
    step_s_ *= 2;
  }

  /// Adds the pods of the last state to the mean of each step between the last event and this one.
  void record_pod_time(size_t index) {
    auto first = static_cast<size_t>((last_event_s_ - start_s_) / step_s_);
    for (size_t i = first; i <= index; ++i) {
      const double from_s = std::max(last_event_s_, start_s_ + static_cast<double>(i) * step_s_);
      const double to_s = std::min(now_s_, start_s_ + static_cast<double>(i + 1) * step_s_);
      steps_[i].mean_pods += state_.pods * std::max(0.0, to_s - from_s) / step_s_;
    }
    last_event_s_ = now_s_;
  }

  ClusterRun result() {
    if (head_ != Head::kDown) suspend();
    ClusterRun run{.name = cluster_.name};
    run.jobs = static_cast<int64_t>(turnarounds_.size());
    run.spans = spans_done_;
    run.spans_retried = spans_retried_;
    run.first_span = distribution_of(std::move(first_spans_));
    run.turnaround = distribution_of(std::move(turnarounds_));
    run.first_worker_s = first_worker_s_ - start_s_;
    run.all_workers_s = all_workers_s_ - start_s_;
    run.end_s = end_s_ - start_s_;
    run.scale_down_s = std::max(0.0, last_removal_s_ - end_s_);
    run.head_hours = head_s_ / kHour_s;
    for (Group& group : groups_) {
      for (const uint32_t id : group.pods)
        group.run.pod_hours += (now_s_ - pods_[id].requested_s) / kHour_s;
      const double paid_s = group.run.pod_hours * kHour_s * group.cpus_per_pod;
      group.run.busy_share = paid_s > 0 ? group.busy_s / paid_s : 0;
      run.groups.push_back(group.run);
    }
    run.step_s = step_s_;
    run.steps = std::move(steps_);
    run.events = event_count_;
    return run;
  }

  const RayClusterValues& cluster_;
  const Timings& timings_;
  double suspend_after_s_;  ///< 0: never.
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::vector<Group> groups_;
  std::vector<GroupWork> works_;
  std::vector<Job> jobs_;  ///< In order of arrival.
  std::vector<Pod> pods_;  ///< Every pod so far.
  std::vector<RunningSpan> spans_;
  std::vector<uint32_t> free_places_;  ///< Indexes of spans_.
  std::priority_queue<Event> events_;
  uint64_t order_ = 0;
  int64_t event_count_ = 0;
  double now_s_ = 0, start_s_ = 0, last_event_s_ = 0;
  Group* drivers_ = nullptr;  ///< Element of groups_; null when jobs need no driver pod.
  bool is_tick_scheduled_ = false;
  Head head_ = Head::kDown;
  double head_start_s_ = 0, head_s_ = 0;
  double idle_since_s_ = 0;     ///< Time of the last job's end.
  double first_worker_s_ = -1;  ///< -1 before the first worker is ready.
  double all_workers_s_ = 0, end_s_ = 0, last_removal_s_ = 0;
  int max_ready_workers_ = 0;
  int64_t spans_done_ = 0, spans_retried_ = 0;
  std::vector<float> first_spans_, turnarounds_;  ///< Seconds from arrival, one per ended job.
  double step_s_ = 1;
  std::vector<ClusterRun::Step> steps_;
  ClusterRun::Step state_;  ///< State since the last event.
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
