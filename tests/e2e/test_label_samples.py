# SPDX-License-Identifier: Apache-2.0
"""Samples along labels, and the seconds that they lose.

The clip shows a white square of 40 x 40 pixels that moves 20 pixels a second over black, drawn by
FFmpeg: where it is follows from arithmetic.
"""

import csv
import io
import subprocess
import tarfile

import numpy as np
import pytest
from conftest import content, ingest, made, run, table

SIDE, SPEED = 40, 20
OPTIONS = ["--fps", 4, "--window", 4, "--stride", 2, "--samples", "labels"]


def box_at(time_s):
    return 10 + SPEED * time_s, 60, SIDE, SIDE


@pytest.fixture(scope="module")
def square(tmp_path_factory):
    """Twelve seconds at 12 frames a second, a random access point a second."""
    clip = tmp_path_factory.mktemp("square") / "square.mp4"
    graph = f"color=black:s=320x160:r=12:d=12[b];color=white:s={SIDE}x{SIDE}:r=12:d=12[w];"
    graph += f"[b][w]overlay=x='10+{SPEED}*t':y=60"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-filter_complex", graph, *"-c:v libx264 -g 12".split(), clip],
        check=True,
    )
    return clip


def write_labels(folder, intervals, boxes=()):
    """labels.csv of (start, end, label, track), label_boxes.csv of (track, time)."""
    rows = ["clip,start_s,end_s,task,label,track"]
    rows += [f"square.mp4,{a},{b},behaviour,{name},{track}" for a, b, name, track in intervals]
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow("clip track time_s x y width height".split())
    for track, time_s in boxes:
        table.writerow(["square.mp4", track, time_s, *box_at(time_s)])
    (folder / "label_boxes.csv").write_text(text.getvalue())
    given = ["--labels", folder / "labels.csv"]
    return given + (["--label-boxes", folder / "label_boxes.csv"] if boxes else [])


def images(dataset, row):
    """The frames of a sample as arrays, decoded by FFmpeg."""
    with tarfile.open(dataset / row["shard"]) as shard:
        names = [f"{row['sample']}.{i:03}.jpg" for i in range(len(row["pts"]))]
        data = b"".join(shard.extractfile(name).read() for name in names)
    raw = subprocess.run(
        "ffmpeg -v quiet -f mjpeg -i - -fps_mode passthrough -f rawvideo -pix_fmt gray -".split(),
        input=data,
        capture_output=True,
        check=True,
    ).stdout
    return np.frombuffer(raw, np.uint8).reshape(len(row["pts"]), 224, 224)


def test_a_labelled_person_is_cut_out_where_the_labels_say(square, tmp_path):
    given = write_labels(
        tmp_path, [(1, 4, "swimming", 7), (6, 6.5, "diving", 7)], [(7, t) for t in range(1, 8)]
    )
    summary = ingest(square, tmp_path / "d", *OPTIONS, *given)
    rows = table(tmp_path / "d", "manifest")
    # The labels hold sampling times 4 to 15, and 24 and 25; boxes are each second.
    assert [(row["first_k"], row["repeated"]) for row in rows] == [
        *[(k, 0) for k in (4, 6, 8, 10, 12)],
        (24, 2),
    ]
    for row in rows:
        assert row["source"] == "label" and row["person"] == "7" and row["track"] == 1
        shown = images(tmp_path / "d", row)
        for i, image in enumerate(shown):
            # The square fills 1 / 1.25 of the side, in the middle.
            assert image[112, 112] > 200 and image[40, 112] > 200 and image[112, 40] > 200
            assert image[8, 112] < 60 and image[112, 8] < 60 and image[216, 112] < 60, i
        seen = [(row["first_k"] + i) % 4 == 0 for i in range(4 - row["repeated"])]
        assert row["seen"] == seen + [False] * row["repeated"]
    names = {one["label"]: one for one in summary["label_seconds"]}
    assert names["swimming"]["labelled_s"] == pytest.approx(3)
    assert names["swimming"]["in_samples_s"] == pytest.approx(3)
    assert names["swimming"]["in_person_samples_s"] == pytest.approx(3)
    assert names["diving"]["in_samples_s"] == pytest.approx(0.5)
    assert all(one["overlap"] > 0 for row in rows for one in row["labels"])


def test_labels_without_boxes_give_whole_frames(square, tmp_path):
    given = write_labels(tmp_path, [(2, 3, "drowning", "")])
    summary = ingest(square, tmp_path / "d", *OPTIONS, *given)
    rows = table(tmp_path / "d", "manifest")
    # Windows of 4 from even times that touch the sampling times 8 to 11.
    assert [row["first_k"] for row in rows] == [6, 8, 10]
    assert {row["source"] for row in rows} == {"frame"} and {row["track"] for row in rows} == {0}
    assert [row["labels"][0]["overlap"] for row in rows] == [0.5, 1, 0.5]
    (drowning,) = summary["label_seconds"]
    assert drowning["in_samples_s"] == pytest.approx(1) and drowning["in_person_samples_s"] == 0


