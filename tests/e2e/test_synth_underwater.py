# SPDX-License-Identifier: Apache-2.0
"""Films from under water, recorders' text in the image, and people's looks in the truth."""

import subprocess

import duckdb
import numpy
import pytest
import yaml
from conftest import run
from test_synth_film import SCHEMA, documented_projection, position_of, seen

# One camera over the water and one under it, with the text of a recorder.
UNDER_WATER = """seed: 4
duration_s: 2
pool: {outline: [[0, 0], [9, 0], [9, 5], [0, 5]], shallow_m: 1.4, deep_m: 1.8, \
ways_in: [[0, 2]], gate: [-1.5, 2]}
people:
  - {age_years: 30, at: [4, 2.5], does: [{behaviour: treading, for_s: 30}]}
  - {age_years: 12, at: [6, 3.5], does: [{behaviour: front_crawl, for_s: 30}]}
cameras:
  - {name: over, at: [-1.5, -2, 3], looks_at: [4, 2, 0], degrees: 75, fps: 4, width: 320, \
height: 180}
  - {name: under, at: [0.5, 1, -0.6], looks_at: [4, 2.5, -0.8], degrees: 75, fps: 4, width: 320, \
height: 180, port_m: 0.06, overlay: [{kind: note, corner: bottom_right, text: "LLLL LLLL"}]}
water: {wave_m: 0.01}
"""


@pytest.fixture(scope="module")
def under_water(tmp_path_factory):
    folder = tmp_path_factory.mktemp("under")
    assert not list(SCHEMA.iter_errors(yaml.safe_load(UNDER_WATER)))
    (folder / "scene.yaml").write_text(UNDER_WATER)
    for out, workers in (("d", 2), ("again", 1)):
        options = ["--workers", workers, "--quiet"]
        done = run("synth", "scene", folder / "scene.yaml", "--out", folder / out, *options)
        assert done.code == 0, done.err
    return folder


def test_a_camera_under_water_sees_through_its_port(under_water):
    """OpenCV and the documentation's program find every keypoint from site.yaml alone."""
    project, _ = documented_projection()
    site = yaml.safe_load((under_water / "d/site.yaml").read_text())
    camera = next(camera for camera in site["cameras"] if camera["name"] == "under")
    assert camera["port_m"] == 0.06 and position_of(camera)[2] == pytest.approx(-0.6)
    rows = seen(
        under_water / "d", "under", "select keypoints_m, keypoints, visibility, share from SEEN"
    )
    assert len(rows) == 16
    heads_out = 0
    for metres, pixels, visibility, share in rows:
        points = numpy.array(metres).reshape(17, 3)
        found = numpy.array([project(camera, site["water"], point) for point in points])
        assert abs(found - numpy.array(pixels).reshape(17, 2)).max() < 0.05
        # Points well over the water are hidden; a body in front of the port is seen.
        over = points[:, 2] > 0.05
        heads_out += int(over.sum())
        assert all(number < 2 for number in numpy.array(visibility)[over])
        assert share > 0 and max(visibility) == 2
    assert heads_out > 20


def test_films_under_water_are_the_same_on_any_number_of_threads(under_water):
    files = [path for path in (under_water / "d").rglob("*") if path.is_file()]
    assert len(files) == 20
    for path in files:
        again = under_water / "again" / path.relative_to(under_water / "d")
        assert again.read_bytes() == path.read_bytes(), path


def test_text_of_a_recorder_is_in_the_image(under_water):
    decode = ["ffmpeg", "-v", "error", "-i", under_water / "d/clips/under.mp4", "-frames:v", "1"]
    raw = subprocess.run(
        [*decode, "-pix_fmt", "gray", "-f", "rawvideo", "-"], capture_output=True, check=True
    ).stdout
    image = numpy.frombuffer(raw, numpy.uint8).reshape(180, 320)
    # An L is a column of seven pixels and a row of five; letters are six apart, 4 from the edge.
    left, top = 320 - 4 - 9 * 6, 180 - 4 - 7
    for letter in (0, 1, 2, 3, 5, 6, 7, 8):
        glyph = image[top : top + 7, left + 6 * letter : left + 6 * letter + 5].astype(float)
        shape = numpy.zeros((7, 5), bool)
        shape[:, 0] = shape[6, :] = True
        assert glyph[shape].mean() > glyph[~shape].mean() + 60, letter


def test_looks_of_people_are_in_the_truth(under_water):
    rows = duckdb.sql(
        f"select person, age_group, build, skin_tone, wear, cloth, cloth_difference "
        f"from '{under_water}/d/looks.parquet' order by person"
    ).fetchall()
    assert [row[:2] for row in rows] == [(1, "adult"), (2, "child")]
    for _, _, build, tone, wear, cloth, difference in rows:
        assert build in ("slim", "average", "heavy") and 1 <= tone <= 10
        assert wear in ("trunks", "long_trunks", "swimsuit", "bikini") and len(cloth) == 3
        assert all(0 <= part <= 1 for part in cloth) and 0 <= difference <= 150
