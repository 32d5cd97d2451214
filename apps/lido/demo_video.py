# SPDX-License-Identifier: Apache-2.0
"""demo_video.py FOLDER: fetches the demo's video with pip and lists it in FOLDER/cameras.csv.

The video is Pose2Sim's Demo_MultiPerson: four synchronised, calibrated cameras (BSD-3-Clause).
It is part of Pose2Sim's wheel. pip checks its SHA-256; nothing is installed.
"""

import pathlib
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "pose2sim==0.10.49"
SHA256 = "403e0dc4065898ba6a595e72a8970950310979253d60e24c2e00b16b36bf21e1"


def download(folder: pathlib.Path) -> pathlib.Path:
    """Returns the wheel. Raises SystemExit with one line when pip fails."""
    (folder / "requirements.txt").write_text(f"{PACKAGE} --hash=sha256:{SHA256}\n")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
    ]
    done = subprocess.run(
        [*pip, "-d", folder, "-r", folder / "requirements.txt"], stderr=subprocess.PIPE, text=True
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["pip failed"]
        raise SystemExit(f"{PACKAGE}: {lines[-1]}")
    return next(folder.glob("*.whl"))


def extract(wheel: pathlib.Path, out: pathlib.Path) -> None:
    rows = ["clip,group,site,camera,start_utc"]
    with zipfile.ZipFile(wheel) as archive:
        videos = sorted(
            name
            for name in archive.namelist()
            if "Demo_MultiPerson/videos/" in name and name.endswith(".mp4")
        )
        for number, name in enumerate(videos, 1):
            clip = pathlib.PurePosixPath(name).name
            (out / clip).write_bytes(archive.read(name))
            rows.append(f"{clip},demo,pose2sim,cam{number},2022-01-01T12:00:00Z")
    # Written last: with this file the folder is complete.
    (out / "cameras.csv").write_text("\n".join(rows) + "\n")


def main() -> None:
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as folder:
        extract(download(pathlib.Path(folder)), out)


if __name__ == "__main__":
    main()
