# SPDX-License-Identifier: Apache-2.0
"""lido calibrate --points: cameras of a simulated pool from clicked points, without a board."""

import pathlib
import re

import numpy
import pytest
import yaml
from conftest import run

ROOT = pathlib.Path(__file__).parents[2]
CAMERA = "width: 1280, height: 720, fps: 1"
SCENE = f"""seed: 3
duration_s: 1
pool: {{outline: [[0, 0], [25, 0], [25, 12.5], [0, 12.5]], shallow_m: 1.2, deep_m: 2.0, \
ways_in: [[0, 6]], gate: [-1.5, 6]}}
people: [{{at: [-1.5, 3]}}]
cameras:
  - {{name: a, at: [2, -1.5, 4], looks_at: [9, 6, -1], degrees: 90, k: [-0.06, 0.01], {CAMERA}}}
  - {{name: b, at: [23, -1.6, 4.2], looks_at: [16, 6, -1], degrees: 85, k: [-0.04], {CAMERA}}}
  - {{name: c, at: [12, 14, 3.8], looks_at: [13, 6, -1], degrees: 95, {CAMERA}}}
water: {{wave_m: 0}}
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A film whose second site.yaml is as a hasty installer's."""
    folder = tmp_path_factory.mktemp("film")
    (folder / "scene.yaml").write_text(SCENE)
    done = run("synth", "scene", folder / "scene.yaml", "--out", folder / "film", "--quiet",
               "--calibration-error", 3)  # fmt: skip
    assert done.code == 0, done.err
    return folder / "film"


def projection():
    """project() of docs/simulation.md: OpenCV, and a surface crossed by bisection."""
    text = (ROOT / "docs/simulation.md").read_text()
    part = text[text.index("## Cameras in site.yaml") :]
    example = yaml.safe_load(re.search(r"```yaml\n(.*?)```", part, re.S)[1])
    names = {"site": example}
    exec(re.search(r"```python\n(.*?)```", part, re.S)[1], names)
    return names["project"]


def marks():
    """Points of the rim every 1.25 m, and of the floor along lane lines."""
    out = {}
    for i in range(21):
        for y in (0, 12.5):
            out[f"rim_{i}_{y}"] = [1.25 * i, y, 0.1]
    for i in range(1, 10):
        for x in (0, 25):
            out[f"end_{x}_{i}"] = [x, 1.25 * i, 0.1]
    for i in range(5):
        for k in range(10):
            x = 2 + 21 / 9 * k
            out[f"floor_{k}_{i}"] = [x, 1.25 + 2.5 * i, -1.2 - 0.8 * x / 25]
    return out


def write_points(path, site, noise_px=1.0, seed=1, edit=None):
    """Writes the clicks of a careful person in the images of the true cameras."""
    project, random = projection(), numpy.random.default_rng(seed)
    clicks = {}
    for camera in site["cameras"]:
        for name, point in marks().items():
            ahead = numpy.array(camera["cam_from_world"]) @ [*point, 1]
            if ahead[2] < 0.5:
                continue
            pixel = project(camera, site["water"], numpy.array(point))
            pixel = pixel + random.normal(0, noise_px, 2)
            if 0 < pixel[0] < camera["width"] and 0 < pixel[1] < camera["height"]:
                clicks.setdefault(camera["name"], {})[name] = [float(x) for x in pixel]
    points = {"points": marks(), "clicks": clicks}
    if edit:
        edit(points)
    path.write_text(yaml.safe_dump(points))


def pose_error(found, true, level_m=0):
    """Metres and degrees between two cameras of site.yaml files, the first over other water."""
    poses = [numpy.array(camera["cam_from_world"]) for camera in (found, true)]
    places = [-pose[:, :3].T @ pose[:, 3] for pose in poses]
    turn = poses[0][:, :3] @ poses[1][:, :3].T
    cosine = numpy.clip((numpy.trace(turn) - 1) / 2, -1, 1)
    error = places[0] + [0, 0, level_m] - places[1]
    return numpy.linalg.norm(error), numpy.degrees(numpy.arccos(cosine))


