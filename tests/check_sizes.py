# SPDX-License-Identifier: Apache-2.0
"""Checks that no source has over 600 lines, no header over 300 and no Python function over 60.

C++ functions are clang-tidy's to measure (readability-function-size).
"""

import ast
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAX_LINES = {".cpp": 600, ".py": 600, ".h": 300}
MAX_FUNCTION_LINES = 60


def faults(path: pathlib.Path) -> list[str]:
    """One line for the file, and for each Python function, that is too long."""
    text = path.read_text(encoding="utf-8")
    lines, allowed = len(text.splitlines()), MAX_LINES[path.suffix]
    found = [f"{path}: {lines} lines, want {allowed} or fewer"] if lines > allowed else []
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = node.end_lineno - node.lineno + 1
                if length > MAX_FUNCTION_LINES:
                    found.append(
                        f"{path}:{node.lineno}: {node.name} has {length} lines, "
                        f"want {MAX_FUNCTION_LINES} or fewer"
                    )
    return found


def main() -> int:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.cpp", "*.h", "*.py"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    files = [ROOT / name for name in listed if (ROOT / name).exists()]
    found = [fault.replace(f"{ROOT}/", "") for file in files for fault in faults(file)]
    print("\n".join(found) or f"sizes: {len(files)} files, none too long")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
