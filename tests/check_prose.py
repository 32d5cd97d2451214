# SPDX-License-Identifier: Apache-2.0
"""Counts habits of prose that make the project hard to read; the counts may only fall.

tests/check_prose.py              compares with tests/prose_counts.json, exit 1 where a count rose
tests/check_prose.py PATH...      lists each place in these files and folders
tests/check_prose.py --update     stores today's counts
tests/check_prose.py --reflow PATH...   rewrites Markdown with one sentence a line
"""

import argparse
import collections
import io
import json
import pathlib
import re
import subprocess
import sys
import tokenize

import markdown

ROOT = pathlib.Path(__file__).resolve().parent.parent
COUNTS = ROOT / "tests" / "prose_counts.json"
MAX_COLUMNS = 100

# Name: (pattern, what to write).
WORDS = {
    "fragment": (
        r"(?:^|(?<=[.!?] ))(?:[Oo]f(?! course| \{)|What|Who|Whom|Whoever|The same)\b(?![^.]*\?)"
        r"|@param \S+ +(?:Of|What|Who|That)\b",
        "start with a noun or a verb that names the thing",
    ),
    "no_name": (
        r"\b(?:nobody|somebody|anybody|whoever|(?:for|of|to|by|from) who)\b",
        "name the worker, clip, caller or person",
    ),
    "literary": (
        r"\b(?:mend(?:s|ed|ing)?|bites?|biting|laid at|so many|the same way|shall|whereabouts"
        r"|but for|go(?:es|ing|ne)? on|went on)\b",
        "fix, misconfiguration, N, likewise, will, location, except, resume",
    ),
    "data_verb": (
        r"\b(?:tells?|told|telling|says?|said|saying|lies|comes? to)\b",
        "data is passed, returned, logged, reported, stored",
    ),
    "plural": (
        r"[a-z]{2}\((?:s|es|ies)\)(?!\w)",
        "one clip, two clips: counted() of base/counted.h in C++",
    ),
    "he": (r"\b(?:he|his|him|himself|she|her|hers|herself)\b", "they, the person"),
}
PATTERNS = {name: re.compile(pattern, re.IGNORECASE) for name, (pattern, _) in WORDS.items()}
PATTERNS["fragment"] = re.compile(WORDS["fragment"][0])
ADVICE = {name: advice for name, (_, advice) in WORDS.items()} | {
    "long_line": f"at most {MAX_COLUMNS} columns",
    "sentences": "one sentence a line in Markdown: tests/check_prose.py --reflow FILE",
}
CPP = re.compile(
    r'R"(?P<mark>[^()\\ ]*)\((?P<raw>.*?)\)(?P=mark)"'
    r'|"(?P<string>(?:[^"\\\n]|\\.)*)"|\'(?:[^\'\\\n]|\\.)+\''
    r"|//(?P<line>[^\n]*)|/\*(?P<block>.*?)\*/",
    re.DOTALL,
)


STATEMENT_STARTS = (None, tokenize.NEWLINE, tokenize.INDENT, tokenize.NL)


def area_of(path: pathlib.Path) -> str | None:
    """The part of the project that a file counts for; None when it is not prose or code."""
    name, suffix = path.name, path.suffix
    if suffix == ".md":
        return "docs"
    if suffix == ".h":
        return "headers"
    if suffix == ".cpp":
        return "sources"
    if suffix == ".py":
        return "python"
    scripts = suffix in (".sh", ".cmake") or name in ("CMakeLists.txt", "dev", "run", "bench")
    return "scripts" if scripts else None


def joined(pieces):
    """Joins comments on following lines to blocks: yields (line, text).

    A comment behind code stands alone: `pieces` has its line negative.
    """
    block_line, last, text = 0, -1, ""
    for line, piece in pieces:
        piece = piece.strip()
        if line > 0 and line == last + 1 and text and piece:
            text += "\n" + piece
        else:
            if text:
                yield block_line, text
            block_line, text = abs(line), piece
        last = line
    if text:
        yield block_line, text


def line_start(text: str, match: re.Match) -> str:
    """The line's text before a match."""
    return text[text.rfind("\n", 0, match.start()) + 1 : match.start()]


def cpp_prose(text: str, tests: bool):
    """Yields (line, text, is a string) of a C++ file's comments and of literals with words."""
    comments, strings = [], []
    for match in CPP.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if match["line"] is not None:
            behind_code = line_start(text, match).strip() != ""
            comments.append((-line if behind_code else line, match["line"].lstrip("/<!")))
        elif match["block"] is not None:
            comments.append((line, match["block"]))
        elif tests or " " not in (match["string"] or ""):
            continue
        elif not line_start(text, match).lstrip().startswith("#include"):
            strings.append((line, match["string"].replace('\\"', '"')))
    for line, piece in joined(comments):
        yield line, piece, False
    for line, piece in joined(strings):
        yield line, piece, True


