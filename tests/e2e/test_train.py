# SPDX-License-Identifier: Apache-2.0
"""lido train and lido eval, on people that the simulator draws: they stand or tread water.

All figures here are of simulated footage.
"""

import contextlib
import csv
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import tarfile
import time

import cv2
import duckdb
import numpy as np
import onnx
import onnxruntime
import pyarrow
import pyarrow.parquet
import pytest
import yaml
from conftest import LIDO, VIDEO, ingest, run
from test_network import attempts

# Groups whose hash puts them into these splits, of shares 60/20/20.
SPLITS = {f"pool_{number}": "train" for number in range(5, 10)}
SPLITS |= {"pool_1": "val", "pool_2": "test", "pool_3": "test"}
SECONDS, FPS, WINDOW, SIZE = 4, 6, 4, 48
CLASSES = "behaviour=standing,treading"
QUICK = ["--classes", CLASSES, "--threads", 1, "--batch-size", 16, "--average", 0.9]
QUICK += ["--footage", "simulated"]


def scene(name):
    """Four adults stand on the deck and four tread water, at places drawn from the name."""
    draw = random.Random(name)
    people = []
    for i in range(4):
        for y, behaviour in (
            (draw.uniform(-1.8, -0.8), "standing"),
            (draw.uniform(1.5, 4), "treading"),
        ):
            at = [round(1 + 2 * i + draw.uniform(-0.5, 0.5), 2), round(y, 2)]
            does = [{"behaviour": behaviour, "for_s": 60}]
            people.append({"age_years": draw.randint(20, 60), "at": at, "does": does})
    camera = {"name": name, "at": [4.5, -4, 3], "looks_at": [4.5, 1, 0], "degrees": 80}
    return {
        "seed": draw.randrange(1000),
        "duration_s": SECONDS,
        "pool": {
            "outline": [[0, 0], [9, 0], [9, 5], [0, 5]],
            **{"shallow_m": 1.8, "deep_m": 2.2, "deck_m": 3},
            **{"ways_in": [[0, 2]], "gate": [-1.5, 2]},
        },
        "people": people,
        "cameras": [{**camera, "width": 480, "height": 270, "fps": FPS}],
        "light": draw.choice(["cloudy", "clear"]),
        "water": {"wave_m": 0.02, "turbidity": 0.05},
    }


def merge(films, out):
    """One list of clips, one file of labels and one of boxes for several films."""
    clips, labels, boxes = ["clip,group"], [], []
    for name, folder in films.items():
        clips.append(f"{folder}/clips/{name}.mp4,{name}")
        rows = list(csv.DictReader((folder / "labels.csv").open()))
        labels += [row | {"clip": f"{folder}/{row['clip']}"} for row in rows]
        table = pyarrow.parquet.read_table(folder / "label_boxes.parquet")
        place = table.schema.get_field_index("clip")
        paths = pyarrow.array([f"{folder}/{clip}" for clip in table["clip"].to_pylist()])
        boxes.append(table.set_column(place, "clip", paths))
    (out / "clips.csv").write_text("\n".join(clips) + "\n")
    write_labels(out / "labels.csv", labels)
    pyarrow.parquet.write_table(pyarrow.concat_tables(boxes), out / "boxes.parquet")
    return labels


def write_labels(path, labels):
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(labels[0]))
        table.writeheader()
        table.writerows(labels)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    """A dataset of 450 windows of simulated people, and its labels."""
    folder = tmp_path_factory.mktemp("train")
    films = {}
    for name in SPLITS:
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(scene(name)))
        done = run("synth", "scene", folder / f"{name}.yaml", "--out", folder / name, "--quiet")
        assert done.code == 0, done.err
        films[name] = folder / name
    labels = merge(films, folder)
    options = f"--fps {FPS} --window {WINDOW} --stride 3 --person-size {SIZE} --samples labels"
    given = ["--labels", folder / "labels.csv", "--label-boxes", folder / "boxes.parquet"]
    ingest(folder / "clips.csv", folder / "d", *options.split(), "--split", "60/20/20", *given)
    rows = pyarrow.parquet.read_table(folder / "d/generations/000001/manifest.parquet").to_pylist()
    assert {(row["group"], row["split"]) for row in rows} == set(SPLITS.items())
    return folder / "d", labels


