# SPDX-License-Identifier: Apache-2.0
"""Checks sizes: a source has at most 600 lines, a header 300, a function 60 and 6 parameters.
Each room has 0.3 lines of test or more for a line of source.

tests/check_sizes.py            every file and room
tests/check_sizes.py PATH...    these files and folders
"""

import ast
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAX_LINES = {".cpp": 600, ".py": 600, ".h": 300}
MAX_FUNCTION_LINES = 60
MAX_PARAMETERS = 6
MIN_TEST_SHARE = 0.3
IS_TEST = re.compile(r"_test\.cpp$|_fixture\.h$|(^|/)(test(ing|_\w+)|small_dataset)\.h$")
IS_NEITHER = re.compile(r"_(fuzz|bench)\.cpp$")
# Functions that may be larger, each with its reason.
EXCEPTIONS = {
    "src/lido/dataset/augment.cpp: draw_augmentation": "the parts of a seed and the image's size",
    "src/lido/ingest/person_samples_test.cpp: add": "the identity, span and place of one track",
    "src/lido/media/convert.cpp: sum_across": "an inner loop that compiles for each CPU",
    "src/lido/media/convert_test.cpp: look_up": "the plain definition of sum_across",
    "src/lido/synth/body/pose_test.cpp: TEST": "one simulation, checked for several properties",
}
IGNORED = re.compile(
    r'R"(?P<mark>[^()\\ ]*)\(.*?\)(?P=mark)"|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)+\''
    r"|//[^\n]*|/\*.*?\*/|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*",
    re.DOTALL | re.MULTILINE,
)
SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b[^()]*$|^$|=\s*$")


def blanked(text: str) -> str:
    """C++ text with strings, comments and preprocessor lines blanked, at equal length."""
    return IGNORED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def parameters(signature: str) -> int:
    """The number of parameters of a signature's last bracket at the outer level."""
    depth, angle, count, found, empty = 0, 0, 0, 0, True
    for char in signature.replace("->", "  "):
        if char in "([{":
            depth += 1
            if depth == 1:
                count, empty, angle = 0, True, 0
        elif char in ")]}":
            depth -= 1
            if depth == 0 and not empty:
                found = max(found, count + 1)
        elif depth == 1 and char in "<>":
            angle += 1 if char == "<" else -1
        elif depth == 1 and char == "," and angle == 0:
            count += 1
        elif depth >= 1 and not char.isspace():
            empty = False
    return found


def cpp_functions(text: str):
    """Yields (first line, name, lines, parameters) of functions outside other functions.

    Needs no parser, since clang-format has put the braces: a block at namespace or class level
    whose head has a bracket is a function.
    """
    plain, opened, head = blanked(text), [], 0
    for match in re.finditer(r"[{};]", plain):
        at = match.start()
        outer = all(kind == "scope" for kind, _, _ in opened)
        if match[0] == ";":
            head = (
                at + 1
                if outer and plain.count("(", head, at) == plain.count(")", head, at)
                else head
            )
        elif match[0] == "{":
            signature = plain[head:at].strip()
            if plain[at - 1 : at].strip():  # a brace initialiser: clang-format puts no space
                opened.append(("block", at, ""))
            elif outer and SCOPE.search(signature):
                opened.append(("scope", at, ""))
                head = at + 1
            else:
                kind = "function" if outer and "(" in signature else "block"
                start = head + len(plain[head:at]) - len(plain[head:at].lstrip())
                opened.append((kind, start, signature))
        elif opened:
            kind, start, signature = opened.pop()
            if kind == "function":
                name = re.search(r"([\w~:]+|operator\S+)\s*\(", signature)
                lines = text.count("\n", start, at) + 1
                line = text.count("\n", 0, start) + 1
                before_members = re.split(r"\)\s*:\s", signature)[0] + ")"
                yield line, name[1] if name else "?", lines, parameters(before_members)
            if kind != "block" and all(kind == "scope" for kind, _, _ in opened):
                head = at + 1


def python_functions(text: str):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name, node.end_lineno - node.lineno + 1, 0


def faults(path: pathlib.Path) -> list[str]:
    """One line for the file, and for each of its functions, that is too large."""
    text = path.read_text(encoding="utf-8")
    lines, allowed = len(text.splitlines()), MAX_LINES[path.suffix]
    found = [f"{path}: {lines} lines, want {allowed} or fewer"] if lines > allowed else []
    functions = python_functions if path.suffix == ".py" else cpp_functions
    for line, name, length, count in functions(text):
        if any(f"{path}: {name}".endswith(exception) for exception in EXCEPTIONS):
            continue
        if length > MAX_FUNCTION_LINES:
            found.append(f"{path}:{line}: {name} has {length} lines, want {MAX_FUNCTION_LINES}")
        if count > MAX_PARAMETERS:
            found.append(f"{path}:{line}: {name} has {count} parameters, want {MAX_PARAMETERS}")
    return found


def line_count(paths) -> int:
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def room_faults(house: pathlib.Path) -> list[str]:
    """One line for each room with too few tests."""
    found = []
    for room in sorted(path.parent for path in house.glob("*/CMakeLists.txt")):
        files = [path for path in room.rglob("*") if path.suffix in (".cpp", ".h")]
        files = [path for path in files if not IS_NEITHER.search(path.name)]
        tests = [path for path in files if IS_TEST.search(path.name)]
        lines = line_count(path for path in files if path not in tests)
        if lines and line_count(tests) < MIN_TEST_SHARE * lines:
            share = line_count(tests) / lines
            found.append(f"{room}: {share:.2f} lines of test for a line, want {MIN_TEST_SHARE}")
    return found


def main() -> int:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *sys.argv[1:]],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    files = [ROOT / name for name in listed if pathlib.PurePath(name).suffix in MAX_LINES]
    files = [file for file in files if file.exists()]
    found = [fault for file in files for fault in faults(file)]
    if not sys.argv[1:]:
        found += room_faults(ROOT / "src" / "lido")
    found = [fault.replace(f"{ROOT}/", "") for fault in found]
    print("\n".join(found) or f"sizes: {len(files)} files, none too large")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
