// SPDX-License-Identifier: Apache-2.0
#include "lido/base/temporary_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

namespace lido {
namespace {

namespace fs = std::filesystem;

/// Attempts at a folder that another process of this account removes meanwhile.
constexpr int kAttempts = 100;

/// Returns the folder of this account in the system's folder for temporary files.
Result<fs::path> account_folder() {
  std::error_code error;
  const fs::path parent = fs::temp_directory_path(error);
  if (error)
    return fail(ErrorCode::kUnavailable, "TMPDIR: no folder for temporary files: {}",
                error.message());
  return parent / fmt::format("lido-{}", ::geteuid());
}

/// Whether a path is a folder of this account that no other one can write to. A link is none.
bool is_own_folder(const fs::path& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == ::geteuid() && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// Locks a folder. @return A file descriptor; -1 when another process holds the lock, and when the
/// folder is gone.
int lock_folder(const fs::path& path, int operation) {
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return -1;
  struct stat opened{}, named{};
  if (::flock(folder, operation) == 0 && ::fstat(folder, &opened) == 0 &&
      ::lstat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
      opened.st_dev == named.st_dev)
    return folder;
  ::close(folder);
  return -1;
}

void remove_folder(const fs::path& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

void close_if_open(int& descriptor) {
  if (descriptor >= 0) ::close(std::exchange(descriptor, -1));
}

}  // namespace

Result<TemporaryFolder> TemporaryFolder::make(std::string_view prefix) {
  const fs::path account = LIDO_TRY(account_folder());
  for (int i = 0; i < kAttempts; ++i) {
    if (::mkdir(account.c_str(), 0700) != 0 && errno != EEXIST)
      return fail(ErrorCode::kUnavailable, "{}: {}. Set TMPDIR to another folder.",
                  account.string(), std::generic_category().message(errno));
    if (!is_own_folder(account)) {
      // It may have been removed a moment ago, by a process that left it empty.
      std::error_code error;
      if (fs::symlink_status(account, error).type() == fs::file_type::not_found) continue;
      return fail(ErrorCode::kUnavailable,
                  "{}: not a folder that this account alone can write to. Remove it, or set TMPDIR "
                  "to another folder.",
                  account.string());
    }
    std::string pattern = account / fmt::format("{}XXXXXX", prefix);
    if (::mkdtemp(pattern.data()) == nullptr) {
      if (errno == ENOENT) continue;
      return fail(ErrorCode::kUnavailable, "{}: cannot be written to: {}", account.string(),
                  std::generic_category().message(errno));
    }
    TemporaryFolder folder(pattern);
    folder.is_shared_parent_ = true;
    folder.lock_ = lock_folder(folder.path_, LOCK_EX);
    if (folder.lock_ < 0) continue;  // remove_abandoned_folders() was faster
    folder.start_remover();
    return folder;
  }
  return fail(ErrorCode::kUnavailable, "{}: removed again and again by another process",
              account.string());
}

Result<TemporaryFolder> TemporaryFolder::make_in(const fs::path& parent, std::string_view prefix) {
  std::string pattern = parent / fmt::format("{}XXXXXX", prefix);
  if (::mkdtemp(pattern.data()) == nullptr)
    return fail(ErrorCode::kUnavailable, "{}: cannot be written to", parent.string());
  return TemporaryFolder(pattern);
}

/// Starts a process that removes the folder when this process, and those forked from it, have
/// ended. Without it the folder of a killed process stays until remove_abandoned_folders().
void TemporaryFolder::start_remover() {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe[0], STDIN_FILENO);
  // It must not keep the output of this process open, nor any other file.
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  posix_spawn_file_actions_addchdir_np(&actions, "/");
  // Its own session: a signal to this process's group, such as Ctrl-C, must not end it first.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  sigset_t none;
  ::sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  std::string name = "sh", option = "-c", path = path_.string();
  std::string script = "cat > /dev/null; rm -rf -- \"$1\"; rmdir -- \"${1%/*}\"";
  std::array<char*, 6> arguments = {name.data(), option.data(), script.data(),
                                    name.data(), path.data(),   nullptr};
  pid_t process = 0;
  const int error =
      ::posix_spawn(&process, "/bin/sh", &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  ::close(pipe[0]);
  alive_ = pipe[1];
  if (error == 0)
    remover_ = process;
  else
    close_if_open(alive_);
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      is_shared_parent_(other.is_shared_parent_),
      lock_(std::exchange(other.lock_, -1)),
      alive_(std::exchange(other.alive_, -1)),
      remover_(std::exchange(other.remover_, 0)) {}

TemporaryFolder::~TemporaryFolder() {
  if (path_.empty()) return;
  remove_folder(path_);
  if (is_shared_parent_) ::rmdir(path_.parent_path().c_str());  // unless others are in it
  close_if_open(alive_);
  close_if_open(lock_);
  if (remover_ > 0) {
    while (::waitpid(remover_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

void remove_abandoned_folders() {
  const auto account = account_folder();
  if (!account || !is_own_folder(*account)) return;
  std::error_code error;
  for (fs::directory_iterator at(*account, error), end; !error && at != end; at.increment(error)) {
    int lock = lock_folder(at->path(), LOCK_EX | LOCK_NB);
    if (lock < 0) continue;
    remove_folder(at->path());
    close_if_open(lock);
  }
  ::rmdir(account->c_str());
}

}  // namespace lido
