// SPDX-License-Identifier: Apache-2.0
#include "lido/storage/lease.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "lido/base/json_field.h"
#include "lido/base/json_text.h"
#include "lido/base/signing.h"
#include "lido/storage/requester.h"

namespace lido::storage {
namespace {

using Json = nlohmann::json;

/// Time between two looks at a lease that another process holds.
constexpr auto kLook = std::chrono::milliseconds(500);
constexpr int kRenewalAttempts = 4;

std::chrono::nanoseconds since_boot() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// Identity of a process, which no other process of any machine has.
struct ProcessId {
  std::string machine;  ///< Start of the machine, and the space of its process numbers.
  int64_t pid = 0;
  std::string start;  ///< When the process began, in the machine's ticks.
  char state = ' ';   ///< 'Z' for a process that has ended.
};

ProcessId process_id(int64_t pid) {
  std::array<char, 64> space{};
  if (::readlink("/proc/self/ns/pid", space.data(), space.size() - 1) < 0) space[0] = '\0';
  ProcessId id{.machine = first_line("/proc/sys/kernel/random/boot_id") + " " + space.data(),
               .pid = pid,
               .start = {}};
  // "PID (NAME) STATE ...": the start is the twentieth field after the state.
  const std::string stat = first_line(fmt::format("/proc/{}/stat", pid));
  size_t at = stat.rfind(") ");
  if (at == std::string::npos) return id;
  id.state = stat[at + 2];
  for (int field = 0; field < 20 && at != std::string::npos; ++field) at = stat.find(' ', at + 1);
  if (at != std::string::npos) id.start = stat.substr(at + 1, stat.find(' ', at + 1) - at - 1);
  return id;
}

/// The holder of a lease, as its object names it.
struct Holder {
  std::string id;  ///< Random.
  std::string host;
  int64_t renewals = 0;
  ProcessId process;
};

std::string to_text(const Holder& holder) {
  const Json json = {{"id", holder.id},
                     {"host", holder.host},
                     {"renewals", holder.renewals},
                     {"machine", holder.process.machine},
                     {"pid", holder.process.pid},
                     {"start", holder.process.start}};
  return json_text(json) + "\n";
}

/// Reads the holder; parts that are missing or of another type are empty.
Holder holder_from(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  Holder holder{.id = text_at(json, "id"), .host = text_at(json, "host"), .process = {}};
  holder.process.machine = text_at(json, "machine");
  holder.process.start = text_at(json, "start");
  if (json.is_object() && json.contains("pid") && json["pid"].is_number_integer())
    holder.process.pid = json["pid"].get<int64_t>();
  return holder;
}

Holder this_process() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  Holder holder{.process = process_id(::getpid())};
  // The object is JSON, so the name of the machine must be ASCII.
  for (const char c : std::string_view(host.data())) holder.host += c > ' ' && c <= '~' ? c : '?';
  return holder;
}

/// Returns whether the holder was a process of this machine and has ended.
bool has_ended(const Holder& holder) {
  const ProcessId& process = holder.process;
  if (process.pid <= 0 || process.start.empty()) return false;
  const ProcessId now = process_id(process.pid);
  if (now.machine != process.machine) return false;
  if (::kill(static_cast<pid_t>(process.pid), 0) != 0 && errno == ESRCH) return true;
  return !now.start.empty() && (now.start != process.start || now.state == 'Z');
}

std::string name_of(const Holder& holder) {
  return holder.host.empty() ? "another process"
                             : fmt::format("process {} on {}", holder.process.pid, holder.host);
}

}  // namespace

Result<std::unique_ptr<Lease>> Lease::acquire(std::shared_ptr<ObjectApi> api, std::string name,
                                              const std::string& uri,
                                              std::chrono::milliseconds wait, LeaseTimes times) {
  std::unique_ptr<Lease> lease(new Lease(std::move(api), std::move(name), uri, times));
  lease->id_ = random_hex(16);
  const auto begin = since_boot();
  std::string first_version;  // the other process's object when this process began to wait
  WriteIf wanted{WriteIf::State::kMissing};
  while (!LIDO_TRY(lease->write(wanted))) {
    wanted = {WriteIf::State::kMissing};
    const auto found = lease->api_->get(lease->name_);
    if (!found && found.error().code == ErrorCode::kNotFound) continue;
    if (!found) return std::unexpected(found.error());
    const Holder holder = holder_from(found->text);
    const bool is_over = found->age_s > static_cast<double>(times.life.count());
    if (is_over || has_ended(holder)) {
      wanted = {WriteIf::State::kVersion, found->version};
      continue;
    }
    const bool is_alive = !first_version.empty() && found->version != first_version;
    if (wait == std::chrono::milliseconds::zero() || (is_alive && since_boot() - begin > wait))
      return fail(ErrorCode::kUnavailable, "{}: {} is writing here. Wait for it, or stop it.", uri,
                  name_of(holder));
    if (first_version.empty()) {
      first_version = found->version;
      fmt::print(stderr, "lido: note: {}: {} is writing here, or was killed; waiting up to {} s\n",
                 uri, name_of(holder), times.life.count());
    }
    if (!wait_unless_stopped(kLook, requests_stop())) return fail(ErrorCode::kCancelled, "stopped");
  }
  lease->thread_ =
      std::jthread([raw = lease.get()](const std::stop_token& stop) { raw->keep(stop); });
  return lease;
}

Result<bool> Lease::write(const WriteIf& wanted) {
  const auto begin = since_boot();
  Holder holder = this_process();
  holder.id = id_;
  holder.renewals = ++renewals_;
  const std::string text = to_text(holder);
  auto version = LIDO_TRY(api_->put(name_, Upload::of(text), wanted));
  if (!version) {
    // An earlier attempt of this very request may have succeeded without an answer.
    const auto found = api_->get(name_);
    if (!found || holder_from(found->text).id != id_) return false;
    version = found->version;
  }
  const std::lock_guard lock(mutex_);
  version_ = *version;
  renewed_ = begin;
  return true;
}

void Lease::keep(const std::stop_token& stop) {
  const RequestScope own(stop, kRenewalAttempts);
  std::unique_lock lock(mutex_);
  while (!is_lost_) {
    wake_.wait_for(lock, stop, times_.renewal, [] { return false; });
    if (stop.stop_requested()) return;
    const WriteIf unchanged{WriteIf::State::kVersion, version_};
    lock.unlock();
    const auto is_held = write(unchanged);
    lock.lock();
    is_lost_ = is_held && !*is_held;  // after an error, the next round tries again
  }
}

Result<void> Lease::check() {
  const std::lock_guard lock(mutex_);
  if (!is_lost_ && since_boot() - renewed_ < times_.life - times_.margin) return {};
  return fail(ErrorCode::kUnavailable,
              "{}: the lease on this dataset was not renewed in time, so another process may be "
              "writing here. Run the command again.",
              uri_);
}

Lease::~Lease() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  if (version_.empty() || !check()) return;
  const RequestScope cleaning_up({}, kCleaningAttempts);
  (void)api_->remove(std::array{name_});
}

}  // namespace lido::storage
