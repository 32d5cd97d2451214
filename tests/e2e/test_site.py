# SPDX-License-Identifier: Apache-2.0
"""lido site: a site.yaml to edit, and mistakes in it by line."""

import json
import pathlib
import tomllib

import cv2
import jsonschema
import numpy
import pytest
import yaml
from conftest import LIDO, run

SCHEMA_FILE = pathlib.Path(LIDO).parents[1] / "share/lido/site.schema.json"
SCHEMA = jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_text()))


@pytest.fixture(scope="module")
def template():
    done = run("site", "init", "pool-a")
    assert done.code == 0, done.err
    return done.out


def test_the_template_is_a_site_that_its_schema_takes(tmp_path, template):
    assert template.startswith(f"# yaml-language-server: $schema={SCHEMA_FILE}")
    parsed = yaml.safe_load(template)
    assert not list(SCHEMA.iter_errors(parsed))
    (tmp_path / "site.yaml").write_text(template)
    done = run("site", "check", tmp_path / "site.yaml", "--json")
    assert done.code == 0, done.err
    assert done.json["name"] == parsed["name"] == "pool-a"
    assert done.json["water_m2"] == pytest.approx(25 * 12.5)
    assert len(done.json["cameras"]) == len(parsed["cameras"]) == 4
    assert done.json["water_in_view"]["two_cameras"] > 0.8
    assert [zone["kind"] for zone in done.json["zones"]] == ["deep_end", "exit"]


def test_the_template_explains_every_key_of_its_schema(template):
    comments = " ".join(line.partition("#")[2] for line in template.splitlines())
    parsed = yaml.safe_load(template)
    for key in ("name", "time_zone", "zones", "swim_hours", "pool", "water", "cameras"):
        assert key in parsed
    lines = template.splitlines()
    for key in parsed["pool"]:
        at = next(i for i, line in enumerate(lines) if line.startswith(f"  {key}:"))
        assert "#" in lines[at] or "#" in lines[at - 1], key
    simulated = {"clock_offset_s", "clock_drift_ppm", "noise", "softness", "shutter_s", "dirt",
                 "exposure", "bitrate_mbps", "keyframe_s", "codec", "drops", "faults",
                 "overlay"}  # fmt: skip
    for key in set(SCHEMA.schema["properties"]["cameras"]["items"]["properties"]) - simulated:
        assert key in comments, key


def test_its_schema_is_that_of_scenes_without_people():
    """One reader reads both, so that a key of one schema is a key of the other."""
    site = SCHEMA.schema
    scene = json.loads(SCHEMA_FILE.with_name("scene.schema.json").read_text())
    cameras = [one["properties"]["cameras"]["items"]["properties"] for one in (site, scene)]
    assert cameras[0] == cameras[1]
    for key in ("water", "light", "zones", "swim_hours", "name", "time_zone"):
        assert site["properties"][key] == scene["properties"][key], key
    only_scenes = {"seed", "rate_hz", "duration_s", "people"}
    assert set(scene["properties"]) - set(site["properties"]) == only_scenes


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("time_zone: E", "timezone: E", "timezone is not known here, want one of name, time_zone,"),
        ("kind: exit", "kind: door", "zones.1.kind is door, want one of water, deck, deep_end"),
        ('opens: "06:30"', 'opens: "6:30"', "swim_hours.0.opens is 6:30, want a time of the day"),
        ("shallow_m: 1.2", "shallow_m: 120", "pool.shallow_m is 120, want a number, 0.05 to 10"),
        ("name: cam2", "name: cam1", "cameras.1 is a map, want a camera of another name than cam1"),
        ("degrees: 90", "degrees: 900", "cameras.0.degrees is 900, want a number, 5 to 150"),
        ("level_z: 0", "level_z: -2", "water.level_z is -2, want a level that leaves water"),
        ("time_zone: Europe/Berlin", "time_zone: in summer", "time_zone is in summer, want a name"),
    ],
)
def test_mistakes_are_named_by_line(tmp_path, template, old, new, said):
    wrong = template.replace(old, new, 1)
    file = tmp_path / "site.yaml"
    file.write_text(wrong)
    # The schema, for editors, refuses these too, except where two places contradict each other.
    apart = "another name" in said or "leaves water" in said
    assert bool(list(SCHEMA.iter_errors(yaml.safe_load(wrong)))) != apart
    done = run("site", "check", file)
    assert done.code == 2 and done.err.count("\n") == 1, done.err
    pairs = zip(template.splitlines(), wrong.splitlines(), strict=True)
    line = next(i for i, (before, after) in enumerate(pairs, 1) if before != after)
    assert done.err.startswith(f"lido: {file}:{line}: {said}"), done.err


