// SPDX-License-Identifier: Apache-2.0
// Fields of KubeRay's objects, and the schedule of a RayCronJob.
//
// Source: KubeRay 1.6.2, its custom resource definitions (version v1 of each).
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <span>

#include "lido/cluster/manifest.h"

namespace lido::cluster::manifest {
namespace {

enum class FieldType : uint8_t { kText, kInteger, kNumber, kBoolean, kMap, kTexts, kList };
using enum FieldType;

struct Field {
  std::string_view key;
  FieldType type;
  std::string_view object;  ///< Fields of the value or of a list's items; empty for any.
  bool is_required = false;
};

constexpr std::array kCluster = {Field{"authOptions", kMap, "auth"},
                                 Field{"autoscalerOptions", kMap, "autoscaler"},
                                 Field{"enableInTreeAutoscaling", kBoolean, ""},
                                 Field{"gcsFaultToleranceOptions", kMap, "gcs"},
                                 Field{"headGroupSpec", kMap, "head", true},
                                 Field{"headServiceAnnotations", kTexts, ""},
                                 Field{"managedBy", kText, ""},
                                 Field{"rayVersion", kText, ""},
                                 Field{"suspend", kBoolean, ""},
                                 Field{"upgradeStrategy", kMap, "upgrade"},
                                 Field{"workerGroupSpecs", kList, "worker"}};
constexpr std::array kHead = {
    Field{"enableIngress", kBoolean, ""}, Field{"headService", kMap, ""},
    Field{"labels", kTexts, ""},          Field{"rayStartParams", kMap, ""},
    Field{"resources", kTexts, ""},       Field{"serviceType", kText, ""},
    Field{"template", kMap, "", true}};
// The definitions have defaults for the required minReplicas and maxReplicas.
constexpr std::array kWorker = {
    Field{"groupName", kText, "", true}, Field{"idleTimeoutSeconds", kInteger, ""},
    Field{"labels", kTexts, ""},         Field{"maxReplicas", kInteger, ""},
    Field{"minReplicas", kInteger, ""},  Field{"numOfHosts", kInteger, ""},
    Field{"rayStartParams", kMap, ""},   Field{"replicas", kInteger, ""},
    Field{"resources", kTexts, ""},      Field{"scaleStrategy", kMap, ""},
    Field{"suspend", kBoolean, ""},      Field{"template", kMap, "", true}};
constexpr std::array kAutoscaler = {Field{"env", kList, ""},
                                    Field{"envFrom", kList, ""},
                                    Field{"idleTimeoutSeconds", kInteger, ""},
                                    Field{"image", kText, ""},
                                    Field{"imagePullPolicy", kText, ""},
                                    Field{"resources", kMap, ""},
                                    Field{"securityContext", kMap, ""},
                                    Field{"upscalingMode", kText, ""},
                                    Field{"version", kText, ""},
                                    Field{"volumeMounts", kList, ""}};
constexpr std::array kAuth = {Field{"enableK8sTokenAuth", kBoolean, ""}, Field{"mode", kText, ""},
                              Field{"secretName", kText, ""}};
constexpr std::array kGcs = {Field{"externalStorageNamespace", kText, ""},
                             Field{"redisAddress", kText, "", true},
                             Field{"redisPassword", kMap, ""}, Field{"redisUsername", kMap, ""}};
constexpr std::array kUpgrade = {Field{"type", kText, ""}};
constexpr std::array kJob = {Field{"activeDeadlineSeconds", kInteger, ""},
                             Field{"backoffLimit", kInteger, ""},
                             Field{"clusterSelector", kTexts, ""},
                             Field{"deletionStrategy", kMap, "deletion"},
                             Field{"entrypoint", kText, ""},
                             Field{"entrypointNumCpus", kNumber, ""},
                             Field{"entrypointNumGpus", kNumber, ""},
                             Field{"entrypointResources", kText, ""},
                             Field{"jobId", kText, ""},
                             Field{"managedBy", kText, ""},
                             Field{"metadata", kTexts, ""},
                             Field{"preRunningDeadlineSeconds", kInteger, ""},
                             Field{"rayClusterSpec", kMap, "cluster"},
                             Field{"runtimeEnvYAML", kText, ""},
                             Field{"shutdownAfterJobFinishes", kBoolean, ""},
                             Field{"submissionMode", kText, ""},
                             Field{"submitterConfig", kMap, "submitter"},
                             Field{"submitterPodTemplate", kMap, ""},
                             Field{"suspend", kBoolean, ""},
                             Field{"ttlSecondsAfterFinished", kInteger, ""}};
constexpr std::array kSubmitter = {Field{"backoffLimit", kInteger, ""}};
constexpr std::array kDeletion = {Field{"deletionRules", kList, "deletion rule"},
                                  Field{"onFailure", kMap, ""}, Field{"onSuccess", kMap, ""}};
constexpr std::array kDeletionRule = {Field{"condition", kMap, "", true},
                                      Field{"policy", kText, "", true}};
constexpr std::array kCronJob = {Field{"jobTemplate", kMap, "job", true},
                                 Field{"schedule", kText, "", true},
                                 Field{"suspend", kBoolean, ""}};
constexpr std::array kService = {Field{"deploymentUnhealthySecondThreshold", kInteger, ""},
                                 Field{"excludeHeadPodFromServeSvc", kBoolean, ""},
                                 Field{"managedBy", kText, ""},
                                 Field{"rayClusterConfig", kMap, "cluster", true},
                                 Field{"rayClusterDeletionDelaySeconds", kInteger, ""},
                                 Field{"serveConfigV2", kText, ""},
                                 Field{"serveService", kMap, ""},
                                 Field{"serviceUnhealthySecondThreshold", kInteger, ""},
                                 Field{"upgradeStrategy", kMap, "service upgrade"}};
constexpr std::array kServiceUpgrade = {Field{"clusterUpgradeOptions", kMap, "upgrade options"},
                                        Field{"type", kText, ""}};
constexpr std::array kUpgradeOptions = {
    Field{"gatewayClassName", kText, "", true}, Field{"intervalSeconds", kInteger, "", true},
    Field{"maxSurgePercent", kInteger, ""}, Field{"stepSizePercent", kInteger, "", true}};

/// Returns the fields of an object; empty for an unknown one.
std::span<const Field> fields_of(std::string_view object) {
  const std::array<std::pair<std::string_view, std::span<const Field>>, 15> all = {
      {{"cluster", kCluster},
       {"head", kHead},
       {"worker", kWorker},
       {"autoscaler", kAutoscaler},
       {"auth", kAuth},
       {"gcs", kGcs},
       {"upgrade", kUpgrade},
       {"job", kJob},
       {"submitter", kSubmitter},
       {"deletion", kDeletion},
       {"deletion rule", kDeletionRule},
       {"cron job", kCronJob},
       {"service", kService},
       {"service upgrade", kServiceUpgrade},
       {"upgrade options", kUpgradeOptions}}};
  for (const auto& [name, fields] : all) {
    if (name == object) return fields;
  }
  return {};
}

std::string given(const YAML::Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  return is_text(node) ? fmt::format("\"{}\"", scalar_of(node)) : scalar_of(node);
}

/// Returns what a value must be; empty when the value is of its type.
std::string_view wanted_instead(const YAML::Node& node, FieldType type) {
  double number = 0;
  const bool is_number = node.IsScalar() && !is_text(node) && !boolean_of(node) &&
                         YAML::convert<double>::decode(node, number);
  switch (type) {
    case kText:
      return is_text(node) ? "" : "text";
    case kInteger:
      return is_number && number == std::floor(number) ? "" : "a whole number";
    case kNumber:
      return is_number ? "" : "a number";
    case kBoolean:
      return boolean_of(node) ? "" : "true or false";
    case kList:
      return node.IsSequence() ? "" : "a list";
    case kMap:
    case kTexts:
      return node.IsMap() ? "" : "a map";
  }
  return "";
}

class FieldChecker {
 public:
  explicit FieldChecker(Report& report) : report_(report) {}

