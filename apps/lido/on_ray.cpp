// SPDX-License-Identifier: Apache-2.0
#include "on_ray.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace lido::cli {
namespace {

using Json = nlohmann::ordered_json;

/// One line where parts are missing, in place of Python's many.
constexpr const char* kStart = R"(import sys
try:
    from lido.ray.__main__ import main
except ImportError as error:
    sys.exit("lido: --on ray: %s: %s; LIDO_PYTHON names the Python that has lido and Ray" % (sys.executable, error))
sys.exit(main()))";

/// The environment, with the module built beside this program, where there is one, before others.
std::vector<std::string> environment() {
  std::vector<std::string> variables;
  std::string path;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    if (text.starts_with("PYTHONPATH="))
      path = text.substr(text.find('=') + 1);
    else
      variables.emplace_back(text);
  }
  std::error_code error;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const auto module = here.parent_path() / "python";
  if (!error && std::filesystem::exists(module / "lido/ray", error))
    path = path.empty() ? module.string() : module.string() + ":" + path;
  if (!path.empty()) variables.push_back("PYTHONPATH=" + path);
  return variables;
}

pid_t driver = 0;

/// Python makes an exception of SIGINT, so that Ray is shut down.
void interrupt_driver(int) { ::kill(driver, SIGINT); }

}  // namespace

bool take_driver_line(std::string_view line, ingest::Progress& progress, RayOutcome& outcome) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return false;
  if (json.contains("summary")) {
    outcome.summary = ingest::parse_summary(json["summary"]);
    return true;
  }
  if (!json.contains("spans")) return false;
  progress.spans_total = json.value("of", int64_t{0});
  progress.spans_done = json.value("spans", int64_t{0});
  progress.frames = json.value("frames", int64_t{0});
  progress.rejected = json.value("rejected", int64_t{0});
  return true;
}

Result<RayOutcome> ingest_on_ray(const ingest::Request& request, ingest::Progress& progress) {
  const char* given = std::getenv("LIDO_PYTHON");
  std::string python = given != nullptr && *given != '\0' ? given : "python3";
  std::array<int, 2> to_child{}, from_child{};
  if (::pipe2(to_child.data(), O_CLOEXEC) != 0 || ::pipe2(from_child.data(), O_CLOEXEC) != 0)
    return fail(ErrorCode::kUnavailable, "no pipe: {}", std::strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, to_child[0], 0);
  posix_spawn_file_actions_adddup2(&actions, from_child[1], 1);
  // What is ignored here would stay ignored there.
  sigset_t defaults;
  sigemptyset(&defaults);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE}) sigaddset(&defaults, signal);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::signal(SIGPIPE, SIG_IGN);
  // A terminal's Ctrl-C reaches the driver by itself; what reaches only us is passed on.
  ::signal(SIGINT, SIG_IGN);
  std::vector<std::string> variables = environment();
  std::vector<char*> pointers;
  for (std::string& variable : variables) pointers.push_back(variable.data());
  pointers.push_back(nullptr);
  std::array<std::string, 2> words = {"-c", kStart};
  std::array<char*, 4> arguments = {python.data(), words[0].data(), words[1].data(), nullptr};
  const int error = ::posix_spawnp(&driver, python.c_str(), &actions, &attributes, arguments.data(),
                                   pointers.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  ::close(to_child[0]);
  ::close(from_child[1]);
  if (error != 0) {
    ::close(to_child[1]);
    ::close(from_child[0]);
    return fail(ErrorCode::kNotFound, "{}: {}; LIDO_PYTHON names the Python that has Ray", python,
                std::strerror(error));
  }
  ::signal(SIGTERM, interrupt_driver);
  const std::string text = ingest::to_text(request);
  std::FILE* input = ::fdopen(to_child[1], "w");
  std::fwrite(text.data(), 1, text.size(), input);
  std::fclose(input);
  RayOutcome outcome;
  std::FILE* output = ::fdopen(from_child[0], "r");
  char* line = nullptr;
  size_t room = 0;
  for (ssize_t length; (length = ::getline(&line, &room, output)) > 0;)
    (void)take_driver_line({line, static_cast<size_t>(length)}, progress, outcome);
  std::free(line);
  std::fclose(output);
  int status = 0;
  while (::waitpid(driver, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    return fail(ErrorCode::kUnavailable,
                "{} was ended by signal {} ({}); the same command goes on from here", python,
                WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  }
  outcome.exit = WEXITSTATUS(status);
  return outcome;
}

}  // namespace lido::cli
