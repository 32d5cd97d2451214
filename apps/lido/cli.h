// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <initializer_list>
#include <stop_token>
#include <string>

#include "lido/base/options.h"

namespace lido::cli {

// Exit codes, as docs/cli.md lists them.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;         ///< Storage, disk or network: run the same command again.
inline constexpr int kWrongUse = 2;       ///< Nothing was done: mend the command.
inline constexpr int kSomeRejected = 3;   ///< Done, but some clips broke.
inline constexpr int kNothingUsable = 4;  ///< Every clip broke.
inline constexpr int kInterrupted = 130;

int exit_code(const Error& error);

/// From now on Ctrl-C stops cleanly, saying `then`; a second time ends the program at once.
void stop_on_signals(const char* then);
/// Says when that happened.
std::stop_token interruption();

/// Prints "lido: ..." on one line and returns the exit code.
int report_error(const Error& error);

/// "shard_mb" as a flag: "--shard-mb".
inline std::string flag_of(std::string_view field) {
  std::string flag = "--" + std::string(field);
  std::ranges::replace(flag, '_', '-');
  return flag;
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
          text += fmt::format(" ({:g} to {:g})", range.least, range.most);
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
        option->group(group);
      });
}

/// A small file, or standard input for "-".
Result<std::string> read_text(const std::string& file);
/// @return kUnavailable that names the file.
Result<void> write_text(const std::string& file, std::string_view text);

/// Where a part of Lido's own files lies: beside this program, as built and as packaged.
/// @return kNotFound.
Result<std::string> shared_file(const std::string& name);

/// "12.3 GB", "845 kB": powers of ten.
std::string human_bytes(double bytes);
/// "2 h 03 min", "41 s".
std::string human_seconds(double seconds);
/// "1 234 567".
std::string human_count(int64_t count);

void add_ingest(CLI::App& app, int& exit);
void add_inspect(CLI::App& app, int& exit);
void add_label(CLI::App& app, int& exit);
void add_forget(CLI::App& app, int& exit);
void add_models(CLI::App& app, int& exit);
void add_cluster(CLI::App& app, int& exit);
void add_synth(CLI::App& app, int& exit);
void add_jobs(CLI::App& app, int& exit);
void add_scene(CLI::App& app, int& exit);

}  // namespace lido::cli
