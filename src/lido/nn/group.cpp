// SPDX-License-Identifier: Apache-2.0
#include "lido/nn/group.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "lido/nn/gloo_types.h"
// After the types of Gloo, which it names.
#include <c10/util/Logging.h>
#include <torch/types.h>

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

namespace lido::nn {
namespace {

/// Signs of life of worker 0 within the timeout of a collective.
constexpr int kBeats = 10;

/// State of worker 0, for the others that wait.
enum Beat : int64_t { kBusy, kReady, kFailed };

/// Address of this machine on the way to another one, as text; empty where there is no way.
/// A datagram socket that is connected sends nothing.
std::string own_address(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return {};
  std::string address;
  const int socket = ::socket(found->ai_family, SOCK_DGRAM, 0);
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  char text[NI_MAXHOST] = "";
  if (socket >= 0 && ::connect(socket, found->ai_addr, found->ai_addrlen) == 0 &&
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &size) == 0 &&
      ::getnameinfo(reinterpret_cast<sockaddr*>(&own), size, text, sizeof text, nullptr, 0,
                    NI_NUMERICHOST) == 0) {
    address = text;
  }
  if (socket >= 0) ::close(socket);
  ::freeaddrinfo(found);
  return address;
}

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

torch::Tensor tensor_of(std::vector<float>& values, std::vector<int64_t> shape) {
  return torch::from_blob(values.data(), shape, torch::kFloat);
}

void add_to(std::span<float> sum, std::span<const float> values) {
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += values[i];
}

}  // namespace

struct Group::State {
  Rendezvous rendezvous;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;  ///< None with one worker.

  /// Runs a collective, and makes the exceptions of LibTorch and Gloo errors of one line.
  template <typename Work>
  auto guarded(const char* doing, Work work) const -> decltype(work()) {
    try {
      return work();
    } catch (const c10::Error& error) {
      return lost(doing, error.what_without_backtrace());
    } catch (const std::exception& error) {
      return lost(doing, error.what());
    }
  }
  std::unexpected<Error> lost(const char* doing, std::string_view reason) const {
    return fail(ErrorCode::kUnavailable,
                "worker {} of {}: another worker ended or did nothing for {} s, {}: {}",
                rendezvous.rank, rendezvous.workers,
                std::chrono::duration_cast<std::chrono::seconds>(rendezvous.timeout).count(), doing,
                first_line(reason));
  }

  void broadcast(torch::Tensor& tensor) const {
    std::vector tensors = {tensor};
    gloo->broadcast(tensors)->wait();
  }

  /// Sends each worker its stretch of this worker's vectors, and returns those of this worker's
  /// stretch: workers x slots x stretch.
  std::vector<float> exchange(const std::vector<std::vector<float>>& own, int64_t slots,
                              int64_t stretch) const {
    const int64_t workers = rendezvous.workers;
    std::vector<float> sent(static_cast<size_t>(workers * slots * stretch)), got(sent.size());
    for (int64_t slot = 0; slot < std::ssize(own); ++slot) {
      const std::vector<float>& values = own[static_cast<size_t>(slot)];
      for (int64_t to = 0; to < workers; ++to) {
        const int64_t begin = std::min(to * stretch, std::ssize(values));
        const int64_t end = std::min(begin + stretch, std::ssize(values));
        std::copy(values.begin() + begin, values.begin() + end,
                  sent.begin() + (to * slots + slot) * stretch);
      }
    }
    torch::Tensor from = tensor_of(sent, {workers, slots * stretch});
    torch::Tensor to = tensor_of(got, {workers, slots * stretch});
    std::vector<int64_t> equal;
    gloo->all_to_all_single(to, from, equal, equal)->wait();
    return got;
  }

  /// Worker 0: runs `work`, with signs of life for the others.
  Result<void> lead(const std::function<Result<void>()>& work) const {
    std::optional<Error> lost_one;
    Result<void> done;
    {
      const std::jthread beats([&](const std::stop_token& stop) {
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable_any wake;
        const auto pause = rendezvous.timeout / kBeats;
        const auto stopped = [&] { return stop.stop_requested(); };
        while (!lost_one && !wake.wait_for(lock, stop, pause, stopped))
          if (const auto sent = send(kBusy); !sent) lost_one = sent.error();
      });
      done = work();
    }
    if (lost_one) return done ? std::unexpected(*lost_one) : done;
    const auto sent = send(done ? kReady : kFailed);
    return done ? sent : done;
  }
  Result<void> send(int64_t beat) const {
    return guarded("at the end of an epoch", [&]() -> Result<void> {
      torch::Tensor value = torch::tensor(beat);
      broadcast(value);
      return {};
    });
  }

  /// Others: wait for worker 0.
  Result<void> follow() const {
    return guarded("while worker 0 validated or wrote", [&]() -> Result<void> {
      torch::Tensor value = torch::tensor(int64_t{kBusy});
      while (value.item<int64_t>() == kBusy) broadcast(value);
      if (value.item<int64_t>() == kFailed)
        return fail(ErrorCode::kUnavailable, "worker {} of {}: worker 0 failed", rendezvous.rank,
                    rendezvous.workers);
      return {};
    });
  }
};

