# SPDX-License-Identifier: Apache-2.0
"""lido sync: clocks of a simulated film's cameras, from its people."""

import duckdb
import pytest
import yaml
from conftest import run

CAMERA = "width: 320, height: 180, degrees: 75, fps: 10"
SCENE = f"""seed: 5
duration_s: 12
pool: {{outline: [[0, 0], [9, 0], [9, 5], [0, 5]], shallow_m: 1.0, deep_m: 1.8, \
ways_in: [[0, 2]], gate: [-1.5, 2]}}
people:
  - {{age_years: 35, at: [1.5, 1.5], does: [{{behaviour: front_crawl, for_s: 60}}]}}
  - {{age_years: 30, at: [5, 3.5], does: [{{behaviour: treading, for_s: 60}}]}}
  - {{age_years: 12, at: [7, 1.5], does: [{{behaviour: breaststroke, for_s: 60}}]}}
cameras:
  - {{name: a, at: [-1.5, -2, 3.5], looks_at: [4.5, 2, 0], {CAMERA}}}
  - {{name: b, at: [10.5, -2, 3.5], looks_at: [4.5, 2, 0], {CAMERA}, \
clock: {{offset_s: 0.137, drift_ppm: 60}}}}
  - {{name: c, at: [10.5, 7, 3.5], looks_at: [4.5, 2, 0], {CAMERA}, clock: {{offset_s: -0.31}}}}
  - {{name: d, at: [-1.5, 7, 3.5], looks_at: [4.5, 2, 0], {CAMERA}, clock: {{offset_s: 0.02}}}}
light: cloudy
water: {{wave_m: 0, turbidity: 0}}
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    folder = tmp_path_factory.mktemp("film")
    (folder / "scene.yaml").write_text(SCENE)
    done = run("synth", "scene", folder / "scene.yaml", "--out", folder / "film", "--quiet")
    assert done.code == 0, done.err
    return folder / "film"


def reading(clock, time_s):
    return clock["offset_s"] + time_s * (1 + clock["drift_ppm"] / 1e6)


def test_clocks_are_found_to_five_milliseconds(film, tmp_path):
    site = yaml.safe_load((film / "site.yaml").read_text())
    clocks = {camera["name"]: camera["clock"] for camera in site["cameras"]}
    # The clocks are not known.
    for camera in site["cameras"]:
        camera["clock"] = {"offset_s": 0}
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(site))
    done = run("sync", tmp_path / "site.yaml", "--poses", film, "--write", tmp_path / "synced.yaml",
               "--sigma-px", 0.5, "--json")  # fmt: skip
    assert done.code == 0, done.err
    written = yaml.safe_load((tmp_path / "synced.yaml").read_text())
    found = {camera["name"]: camera["clock"] for camera in written["cameras"]}
    assert found["a"]["offset_s"] == 0 and found["a"]["drift_ppm"] == 0
    for row in done.json["cameras"][1:]:
        name = row["name"]
        for time_s in (1, 6, 11):
            error_s = reading(found[name], time_s) - reading(clocks[name], time_s)
            assert abs(error_s) <= 0.005, (name, time_s, error_s)
        assert row["correction_sigma_s"] < 0.005 and row["sightings"] > 100
    assert done.json["after_px"] < done.json["before_px"]
    # With these clocks nothing is left to correct.
    again = run("sync", tmp_path / "synced.yaml", "--poses", film, "--sigma-px", 0.5, "--json")
    assert all(abs(row["correction_s"]) < 0.002 for row in again.json["cameras"])
    text = run("sync", tmp_path / "synced.yaml", "--poses", film, "--sigma-px", 0.5)
    assert text.code == 0 and text.out.startswith("camera ")


def test_people_are_found_with_the_clocks_that_were_found(film, tmp_path):
    """COCO files have times by each camera's clock, and so does the table of the truth."""
    site = yaml.safe_load((film / "site.yaml").read_text())
    done = run("reconstruct", film / "site.yaml", "--poses", film / "coco", "--rate-hz", 1,
               "--out", tmp_path / "scene", "--json")  # fmt: skip
    assert done.code == 0, done.err
    # One frame a second of each camera, up to 0.45 s apart by their clocks: only the clocks of the
    # site bring frames of one moment together, which must be within 0.05 s.
    assert done.json["cameras"] == len(site["cameras"])
    query = f"select max(len(cameras)) from '{tmp_path}/scene/tracks3d.parquet'"
    assert duckdb.sql(query).fetchall()[0][0] == 4


def test_what_cannot_be_synchronised_is_refused(film, tmp_path):
    done = run("sync", film / "site.yaml", "--poses", tmp_path)
    assert done.code == 2 and "no keypoints of the site's cameras" in done.err
    site = yaml.safe_load((film / "site.yaml").read_text())
    site["cameras"] = site["cameras"][:1]
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(site))
    done = run("sync", tmp_path / "site.yaml", "--poses", film, "--write", tmp_path / "out.yaml")
    assert done.code == 2 and done.err.count("\n") == 1
    assert "1 camera with a person in two frames or more, want two" in done.err
    assert not (tmp_path / "out.yaml").exists()
