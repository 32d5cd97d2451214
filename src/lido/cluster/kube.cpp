// SPDX-License-Identifier: Apache-2.0
#include "lido/cluster/kube.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "lido/base/json_text.h"

namespace lido::cluster {
namespace {

using Json = nlohmann::json;

constexpr const char* kDefinition = "rayclusters.ray.io";
/// Service account of submitters, for clusters with auth mode kubernetes.
constexpr const char* kSubmitter = "lido-submitter";

/// Label of resource definitions that Lido applied.
constexpr const char* kManagedByLido = "app.kubernetes.io/managed-by=lido";

/// Arguments that helm needs for a release.
std::vector<std::string> helm_arguments(const Release& release) {
  std::vector<std::string> arguments = {
      release.name,
      release.chart,
      "--namespace",
      release.name,
      "--values",
      release.values_file,
      "--set",
      std::string("operator.install=") + (release.install_operator ? "true" : "false")};
  if (!release.operator_namespace.empty()) {
    arguments.emplace_back("--set-string");
    arguments.push_back("network.operatorNamespace=" + release.operator_namespace);
  }
  return arguments;
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

/// Whether a program found no kubeconfig: kubectl and helm then try a server on this machine.
bool lacks_cluster(std::string_view errors) { return errors.contains("localhost:8080"); }

/// Returns the last line of a program's standard error, without common prefixes.
std::string reason_of(const ProcessOutcome& done) {
  std::string_view errors = done.err;
  if (const size_t advice = errors.find("\n\nUse --debug flag"); advice != errors.npos)
    errors = errors.substr(0, advice);
  if (lacks_cluster(errors))
    return "no Kubernetes cluster is configured. Set KUBECONFIG, or give --kubeconfig or "
           "--context.";
  std::string line = last_line(errors);
  for (const std::string_view prefix : {"Error: ", "error: ", "Error from server ", "- "}) {
    if (line.starts_with(prefix)) line.erase(0, prefix.size());
  }
  return line;
}

/// Returns the error of a program that failed: a missing setting, or a cluster out of reach.
std::unexpected<Error> failed(std::string_view program, const ProcessOutcome& done) {
  const auto code = lacks_cluster(done.err) ? ErrorCode::kInvalidArgument : ErrorCode::kUnavailable;
  return fail(code, "{}: {}", program, reason_of(done));
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

/// Returns the reason why a container does not run; empty for one that runs or starts.
std::string failure_of_container(const Json& container) {
  const std::string name = text(container, {"name"});
  const std::string waiting = text(container, {"state", "waiting", "reason"});
  if (!waiting.empty() && waiting != "ContainerCreating" && waiting != "PodInitializing") {
    const std::string last = text(container, {"lastState", "terminated", "reason"});
    return last.empty() ? waiting : fmt::format("{}: {} ({})", name, waiting, last);
  }
  const Json& ended = field(container, {"state", "terminated"});
  if (!ended.is_object()) return {};
  const std::string reason = text(ended, {"reason"});
  return fmt::format("container {} has ended: {}, exit code {}", name,
                     reason.empty() ? "Unknown" : reason, number(ended, {"exitCode"}));
}

/// Returns the reason why a pod does not run; empty when Kubernetes gives none.
std::string failure_of(const Json& pod) {
  for (const Json& container : field(pod, {"status", "initContainerStatuses"})) {
    if (number(container, {"state", "terminated", "exitCode"}) == 0 &&
        field(container, {"state", "terminated"}).is_object())
      continue;
    if (const std::string reason = failure_of_container(container); !reason.empty()) return reason;
  }
  for (const Json& container : field(pod, {"status", "containerStatuses"})) {
    if (const std::string reason = failure_of_container(container); !reason.empty()) return reason;
  }
  for (const Json& condition : field(pod, {"status", "conditions"})) {
    if (text(condition, {"type"}) == "PodScheduled" && text(condition, {"status"}) == "False")
      return text(condition, {"message"});
  }
  return {};
}

/// Whether a container of a pod has ended. KubeRay's pods never restart their containers, and
/// KubeRay replaces a pod only when Ray's own container ends.
bool has_ended_container(const Json& pod) {
  return std::ranges::any_of(
      field(pod, {"status", "containerStatuses"}),
      [](const Json& container) { return field(container, {"state", "terminated"}).is_object(); });
}

ClusterStatus status_of(const Json& cluster, const Json& pods) {
  ClusterStatus status{.name = text(cluster, {"metadata", "name"})};
  const bool suspended = field(cluster, {"spec", "suspend"}) == true;
  std::map<std::string, int> ready;
  bool any_pod = false, head_failed = false;
  for (const Json& pod : pods) {
    if (text(pod, {"metadata", "labels", "ray.io/cluster"}) != status.name) continue;
    any_pod = true;
    const bool ready_now = is_ready(pod);
    if (text(pod, {"metadata", "labels", "ray.io/node-type"}) == "head") {
      status.head_ready = ready_now;
      head_failed = has_ended_container(pod);
      if (head_failed) status.reason = failure_of(pod);
    }
    ready[text(pod, {"metadata", "labels", "ray.io/group"})] += ready_now ? 1 : 0;
    if (!ready_now && status.reason.empty()) status.reason = failure_of(pod);
  }
  for (const Json& group : field(cluster, {"spec", "workerGroupSpecs"})) {
    const std::string name = text(group, {"groupName"});
    status.groups.push_back(
        {name, number(group, {"replicas"}), ready[name], number(group, {"maxReplicas"})});
  }
  status.state = suspended           ? (any_pod ? "suspending" : "suspended")
                 : head_failed       ? "failed"
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

Result<std::string> render_chart(const Release& release) {
  std::vector<std::string> command = {"helm", "template"};
  std::ranges::move(helm_arguments(release), std::back_inserter(command));
  const auto done = LIDO_TRY(run(command));
  if (done.exit_code != 0)
    return fail(ErrorCode::kInvalidArgument, "{}: {}", release.values_file, reason_of(done));
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
  if (done.exit_code != 0) return failed("kubectl", done);
  return std::move(done.out);
}

Result<std::string> Kube::helm(std::vector<std::string> arguments) const {
  std::vector<std::string> command = {"helm"};
  if (!kubeconfig_.empty()) command.push_back("--kubeconfig=" + kubeconfig_);
  if (!context_.empty()) command.push_back("--kube-context=" + context_);
  std::ranges::move(arguments, std::back_inserter(command));
  auto done = LIDO_TRY(run(command));
  if (done.exit_code != 0) return failed("helm", done);
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

namespace {

/// A kind of objects, as Kubernetes' permissions name it.
struct ObjectKind {
  const char* group;
  const char* resource;
  bool of_cluster = false;  ///< Whether its objects stand outside namespaces.
};

/// Kinds of the objects of each release; kinds of the operator's.
constexpr std::array kReleaseKinds = {ObjectKind{"ray.io", "rayclusters"},
                                      ObjectKind{"ray.io", "rayjobs"},
                                      ObjectKind{"networking.k8s.io", "networkpolicies"},
                                      ObjectKind{"policy", "poddisruptionbudgets"},
                                      ObjectKind{"rbac.authorization.k8s.io", "roles"},
                                      ObjectKind{"rbac.authorization.k8s.io", "rolebindings"},
                                      ObjectKind{"batch", "cronjobs"},
                                      ObjectKind{"", "configmaps"},
                                      ObjectKind{"", "serviceaccounts"},
                                      ObjectKind{"", "secrets"},
                                      ObjectKind{"", "namespaces", true}};
constexpr std::array kOperatorKinds = {
    ObjectKind{"apps", "deployments"},
    ObjectKind{"rbac.authorization.k8s.io", "clusterroles", true},
    ObjectKind{"rbac.authorization.k8s.io", "clusterrolebindings", true},
    ObjectKind{"apiextensions.k8s.io", "customresourcedefinitions", true}};

/// Returns the question whether the caller may create objects of a kind.
Json access_review(const ObjectKind& kind, const std::string& name_space) {
  Json attributes = {{"group", kind.group}, {"resource", kind.resource}, {"verb", "create"}};
  if (!kind.of_cluster) attributes["namespace"] = name_space;
  return {{"apiVersion", "authorization.k8s.io/v1"},
          {"kind", "SelfSubjectAccessReview"},
          {"spec", {{"resourceAttributes", attributes}}}};
}

}  // namespace

Result<void> Kube::check_access(const std::string& name_space, bool with_operator) const {
  LIDO_TRY(kubectl({"get", "--raw", "/version"}));
  std::vector<ObjectKind> kinds(kReleaseKinds.begin(), kReleaseKinds.end());
  if (with_operator) kinds.assign(kOperatorKinds.begin(), kOperatorKinds.end());
  Json reviews = {{"apiVersion", "v1"}, {"kind", "List"}, {"items", Json::array()}};
  for (const ObjectKind& kind : kinds) reviews["items"].push_back(access_review(kind, name_space));
  const std::string answers = LIDO_TRY(
      kubectl({"create", "--output=jsonpath={.status.allowed}{\"\\n\"}", "--filename", "-"},
              json_text(reviews)));
  std::vector<std::string> missing;
  size_t begin = 0;
  for (const ObjectKind& kind : kinds) {
    const size_t end = std::min(answers.find('\n', begin), answers.size());
    if (answers.substr(begin, end - begin) != "true")
      missing.push_back(*kind.group == '\0' ? std::string(kind.resource)
                                            : fmt::format("{}.{}", kind.resource, kind.group));
    begin = std::min(end + 1, answers.size());
  }
  if (missing.empty()) return {};
  return fail(ErrorCode::kInvalidArgument,
              "no permission to create {} in namespace {}. Ask the cluster's administrator.",
              fmt::join(missing, ", "), name_space);
}

Result<KubeRayOperator> Kube::find_operator(const std::string& name_space) const {
  const auto definition = LIDO_TRY(get({"customresourcedefinition", kDefinition}));
  if (!definition) return KubeRayOperator{};
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
  const auto found = LIDO_TRY(get({"deployments", "--all-namespaces", "--selector",
                                   "app.kubernetes.io/component=kuberay-operator"}));
  KubeRayOperator other{OperatorOwner::kOther, ""};
  for (const Json& deployment : found ? field(*found, {"items"}) : Json::array()) {
    other.name_space = text(deployment, {"metadata", "namespace"});
    if (other.name_space == name_space &&
        text(deployment, {"metadata", "labels", "app.kubernetes.io/name"}) == "lido")
      return KubeRayOperator{OperatorOwner::kLido, name_space};
  }
  // Definitions that Lido applied stay when the operator goes. Other operators, such as GKE's
  // add-on, can run where their Deployment is not visible.
  const bool is_ours =
      text(*definition, {"metadata", "labels", "app.kubernetes.io/managed-by"}) == "lido";
  if (other.name_space.empty() && is_ours) return KubeRayOperator{};
  return other;
}

Result<void> Kube::apply_definitions(const std::string& folder) const {
  LIDO_TRY(kubectl({"apply", "--server-side", "--force-conflicts", "--filename", folder + "/"}));
  // kubectl wait fails on a definition that has no conditions yet.
  constexpr int kMaxAttempts = 10;
  for (int i = 1;; ++i) {
    const auto established = kubectl({"wait", "--for=condition=established", "--timeout=60s",
                                      std::string("customresourcedefinition/") + kDefinition});
    if (established) break;
    if (i == kMaxAttempts) return std::unexpected(established.error());
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
  LIDO_TRY(
      kubectl({"label", "--overwrite", "customresourcedefinition", kDefinition, kManagedByLido}));
  return {};
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

Result<void> Kube::install(const Release& release) const {
  std::vector<std::string> arguments = {"upgrade", "--install"};
  std::ranges::move(helm_arguments(release), std::back_inserter(arguments));
  LIDO_TRY(helm(std::move(arguments)));
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

namespace {

/// Refuses to delete an operator that clusters of other namespaces need.
Result<void> check_others(const Json& clusters, const std::string& name) {
  std::set<std::string> others;
  for (const Json& cluster : field(clusters, {"items"})) {
    const std::string name_space = text(cluster, {"metadata", "namespace"});
    if (name_space != name) others.insert(name_space);
  }
  if (others.empty()) return {};
  return fail(ErrorCode::kInvalidArgument,
              "{}: its KubeRay operator serves the clusters of {} too. Bring those down first.",
              name, fmt::join(others, ", "));
}

}  // namespace

Result<void> Kube::uninstall(const std::string& name) const {
  const auto found = LIDO_TRY(find_operator(name));
  if (found.owner == OperatorOwner::kLido) {
    const auto all = LIDO_TRY(get({kDefinition, "--all-namespaces"}));
    if (all) LIDO_TRY(check_others(*all, name));
  }
  for (const char* kind : {"rayjobs.ray.io", kDefinition})
    LIDO_TRY(kubectl({"delete", kind, "--all", "--namespace", name, "--wait", "--timeout=300s",
                      "--request-timeout=310s"}));
  LIDO_TRY(kubectl({"wait", "--for=delete", "pods", "--selector", "ray.io/cluster", "--namespace",
                    name, "--timeout=300s", "--request-timeout=310s"}));
  LIDO_TRY(helm({"uninstall", name, "--namespace", name, "--ignore-not-found"}));
  return {};
}

}  // namespace lido::cluster
