// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/kube.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "lido/base/json_text.h"

namespace lido::cluster {
namespace {

using Json = nlohmann::json;

constexpr const char* kDefinition = "rayclusters.ray.io";
/// Service account of submitters, for clusters with auth mode kubernetes.
constexpr const char* kSubmitter = "lido-submitter";

std::string install_flag(bool install) {
  return std::string("operator.install=") + (install ? "true" : "false");
}

/// Returns the error for a program that is not installed.
std::unexpected<Error> missing_program(std::string_view program) {
  return fail(ErrorCode::kNotFound, "{}: not found on the PATH. Install it: {}", program,
              program == "helm" ? "https://helm.sh/docs/intro/install/"
                                : "https://kubernetes.io/docs/tasks/tools/");
}

Result<ProcessOutcome> run(const std::vector<std::string>& command, std::string_view input = {}) {
  auto done = run_process(command, input);
  if (!done && done.error().code == ErrorCode::kNotFound) return missing_program(command[0]);
  return done;
}

/// Returns the last line of a program's standard error, without common prefixes.
std::string reason_of(const ProcessOutcome& done) {
  std::string_view errors = done.err;
  if (const size_t advice = errors.find("\n\nUse --debug flag"); advice != errors.npos)
    errors = errors.substr(0, advice);
  // Without a kubeconfig kubectl and helm try a server on this machine.
  if (errors.contains("localhost:8080"))
    return "no Kubernetes cluster is configured. Set KUBECONFIG, or give --kubeconfig or "
           "--context.";
  std::string line = last_line(errors);
  for (const std::string_view prefix : {"Error: ", "error: ", "Error from server ", "- "}) {
    if (line.starts_with(prefix)) line.erase(0, prefix.size());
  }
  return line;
}

/// Returns the value at the end of a path of keys; null when a key is missing.
const Json& field(const Json& json, std::initializer_list<const char*> path) {
  static const Json kNull;
  const Json* node = &json;
  for (const char* key : path) {
    if (!node->is_object() || !node->contains(key)) return kNull;
    node = &(*node)[key];
  }
  return *node;
}
std::string text(const Json& json, std::initializer_list<const char*> path) {
  const Json& value = field(json, path);
  return value.is_string() ? value.get<std::string>() : "";
}
int number(const Json& json, std::initializer_list<const char*> path) {
  const Json& value = field(json, path);
  return value.is_number() ? value.get<int>() : 0;
}

bool is_ready(const Json& pod) {
  const Json& conditions = field(pod, {"status", "conditions"});
  return std::ranges::any_of(conditions, [](const Json& condition) {
    return text(condition, {"type"}) == "Ready" && text(condition, {"status"}) == "True";
  });
}

/// Returns the reason why a pod does not run; empty when Kubernetes gives none.
std::string failure_of(const Json& pod) {
  for (const Json& container : field(pod, {"status", "containerStatuses"})) {
    const std::string reason = text(container, {"state", "waiting", "reason"});
    if (!reason.empty() && reason != "ContainerCreating" && reason != "PodInitializing")
      return reason;
  }
  for (const Json& condition : field(pod, {"status", "conditions"})) {
    if (text(condition, {"type"}) == "PodScheduled" && text(condition, {"status"}) == "False")
      return text(condition, {"message"});
  }
  return {};
}

ClusterStatus status_of(const Json& cluster, const Json& pods) {
  ClusterStatus status{.name = text(cluster, {"metadata", "name"})};
  const bool suspended = field(cluster, {"spec", "suspend"}) == true;
  std::map<std::string, int> ready;
  bool any_pod = false;
  for (const Json& pod : pods) {
    if (text(pod, {"metadata", "labels", "ray.io/cluster"}) != status.name) continue;
    any_pod = true;
    const bool ready_now = is_ready(pod);
    if (text(pod, {"metadata", "labels", "ray.io/node-type"}) == "head")
      status.head_ready = ready_now;
    ready[text(pod, {"metadata", "labels", "ray.io/group"})] += ready_now ? 1 : 0;
    if (!ready_now && status.reason.empty()) status.reason = failure_of(pod);
  }
  for (const Json& group : field(cluster, {"spec", "workerGroupSpecs"})) {
    const std::string name = text(group, {"groupName"});
    status.groups.push_back(
        {name, number(group, {"replicas"}), ready[name], number(group, {"maxReplicas"})});
  }
  status.state = suspended           ? (any_pod ? "suspending" : "suspended")
                 : status.head_ready ? "ready"
                                     : "starting";
  // The operator reports its failures as conditions of the cluster.
  for (const Json& condition : field(cluster, {"status", "conditions"})) {
    if (text(condition, {"type"}) == "ReplicaFailure" && text(condition, {"status"}) == "True") {
      status.state = "failed";
      status.reason = text(condition, {"message"});
    }
  }
  return status;
}

}  // namespace

Result<std::string> render_chart(const std::string& chart, const std::string& values_file,
                                 const std::string& name, bool install_operator) {
  const auto done = LIDO_TRY(run({"helm", "template", name, chart, "--namespace", name, "--values",
                                  values_file, "--set", install_flag(install_operator)}));
  if (done.exit_code != 0)
    return fail(ErrorCode::kInvalidArgument, "{}: {}", values_file, reason_of(done));
  return done.out;
}

std::vector<std::string> Kube::kubectl_command() const {
  std::vector<std::string> command = {"kubectl"};
  if (!kubeconfig_.empty()) command.push_back("--kubeconfig=" + kubeconfig_);
  if (!context_.empty()) command.push_back("--context=" + context_);
  return command;
}

Result<std::string> Kube::kubectl(std::vector<std::string> arguments,
                                  std::string_view input) const {
  std::vector<std::string> command = kubectl_command();
  command.emplace_back("--request-timeout=30s");
  std::ranges::move(arguments, std::back_inserter(command));
  auto done = LIDO_TRY(run(command, input));
  if (done.exit_code != 0) return fail(ErrorCode::kUnavailable, "kubectl: {}", reason_of(done));
  return std::move(done.out);
}

Result<std::string> Kube::helm(std::vector<std::string> arguments) const {
  std::vector<std::string> command = {"helm"};
  if (!kubeconfig_.empty()) command.push_back("--kubeconfig=" + kubeconfig_);
  if (!context_.empty()) command.push_back("--kube-context=" + context_);
  std::ranges::move(arguments, std::back_inserter(command));
  auto done = LIDO_TRY(run(command));
  if (done.exit_code != 0) return fail(ErrorCode::kUnavailable, "helm: {}", reason_of(done));
  return std::move(done.out);
}

Result<std::optional<Json>> Kube::get(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), "get");
  for (const char* flag : {"--output=json", "--ignore-not-found"}) arguments.emplace_back(flag);
  const std::string out = LIDO_TRY(kubectl(std::move(arguments)));
  if (out.empty()) return std::nullopt;
  Json json = Json::parse(out, nullptr, false);
  if (json.is_discarded()) return fail(ErrorCode::kCorrupt, "kubectl: the output is not JSON");
  return json;
}