def test_a_camera_that_sees_no_water_is_named(tmp_path, template):
    file = tmp_path / "site.yaml"
    file.write_text(template.replace("looks_at: [9.38, 6.25, 0]", "looks_at: [9.38, -60, 0]", 1))
    done = run("site", "check", file)
    assert done.code == 0
    assert "lido: warning: cam1: sees no water. Check `looks_at`" in done.err


def test_a_site_without_cameras_is_warned_of(tmp_path, template):
    site = yaml.safe_load(template)
    del site["cameras"]
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(site))
    done = run("site", "check", tmp_path / "site.yaml")
    assert done.code == 0, done.err
    assert done.err.startswith("lido: warning: no cameras, so that none of the water is in view")


def test_a_scene_takes_the_zones_of_a_site_and_hands_them_on(tmp_path, template):
    """One reader: the simulator checks zones and hours as lido site does, and writes them."""
    site = yaml.safe_load(template)
    scene = {key: site[key] for key in ("name", "time_zone", "pool", "zones", "swim_hours")}
    scene["duration_s"] = 1
    scene["people"] = [{"at": [-1, 2]}]
    scene["cameras"] = [site["cameras"][0] | {"width": 128, "height": 72, "fps": 2}]
    (tmp_path / "scene.yaml").write_text(yaml.safe_dump(scene))
    done = run("synth", "scene", tmp_path / "scene.yaml", "--out", tmp_path / "film", "--quiet")
    assert done.code == 0, done.err
    written = yaml.safe_load((tmp_path / "film/site.yaml").read_text())
    assert written["zones"] == site["zones"] and written["swim_hours"] == site["swim_hours"]
    assert written["cameras"][0]["source"] == "cam1.mp4"
    assert not list(SCHEMA.iter_errors(written))
    scene["zones"][0]["kind"] = "door"
    (tmp_path / "scene.yaml").write_text(yaml.safe_dump(scene))
    done = run("synth", "scene", tmp_path / "scene.yaml", "--out", tmp_path / "no", "--quiet")
    assert done.code == 2 and "zones.0.kind is door" in done.err


def opencv_file(path, lens, width, height):
    """A camera as OpenCV's own FileStorage writes it."""
    matrix, distortion, rvec, tvec = lens
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.write("image_width", width)
    storage.write("image_height", height)
    storage.write("camera_matrix", matrix)
    storage.write("distortion_coefficients", distortion)
    storage.write("rvec", rvec)
    storage.write("tvec", tvec)
    storage.release()


@pytest.fixture
def lens():
    """A camera over the long side of the pool of `template`, by OpenCV's conventions."""
    matrix = numpy.array([[1210.0, 0, 931.25], [0, 1204.0, 553.5], [0, 0, 1]])
    distortion = numpy.array([[-0.21, 0.06, 0.0007, -0.0011, -0.008]])
    down = numpy.deg2rad(35)
    rotation = numpy.array(
        [[1, 0, 0], [0, -numpy.sin(down), -numpy.cos(down)], [0, numpy.cos(down), -numpy.sin(down)]]
    )
    tvec = -rotation @ numpy.array([12.0, -1.6, 4.2])
    return matrix, distortion, cv2.Rodrigues(rotation)[0], tvec.reshape(3, 1)


def test_imported_cameras_see_points_where_opencv_projects_them(tmp_path, template, lens):
    (tmp_path / "site.yaml").write_text(template)
    opencv_file(tmp_path / "Deep End.yaml", lens, 1920, 1080)
    done = run("site", "import", tmp_path / "site.yaml", tmp_path / "Deep End.yaml", "--same-axes")
    assert done.code == 0, done.err
    assert "deep-end: new in the site, with 25 frames a second: set its fps" in done.err
    parsed = yaml.safe_load(done.out)
    assert not list(SCHEMA.iter_errors(parsed)) and len(parsed["cameras"]) == 5
    assert parsed["swim_hours"] == yaml.safe_load(template)["swim_hours"]
    (tmp_path / "new.yaml").write_text(done.out)
    points = yaml.safe_load(run("site", "points", tmp_path / "new.yaml").out)
    in_air = {k: v for k, v in points["points"].items() if v[2] >= 0}
    seen = {k: v for k, v in points["clicks"]["deep-end"].items() if k in in_air}
    assert len(seen) >= 2
    matrix, distortion, rvec, tvec = lens
    for name, pixel in seen.items():
        wanted, _ = cv2.projectPoints(numpy.array([in_air[name]]), rvec, tvec, matrix, distortion)
        # OpenCV counts pixels from the middle of the first one; points are printed to 0.1 pixel.
        assert pixel == pytest.approx(list(wanted.ravel() + 0.5), abs=0.051), name


