// SPDX-License-Identifier: Apache-2.0
#include "lido/learn/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "lido/base/json_integer.h"
#include "lido/report/html.h"

namespace lido::learn {
namespace {

constexpr double kWidth = 420, kHeight = 200, kLeft = 44, kRight = 8, kTop = 12, kBottom = 24;
constexpr const char* kColours[] = {"#3987e5", "#d95926", "#199e70", "#9085e9", "#c98500"};
/// Figures of more epochs than this are a line without dots.
constexpr size_t kMaxDots = 40;

struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points;  ///< Step, value.
};

std::vector<Curve> curves_of(std::span<const dataset::MetricRow> metrics, std::string_view split,
                             std::string_view name) {
  std::map<std::string, Curve> curves;
  for (const auto& row : metrics) {
    if (row.split != split || row.name != name || !std::isfinite(row.value)) continue;
    Curve& curve = curves[row.task];
    curve.name = row.task.empty() ? "all tasks" : row.task;
    curve.points.emplace_back(static_cast<double>(row.step), row.value);
  }
  std::vector<Curve> all;
  for (auto& [task, curve] : curves) all.push_back(std::move(curve));
  return all;
}

/// Axes, and the curves in them, as SVG elements.
std::string drawing(const std::vector<Curve>& curves, double last, double high) {
  const auto x = [&](double step) { return kLeft + step / last * (kWidth - kLeft - kRight); };
  const auto y = [&](double value) {
    return kTop + (1 - value / high) * (kHeight - kTop - kBottom);
  };
  std::string svg;
  for (const double share : {0.0, 0.5, 1.0}) {
    svg += fmt::format(
        "<line class=grid x1={0} x2={1} y1={2:.1f} y2={2:.1f} />"
        "<text class=soft x={3} y={4:.1f} text-anchor=end>{5:.2g}</text>",
        kLeft, kWidth - kRight, y(share * high), kLeft - 6, y(share * high) + 4, share * high);
  }
  svg += fmt::format(
      "<text class=soft x={0} y={1}>step 0</text>"
      "<text class=soft x={2} y={1} text-anchor=end>{3:.0f}</text>",
      kLeft, kHeight - 6, kWidth - kRight, last);
  for (size_t i = 0; i < curves.size(); ++i) {
    const char* colour = kColours[i % std::size(kColours)];
    std::string line, dots;
    for (const auto& [step, value] : curves[i].points) {
      line += fmt::format("{:.1f},{:.1f} ", x(step), y(value));
      dots +=
          fmt::format("<circle cx={:.1f} cy={:.1f} r=3 fill=\"{}\" />", x(step), y(value), colour);
    }
    svg += fmt::format("<polyline points=\"{}\" fill=none stroke=\"{}\" stroke-width=2 />", line,
                       colour);
    if (curves[i].points.size() <= kMaxDots) svg += dots;
  }
  return svg;
}

/// A chart of curves over the steps, from 0 to the highest value, or to `high` where that is more.
std::string chart(const std::string& title, const std::vector<Curve>& curves, double high = 0) {
  double last = 1;
  std::string legend;
  for (size_t i = 0; i < curves.size(); ++i) {
    legend += report::legend_key(kColours[i % std::size(kColours)], curves[i].name);
    for (const auto& [step, value] : curves[i].points) {
      last = std::max(last, step);
      high = std::max(high, value);
    }
  }
  const std::string svg =
      fmt::format("<svg viewBox=\"0 0 {} {}\" role=img aria-label=\"{}\">{}</svg>", kWidth, kHeight,
                  report::escape(title), drawing(curves, last, high > 0 ? high : 1));
  return fmt::format("<div class=panel><h3>{}</h3><p class=legend>{}</p>{}</div>",
                     report::escape(title), legend, svg);
}

/// A value of a JSON object, which comes from a file; null where the object has none.
nlohmann::ordered_json value_of(const nlohmann::ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nlohmann::ordered_json() : *found;
}

std::string number(const nlohmann::ordered_json& object, const char* key) {
  const nlohmann::ordered_json value = value_of(object, key);
  const bool known = value.is_number() && std::isfinite(value.get<double>());
  return known ? fmt::format("{:.3f}", value.get<double>()) : "unknown";
}

std::string whole(const nlohmann::ordered_json& object, const char* key) {
  const auto value = json_integer<int64_t>(value_of(object, key));
  return value ? report::count(*value) : "unknown";
}

/// Figures of each class, and the confusion.
std::string class_table(const model::Head& head, const nlohmann::ordered_json& figures) {
  std::string html =
      "<div class=\"panel scroll\" tabindex=0 role=region aria-label=\"Figures by class\"><table>"
      "<tr><th>label<th class=n>samples<th class=n>precision<th class=n>recall<th class=n>F1";
  for (const std::string& name : head.classes)
    html += "<th class=n>chosen: " + report::escape(name);
  const nlohmann::ordered_json classes = value_of(figures, "classes");
  const auto confusion = json_integers<int64_t>(value_of(figures, "confusion"));
  const size_t count = head.classes.size();
  for (size_t c = 0; c < count; ++c) {
    const auto one = classes.is_array() && c < classes.size() ? classes[c] : classes;
    html += fmt::format("<tr><th>{}<td class=n>{}<td class=n>{}<td class=n>{}<td class=n>{}",
                        report::escape(head.classes[c]), whole(one, "samples"),
                        number(one, "precision"), number(one, "recall"), number(one, "f1"));
    for (size_t other = 0; other < count; ++other) {
      const bool known = confusion && confusion->size() == count * count;
      const std::string cell = known ? report::count((*confusion)[c * count + other]) : "unknown";
      html += c == other ? "<td class=n><b>" + cell + "</b>" : "<td class=n>" + cell;
    }
  }
  return html + "</table></div>";
}

/// Figures of one task.
std::string task_part(const model::Head& head, const nlohmann::ordered_json& figures) {
  const auto beside = [&](const char* name, const char* majority) {
    return fmt::format("{}, {} if always the most frequent class", name, number(figures, majority));
  };
  return fmt::format("<h2>Best model: {}</h2><div class=cards>", report::escape(head.task)) +
         report::card(whole(figures, "samples"), "labelled samples") +
         report::card(number(figures, "macro_f1"), beside("macro-F1", "majority_macro_f1")) +
         report::card(number(figures, "accuracy"), beside("accuracy", "majority_accuracy")) +
         report::card(
             number(figures, "calibration_error"),
             fmt::format("calibration error, with the temperature {:.2f}", head.temperature)) +
         "</div><br>" + class_table(head, figures);
}

/// Macro-F1 of each task with each stream alone and with both; empty for a network of one stream.
std::string streams_part(const model::Model& model) {
  if (model.streams.empty()) return "";
  std::string html =
      "<h2>What each stream is worth</h2><p>Macro-F1 of the best model where the other stream is "
      "missing, and with both.</p><div class=\"panel scroll\" tabindex=0 role=region "
      "aria-label=\"Macro-F1 by stream\"><table><tr><th>streams";
  for (const model::Head& head : model.heads) html += "<th class=n>" + report::escape(head.task);
  for (const auto& [streams, figures] : model.streams.items()) {
    html += "<tr><th>" + report::escape(model::stream_title(streams));
    for (const model::Head& head : model.heads)
      html += "<td class=n>" + number(figures, head.task.c_str());
  }
  return html + "</table></div>";
}

std::string data_of(const model::Model& model) {
  const nlohmann::ordered_json& data = model.data;
  const auto uri = value_of(data, "uri");
  const bool is_dataset = !model.gesture || data.contains("generation");
  return fmt::format("{}{}, {} samples for training and {} for validation",
                     report::escape(uri.is_string() ? uri.get<std::string>() : "unknown"),
                     is_dataset ? ", generation " + whole(data, "generation") : std::string(),
                     whole(data, "train_samples"), whole(data, "val_samples"));
}

}  // namespace

std::string run_report(const model::Model& model, std::span<const dataset::MetricRow> metrics) {
  std::string body = fmt::format(
      "<h1>Training run: {}</h1>"
      "<p>Every figure here was measured {}, on the split val, on which the best epoch was chosen "
      "too.</p><p>Data: <code>{}</code></p><p>Program: {}</p><br><div class=charts>",
      report::escape(model.network), model::where_measured(model.footage), data_of(model),
      report::escape(model.revision));
  body += chart("Loss of the training", curves_of(metrics, "train", "loss"));
  body += chart("Loss of the validation", curves_of(metrics, "val", "loss"));
  body += chart("Macro-F1 of the validation", curves_of(metrics, "val", "macro_f1"), 1);
  body += chart("Learning rate", curves_of(metrics, "train", "learning_rate"));
  body += "</div>" + streams_part(model);
  for (const model::Head& head : model.heads) {
    const auto found = model.figures.find(head.task);
    if (found != model.figures.end()) body += task_part(head, *found);
  }
  return report::page("Lido training run", body);
}

}  // namespace lido::learn
