# SPDX-License-Identifier: Apache-2.0
"""Checks that links and places in Markdown exist.

A relative link leads to a file, and to a heading in it. In docs/contributing/where.md each file
in backticks exists, and holds the names in backticks that follow it in its table cell.
"""

import pathlib
import re
import subprocess
import sys
import urllib.parse

import markdown

ROOT = pathlib.Path(__file__).resolve().parent.parent


def faults(path: pathlib.Path) -> list[str]:
    """One line for each relative link of a Markdown file that leads nowhere."""
    found = []
    for line, target in markdown.links(path.read_text(encoding="utf-8")):
        name, _, fragment = urllib.parse.unquote(target).partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        to = (path.parent / name).resolve() if name else path
        if not to.exists():
            found.append(f"{path}:{line}: no file {name}")
        elif fragment and to.suffix == ".md":
            if fragment not in markdown.anchors(to.read_text(encoding="utf-8")):
                found.append(f"{path}:{line}: no heading #{fragment} in {to.name}")
    return found


def where_faults(page: pathlib.Path, root: pathlib.Path) -> list[str]:
    """One line for each file or name in a page's tables that does not exist.

    A file is relative to the repository or to the folder of the row's last file.
    """
    found = []
    for line, row in markdown.prose_lines(page.read_text(encoding="utf-8")):
        folder = root
        for cell in row.split("|") if row.startswith("|") else []:
            text = None
            for span in re.findall(r"`([^`]+)`", cell):
                is_path = re.fullmatch(r"\.?[\w./-]+\.\w+|[\w.-]+/[\w./-]+|dev", span)
                if is_path and not span.startswith("./"):
                    paths = [root / span, folder / span]
                    path = next((path for path in paths if path.exists()), None)
                    if path is None:
                        found.append(f"{page}:{line}: no file {span}")
                        text = None
                        continue
                    folder = path.parent
                    text = path.read_text(encoding="utf-8") if path.is_file() else None
                elif text is not None and re.fullmatch(r"[\w:]+(\(\))?", span):
                    if span.removesuffix("()").split("::")[-1] not in text:
                        found.append(f"{page}:{line}: no {span} in {path.relative_to(root)}")
    return found


def main() -> int:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.md"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    files = [ROOT / name for name in listed if (ROOT / name).exists()]
    broken = [fault for file in files for fault in faults(file)]
    broken += where_faults(ROOT / "docs/contributing/where.md", ROOT)
    print("\n".join(broken) or f"links: {len(files)} Markdown files, none broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
