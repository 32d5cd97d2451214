// SPDX-License-Identifier: Apache-2.0
#include "lido/base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace lido {
namespace {

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Result<Child> spawn(const std::vector<std::string>& arguments, const SpawnOptions& options) {
  std::array<std::array<int, 2>, 3> pipes{};
  for (size_t i = 0; i < pipes.size(); ++i) {
    if (::pipe2(pipes[i].data(), O_CLOEXEC) == 0) continue;
    const int error = errno;
    for (size_t opened = 0; opened < i; ++opened) {
      for (const int fd : pipes[opened]) ::close(fd);
    }
    return fail(ErrorCode::kUnavailable, "{}: cannot open a pipe: {}", arguments[0],
                std::strerror(error));
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipes[0][0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, pipes[1][1], STDOUT_FILENO);
  if (!options.share_err) posix_spawn_file_actions_adddup2(&actions, pipes[2][1], STDERR_FILENO);
  if (!options.folder.empty())
    posix_spawn_file_actions_addchdir_np(&actions, options.folder.c_str());
  // A child inherits ignored and blocked signals.
  sigset_t defaults;
  sigemptyset(&defaults);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) sigaddset(&defaults, signal);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  const std::vector<char*> words = pointers_to(arguments);
  std::vector<char*> variables;
  if (options.environment) variables = pointers_to(*options.environment);
  Child child;
  const int error = ::posix_spawnp(&child.pid, words[0], &actions, &attributes, words.data(),
                                   options.environment ? variables.data() : environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  ::close(pipes[0][0]);
  ::close(pipes[1][1]);
  ::close(pipes[2][1]);
  child.in = pipes[0][1];
  child.out = pipes[1][0];
  child.err = pipes[2][0];
  if (options.share_err) ::close(std::exchange(child.err, -1));
  if (error != 0) {
    for (const int fd : {child.in, child.out, child.err}) {
      if (fd >= 0) ::close(fd);
    }
    return fail(ErrorCode::kNotFound, "{}: {}", arguments[0], std::strerror(error));
  }
  return child;
}

namespace {

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/// Appends the bytes that can be read now. @return False at the end of the stream.
bool read_some(int fd, std::string& text) {
  std::array<char, 65536> bytes;
  const ssize_t count = ::read(fd, bytes.data(), bytes.size());
  if (count > 0) text.append(bytes.data(), static_cast<size_t>(count));
  return count > 0 || (count < 0 && (errno == EINTR || errno == EAGAIN));
}

}  // namespace

Result<ProcessOutcome> run_process(const std::vector<std::string>& arguments,
                                   std::string_view input, const std::string& folder) {
  ::signal(SIGPIPE, SIG_IGN);  // a child need not read all of its input
  Child child = LIDO_TRY(spawn(arguments, {.folder = folder}));
  ::fcntl(child.in, F_SETFL, O_NONBLOCK);
  ProcessOutcome outcome;
  const auto shut = [](int& fd) {
    ::close(fd);
    fd = -1;
  };
  while (child.out >= 0 || child.err >= 0) {
    if (child.in >= 0 && input.empty()) shut(child.in);
    std::array<pollfd, 3> streams = {
        {{child.in, POLLOUT, 0}, {child.out, POLLIN, 0}, {child.err, POLLIN, 0}}};
    if (::poll(streams.data(), streams.size(), -1) < 0) continue;  // a signal
    if (child.in >= 0 && streams[0].revents != 0) {
      const ssize_t count = ::write(child.in, input.data(), input.size());
      if (count > 0) input.remove_prefix(static_cast<size_t>(count));
      if (count < 0 && errno != EAGAIN && errno != EINTR) shut(child.in);
    }
    if (child.out >= 0 && streams[1].revents != 0 && !read_some(child.out, outcome.out))
      shut(child.out);
    if (child.err >= 0 && streams[2].revents != 0 && !read_some(child.err, outcome.err))
      shut(child.err);
  }
  if (child.in >= 0) shut(child.in);
  outcome.exit_code = wait_for(child.pid);
  return outcome;
}

std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.remove_suffix(1);
  const size_t at = text.rfind('\n');
  return std::string(at == std::string_view::npos ? text : text.substr(at + 1));
}

Result<BackgroundProcess> BackgroundProcess::start(const std::vector<std::string>& arguments) {
  const Child child = LIDO_TRY(spawn(arguments));
  ::close(child.in);
  return BackgroundProcess(child.pid, child.out, child.err);
}

BackgroundProcess::BackgroundProcess(BackgroundProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      out_(std::exchange(other.out_, -1)),
      err_(std::exchange(other.err_, -1)),
      pending_(std::move(other.pending_)) {}

BackgroundProcess& BackgroundProcess::operator=(BackgroundProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(out_, other.out_);
  std::swap(err_, other.err_);
  std::swap(pending_, other.pending_);
  return *this;
}

BackgroundProcess::~BackgroundProcess() { end(); }

void BackgroundProcess::end() {
  if (pid_ != 0) {
    ::kill(pid_, SIGTERM);
    wait_for(std::exchange(pid_, 0));
  }
  for (int* fd : {&out_, &err_}) {
    if (*fd >= 0) ::close(std::exchange(*fd, -1));
  }
}

bool BackgroundProcess::discard_output() {
  pending_.clear();
  bool is_open = out_ >= 0;
  for (const int fd : {out_, err_}) {
    pollfd stream{fd, POLLIN, 0};
    std::string text;
    while (fd >= 0 && ::poll(&stream, 1, 0) > 0) {
      if (read_some(fd, text)) {
        text.clear();
        continue;
      }
      if (fd == out_) is_open = false;
      break;
    }
  }
  return is_open;
}

Result<std::string> BackgroundProcess::read_line(std::chrono::milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (true) {
    if (const size_t end = pending_.find('\n'); end != std::string::npos) {
      std::string line = pending_.substr(0, end);
      pending_.erase(0, end + 1);
      return line;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd stream{out_, POLLIN, 0};
    const int ready = ::poll(&stream, 1, static_cast<int>(std::max<int64_t>(0, left.count())));
    if (ready < 0 && errno == EINTR) continue;
    if (ready > 0 && read_some(out_, pending_)) continue;
    std::string errors;
    ::fcntl(err_, F_SETFL, O_NONBLOCK);
    if (ready > 0) wait_for(std::exchange(pid_, 0));
    read_some(err_, errors);
    return fail(ErrorCode::kUnavailable, "{}",
                errors.empty() ? "no output in time" : last_line(errors));
  }
}

}  // namespace lido