def test_lost_seconds_are_named_and_a_label_in_no_sample_is_exit_code_3(square, tmp_path):
    """Windows of half a second every two seconds: what is between them is lost."""
    given = write_labels(tmp_path, [(0, 4, "swimming", ""), (1, 1.5, "drowning", "")])
    options = ["--fps", 4, "--window", 2, "--stride", 8, "--samples", "frame"]
    summary = ingest(square, tmp_path / "d", *options, *given, code=3)
    drowning, swimming = summary["label_seconds"]
    assert drowning["label"] == "drowning" and drowning["in_samples_s"] == 0
    assert [(one["start_s"], one["end_s"]) for one in drowning["lost"]] == [(1, 1.5)]
    assert swimming["in_samples_s"] == pytest.approx(1)
    assert [(one["start_s"], one["end_s"]) for one in swimming["lost"]] == [(0.5, 2), (2.5, 4)]
    shown = run("inspect", tmp_path / "d").out
    assert "in no sample: square.mp4 1.00-1.50 s" in shown, shown
    assert run("inspect", tmp_path / "d", "--json").json["label_seconds"] == [drowning, swimming]
    assert "Seconds of labels" in (tmp_path / "d/report.html").read_text()
    again = run("label", tmp_path / "d", *given)
    assert again.code == 3, again.err
    assert "3.5 s of labels are in no sample" in again.out, again.out
    assert "--samples labels --labels" in again.out
    # The table of labels forgets with the footage.
    assert run("forget", tmp_path / "d", "--clip", square, "--time", "0:02-0:03").code == 0
    drowning, swimming = run("inspect", tmp_path / "d", "--json").json["label_seconds"]
    assert drowning["labelled_s"] == pytest.approx(0.5)
    assert swimming["labelled_s"] == pytest.approx(3)
    assert swimming["in_samples_s"] == pytest.approx(0.5)


def test_a_label_shorter_than_a_sampling_interval_is_in_a_sample(square, tmp_path):
    """Sampling times are 0.25 s apart, and neither label holds one."""
    given = write_labels(
        tmp_path,
        [(1.30, 1.40, "diving", 7), (6.40, 6.45, "drowning", "")],
        [(7, t) for t in (1, 2)],
    )
    summary = ingest(square, tmp_path / "d", *OPTIONS, *given)
    for one, seconds in zip(summary["label_seconds"], (0.1, 0.05), strict=True):
        assert one["labelled_s"] == pytest.approx(seconds)
        assert one["in_samples_s"] == pytest.approx(seconds) and one["lost"] == []
    rows = table(tmp_path / "d", "manifest")
    dives = [row for row in rows if row["source"] == "label"]
    assert [(row["first_k"], row["repeated"]) for row in dives] == [(5, 3)]
    # 1.25 s is closest to 1.35 s, and 6.5 s to 6.425 s.
    shown = images(tmp_path / "d", dives[0])
    assert shown[0][112, 112] > 200 and shown[0][8, 112] < 60
    for row in rows:
        if row["source"] == "frame":
            assert row["first_k"] <= 26 < row["first_k"] + 4
            assert [one["label"] for one in row["labels"]] == ["drowning"]


def test_the_division_of_the_work_changes_nothing(square, tmp_path):
    given = write_labels(
        tmp_path,
        [(0.3, 11.6, "swimming", 7), (2, 9, "rain", "")],
        [(7, t / 4) for t in range(1, 47) if t not in (20, 21)],
    )
    ingest(square, tmp_path / "a", *OPTIONS, *given, "--workers", 1)
    ingest(square, tmp_path / "b", *OPTIONS, *given, "--workers", 2)
    assert content(tmp_path / "a") == content(tmp_path / "b")
    ingest(square, tmp_path / "c", *OPTIONS, *given, "--span-s", 2)
    assert made(tmp_path / "c") == made(tmp_path / "a")
    (label, _) = run("inspect", tmp_path / "a", "--json").json["label_seconds"][::-1]
    assert label["label"] == "swimming" and label["in_person_samples_s"] == pytest.approx(
        label["labelled_s"]
    )


def test_bad_boxes_are_refused_by_line(square, tmp_path):
    write_labels(tmp_path, [(0, 1, "swimming", 7)], [(7, 0)])
    boxes = tmp_path / "label_boxes.csv"
    boxes.write_text(boxes.read_text() + "square.mp4,7,1,0,0,-4,4\n")
    done = run(
        *["ingest", square, "--out", tmp_path / "d", *OPTIONS, "--label-boxes", boxes],
        *["--labels", tmp_path / "labels.csv"],
    )
    assert done.code == 2 and done.err.count("\n") == 1, done.err
    assert "label_boxes.csv: line 3: the box is -4 x 4 pixels" in done.err
    done = run("ingest", square, "--out", tmp_path / "d", *OPTIONS)
    assert done.code == 2 and "--samples labels needs --labels FILE" in done.err
