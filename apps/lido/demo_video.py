# SPDX-License-Identifier: Apache-2.0
"""demo_video.py FOLDER: fetches the demo's video with pip and lists it in FOLDER/cameras.csv.

The video is Pose2Sim's Demo_MultiPerson: four synchronised, calibrated cameras (BSD-3-Clause).
It is part of Pose2Sim's wheel. pip checks its SHA-256; nothing is installed.
The cameras' calibration, a file of Qualisys, becomes FOLDER/cameras.toml, as Anipose has it.
"""

import math
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
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


def rotation_vector(rows: list[list[float]]) -> list[float]:
    """Axis times angle of a rotation matrix whose angle is neither 0 nor half a turn."""
    cosine = (rows[0][0] + rows[1][1] + rows[2][2] - 1) / 2
    angle = math.acos(max(-1.0, min(1.0, cosine)))
    scale = angle / (2 * math.sin(angle))
    return [
        scale * (rows[2][1] - rows[1][2]),
        scale * (rows[0][2] - rows[2][0]),
        scale * (rows[1][0] - rows[0][1]),
    ]


def camera_toml(camera: xml.etree.ElementTree.Element) -> str:
    """One camera of a Qualisys file. Its z axis points back, where that of OpenCV points ahead."""
    view = {key: float(value) for key, value in camera.find("fov_video").attrib.items()}
    lens = {
        key: float(value)
        for key, value in camera.find("intrinsic").attrib.items()
        if key.startswith(("focalLength", "centerPoint", "radial", "tangental"))
    }
    pose = {key: float(value) for key, value in camera.find("transform").attrib.items()}
    # Rows are the camera's axes in the room; y and z are turned round. Millimetres, 1/64 pixel.
    rows = [
        [sign * pose[f"r{row}{column}"] for column in (1, 2, 3)]
        for row, sign in ((1, 1), (2, -1), (3, -1))
    ]
    position = [pose[axis] / 1000 for axis in "xyz"]
    translation = [-sum(row[i] * position[i] for i in range(3)) for row in rows]
    fx, fy = lens["focalLengthU"] / 64, lens["focalLengthV"] / 64
    cx = lens["centerPointU"] / 64 - view["left"]
    cy = lens["centerPointV"] / 64 - view["top"]
    size = [int(view["right"] - view["left"]) + 1, int(view["bottom"] - view["top"]) + 1]
    coefficients = ("radialDistortion1", "radialDistortion2")
    coefficients += ("tangentalDistortion1", "tangentalDistortion2", "radialDistortion3")
    name = camera.get("serial")
    return f"""[{name}]
name = "{name}"
size = {size}
matrix = [[{fx}, 0.0, {cx}], [0.0, {fy}, {cy}], [0.0, 0.0, 1.0]]
distortions = {[lens[key] for key in coefficients]}
rotation = {rotation_vector(rows)}
translation = {translation}
fisheye = false

"""


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
        calibration = archive.read("Pose2Sim/Demo_MultiPerson/calibration/Calib.qca.txt")
    cameras = xml.etree.ElementTree.fromstring(calibration).iter("camera")
    (out / "cameras.toml").write_text("".join(map(camera_toml, cameras)))
    # Written last: with this file the folder is complete.
    (out / "cameras.csv").write_text("\n".join(rows) + "\n")


def main() -> None:
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as folder:
        extract(download(pathlib.Path(folder)), out)


if __name__ == "__main__":
    main()