  void check(const YAML::Node& node, std::string_view object, const std::string& path) {
    const auto fields = fields_of(object);
    if (fields.empty()) return;
    const auto entries = entries_of(node);
    for (const auto& [key, value] : entries) {
      const auto field = std::ranges::find(fields, key, &Field::key);
      const std::string below = fmt::format("{}.{}", path, key);
      if (field == fields.end())
        refuse(value, below + " is an unknown key");
      else if (is_set(value))
        check_value(value, *field, below);
    }
    for (const Field& field : fields) {
      const bool is_given = std::ranges::any_of(entries, [&](const auto& entry) {
        return entry.first == field.key && is_set(entry.second);
      });
      if (field.is_required && !is_given)
        refuse(node, fmt::format("{} has no {}", path, field.key));
    }
  }

 private:
  void refuse(const YAML::Node& node, std::string found) {
    report_.add(rule("kuberay-refuses"), node, std::move(found));
  }

  void check_value(const YAML::Node& value, const Field& field, const std::string& path) {
    if (const auto wanted = wanted_instead(value, field.type); !wanted.empty())
      return refuse(value, fmt::format("{} is {}, want {}", path, given(value), wanted));
    if (field.type == kMap) check(value, field.object, path);
    if (field.type == kTexts) {
      for (const auto& [key, text] : entries_of(value)) {
        if (is_set(text) && !is_text(text))
          refuse(text, fmt::format("{}.{} is {}, want text", path, key, given(text)));
      }
    }
    if (field.type != kList || field.object.empty()) return;
    for (size_t i = 0; const YAML::Node& item : items_of(value)) {
      const std::string below = fmt::format("{}.{}", path, i++);
      if (item.IsMap())
        check(item, field.object, below);
      else
        refuse(item, fmt::format("{} is {}, want a map", below, given(item)));
    }
  }

