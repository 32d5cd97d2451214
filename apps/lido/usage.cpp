// SPDX-License-Identifier: Apache-2.0
#include "usage.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "exit_codes.h"

namespace lido::cli {
namespace {

struct Choices {
  std::string_view path;
  std::string_view text;
};

constexpr std::array kChoices = {
    Choices{"lido forget", "(--clip TEXT --time TEXT | --list TEXT | --leftovers)"},
    Choices{"lido export", "(--clip TEXT --time TEXT | --list TEXT)"},
    Choices{"lido train", "(network (--data TEXT | --points TEXT) --out TEXT | --resume TEXT)"},
    Choices{"lido tune",
            "(network (--data TEXT | --points TEXT) --space TEXT --out TEXT | --resume TEXT)"},
    Choices{"lido eval", "(--data TEXT | --points TEXT)"},
    Choices{"lido predict", "(--out TEXT | --predictions TEXT)"},
    Choices{"lido calibrate",
            "(--board TEXT --clips TEXT... | --points TEXT) (--out TEXT | --check)"},
    Choices{"lido cluster check", "(files... | --rules)"},
    Choices{"lido cluster simulate", "(values --workload TEXT | --example)"},
};

/// An exit code that not every command has.
struct OwnCode {
  std::string_view path;
  int code;
  std::string_view meaning;
};

constexpr std::string_view kInterruptedMeaning = "interrupted";
constexpr std::array kOwnCodes = {
    OwnCode{"lido demo", kFindings, "done, but clips lost something"},
    OwnCode{"lido demo", kNothingUsable, "all clips were rejected"},
    OwnCode{"lido demo", kInterrupted, kInterruptedMeaning},
    OwnCode{"lido ingest", kFindings,
            "done, but clips or folders were left out or lost a stretch, or a label is in no "
            "sample"},
    OwnCode{"lido ingest", kNothingUsable, "all clips were rejected"},
    OwnCode{"lido ingest", kInterrupted, kInterruptedMeaning},
    OwnCode{"lido inspect", kFindings, "--verify found damaged or duplicate samples"},
    OwnCode{"lido label", kFindings,
            "done, but a label is in no sample, or of a clip that the dataset does not have"},
    OwnCode{"lido export", kFindings, "done, but samples are damaged"},
    OwnCode{"lido copy", kInterrupted, kInterruptedMeaning},
    OwnCode{"lido move", kInterrupted, kInterruptedMeaning},
    OwnCode{"lido scene", kFindings, "done, but the clip breaks off"},
    OwnCode{"lido scene", kInterrupted, kInterruptedMeaning},
    OwnCode{"lido train", kInterrupted, kInterruptedMeaning},
    OwnCode{"lido tune", kFindings, "done, but trials failed"},
    OwnCode{"lido tune", kInterrupted, kInterruptedMeaning},
    OwnCode{"lido eval", kInterrupted, kInterruptedMeaning},
    OwnCode{"lido predict", kFindings, "done, but the clip is broken"},
    OwnCode{"lido predict", kInterrupted, kInterruptedMeaning},
    OwnCode{"lido cluster check", kFindings, "there are errors"},
    OwnCode{"lido cluster up", kInterrupted, kInterruptedMeaning},
    OwnCode{"lido cluster down", kInterrupted, "the answer was no"},
    OwnCode{"lido synth tracks", kInterrupted, kInterruptedMeaning},
    OwnCode{"lido synth scene", kInterrupted, kInterruptedMeaning},
    OwnCode{"lido synth pool", kInterrupted, kInterruptedMeaning},
    OwnCode{"lido calibrate", kFindings, "--check found a camera that moved"},
    OwnCode{"lido calibrate", kInterrupted, kInterruptedMeaning},
    OwnCode{"lido sync", kInterrupted, kInterruptedMeaning},
    OwnCode{"lido reconstruct", kFindings,
            "done, but --draw met a clip that breaks off or cannot be drawn into"},
    OwnCode{"lido reconstruct", kInterrupted, kInterruptedMeaning},
    OwnCode{"lido logs", kInterrupted, kInterruptedMeaning},
};

/// Meaning of a code in a command; empty for a code that the command does not have.
std::string_view meaning_of(std::string_view path, const ExitCode& code) {
  const auto own = std::ranges::find_if(
      kOwnCodes, [&](const OwnCode& one) { return one.path == path && one.code == code.code; });
  if (own != kOwnCodes.end()) return own->meaning;
  const bool is_common = code.code == kDone || code.code == kFailed || code.code == kWrongUse;
  return is_common ? code.meaning : "";
}

}  // namespace

std::string_view choices_of(std::string_view path) {
  const auto found = std::ranges::find(kChoices, path, &Choices::path);
  return found == kChoices.end() ? "" : found->text;
}

std::string exit_codes_of(std::string_view path) {
  std::string text = "Exit codes: ";
  for (const ExitCode& code : kExitCodes) {
    const std::string_view meaning = meaning_of(path, code);
    if (meaning.empty()) continue;
    text += fmt::format("{}{} {}", code.code == kDone ? "" : "; ", code.code, meaning);
  }
  return text + ".";
}

}  // namespace lido::cli
