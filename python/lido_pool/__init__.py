# SPDX-License-Identifier: Apache-2.0
"""The program `lido` as the wheel carries it. Datasets are read with `import lido`."""

import os
import pathlib
import sys

PROGRAM = pathlib.Path(__file__).parent / "bin/lido"


def main() -> None:
    """Becomes the program, with this Python for what needs one (--on ray, the demo's download)."""
    os.environ.setdefault("LIDO_PYTHON", sys.executable)
    os.execv(PROGRAM, ["lido", *sys.argv[1:]])
