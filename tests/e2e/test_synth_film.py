# SPDX-License-Identifier: Apache-2.0
"""lido synth scene and pool with cameras: video of simulated people, and its truth."""

import json
import pathlib
import re
import subprocess

import duckdb
import jsonschema
import numpy
import pytest
import yaml
from conftest import LIDO, run, table

ROOT = pathlib.Path(__file__).parents[2]

SCHEMA = jsonschema.Draft202012Validator(
    json.loads((pathlib.Path(LIDO).parents[1] / "share/lido/scene.schema.json").read_text())
)

# A rectangle seen by two cameras: a child swims and gets into trouble, an adult is on the deck.
FILMED = """seed: 3
duration_s: 6
pool: {outline: [[0, 0], [9, 0], [9, 5], [0, 5]], shallow_m: 1.0, deep_m: 1.8, \
ways_in: [[0, 2]], gate: [-1.5, 2]}
people:
  - {age_years: 9, at: [4, 2.5], does: [{behaviour: treading, for_s: 3}, \
{behaviour: instinctive_drowning, for_s: 30}]}
  - {age_years: 35, at: [3, -1.2], does: [{behaviour: standing, for_s: 60, signal: one_arm}]}
cameras:
  - {name: one, at: [-1.5, -2, 3], looks_at: [4, 2, 0], degrees: 75, k: [-0.08], fps: 5, \
clock_offset_s: 0.25, clock_drift_ppm: 100, shutter_s: 0.02}
  - {name: two, at: [10, 7, 3.5], looks_at: [4, 1, 0], degrees: 80, width: 480, height: 270, \
fps: 10, codec: hevc, faults: [{kind: cover, at_s: 4, for_s: 1}]}
light: cloudy
water: {wave_m: 0.02, turbidity: 0.05}
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    folder = tmp_path_factory.mktemp("film")
    assert not list(SCHEMA.iter_errors(yaml.safe_load(FILMED)))
    (folder / "scene.yaml").write_text(FILMED)
    done = run("synth", "scene", folder / "scene.yaml", "--out", folder / "d", "--json")
    assert done.code == 0, done.err
    assert done.json["frames"] == 30 + 60 and done.json["cameras"] == 2 and done.json["people"] == 2
    # Not on a terminal, progress is JSON lines.
    progress = [json.loads(line) for line in done.err.splitlines()]
    assert progress, done.err
    assert all(line["frames_total"] == 90 and line["frames"] <= 90 for line in progress), done.err
    return folder / "d"


def seen(film, camera, query):
    return duckdb.sql(query.replace("SEEN", f"'{film}/truth/{camera}.parquet'")).fetchall()


def test_the_truth_is_of_every_picture(film):
    assert seen(film, "one", "select count(*), count(distinct frame) from SEEN") == [(60, 30)]
    assert seen(film, "two", "select count(*), count(distinct frame) from SEEN") == [(120, 60)]
    # Both cameras show both people, whole in the frame; the visible box is inside the whole one.
    for camera in ("one", "two"):
        assert seen(
            film,
            camera,
            "select bool_and(len(visible) = 4), "
            "bool_and(visible[1] >= whole[1] - 1e-9 and visible[2] >= whole[2] - 1e-9 "
            "and visible[1] + visible[3] <= whole[1] + whole[3] + 1e-9), "
            "min(share) > 0.05 from SEEN",
        ) == [(True, True, True)]
        # Points are inside the box, all but what waves move.
        assert seen(
            film,
            camera,
            "select count(*) from SEEN, range(17) t(i) where visibility[i + 1] = 2 and not "
            "(through_waves[2 * i + 1] between whole[1] - 6 and whole[1] + whole[3] + 6)",
        ) == [(0,)]
    # At one moment a person has one place, for either camera.
    here, there = (
        seen(
            film,
            camera,
            "select person, time_s, keypoints_m, behaviour from SEEN "
            "where time_s = round(time_s) order by all",
        )
        for camera in ("one", "two")
    )
    assert here == there and len(here) == 12
    assert seen(
        film, "one", "select max(abs(clock_s - (time_s * 1.0001 + 0.25))) < 1e-9 from SEEN"
    ) == [(True,)]
    assert [
        row[0]
        for row in seen(
            film,
            "one",
            "select behaviour, min(time_s) from SEEN where person = 1 group by 1 order by 2",
        )
    ] == ["treading", "instinctive_drowning"]
    # The grown-up holds up one arm, the right one.
    assert seen(
        film, "one", "select distinct signal from SEEN where person = 2 and time_s > 1"
    ) == [("one_arm",)]
    assert seen(
        film,
        "one",
        "select min(keypoints_m[33] - keypoints_m[3]) > 0.2, "
        "max(keypoints_m[30] - keypoints_m[3]) < -0.3 from SEEN where person = 2 and time_s > 1",
    ) == [(True, True)]
    # The grown-up's feet are on the deck, the child's are not.
    feet = seen(
        film,
        "one",
        "select person, max(least(keypoints_m[48], keypoints_m[51])) from SEEN "
        "group by 1 order by 1",
    )
    assert feet[0][1] < -0.4 and 0.1 < feet[1][1] < 0.25, feet


def documented_projection():
    """The worked example of docs/simulation.md: project() by OpenCV, and the example's site."""
    text = (ROOT / "docs/simulation.md").read_text()
    part = text[text.index("## Cameras in site.yaml") :]
    example = yaml.safe_load(re.search(r"```yaml\n(.*?)```", part, re.S)[1])
    code = re.search(r"```python\n(.*?)```", part, re.S)[1]
    names = {"site": example}
    exec(code, names)  # the documentation's own program
    return names["project"], names


