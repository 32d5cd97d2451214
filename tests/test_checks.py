# SPDX-License-Identifier: Apache-2.0
"""The house's own checks can fail: each finds a fault that was put there."""

import os
import subprocess
import sys

import check_links
import check_prose
import check_rooms
import check_sizes
import list_tests
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
        ("a.cpp", "int a;  // of the picture\n", ("sources", "fragment", 1)),
        ("a.py", "a = 1  # of the picture\n", ("python", "fragment", 1)),
        ("a.h", "/// Bytes read\n/// by nobody.\n", ("headers", "no_name", 2)),
        ("a.cpp", 'auto a = "mend the file";\n', ("help", "literary", 1)),
        ("a.cpp", 'auto a = "{} clip(s) left out";\n', ("help", "plural", 1)),
        ("a.md", "It has N box(es).\n", ("docs", "plural", 1)),
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
        ("a.cpp", 'day.family(s);  // f(s), as table (s) has it\nauto a = "{} clips (s)";\n'),
        ("a.md", "See e.g. Figure 2.\n"),
        ("a.md", "---\nname: A\nabout: B. He\n---\n"),
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


def house(tmp_path, files):
    (tmp_path / "CMakeLists.txt").write_text("add_subdirectory(base)\nadd_subdirectory(media)\n")
    for room, order in (("base", ""), ("media", " ORDER demuxer decoder extract")):
        (tmp_path / room).mkdir()
        (tmp_path / room / "CMakeLists.txt").write_text(f"lido_room({room} USES base{order})\n")
    for name, include in files.items():
        (tmp_path / name).write_text(f"#include <{include}>\n")
    return check_rooms.check(tmp_path)


@pytest.mark.parametrize(
    ("name", "include", "fault"),
    [
        ("base/hash.h", "lido/media/extract.h", "of a later room"),
        ("base/hash.cpp", "lido/media/demuxer.h", "private to its room"),
        ("base/hash.cpp", "sqlite3.h", "stays in sources of ingest"),
        ("media/extract.h", "libavutil/frame.h", "stays in sources of media"),
        ("media/extract.cpp", "Eigen/Dense", "is for geometry"),
        ("media/demuxer.cpp", "lido/media/decoder.h", "later in the room's ORDER"),
        ("media/probe.cpp", "vector", "is not in the room's ORDER"),
    ],
)
def test_an_include_against_the_layering_is_found(tmp_path, name, include, fault):
    (found,) = [text for text in house(tmp_path, {name: include}) if fault in text]
    assert found.startswith(name)


def test_includes_along_the_layering_pass(tmp_path):
    files = {
        "base/hash.cpp": "openssl/evp.h",
        "media/decoder.cpp": "lido/media/demuxer.h",
        "media/decoder_test.cpp": "lido/base/hash.h",
        "media/extract.cpp": "libavutil/frame.h",
    }
    assert house(tmp_path, files) == []


def test_json_that_throws_for_a_name_is_found(tmp_path):
    house(tmp_path, {"media/decoder.cpp": "vector"})
    source = tmp_path / "media/decoder.cpp"
    for text, count in (("json.dump()", 1), ("at->dump(2)", 1), ("json_text(json)", 0)):
        source.write_text(text)
        assert len(check_rooms.check(tmp_path)) == count, text
    source.unlink()
    (tmp_path / "media/decoder_test.cpp").write_text("json.dump()")
    assert check_rooms.check(tmp_path) == []


@pytest.mark.parametrize(
    "text",
    [
        'auto folder = testing::TempDir() + "lido";\n',
        'auto file = std::filesystem::temp_directory_path() / "lido";\n',
        "::mkdtemp(name.data());\n",
    ],
)
def test_a_folder_that_a_test_makes_for_itself_is_found(tmp_path, text):
    house(tmp_path, {"media/decoder_test.cpp": "vector"})
    (tmp_path / "media/decoder_test.cpp").write_text(text)
    (fault,) = check_rooms.check(tmp_path)
    assert fault.startswith("media/decoder_test.cpp calls ") and "TestFolder" in fault
    (tmp_path / "media/decoder_test.cpp").write_text("const TestFolder folder;\n")
    (tmp_path / "base/test_folder.h").write_text(text)
    assert check_rooms.check(tmp_path) == []


def test_a_source_without_a_test_is_found(tmp_path):
    names = ("decoder.cpp", "decoder_test.cpp", "decoder_fuzz.cpp", "probe.cpp", "decoder.h")
    house(tmp_path, {f"media/{name}": "vector" for name in names})
    assert check_rooms.untested(tmp_path) == ["media/probe.cpp has no probe_test.cpp beside it"]


