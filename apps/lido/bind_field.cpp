// SPDX-License-Identifier: Apache-2.0
#include "cli.h"

namespace lido::cli {
namespace {

/// Refuses values outside a field's range; CLI11 itself refuses text that is no number.
CLI::Validator in_range(const Within& range) {
  return CLI::Validator(
      [range](const std::string& text) {
        double value = 0;
        if (!CLI::detail::lexical_cast(text, value)) return std::string();
        if (value >= range.min && value <= range.max) return std::string();
        return fmt::format("is {}, want {:g} to {:g}", text, range.min, range.max);
      },
      "");
}
CLI::Validator in_range(const OneOf& choice) {
  return CLI::Validator(
      [values = std::vector<std::string>(choice.values.begin(), choice.values.end())](
          const std::string& text) {
        if (std::ranges::find(values, text) != values.end()) return std::string();
        return fmt::format("is \"{}\", want one of: {}", text, fmt::join(values, ", "));
      },
      "");
}

template <typename Value>
CLI::Option* add_flag(CLI::App& app, const std::string& flag, Value& value,
                      const std::string& help) {
  if constexpr (std::is_same_v<Value, bool>) {
    return app.add_flag(flag, value, help);
  } else if constexpr (TextField<Value>) {
    const auto read = [&value, flag](const std::string& given) {
      const auto parsed = parse<Value>(given);
      if (!parsed) throw CLI::ValidationError(flag, parsed.error().message);
      value = *parsed;
    };
    return app.add_option_function<std::string>(flag, read, help)->default_str(to_string(value));
  } else {
    return app.add_option(flag, value, help)->capture_default_str();
  }
}

}  // namespace

template <typename Value, typename Range>
void bind_field(CLI::App& app, const std::string& group, std::string_view name, Value& value,
                const Range& range, std::string_view help) {
  std::string text(help);
  if constexpr (std::is_same_v<Range, Within>)
    text += fmt::format(" ({:g} to {:g})", range.min, range.max);
  CLI::Option* option = add_flag(app, flag_of(name), value, text);
  if constexpr (!std::is_same_v<Range, Anything>) option->check(in_range(range));
  if constexpr (std::is_same_v<Range, OneOf>)
    option->type_name(fmt::format("TEXT:{{{}}}", fmt::join(range.values, ",")));
  option->group(group);
}

template void bind_field(CLI::App&, const std::string&, std::string_view, bool&, const Anything&,
                         std::string_view);
template void bind_field(CLI::App&, const std::string&, std::string_view, int&, const Within&,
                         std::string_view);
template void bind_field(CLI::App&, const std::string&, std::string_view, int64_t&, const Within&,
                         std::string_view);
template void bind_field(CLI::App&, const std::string&, std::string_view, double&, const Within&,
                         std::string_view);
template void bind_field(CLI::App&, const std::string&, std::string_view, std::string&,
                         const OneOf&, std::string_view);
template void bind_field(CLI::App&, const std::string&, std::string_view, std::string&,
                         const Anything&, std::string_view);
template void bind_field(CLI::App&, const std::string&, std::string_view, Rational&,
                         const Anything&, std::string_view);
template void bind_field(CLI::App&, const std::string&, std::string_view, SampleRate&,
                         const Anything&, std::string_view);

}  // namespace lido::cli