def train(data, out, *options, code=0, **more):
    done = run("train", "people", "--data", data, "--out", out, "--json", *options, **more)
    assert done.code == code, done.err + done.out
    return done


def evaluate(model, data, *options):
    done = run("eval", model, "--data", data, "--json", "--quiet", *options)
    assert done.code == 0, done.err
    return done.json["tasks"]["behaviour"]


@pytest.fixture(scope="module")
def trained(simulated, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "r"
    return out, train(simulated[0], out, *QUICK, "--epochs", 6)


def frames_of(dataset, key, shard):
    """Frames of a sample, read with tarfile and OpenCV."""
    with tarfile.open(dataset / shard) as archive:
        names = [f"{key}.{i:03}.jpg" for i in range(WINDOW)]
        jpegs = [np.frombuffer(archive.extractfile(name).read(), np.uint8) for name in names]
    images = [cv2.imdecode(jpeg, cv2.IMREAD_COLOR) for jpeg in jpegs]
    return np.stack([cv2.cvtColor(image, cv2.COLOR_BGR2RGB) for image in images])


def test_a_trained_model_beats_chance_on_footage_it_has_not_seen(simulated, trained, tmp_path):
    out, done = trained
    assert done.json["export_difference"] <= 1e-4
    assert [json.loads(line)["steps_total"] for line in done.err.splitlines()], done.err
    predictions = tmp_path / "predictions.parquet"
    figures = evaluate(out / "model", simulated[0], "--predictions", predictions)
    # Two classes of about equal size: the majority has a macro-F1 of 1/3, chance has 1/2 with a
    # deviation below 0.05. A broken pipeline does not reach 0.8.
    assert figures["samples"] > 80 and figures["majority_macro_f1"] < 0.4
    assert figures["macro_f1"] >= 0.8, figures
    # DuckDB finds the same figures in the predictions.
    recomputed = duckdb.sql(
        f"""with p as (from '{predictions}' where label <> ''), c as (
        select label as class, (select count(*) from p where label = class) as n,
        (select count(*) from p where predicted = class) as m,
        (select count(*) from p where label = class and predicted = class) as hits
        from (select distinct label from p))
        select avg(2.0 * hits / (n + m)), sum(hits) / sum(n) from c"""
    ).fetchall()[0]
    assert recomputed == pytest.approx((figures["macro_f1"], figures["accuracy"]), abs=1e-9)


def test_onnxruntime_gives_the_predictions(simulated, trained, tmp_path):
    dataset, (out, _) = simulated[0], trained
    model = json.loads((out / "model/model.json").read_text())
    onnx.checker.check_model(onnx.load(out / "model/model.onnx"), full_check=True)
    session = onnxruntime.InferenceSession(out / "model/model.onnx")
    evaluate(out / "model", dataset, "--predictions", tmp_path / "p.parquet")
    rows = pyarrow.parquet.read_table(tmp_path / "p.parquet").to_pylist()
    manifest = pyarrow.parquet.read_table(dataset / "generations/000001/manifest.parquet")
    shards = {row["sample"]: row["shard"] for row in manifest.to_pylist()}
    assert len(rows) == sum(s == "test" for s in manifest["split"].to_pylist())
    head = model["heads"][0]
    for row in rows[::20]:
        frames = frames_of(dataset, row["sample"], shards[row["sample"]])
        logits = session.run([head["output"]], {"frames": frames[None].astype(np.float32)})[0][0]
        odds = np.exp((logits - logits.max()) / head["temperature"])
        np.testing.assert_allclose(odds / odds.sum(), row["probabilities"], atol=1e-3)
        assert row["classes"] == head["classes"] == ["standing", "treading"]


def test_a_run_is_described(simulated, trained):
    out, done = trained
    assert sorted(path.name for path in out.iterdir()) == [
        *("checkpoints", "config.yaml", "metrics.parquet", "model"),
        *("report.html", "run.json", "tensorboard"),
    ]
    config = yaml.safe_load((out / "config.yaml").read_text())
    assert config["classes"] == CLASSES and config["threads"] == 1
    described = json.loads((out / "run.json").read_text())
    counts = described["classes"]["behaviour"]
    assert counts["standing"]["train"] + counts["treading"]["train"] > 200
    card = (out / "model/card.md").read_text()
    assert "measured in simulation" in card and described["revision"] in card
    scores = duckdb.sql(
        f"select epoch, value from '{out}/metrics.parquet' where name = 'score' order by epoch"
    ).fetchall()
    assert [epoch for epoch, _ in scores] == list(range(done.json["epochs"]))
    assert max(value for _, value in scores) == done.json["best_score"]
    losses = duckdb.sql(
        f"select value from '{out}/metrics.parquet' where name = 'loss' and split = 'train' "
        "order by step"
    ).fetchall()
    assert losses[-1] < losses[0]


def masked_crc(data):
    """The checksum of a record: CRC-32C (RFC 3720) bit by bit, rotated, and a constant added."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def scalars_of(file):
    """Scalars of an event file by name, from the layout of records and of Protocol Buffers."""
    data, scalars = file.read_bytes(), {}
    while data:
        length, of_length = struct.unpack("<QI", data[:12])
        event, data = data[12 : 12 + length], data[12 + length :]
        assert of_length == masked_crc(struct.pack("<Q", length))
        assert struct.unpack("<I", data[:4]) == (masked_crc(event),)
        data = data[4:]
        found = re.search(rb"\n.([a-z0-9_/]+)\x15(.{4})$", event, re.DOTALL)
        if found:
            scalars[found[1].decode()] = struct.unpack("<f", found[2])[0]
    return scalars


def test_a_run_has_a_page_and_events(trained):
    out, done = trained
    files = sorted((out / "tensorboard").iterdir())
    assert len(files) == done.json["epochs"]
    rows = pyarrow.parquet.read_table(out / "metrics.parquet").to_pylist()
    for epoch, file in enumerate(files):
        wanted = {}
        for row in rows:
            if row["epoch"] == epoch:
                name = "/".join(filter(None, (row["split"], row["task"], row["name"])))
                wanted[name] = row["value"]
        assert "val/behaviour/macro_f1" in wanted and "train/loss" in wanted
        assert scalars_of(file) == pytest.approx(wanted, rel=1e-6, nan_ok=True)
    page = (out / "report.html").read_text()
    assert "measured in simulation" in page and "<polyline" in page
    figures = json.loads((out / "model/model.json").read_text())["figures"]["behaviour"]
    assert f"<b>{figures['macro_f1']:.3f}</b><span>macro-F1" in page
    samples = figures["classes"][1]["samples"]
    assert samples > 20 and f"<th>treading<td class=n>{samples}<td" in page


def test_shuffled_labels_drop_to_chance(simulated, tmp_path):
    """Each second of each person gets a label drawn with a coin: nothing can be learnt."""
    dataset, labels = simulated
    shutil.copytree(dataset, tmp_path / "d")
    coin = random.Random(1)
    people = {(row["clip"], row["track"]) for row in labels}
    rows = [
        {"clip": clip, "start_s": second, "end_s": second + 1, "task": "behaviour", "track": track}
        | {"label": coin.choice(["standing", "treading"])}
        for clip, track in sorted(people)
        for second in range(SECONDS)
    ]
    write_labels(tmp_path / "labels.csv", rows)
    boxes = dataset.parent / "boxes.parquet"
    done = run(*("label", tmp_path / "d", "--labels", tmp_path / "labels.csv"),
               *("--label-boxes", boxes, "--json"))  # fmt: skip
    assert done.code in (0, 3), done.err
    train(tmp_path / "d", tmp_path / "r", *QUICK, "--epochs", 4)
    figures = evaluate(tmp_path / "r/model", tmp_path / "d")
    assert figures["samples"] > 80
    assert 0.2 < figures["macro_f1"] < 0.65, figures


def test_training_and_models_send_nothing(simulated, trained, tmp_path):
    model, once = trained[0] / "model", [*QUICK, "--epochs", 1]
    for arguments in (
        ["train", "people", "--data", simulated[0], "--out", tmp_path / "r", *once],
        ["eval", model, "--data", simulated[0]],
        ["predict", model, VIDEO / "cam01.mp4", "--out", tmp_path / "o.mp4"],
    ):
        assert attempts([LIDO, *map(str, arguments)], tmp_path) == [], arguments[0]


def test_a_killed_run_resumes_to_the_same_bytes(simulated, tmp_path):
    options = [*QUICK, "--epochs", 3, "--checkpoint-seconds", 0.05]
    whole = train(simulated[0], tmp_path / "whole", *options).json
    in_epoch = json.loads((tmp_path / "whole/run.json").read_text())["steps_in_epoch"]
    command = [LIDO, "train", "people", "--data", simulated[0], "--out", tmp_path / "killed"]
    checkpoints = tmp_path / "killed/checkpoints"
    kills = 0
    for attempt in range(2):
        process = subprocess.Popen(
            [str(word) for word in (command + options if attempt == 0 else
             [LIDO, "train", "--resume", tmp_path / "killed"])],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        # In the middle of an epoch, once in the first and once in the second.
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            steps = [int(path.stem) for path in checkpoints.glob("*.ckpt")]
            last = max(steps, default=0)
            if last // in_epoch == attempt and last % in_epoch > 2:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.002)
        assert process.wait(60) == -signal.SIGKILL, "the run ended before it was killed"
        assert max(int(path.stem) for path in checkpoints.glob("*.ckpt")) < whole["steps"]
        kills += 1
    assert kills == 2
    done = run("train", "--resume", tmp_path / "killed", "--json", "--quiet")
    assert done.code == 0, done.err
    assert {key: done.json[key] for key in ("steps", "best_epoch", "best_score")} == {
        key: whole[key] for key in ("steps", "best_epoch", "best_score")
    }
    final = f"checkpoints/{whole['steps']:010}.ckpt"
    for name in (final, "model/model.onnx", "model/model.json", "metrics.parquet"):
        same = (tmp_path / "whole" / name).read_bytes() == (tmp_path / "killed" / name).read_bytes()
        assert same, f"{name} differs"


def test_a_dry_run_trains_nothing(simulated, tmp_path):
    done = run("train", "people", "--data", simulated[0], "--dry-run", "--out", tmp_path / "r")
    assert done.code == 0, done.err
    assert "standing" in done.out and "parameters" in done.out
    assert not (tmp_path / "r").exists()
    as_json = run("train", "people", "--data", simulated[0], "--dry-run", "--json", *QUICK).json
    assert as_json["steps"] == as_json["steps_in_epoch"] * 20
    assert set(as_json["classes"]["behaviour"]) == {"standing", "treading"}


def test_options_come_from_a_file_and_flags_replace_them(simulated, tmp_path):
    (tmp_path / "c.yaml").write_text(f"epochs: 3\nbatch_size: 10\nclasses: {CLASSES}\n")
    flags = ["--config", tmp_path / "c.yaml", "--epochs", 5, "--dry-run", "--json"]
    done = run("train", "people", "--data", simulated[0], *flags)
    assert done.code == 0, done.err
    assert done.json["steps"] == 5 * -(-done.json["train_samples"] // 10)
    (tmp_path / "c.yaml").write_text("epochs: 3\nmomentum: 1\n")
    done = run("train", "people", "--data", simulated[0], *flags)
    assert done.code == 2 and "c.yaml:2" in done.err and "momentum" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["people", "--data", "DATA"], "--out is missing, want a folder"),
        (["people", "--out", "OUT"], "--data is missing, want a dataset"),
        (["--data", "DATA", "--out", "OUT"], "network is missing, want people"),
        (["people", "--data", "DATA", "--out", "OUT", "--epoch", "3"], "--epochs"),
        (["people", "--data", "/none", "--out", "OUT"], "/none"),
        (["people", "--data", "DATA", "--out", "OUT", "--epochs", "0"], "0, want 1 to 100000"),
        (
            ["people", "--data", "DATA", "--out", "OUT", "--classes", "behaviour=standing,diving"],
            'has behaviour "diving", want 1 or more',
        ),
        (["--resume", "OUT"], "no run to resume"),
        (["--resume", "OUT", "--epochs", "3"], "got --epochs too"),
    ],
)
def test_bad_requests_get_one_line(simulated, tmp_path, arguments, message):
    places = {"DATA": simulated[0], "OUT": tmp_path / "r"}
    done = run("train", *[places.get(word, word) for word in arguments])
    assert done.code == 2, done.err + done.out
    assert message in done.err and done.err.count("\n") == 1, done.err
    assert not (tmp_path / "r").exists()


def test_predict_goes_from_a_clip_to_drawn_classes(trained, tmp_path):
    """Windows equal those of an ingest with the model's sizes, and classes those of eval."""
    model, clip = trained[0] / "model", VIDEO / "cam01.mp4"
    out, table = tmp_path / "annotated.mp4", tmp_path / "predictions.parquet"
    files = ["--out", out, "--predictions", table]
    done = run("predict", model, clip, *files, "--json", "--quiet")
    assert done.code == 0, done.err
    rows = pyarrow.parquet.read_table(table).to_pylist()
    assert done.json["windows"] == len(rows) > 0
    assert done.json["tracks"] == len({row["track"] for row in rows}) > 0
    for row in rows:  # The end is the last frame's time, as in the manifest.
        assert row["end_s"] == pytest.approx(row["start_s"] + (WINDOW - 1) / FPS)
    options = f"--fps {FPS} --window {WINDOW} --stride {WINDOW // 2} --person-size {SIZE}"
    wanted = "--scene on --samples person --split 0/0/1"
    ingest(clip, tmp_path / "d", *options.split(), *wanted.split())
    evaluate(model, tmp_path / "d", "--predictions", tmp_path / "e.parquet")
    assert rows == pyarrow.parquet.read_table(tmp_path / "e.parquet").to_pylist()
    video = cv2.VideoCapture(str(out))
    assert video.get(cv2.CAP_PROP_FPS) == FPS
    assert int(video.get(cv2.CAP_PROP_FRAME_COUNT)) == done.json["frames"] > 0


def keypoints_of(boxes, path, **changes):
    """A table of two keypoints a person, in the corners of a box that is 1.3 times as small."""
    rows = [
        {
            **{"clip": row["clip"], "time_s": row["time_s"], "track": int(row["track"]) + 10},
            "keypoints": [
                *(row["x"] + row["width"] * 0.15 / 1.3, row["y"] + row["height"] * 0.15 / 1.3, 1.0),
                *(row["x"] + row["width"] * 1.15 / 1.3, row["y"] + row["height"] * 1.15 / 1.3, 0.5),
                *(0.0, 0.0, 0.1),
            ],
        }
        | changes
        for row in boxes
    ]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)


