# SPDX-License-Identifier: Apache-2.0
"""The keypoint stream of lido train people, on films of noise with a bright square.

The square is high or low in the box of a labelled person, and a network that finds the brightest
spot (tests/golden/make_outputs.py) is their pose network. All figures are of simulated footage.
"""

import hashlib
import json
import os
import pathlib
import random
import shutil
import subprocess

import halves
import numpy as np
import onnx
import onnxruntime
import pyarrow.parquet
import pytest
from conftest import ingest, run, table

SECONDS, FPS, FRAMES, SIZE = 6, 6, 4, 32
QUICK = ["--threads", 1, "--batch-size", 16, "--average", 0.8, "--patience", 0, "--quiet"]
QUICK += ["--footage", "simulated"]
CLASSES = ("high", "low")


def bundle(folder):
    """The pose network, as a bundle."""
    folder.mkdir()
    network = pathlib.Path(os.environ["LIDO_MODELS"]).parent / "networks/spots.onnx"
    shutil.copy(network, folder)
    about = {
        **{"format": 1, "name": "spots", "licence": "Apache-2.0", "source": "made for a test"},
        "model": "spots.onnx",
        "files": {"spots.onnx": hashlib.sha256(network.read_bytes()).hexdigest()},
        "input": {
            **{"width": 64, "height": 48, "batch": 4, "layout": "NCHW", "color": "RGB"},
            **{"mean": [0, 0, 0], "std": [1, 1, 1], "fill": 128},
        },
        **{"outputs": ["simcc_x", "simcc_y"], "keypoints": ["bright", "dark"]},
        "decoding": {"kind": "simcc", "split": 2},
    }
    (folder / "bundle.json").write_text(json.dumps(about))
    return folder


def film(path, number):
    """A square that is high for some seconds, then low; each film has it at another place."""
    square = f"drawbox=x={6 + 5 * number}:y={{}}:w=12:h=12:color=white:t=fill:enable='{{}}'"
    high, low = square.format(6, f"lt(t,{SECONDS})"), square.format(46, f"gte(t,{SECONDS})")
    source = f"color=gray:s=64x64:r={FPS}:d={2 * SECONDS},{high},{low}"
    noise = f"noise=alls=40:allf=t:all_seed={number}"
    command = ["ffmpeg", *"-v error -nostdin -f lavfi -i".split(), source, "-vf", noise]
    subprocess.run(
        [*command, *"-c:v libx264 -preset ultrafast -threads 1".split(), path], check=True
    )


def write_labels(path, films, label_of):
    """A label of one person for each second. @param label_of  Gives it of clip and second."""
    rows = ["clip,start_s,end_s,task,label,track"]
    rows += [
        f"{clip},{second},{second + 1},place,{label_of(clip, second)},1"
        for clip in films
        for second in range(2 * SECONDS)
    ]
    path.write_text("\n".join(rows) + "\n")


