# SPDX-License-Identifier: Apache-2.0
"""A dataset knows the training runs that read it, and forgotten footage names those that saw it.

The truth: the manifest as pyarrow reads it before the removal, files and their checksums as Python
has them.
"""

import datetime
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

import pyarrow.parquet
import pytest
import yaml
from conftest import LIDO, ingest, run, table
from test_buckets import object_bytes
from test_forget import forget, stepped_clip
from test_train import SPLITS

QUICK = [*"--samples frame --threads 1 --batch-size 8 --average 0.9".split()]
FRAMES = [*"--fps 2 --size 64 --window 2 --stride 2 --samples frame --split 60/20/20".split()]


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    """Clips of known splits, each with one of two labels."""
    folder = tmp_path_factory.mktemp("footage")
    clips, labels = ["clip,group"], ["clip,start_s,end_s,task,label"]
    for number, name in enumerate(SPLITS):
        clip = stepped_clip(folder / f"{name}.mp4", frames=10 + number)
        clips.append(f"{clip},{name}")
        labels += [f"{clip},0,5,behaviour,standing", f"{clip},5,10,behaviour,treading"]
    (folder / "clips.csv").write_text("\n".join(clips) + "\n")
    (folder / "labels.csv").write_text("\n".join(labels) + "\n")
    return folder


def make(footage, out, env=None):
    given = ["--labels", footage / "labels.csv"]
    ingest(footage / "clips.csv", out, *FRAMES, *given, env=env)
    return out


@pytest.fixture
def data(footage, tmp_path):
    return make(footage, tmp_path / "d")


def command(data, out, *options, epochs=1):
    given = ["--data", data, "--out", out, "--epochs", epochs]
    return ["train", "people", *given, *QUICK, *options]


def train(data, out, epochs=1, env=None):
    done = run(*command(data, out, "--json", "--quiet", epochs=epochs), env=env)
    assert done.code == 0, done.err
    return done


def entries(data):
    return {path.stem: json.loads(path.read_text()) for path in data.glob("training_runs/*.json")}


