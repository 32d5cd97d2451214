# SPDX-License-Identifier: Apache-2.0
"""Checks the layering: a room includes only rooms that src/lido/CMakeLists.txt adds before it, and the
headers of a library only where its room owns it."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent / "src" / "lido"
OWNERS = {  # include prefix: rooms whose sources may use it (never their public headers, but libav.h)
    "libav": {"media"},
    "libsw": {"media"},
    "arrow/": {"storage", "dataset"},
    "parquet/": {"dataset"},
    "turbojpeg": {"dataset"},
    "pugixml": {"dataset"},
    "openssl": {"base"},
    "openvino/": {"infer"},
    "opencv2/": {"scene"},
    "yaml-cpp/": {"base", "cluster"},
    "curl/": {"cluster"},
}
PRIVATE_HEADERS = {
    "media/libav.h",
    "media/demuxer.h",
    "media/decoder.h",
    "scene/fit.h",
    "scene/pixels.h",
}


def main() -> int:
    order = re.findall(r"add_subdirectory\((\w+)\)", (ROOT / "CMakeLists.txt").read_text())
    faults = []
    for path in sorted(ROOT.glob("*/*.[ch]*")):
        room, name = path.parent.name, str(path.relative_to(ROOT))
        for include in re.findall(r'#include ["<]([^">]+)[">]', path.read_text()):
            used = re.match(r"lido/(\w+)/", include)
            if used and order.index(used[1]) > order.index(room):
                faults.append(f"{name} includes {include}, of a later room")
            if used and used[1] != room and include.removeprefix("lido/") in PRIVATE_HEADERS:
                faults.append(f"{name} includes {include}, which is private to its room")
            for prefix, rooms in OWNERS.items():
                public = path.suffix == ".h" and name not in PRIVATE_HEADERS
                if include.startswith(prefix) and (room not in rooms or public):
                    faults.append(
                        f"{name} includes {include}, which stays inside the sources of {rooms}"
                    )
    print("\n".join(faults) or f"{len(order)} rooms are layered as planned")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
