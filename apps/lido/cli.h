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
#include "text.h"

namespace lido::scene {
struct PoseOptions;
}  // namespace lido::scene

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

/// Adds the flag of one field; bind() adds all. bind_field.cpp has it for each type of value and
/// range, since CLI11 takes seconds to compile for each.
template <typename Value, typename Range>
void bind_field(CLI::App& app, const std::string& group, std::string_view name, Value& value,
                const Range& range, std::string_view help);

/// Adds a flag for each field of an options struct: name, default, range and help come from its
/// list.
/// @param without  Fields that mean nothing to this command.
template <typename Options>
void bind(CLI::App& app, Options& options, const std::string& group,
          std::initializer_list<std::string_view> without = {}) {
  Options::fields(
      options, [&](std::string_view name, auto& value, const auto& range, std::string_view help) {
        if (std::ranges::find(without, name) == without.end())
          bind_field(app, group, name, value, range, help);
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
void add_tune(CLI::App& app, int& exit);
void add_eval(CLI::App& app, int& exit);
void add_predict(CLI::App& app, int& exit);
void add_docs(CLI::App& app, int& exit);

}  // namespace lido::cli