def write_boxes(path, films):
    rows = ["clip,track,time_s,x,y,width,height"]
    rows += [f"{clip},1,{second},2,2,60,60" for clip in films for second in range(2 * SECONDS + 1)]
    path.write_text("\n".join(rows) + "\n")


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keypoints")
    clips = {}
    for number, group in enumerate([*halves.GROUPS, "pool_2", "pool_3"]):
        clips[folder / f"{group}.mp4"] = group
        film(folder / f"{group}.mp4", number)
    rows = [f"{clip},{group}" for clip, group in clips.items()]
    (folder / "clips.csv").write_text("\n".join(["clip,group", *rows]) + "\n")
    write_labels(folder / "labels.csv", clips, lambda clip, second: CLASSES[second // SECONDS])
    write_boxes(folder / "boxes.csv", clips)
    return folder, list(clips)


def dataset_of(folder, out, *options):
    shape = f"--fps {FPS} --window {FRAMES} --stride {FRAMES} --person-size {SIZE} --split 60/20/20"
    given = ["--labels", folder / "labels.csv", "--label-boxes", folder / "boxes.csv"]
    ingest(folder / "clips.csv", out, *shape.split(), "--samples", "labels", *given, *options)
    return out


@pytest.fixture(scope="module")
def data(films):
    """A dataset of 144 samples with keypoints."""
    folder, _ = films
    return dataset_of(folder, folder / "d", "--scene", "on", "--poses", bundle(folder / "spots"))


@pytest.fixture(scope="module")
def without(films):
    """A dataset of the same samples without keypoints."""
    return dataset_of(films[0], films[0] / "without", "--scene", "off")


def train(data, out, *options, epochs=8):
    flags = ["--data", data, "--out", out, "--epochs", epochs, "--json", *QUICK]
    done = run("train", "people", *flags, *options)
    assert done.code == 0, done.err + done.out
    return done.json


def evaluate(out, data, *options):
    done = run("eval", out / "model", "--data", data, "--json", "--quiet", *options)
    assert done.code == 0, done.err
    return done.json


@pytest.fixture(scope="module")
def both(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("both") / "r"
    return out, train(data, out)


def test_a_network_of_both_streams_beats_chance_with_either(data, without, both):
    out, done = both
    assert done["export_difference"] <= 1e-4
    found = evaluate(out, data)
    figures = found["tasks"]["place"]
    # Two classes of equal size: chance has a macro-F1 of 0.5, with a deviation of 0.08.
    assert figures["samples"] >= 36 and figures["majority_macro_f1"] < 0.4
    assert figures["macro_f1"] >= 0.9, figures
    worth = {streams: by_task["place"] for streams, by_task in found["streams"].items()}
    assert list(worth) == ["frames", "keypoints", "frames,keypoints"]
    assert worth["frames,keypoints"] == figures["macro_f1"] and worth["keypoints"] >= 0.9, worth
    # Images alone are those of a dataset without keypoints, to the last bit.
    alone = evaluate(out, without)
    assert alone["missing_stream"] == "keypoints" and "streams" not in alone
    assert alone["tasks"]["place"]["macro_f1"] == worth["frames"]
    described = json.loads((out / "model/model.json").read_text())
    page = (out / "report.html").read_text()
    for streams, title in (("frames", "the images alone"), ("keypoints", "the keypoints alone")):
        value = described["streams"][streams]["place"]
        assert f"<th>{title}<td class=n>{value:.3f}" in page


def features_of(row):
    """The input of the table in docs/training.md, one number after another."""
    points = np.array(row["keypoints"]).reshape(FRAMES, 2, 3)
    boxes = np.array(row["boxes"]).reshape(FRAMES, 4)
    mapping = np.array(row["cutouts"]).reshape(FRAMES, 4)
    side = SIZE / mapping[:, 0]
    middle = (SIZE / 2 - mapping[:, 2:]) / mapping[:, :2]
    frames = []
    for i in range(FRAMES):
        numbers = []
        for x, y, score in points[i]:
            score = min(max(score, 0), 1)
            numbers += [score * (x / (SIZE / 2) - 1), score * (y / (SIZE / 2) - 1), score]
        before = max(i - 1, 0)
        numbers += [0 if np.isnan(points[i]).all() else 1, *(boxes[i, 2:] / SIZE)]
        numbers += [*(5 * (middle[i] - middle[before]) / side[before])]
        numbers += [*((middle[i] - middle[0]) / side[0]), np.log(side[i] / side[0])]
        frames.append(numbers)
    return np.nan_to_num(np.array(frames, np.float32))


def test_keypoints_alone_are_a_model_that_others_can_run(data, without, tmp_path):
    out = tmp_path / "r"
    train(data, out, "--streams", "keypoints")
    figures = evaluate(out, data, "--predictions", tmp_path / "p.parquet")["tasks"]["place"]
    assert figures["macro_f1"] >= 0.9, figures
    onnx.checker.check_model(onnx.load(out / "model/model.onnx"), full_check=True)
    session = onnxruntime.InferenceSession(out / "model/model.onnx")
    assert [(port.name, port.shape[1:]) for port in session.get_inputs()] == [
        ("keypoints", [FRAMES, 14])
    ]
    samples = {row["sample"]: row for row in table(data, "manifest")}
    head = json.loads((out / "model/model.json").read_text())["heads"][0]
    rows = pyarrow.parquet.read_table(tmp_path / "p.parquet").to_pylist()
    for row in rows[::5]:
        given = {"keypoints": features_of(samples[row["sample"]])[None]}
        logits = session.run([head["output"]], given)[0][0]
        odds = np.exp((logits - logits.max()) / head["temperature"])
        np.testing.assert_allclose(odds / odds.sum(), row["probabilities"], atol=1e-3)
    film = pathlib.Path(next(iter(samples.values()))["clip"])
    done = predict(out / "model", film, tmp_path / "q.parquet")
    assert done.code == 2 and "--poses is missing, want a table of keypoints" in done.err
    done = run("eval", out / "model", "--data", without)
    assert done.code == 2 and "its keypoints are none, want bright,dark" in done.err
    assert done.err.count("\n") == 1


def write_poses(path, rows, change=lambda points: points):
    """A table of the keypoints of samples, in source pixels: the samples do not overlap."""
    poses = []
    for row in rows:
        points = np.array(row["keypoints"]).reshape(FRAMES, -1, 3)
        for i, mapping in enumerate(np.array(row["cutouts"]).reshape(FRAMES, 4)):
            source = points[i].copy()
            source[:, :2] = (source[:, :2] - mapping[2:]) / mapping[:2]
            place = {"clip": row["clip"], "time_s": row["start_s"] + i / FPS, "track": 7}
            box = {"x": 2.0, "y": 2.0, "width": 60.0, "height": 60.0}
            poses.append(place | box | {"keypoints": change(source).ravel().tolist()})
    unique = {row["time_s"]: row for row in poses}
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(unique.values())), path)


def predict(model, clip, out, *options):
    return run("predict", model, clip, "--predictions", out, "--json", "--quiet", *options)


def test_predict_takes_keypoints_of_a_table(films, data, both, tmp_path):
    """Its windows get the probabilities that eval gives for the dataset's."""
    model, clip = both[0] / "model", str(films[0] / "pool_2.mp4")
    rows = [row for row in table(data, "manifest") if row["clip"] == clip]
    write_poses(tmp_path / "poses.parquet", rows)
    given = ["--poses", tmp_path / "poses.parquet", "--stride", FRAMES]
    done = predict(model, clip, tmp_path / "p.parquet", *given)
    assert done.code == 0 and "missing_stream" not in done.json, done.err
    evaluate(both[0], data, "--predictions", tmp_path / "e.parquet")
    wanted = pyarrow.parquet.read_table(tmp_path / "e.parquet").to_pylist()
    wanted = {row["start_s"]: row for row in wanted if row["clip"] == clip}
    found = pyarrow.parquet.read_table(tmp_path / "p.parquet").to_pylist()
    same = [row for row in found if row["start_s"] in wanted]
    assert len(same) >= 15
    for row in same:
        assert row["track"] == 7
        assert row["probabilities"] == pytest.approx(
            wanted[row["start_s"]]["probabilities"], abs=1e-3
        )


def test_predict_says_what_it_has_no_keypoints_for(films, data, both, tmp_path):
    model, clip = both[0] / "model", films[0] / "pool_2.mp4"
    done = predict(model, clip, tmp_path / "p.parquet")
    assert done.code == 0 and done.json["missing_stream"] == "keypoints", done.err
    warning = f"lido: warning: {clip}: predicted without the stream keypoints; --poses gives it"
    assert warning in done.err
    rows = [row for row in table(data, "manifest") if row["clip"] == str(clip)]
    write_poses(tmp_path / "one.parquet", rows, lambda points: points[:1])
    done = predict(model, clip, tmp_path / "q.parquet", "--poses", tmp_path / "one.parquet")
    assert done.code == 2 and "track 7 has 1 keypoint at 0 s, want the 2 of" in done.err, done.err
    assert done.err.count("\n") == 1 and not (tmp_path / "q.parquet").exists()


def test_shuffled_labels_drop_keypoints_to_chance(films, data, tmp_path):
    """Each second gets a label drawn with a coin: nothing can be learnt."""
    folder, clips = films
    shutil.copytree(data, tmp_path / "d")
    coin = random.Random(4)
    write_labels(tmp_path / "labels.csv", clips, lambda clip, second: coin.choice(CLASSES))
    done = run(*("label", tmp_path / "d", "--labels", tmp_path / "labels.csv"),
               *("--label-boxes", folder / "boxes.csv", "--json"))  # fmt: skip
    assert done.code in (0, 3), done.err
    train(tmp_path / "d", tmp_path / "r", "--streams", "keypoints")
    figures = evaluate(tmp_path / "r", tmp_path / "d")["tasks"]["place"]
    assert figures["samples"] >= 36
    assert 0.2 < figures["macro_f1"] < 0.75, figures


def test_keypoints_that_are_not_there_are_refused_in_one_line(without, data, tmp_path):
    for options, message in (
        (["--data", without, "--streams", "keypoints"], "streams is keypoints, want frames: the"),
        (["--data", without, "--streams", "frames,keypoints"], "have no keypoints"),
        (["--data", data, "--streams", "poses"], "auto, frames, keypoints, frames,keypoints"),
        (["--data", data, "--stream-dropout", 0.6], "0.6, want 0 to 0.5"),
    ):
        done = run("train", "people", "--out", tmp_path / "r", *options, *QUICK)
        assert done.code == 2 and message in done.err, done.err
        assert done.err.count("\n") == 1 and not (tmp_path / "r").exists()
    plan = run("train", "people", "--data", without, "--dry-run", "--json", *QUICK).json
    assert plan["input"]["streams"] == "frames"


def test_two_workers_give_the_bytes_of_one(data, tmp_path):
    train(data, tmp_path / "alone", "--micro-batches", 4, epochs=2)
    options = {"samples": "person", "micro_batches": 4, "epochs": 2, "no_augment": False}
    halves.prepare(data, tmp_path / "r", footage="simulated", **options)
    for process in halves.start_workers(tmp_path / "r", 2):
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert halves.results(tmp_path / "r") == halves.results(tmp_path / "alone")
