# SPDX-License-Identifier: Apache-2.0
"""Keypoints of people: the same for any division of the work, in tables, samples and drawings."""

import hashlib
import json
import os
import pathlib
import shutil
import tarfile

import numpy as np
import pyarrow.parquet
import pytest
from conftest import ingest, made, run, table

import lido

COCO = (
    "nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow "
    "right_elbow left_wrist right_wrist left_hip right_hip left_knee right_knee left_ankle "
    "right_ankle"
).split()
SCENE = "--scene on --fps 3 --window 4 --stride 2".split()
POSES = [*SCENE, "--poses", "movenet"]


@pytest.fixture(scope="module")
def dataset(people, tmp_path_factory):
    out = tmp_path_factory.mktemp("poses") / "d"
    ingest(people, out, *POSES, "--workers", 1)
    return out


def scene(dataset, name):
    (path,) = pathlib.Path(dataset).glob(f"scenes/*/{name}.parquet")
    return pyarrow.parquet.read_table(path).to_pylist()


def test_every_followed_person_has_a_pose_at_every_sampling_time(dataset):
    poses = {(p["track"], p["k"]): p for p in scene(dataset, "poses")}
    people = [o for o in scene(dataset, "objects") if o["class_name"] == "person" and o["track"]]
    assert len(people) >= 140
    for person in people:
        pose = poses[person["track"], person["k"]]
        assert pose["seen"] and pose["names"].split(",") == COCO
        box = [person[side] for side in ("x", "y", "width", "height")]
        assert [pose[side] for side in ("x", "y", "width", "height")] == box
        points = np.array(pose["keypoints"]).reshape(17, 3)
        assert abs(points[:, 2].mean() - pose["score"]) < 1e-6
        # They stand upright in full view, with their shoulders over their ankles.
        share = (points[:, 1] - box[1]) / box[3]
        beside = np.abs((points[:, 0] - box[0]) / box[2] - 0.5) < 0.65
        sure = points[:, 2] > 0.5
        assert beside[sure].mean() > 0.7 and sure.sum() >= 5
        if sure[5] and sure[15]:
            assert share[5] < 0.5 < share[15]


def test_spans_and_workers_change_nothing(people, dataset, tmp_path):
    ingest(people, tmp_path / "d", *POSES, "--span-s", "3", "--workers", "2")
    assert len(table(tmp_path / "d", "spans")) > 3
    assert made(tmp_path / "d") == made(dataset)


def test_samples_carry_the_keypoints_of_their_person(dataset):
    poses = {(p["track"], p["k"]): p for p in scene(dataset, "poses")}
    rows = table(dataset, "manifest")
    opened = lido.open(str(dataset))
    assert len(rows) == len(opened) >= 8
    for sample, row in zip(opened, rows, strict=True):
        found = sample.keypoints
        assert found.shape == (4, 17, 3) and found.dtype == np.float64
        assert np.array_equal(found.ravel(), np.array(row["keypoints"]), equal_nan=True)
        for i in range(4):
            pose = poses.get((row["track"], row["first_k"] + i))
            if pose is None:
                assert np.isnan(found[i]).all()
                continue
            scale_x, scale_y, offset_x, offset_y = row["cutouts"][4 * i : 4 * i + 4]
            wanted = np.array(pose["keypoints"]).reshape(17, 3)
            wanted *= [scale_x, scale_y, 1]
            wanted += [offset_x, offset_y, 0]
            assert np.allclose(found[i], wanted, atol=1e-4)
    with tarfile.open(next(dataset.glob("shards/*.tar"))) as shard:
        member = next(m for m in shard if m.name.endswith(".json"))
        about = json.load(shard.extractfile(member))
    row = next(r for r in rows if r["sample"] == about["sample"])
    known = [None if np.isnan(number) else number for number in row["keypoints"]]
    assert about["keypoints"] == known