Result<void> Kube::check_access(const std::string& name_space) const {
  LIDO_TRY(kubectl({"get", "--raw", "/version"}));
  for (const char* kind : {kDefinition, "networkpolicies.networking.k8s.io"}) {
    const auto allowed =
        kubectl({"auth", "can-i", "create", kind, "--namespace", name_space, "--quiet"});
    if (!allowed) {
      return fail(ErrorCode::kInvalidArgument,
                  "no permission to create {} in namespace {}. Ask the cluster's administrator.",
                  kind, name_space);
    }
  }
  return {};
}

Result<OperatorOwner> Kube::operator_owner() const {
  const auto definition = LIDO_TRY(get({"customresourcedefinition", kDefinition}));
  if (!definition) return OperatorOwner::kNone;
  const Json& versions = field(*definition, {"spec", "versions"});
  const auto current = std::ranges::find_if(
      versions, [](const Json& version) { return text(version, {"name"}) == "v1"; });
  const Json spec =
      current == versions.end()
          ? Json()
          : field(*current, {"schema", "openAPIV3Schema", "properties", "spec", "properties"});
  if (!spec.contains("authOptions")) {
    return fail(ErrorCode::kInvalidArgument,
                "KubeRay: the installed version has no authOptions, want version 1.6 or newer");
  }
  const auto ours =
      LIDO_TRY(get({"deployments", "--all-namespaces", "--selector",
                    "app.kubernetes.io/component=kuberay-operator,app.kubernetes.io/name=lido"}));
  return ours && !field(*ours, {"items"}).empty() ? OperatorOwner::kLido : OperatorOwner::kOther;
}