@pytest.fixture(scope="module")
def held_out_clip(simulated):
    """A clip of the split test, and the boxes of its people."""
    folder = simulated[0].parent
    rows = pyarrow.parquet.read_table(folder / "boxes.parquet").to_pylist()
    clip = folder / "pool_2/clips/pool_2.mp4"
    return clip, [row for row in rows if row["clip"] == str(clip)]


def test_predict_takes_people_from_keypoints(simulated, trained, held_out_clip, tmp_path):
    """The windows are those of the labelled people, whose predictions eval gives."""
    (clip, boxes), model = held_out_clip, trained[0] / "model"
    keypoints_of(boxes, tmp_path / "k.parquet")
    files = ["--out", tmp_path / "o.mp4", "--predictions", tmp_path / "p.parquet"]
    done = run(
        *("predict", model, clip, "--poses", tmp_path / "k.parquet", "--stride", 3),
        *(*files, "--json", "--quiet"),
    )
    assert done.code == 0, done.err
    evaluate(model, simulated[0], "--predictions", tmp_path / "e.parquet")
    manifest = pyarrow.parquet.read_table(simulated[0] / "generations/000001/manifest.parquet")
    ids = {row["sample"]: int(row["labels"][0]["track"]) for row in manifest.to_pylist()}
    wanted = {
        (ids[row["sample"]], row["start_s"]): row
        for row in pyarrow.parquet.read_table(tmp_path / "e.parquet").to_pylist()
        if row["clip"] == str(clip)
    }
    rows = pyarrow.parquet.read_table(tmp_path / "p.parquet").to_pylist()
    assert len(rows) == len(wanted) == done.json["windows"] > 30
    right = 0
    for row in rows:
        same = wanted[row["track"] - 10, row["start_s"]]
        assert row["probabilities"] == pytest.approx(same["probabilities"], abs=1e-3)
        assert row["label"] == ""
        right += row["predicted"] == same["label"]
    assert right >= 0.8 * len(rows)
    assert sum(done.json["classes"]["behaviour"].values()) == len(rows)
    video = cv2.VideoCapture(str(tmp_path / "o.mp4"))
    assert int(video.get(cv2.CAP_PROP_FRAME_COUNT)) == SECONDS * FPS == done.json["frames"]