def python_prose(text: str):
    """Yields (line, text, is a string) of a Python file's comments and docstrings."""
    comments, previous = [], None
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            comments.append((token.start[0], token.string.lstrip("#! ")))
        elif token.string.lstrip("rR").startswith('"""') and previous in STATEMENT_STARTS:
            yield token.start[0], token.string.strip('rR"'), False
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            previous = token.type
    for line, piece in joined(comments):
        yield line, piece, False


def script_prose(text: str):
    comments = [
        (number, match[1])
        for number, line in enumerate(text.split("\n"), 1)
        if (match := re.search(r"(?:^|\s)#(?!!)(.*)", line))
    ]
    for line, piece in joined(comments):
        yield line, piece, False


def markdown_prose(text: str):
    for number, line in markdown.prose_lines(text):
        plain = re.sub(r"\]\([^)]*\)", "]", markdown.CODE_SPAN.sub("`code`", line))
        for cell in plain.split("|") if plain.lstrip().startswith("|") else [plain]:
            yield number, re.sub(r"^[\s>*#_+-]*(?:\d+\.\s+)?\**", "", cell), False


def prose_of(path: pathlib.Path, area: str, text: str):
    if area in ("headers", "sources"):
        return cpp_prose(text, re.search(r"_(?:test|bench|fuzz)\.cpp$", path.name) is not None)
    if area == "python":
        return python_prose(text)
    return markdown_prose(text) if area == "docs" else script_prose(text)


def findings(path: pathlib.Path):
    """Yields (area, pattern's name, line, excerpt) for each place in a file."""
    area = area_of(path)
    if area is None:
        return
    text = path.read_text(encoding="utf-8")
    for line, prose, is_string in prose_of(path, area, text):
        flat = re.sub(r"\s", " ", prose)
        for name, pattern in PATTERNS.items():
            for match in pattern.finditer(flat):
                excerpt = flat[max(0, match.start() - 30) : match.end() + 40].strip()
                at = line + prose.count("\n", 0, match.start())
                yield "help" if is_string else area, name, at, excerpt
    if area == "docs":
        for paragraph in markdown.paragraphs(text):
            if markdown.reflowed(paragraph) != paragraph.lines:
                yield area, "sentences", paragraph.line, paragraph.lines[0][:70]
    else:
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > MAX_COLUMNS:
                yield area, "long_line", number, f"{len(line)} columns"


def tracked(paths: list[str]) -> list[pathlib.Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *paths],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\n")
    files = [ROOT / name for name in listed if name]
    return [file for file in files if file.is_file() and area_of(file)]


def count(files: list[pathlib.Path]) -> dict[str, dict[str, int]]:
    totals: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    for file in files:
        for area, name, _, _ in findings(file):
            totals[area][name] += 1
    names = [*WORDS, "long_line", "sentences"]
    areas = ("headers", "help", "docs", "python", "sources", "scripts")
    return {area: {name: totals[area][name] for name in names} for area in areas}


def risen(counts, allowed) -> list[str]:
    """One line for each count above the allowed one. A missing entry allows none."""
    return [
        f"{area}: {name} {number}, allowed {allowed.get(area, {}).get(name, 0)} ({ADVICE[name]})"
        for area, names in counts.items()
        for name, number in names.items()
        if number > allowed.get(area, {}).get(name, 0)
    ]


def show(paths: list[str]) -> int:
    total = 0
    for file in tracked(paths):
        for area, name, line, excerpt in findings(file):
            print(f"{file.relative_to(ROOT)}:{line}: {name} ({area}): {excerpt}")
            total += 1
    print(f"{total} places")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("paths", nargs="*", help="list each place in these files and folders")
    parser.add_argument("--update", action="store_true", help="store today's counts")
    parser.add_argument("--reflow", action="store_true", help="one sentence a line in Markdown")
    given = parser.parse_args()
    if given.reflow:
        for file in tracked(given.paths):
            if file.suffix == ".md":
                file.write_text(markdown.reflow(file.read_text()))
        return 0
    if given.paths:
        return show([str(pathlib.Path(path).resolve()) for path in given.paths])
    counts = count(tracked([]))
    if given.update:
        COUNTS.write_text(json.dumps(counts, indent=1) + "\n")
        return 0
    faults = risen(counts, json.loads(COUNTS.read_text()))
    total = sum(sum(names.values()) for names in counts.values())
    print("\n".join(faults) or f"prose: {total} places left, none more than allowed")
    if faults:
        print("tests/check_prose.py PATH lists each place in a file or folder")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