def checksum(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def inspect(data, env=None):
    done = run("inspect", data, "--json", env=env)
    assert done.code == 0, done.err
    return done.json


def test_a_run_is_entered_with_its_models(data, tmp_path):
    assert run(*command(data, tmp_path / "dry", "--dry-run")).code == 0
    assert entries(data) == {}, "a dry run sees nothing"
    done = train(data, tmp_path / "r")
    described = json.loads((tmp_path / "r/run.json").read_text())
    [(name, entry)] = entries(data).items()
    assert name == described["id"] and name.startswith("r-")
    assert entry["folder"] == str(tmp_path / "r") and entry["generation"] == 1
    assert entry["tasks"] == ["behaviour"] and entry["splits"] == ["train", "val"]
    assert entry["models"][-1] == checksum(tmp_path / "r/model/model.onnx")
    assert entry["begun_utc"] == described["begun_utc"]
    begun = datetime.datetime.fromisoformat(entry["begun_utc"])
    assert abs((datetime.datetime.now(datetime.UTC) - begun).total_seconds()) < 300
    shown = run("inspect", data, "--verify")
    assert shown.code == 0 and not shown.err, shown.err
    assert f"{tmp_path}/r: people of behaviour, generation 1" in shown.out
    assert entry["models"][-1] in shown.out
    assert inspect(data)["training_runs"][0]["models"] == entry["models"]
    assert done.json["model"] == str(tmp_path / "r/model")


def test_forgotten_footage_names_those_who_saw_it(data, tmp_path):
    train(data, tmp_path / "first")
    seen = {
        split: next(name for name in SPLITS if SPLITS[name] == split) for split in SPLITS.values()
    }
    rows = table(data, "manifest")
    for split, name in seen.items():
        assert {row["split"] for row in rows if row["group"] == name} == {split}
    first = next(iter(entries(data)))
    # A preview changes nothing.
    dry = forget(data, "--clip", f"{seen['train']}.mp4", "--time", "all", "--dry-run")
    assert [one["id"] for one in dry["seen_by"]] == [first]
    assert "forgotten.json" not in os.listdir(data)
    done = run("forget", data, "--clip", f"{seen['train']}.mp4", "--time", "0-5")
    model = checksum(tmp_path / "first/model/model.onnx")
    assert "Seen by 1 training run" in done.out and str(tmp_path / "first") in done.out
    assert model in done.out
    train(data, tmp_path / "second")
    second = next(name for name in entries(data) if name != first)
    # The first run read this clip in a generation that is gone by now.
    validated = forget(data, "--clip", f"{seen['val']}.mp4", "--time", "0-2")
    assert [one["id"] for one in validated["seen_by"]] == [first, second]
    tested = forget(data, "--clip", f"{seen['test']}.mp4", "--time", "0-2")
    assert tested["seen_by"] == [], "training reads no sample of the split test"
    found = {one["clip"].split("/")[-1].split(".")[0]: one for one in inspect(data)["forgotten"]}
    by = {name: [run["id"] for run in one["seen_by"]] for name, one in found.items()}
    assert by == {seen["train"]: [first], seen["val"]: [first, second], seen["test"]: []}
    assert found[seen["train"]]["seen_by"][0]["models"] == entries(data)[first]["models"] == [model]
    shown = run("inspect", data).out
    assert "seen by 1 training run:\n" in shown and "seen by 2 training runs:\n" in shown
    assert "seen by no training run that is entered here" in shown
    assert set(entries(data)) == {first, second}, "a removal keeps the entries"


def test_a_run_whose_generation_is_gone_does_not_resume(data, tmp_path):
    out = tmp_path / "r"
    train(data, out, epochs=2)
    assert run("train", "--resume", out, "--json", "--quiet").code == 0
    forget(data, "--clip", "pool_5.mp4", "--time", "0-1")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    done = run("train", "--resume", out, "--quiet")
    assert done.code == 2 and done.err.count("\n") == 1, done.err
    assert f"{data}: generation 1, which the run reads, is gone: lido forget removes" in done.err
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def killed_before_its_first_model(data, out):
    """Kills a run as soon as the dataset has its entry."""
    words = [LIDO, *map(str, command(data, out, epochs=100000))]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        if any(entry["folder"] == str(out) for entry in entries(data).values()):
            break
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL, "the run ended before it was killed"


def test_a_killed_run_is_entered_once(data, tmp_path):
    killed_before_its_first_model(data, tmp_path / "r")
    [(name, entry)] = entries(data).items()
    assert name == json.loads((tmp_path / "r/run.json").read_text())["id"]
    done = forget(data, "--clip", "pool_5.mp4", "--time", "0-1", "--dry-run")
    assert [one["id"] for one in done["seen_by"]] == [name]
    config = yaml.safe_load((tmp_path / "r/config.yaml").read_text())
    (tmp_path / "r/config.yaml").write_text(yaml.safe_dump(config | {"epochs": 1}))
    resumed = run("train", "--resume", tmp_path / "r", "--json", "--quiet")
    assert resumed.code == 0, resumed.err
    assert list(entries(data)) == [name]
    assert entries(data)[name]["models"] == [checksum(tmp_path / "r/model/model.onnx")]
    assert entries(data)[name]["begun_utc"] == entry["begun_utc"]


def test_runs_that_begin_together_are_all_entered(data, tmp_path):
    words = [[LIDO, *map(str, command(data, tmp_path / f"r{i}", "--quiet"))] for i in range(6)]
    processes = [subprocess.Popen(line, stdout=subprocess.DEVNULL) for line in words]
    assert [process.wait(300) for process in processes] == [0] * 6
    folders = {entry["folder"] for entry in entries(data).values()}
    assert folders == {str(tmp_path / f"r{i}") for i in range(6)}
    done = forget(data, "--clip", "pool_6.mp4", "--time", "0-1")
    assert {one["folder"] for one in done["seen_by"]} == folders


def test_two_runs_in_one_folder_are_one_run_and_a_refusal(data, tmp_path):
    """Whichever begins first writes run.json; the other must not take its place."""
    words = [LIDO, *map(str, command(data, tmp_path / "r", "--quiet", epochs=3))]
    processes = [
        subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    errors = [process.communicate(timeout=300)[1] for process in processes]
    codes = sorted(process.returncode for process in processes)
    assert codes == [0, 2, 2, 2], errors
    [(name, entry)] = entries(data).items()
    assert name == json.loads((tmp_path / "r/run.json").read_text())["id"]


def test_a_dataset_that_cannot_be_written_to_is_trained_on_with_a_note(footage):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        root.chmod(0o777)
        data = make(footage, root / "d")
        for path in [data, *data.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        done = subprocess.run(
            [LIDO, *map(str, command(data, root / "r", "--quiet"))],
            **{"capture_output": True, "text": True, "timeout": 300, **user},
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("\n") == 1 and "lido: warning: " in done.stderr, done.stderr
        assert f"{data}/training_runs: cannot make folder: Permission denied" in done.stderr
        assert "is not entered in the dataset" in done.stderr
        assert not (data / "training_runs").exists() and (root / "r/model/model.onnx").exists()
        # Once it can be written to, the run is entered when it resumes.
        data.chmod(0o777)
        done = run("train", "--resume", root / "r", "--quiet")
        assert done.code == 0 and not done.err, done.err
        assert [entry["folder"] for entry in entries(data).values()] == [str(root / "r")]
        for path in [data, *data.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_copy_has_the_runs_and_a_move_takes_them_along(data, tmp_path):
    train(data, tmp_path / "r")
    before = entries(data)
    for verb, to in (("copy", tmp_path / "copy"), ("move", tmp_path / "moved")):
        assert run(verb, data, to, "--quiet").code == 0
        assert entries(to) == before
        verified = run("inspect", to, "--verify")
        assert verified.code == 0 and not verified.err, verified.err
    assert not data.exists() or not list(data.rglob("*.json"))
    done = forget(tmp_path / "copy", "--clip", "pool_7.mp4", "--time", "0-1")
    assert [one["id"] for one in done["seen_by"]] == list(before)


def test_in_a_bucket_it_is_the_same(bucket, footage, tmp_path):
    uri, env, _ = bucket
    data = f"{uri}/runs-{os.getpid()}"
    make(footage, data, env=env)
    train(data, tmp_path / "r", env=env)
    names = [name for name in object_bytes(data, env) if name.startswith("training_runs/")]
    assert len(names) == 1
    entry = json.loads(object_bytes(data, env)[names[0]])
    model = checksum(tmp_path / "r/model/model.onnx")
    assert entry["models"] == [model] and entry["folder"] == str(tmp_path / "r")
    done = forget(data, "--clip", "pool_5.mp4", "--time", "all", env=env)
    assert [one["models"] for one in done["seen_by"]] == [[model]]
    assert inspect(data, env)["forgotten"][0]["seen_by"][0]["folder"] == str(tmp_path / "r")
    resumed = run("train", "--resume", tmp_path / "r", "--quiet", env=env)
    assert resumed.code == 2 and "generation 1, which the run reads, is gone" in resumed.err


def test_the_footage_of_a_run_is_gone_all_the_same(data, tmp_path):
    """The entry of a run has no name of a sample."""
    train(data, tmp_path / "r")
    keys = {row["sample"] for row in table(data, "manifest") if row["group"] == "pool_8"}
    assert keys
    forget(data, "--clip", "pool_8.mp4", "--time", "all")
    text = "".join(path.read_text() for path in data.glob("training_runs/*.json"))
    assert not any(key in text for key in keys)
    latest = pyarrow.parquet.read_table(data / "generations/000002/manifest.parquet").to_pylist()
    assert "pool_8" not in {row["group"] for row in latest}
