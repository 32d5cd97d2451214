// SPDX-License-Identifier: Apache-2.0
#include "man_page.h"

#include <fmt/ranges.h>

#include "exit_codes.h"

namespace lido::cli {
namespace {

/// Text of a paragraph: backslashes and dashes escaped, no line taken for a macro.
std::string roff(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool starts_line = i == 0 || text[i - 1] == '\n';
    if (starts_line && (text[i] == '.' || text[i] == '\'')) out += "\\&";
    if (text[i] == '\\')
      out += "\\e";
    else if (text[i] == '-')
      out += "\\-";
    else
      out += text[i];
  }
  return out;
}

std::string argument_entry(const Argument& one) {
  std::string text = fmt::format(".TP\n\\fB{}\\fR", roff(one.name));
  if (!one.choices.empty())
    text += fmt::format(" {{{}}}", roff(fmt::format("{}", fmt::join(one.choices, ","))));
  else if (one.is_flag() && !one.value.empty())
    text += fmt::format(" \\fI{}\\fR", roff(one.value));
  text += "\n" + roff(one.help);
  if (!one.fallback.empty() && one.fallback != "\"\"")
    text += fmt::format(" [{}]", roff(one.fallback));
  if (one.required) text += " (required)";
  return text + "\n";
}

std::string command_section(const Command& command) {
  std::string text = fmt::format(".SS \"{}\"\n{}.\n", roff(command.path), roff(command.about));
  if (command.commands.empty()) {
    for (const Argument& one : command.arguments) {
      if (one.name != "--help") text += argument_entry(one);
    }
  }
  if (!command.examples.empty()) text += ".PP\nExamples:\n.PP\n.nf\n";
  for (const std::string& example : command.examples) text += "  " + roff(example) + "\n";
  if (!command.examples.empty()) text += ".fi\n";
  return text;
}

constexpr const char* kFiles = R"(.SH FILES
.TP
\fBlido.toml\fR, \fB~/.config/lido/lido.toml\fR
Flags that are always given.
The file in the working folder wins over the user's, and the command line over both.
A key is a flag without its dashes; a section names a command:
.PP
.nf
  quiet = true
  [ingest]
  workers = 4
  [cluster.price]
  max\-age\-days = 365
.fi
)";

constexpr const char* kEnvironment = R"(.SH ENVIRONMENT
.TP
\fBLIDO_MODELS\fR
Folder of detectors.
.TP
\fBLIDO_PYTHON\fR
Python that has lido and Ray, for \-\-on ray.
.TP
\fBRAY_ADDRESS\fR
Ray cluster that \-\-on ray uses.
.TP
\fBXDG_CONFIG_HOME\fR, \fBXDG_DATA_HOME\fR
In place of ~/.config and ~/.local/share.
)";

}  // namespace

std::string man_page(const Command& program) {
  std::string text =
      ".TH LIDO 1 \"\" \"lido\" \"Lido\"\n.SH NAME\n"
      "lido \\- turn swimming\\-pool video into training data, simulate pools, run Ray clusters\n"
      ".SH SYNOPSIS\n\\fBlido\\fR \\fICOMMAND\\fR [\\fIFLAGS\\fR] [\\fIARGUMENTS\\fR]\n"
      ".SH DESCRIPTION\n" +
      roff(program.about) + "\n.SH COMMANDS\n";
  visit_commands(program, [&](const Command& one) {
    if (&one != &program && !one.hidden) text += command_section(one);
  });
  text += ".SH EXIT STATUS\n";
  for (const ExitCode& one : kExitCodes)
    text += fmt::format(".TP\n\\fB{}\\fR\n{}.\n{}", one.code, roff(one.meaning),
                        *one.advice == '\0' ? "" : roff(one.advice) + "\n");
  text += kFiles;
  text += kEnvironment;
  text += ".SH EXAMPLES\n.nf\n";
  for (const std::string& example : program.examples) text += roff(example) + "\n";
  return text + ".fi\n";
}

}  // namespace lido::cli
