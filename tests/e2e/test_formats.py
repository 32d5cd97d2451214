# SPDX-License-Identifier: Apache-2.0
"""Datasets that an earlier version of Lido wrote stay readable, and can grow."""

import json
import pathlib
import shutil

import pyarrow.parquet
import pytest
from conftest import content, run, table

FORMAT1 = pathlib.Path(__file__).parents[1] / "datasets/format1"
OPTIONS = "--fps 4 --window 4 --stride 2 --size 32 --samples both --min-score 0.15 --split 1/0/0"
# Columns of a scene folder: the name in format 1, the name today.
RENAMED = {
    "objects": {"kind": "class_name"},
    "tracks": {"kind": "class_name", "way": "path_length"},
}
# Columns that the manifest of format 1 lacks, with their values there.
ADDED = {"keypoints": [], "seen": [], "repeated": 0, "source": "", "person": ""}


@pytest.fixture
def old(tmp_path):
    return pathlib.Path(shutil.copytree(FORMAT1, tmp_path / "old"))


def format_of(dataset, generation):
    file = dataset / f"generations/{generation:06}/generation.json"
    return json.loads(file.read_text()).get("format", 1)


def scene(dataset, name, folder="g000001"):
    return pyarrow.parquet.read_table(dataset / f"scenes/{folder}/{name}.parquet").to_pylist()


def test_the_old_dataset_has_the_old_names(old):
    assert format_of(old, 1) == 1
    for name, names in RENAMED.items():
        assert set(names) <= set(scene(old, name)[0])


def test_it_opens_and_every_sample_decodes(old):
    before = content(old)
    done = run("inspect", old, "--verify", "--json")
    assert done.code == 0, done.err
    assert done.json["samples"] == len(table(old, "manifest")) == 3
    assert done.json["splits"]["train"]["labels"]["behaviour: breaststroke"] > 0
    assert content(old) == before, "reading changes nothing"


def test_labels_make_a_generation_of_the_present_format(old, tmp_path):
    (tmp_path / "labels.csv").write_text(
        "clip,start_s,end_s,task,label\ncam2.mp4,0,9,behaviour,breaststroke\n"
    )
    done = run("label", old, "--labels", tmp_path / "labels.csv", "--json")
    assert done.code == 0 and done.json["generation"] == 2, done.err
    assert format_of(old, 1) == 1 and format_of(old, 2) == 2
    new = [{**row, "labels": None} for row in table(old, "manifest", 2)]
    assert new == [{**row, **ADDED, "labels": None} for row in table(old, "manifest", 1)]
    assert "cam2.mp4" in (old / "report.html").read_text()


def test_forgetting_writes_scenes_with_the_present_names_and_the_same_values(old):
    before = {name: scene(old, name) for name in RENAMED}
    done = run("forget", old, "--clip", "cam2.mp4", "--time", "1.9-9", "--json")
    assert done.code == 0, done.err
    folder = next((old / "scenes").iterdir()).name
    assert folder == "g000001-f000002"
    for name, names in RENAMED.items():
        kept = [r for r in before[name] if r.get("time_s", r.get("end_s")) < 1.9]
        expected = [{names.get(column, column): v for column, v in row.items()} for row in kept]
        assert scene(old, name, folder) == expected
    assert len(scene(old, "objects", folder)) > 0


def test_it_grows(old, clips):
    done = run("ingest", clips / "h264_b.mp4", "--out", old, *OPTIONS.split(), "--scene", "on")
    assert done.code == 0, done.err
    rows = table(old, "manifest", 2)
    assert {r["clip"].rsplit("/", 1)[-1] for r in rows} == {"cam2.mp4", "h264_b.mp4"}
    kept = [r for r in rows if r["clip"].endswith("cam2.mp4")]
    assert all({name: row.pop(name) for name in ADDED} == ADDED for row in kept)
    assert repr(kept) == repr(table(old, "manifest", 1)), "as text, since NaN equals nothing"
    generation = json.loads((old / "generations/000002/generation.json").read_text())
    assert generation["format"] == 2
    assert generation["scenes"] == ["scenes/g000001", "scenes/g000002"]
    assert run("inspect", old, "--verify").code == 0


def test_flags_have_their_former_names_too(clips, tmp_path):
    command = ["ingest", clips / "h264_b.mp4", "--out", tmp_path / "d", "--dry-run"]
    for flag in ("--faint-score", "--low-score", "--max-overlap", "--nms-iou"):
        assert run(*command, flag, "0.2").code == 0, flag
        refused = run(*command, flag, "7")
        assert refused.code == 2 and "want" in refused.err, refused.err
    usage = run("ingest", "--help").out
    assert "--low-score" in usage and "--faint-score" not in usage
    reconstruct = ["reconstruct", "none.yaml", "--poses", tmp_path, "--out", tmp_path / "d"]
    for command, former, flag in (
        (["calibrate", "--out", tmp_path / "d"], "--robust-px", "--loss-scale-px"),
        (reconstruct, "--confirm", "--min-hits"),
        (reconstruct, "--agility", "--accel-sigma-mps2"),
    ):
        assert f"{flag} is 0, want" in run(*command, former, "0").err
        assert run(*command, former, "2").err == run(*command, flag, "2").err
        assert former not in run(command[0], "--help").out


def test_a_newer_format_is_refused_with_both_versions(old):
    root = json.loads((old / "lido.json").read_text())
    (old / "lido.json").write_text(json.dumps({**root, "format": 3}))
    done = run("inspect", old)
    assert done.code == 2 and "format 3, want 1 to 2" in done.err, done.err
    (old / "lido.json").write_text(json.dumps(root))
    file = old / "generations/000001/generation.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 3}))
    done = run("inspect", old)
    assert done.code == 2 and "format 3, want 1 to 2" in done.err, done.err


def test_python_reads_it(old):
    lido = pytest.importorskip("lido")
    samples = lido.open(str(old)).samples(split="train")
    assert len(samples) == 3 and samples[0].frames.shape == (4, 32, 32, 3)
