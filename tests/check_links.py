# SPDX-License-Identifier: Apache-2.0
"""Checks that each relative link in Markdown leads to a file, and to a heading in it."""

import pathlib
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
    print("\n".join(broken) or f"links: {len(files)} Markdown files, none broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
