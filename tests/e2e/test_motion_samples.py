# SPDX-License-Identifier: Apache-2.0
"""Samples of what moved in water where the detector found no person.

FFmpeg draws the clip: a still deck with a pattern, water that flickers in its middle, and a bright
block of 48 x 48 pixels that swims through the water from second 4 to second 12. Where the block is
follows from arithmetic, and no detector takes it for a person.
"""

import subprocess

import numpy as np
import pytest
from conftest import ingest, made, run, table

SIDE, SPEED, BEGIN, END = 48, 36, 4, 12
OPTIONS = ["--fps", 4, "--window", 4, "--stride", 2, "--scene", "on"]
# The detector takes the drawn pool for furniture; regions inside of objects are not proposed.
OPTIONS += ["--min-score", 0.95, "--new-score", 0.95]


def box_at(time_s):
    return 60 + SPEED * (time_s - BEGIN), 186, SIDE, SIDE


@pytest.fixture(scope="module")
def water(tmp_path_factory):
    """Twenty-four seconds at 8 frames a second."""
    clip = tmp_path_factory.mktemp("water") / "water.mp4"
    graph = (
        "color=gray:s=480x320:r=8:d=24,noise=alls=90:all_seed=3,gblur=1.5,format=yuv420p[deck];"
        "color=0x5080a0:s=480x120:r=8:d=24,noise=alls=40:allf=t:all_seed=5,gblur=1,"
        "format=yuv420p[pool];[deck][pool]overlay=y=150[empty];"
        f"color=white:s={SIDE}x{SIDE}:r=8:d=24[block];[empty][block]overlay="
        f"x='60+{SPEED}*(t-{BEGIN})':y=186:enable='between(t,{BEGIN},{END})',format=yuv420p"
    )
    subprocess.run(
        [*"ffmpeg -v error -filter_complex".split(), graph, *"-c:v libx264 -g 16".split(), clip],
        check=True,
    )
    return clip


@pytest.fixture(scope="module")
def dataset(water, tmp_path_factory):
    out = tmp_path_factory.mktemp("motion") / "d"
    labels = out.parent / "labels.csv"
    labels.write_text("clip,start_s,end_s,task,label\nwater.mp4,6,10,behaviour,drowning\n")
    summary = ingest(water, out, *OPTIONS, "--labels", labels, "--workers", 1)
    return out, summary, labels


def test_what_moves_in_water_is_cut_out_and_called_motion(dataset):
    out, summary, _ = dataset
    rows = table(out, "manifest")
    moving = [row for row in rows if row["source"] == "motion"]
    assert {row["source"] for row in rows} == {"motion", "frame"}
    shown = set()
    for row in moving:
        assert row["track"] > 0 and row["person"] == ""
        boxes = np.reshape(row["boxes"], (-1, 4))
        for i in range(4 - row["repeated"]):
            k = row["first_k"] + i
            shown.add(k)
            scale_x, scale_y, offset_x, offset_y = row["cutouts"][4 * i : 4 * i + 4]
            x, y, width, height = box_at(k / 4)
            middle = [(x + width / 2) * scale_x + offset_x, (y + height / 2) * scale_y + offset_y]
            box = boxes[i]
            assert box[0] < middle[0] < box[0] + box[2] and box[1] < middle[1] < box[1] + box[3]
    times = set(range(4 * BEGIN, 4 * END))
    assert shown <= times | {4 * END} and len(shown & times) >= 0.8 * len(times)
    # The label has no boxes, so that whole frames show it too. A moving thing is no person.
    (label,) = summary["label_seconds"]
    assert label["in_samples_s"] == pytest.approx(4) and label["in_person_samples_s"] == 0
    labelled = [row for row in moving if row["labels"]]
    assert labelled and {one["label"] for row in labelled for one in row["labels"]} == {"drowning"}


def test_the_division_of_the_work_changes_nothing(water, dataset, tmp_path):
    out, _, labels = dataset
    options = [*OPTIONS, "--labels", labels, "--span-s", 5, "--workers", 2]
    ingest(water, tmp_path / "d", *options)
    assert len(table(tmp_path / "d", "spans")) > 2
    assert made(tmp_path / "d") == made(out)


def test_samples_of_people_alone_have_none(water, tmp_path):
    done = run("ingest", water, "--out", tmp_path / "d", *OPTIONS, "--samples", "person", "--quiet")
    assert done.code == 0, done.err
    assert table(tmp_path / "d", "manifest") == []