Result<void> Kube::apply_definitions(const std::string& folder) const {
  LIDO_TRY(kubectl({"apply", "--server-side", "--force-conflicts", "--filename", folder + "/"}));
  // kubectl wait fails on a definition that has no conditions yet.
  constexpr int kMaxAttempts = 10;
  for (int i = 1;; ++i) {
    const auto established = kubectl({"wait", "--for=condition=established", "--timeout=60s",
                                      std::string("customresourcedefinition/") + kDefinition});
    if (established) return {};
    if (i == kMaxAttempts) return std::unexpected(established.error());
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
}

Result<void> Kube::make_namespace(const std::string& name) const {
  const Json object = {
      {"apiVersion", "v1"},
      {"kind", "Namespace"},
      {"metadata",
       {{"name", name}, {"labels", {{"pod-security.kubernetes.io/enforce", "restricted"}}}}}};
  LIDO_TRY(kubectl({"apply", "--server-side", "--field-manager=lido", "--filename", "-"},
                   json_text(object)));
  return {};
}

Result<void> Kube::install(const std::string& chart, const std::string& values_file,
                           const std::string& name, bool install_operator) const {
  LIDO_TRY(helm({"upgrade", "--install", name, chart, "--namespace", name, "--values", values_file,
                 "--set", install_flag(install_operator)}));
  return {};
}

Result<std::vector<ClusterStatus>> Kube::status(const std::string& name_space) const {
  const auto clusters = LIDO_TRY(get({kDefinition, "--namespace", name_space}));
  const auto pods =
      LIDO_TRY(get({"pods", "--namespace", name_space, "--selector", "ray.io/cluster"}));
  std::vector<ClusterStatus> all;
  if (!clusters) return all;
  for (const Json& cluster : field(*clusters, {"items"}))
    all.push_back(status_of(cluster, pods ? field(*pods, {"items"}) : Json::array()));
  return all;
}

Result<void> Kube::set_suspended(const std::string& name_space, const std::string& cluster,
                                 bool suspended) const {
  const Json patch = {{"spec", {{"suspend", suspended}}}};
  LIDO_TRY(kubectl({"patch", kDefinition, cluster, "--namespace", name_space, "--type=merge",
                    "--patch", json_text(patch)}));
  return {};
}

Result<std::string> Kube::token(const std::string& name_space, const std::string& cluster) const {
  const auto found = LIDO_TRY(get({kDefinition, cluster, "--namespace", name_space}));
  if (!found)
    return fail(ErrorCode::kNotFound, "no RayCluster {} in namespace {}", cluster, name_space);
  if (field(*found, {"spec", "suspend"}) == true)
    return fail(ErrorCode::kInvalidArgument,
                "{}/{}: the cluster is suspended. Resume it with lido cluster resume.", name_space,
                cluster);
  if (field(*found, {"spec", "authOptions", "enableK8sTokenAuth"}) == true) {
    std::string token = LIDO_TRY(
        kubectl({"create", "token", kSubmitter, "--namespace", name_space, "--duration=24h"}));
    token.erase(token.find_last_not_of(" \n") + 1);
    return token;
  }
  std::string token =
      LIDO_TRY(kubectl({"get", "secret", cluster, "--namespace", name_space, "--ignore-not-found",
                        "--output=go-template={{index .data \"auth_token\" | base64decode}}"}));
  if (token.empty())
    return fail(ErrorCode::kNotFound,
                "{}/{}: the cluster has no token, since its authOptions.mode is not token",
                name_space, cluster);
  return token;
}

Result<Kube::Forward> Kube::forward(const std::string& name_space,
                                    const std::string& cluster) const {
  std::vector<std::string> command = kubectl_command();
  for (const std::string& word : {std::string("port-forward"), "--namespace=" + name_space,
                                  "service/" + cluster + "-head-svc", std::string(":8265")})
    command.push_back(word);
  auto process = BackgroundProcess::start(command);
  if (!process && process.error().code == ErrorCode::kNotFound) return missing_program("kubectl");
  Forward forward{LIDO_TRY(std::move(process)), {}};
  // "Forwarding from 127.0.0.1:41234 -> 8265"
  constexpr std::string_view kFrom = "127.0.0.1:";
  const auto line = forward.process.read_line(std::chrono::seconds(30));
  if (!line)
    return fail(ErrorCode::kUnavailable, "{}/{}: kubectl port-forward: {}", name_space, cluster,
                line.error().message);
  const size_t address = line->find(kFrom);
  if (address == std::string::npos)
    return fail(ErrorCode::kUnavailable, "kubectl port-forward: unexpected output \"{}\"", *line);
  const std::string_view port = std::string_view(*line).substr(address + kFrom.size());
  forward.url = fmt::format("http://{}{}", kFrom, port.substr(0, port.find(' ')));
  return forward;
}

Result<void> Kube::uninstall(const std::string& name) const {
  for (const char* kind : {"rayjobs.ray.io", kDefinition})
    LIDO_TRY(kubectl({"delete", kind, "--all", "--namespace", name, "--wait", "--timeout=300s",
                      "--request-timeout=310s"}));
  LIDO_TRY(kubectl({"wait", "--for=delete", "pods", "--selector", "ray.io/cluster", "--namespace",
                    name, "--timeout=300s", "--request-timeout=310s"}));
  LIDO_TRY(helm({"uninstall", name, "--namespace", name, "--ignore-not-found"}));
  return {};
}

}  // namespace lido::cluster