def files_with_images(folder):
    """Files with the first bytes of a JPEG somewhere in them."""
    found = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # it is gone by now
            if path.is_file() and b"\xff\xd8\xff" in path.read_bytes():
                found.append(path)
    return found


@pytest.mark.parametrize("kill", ["the command", "every process"])
def test_a_killed_prediction_leaves_no_image(trained, held_out_clip, tmp_path, kill):
    (clip, boxes), temporary = held_out_clip, tmp_path / "tmp"
    temporary.mkdir()
    keypoints_of(boxes, tmp_path / "k.parquet")
    env = {**os.environ, "TMPDIR": str(temporary)}
    files = ["--poses", tmp_path / "k.parquet", "--predictions", tmp_path / "p.parquet"]
    process = subprocess.Popen(
        [str(word) for word in (LIDO, "predict", trained[0] / "model", clip, *files, "--quiet")],
        env=env,
    )
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if files_with_images(temporary):
            break
    if kill == "every process":  # the one that removes the folder too, as in a power cut
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
        names = {
            int(pid): pathlib.Path(f"/proc/{pid}/comm").read_text() for pid in children.split()
        }
        os.kill(next(pid for pid, name in names.items() if name == "sh\n"), signal.SIGKILL)
    process.send_signal(signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL, "the command ended before it was killed"
    if kill == "every process":
        assert files_with_images(temporary), "there is nothing to remove"
        assert run("--version", env=env).code == 0
    while list(temporary.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert list(temporary.iterdir()) == []


def test_predict_draws_a_clip_without_people_and_one_that_is_cut_off(
    trained, held_out_clip, tmp_path
):
    (clip, boxes), model = held_out_clip, trained[0] / "model"
    empty, cut, out = tmp_path / "empty.mp4", tmp_path / "cut.ts", tmp_path / "o.mp4"
    ffmpeg = ["ffmpeg", "-v", "error", "-nostdin", "-y"]
    source = ["-f", "lavfi", "-i", f"color=c=blue:s=160x96:r={FPS}:d=2"]
    subprocess.run([*ffmpeg, *source, empty], check=True)
    files = ["--out", out, "--predictions", tmp_path / "p.parquet", "--json", "--quiet"]
    done = run("predict", model, empty, *files)
    assert done.code == 0, done.err
    assert (done.json["windows"], done.json["tracks"], done.json["frames"]) == (0, 0, 2 * FPS)
    assert pyarrow.parquet.read_table(tmp_path / "p.parquet").num_rows == 0
    subprocess.run([*ffmpeg, "-i", clip, "-c", "copy", cut], check=True)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    keypoints_of(boxes, tmp_path / "k.parquet", clip="cut.ts")
    done = run("predict", model, cut, "--poses", tmp_path / "k.parquet", *files)
    assert done.code == 3 and f"lido: warning: {cut}: broken at " in done.err, done.err
    assert done.json["windows"] > 5 and 5 < done.json["frames"] < SECONDS * FPS
    video = cv2.VideoCapture(str(out))
    assert int(video.get(cv2.CAP_PROP_FRAME_COUNT)) == done.json["frames"]


def test_predict_refuses_in_one_line_and_writes_nothing(trained, held_out_clip, tmp_path):
    (clip, boxes), model, out = held_out_clip, trained[0] / "model", tmp_path / "o.mp4"
    (tmp_path / "no.mp4").write_bytes(b"no video")
    keypoints_of(boxes[:3], tmp_path / "k.parquet", clip="other.mp4")
    keypoints_of(boxes[:3], tmp_path / "odd.parquet", keypoints=[1.0, 2.0])
    keypoints_of(boxes[:3], tmp_path / "twice.parquet", time_s=1.0, track=7)
    poses = {name: ["--poses", tmp_path / f"{name}.parquet"] for name in ("k", "odd", "twice")}
    for arguments, message in (
        ([model, tmp_path / "no.mp4", "--out", out], f"{tmp_path}/no.mp4: "),
        ([model, tmp_path / "gone.mp4", "--out", out], f"{tmp_path}/gone.mp4: "),
        ([tmp_path, clip, "--out", out], f"{tmp_path}"),
        ([model, tmp_path, "--out", out], "a folder, want one video"),
        ([model, tmp_path / "k.parquet", "--out", out], "want one video"),
        (
            [model, clip],
            "--out is missing, want --out VIDEO.mp4, --predictions TABLE.parquet or both",
        ),
        ([model, clip, "--out", tmp_path / "o.avi"], "want the name of an .mp4 file"),
        ([model, clip, "--out", clip], "--out: got the file of the clip, "),
        ([model, clip, "--out", out, *poses["k"]], "its clips are other.mp4"),
        ([model, clip, "--out", out, *poses["odd"]], "row 1: keypoints has 2 numbers, want x, y"),
        ([model, clip, "--out", out, *poses["twice"]], "row 2: track 7 has two rows at 1 s"),
        ([model, clip, "--out", out, "--poses", tmp_path / "no.mp4"], f"{tmp_path}/no.mp4: "),
        ([model, clip, "--out", out, "--min-probability", 2], "want 0 to 1"),
    ):
        whole = clip.read_bytes()
        done = run("predict", *arguments, "--quiet")
        assert done.code == 2 and message in done.err, (done.code, done.err)
        assert done.err.count("\n") == 1 and not done.out
        assert not out.exists() and clip.read_bytes() == whole


def test_a_model_that_was_changed_is_refused(simulated, trained, tmp_path):
    shutil.copytree(trained[0] / "model", tmp_path / "m")
    graph = bytearray((tmp_path / "m/model.onnx").read_bytes())
    graph[-1] ^= 1
    (tmp_path / "m/model.onnx").write_bytes(graph)
    done = run("eval", tmp_path / "m", "--data", simulated[0])
    assert done.code == 2 and "model.onnx: its checksum is" in done.err
    assert done.err.count("\n") == 1


def test_a_loss_that_is_no_number_ends_the_run(simulated, tmp_path):
    out = tmp_path / "r"
    rate = ["--learning-rate", 1e5, "--warmup", 0, "--epochs", 50, "--checkpoint-seconds", 0.05]
    done = train(simulated[0], out, *QUICK, *rate, "--quiet", code=2)
    failure = json.loads((out / "failure.json").read_text())
    assert len(failure["samples"]) >= 2
    assert failure["samples"][0] in done.err and done.err.count("\n") == 1
    assert not list(out.glob("**/*.partial*"))


def test_a_full_disk_is_one_line_and_the_run_resumes(simulated, tmp_path):
    out = tmp_path / "r"
    limit = 1_000_000  # bytes of a file: below a checkpoint, above the graph
    process = subprocess.run(
        [str(word) for word in (LIDO, "train", "people", "--data", simulated[0], "--out", out,
                                *QUICK, "--epochs", 1, "--quiet")],
        capture_output=True, text=True, timeout=120, restore_signals=False,  # SIGXFSZ stays ignored
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    assert process.returncode == 1, process.stderr
    assert process.stderr.count("\n") == 1 and str(out) in process.stderr
    done = run("train", "--resume", out, "--json", "--quiet")
    assert done.code == 0 and done.json["epochs"] == 1, done.err


def test_without_its_program_lido_train_names_the_way_to_it(simulated, tmp_path):
    shutil.copy(LIDO, tmp_path / "lido")
    done = subprocess.run(
        [tmp_path / "lido", *"train people --out r --data".split(), simulated[0]],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "lido-train: no such program" in done.stderr and "./dev install --train" in done.stderr


def test_lido_train_alone_explains_itself():
    program = pathlib.Path(LIDO).with_name("lido-train")
    done = subprocess.run([program], capture_output=True, text=True)
    assert done.returncode == 2 and "is started by `lido train`" in done.stderr