def pixel_error(one, other, water):
    """Root mean square distance of pixels of points that were not clicked, through two cameras."""
    project, random, errors = projection(), numpy.random.default_rng(9), []
    while len(errors) < 50:
        point = random.uniform([0, 0, -1.2], [25, 12.5, 1.8])
        pixel = project(other, water, point)
        if (numpy.array(other["cam_from_world"]) @ [*point, 1])[2] < 1:
            continue
        if 0 < pixel[0] < other["width"] and 0 < pixel[1] < other["height"]:
            errors.append(numpy.sum((project(one, water, point) - pixel) ** 2))
    return numpy.sqrt(numpy.mean(errors))


def test_poses_are_right_to_two_centimetres_and_a_tenth_of_a_degree(film, tmp_path):
    site = yaml.safe_load((film / "site.yaml").read_text())
    write_points(tmp_path / "points.yaml", site)
    # The lenses are known, and the poses are guesses.
    guess = yaml.safe_load((film / "site.yaml").read_text())
    for camera in guess["cameras"]:
        pose = numpy.array(camera.pop("cam_from_world"))
        at = -pose[:, :3].T @ pose[:, 3]
        camera |= {"at": [float(x) for x in at + [1, -0.4, 0.5]], "looks_at": [12.5, 6, 0]}
    (tmp_path / "guess.yaml").write_text(yaml.safe_dump(guess))
    done = run("calibrate", tmp_path / "guess.yaml", "--points", tmp_path / "points.yaml",
               "--lens", "fixed", "--out", tmp_path / "cal", "--json")  # fmt: skip
    assert done.code == 0, done.err
    found = yaml.safe_load((tmp_path / "cal/site.yaml").read_text())
    for one, true, row in zip(found["cameras"], site["cameras"], done.json["cameras"], strict=True):
        metres, degrees = pose_error(one, true, done.json["level_m"])
        assert metres <= 0.020 and degrees <= 0.1, (one["name"], metres, degrees)
        assert row["before_px"] > 20 > 2 > row["rms_px"] and row["clicks"] >= 12
    assert abs(done.json["level_m"]) < 4 * done.json["level_sigma_m"] < 0.03
    assert (tmp_path / "cal/cameras.toml").read_text().startswith("[a]\n")


def test_a_slightly_wrong_calibration_is_found_and_mended(film, tmp_path):
    site = yaml.safe_load((film / "site.yaml").read_text())
    wrong = yaml.safe_load((film / "site_estimated.yaml").read_text())
    write_points(tmp_path / "points.yaml", site)
    estimated, points = film / "site_estimated.yaml", tmp_path / "points.yaml"
    done = run("calibrate", estimated, "--points", points, "--out", tmp_path / "cal", "--json")
    assert done.code == 0, done.err
    found = yaml.safe_load((tmp_path / "cal/site.yaml").read_text())
    for one, true, bad, row in zip(
        found["cameras"], site["cameras"], wrong["cameras"], done.json["cameras"], strict=True
    ):
        before, after = (pixel_error(camera, true, site["water"]) for camera in (bad, one))
        assert before > 5 and after < 2.5, (one["name"], before, after)
        assert row["before_px"] > 4 * row["rms_px"] and row["rms_px"] < 2
        metres, degrees = pose_error(one, true, done.json["level_m"])
        # Pose and lens make up for each other, as far as the standard deviations have it.
        assert metres < max(0.02, min(0.2, 5 * row["position_sigma_m"])), metres
        assert degrees < 1.5, degrees
        assert row["has_moved"]


