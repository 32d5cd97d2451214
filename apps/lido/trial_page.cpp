// SPDX-License-Identifier: Apache-2.0
#include "trial_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "lido/base/json_text.h"
#include "lido/report/html.h"
#include "trial_table.h"

namespace lido::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kWidth = 420, kHeight = 220, kLeft = 44, kRight = 12, kTop = 12, kBottom = 24;

struct State {
  const char* name;
  const char* colour;
};
constexpr State kStates[] = {{"finished", "#3987e5"}, {"behind", "#c98500"}};

double score_of(const Json& trial) {
  const auto found = trial.find("score");
  return found != trial.end() && found->is_number() ? found->get<double>() : std::nan("");
}

const char* colour_of(const Json& trial) {
  return kStates[trial.value("state", "") == kStates[1].name ? 1 : 0].colour;
}

/// An option's axis: a range, or a place for each of its values.
class OptionAxis {
 public:
  explicit OptionAxis(const Json& axis)
      : values_(axis.value("values", Json::array())), log_(axis.value("log", false)) {
    if (!values_.empty()) return;
    low_ = scaled(axis.value("min", 0.0));
    high_ = scaled(axis.value("max", 1.0));
  }

  /// Place of a value on the axis, from 0 to 1; NaN for a value that is not on it.
  double place(const Json& value) const {
    if (!values_.empty()) {
      const auto found = std::ranges::find(values_, value);
      if (found == values_.end()) return std::nan("");
      return (static_cast<double>(found - values_.begin()) + 0.5) /
             static_cast<double>(values_.size());
    }
    if (!value.is_number()) return std::nan("");
    if (high_ <= low_) return 0.5;
    return (scaled(value.get<double>()) - low_) / (high_ - low_);
  }

  /// Places with the texts below them.
  std::vector<std::pair<double, std::string>> ticks() const {
    std::vector<std::pair<double, std::string>> all;
    for (const Json& value : values_) all.emplace_back(place(value), short_text(value));
    if (!values_.empty()) return all;
    for (const double share : {0.0, 0.5, 1.0}) {
      const double at = low_ + share * (high_ - low_);
      all.emplace_back(share, fmt::format("{:.3g}", log_ ? std::exp(at) : at));
    }
    return all;
  }

 private:
  double scaled(double value) const { return log_ ? std::log(value) : value; }

  Json values_;
  bool log_;
  double low_ = 0, high_ = 1;
};

/// A chart of the score by one option.
std::string chart(const std::string& name, const OptionAxis& axis, const Json& trials) {
  const auto x = [](double place) { return kLeft + place * (kWidth - kLeft - kRight); };
  const auto y = [](double score) {
    return kTop + (1 - std::clamp(score, 0.0, 1.0)) * (kHeight - kTop - kBottom);
  };
  std::string svg;
  for (const double score : {0.0, 0.5, 1.0}) {
    svg += fmt::format(
        "<line class=grid x1={0} x2={1} y1={2:.1f} y2={2:.1f} />"
        "<text class=soft x={3} y={4:.1f} text-anchor=end>{5}</text>",
        kLeft, kWidth - kRight, y(score), kLeft - 6, y(score) + 4, score);
  }
  for (const auto& [place, text] : axis.ticks()) {
    const char* anchor = place == 0 ? "start" : place == 1 ? "end" : "middle";
    svg += fmt::format("<text class=soft x={:.1f} y={} text-anchor={}>{}</text>", x(place),
                       kHeight - 6, anchor, report::escape(text));
  }
  for (const Json& trial : trials) {
    const double place = axis.place(trial.value("options", Json::object()).value(name, Json()));
    const double score = score_of(trial);
    if (std::isnan(place) || std::isnan(score)) continue;
    svg += fmt::format(
        "<circle cx={:.1f} cy={:.1f} r=5 fill=\"{}\" fill-opacity=0.75><title>trial {}: {:.3f}"
        "</title></circle>",
        x(place), y(score), colour_of(trial), report::escape(trial.value("trial", "")), score);
  }
  return fmt::format(
      "<div class=panel><h3>{0}</h3><svg viewBox=\"0 0 {1} {2}\" role=img aria-label=\"Score by "
      "{0}\">{3}</svg></div>",
      report::escape(name), kWidth, kHeight, svg);
}

std::string table(const Json& trials, const Json& space) {
  std::string html =
      "<div class=\"panel scroll\" tabindex=0 role=region aria-label=\"Trials\"><table><tr>"
      "<th class=n>rank<th>trial<th class=n>score<th class=n>epochs<th>state";
  for (const auto& [name, axis] : space.items()) html += "<th class=n>" + report::escape(name);
  int rank = 0;
  for (const Json& trial : trials) {
    const std::string number = report::escape(trial.value("trial", ""));
    const double score = score_of(trial);
    // A trial that failed in its first epoch has no page.
    const bool has_page = trial.value("epochs", int64_t{0}) > 0;
    const std::string link =
        has_page ? fmt::format("<a href=\"trials/{0}/report.html\">{0}</a>", number) : number;
    html +=
        fmt::format("<tr><td class=n>{}<td>{}<td class=n>{}<td class=n>{}<td>{}", ++rank, link,
                    std::isnan(score) ? "none" : fmt::format("{:.3f}", score),
                    trial.value("epochs", int64_t{0}), report::escape(trial.value("state", "")));
    const Json options = trial.value("options", Json::object());
    for (const auto& [name, axis] : space.items())
      html += "<td class=n>" + report::escape(short_text(options.value(name, Json())));
    if (const std::string error = trial.value("error", ""); !error.empty()) {
      html += fmt::format("<tr><td><td class=bad colspan={}>{}", 4 + space.size(),
                          report::escape(error));
    }
  }
  return html + "</table></div>";
}

}  // namespace

std::string trial_page(const Json& trials, const Json& space) {
  const auto count = [&](const char* state) {
    return std::ranges::count_if(
        trials, [&](const Json& trial) { return trial.value("state", "") == state; });
  };
  const double best = trials.empty() ? std::nan("") : score_of(trials.front());
  std::string body = "<h1>Search of options</h1><div class=cards>";
  body += report::card(std::isnan(best) ? "none" : fmt::format("{:.3f}", best), "best score");
  body += report::card(report::count(count("finished")), "trials to the last epoch");
  body += report::card(report::count(count("behind")), "ended early, behind others");
  body += report::card(report::count(count("failed")), "failed") + "</div>";
  body +=
      "<p>The score is the mean macro-F1 on the split val. The best of many scores is higher than "
      "the network deserves: measure it on footage of other groups with <code>lido eval --split "
      "test</code>.</p><h2>Trials</h2>";
  body += table(trials, space) + "<h2>Score by option</h2><p class=legend>";
  for (const State& state : kStates) body += report::legend_key(state.colour, state.name);
  body += "</p><div class=charts>";
  for (const auto& [name, axis] : space.items()) body += chart(name, OptionAxis(axis), trials);
  return report::page("Search of options", body + "</div>");
}

}  // namespace lido::cli