Group::Group(std::unique_ptr<State> state) : state_(std::move(state)) {}
Group::Group(Group&&) noexcept = default;
Group& Group::operator=(Group&&) noexcept = default;
Group::~Group() = default;

int Group::rank() const { return state_->rendezvous.rank; }
int Group::workers() const { return state_->rendezvous.workers; }

Result<Group> Group::join(const Rendezvous& rendezvous) {
  if (rendezvous.workers < 1 || rendezvous.rank < 0 || rendezvous.rank >= rendezvous.workers) {
    return fail(ErrorCode::kInvalidArgument, "rank is {} of {} workers, want 0 to {}",
                rendezvous.rank, rendezvous.workers, std::max(rendezvous.workers, 1) - 1);
  }
  auto state = std::make_unique<State>(State{rendezvous, {}});
  if (rendezvous.workers == 1) return Group(std::move(state));
  const std::string place = fmt::format("{}:{}", rendezvous.host, rendezvous.port);
  // A lost worker is reported once, by the error of a collective, and not with stacks as well.
  FLAGS_caffe2_log_level = c10::GLOG_FATAL;
  try {
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(rendezvous.port);
    options.isServer = rendezvous.rank == 0;
    options.numWorkers = static_cast<size_t>(rendezvous.workers);
    options.timeout = rendezvous.start_timeout;
    if (rendezvous.listen_fd >= 0) options.masterListenFd = rendezvous.listen_fd;
    const auto store = c10::make_intrusive<c10d::TCPStore>(rendezvous.host, options);
    auto gloo = c10d::ProcessGroupGloo::Options::create(rendezvous.timeout);
    gloo->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(
        own_address(rendezvous.host, rendezvous.port)));
    state->gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(
        c10::make_intrusive<c10d::PrefixStore>(rendezvous.attempt, store), rendezvous.rank,
        rendezvous.workers, gloo);
    return Group(std::move(state));
  } catch (const c10::Error& error) {
    return fail(ErrorCode::kUnavailable, "worker {} of {}: no meeting at {}: {}", rendezvous.rank,
                rendezvous.workers, place, first_line(error.what_without_backtrace()));
  } catch (const std::exception& error) {
    return fail(ErrorCode::kUnavailable, "worker {} of {}: no meeting at {}: {}", rendezvous.rank,
                rendezvous.workers, place, first_line(error.what()));
  }
}

Result<std::vector<std::vector<double>>> Group::gather(std::span<const double> own) {
  using All = std::vector<std::vector<double>>;
  if (workers() == 1) return All{{own.begin(), own.end()}};
  return state_->guarded("before a step", [&]() -> Result<All> {
    std::vector<double> sent(own.begin(), own.end());
    torch::Tensor from = torch::from_blob(sent.data(), {std::ssize(sent)}, torch::kDouble);
    torch::Tensor to = torch::empty({workers() * std::ssize(sent)}, torch::kDouble);
    state_->gloo->all_gather_single(to, from)->wait();
    All all;
    const double* values = to.data_ptr<double>();
    for (int rank = 0; rank < workers(); ++rank, values += own.size())
      all.emplace_back(values, values + own.size());
    return all;
  });
}

Result<std::vector<float>> Group::sum(const std::vector<std::vector<float>>& own, int count) {
  if (workers() == 1) {
    std::vector<float> all = own.front();
    for (size_t i = 1; i < own.size(); ++i) add_to(all, own[i]);
    return all;
  }
  // Each worker adds one stretch of the vectors, and all workers get all stretches: as few bytes
  // as a ring would send, and the order of the additions is fixed.
  return state_->guarded("in a step", [&]() -> Result<std::vector<float>> {
    const int64_t length = std::ssize(own.front());
    const int64_t stretch = (length + workers() - 1) / workers();
    const int64_t slots = (count + workers() - 1) / workers();
    const auto got = state_->exchange(own, slots, stretch);
    std::vector<float> part(static_cast<size_t>(stretch));
    for (int64_t number = 0; number < count; ++number) {
      const int64_t place = number % workers() * slots + number / workers();
      const auto values = std::span(got).subspan(static_cast<size_t>(place * stretch), part.size());
      if (number == 0)
        std::ranges::copy(values, part.begin());  // not 0 + x, which would lose the sign of -0
      else
        add_to(part, values);
    }
    std::vector<float> all(part.size() * static_cast<size_t>(workers()));
    torch::Tensor from = tensor_of(part, {stretch});
    torch::Tensor to = tensor_of(all, {std::ssize(all)});
    state_->gloo->all_gather_single(to, from)->wait();
    all.resize(static_cast<size_t>(length));
    return all;
  });
}

Result<void> Group::in_first(const std::function<Result<void>()>& work) {
  if (workers() == 1) return work();
  return is_first() ? state_->lead(work) : state_->follow();
}

}  // namespace lido::nn