def test_poses_are_drawn_and_forgotten(people, dataset, tmp_path):
    report = (dataset / "report.html").read_text()
    assert report.count("<circle") > 20
    out = shutil.copytree(dataset, tmp_path / "d")
    assert any(5 <= row["time_s"] < 12 for row in scene(out, "poses"))
    done = run("export", out, "--clip", "people.mp4", "--time", "5-12", "--out", tmp_path / "e")
    assert done.code == 0, done.err
    exported = pyarrow.parquet.read_table(tmp_path / "e/poses.parquet").to_pylist()
    assert {row["k"] for row in exported} >= set(range(15, 36))
    assert run("forget", out, "--clip", "people.mp4", "--time", "5-12").code == 0
    left = [row["time_s"] for row in scene(out, "poses")]
    assert left and not any(5 <= time_s < 12 for time_s in left)
    assert run("inspect", out, "--verify").code == 0


def test_a_dataset_keeps_its_pose_network(people, dataset, tmp_path):
    out = shutil.copytree(dataset, tmp_path / "d")
    identity = json.loads((out / "lido.json").read_text())
    assert "movenet " in json.dumps(identity)
    done = run("ingest", people, "--out", out, *SCENE, "--poses", "off")
    assert done.code == 2 and "poses" in done.err, done.err
    done = run("ingest", people, "--out", out, *SCENE, "--quiet")
    assert done.code == 0, done.err
    done = run("ingest", people, "--out", tmp_path / "e", "--scene", "off", "--poses", "movenet")
    assert done.code == 2 and "--poses movenet needs --scene on" in done.err


def test_another_pose_network_is_a_folder(people, tmp_path):
    """A network that finds the brightest and the darkest spot (tests/golden/make_outputs.py)."""
    bundle = tmp_path / "spots"
    bundle.mkdir()
    network = pathlib.Path(os.environ["LIDO_MODELS"]).parent / "networks/spots.onnx"
    shutil.copy(network, bundle)
    about = {
        "format": 1,
        "name": "spots",
        "licence": "Apache-2.0",
        "source": "made for a test",
        "model": "spots.onnx",
        "files": {"spots.onnx": hashlib.sha256(network.read_bytes()).hexdigest()},
        "input": {
            **{"width": 64, "height": 48, "batch": 4, "layout": "NCHW", "color": "RGB"},
            **{"mean": [0, 0, 0], "std": [1, 1, 1], "fill": 128},
        },
        "outputs": ["simcc_x", "simcc_y"],
        "keypoints": ["bright", "dark"],
        "decoding": {"kind": "simcc", "split": 2},
    }
    (bundle / "bundle.json").write_text(json.dumps(about))
    env = {"LIDO_MODELS": str(tmp_path / "models")}
    shutil.copytree(os.path.join(os.environ["LIDO_MODELS"], "nanodet"), tmp_path / "models/nanodet")
    added = run("models", "add", bundle, "--json", env=env)
    assert added.code == 0 and added.json["keypoints"] == 2, added.err
    options = "--fps 1 --poses spots --draw --json --quiet".split()
    done = run("scene", people, "--out", tmp_path / "s", *options, env=env)
    assert done.code == 0, done.err
    rows = pyarrow.parquet.read_table(tmp_path / "s/poses.parquet").to_pylist()
    assert len(rows) == done.json["poses"] >= 40
    assert {row["names"] for row in rows} == {"bright,dark"}
    assert (tmp_path / "s/drawn.mp4").stat().st_size > 0
    # A detector finds no keypoints, and a pose network no boxes.
    for options, words in (
        (["--poses", "nanodet"], "the bundle has 0 keypoints"),
        (["--detector", "spots"], 'kind is "simcc", want nanodet or yolox'),
        (["--poses", "none-such"], "poses none-such: no such model in"),
    ):
        done = run("scene", people, "--out", tmp_path / "s", *options, "--quiet", env=env)
        assert done.code == 2 and words in done.err and done.err.count("\n") == 1, done.err


