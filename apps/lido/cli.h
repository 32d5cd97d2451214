// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <stop_token>
#include <string>

#include "exit_codes.h"
#include "lido/base/options.h"
#include "lido/scene/pose.h"
#include "text.h"

namespace lido::cli {

int exit_code(const Error& error);

/// From now on the first Ctrl-C stops cleanly and prints `then`; the second ends the program.
void stop_on_signals(const char* then);
/// Reports a stop that stop_on_signals() requested.
std::stop_token interruption();

/// Prints "lido: MESSAGE" on one line and returns the exit code.
int report_error(const Error& error);
/// Prints "lido: warning: TEXT" on standard error: the command continues, and may lack
/// something.
void print_warning(std::string_view text);
/// As print_warning(), for each line.
void print_warnings(const std::vector<std::string>& lines);
/// Prints "lido: note: TEXT" on standard error: nothing is wrong.
void print_note(std::string_view text);
/// Prints "open: FILE", for a page or video to look at.
/// @param to_error  Prints on standard error, since standard output has JSON.
void print_page(std::string_view file, bool to_error = false);
/// Prints "wrote: FILE", for a file that other programs read.
void print_written(std::string_view file);

/// Refuses nan, which CLI::Range takes for a number in any range.
inline const CLI::Validator kIsNumber(
    [](const std::string& text) {
      double value = 0;
      const bool is_nan = CLI::detail::lexical_cast(text, value) && std::isnan(value);
      return is_nan ? std::string("is nan, want a number") : std::string();
    },
    "");

/// "shard_mb" as a flag: "--shard-mb".
inline std::string flag_of(std::string_view field) {
  std::string flag = "--" + std::string(field);
  std::ranges::replace(flag, '_', '-');
  return flag;
}

/// Refuses values outside a field's range; CLI11 itself refuses text that is no number.
inline CLI::Validator in_range(const Within& range) {
  return CLI::Validator(
      [range](const std::string& text) {
        double value = 0;
        if (!CLI::detail::lexical_cast(text, value)) return std::string();
        if (value >= range.min && value <= range.max) return std::string();
        return fmt::format("is {}, want {:g} to {:g}", text, range.min, range.max);
      },
      "");
}
inline CLI::Validator in_range(const OneOf& choice) {
  return CLI::Validator(
      [values = std::vector<std::string>(choice.values.begin(), choice.values.end())](
          const std::string& text) {
        if (std::ranges::find(values, text) != values.end()) return std::string();
        return fmt::format("is \"{}\", want one of: {}", text, fmt::join(values, ", "));
      },
      "");
}

/// Adds a flag for each field of an options struct: name, default, range and help come from its
/// list.
/// @param without  Fields that mean nothing to this command.
template <typename Options>
void bind(CLI::App& app, Options& options, const std::string& group,
          std::initializer_list<std::string_view> without = {}) {
  Options::fields(
      options, [&](std::string_view name, auto& value, const auto& range, std::string_view help) {
        if (std::ranges::find(without, name) != without.end()) return;
        using Value = std::decay_t<decltype(value)>;
        using Range = std::decay_t<decltype(range)>;
        std::string text(help);
        if constexpr (std::is_same_v<Range, Within>)
          text += fmt::format(" ({:g} to {:g})", range.min, range.max);
        CLI::Option* option = nullptr;
        if constexpr (std::is_same_v<Value, bool>) {
          option = app.add_flag(flag_of(name), value, text);
        } else if constexpr (TextField<Value>) {
          const auto read = [&value, flag = flag_of(name)](const std::string& given) {
            const auto parsed = parse<Value>(given);
            if (!parsed) throw CLI::ValidationError(flag, parsed.error().message);
            value = *parsed;
          };
          option = app.add_option_function<std::string>(flag_of(name), read, text)
                       ->default_str(to_string(value));
        } else {
          option = app.add_option(flag_of(name), value, text)->capture_default_str();
        }
        if constexpr (!std::is_same_v<Range, Anything>) option->check(in_range(range));
        if constexpr (std::is_same_v<Range, OneOf>)
          option->type_name(fmt::format("TEXT:{{{}}}", fmt::join(range.values, ",")));
        option->group(group);
      });
}

/// A small file, or standard input for "-".
Result<std::string> read_text(const std::string& file);
/// @return kUnavailable that names the file.
Result<void> write_text(const std::string& file, std::string_view text);

/// Path of one of Lido's own files: beside this program, as built and as packaged.
/// @return kNotFound.
Result<std::string> shared_file(const std::string& name);

/// Fetches a network that can be fetched by name and is not installed, with progress on standard
/// error unless `quiet`. Does nothing for an installed one.
/// @param option  "detector" or "poses", for messages.
/// Runs the network once when it fetches, so not to be called before a fork.
/// @return Errors of infer::find_bundle() and infer::fetch_bundle().
Result<void> ensure_model(std::string_view option, const std::string& name, bool quiet);
/// As ensure_model() for the pose network; does nothing with --poses off.
Result<void> ensure_poses(const scene::PoseOptions& options, bool quiet);

void add_demo(CLI::App& app, int& exit);
void add_inspect(CLI::App& app, int& exit);
void add_label(CLI::App& app, int& exit);
void add_forget(CLI::App& app, int& exit);
void add_export(CLI::App& app, int& exit);
void add_copy(CLI::App& app, int& exit);
void add_move(CLI::App& app, int& exit);
void add_models(CLI::App& app, int& exit);
void add_cluster(CLI::App& app, int& exit);
void add_site(CLI::App& app, int& exit);
void add_sync(CLI::App& app, int& exit);
void add_reconstruct(CLI::App& app, int& exit);
void add_calibrate(CLI::App& app, int& exit);
void add_synth(CLI::App& app, int& exit);
void add_jobs(CLI::App& app, int& exit);
void add_scene(CLI::App& app, int& exit);
void add_train(CLI::App& app, int& exit);
void add_eval(CLI::App& app, int& exit);
void add_predict(CLI::App& app, int& exit);
void add_docs(CLI::App& app, int& exit);

}  // namespace lido::cli
