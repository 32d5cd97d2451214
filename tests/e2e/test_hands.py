# SPDX-License-Identifier: Apache-2.0
"""Landmarks of hands, against points read off by hand, and where none are looked for."""

import collections
import csv
import pathlib

import numpy as np
import pyarrow.parquet
import pytest
from conftest import VIDEO, run

BY_HAND = pathlib.Path(__file__).parents[2] / "bench/demo_hands.csv"
MEDIAPIPE = ["wrist"] + [
    f"{finger}_{joint}"
    for finger, joints in (
        ("thumb", ("cmc", "mcp", "ip", "tip")),
        *(
            (finger, ("mcp", "pip", "dip", "tip"))
            for finger in ("index", "middle", "ring", "pinky")
        ),
    )
    for joint in joints
]
SIDES = ("left", "right")


def poses_of(camera, out, *options):
    options = ["--fps", 4, "--poses", "movenet", "--quiet", *options]
    done = run("scene", VIDEO / f"{camera}.mp4", "--out", out, *options)
    assert done.code == 0, done.err
    return pyarrow.parquet.read_table(out / "poses.parquet").to_pylist()


@pytest.fixture(scope="module")
def cameras(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hands")
    names = ("cam02", "cam03", "cam04")
    return {name: poses_of(name, folder / name, "--hands", "handlandmark") for name in names}


def test_landmarks_are_where_they_were_read_off(cameras):
    hands = collections.defaultdict(dict)
    with open(BY_HAND) as file:
        for row in csv.DictReader(file):
            hand = hands[row["camera"], row["person"], row["hand"], float(row["time_s"])]
            hand[row["landmark"]] = np.array([float(row["x"]), float(row["y"])])
    errors = []
    for (camera, _, side, time_s), truth in hands.items():
        now = [row for row in cameras[camera] if abs(row["time_s"] - time_s) < 0.01]
        found = [np.reshape(row[f"{side}_hand"], (-1, 3)) for row in now if row[f"{side}_hand"]]
        assert found, (camera, side)
        distances = [
            [np.hypot(*(hand[MEDIAPIPE.index(name), :2] - at)) for name, at in truth.items()]
            for hand in found
        ]
        errors += min(distances, key=sum)
    # Hands here are about 60 to 100 pixels long, and were read off to about three pixels.
    assert len(errors) == 9 and np.median(errors) < 6 and (np.array(errors) < 10).sum() >= 7


def test_a_hand_has_21_landmarks_with_the_score_of_the_hand(cameras):
    seen = 0
    for row in (row for rows in cameras.values() for row in rows):
        keypoints = dict(zip(row["names"].split(","), np.reshape(row["keypoints"], (-1, 3))))
        for side in SIDES:
            if not row[f"{side}_hand"]:
                continue
            seen += 1
            hand = np.reshape(row[f"{side}_hand"], (21, 3))
            assert 0.5 <= hand[0, 2] <= 1 and (hand[:, 2] == hand[0, 2]).all()
            # Its wrist is the person's, to within half of the forearm.
            wrist, elbow = (keypoints[f"{side}_{part}"][:2] for part in ("wrist", "elbow"))
            arm = max(np.hypot(*(wrist - elbow)), 48 / 1.1)
            assert np.hypot(*(hand[0, :2] - wrist)) < arm
    assert seen >= 10


def test_small_hands_are_left_out(tmp_path):
    rows = poses_of("cam04", tmp_path / "s", "--hands", "handlandmark", "--min-hand-px", 1000)
    assert rows and not any(row[f"{side}_hand"] for row in rows for side in SIDES)
    rows = poses_of("cam04", tmp_path / "t")
    assert rows and not any(row[f"{side}_hand"] for row in rows for side in SIDES)


def test_hands_need_poses(tmp_path):
    for command in (["scene"], ["ingest", "--scene", "on"]):
        given = [VIDEO / "cam04.mp4", "--out", tmp_path / "d", "--hands", "handlandmark"]
        done = run(*command, *given, "--quiet")
        assert done.code == 2 and done.err == "lido: --hands handlandmark needs --poses\n"
    given = [VIDEO / "cam04.mp4", "--out", tmp_path / "d", "--poses", "movenet", "--quiet"]
    done = run("scene", *given, "--hands", "nanodet")
    assert done.code == 2 and "the bundle has 0 keypoints" in done.err, done.err
