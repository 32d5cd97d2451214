// SPDX-License-Identifier: Apache-2.0
#include "trial_table.h"

#include "cli.h"
#include "lido/base/json_text.h"

namespace lido::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string quoted(const std::string& text) {
  std::string field = "\"";
  for (const char c : text) field += c == '"' ? std::string("\"\"") : std::string(1, c);
  return field + "\"";
}

std::string csv_text(const Json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? quoted(value.get<std::string>()) : json_text(value);
}

/// Options of the first row: all rows have the same ones.
Json options_of(const Json& trials) {
  return trials.empty() ? Json::object() : trials.front().value("options", Json::object());
}

}  // namespace

std::string short_text(const Json& value) {
  if (value.is_number_float()) return fmt::format("{:.4g}", value.get<double>());
  return value.is_string() ? value.get<std::string>() : json_text(value);
}

std::string trial_table(const Json& trials) {
  std::string table =
      fmt::format("{:>4}  {:<7}{:>8}{:>8}  {:<10}", "rank", "trial", "score", "epochs", "state");
  const Json names = options_of(trials);
  for (const auto& [name, value] : names.items()) table += fmt::format("{:<18}", name);
  table += "\n";
  int rank = 0;
  for (const Json& trial : trials) {
    const bool has_score = trial.contains("score") && !trial["score"].is_null();
    const std::string score =
        has_score ? fmt::format("{:.3f}", trial["score"].get<double>()) : std::string("none");
    table += fmt::format("{:>4}  {:<7}{:>8}{:>8}  {:<10}", ++rank, trial.value("trial", ""), score,
                         trial.value("epochs", int64_t{0}), trial.value("state", ""));
    for (const auto& [name, value] : names.items())
      table += fmt::format("{:<18}", short_text(trial["options"].value(name, Json())));
    table += trial.value("error", "") + "\n";
  }
  return table;
}

std::string trial_csv(const Json& trials) {
  std::string csv = "trial,score,epochs,state";
  const Json names = options_of(trials);
  for (const auto& [name, value] : names.items()) csv += "," + name;
  csv += ",error\n";
  for (const Json& trial : trials) {
    csv +=
        fmt::format("{},{},{},{}", trial.value("trial", ""), csv_text(trial.value("score", Json())),
                    trial.value("epochs", int64_t{0}), trial.value("state", ""));
    for (const auto& [name, value] : names.items())
      csv += "," + csv_text(trial["options"].value(name, Json()));
    csv += "," + quoted(trial.value("error", "")) + "\n";
  }
  return csv;
}

}  // namespace lido::cli