def test_labelled_people_have_keypoints_too(people, dataset, tmp_path):
    """Boxes of labels that are the detector's give the keypoints of its table, found or not."""
    seen = [o for o in scene(dataset, "objects") if o["class_name"] == "person" and o["track"] == 1]
    # Sampling times 6 to 17, at 3 a second.
    boxes = {o["k"]: [o[side] for side in ("x", "y", "width", "height")] for o in seen}
    boxes = {k: box for k, box in boxes.items() if 6 <= k < 18}
    assert len(boxes) >= 10
    (tmp_path / "labels.csv").write_text(
        "clip,start_s,end_s,task,label,track\npeople.mp4,2,6,behaviour,standing,anna\n"
    )
    rows = [["people.mp4", "anna", k / 3, *box] for k, box in boxes.items()]
    text = "\n".join(",".join(map(str, row)) for row in rows)
    (tmp_path / "boxes.csv").write_text(f"clip,track,time_s,x,y,width,height\n{text}\n")
    labels = ["--labels", tmp_path / "labels.csv", "--label-boxes", tmp_path / "boxes.csv"]
    labels += ["--samples", "labels", "--split", "1/0/0"]
    ingest(people, tmp_path / "a", *POSES, *labels, "--workers", 1)
    poses = {(p["track"], p["k"]): p for p in scene(dataset, "poses")}
    compared = 0
    for row in table(tmp_path / "a", "manifest"):
        assert row["source"] == "label" and row["person"] == "anna"
        found = np.reshape(row["keypoints"], (4, 17, 3))
        for i in range(4 - row["repeated"]):
            if row["first_k"] + i not in boxes:
                continue
            wanted = np.reshape(poses[1, row["first_k"] + i]["keypoints"], (17, 3)).copy()
            scale_x, scale_y, offset_x, offset_y = row["cutouts"][4 * i : 4 * i + 4]
            wanted = wanted * [scale_x, scale_y, 1] + [offset_x, offset_y, 0]
            assert np.allclose(found[i], wanted, atol=1e-3)
            compared += 1
    assert compared >= 16
    ingest(people, tmp_path / "b", *POSES, *labels, "--span-s", "3", "--workers", "2")
    assert made(tmp_path / "b") == made(tmp_path / "a")


def swapped(keypoints):
    """Keypoints with left and right exchanged."""
    other = {"left": "right", "right": "left"}
    names = [name.split("_") for name in COCO]
    order = [COCO.index("_".join([other.get(n[0], n[0]), *n[1:]])) for n in names]
    return keypoints[:, order]


def test_the_loader_moves_keypoints_with_the_frames(dataset):
    splits = ("train", "val", "test")
    plain, moved = {}, {}
    # All samples of the clip's group are drawn the same in an epoch: 24 draws, seeded by its path.
    for augment, batches, epochs in ((False, plain, 1), (True, moved, 24)):
        for split in splits:
            options = {"split": split, "samples": "person", "batch_size": 4, "augment": augment}
            try:
                loader = lido.Loader(str(dataset), **options)
            except lido.LidoError as error:
                assert "no person samples" in str(error)
                continue
            assert loader.keypoints == lido.open(str(dataset)).keypoints == COCO
            for epoch in range(epochs):
                for batch in loader:
                    shape = (len(batch), 4, 17, 3)
                    assert batch.keypoints.shape == shape
                    for key, found in zip(batch.keys, batch.keypoints, strict=True):
                        batches[key, epoch] = found
    rows = {row["sample"]: row for row in table(dataset, "manifest")}
    mirrored = 0
    assert len(moved) == 24 * len(plain)
    assert {key for key, _ in moved} == {key for key, _ in plain} == rows.keys()
    for (key, _), found in moved.items():
        stored = plain[key, 0]
        wanted = np.reshape(rows[key]["keypoints"], (4, 17, 3))
        assert np.array_equal(stored, wanted, equal_nan=True)
        # One affine map moves all, and it turns the frame over where the sides are exchanged.
        errors, turns = [], []
        for before in (stored, swapped(stored)):
            known = ~np.isnan(before[..., 0])
            source = np.column_stack([before[known][:, :2], np.ones(known.sum())])
            target = found[known][:, :2]
            turn, *_ = np.linalg.lstsq(source, target, rcond=None)
            errors.append(np.abs(source @ turn - target).max())
            turns.append(np.linalg.det(turn[:2]) < 0)
        assert min(errors) < 1e-6 < max(errors)
        best = int(np.argmin(errors))
        assert turns[best] == bool(best)
        mirrored += best
    assert 0 < mirrored < len(moved)