def test_the_worked_example_of_a_camera_is_right():
    project, names = documented_projection()
    text = (ROOT / "docs/simulation.md").read_text()
    rows = re.findall(r"^\| `\[(.*?)\]` \| `\[(.*?)\]` \|", text, re.M)
    assert len(rows) == 3
    for point, pixel in rows:
        point, pixel = (numpy.array([float(n) for n in x.split(",")]) for x in (point, pixel))
        found = project(names["site"]["cameras"][0], names["site"]["water"], point)
        assert abs(found - pixel).max() < 0.006, (point, found)


def test_points_are_where_camera_and_water_put_them(film):
    """OpenCV and the documentation's program find every keypoint from site.yaml alone."""
    project, _ = documented_projection()
    site = yaml.safe_load((film / "site.yaml").read_text())
    under = 0
    for camera in site["cameras"]:
        for metres, pixels in seen(
            film, camera["name"], "select keypoints_m, keypoints from SEEN where frame % 7 = 0"
        ):
            points = numpy.array(metres).reshape(17, 3)
            under += int((points[:, 2] < 0).sum())
            found = numpy.array([project(camera, site["water"], point) for point in points])
            assert abs(found - numpy.array(pixels).reshape(17, 2)).max() < 0.05
    assert under > 100


def test_frames_are_numbered_as_in_the_file(tmp_path):
    """FFmpeg's program names the PTS of each frame that is left; a frozen frame stands still."""
    scene = (
        FILMED.replace("duration_s: 6", "duration_s: 3")
        .replace("shutter_s: 0.02}", "drops: 0.3, faults: [{kind: freeze, at_s: 1, for_s: 1}]}")
        .replace("clock_offset_s: 0.25, ", "")
        .replace("clock_drift_ppm: 100, ", "")
    )
    (tmp_path / "scene.yaml").write_text(scene)
    out = tmp_path / "d"
    done = run("synth", "scene", tmp_path / "scene.yaml", "--out", out, "--json")
    assert done.code == 0, done.err
    frames = duckdb.sql(
        "select frame, pts, time_s, shown_frame, frozen, fault "
        f"from '{out}/frames/one.parquet' order by 1"
    ).fetchall()
    probe = "ffprobe -v error -show_entries frame=pts,pts_time -of csv=p=0".split()
    listed = subprocess.run(
        [*probe, out / "clips/one.mp4"], capture_output=True, text=True, check=True
    ).stdout.split()
    in_file = [(int(row.split(",")[0]), float(row.split(",")[1])) for row in listed]
    assert [row[1] for row in frames] == [pts for pts, _ in in_file] and in_file[0] == (0, 0)
    assert [row[2] for row in frames] == pytest.approx([time for _, time in in_file], abs=1e-6)
    assert [row[0] for row in frames] == list(range(len(in_file))) and len(in_file) < 15
    frozen = [row for row in frames if row[4]]
    assert frozen and {row[5] for row in frozen} == {"freeze"}
    assert len({row[3] for row in frozen}) == 1 and frozen[0][3] == frozen[0][0] - 1
    # The last MOT frame is the last of the video.
    last = (out / "mot/one.txt").read_text().splitlines()[-1]
    assert int(last.split(",")[0]) == len(in_file)
    # A site.yaml is a scene's pool, cameras and water: the level is applied once.
    site = yaml.safe_load((out / "site.yaml").read_text())
    people = yaml.safe_load(FILMED)["people"]
    again = {**site, "people": people, "duration_s": 1}
    (tmp_path / "again.yaml").write_text(json.dumps(again))
    done = run("synth", "scene", tmp_path / "again.yaml", "--out", tmp_path / "e", "--quiet")
    assert done.code == 0, done.err
    second = yaml.safe_load((tmp_path / "e/site.yaml").read_text())
    assert second["pool"] == site["pool"] and second["water"] == site["water"]


