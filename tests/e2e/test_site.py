# SPDX-License-Identifier: Apache-2.0
"""lido site: a site.yaml to edit, and mistakes in it by line."""

import json
import pathlib

import jsonschema
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
