# SPDX-License-Identifier: Apache-2.0
"""lido reconstruct on a simulated film: people in metres against the film's truth."""

import json
import shutil
import subprocess

import duckdb
import numpy
import pytest
from conftest import run

# Four cameras around a pool; two in the water and one on the deck.
SCENE = """seed: 5
duration_s: 5
pool: {outline: [[0, 0], [9, 0], [9, 5], [0, 5]], shallow_m: 1.0, deep_m: 1.8, \
ways_in: [[0, 2]], gate: [-1.5, 2]}
people:
  - {age_years: 35, at: [3, -1.2], does: [{behaviour: standing, for_s: 60}]}
  - {age_years: 30, at: [3, 3], does: [{behaviour: treading, for_s: 60}]}
  - {age_years: 12, at: [6, 2.5], does: [{behaviour: floating, for_s: 60}]}
cameras:
  - {name: a, at: [-1.5, -2, 3.5], looks_at: [4.5, 2, 0], degrees: 75, k: [-0.08], fps: 10}
  - {name: b, at: [10.5, -2, 3.5], looks_at: [4.5, 2, 0], degrees: 75, fps: 10, \
clock_offset_s: 0.03}
  - {name: c, at: [10.5, 7, 3.5], looks_at: [4.5, 2, 0], degrees: 75, fps: 10}
  - {name: d, at: [-1.5, 7, 3.5], looks_at: [4.5, 2, 0], degrees: 75, fps: 10}
light: cloudy
water: {wave_m: 0, turbidity: 0}
"""

# Three people on the deck, in view of four cameras; one of them walks.
CAMERA = "degrees: 80, fps: 10, width: 960, height: 540"
DECK = f"""seed: 5
duration_s: 2
pool: {{outline: [[0, 0], [8, 0], [8, 5], [0, 5]], shallow_m: 1.0, deep_m: 1.6, deck_m: 4, \
ways_in: [[0, 2]], gate: [-2, 2]}}
people:
  - {{age_years: 30, at: [1.5, -1.5], does: [{{behaviour: standing, for_s: 60}}]}}
  - {{age_years: 10, at: [4, -1.5], does: [{{behaviour: standing, for_s: 60}}]}}
  - {{age_years: 55, at: [6.5, -1.2], does: [{{behaviour: walking, for_s: 60}}]}}
cameras:
  - {{name: a, at: [-1, 3.5, 2.4], looks_at: [4, -1.4, 0.8], {CAMERA}}}
  - {{name: b, at: [9, 3.5, 2.4], looks_at: [4, -1.4, 0.8], {CAMERA}, clock_offset_s: 0.04}}
  - {{name: c, at: [4, 4.5, 2.4], looks_at: [4, -1.4, 0.8], {CAMERA}}}
  - {{name: d, at: [4, -5.9, 2.4], looks_at: [4, -1.4, 0.8], {CAMERA}}}
light: cloudy
"""