HIDING = """seed: 3
duration_s: 1
pool: {outline: [[0, 0], [9, 0], [9, 5], [0, 5]], shallow_m: 1.0, deep_m: 1.8, \
ways_in: [[0, 2]], gate: [-1.5, 2]}
cameras:
  - {name: one, at: [4, 6, 2.6], looks_at: [4, -1, 0.6], degrees: 50, fps: 2, noise: 0, \
softness: 0, bitrate_mbps: 50}
light: cloudy
water: {wave_m: 0, turbidity: 0.05}
people:
"""
STANDING = "  - {{age_years: {}, at: {}, does: [{{behaviour: standing, for_s: 60}}]}}\n"


@pytest.fixture(scope="module")
def hiding(tmp_path_factory):
    """Two people on the deck, one before the other; the front one alone; both apart."""
    folder = tmp_path_factory.mktemp("hiding")
    front, behind = STANDING.format(30, [4.06, -0.6]), STANDING.format(40, [4, -1.5])
    aside = STANDING.format(30, [7.5, -0.6])
    for name, people in (("both", front + behind), ("front", front), ("apart", aside + behind)):
        scene = folder / f"{name}.yaml"
        scene.write_text(HIDING + people)
        done = run("synth", "scene", scene, "--out", folder / name, "--quiet")
        assert done.code == 0, done.err
    return folder


def first_frame(film):
    command = [*"ffmpeg -v error -i".split(), film / "clips/one.mp4"]
    options = "-frames:v 1 -pix_fmt rgb24 -f rawvideo -".split()
    raw = subprocess.run([*command, *options], capture_output=True, check=True).stdout
    return numpy.frombuffer(raw, numpy.uint8).reshape(360, 640, 3).astype(int)


def person_behind(film):
    query = "select whole, visible, share, keypoints, visibility from SEEN where person = 2"
    [row] = seen(film, "one", query + " and frame = 0")
    whole, visible, share, points, visibility = row
    return whole, visible, share, numpy.array(points).reshape(17, 2), visibility


