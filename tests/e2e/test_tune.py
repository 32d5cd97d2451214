# SPDX-License-Identifier: Apache-2.0
"""lido tune: trials on a real Ray, ended early, stopped, resumed and ranked."""

import csv
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import halves
import pytest
from conftest import LIDO, run, start

HERE = {"LIDO_PYTHON": sys.executable}
# One of these rates learns nothing in a few epochs, and the other does.
SPACE = "learning_rate: [1.0e-8, 0.01]\nseed: {min: 1, max: 1000000}\n"


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    """Flags of a search of some minutes, and its folder."""
    folder = tmp_path_factory.mktemp("search")
    points, names = halves.make_points(folder)
    (folder / "space.yaml").write_text(SPACE)
    flags = ["--points", points, "--classes", names, "--space", folder / "space.yaml"]
    flags += ["--epochs", 6, "--patience", 0, "--threads", 1, "--cpus-per-worker", 1]
    return flags, folder


def rows_of(out):
    with open(out / "trials.csv", newline="") as file:
        return list(csv.DictReader(file))


def epochs_of(out, trial):
    """Epochs that a trial's own run has in its table of metrics."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(out / "trials" / trial / "metrics.parquet").to_pylist()
    return len([row for row in table if (row["split"], row["name"]) == ("val", "score")]), table


def test_a_search_is_stopped_resumed_and_ranked(search, tmp_path):
    flags, _ = search
    out = tmp_path / "s"
    command = [LIDO, "tune", "gesture", *flags, "--out", out, "--trials", 4, "--factor", 2]
    command += ["--min-epochs", 1, "--quiet"]
    process = start(command, env=os.environ | HERE, stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + 400
        # A trial has begun, and Ray Tune has noted it.
        while not list(out.glob("trials/*/checkpoints/*")) or not any(
            "RUNNING" in notes.read_text() for notes in out.glob("ray/experiment_state*.json")
        ):
            assert time.monotonic() < until and process.poll() is None, process.stderr.read()
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=120)
        assert process.returncode == 130 and f"lido tune --resume {out}" in err, err
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    done = run("tune", "--resume", out, "--json", "--quiet", env=HERE, timeout=500)
    assert done.code == 0, done.err
    rows = rows_of(out)
    assert [row["trial"] for row in rows] == [one["trial"] for one in done.json["trials"]]
    assert sorted(row["trial"] for row in rows) == ["00000", "00001", "00002", "00003"]
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert done.json["model"] == str(out / "trials" / rows[0]["trial"] / "model")
    for row in rows:
        epochs, table = epochs_of(out, row["trial"])
        best = max(r["value"] for r in table if (r["split"], r["name"]) == ("val", "score"))
        # A trial that Ray ended may have made another epoch since its last report.
        assert int(row["epochs"]) <= epochs <= 6
        assert row["state"] == ("finished" if int(row["epochs"]) == 6 else "behind")
        if row["state"] == "finished":
            assert float(row["score"]) == best
        config = (out / "trials" / row["trial"] / "config.yaml").read_text()
        assert f"seed: {row['seed']}\n" in config
    assert rows[0]["state"] == "finished"
    page = (out / "report.html").read_text()
    assert all(f'href="trials/{row["trial"]}/report.html"' in page for row in rows)
    assert page.count("<circle") == 2 * len([row for row in rows if row["score"]])
    assert len({row["seed"] for row in rows}) == 4


def test_a_failed_trial_is_named_and_the_others_are_ranked(search, tmp_path):
    """15 windows are no multiple of two micro-batches."""
    flags, _ = search
    space = tmp_path / "space.yaml"
    space.write_text("batch_size: [15, 16]\n")
    flags = [*flags[:4], "--space", space, *flags[6:], "--micro-batches", 2, "--trials", 3]
    flags += ["--seed", 1, "--factor", 1, "--quiet", "--out", tmp_path / "s"]
    flags[flags.index("--epochs") + 1] = 1
    done = run("tune", "gesture", *flags, env=HERE, timeout=500)
    rows = rows_of(tmp_path / "s")
    failed = [row for row in rows if row["batch_size"] == "15"]
    assert 0 < len(failed) < 3, "another seed, please"
    assert done.code == 3, done.err
    for row in rows:
        assert row["state"] == ("failed" if row in failed else "finished")
    for row in failed:
        assert "batch_size is 15, want a multiple of micro_batches" in row["error"]
        assert row["error"] in done.out and row["score"] == ""


@pytest.mark.parametrize(
    ("space", "flags", "message"),
    [
        ("epochs: [1, 2]", [], "epochs"),
        ("batch_size: [16, 5000]", [], "space.yaml:1: "),
        ("batch_size: 16", [], "want a list"),
        ("learning_rate: {min: 1, max: 0.1}", [], "want more than min, which is 1"),
        (SPACE, ["--seed", 3], "--seed: in "),
        (SPACE, ["--trials", 0], "--trials"),
        (SPACE, ["--workers", "4", "--micro-batches", "2"], "--workers: got 4, want at most"),
        (SPACE, ["--on", "here"], "--on"),
        (
            SPACE,
            ["--batch-size", "15", "--micro-batches", "2"],
            "batch_size is 15, want a multiple",
        ),
    ],
)
def test_bad_searches_get_one_line_and_start_nothing(search, tmp_path, space, flags, message):
    given, _ = search
    (tmp_path / "space.yaml").write_text(space + "\n")
    given = [*given[:4], "--space", tmp_path / "space.yaml", *given[6:]]
    done = run("tune", "gesture", *given, "--out", tmp_path / "s", *flags, env=HERE)
    assert done.code == 2 and message in done.err, (done.code, done.err)
    assert done.err.count("\n") == 1 and not (tmp_path / "s").exists(), done.err


def test_folders_that_do_not_fit_are_refused(search, tmp_path):
    flags, _ = search
    (tmp_path / "s").mkdir()
    for name, text, message in (
        ("note.txt", "", "the folder is not empty, want a new one"),
        ("search.json", "{}", "not a search of lido tune"),
        ("search.json", '{"train": {}, "space": {}}', "not a search of lido tune"),
    ):
        (tmp_path / "s" / name).write_text(text)
        asked = (
            ["--resume", tmp_path / "s"] if text else ["gesture", *flags, "--out", tmp_path / "s"]
        )
        done = run("tune", *asked, env=HERE)
        assert done.code != 0 and message in done.err and done.err.count("\n") == 1, done.err
    done = run("tune", "--resume", tmp_path / "none", env=HERE)
    assert done.code == 2 and "no search to resume" in done.err
    done = run("tune", "--resume", tmp_path / "s", "--trials", 3, env=HERE)
    assert done.code == 2 and "got --trials too" in done.err
    missing = [*flags[:1], pathlib.Path("/none.csv"), *flags[2:]]
    done = run("tune", "gesture", *missing, "--out", tmp_path / "t", env=HERE)
    assert done.code == 2 and "/none.csv" in done.err and not (tmp_path / "t").exists()
    assert json.loads((tmp_path / "s/search.json").read_text()) == {"train": {}, "space": {}}
