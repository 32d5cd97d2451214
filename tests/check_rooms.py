# SPDX-License-Identifier: Apache-2.0
"""Checks the layering of src/lido.

A room includes only rooms that src/lido/CMakeLists.txt adds before it. Inside a room whose
CMakeLists.txt gives an ORDER, every file is named there, itself or by its folder, and includes
only files and folders named before its own.
A third party's headers are included only where their owner is, and never in public headers.
No two rooms have a type of one name in their headers, except SHARED_NAMES.
Every source of a room has a test beside it.
Tests get their folders from base/test_folder.h, since two tests with one folder break each other.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOUSE = ROOT / "src" / "lido"
# Include prefix: rooms whose sources and private headers may use it.
OWNERS = {
    "libav": {"media"},
    "libsw": {"media"},
    "arrow/": {"storage", "dataset"},
    "parquet/": {"dataset"},
    "turbojpeg": {"dataset"},
    "pugixml": {"storage", "dataset"},
    "openssl": {"base"},
    "unicode/": {"base"},
    "openvino/": {"infer"},
    "torch/": {"nn"},
    "opencv2/": {"scene", "reconstruct"},
    "yaml-cpp/": {"base", "cluster"},
    "curl/": {"storage", "cluster"},
    "sqlite3": {"ingest"},
    "toml++/": {"reconstruct"},
    "EGL/": {"synth"},
    "GL/": {"synth"},
    "CLI/": {"apps"},
    "nanobind/": {"python"},
}
# Libraries whose types may stand in public headers: prefix and rooms; None for all.
SHOWN = {
    "fmt/": None,
    "nlohmann/": None,
    "Eigen/": {"geometry", "scene", "report", "synth", "reconstruct"},
}
PRIVATE_HEADERS = {
    *("dataset/bounded_parquet.h", "dataset/columns.h", "dataset/parquet_file.h"),
    *("media/libav.h", "media/demuxer.h", "media/decoder.h"),
    "cluster/manifest.h",
    "infer/code_folders.h",
    *("scene/blob_scene.h", "scene/direct_alignment.h", "scene/motion_model.h"),
    *("synth/gl.h", "synth/film/gl.h"),
}
FOR_TESTS = re.compile(r"_(test|fuzz|bench)\.\w+$|(^|/)test(ing|_\w+)\.h$")
# nlohmann's dump() throws for bytes that are not UTF-8; json_text() takes any. Options hold text
# that a parser has read, which is UTF-8.
STRICT_JSON = re.compile(r"(\.|->)dump\(")
MAY_DUMP = {"base/json_text.h", "base/options.h"}
# A folder with a fixed name, or one that is not removed, fails tests that run beside each other.
OWN_FOLDER = re.compile(r"\b(TempDir|temp_directory_path|mkdtemp|tmpnam)\(")
MAY_OWN_FOLDER = {
    "base/temporary_folder.cpp",
    "base/test_folder.h",
    "loader/scratch_file.cpp",
    "storage/bucket.cpp",
}
TYPE = re.compile(r"^(?:struct|class|enum class) (\w+)(?: final)?(?: :[^;{]*)? \{", re.MULTILINE)
# Names that two rooms have, with the reason in docs/contributing/architecture.md.
SHARED_NAMES = {"Network", "Timeline"}
INCLUDE = re.compile(r'^\s*#\s*include ["<]([^">]+)[">]', re.MULTILINE)


def cmake_list(text: str, keyword: str) -> list[str]:
    """Words after a keyword in upper case, up to the next one or the bracket."""
    found = re.search(rf"\b{keyword}\s+([^A-Z)]*)", re.sub(r"#.*", "", text))
    return found[1].split() if found else []


def place(order: list[str], path: str) -> int | None:
    """Index of a file in its room's order, by its own name or its folder's."""
    parts = path.split("/")
    names = [pathlib.PurePath(parts[-1]).stem, *parts[:-1]]
    names[0] = re.sub(r"_(test|fuzz|bench)$", "", names[0])
    return next((order.index(name) for name in names if name in order), None)


def third_party_fault(room: str, name: str, include: str) -> str | None:
    for prefix, rooms in SHOWN.items():
        if include.startswith(prefix) and rooms is not None and room not in rooms:
            return f"{name} includes {include}, which is for {', '.join(sorted(rooms))}"
    for prefix, rooms in OWNERS.items():
        public = (
            name.endswith(".h") and name not in PRIVATE_HEADERS and room not in ("apps", "python")
        )
        if include.startswith(prefix) and (room not in rooms or public):
            return (
                f"{name} includes {include}, which stays in sources of {', '.join(sorted(rooms))}"
            )
    return None


def strict_json_fault(name: str, text: str) -> str | None:
    if name in MAY_DUMP or FOR_TESTS.search(name) or not STRICT_JSON.search(text):
        return None
    return f"{name} calls dump(), want json_text() of base/json_text.h"


def own_folder_fault(name: str, text: str) -> str | None:
    found = OWN_FOLDER.search(text)
    if name in MAY_OWN_FOLDER or not found:
        return None
    return f"{name} calls {found[1]}(), want TestFolder of base/test_folder.h"


def text_faults(name: str, text: str) -> list[str]:
    faults = (strict_json_fault(name, text), own_folder_fault(name, text))
    return [fault for fault in faults if fault]


def faults_of(house: pathlib.Path, path: pathlib.Path, order: list[str], inside: list[str]):
    """Yields one line for each include that a file of a room must not have."""
    name = path.relative_to(house).as_posix()
    room, _, below = name.partition("/")
    own = place(inside, below)
    if inside and own is None and not FOR_TESTS.search(below):
        yield f"{name} is not in the room's ORDER"
    yield from text_faults(name, path.read_text())
    for include in INCLUDE.findall(path.read_text()):
        used = re.match(r"lido/(\w+)/(.+)", include)
        if used and used[1] in order and order.index(used[1]) > order.index(room):
            yield f"{name} includes {include}, of a later room"
        if used and used[1] != room and include.removeprefix("lido/") in PRIVATE_HEADERS:
            yield f"{name} includes {include}, which is private to its room"
        other = place(inside, used[2]) if used and used[1] == room else None
        if own is not None and other is not None and other > own:
            yield f"{name} includes {include}, which comes later in the room's ORDER"
        if fault := third_party_fault(room, name, include):
            yield fault


def untested(house: pathlib.Path) -> list[str]:
    """One line for each source without a test of its name in its folder."""
    return [
        f"{path.relative_to(house).as_posix()} has no {path.stem}_test.cpp beside it"
        for path in sorted(house.rglob("*.cpp"))
        if not FOR_TESTS.search(path.name) and not path.with_name(f"{path.stem}_test.cpp").exists()
    ]


def shared_names(house: pathlib.Path) -> list[str]:
    """One line for each type that headers of two rooms define."""
    files = [path for path in sorted(house.rglob("*.h")) if not FOR_TESTS.search(path.name)]
    first: dict[str, str] = {}
    found = []
    for path in files:
        name = path.relative_to(house).as_posix()
        for kind in TYPE.findall(path.read_text()):
            other = first.setdefault(kind, name)
            if other.split("/")[0] != name.split("/")[0] and kind not in SHARED_NAMES:
                found.append(f"{name} defines {kind}, which {other} has too")
    return found


def check(house: pathlib.Path) -> list[str]:
    order = re.findall(r"add_subdirectory\((\w+)\)", (house / "CMakeLists.txt").read_text())
    found = shared_names(house)
    for room in order:
        inside = cmake_list((house / room / "CMakeLists.txt").read_text(), "ORDER")
        for path in sorted((house / room).rglob("*.[ch]*")):
            found += faults_of(house, path, order, inside)
    return found


def outside(folder: str, room: str) -> list[str]:
    """Faults of the program's or the Python module's sources."""
    faults = []
    for path in sorted((ROOT / folder).rglob("*.[ch]*")):
        name, text = path.relative_to(ROOT).as_posix(), path.read_text()
        found = [third_party_fault(room, name, include) for include in INCLUDE.findall(text)]
        faults += [*text_faults(name, text), *filter(None, found)]
    return faults


def main() -> int:
    faults = [*check(HOUSE), *untested(HOUSE)]
    faults += [*outside("apps", "apps"), *outside("python", "python")]
    rooms = len(list(HOUSE.glob("*/CMakeLists.txt")))
    print("\n".join(faults) or f"{rooms} rooms are layered as planned")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