def test_a_hidden_part_is_hidden_in_the_truth(hiding):
    """The pixels that a person adds to the video are their visible part. People cast no shadows."""
    added = abs(first_frame(hiding / "both") - first_frame(hiding / "front")).max(axis=2) > 16
    whole, visible, share, points, visibility = person_behind(hiding / "both")
    rows, columns = numpy.nonzero(added)
    box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    x, y, width, height = visible
    assert abs(numpy.array([x, y, x + width, y + height]) - box).max() <= 2
    # Compression blurs the edges a little: a tenth of the pixels at most.
    assert share * whole[2] * whole[3] == pytest.approx(added.sum(), rel=0.1)

    def is_added_near(point, reach):
        x, y = point.astype(int)
        return added[y - reach : y + reach + 1, x - reach : x + reach + 1].any()

    assert sorted(set(visibility)) == [1, 2] and visibility.count(1) >= 2
    for point, seen_as in zip(points, visibility, strict=True):
        assert is_added_near(point, 3) if seen_as == 2 else not is_added_near(point, 1), point


def test_the_whole_box_does_not_depend_on_who_stands_before(hiding):
    hidden, alone = person_behind(hiding / "both"), person_behind(hiding / "apart")
    assert numpy.array(hidden[0]) == pytest.approx(numpy.array(alone[0]), abs=1)
    assert hidden[2] < 0.6 * alone[2] and set(alone[4]) == {2}
    # Alone, all of the person is visible: the drawn box is the projected one, to a pixel.
    x, y, width, height = alone[1]
    left, top, wide, high = alone[0]
    drawn, projected = [x, y, x + width, y + height], [left, top, left + wide, top + high]
    assert numpy.array(drawn) == pytest.approx(numpy.array(projected), abs=1.01)


