# SPDX-License-Identifier: Apache-2.0
"""lido calibrate: four real cameras that filmed a ChArUco board, and input that is wrong."""

import json
import os
import pathlib
import subprocess
import tomllib

import cv2
import numpy
import pytest
from conftest import run

# Real footage that no package registry has (BSD-2-Clause, GitHub mprib/caliscope).
DATA = os.environ.get("LIDO_DATA", pathlib.Path(__file__).parents[3] / "shared/data")
REAL = pathlib.Path(DATA) / "charuco_4cam"
BOARD = 'columns = 4\nrows = 5\nsquare_mm = 54\naruco_scale = 0.75\ndictionary = "DICT_4X4_50"\n'


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    if not REAL.exists():
        pytest.skip("needs charuco_4cam in LIDO_DATA, which no package registry has")
    out = tmp_path_factory.mktemp("calibration")
    clips = [REAL / f"cam_{i}.mp4" for i in range(4)]
    done = run(
        *("calibrate", "--board", REAL / "charuco.toml", "--fps", 6, "--out", out, "--json"),
        *("--quiet", "--clips", *clips),
    )
    assert done.code == 0, done.err
    return out, done


def test_real_cameras_agree_to_a_pixel_and_measure_the_board(real):
    _, done = real
    assert done.json["rms_px"] <= 1.0
    assert done.json["distance_rms_mm"] <= 0.8
    assert done.json["distances"] > 2000
    assert [one["name"] for one in done.json["cameras"]] == [f"cam_{i}" for i in range(4)]
    assert all(one["position_sigma_m"] < 0.03 for one in done.json["cameras"])
    # Parts of images without the board are named.
    assert any("covered" in warning for warning in done.json["warnings"])
    assert json.loads((real[0] / "calibration.json").read_text()) == done.json


def find_corners(clip, frame):
    """Corners of the board in one frame, by the OpenCV of Python."""
    video = cv2.VideoCapture(str(clip))
    for _ in range(frame + 1):
        ok, image = video.read()
        assert ok
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_1000)
    board = cv2.aruco.CharucoBoard((4, 5), 0.054, 0.0405, dictionary)
    grey = 255 - cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    corners, ids, _, _ = cv2.aruco.CharucoDetector(board).detectBoard(grey)
    if ids is None:
        return {}
    return dict(zip(ids.ravel().tolist(), numpy.reshape(corners, (-1, 2)).tolist(), strict=True))


def test_opencv_measures_the_board_with_the_cameras_of_the_file(real):
    """The TOML file as other programs read it: corners and triangulation are OpenCV's."""
    out, _ = real
    cameras = tomllib.loads((out / "cameras.toml").read_text())
    errors = []
    for frame in range(30, 100, 10):
        seen = {i: find_corners(REAL / f"cam_{i}.mp4", frame) for i in (0, 2)}
        common = sorted(set(seen[0]) & set(seen[2]))
        if len(common) < 6:
            continue
        rays, poses = [], []
        for i in (0, 2):
            camera = cameras[f"cam_{i}"]
            pixels = numpy.array([seen[i][one] for one in common]).reshape(-1, 1, 2)
            matrix, distortion = numpy.array(camera["matrix"]), numpy.array(camera["distortions"])
            rays.append(cv2.undistortPoints(pixels, matrix, distortion).reshape(-1, 2).T)
            turn = cv2.Rodrigues(numpy.array(camera["rotation"]))[0]
            poses.append(numpy.hstack([turn, numpy.array([camera["translation"]]).T]))
        found = cv2.triangulatePoints(*poses, *rays)
        points = (found[:3] / found[3]).T
        board = numpy.array([[one % 3 * 54, one // 3 * 54] for one in common])
        for a in range(len(common)):
            for b in range(a):
                true_mm = numpy.linalg.norm(board[a] - board[b])
                errors.append(1000 * numpy.linalg.norm(points[a] - points[b]) - true_mm)
    assert len(errors) > 60
    # Two of four cameras, whose clocks differ by 25 ms while the board moves.
    assert numpy.sqrt(numpy.mean(numpy.square(errors))) < 2.5


def write_clip(path, images, fps=4):
    height, width = images[0].shape
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "gray"]
    command += ["-s", f"{width}x{height}", "-r", str(fps), "-i", "-", "-c:v", "libx264"]
    command += ["-qp", "12", "-pix_fmt", "yuv420p", path]
    subprocess.run(command, input=b"".join(map(bytes, images)), check=True)


def drawn_board():
    """A ChArUco board with a white margin, as OpenCV draws it."""
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)
    board = cv2.aruco.CharucoBoard((4, 5), 0.054, 0.0405, dictionary)
    return board.generateImage((320, 400), marginSize=20)


@pytest.fixture
def mirrored(tmp_path):
    (tmp_path / "board.toml").write_text(BOARD)
    still = numpy.full((480, 640), 255, numpy.uint8)
    still[40:440, 150:470] = drawn_board()[:, ::-1]
    write_clip(tmp_path / "cam.mp4", [still] * 8)
    return tmp_path


def calibrate(folder, *options):
    return run("calibrate", *options, "--board", folder / "board.toml", "--out", folder / "out",
               "--clips", folder / "cam.mp4")  # fmt: skip


def test_a_mirrored_camera_is_named(mirrored):
    done = calibrate(mirrored)
    assert done.code == 2
    assert done.err.count("\n") == 1 and done.err.startswith(f"lido: {mirrored}/cam.mp4: none of 8")
    assert "it shows the board mirrored: turn mirroring off in the camera" in done.err
    assert not (mirrored / "out").exists()


def test_wrong_input_is_one_line(mirrored):
    (mirrored / "site.yaml").write_text("pool: 3\n")
    done = calibrate(mirrored, mirrored / "site.yaml")
    assert done.code == 2 and done.err.startswith(f"lido: {mirrored}/site.yaml:1: pool")
    (mirrored / "board.toml").write_text("columns = 4\nrows = 5\n")
    done = calibrate(mirrored)
    assert done.code == 2
    assert done.err == (
        f"lido: {mirrored}/board.toml: no square_mm, want the side of a square as measured on the "
        "printed board\n"
    )


def test_nothing_is_written_when_the_site_has_other_cameras(tmp_path):
    if not REAL.exists():
        pytest.skip("needs charuco_4cam in LIDO_DATA, which no package registry has")
    (tmp_path / "site.yaml").write_text(run("site", "init", "p", "--cameras", 2).out)
    clips = [REAL / f"cam_{i}.mp4" for i in (0, 2)]
    done = run("calibrate", tmp_path / "site.yaml", "--board", REAL / "charuco.toml", "--fps", 3,
               "--out", tmp_path / "out", "--quiet", "--clips", *clips)  # fmt: skip
    assert done.code == 2 and "the clips are named cam_0, cam_2, want the names" in done.err
    assert not (tmp_path / "out").exists()


def test_flags_that_do_not_belong_together_are_named(tmp_path):
    done = run("calibrate", "site.yaml", "--out", tmp_path)
    assert done.code == 2
    assert done.err == "lido: --board is missing, want --board with --clips, or --points\n"
    done = run("calibrate", "--board", "board.toml", "--out", tmp_path)
    assert done.err == "lido: --clips is missing, want a clip of each camera beside --board\n"
    done = run("calibrate", "site.yaml", "--points", "points.yaml")
    assert done.err == "lido: --out is missing, want a folder for the calibration\n"
    done = run("calibrate", "site.yaml", "--check", "--board", "b", "--clips", "c")
    assert done.err == "lido: --points is missing, want a file beside --check\n"
