# SPDX-License-Identifier: Apache-2.0
"""lido reconstruct on real video: Pose2Sim's Demo_MultiPerson, four cameras, three people.

demo_people.csv has where each person's hips are in camera cam01, in each of the 100 frames, drawn
into the frames and looked at one by one: a woman, a man before the woman, on one leg, and a
photographer in the background, whom two of the four cameras see.
"""

import csv
import json
import pathlib
import subprocess
import tomllib

import cv2
import duckdb
import numpy
import pytest
from conftest import VIDEO, run

CAMERAS = ["cam01", "cam02", "cam03", "cam04"]
JOINTS = [
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder"),
    *("right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip"),
    *("right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
]
BONES = [(5, 6), (11, 12), (5, 11), (6, 12), (5, 7), (6, 8), (7, 9), (8, 10), (11, 13), (12, 14)]
BONES += [(13, 15), (14, 16)]
FPS = 10
# The room's floor is at z = 0 of the calibration and, for Lido, a deck 30 cm over a pool beside.
SITE = """name: pose2sim
time_zone: Europe/Paris
pool: {outline: [[9, -3], [15, -3], [15, 3], [9, 3]], shallow_m: 1, deep_m: 1, deck_m: 14, \
freeboard_m: 0.3, ways_in: [[9, 0]], gate: [7, 0]}
water: {level_z: -0.3}
"""
FLOOR_M = 0.3


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("room")
    (folder / "room.yaml").write_text(SITE)
    done = run("site", "import", folder / "room.yaml", VIDEO / "cameras.toml", "--same-axes")
    assert done.code == 0, done.err
    (folder / "site.yaml").write_text(done.out.replace("fps: 25", "fps: 60"))
    for camera in CAMERAS:
        done = run("scene", VIDEO / f"{camera}.mp4", "--fps", FPS, "--poses", "movenet", "--out",
                   folder / "keypoints" / camera, "--quiet")  # fmt: skip
        assert done.code == 0, done.err
    done = run("reconstruct", folder / "site.yaml", "--poses", folder / "keypoints", "--out",
               folder / "scene", "--rate-hz", FPS, "--min-hits", 1, "--json",
               "--quiet")  # fmt: skip
    assert done.code == 0, done.err
    (folder / "summary.json").write_text(done.out)
    return folder


def projections():
    """A function for each camera that projects points of the room to pixels, by OpenCV."""
    cameras = tomllib.loads((VIDEO / "cameras.toml").read_text())

    def project(name, points):
        one = cameras[name]
        pose = numpy.array(one["rotation"]), numpy.array(one["translation"])
        lens = numpy.array(one["matrix"]), numpy.array(one["distortions"])
        points = numpy.array(points, float) - [0, 0, FLOOR_M]
        return cv2.projectPoints(points, *pose, *lens)[0].reshape(-1, 2)

    return project


def people_of(scene):
    """Joints by person and frame of the video: {person: {frame: {joint: (point, cameras)}}}."""
    query = f"select time_s, person, joint, x_m, y_m, z_m, cameras from '{scene}/tracks3d.parquet'"
    people = {}
    for time_s, person, joint, *point, cameras in duckdb.sql(query).fetchall():
        frame = people.setdefault(person, {}).setdefault(round(60 * time_s), {})
        frame[JOINTS.index(joint)] = (point, cameras)
    return people


def views_of(folder):
    """Keypoints by camera and frame: {(camera, frame): [17 x (x, y, score), ...]}."""
    views = {}
    for camera in CAMERAS:
        query = f"select time_s, keypoints from '{folder}/keypoints/{camera}/poses.parquet'"
        for time_s, keypoints in duckdb.sql(query).fetchall():
            views.setdefault((camera, round(60 * time_s)), []).append(
                numpy.reshape(keypoints, (17, 3))
            )
    return views


def test_everybody_is_found_in_every_frame_with_one_id(scene):
    table = {}
    file = pathlib.Path(__file__).with_name("demo_people.csv")
    for row in csv.DictReader(file.open()):
        table.setdefault(int(row["frame"]), {})[row["person"]] = (int(row["x"]), int(row["y"]))
    assert len(table) == 100
    project = projections()
    people = people_of(scene / "scene")
    frames = sorted({frame for joints in people.values() for frame in joints})
    assert len(frames) >= 16 and frames[0] == 0
    ids = {}
    for frame in frames:
        where = table[min(frame, 99)]
        for name, hips in where.items():
            away = {}
            for person, joints in people.items():
                found = joints.get(frame, {})
                if 11 in found and 12 in found:
                    middle = numpy.mean([found[11][0], found[12][0]], axis=0)
                    away[person] = numpy.linalg.norm(project("cam01", [middle])[0] - hips)
            nearest = min(away, key=away.get)
            # The photographer is 400 pixels tall, and the others 700 or more.
            assert away[nearest] < 60, (frame, name, away)
            ids.setdefault(name, set()).add(nearest)
    assert sorted(map(len, ids.values())) == [1, 1, 1]
    assert len(set.union(*ids.values())) == 3
    # No further person, as in a reflection or a picture.
    summary = json.loads((scene / "summary.json").read_text())
    assert summary["people"] == 3 and summary["cameras"] == 4


def test_joints_that_two_cameras_see_are_where_these_see_them(scene):
    project = projections()
    views = views_of(scene)
    errors, seen, found, deviations = [], 0, 0, {}
    for person, frames in people_of(scene / "scene").items():
        for frame, joints in frames.items():
            points = numpy.full((17, 3), numpy.nan)
            for joint, (point, _) in joints.items():
                points[joint] = point
            counts = numpy.zeros(17, int)
            for camera in CAMERAS:
                pixels = project(camera, points)
                best, error = None, 60.0
                for view in views.get((camera, frame), []):
                    away = numpy.linalg.norm(pixels - view[:, :2], axis=1)[view[:, 2] > 0.3]
                    if numpy.nanmean(away) < error:
                        best, error = view, numpy.nanmean(away)
                if best is None:
                    continue
                counts += best[:, 2] > 0.3
                for joint, (_, cameras) in joints.items():
                    if camera in cameras and len(cameras) > 1:
                        errors.append(numpy.linalg.norm(pixels[joint] - best[joint, :2]))
            seen += int(numpy.sum(counts >= 2))
            found += sum(counts[j] >= 2 and len(c) > 1 for j, (_, c) in joints.items())
        lengths = {}
        for joints in frames.values():
            for a, b in BONES:
                if a in joints and b in joints and min(len(joints[a][1]), len(joints[b][1])) > 1:
                    length = numpy.linalg.norm(numpy.subtract(joints[a][0], joints[b][0]))
                    lengths.setdefault((a, b), []).append(1000 * length)
        deviations[person] = numpy.mean([numpy.std(all_of) for all_of in lengths.values()])
    print(f"coverage {found / seen:.3f} of {seen} joints, reprojection "
          f"{numpy.mean(errors):.1f} px, median {numpy.median(errors):.1f}, bones "
          + ", ".join(f"{one:.0f}" for one in deviations.values()) + " mm")  # fmt: skip
    assert seen > 700 and found >= 0.98 * seen
    # The goals are 7 px and 10 mm: the network's keypoints of two cameras differ by more, as
    # docs/measurements.md has it. The man's elbow on a wrong place made it 31 mm.
    assert numpy.mean(errors) < 16
    assert max(deviations.values()) < 20


def test_the_calibration_is_that_of_the_wheel():
    """Camera 1 is where Qualisys has it, and sees the room's origin in its image."""
    one = tomllib.loads((VIDEO / "cameras.toml").read_text())["cam01"]
    turn = cv2.Rodrigues(numpy.array(one["rotation"]))[0]
    place = -turn.T @ numpy.array(one["translation"])
    assert numpy.allclose(place, [1.4602323709, -1.9091590482, 1.8965058524], atol=1e-6)
    x, y = projections()("cam01", [[0, 0, FLOOR_M]])[0]
    assert 0 < x < 1088 and 0 < y < 1920
    size = subprocess.check_output(
        "ffprobe -v error -select_streams v -show_entries stream=width,height -of csv=p=0".split()
        + [VIDEO / "cam01.mp4"]
    )
    assert one["size"] == [int(word) for word in size.decode().strip().split(",")[:2]]