def test_a_type_name_of_two_rooms_is_found(tmp_path):
    house(tmp_path, {"base/hash.h": "vector", "media/decoder.h": "vector"})
    (tmp_path / "base/hash.h").write_text("struct Place {\n};\nclass Point;\n")
    (tmp_path / "media/decoder.h").write_text("class Place final : public A {\n};\nclass B {\n};\n")
    assert check_rooms.check(tmp_path) == [
        "media/decoder.h defines Place, which base/hash.h has too"
    ]
    (tmp_path / "media/decoder.h").write_text("class Point {\n};\n")
    assert check_rooms.check(tmp_path) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "b.md").write_text("# A `name` of its own\n")
    page = tmp_path / "a.md"
    page.write_text("[a](b.md#a-name-of-its-own) [b](b.md) [c](https://x.org/d)\n")
    assert check_links.faults(page) == []
    page.write_text("[a](b.md#other)\n![b](c.png)\n")
    assert [fault.split(":")[-1] for fault in check_links.faults(page)] == [
        " no heading #other in b.md",
        " no file c.png",
    ]


def test_a_place_that_does_not_exist_is_found(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.cpp").write_text("void read_it();\n")
    page = tmp_path / "where.md"
    page.write_text("| read | `src/a.cpp`: `A::read_it()` | `a.cpp` |\n")
    assert check_links.where_faults(page, tmp_path) == []
    page.write_text("| read | `src/a.cpp`: `write_it` | `src/b.cpp` |\n")
    assert [fault.split(":")[-1] for fault in check_links.where_faults(page, tmp_path)] == [
        " no write_it in src/a.cpp",
        " no file src/b.cpp",
    ]


LONG_CPP = """
namespace a {
/// A brace in a comment: {
struct B : C {
  B(int x) : x_{x} {}
  int many(int a, std::map<int, int> b, int c, int d, int e, int f, int g) const { return a; }
  std::string text = "a { (";
};

Result<int> long_one(
    int a, int b) {
  if (a) {
%s  }
  return b;
}
}  // namespace a
"""


def test_sizes_of_cpp_functions_are_found():
    found = list(check_sizes.cpp_functions(LONG_CPP % ("    ++b;\n" * 56)))
    assert [(name, lines, count) for _, name, lines, count in found] == [
        ("B", 1, 1),
        ("many", 1, 7),
        ("long_one", 62, 2),
    ]


def test_a_file_that_is_too_large_is_found(tmp_path):
    (tmp_path / "a.h").write_text("\n" * 301)
    (tmp_path / "a.cpp").write_text(LONG_CPP % ("    ++b;\n" * 55))
    (tmp_path / "a.py").write_text("def f():\n" + "    a = 1\n" * 60)
    assert len(check_sizes.faults(tmp_path / "a.h")) == 1
    assert [fault.split(": ")[1] for fault in check_sizes.faults(tmp_path / "a.cpp")] == [
        "many has 7 parameters, want 6",
        "long_one has 61 lines, want 60",
    ]
    assert len(check_sizes.faults(tmp_path / "a.py")) == 1


def test_a_room_with_few_tests_is_found(tmp_path):
    house(tmp_path, {"media/decoder.cpp": "vector"})
    (tmp_path / "media/decoder.cpp").write_text("int a;\n" * 10)
    (tmp_path / "media/decoder_bench.cpp").write_text("int a;\n" * 10)
    (tmp_path / "media/decoder_test.cpp").write_text("int a;\n" * 2)
    (fault,) = check_sizes.room_faults(tmp_path)
    assert fault == f"{tmp_path}/media: 0.20 lines of test for a line, want 0.3"
    (tmp_path / "media/test_clip.h").write_text("int a;\n")
    assert check_sizes.room_faults(tmp_path) == []


def test_skipped_tests_are_listed_with_their_reasons():
    log = """3/9 Testing: infer.Network.GivesWhatOnnxruntimeGives
[ RUN      ] Network.GivesWhatOnnxruntimeGives
/src/network_test.cpp:60: Skipped
no /data/yolox.onnx

[  SKIPPED ] Network.GivesWhatOnnxruntimeGives (0 ms)
4/9 Testing: e2e.test_cli
SKIPPED [2] test_cli.py:282: no fish
5 passed, 2 skipped in 3.0s
5/9 Testing: house.rooms
12 rooms are layered as planned
"""
    assert list_tests.skipped(log) == [
        ("infer.Network.GivesWhatOnnxruntimeGives", 1, "no /data/yolox.onnx"),
        ("e2e.test_cli test_cli.py:282", 2, "no fish"),
    ]


def test_failed_tests_are_listed_with_their_reasons(tmp_path):
    long = "test_wrong_" + "x" * 80  # no room for a reason on a line of 80 columns
    (tmp_path / "test_red.py").write_text(
        "import pytest\n\n\n@pytest.fixture\ndef broken():\n    raise OSError('no disk')\n\n\n"
        f"def {long}():\n    assert 2 + 2 == 5, 'not five'\n\n\n"
        "def test_broken(broken):\n    pass\n\n\ndef test_right():\n    pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rsfE", "-p", "no:cacheprovider", "test_red.py"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"COLUMNS": "1000"},
    )
    assert list_tests.failed(done.stdout) == [
        (f"test_red.py::{long}", "AssertionError: not five"),
        ("test_red.py::test_broken", "OSError: no disk"),
    ]