def test_a_camera_that_moved_is_reported(film, tmp_path):
    site = yaml.safe_load((film / "site.yaml").read_text())
    moved = yaml.safe_load((film / "site.yaml").read_text())
    # Camera b by 4 cm along x: t = -R C.
    pose = numpy.array(moved["cameras"][1]["cam_from_world"])
    pose[:, 3] -= pose[:, :3] @ [0.04, 0, 0]
    moved["cameras"][1]["cam_from_world"] = pose.tolist()
    write_points(tmp_path / "points.yaml", moved)
    command = ["calibrate", film / "site.yaml", "--points", tmp_path / "points.yaml", "--check"]
    done = run(*command)
    assert done.code == 3, done.err
    assert re.search(r"^b .*has moved$", done.out, re.M) and done.out.count("in place") == 2
    rows = {row["name"]: row for row in run(*command, "--json").json["cameras"]}
    assert rows["b"]["moved_m"] == pytest.approx(0.04, abs=4 * rows["b"]["position_sigma_m"])
    write_points(tmp_path / "points.yaml", site)
    done = run(*command)
    assert done.code == 0 and done.out.count("in place") == 3, done.out


def test_faults_of_points_are_named(film, tmp_path):
    site = yaml.safe_load((film / "site.yaml").read_text())
    file = tmp_path / "points.yaml"

    def calibrate(edit):
        write_points(file, site, edit=edit)
        return run("calibrate", film / "site.yaml", "--points", file, "--out", tmp_path / "cal")

    def in_feet(points):
        for point in points["points"].values():
            point[:] = [x / 0.3048 for x in point]

    done = calibrate(in_feet)
    assert done.code == 2 and "in feet all points would be near it" in done.err, done.err

    def mirrored(points):
        for point in points["points"].values():
            point[0] = 25 - point[0]

    done = calibrate(mirrored)
    assert done.code == 2 and done.err.startswith("lido: a: its points are mirrored"), done.err

    def few(points):
        points["clicks"]["c"] = dict(list(points["clicks"]["c"].items())[:3])

    done = calibrate(few)
    assert done.code == 2 and done.err == "lido: c: 3 points clicked, want 4 or more\n"
    assert not (tmp_path / "cal").exists()

    def one_wrong(points):
        name = sorted(points["clicks"]["a"])[2]
        points["clicks"]["a"][name][0] += 40
        points["wrong"] = name

    write_points(file, site, edit=one_wrong)
    text = yaml.safe_load(file.read_text())
    name = text.pop("wrong")
    file.write_text(yaml.safe_dump(text))
    done = run("calibrate", film / "site.yaml", "--points", file, "--out", tmp_path / "cal")
    assert done.code == 0 and f"lido: warning: a: {name} was clicked at" in done.err, done.err


def test_a_calibration_overwrites_no_file_of_others(film, tmp_path):
    site = tmp_path / "site/site.yaml"
    site.parent.mkdir()
    site.write_text((film / "site.yaml").read_text())
    before = site.read_bytes()
    points = tmp_path / "points.yaml"
    write_points(points, yaml.safe_load(site.read_text()))
    done = run("calibrate", site, "--points", points, "--out", site.parent)
    assert done.code == 2 and "has the site's own file" in done.err and site.read_bytes() == before
    done = run("calibrate", site, "--points", points, "--out", tmp_path)
    assert done.code == 2 and "which lido calibrate did not write" in done.err, done.err
    for _ in range(2):  # its own earlier output is replaced
        done = run("calibrate", site, "--points", points, "--out", tmp_path / "cal")
        assert done.code == 0, done.err


def test_the_template_of_points_has_them_where_the_site_does(film, tmp_path):
    project, site = projection(), yaml.safe_load((film / "site.yaml").read_text())
    done = run("site", "points", film / "site.yaml")
    assert done.code == 0, done.err
    template = yaml.safe_load(done.out)
    assert {"rim_1", "floor_4", "ladder_1"} < set(template["points"])
    clicked = 0
    for camera in site["cameras"]:
        for name, pixel in template["clicks"][camera["name"]].items():
            point = numpy.array(template["points"][name])
            # Both are rounded: to the millimetre, and to a tenth of a pixel.
            assert numpy.abs(project(camera, site["water"], point) - pixel).max() < 0.3
            clicked += 1
    assert clicked > 12
    (tmp_path / "points.yaml").write_text(done.out)
    done = run("calibrate", film / "site.yaml", "--points", tmp_path / "points.yaml", "--check")
    # Few points are in view of these cameras, and that is what is reported.
    assert done.code == 2 and done.err.count("\n") == 1 and "want" in done.err
