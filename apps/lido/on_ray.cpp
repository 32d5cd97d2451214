// SPDX-License-Identifier: Apache-2.0
#include "on_ray.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

#include "cli.h"
#include "lido/base/json_text.h"
#include "lido/base/process.h"

namespace lido::cli {
namespace {

using OrderedJson = nlohmann::ordered_json;

/// The driver's start. A missing module gives one line in place of Python's traceback.
constexpr const char* kStart = R"(import sys
try:
    from lido.ray.__main__ import main
except ImportError as error:
    advice = "Set LIDO_PYTHON to a Python that has lido and Ray."
    print("lido: --on ray: %s: %s. %s" % (sys.executable, error, advice), file=sys.stderr)
    sys.exit(2)
sys.exit(main()))";

/// This environment. PYTHONPATH begins with the module built beside this program, when there is
/// one.
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

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using Stream = std::unique_ptr<std::FILE, CloseFile>;

pid_t driver = 0;

/// Stops the driver. Its supervising process passes the signal on as SIGINT, which Python raises as
/// an exception, so that the driver shuts Ray down.
void stop_driver(int) { ::kill(driver, SIGTERM); }

}  // namespace

bool take_driver_line(std::string_view line, part::Progress& progress, RayOutcome& outcome) {
  const OrderedJson json = OrderedJson::parse(line, nullptr, false);
  if (!json.is_object()) return false;
  if (json.contains("summary")) {
    outcome.summary = ingest::parse_summary(json["summary"]);
    return true;
  }
  if (json.contains("exit")) {
    outcome.exit = json.value("exit", kFailed);
    return true;
  }
  if (json.contains("note")) {
    fmt::print(stderr, "{}lido: note: {}\n", ::isatty(STDERR_FILENO) == 1 ? "\r\033[K" : "",
               json.value("note", ""));
    return true;
  }
  if (!json.contains("spans")) return false;
  progress.spans_total = json.value("of", int64_t{0});
  progress.spans_done = json.value("spans", int64_t{0});
  progress.frames = json.value("frames", int64_t{0});
  progress.rejected = json.value("rejected", int64_t{0});
  return true;
}

Result<std::map<std::string, double>> parse_resources(std::string_view text) {
  std::map<std::string, double> resources;
  while (!text.empty()) {
    const std::string_view one = text.substr(0, text.find(','));
    text.remove_prefix(std::min(one.size() + 1, text.size()));
    const size_t equals = std::min(one.find('='), one.size());
    double amount = 0;
    const char* end = one.data() + one.size();
    const auto [read_to, bad] =
        std::from_chars(std::min(one.data() + equals + 1, end), end, amount);
    if (equals == 0 || bad != std::errc() || read_to != end || !(amount > 0 && amount < 1e9))
      return fail(ErrorCode::kInvalidArgument,
                  "task_resources has \"{}\", want NAME=AMOUNT,NAME=AMOUNT", one);
    resources[std::string(one.substr(0, equals))] = amount;
  }
  return resources;
}

Result<std::string> request_text(const ingest::Request& request, const RayOptions& options) {
  LIDO_TRY(validate(options));
  if (options.task_gpus > 1 && options.task_gpus != std::floor(options.task_gpus))
    return fail(ErrorCode::kInvalidArgument,
                "task_gpus is {:g}, want a fraction of one GPU or a whole number",
                options.task_gpus);
  OrderedJson ray = {{"num_cpus", options.task_cpus}};
  if (options.task_gpus > 0) ray["num_gpus"] = options.task_gpus;
  if (options.task_memory_gb > 0) ray["memory"] = std::llround(options.task_memory_gb * 1e9);
  const auto resources = LIDO_TRY(parse_resources(options.task_resources));
  if (!resources.empty()) ray["resources"] = resources;
  OrderedJson json = OrderedJson::parse(ingest::to_text(request));
  json["ray"] = std::move(ray);
  return json_text(json);
}

Result<int> run_driver(const std::string& request,
                       const std::function<void(std::string_view)>& take) {
  const char* given = std::getenv("LIDO_PYTHON");
  const std::string python = given != nullptr && *given != '\0' ? given : "python3";
  ::signal(SIGPIPE, SIG_IGN);
  // A terminal sends Ctrl-C to the driver too; SIGTERM reaches this process alone.
  ::signal(SIGINT, SIG_IGN);
  const auto child =
      spawn({python, "-c", kStart}, {.environment = environment(), .share_err = true});
  if (!child)
    return fail(child.error().code, "{}. Set LIDO_PYTHON to a Python that has Ray.",
                child.error().message);
  driver = child->pid;
  ::signal(SIGTERM, stop_driver);
  Stream input(::fdopen(child->in, "w")), output(::fdopen(child->out, "r"));
  if (input == nullptr || output == nullptr)
    return fail(ErrorCode::kUnavailable, "no stream: {}", std::strerror(errno));
  std::fwrite(request.data(), 1, request.size(), input.get());
  input.reset();
  std::optional<int> exit;
  char* line = nullptr;
  size_t room = 0;
  for (ssize_t length; (length = ::getline(&line, &room, output.get())) > 0;) {
    const std::string_view text(line, static_cast<size_t>(length));
    const OrderedJson json = OrderedJson::parse(text, nullptr, false);
    if (json.is_object() && json.contains("exit")) exit = json.value("exit", kFailed);
    take(text);
  }
  std::free(line);
  output.reset();
  int status = 0;
  while (::waitpid(driver, &status, 0) < 0 && errno == EINTR) {
  }
  // The driver printed its exit code. Its process may still die while Ray shuts down.
  if (exit) return *exit;
  if (WIFSIGNALED(status)) {
    return fail(ErrorCode::kUnavailable,
                "{} was ended by signal {} ({}); the same command resumes from here", python,
                WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  }
  return WEXITSTATUS(status);
}

Result<RayOutcome> ingest_on_ray(const std::string& text, part::Progress& progress) {
  RayOutcome outcome;
  outcome.exit = LIDO_TRY(run_driver(
      text, [&](std::string_view line) { (void)take_driver_line(line, progress, outcome); }));
  return outcome;
}

}  // namespace lido::cli