JOINTS = [
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder"),
    *("right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip"),
    *("right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    folder = tmp_path_factory.mktemp("film")
    (folder / "scene.yaml").write_text(SCENE)
    done = run("synth", "scene", folder / "scene.yaml", "--out", folder / "film", "--quiet")
    assert done.code == 0, done.err
    return folder / "film"


def errors_of(film, scene):
    """Distance of each joint from that of the track's person in the truth, with its height there.

    A track's person is the one who is nearest to most of its joints.
    """
    truth = {}
    query = f"select time_s, person, keypoints_m from '{film}/truth/a.parquet'"
    for time_s, person, points in duckdb.sql(query).fetchall():
        truth.setdefault(round(time_s, 1), {})[person] = numpy.reshape(points, (17, 3))
    query = f"select time_s, person, joint, x_m, y_m, z_m from '{scene}/tracks3d.parquet'"
    owners, joints = {}, []
    for time_s, person, joint, *point in duckdb.sql(query).fetchall():
        people = truth.get(round(time_s, 1), {})
        at = JOINTS.index(joint)
        if not people:
            continue
        owner = min(people, key=lambda one: numpy.linalg.norm(people[one][at] - point))
        owners.setdefault(person, []).append(owner)
        joints.append((person, people, at, point))
    errors = []
    for person, people, at, point in joints:
        owner = max(owners[person], key=owners[person].count)
        if owner in people:
            errors.append((numpy.linalg.norm(people[owner][at] - point), people[owner][at][2]))
    return owners, numpy.array(errors)


def print_errors(what, errors):
    """Prints the figures of docs/measurements.md; pytest shows them with -s."""
    millimetres = 1000 * numpy.quantile(errors, [0.5, 0.9])
    print(f"{what}: {len(errors)} joints, median {millimetres[0]:.0f} mm, "
          f"90% within {millimetres[1]:.0f} mm")  # fmt: skip


def test_people_are_where_the_film_has_them(film, tmp_path):
    done = run("reconstruct", film / "site.yaml", "--poses", film, "--out", tmp_path / "scene",
               "--noise-px", 2, "--json")  # fmt: skip
    assert done.code == 0, done.err
    assert done.json["cameras"] == 4 and done.json["moments"] >= 49
    owners, errors = errors_of(film, tmp_path / "scene")
    # Each track is one person throughout, and no person has two.
    assert all(len(set(seen)) == 1 for seen in owners.values())
    assert len({seen[0] for seen in owners.values()}) == len(owners) == done.json["people"] == 3
    above, below = errors[errors[:, 1] > 0, 0], errors[errors[:, 1] < 0, 0]
    print_errors("over water", above)
    print_errors("under water", below)
    assert len(above) > 300 and numpy.median(above) <= 0.040
    assert len(below) > 300 and numpy.median(below) <= 0.080
    trc = (tmp_path / "scene/person_1.trc").read_text()
    assert trc.startswith("PathFileType\t4\t(X/Y/Z)")
    # The first nose of the C3D file is that of the TRC, whose y points up.
    c3d = (tmp_path / "scene/person_1.c3d").read_bytes()
    data = 512 * (int.from_bytes(c3d[16:18], "little") - 1)
    x, y, z = numpy.frombuffer(c3d[data : data + 12], "<f4")
    row = trc.splitlines()[6].split("\t")
    assert numpy.allclose([x, z, -y], [float(cell) for cell in row[2:5]], atol=1e-4)


def test_one_camera_goes_on_with_honest_covariance(film, tmp_path):
    """After 2 s camera a alone is left: the same people, near the truth as stated."""
    poses = tmp_path / "poses"
    (poses / "truth").mkdir(parents=True)
    for camera in "abcd":
        rows = f"select * from '{film}/truth/{camera}.parquet'"
        some = rows if camera == "a" else f"{rows} where time_s < 2"
        duckdb.sql(f"copy ({some}) to '{poses}/truth/{camera}.parquet'")
    done = run("reconstruct", film / "site.yaml", "--poses", poses, "--out", tmp_path / "scene",
               "--sigma-px", 2, "--noise-px", 2, "--json")  # fmt: skip
    assert done.code == 0, done.err
    assert done.json["people"] == 3 and done.json["one_camera"] > 1000
    owners, _ = errors_of(film, tmp_path / "scene")
    assert len({max(set(seen), key=seen.count) for seen in owners.values()}) == 3
    truth = {}
    query = f"select time_s, person, keypoints_m from '{film}/truth/a.parquet'"
    for time_s, person, points in duckdb.sql(query).fetchall():
        truth[round(time_s, 1), person] = numpy.reshape(points, (17, 3))
    query = (
        "select time_s, person, joint, x_m, y_m, z_m, covariance_m2, cameras "
        f"from '{tmp_path}/scene/tracks3d.parquet' where time_s > 2.2"
    )
    errors2, moments = {}, set()
    for time_s, person, joint, *point, covariance, cameras in duckdb.sql(query).fetchall():
        assert cameras == ["a"]
        owner = max(set(owners[person]), key=owners[person].count)
        at = truth.get((round(time_s, 1), owner))
        moments.add((round(time_s, 1), person))
        if at is None:
            continue
        xx, xy, xz, yy, yz, zz = covariance
        matrix = numpy.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        away = numpy.array(point) - at[JOINTS.index(joint)]
        errors2.setdefault(person, []).append(away @ numpy.linalg.solve(matrix, away) / 3)
    # Each person in each moment until the end.
    assert len(moments) >= 3 * 26
    means = {person: numpy.mean(all_of) for person, all_of in errors2.items()}
    print("one camera, normalised errors squared:", means)
    # Errors of one person are correlated: as few as three independent points of three coordinates,
    # whose mean is below 2.11 in 97.5% of cases (chi-square, nine degrees of freedom).
    assert 0.2 < numpy.mean(list(means.values())) < 2.11


def test_a_dataset_with_poses_gives_people_in_metres(tmp_path):
    """Video to metres with the detector and the pose network that Lido has; the film's truth."""
    (tmp_path / "scene.yaml").write_text(DECK)
    film = tmp_path / "film"
    done = run("synth", "scene", tmp_path / "scene.yaml", "--out", film, "--quiet")
    assert done.code == 0, done.err
    options = "--fps 10 --window 4 --stride 4 --size 64 --scene on --poses movenet --quiet"
    done = run("ingest", film / "clips.csv", "--out", tmp_path / "d", *options.split())
    assert done.code == 0, done.err
    done = run("reconstruct", film / "site.yaml", "--poses", tmp_path / "d", "--out",
               tmp_path / "scene", "--json")  # fmt: skip
    assert done.code == 0, done.err
    assert done.json["cameras"] == 4 and done.json["people"] == 3
    assert 19 <= done.json["moments"] <= 20 and done.json["under_water"] == 0
    owners, errors = errors_of(film, tmp_path / "scene")
    assert sorted({max(seen, key=seen.count) for seen in owners.values()}) == [1, 2, 3]
    # 17 moments of three people, from the third moment on.
    assert len(errors) > 0.9 * 17 * 17 * 3
    print_errors("from video", errors[:, 0])
    # Twice what exact keypoints may have.
    assert numpy.median(errors[:, 0]) <= 0.080
    # A dataset without poses, and one of another pool.
    done = run("ingest", film / "clips.csv", "--out", tmp_path / "e", *options.split()[:8],
               "--scene", "off", "--quiet")  # fmt: skip
    assert done.code == 0, done.err
    done = run("reconstruct", film / "site.yaml", "--poses", tmp_path / "e", "--out",
               tmp_path / "out")  # fmt: skip
    wanted = "a dataset without poses, want one that was made with --poses"
    assert done.code == 2 and done.err == f"lido: {tmp_path}/e: {wanted}\n"
    site = (film / "site.yaml").read_text().replace("name: a", "name: gate")
    (tmp_path / "site.yaml").write_text(site.replace("name: b", "name: lane"))
    done = run("reconstruct", tmp_path / "site.yaml", "--poses", tmp_path / "d", "--out",
               tmp_path / "out", "--json")  # fmt: skip
    assert done.code == 0 and done.json["cameras"] == 2, done.err


def frames_of(video):
    """All frames of a video, decoded by FFmpeg's program."""
    size = (
        "ffprobe -v error -select_streams v -show_entries stream=width,height -of csv=p=0".split()
    )
    width, height = map(int, subprocess.check_output([*size, video]).decode().split(","))
    raw = ["ffmpeg", "-v", "error", "-i", video, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    data = subprocess.check_output(raw)
    return numpy.frombuffer(data, numpy.uint8).reshape(-1, height, width, 3)


def share_of_white(frames, places):
    """Share of the places (frame, x, y) where the image is nearly white within two pixels."""
    white = 0
    for frame, x, y in places:
        around = frames[frame, max(0, y - 2) : y + 3, max(0, x - 2) : x + 3]
        white += around.min(axis=-1).max() > 200
    return white / len(places)


def test_people_are_drawn_into_the_cameras_videos(film, tmp_path):
    out = tmp_path / "scene"
    done = run("reconstruct", film / "site.yaml", "--poses", film, "--out", out, "--draw", "--json")
    assert done.code == 0, done.err
    drawn = done.json["draw"]
    assert drawn["footage"] == "simulated" and drawn["frames"] == done.json["moments"]
    names = [*(f"draw/camera_{name}.mp4" for name in "abcd"), "draw/plan.mp4"]
    assert drawn["files"] == [str(out / name) for name in names]
    for name in names:
        count = "ffprobe -v error -count_packets -show_entries stream=nb_read_packets,r_frame_rate"
        probe = subprocess.check_output([*count.split(), "-of", "csv=p=0", out / name]).decode()
        assert probe.strip() == f"10/1,{drawn['frames']}", name
    # The simulator's own pixels of joints over water have a white disc, in a camera with a lens
    # and in one whose clock is ahead; moments are from the first frame on.
    for camera in "ab":
        frames = frames_of(out / f"draw/camera_{camera}.mp4")
        plain = frames_of(film / f"clips/{camera}.mp4")
        query = (
            "select frame, time_s, keypoints, keypoints_m, visibility "
            f"from '{film}/truth/{camera}.parquet' where frame between 5 and 40"
        )
        over = []
        for frame, time_s, pixels, points, seen in duckdb.sql(query).fetchall():
            assert round(10 * time_s) == frame
            pixels, points = numpy.reshape(pixels, (17, 2)), numpy.reshape(points, (17, 3))
            # Eyes and ears of people who are far away have no mark.
            for joint in (0, *range(5, 17)):
                (x, y), z, visible = pixels[joint], points[joint, 2], seen[joint]
                if visible == 2 and z > 0.05 and 20 < x < 620 and 40 < y < 310:
                    over.append((frame, int(x), int(y)))
        assert len(over) > 100
        share = share_of_white(frames, over)
        beside = share_of_white(frames, [(frame, x + 12, y + 9) for frame, x, y in over])
        before = share_of_white(plain, over)
        print(
            f"camera {camera}: {share:.2f} of {len(over)}, beside {beside:.2f}, film {before:.2f}"
        )
        assert share > 0.9 and beside < 0.6 and before < 0.5


def test_without_clips_the_view_from_above_alone_is_drawn(film, tmp_path):
    command = ["reconstruct", film / "site.yaml", "--poses", film / "coco", "--rate-hz", 1]
    out = tmp_path / "scene"
    done = run(*command, "--out", out, "--draw", "--json", "--quiet")
    assert done.code == 0, done.err
    assert done.err.startswith("lido: note: the view from above alone is drawn, since")
    assert done.err.count("\n") == 1
    assert done.json["draw"]["files"] == [str(out / "draw/plan.mp4")]
    assert done.json["draw"]["footage"] == "unknown"
    # The next run replaces the videos too.
    done = run(*command, "--out", out, "--quiet")
    assert done.code == 0, done.err
    assert (out / "tracks3d.parquet").exists() and not (out / "draw/plan.mp4").exists()


def test_a_clip_that_breaks_off_is_named_and_the_rest_drawn(film, tmp_path):
    whole = (film / "clips/a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(whole[: len(whole) // 2])
    shutil.copy(film / "clips/b.mp4", tmp_path / "b.mp4")
    out = tmp_path / "scene"
    done = run("reconstruct", film / "site.yaml", "--poses", film, "--out", out, "--draw", "--json",
               "--clips", tmp_path / "a.mp4", tmp_path / "b.mp4", "--quiet")  # fmt: skip
    assert done.code == 3, done.err
    warning, note = done.err.splitlines()
    assert warning.startswith(f"lido: warning: {tmp_path}/a.mp4: "), warning
    assert note == "lido: note: no clip, and so no video, of camera c, d"
    assert str(out / "draw/camera_b.mp4") in done.json["draw"]["files"]
    assert len(frames_of(out / "draw/camera_b.mp4")) == done.json["moments"]


def test_wrong_use_of_drawing_writes_nothing(film, tmp_path):
    command = ["reconstruct", film / "site.yaml", "--poses", film, "--out", tmp_path / "out"]
    clip, other = film / "clips/a.mp4", tmp_path / "roof.mp4"
    done = run(*command, "--clips", clip)
    assert done.code == 2
    assert done.err == "lido: --clips: no use without --draw, which draws into them\n"
    shutil.copy(clip, other)
    done = run(*command, "--draw", "--clips", other)
    assert done.code == 2
    wanted = "named like no camera of the site, want a file named like one of a, b, c, d"
    assert done.err == f"lido: {other}: {wanted}\n"
    (tmp_path / "a.mp4").write_text("no video")
    done = run(*command, "--draw", "--clips", tmp_path / "a.mp4")
    assert done.code == 2 and done.err.count("\n") == 1
    assert done.err.startswith(f"lido: {tmp_path}/a.mp4: ")
    small = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=320x180:d=1", "-y"]
    subprocess.check_call([*small, tmp_path / "a.mp4"])
    done = run(*command, "--draw", "--clips", tmp_path / "a.mp4")
    wanted = "has 320x180 pixels, want 640x360 as camera a of the site has"
    assert done.code == 2 and done.err == f"lido: {tmp_path}/a.mp4: {wanted}\n"
    assert not (tmp_path / "out").exists()


def test_wrong_input_is_one_line(film, tmp_path):
    done = run("reconstruct", film / "site.yaml", "--poses", tmp_path, "--out", tmp_path / "out")
    assert done.code == 2 and done.err.count("\n") == 1
    assert done.err.startswith(f"lido: {tmp_path}: no keypoints of the site's cameras, want")
    (tmp_path / "a.json").write_text(json.dumps({"images": [], "annotations": [3]}))
    done = run("reconstruct", film / "site.yaml", "--poses", tmp_path, "--out", tmp_path / "out")
    assert done.code == 2
    wanted = "annotations whose `image_id` is that of an image"
    assert done.err == f"lido: {tmp_path}/a.json: want {wanted}\n"
    (tmp_path / "a.json").write_text(json.dumps({"images": [{"id": 1}], "annotations": []}))
    done = run("reconstruct", film / "site.yaml", "--poses", tmp_path, "--out", tmp_path / "out")
    assert done.code == 2
    assert done.err == f"lido: {tmp_path}: 1 camera with keypoints, want two or more\n"
    assert not (tmp_path / "out").exists()
