# SPDX-License-Identifier: Apache-2.0
"""Keypoints against truth from elsewhere: points read off by hand, and the simulator's joints.

PCK@0.1 is the share of keypoints that are at most a tenth of the longer side of the person's box
away from the truth. `./dev bench scene --only poses` measures it on more people.
"""

import collections
import csv
import json
import pathlib

import numpy as np
import pyarrow.parquet
from conftest import VIDEO, run

BY_HAND = pathlib.Path(__file__).parents[2] / "bench/demo_keypoints.csv"
LIMIT = 0.1  # share of the longer side of the box

# Three people of different build stand and walk in full view of a camera beside the pool.
DECK = {
    "seed": 5,
    "duration_s": 4,
    "pool": {
        "outline": [[0, 0], [8, 0], [8, 5], [0, 5]],
        "shallow_m": 1.0,
        "deep_m": 1.6,
        "deck_m": 4,
        "ways_in": [[0, 2]],
        "gate": [-2, 2],
    },
    "people": [
        {"age_years": 30, "at": [2, -1.5], "does": [{"behaviour": "standing", "for_s": 60}]},
        {"age_years": 10, "at": [4, -1.5], "does": [{"behaviour": "standing", "for_s": 60}]},
        {"age_years": 55, "at": [6, -1.2], "does": [{"behaviour": "walking", "for_s": 60}]},
    ],
    "cameras": [
        {
            **{"name": "deck", "at": [4, 3.5, 2.2], "looks_at": [4, -1.4, 0.8], "degrees": 70},
            **{"fps": 2, "width": 1280, "height": 720},
        }
    ],
    "light": "cloudy",
}


def poses_of(clip, out, fps):
    options = ["--fps", fps, "--poses", "movenet", "--quiet"]
    done = run("scene", clip, "--out", out, *options)
    assert done.code == 0, done.err
    rows = pyarrow.parquet.read_table(out / "poses.parquet").to_pylist()
    for row in rows:
        row["points"] = dict(
            zip(row["names"].split(","), np.reshape(row["keypoints"], (-1, 3)), strict=True)
        )
        row["box"] = np.array([row[side] for side in ("x", "y", "width", "height")])
    return rows


def iou(a, b):
    sides = np.minimum(a[:2] + a[2:], b[:2] + b[2:]) - np.maximum(a[:2], b[:2])
    both = np.prod(np.maximum(sides, 0))
    return both / (np.prod(a[2:]) + np.prod(b[2:]) - both)


def other_side(name):
    side, part = name.split("_")
    return f"{'right' if side == 'left' else 'left'}_{part}"


def errors_of(pose, truth):
    """Distances of the keypoints that the truth names, in shares of the longer side of the box."""
    side = max(pose["box"][2:])
    return [np.hypot(*(pose["points"][name][:2] - at)) / side for name, at in truth.items()]


def test_the_demos_people_have_their_joints_where_they_were_read_off(tmp_path):
    people = collections.defaultdict(dict)
    with open(BY_HAND) as file:
        for row in csv.DictReader(file):
            who = row["camera"], row["person"], float(row["time_s"])
            people[who][row["keypoint"]] = np.array([float(row["x"]), float(row["y"])])
    assert len(people) >= 8
    cameras = {camera for camera, *_ in people}
    rows = {c: poses_of(VIDEO / f"{c}.mp4", tmp_path / c, 4) for c in sorted(cameras)}
    errors, swapped = [], []
    for (camera, _, time_s), truth in people.items():
        points = np.array(list(truth.values()))
        around = np.concatenate([points.min(axis=0), np.ptp(points, axis=0)])
        now = [row for row in rows[camera] if abs(row["time_s"] - time_s) < 0.01]
        best = max(now, key=lambda row: iou(row["box"], around))
        assert iou(best["box"], around) > 0.3
        errors += errors_of(best, truth)
        # The truth mirrored left to right fits badly: the sides are no guess.
        pairs = {name: other_side(name) for name in truth if name != "nose"}
        sides = {name: truth[other] for name, other in pairs.items() if other in truth}
        swapped += errors_of(best, sides)
    assert len(errors) >= 100
    assert np.mean(np.array(errors) <= LIMIT) >= 0.95
    assert np.mean(np.array(swapped) <= LIMIT) < 0.5


def test_simulated_people_on_the_deck_have_their_joints_where_they_are(tmp_path):
    (tmp_path / "scene.yaml").write_text(json.dumps(DECK))  # JSON is YAML
    done = run("synth", "scene", tmp_path / "scene.yaml", "--out", tmp_path / "film", "--quiet")
    assert done.code == 0, done.err
    rows = poses_of(tmp_path / "film/clips/deck.mp4", tmp_path / "scene", 2)
    truth = pyarrow.parquet.read_table(tmp_path / "film/truth/deck.parquet").to_pylist()
    errors = collections.defaultdict(list)
    for row in truth:
        visible = np.array(row["visible"])
        now = [pose for pose in rows if pose["k"] == row["frame"]]
        best = max(now, key=lambda pose: iou(pose["box"], visible), default=None)
        if best is None or iou(best["box"], visible) < 0.3:
            continue
        joints = np.reshape(row["through_waves"], (-1, 2))
        seen = {
            name: joints[i]
            for i, name in enumerate(best["names"].split(","))
            if row["visibility"][i] == 2
        }
        errors[row["person"]] += errors_of(best, seen)
    assert len(errors) == 3, "every person has poses"
    every = np.array(sum(errors.values(), []))
    assert len(every) >= 100
    assert np.mean(every <= LIMIT) >= 0.85 and np.median(every) < 0.05


def test_any_number_of_threads_gives_the_same_bytes(tmp_path):
    """Two clips, so that threads share the networks."""
    made = {}
    for number in (1, 3):
        out = tmp_path / str(number)
        options = "--fps 4 --window 4 --stride 2 --scene on".split()
        options += "--poses movenet --hands handlandmark".split()
        done = run(
            *["ingest", VIDEO / "cam02.mp4", VIDEO / "cam03.mp4", "--out", out, "--quiet"],
            *[*options, "--workers", number],
        )
        assert done.code == 0, done.err
        made[number] = {
            str(path.relative_to(out)): path.read_bytes()
            for path in out.rglob("*")
            if path.is_file() and path.name not in ("report.html", "clips.parquet")
        }
        assert any(name.endswith("poses.parquet") for name in made[number])
    assert made[1] == made[3]