  Report& report_;
};

/// A field of a cron schedule.
struct CronField {
  std::string_view name;
  int min;
  int max;
  std::string_view names;  ///< Three letters each, of min and the following values.
};
constexpr std::array kCronFields = {
    CronField{"minute", 0, 59, ""}, CronField{"hour", 0, 23, ""},
    CronField{"day of the month", 1, 31, ""},
    CronField{"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    CronField{"day of the week", 0, 6, "sunmontuewedthufrisat"}};

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// Returns a number or name of a cron field; empty when the text is neither.
std::optional<int> cron_value(std::string_view text, const CronField& field) {
  std::string small(text);
  std::ranges::transform(small, small.begin(), [](unsigned char c) { return std::tolower(c); });
  if (small.size() == 3) {
    const size_t at = field.names.find(small);
    if (at != std::string_view::npos && at % 3 == 0) return field.min + static_cast<int>(at / 3);
  }
  if (small.empty() || small.size() > 6 ||
      small.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  return std::stoi(small);
}

bool is_cron_range(std::string_view text, const CronField& field) {
  const auto steps = split(text, "/");
  const auto ends = split(steps.front(), "-");
  if (steps.size() > 2 || ends.size() > 2) return false;
  if (steps.size() == 2 && cron_value(steps[1], CronField{"", 0, 0, ""}).value_or(0) < 1)
    return false;
  if (ends.front() == "*" || ends.front() == "?") return ends.size() == 1;
  const auto first = cron_value(ends.front(), field), last = cron_value(ends.back(), field);
  return first && last && field.min <= *first && *first <= *last && *last <= field.max;
}

/// Whether Go's time.ParseDuration reads a text like "1h30m".
bool is_duration(std::string_view text) {
  bool has_part = false;
  while (!text.empty()) {
    const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    text.remove_prefix(digits);
    const size_t unit = std::min(text.find_first_of("0123456789."), text.size());
    constexpr std::array<std::string_view, 6> kUnits = {"ns", "us", "ms", "s", "m", "h"};
    if (digits == 0 || std::ranges::find(kUnits, text.substr(0, unit)) == kUnits.end())
      return false;
    text.remove_prefix(unit);
    has_part = true;
  }
  return has_part;
}

}  // namespace

std::string fault_of_schedule(std::string_view schedule) {
  constexpr std::array<std::string_view, 7> kNamed = {"@yearly", "@annually", "@monthly", "@weekly",
                                                      "@daily",  "@midnight", "@hourly"};
  std::string_view rest = schedule;
  if (rest.starts_with("TZ=") || rest.starts_with("CRON_TZ="))
    rest.remove_prefix(std::min(rest.find(' '), rest.size()));
  std::vector<std::string_view> words;
  for (const std::string_view word : split(rest, " \t\n")) {
    if (!word.empty()) words.push_back(word);
  }
  if (words.empty()) return "is empty";
  if (words.front().starts_with('@')) {
    const bool is_good =
        words.front() == "@every"
            ? words.size() == 2 && is_duration(words.back())
            : words.size() == 1 && std::ranges::find(kNamed, words.front()) != kNamed.end();
    return is_good ? "" : "is not a descriptor that KubeRay knows, such as @daily or @every 1h";
  }
  if (words.size() != kCronFields.size())
    return fmt::format("has {} fields, want {}", words.size(), kCronFields.size());
  for (size_t i = 0; i < words.size(); ++i) {
    for (const std::string_view part : split(words[i], ",")) {
      if (!is_cron_range(part, kCronFields[i]))
        return fmt::format("has {} {}, want {} to {}", kCronFields[i].name, part,
                           kCronFields[i].min, kCronFields[i].max);
    }
  }
  return "";
}

void check_fields(const YAML::Node& document, Report& report) {
  const std::string version = scalar_of(child(document, "apiVersion"));
  if (!version.empty() && version != "ray.io/v1") return;
  const std::string kind = scalar_of(child(document, "kind"));
  const std::string_view object = kind == "RayCluster"   ? "cluster"
                                  : kind == "RayJob"     ? "job"
                                  : kind == "RayCronJob" ? "cron job"
                                  : kind == "RayService" ? "service"
                                                         : "";
  const YAML::Node spec = child(document, "spec");
  if (object.empty()) return;
  if (is_set(spec) && spec.IsMap()) return FieldChecker(report).check(spec, object, "spec");
  report.add(rule("kuberay-refuses"), is_set(spec) ? spec : document,
             is_set(spec) ? fmt::format("spec is {}, want a map", given(spec)) : "no spec");
}

}  // namespace lido::cluster::manifest