def test_exported_cameras_come_back_in_each_format(tmp_path, template, lens):
    (tmp_path / "site.yaml").write_text(template)
    opencv_file(tmp_path / "cam1.yaml", lens, 1920, 1080)
    done = run("site", "import", tmp_path / "site.yaml", tmp_path / "cam1.yaml", "--same-axes")
    (tmp_path / "new.yaml").write_text(done.out)
    assert "cam1" in done.err and " m and " in done.err
    for form in ("toml", "opencv", "colmap"):
        out = tmp_path / form
        wrote = run("site", "export", tmp_path / "new.yaml", "--format", form, "--out", out)
        assert wrote.code == 0, wrote.err
        assert (
            run("site", "export", tmp_path / "new.yaml", "--format", form, "--out", out).code == 0
        )
    matrix, distortion, rvec, tvec = lens
    toml = tomllib.loads((tmp_path / "toml/cameras.toml").read_text())["cam1"]
    assert numpy.allclose(toml["matrix"], matrix, atol=1e-5)
    assert numpy.allclose(toml["distortions"], distortion[0], atol=1e-8)
    assert numpy.allclose(toml["rotation"], rvec.ravel(), atol=1e-7)
    assert numpy.allclose(toml["translation"], tvec.ravel(), atol=1e-6)
    storage = cv2.FileStorage(str(tmp_path / "opencv/cam1.yaml"), cv2.FILE_STORAGE_READ)
    assert numpy.allclose(storage.getNode("camera_matrix").mat(), matrix)
    assert numpy.allclose(storage.getNode("distortion_coefficients").mat(), distortion)
    assert numpy.allclose(storage.getNode("rvec").mat(), rvec)
    assert numpy.allclose(storage.getNode("tvec").mat(), tvec)
    words = (tmp_path / "colmap/cameras.txt").read_text().splitlines()[1].split()
    assert words[1] == "FULL_OPENCV" and float(words[6]) == pytest.approx(matrix[0, 2] + 0.5)
    again = run("site", "import", tmp_path / "new.yaml", tmp_path / "colmap")
    assert again.code == 0, again.err
    cameras = [yaml.safe_load(text)["cameras"] for text in (again.out, done.out)]
    assert [one["name"] for one in cameras[0]] == [one["name"] for one in cameras[1]]
    for one, other in zip(*cameras, strict=True):
        assert numpy.allclose(one["cam_from_world"], other["cam_from_world"], atol=1e-9)
        assert numpy.allclose(one["intrinsics"], other["intrinsics"])


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("[cam1]\nmatrix = 7\n", "c.toml:1: size of camera cam1 is missing, want 2 numbers"),
        ("[cam1\n", "c.toml:1: no TOML"),
        ("a = 1\n", "c.toml: no camera, want tables with size"),
        ("\xff", "c.toml: not text in UTF-8"),
    ],
)
def test_wrong_files_of_cameras_are_named(tmp_path, template, text, wanted):
    (tmp_path / "site.yaml").write_text(template)
    (tmp_path / "c.toml").write_bytes(text.encode("latin-1"))
    done = run("site", "import", tmp_path / "site.yaml", tmp_path / "c.toml")
    assert done.code == 2 and wanted in done.err and not done.out, done.err


def test_cameras_where_none_can_be_are_refused(tmp_path, template, lens):
    (tmp_path / "site.yaml").write_text(template)
    matrix, distortion, rvec, tvec = lens
    # In millimetres: kilometres away from the site's cameras.
    opencv_file(tmp_path / "cam1.yaml", (matrix, distortion, rvec, tvec * 1000), 1920, 1080)
    far = run("site", "import", tmp_path / "site.yaml", tmp_path / "cam1.yaml", "--same-axes")
    assert far.code == 2 and not far.out, far.err
    done = run("site", "import", tmp_path / "site.yaml", tmp_path / "none")
    assert done.code == 2 and "want a .toml, a .yaml, or a folder with cameras.txt" in done.err
