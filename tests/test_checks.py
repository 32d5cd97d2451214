# SPDX-License-Identifier: Apache-2.0
"""The house's own checks can fail: each finds a fault that was put there."""

import check_prose
import markdown
import pytest


def found(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return [(area, pattern, line) for area, pattern, line, _ in check_prose.findings(path)]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.h", "/// Of the last.\nint a;\n", ("headers", "fragment", 1)),
        ("a.h", "int a;  ///< Bytes.\nint b;  ///< What came.\n", ("headers", "fragment", 2)),
        ("a.h", "/// Bytes read\n/// by nobody.\n", ("headers", "no_name", 2)),
        ("a.cpp", 'auto a = "mend the file";\n', ("help", "literary", 1)),
        ("a.cpp", "// Seconds after he fell.\n", ("sources", "he", 1)),
        ("a.cpp", f"int a = {'1' * 100};\n", ("sources", "long_line", 1)),
        ("a.py", '"""Tells the time."""\n', ("python", "data_verb", 1)),
        ("a.py", "a = 1  # the same way as b\n", ("python", "literary", 1)),
        ("a.sh", "# Whoever reads.\n", ("scripts", "fragment", 1)),
        ("a.md", "One. Two.\n", ("docs", "sentences", 1)),
        ("a.md", "One that\nis wrapped.\n", ("docs", "sentences", 1)),
        ("a.md", "| a | What b is |\n", ("docs", "fragment", 1)),
    ],
)
def test_a_habit_is_found(tmp_path, name, text, expected):
    assert expected in found(tmp_path, name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.h", '/// Bytes read so far.\nconst char* a = "who";\n'),
        ("a.cpp", '#include "nobody says.h"\nauto a = R"(nobody says)";\n'),
        ("a_test.cpp", 'auto a = "nobody says so";\n'),
        ("a.py", 'a = "nobody says so"\n'),
        ("a.md", "Use `nobody says`.\n\n```\nnobody says. He does.\n```\n"),
        ("a.md", "See e.g. Figure 2.\n"),
        ("a.md", "## What is a span?\n"),
    ],
)
def test_plain_text_passes(tmp_path, name, text):
    assert found(tmp_path, name, text) == []


def test_a_count_may_fall_and_not_rise():
    allowed = {"docs": {"he": 2}}
    assert check_prose.risen({"docs": {"he": 1}}, allowed) == []
    assert check_prose.risen({"docs": {"he": 2}}, allowed) == []
    assert len(check_prose.risen({"docs": {"he": 3}}, allowed)) == 1
    assert len(check_prose.risen({"python": {"he": 1}}, allowed)) == 1


def test_markdown_gets_one_sentence_a_line():
    text = "- **One.** Two is\n  long ([see](a.md)). Three e.g. This.\n\n| a. B | c |\n"
    assert markdown.reflow(text) == (
        "- **One.**\n  Two is long ([see](a.md)).\n  Three e.g. This.\n\n| a. B | c |\n"
    )
