// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "lido/storage/object_api.h"
#include "lido/storage/store.h"

namespace lido::storage {

/// Times of a lease.
struct LeaseTimes {
  /// Age at which an object counts as left by a dead process.
  std::chrono::seconds life{60};
  std::chrono::milliseconds renewal{15'000};
  /// The holder stops this long before the end of the life, as clocks and requests take time.
  std::chrono::seconds margin{10};
};

/// The right of one process to write under a prefix of a bucket: an object that is created only if
/// there is none, renewed by a thread, and removed by the destructor. All changes of the object
/// have a condition on its version, so that of several processes one succeeds. Ages are measured by
/// the server's clock.
class Lease final : public Lock {
 public:
  /// Takes the lease, or waits until its holder shows that it lives or is dead.
  /// @param name  Name of the object in the bucket; `uri` names the dataset in messages.
  /// @param wait  Shortest time to wait for a living holder.
  /// @return kUnavailable when another process lives and holds it; kCancelled.
  static Result<std::unique_ptr<Lease>> acquire(std::shared_ptr<ObjectApi> api, std::string name,
                                                const std::string& uri,
                                                std::chrono::milliseconds wait,
                                                LeaseTimes times = LeaseTimes());
  ~Lease() override;
  Result<void> check() override;

 private:
  using Clock = std::chrono::nanoseconds;  ///< Since the machine's start, sleep included.

  Lease(std::shared_ptr<ObjectApi> api, std::string name, std::string uri, LeaseTimes times)
      : api_(std::move(api)), name_(std::move(name)), uri_(std::move(uri)), times_(times) {}
  /// Writes the object when it is in the wanted state. @return Whether this process now holds it.
  Result<bool> write(const WriteIf& wanted);
  void keep(const std::stop_token& stop);

  std::shared_ptr<ObjectApi> api_;
  std::string name_;
  std::string uri_;
  LeaseTimes times_;
  std::string id_;         ///< Random name of this lease.
  int64_t renewals_ = -1;  ///< Writes after the first; they change the object's version.
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::string version_;  ///< The object's, guarded by mutex_.
  Clock renewed_{};      ///< Begin of the last renewal that succeeded, guarded by mutex_.
  bool is_lost_ = false;
  std::jthread thread_;
};

}  // namespace lido::storage