def test_a_covered_camera_sees_nothing(film):
    frames = subprocess.run(
        [
            *"ffmpeg -v error -i".split(),
            film / "clips/two.mp4",
            *"-vf scale=8:8 -pix_fmt gray -f rawvideo -".split(),
        ],
        capture_output=True,
        check=True,
    ).stdout
    assert len(frames) == 60 * 64
    brightness = [sum(frames[64 * i : 64 * i + 64]) / 64 for i in range(60)]
    assert max(brightness[41:49]) < 60 < min(brightness[:39] + brightness[51:]), brightness
    codec = subprocess.run(
        [
            *"ffprobe -v error -show_entries stream=codec_name -of csv=p=0".split(),
            film / "clips/two.mp4",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert codec == "hevc"


def test_the_same_scene_gives_the_same_bytes(film, tmp_path):
    assert (
        run(
            "synth",
            "scene",
            film / "scene.yaml",
            "--out",
            tmp_path / "d",
            "--workers",
            1,
            "--quiet",
        ).code
        == 0
    )
    files = sorted(path.relative_to(film) for path in film.rglob("*") if path.is_file())
    assert len(files) == 20
    for path in files:
        assert (tmp_path / "d" / path).read_bytes() == (film / path).read_bytes(), path


def test_ingest_takes_it_with_its_labels(film, tmp_path):
    done = run(
        "ingest",
        film / "clips.csv",
        "--labels",
        film / "labels.csv",
        "--label-boxes",
        film / "label_boxes.parquet",
        "--out",
        tmp_path / "d",
        "--scene",
        "off",
        "--fps",
        5,
        "--window",
        5,
        "--stride",
        5,
        "--json",
        "--quiet",
    )
    assert done.code == 0, done.err
    assert done.json["clips"] == 2 and done.json["rejected"] == 0
    rows = table(tmp_path / "d", "manifest")
    assert sum(row["source"] == "frame" for row in rows) == 12
    assert {row["person"] for row in rows if row["source"] == "label"} == {"1", "2"}
    assert len({row["group"] for row in rows}) == 1 and all(row["start_utc"] for row in rows)
    # Every second in which a person is in view is in a sample of that person.
    for one in done.json["label_seconds"]:
        assert one["labelled_s"] > 0
        assert one["in_person_samples_s"] == pytest.approx(one["labelled_s"]), one
    labels = duckdb.sql(
        "select label.task, label.label, count(*) from (select unnest(labels) label from "
        f"'{tmp_path}/d/generations/000001/manifest.parquet') group by all order by all"
    ).fetchall()
    assert ("behaviour", "instinctive_drowning") in [row[:2] for row in labels] and (
        "danger",
        "drowning",
    ) in [row[:2] for row in labels], labels


def test_other_formats_agree(film):
    coco = json.loads((film / "coco/one.json").read_text())
    assert (
        len(coco["images"]) == 6
        and len(coco["annotations"]) == 12
        and "simulation" in coco["info"]["description"]
    )
    assert len(coco["categories"][0]["keypoints"]) == 17
    for one in coco["annotations"]:
        assert len(one["keypoints"]) == 51 and one["num_keypoints"] == sum(
            v > 0 for v in one["keypoints"][2::3]
        )
    lines = [line.split(",") for line in (film / "mot/one.txt").read_text().splitlines()]
    assert len(lines) == 60 and {line[1] for line in lines} == {"1", "2"} and lines[0][0] == "1"
    site = yaml.safe_load((film / "site.yaml").read_text())
    assert (
        [camera["name"] for camera in site["cameras"]] == ["one", "two"]
        and site["light"] == "cloudy"
        and site["water"]["level_z"] == 0
    )


def test_the_level_and_the_light_are_parameters(tmp_path):
    scene = (
        FILMED.replace("duration_s: 6", "duration_s: 1")
        .replace("light: cloudy", "light: passing_clouds")
        .replace("shutter_s: 0.02", "shutter_s: 0")
    )
    for name, level in (("usual", 0), ("low", -0.3)):
        (tmp_path / f"{name}.yaml").write_text(
            scene.replace("turbidity: 0.05", f"turbidity: 0.05, level_m: {level}")
        )
        assert (
            run(
                "synth", "scene", tmp_path / f"{name}.yaml", "--out", tmp_path / name, "--quiet"
            ).code
            == 0
        )
    # Adult and camera are both higher over the lower water: in the frame the adult stays in place.
    feet, top = (
        duckdb.sql(
            "select avg(keypoints_m[48]), avg(whole[2]) from "
            f"'{tmp_path}/{name}/truth/one.parquet' where person = 2"
        ).fetchall()[0]
        for name in ("usual", "low")
    )
    assert top[0] - feet[0] == pytest.approx(0.3, abs=0.01) and top[1] == pytest.approx(
        feet[1], abs=1
    )
    assert duckdb.sql(
        f"select min(sun) > 0, max(sun) <= 1 from '{tmp_path}/usual/truth/one.parquet'"
    ).fetchall() == [(True, True)]


def test_a_page_shows_what_cameras_saw(film):
    shown = run("synth", "show", film)
    assert shown.code == 0, shown.err
    page = (film / "top_view.html").read_text()
    assert "clips/one.mp4" in page and "Measured in simulation" in page


def test_a_pool_at_random(tmp_path):
    options = [
        "--seed",
        5,
        "--hours",
        0.0006,
        "--cameras",
        1,
        *"--size 320x180 --light infrared --fps".split(),
        5,
        "--quiet",
    ]
    assert run("synth", "pool", "--out", tmp_path / "a", *options).code == 0
    assert run("synth", "pool", "--out", tmp_path / "b", *options).code == 0
    files = sorted(
        path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()
    )
    assert len(files) == 14
    for path in files:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes(), path
    for bad, said in (
        (["--size", "321x180"], "--size is 321x180"),
        (["--light", "noon"], "noon"),
        (["--from", "late"], "--from is late"),
    ):
        refused = run("synth", "pool", "--out", tmp_path / "c", *bad)
        assert refused.code == 2 and said in refused.err, refused.err
    assert not (tmp_path / "c").exists()


def position_of(camera):
    """Position of a site's camera, in metres: -R^T t of its [R | t]."""
    pose = numpy.array(camera["cam_from_world"])
    return -pose[:, :3].T @ pose[:, 3]


def test_what_is_drawn_is_a_file(tmp_path):
    schema = jsonschema.Draft202012Validator(
        json.loads(
            (pathlib.Path(LIDO).parents[1] / "share/lido/randomisation.schema.json").read_text()
        )
    )
    ranges = tmp_path / "ranges.yaml"
    options = [
        "--randomise",
        ranges,
        "--hours",
        0.0005,
        "--cameras",
        2,
        "--size",
        "128x72",
        "--fps",
        2,
        "--quiet",
    ]
    ranges.write_text(
        "light: {infrared: 1}\nwave_m: [0, 0]\ncamera_height_m: [6, 7]\n"
        "noise: [0.04, 0.05]\ndirty: 1\ndirt: [0.9, 1]\n"
    )
    assert not list(schema.iter_errors(yaml.safe_load(ranges.read_text())))
    assert run("synth", "pool", "--out", tmp_path / "d", "--seed", 4, *options).code == 0
    site = yaml.safe_load((tmp_path / "d/site.yaml").read_text())
    assert (
        site["light"] == "infrared" and site["water"]["wave_m"] == 0 and len(site["cameras"]) == 2
    )
    assert all(
        6 <= position_of(camera)[2] <= 7
        and camera["dirt"] >= 0.9
        and 0.04 <= camera["noise"] <= 0.05
        for camera in site["cameras"]
    )
    for bad, said in (
        ("wave_m: [0.2, 0.1]", ":1: wave_m is a list, want the smaller number first"),
        ("light: {noon: 1}", ":1: light.noon is 1, want a light of clear"),
        ("degrees: 90", ":1: degrees is 90"),
        ("colour: [0, 1]", ":1: colour is not known"),
        ("light: {dusk: 0}", ":1: light is a map, want a weight above 0"),
    ):
        ranges.write_text(bad + "\n")
        refused = run("synth", "pool", "--out", tmp_path / "e", *options)
        assert (
            refused.code == 2 and f"{ranges}{said}" in refused.err and refused.err.count("\n") == 1
        ), refused.err
    assert not (tmp_path / "e").exists()


@pytest.mark.parametrize(
    "old, new, said",
    [
        (
            "fps: 5,",
            "fps: 5, overlay: [{kind: clock, text: x}],",
            ":8: cameras.0.overlay.0.text is x, want a text of a logo or a note only",
        ),
        (
            "at: [-1.5, -2, 3]",
            "at: [-1, -1, 0.15]",
            ":8: cameras.0.at is a list, want a camera at least",
        ),
        (
            "looks_at: [4, 2, 0]",
            "looks_at: [-1.5, -2, 0]",
            ":8: cameras.0.looks_at is a list, want a point that is not straight under",
        ),
        (
            "k: [-0.08]",
            "k: [-0.9]",
            ":8: cameras.0.k is a list, want a lens that does not fold back",
        ),
        (
            "name: two",
            "name: one",
            ":9: cameras.1 is a map, want a camera of another name than one",
        ),
        (
            "signal: one_arm",
            "signal: three_arms",
            ":6: people.1.does.0.signal is three_arms, want a signal that",
        ),
        ("light: cloudy", "light: foggy", ":10: light is foggy"),
        ("turbidity: 0.05", "turbidity: 5", ":11: water.turbidity is 5"),
        ("turbidity: 0.05", "level_m: 0.4", ":11: water.level_m is 0.4"),
    ],
)
def test_bad_cameras_are_refused_by_line(tmp_path, old, new, said):
    scene = tmp_path / "scene.yaml"
    scene.write_text(FILMED.replace(old, new))
    bad = run("synth", "scene", scene, "--out", tmp_path / "d")
    assert bad.code == 2 and f"{scene}{said}" in bad.err and bad.err.count("\n") == 1, bad.err
    assert not (tmp_path / "d").exists()
