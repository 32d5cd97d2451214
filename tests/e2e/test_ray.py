# SPDX-License-Identifier: Apache-2.0
"""On Ray the bytes equal the local ones, whatever dies; and Ray Data reads the shards."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time

import pytest
from conftest import (
    LIDO,
    SMALL,
    content,
    copy_with_other_bytes,
    ingest,
    made,
    parts_done,
    run,
    start,
    table,
    wait_until,
)

NAMES = ["h264_b.mp4", "hevc_b.mp4", "vp9.webm", "mpeg4.avi", "h264_no_b.mp4", "av1.mp4"]
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
HERE = {"LIDO_PYTHON": sys.executable}


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Good clips and a broken one."""
    from conftest import CLIPS

    folder = tmp_path_factory.mktemp("raw")
    for name in NAMES:
        shutil.copy(CLIPS / name, folder)
    (folder / "broken.mp4").write_bytes(bytes(5000))
    return folder


@pytest.fixture(scope="module")
def local(raw, tmp_path_factory):
    out = tmp_path_factory.mktemp("local") / "d"
    ingest(raw, out, *SMALL, "--span-s", 2, code=3)
    return out


@pytest.fixture
def ray():
    import ray

    yield ray
    ray.shutdown()


def request(raw, out):
    return {
        "inputs": [raw],
        "out": out,
        "sampling": {"fps": "6", "size": 64, "window": 4, "stride": 2, "scene": "off"},
        "job": {"span_s": 2},
    }


def test_the_same_bytes_from_ray(raw, local, tmp_path):
    there = ingest(raw, tmp_path / "d", *SMALL, "--span-s", 2, "--on", "ray", code=3, env=HERE)
    assert content(tmp_path / "d") == content(local)
    here = ingest(raw, tmp_path / "here", *SMALL, "--span-s", 2, code=3)
    for result in (here, there):
        for name in ("seconds", "cpu_s", "peak_mb"):
            result.pop(name, None)
    assert there == here
    assert ingest(raw, tmp_path / "d", *SMALL, "--on", "ray", env=HERE)["known"] == len(NAMES) + 1


def test_people_are_the_same_too(people, tmp_path):
    """Those that the detector finds, and one that only the labels have."""
    (tmp_path / "labels.csv").write_text(
        "clip,start_s,end_s,task,label,track,x,y,width,height\n"
        "people.mp4,1,17,behaviour,watching,z,10,10,60,120\n"
    )
    options = ["--scene", "on", "--fps", "2", "--window", "4", "--stride", "2", "--span-s", 6]
    options += ["--labels", tmp_path / "labels.csv", "--poses", "movenet"]
    for on in ("here", "ray"):
        ingest(people, tmp_path / on, *options, "--on", on, env=HERE)
    assert made(tmp_path / "ray") == made(tmp_path / "here")
    rows = table(tmp_path / "ray", "manifest")
    assert len({row["track"] for row in rows if row["source"] == "detector"}) == 2
    assert {row["person"] for row in rows if row["source"] == "label"} == {"z"}


def test_nodes_die_and_nothing_is_lost(ray, raw, local, tmp_path):
    """A head with no CPUs, two workers; one is killed while it works, another comes."""
    from lido.ray import data
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": 100_000_000}
    )
    try:
        workers = [cluster.add_node(num_cpus=1, object_store_memory=100_000_000) for _ in range(2)]
        cluster.wait_for_nodes(timeout=90)
        ray.init(address=cluster.address, log_to_driver=False)
        seen = []

        def on_span(row):
            seen.append(row)
            if len(seen) == 3:
                cluster.remove_node(workers[0], allow_graceful=False)
                cluster.add_node(num_cpus=1, object_store_memory=100_000_000)

        asked = request(raw, tmp_path / "d")
        summary = data.ingest(**asked, on_span=on_span)
        assert len(seen) > 3
        assert summary["rejected"] == 1
        assert content(tmp_path / "d") == content(local)
    finally:
        ray.shutdown()
        cluster.shutdown()


def test_a_new_driver_goes_on_from_the_ledger(ray, raw, local, tmp_path):
    from lido.ray import data

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    asked = request(raw, tmp_path / "d")
    plan = data.plan(**asked)
    done = data.write_parts(data.read_clips(plan).limit(3), plan).take_all()
    assert len(done) == 3
    del plan  # This driver gives up: its lock goes with it.
    plan = data.plan(**asked)
    left = data.read_clips(plan).take_all()
    assert len(left) == len(table(local, "spans")) - 3
    assert not {(row["clip"], row["span"]) for row in left} & {
        (row["clip"], row["span"]) for row in done
    }
    del plan
    assert data.ingest(**asked)["spans_resumed"] == 3
    assert content(tmp_path / "d") == content(local)


def test_a_span_that_kills_its_process_is_rejected_and_the_rest_is_not(ray, raw, tmp_path):
    from lido.ray import data

    ray.init(
        num_cpus=1,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env={"env_vars": {"LIDO_TEST_FAULT": "crash:span:vp9"}},
    )
    summary = data.ingest(**request(raw, tmp_path / "d"))
    assert summary["rejected"] == 2
    reasons = {
        os.path.basename(row["clip"]): row["reason"] for row in table(tmp_path / "d", "rejected")
    }
    assert "its worker process crashed 3 times" in reasons["vp9.webm"]
    assert len({row["clip"] for row in table(tmp_path / "d", "manifest")}) == len(NAMES) - 1


def test_a_clip_that_crashes_the_driver_is_left_out(raw, local, tmp_path):
    fault = {"LIDO_TEST_FAULT": "crash:plan:vp9"}
    arguments = ["--out", tmp_path / "d", *SMALL, "--span-s", 2, "--on", "ray", "--json", "--quiet"]
    done = run("ingest", raw, *arguments, env=HERE | fault)
    assert done.code == 3 and done.err.count("ended by signal 6") == 3, done.err
    rejected = {os.path.basename(row["clip"]): row for row in table(tmp_path / "d", "rejected")}
    assert rejected.keys() == {"vp9.webm", "broken.mp4"}
    assert rejected["vp9.webm"]["reason"] == "its worker process crashed 3 times"
    kept = {row["sample"]: row["sha256"] for row in table(tmp_path / "d", "manifest")}
    truth = {
        row["sample"]: row["sha256"]
        for row in table(local, "manifest")
        if not row["clip"].endswith("vp9.webm")
    }
    assert kept == truth


def descendants(process):
    import psutil

    return psutil.Process(process.pid).children(recursive=True)


def test_drivers_that_are_killed_reject_no_clip(raw, local, tmp_path, monkeypatch):
    """On a cluster that lives on, four drivers die while one and the same span is read."""
    from ray.cluster_utils import Cluster

    flag = tmp_path / "flag"
    flag.touch()
    monkeypatch.setenv("LIDO_TEST_FAULT", f"hang:span:vp9:{flag}")
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 3, "object_store_memory": 100_000_000}
    )
    try:
        cluster.wait_for_nodes(timeout=90)
        monkeypatch.setenv("RAY_ADDRESS", cluster.address)
        notes = tmp_path / "d/.work/attempts"
        command = [LIDO, "ingest", raw, "--out", tmp_path / "d", *SMALL, "--span-s", 2]
        command += ["--on", "ray", "--quiet"]
        seen = set()
        for number in range(4):
            process = subprocess.Popen(
                [str(one) for one in command], env={**os.environ, **HERE}, stderr=subprocess.DEVNULL
            )
            until = time.monotonic() + 120
            lives = {}  # since when a note exists; that of the span that hangs stays
            while not any(time.monotonic() - since > 3 for since in lives.values()):
                assert time.monotonic() < until and process.poll() is None, "no span hangs"
                new = {note.name for note in notes.glob("*")} - seen
                lives = {name: lives.get(name, time.monotonic()) for name in new}
                time.sleep(0.05)
            assert process.poll() is None, "it was not killed in mid-work"
            seen |= lives.keys()
            if number % 2:
                process.terminate()
            else:
                for one in [*descendants(process), process]:
                    one.kill()
            process.wait(timeout=90)
            assert process.returncode in (-9, 130)
        assert len({note.split("@")[0] for note in seen}) < len(seen), "another span each time"
        flag.unlink()
        ingest(raw, tmp_path / "d", *SMALL, "--span-s", 2, "--on", "ray", code=3, env=HERE)
        assert content(tmp_path / "d") == content(local)
    finally:
        cluster.shutdown()


@pytest.mark.slow
def test_a_span_that_takes_nodes_down_is_bounded(ray, raw, tmp_path, monkeypatch):
    from lido.ray import data
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("LIDO_TEST_FAULT", "node:span:vp9")
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": 100_000_000}
    )
    stop = threading.Event()

    class Node:
        def __init__(self):
            self.node = cluster.add_node(num_cpus=1, object_store_memory=100_000_000)

        def alive(self):
            return not self.node.dead_processes()

    nodes = [Node()]

    def keep():
        while not stop.wait(0.5):
            if not nodes[-1].alive():
                nodes.append(Node())

    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()
    try:
        cluster.wait_for_nodes(timeout=90)
        ray.init(address=cluster.address, log_to_driver=False)
        asked = request(raw, tmp_path / "d")
        asked["job"]["span_s"] = 300
        summary = data.ingest(**asked)
        assert summary["rejected"] == 2 and 8 <= len(nodes) - 1 <= 12
        reasons = {os.path.basename(row["clip"]): row for row in table(tmp_path / "d", "rejected")}
        assert "8 machines died" in reasons["vp9.webm"]["reason"]
        assert reasons["vp9.webm"]["kind"] == "outside"
    finally:
        stop.set()
        keeper.join()
        ray.shutdown()
        cluster.shutdown()


def test_ones_own_step_fits_in_between(ray, raw, tmp_path):
    from lido.ray import data

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    plan = data.plan(**request(raw, tmp_path / "d"))
    spans = data.read_clips(plan).filter(lambda span: "hevc" not in span["clip"])
    done = data.write_parts(spans, plan)
    assert {os.path.basename(row["clip"]) for row in done.take_all()} == {
        n for n in NAMES if "hevc" not in n
    }


def test_samples_come_back(ray, local):
    from lido.ray import data

    import lido

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    rows = data.read_shards(local).take_all()
    truth = {sample.key: sample for sample in lido.open(str(local)).samples()}
    assert {row["sample"] for row in rows} == set(truth)
    for row in rows[:5]:
        assert (row["frames"] == truth[row["sample"]].frames).all()


def test_samples_are_read_by_ranges(ray, local):
    """The driver plans ranges; each process lists the samples once, whatever number of blocks."""
    from lido.ray import data
    from lido.ray.samples import SampleSource, samples_of

    rows = table(local, "manifest")
    tasks = SampleSource(str(local), 1, None, len(rows)).get_read_tasks(7)
    assert len(tasks) == min(7, -(-len(rows) // 16))
    samples_of.cache_clear()
    blocks = [block for task in tasks for block in task()]
    assert samples_of.cache_info().misses == 1
    keys = [key for block in blocks for key in block["sample"].to_pylist()]
    assert sorted(keys) == sorted(row["sample"] for row in rows) and len(blocks) > 1

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    splits = {row["sample"]: row["split"] for row in rows}
    for split in sorted(set(splits.values())):
        read = data.read_shards(local, split=split, num_cpus=0.5, override_num_blocks=2)
        wanted = {key for key, value in splits.items() if value == split}
        assert {row["sample"] for row in read.take_all()} == wanted
    with pytest.raises(ValueError, match="split is 'tran', want one of"):
        data.read_shards(local, split="tran")


def test_frames_stay_in_ray(ray, raw, tmp_path):
    """Frames equal the samples' before JPEG, which loses colour detail and little brightness."""
    import numpy as np
    from lido.ray import data

    import lido

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    plan = data.plan(**request(raw, tmp_path / "frames"))
    frames = data.to_frames(data.read_clips(plan), plan, rows=5)
    rows = {(row["clip"], row["k"]): row for row in frames.take_all()}
    del plan
    assert not list((tmp_path / "frames").glob("shards/*"))
    asked = request(raw, tmp_path / "d")
    asked["sampling"] |= {"quality": 100, "window": 1, "stride": 1}
    data.ingest(**asked)
    samples = lido.open(str(tmp_path / "d")).samples()
    manifest = {row["sample"]: row for row in table(tmp_path / "d", "manifest")}
    assert len(samples) == len(rows) > 100
    for sample in samples:
        row = rows[(sample.clip, manifest[sample.key]["first_k"])]
        assert row["frame"].shape == (64, 64, 3) and row["frame"].dtype == np.uint8

        def brightness(picture):
            return picture @ np.array([0.299, 0.587, 0.114])

        assert abs(brightness(row["frame"]) - brightness(sample.frames[0])).mean() < 1.5
        assert -1e-3 < sample.start_s - row["time_s"] < 0.2  # the last picture shown by then


def test_frames_wait_until_they_are_taken(ray, raw, tmp_path):
    """A clip of which few frames are taken is not decoded to its end."""
    import json as text

    from lido import _work

    planned = _work.Ingest(
        text.dumps(
            {
                "inputs": [str(raw / "h264_b.mp4")],
                "out": str(tmp_path / "d"),
                "labels": "",
                "classes": "",
                "sampling": {"fps": "25", "size": 64, "scene": "off"},
                "job": {},
            }
        )
    )
    from lido.ray import spans as spans_module

    [(batch, count, size)] = planned.batches(1)
    assert count == 1 and size == (raw / "h264_b.mp4").stat().st_size
    [spans] = spans_module.read_batch(batch, planned.shared_work())
    generator = spans_module.span_frames(spans, planned.shared_work(), 2)
    assert len(next(generator)["k"]) == 2
    generator.close()  # returns: the decoding thread has ended
    with pytest.raises(ValueError, match="enough"):

        def refuse(*_):
            raise ValueError("enough")

        _work.Worker(planned.shared_work()).frames(spans["task"][0].as_py(), 2, refuse)


@pytest.mark.parametrize(
    "environment, said",
    [
        ({"LIDO_PYTHON": "/nowhere/python"}, "/nowhere/python: No such file"),
        (HERE | {"RAY_ADDRESS": "127.0.0.1:1"}, "RAY_ADDRESS 127.0.0.1:1: "),
        (HERE | {"RAY_ADDRESS": "auto"}, "RAY_ADDRESS auto: "),
    ],
)
def test_without_a_ray_one_line_says_so(raw, tmp_path, environment, said):
    done = run("ingest", raw, "--out", tmp_path / "d", "--on", "ray", "--quiet", env=environment)
    assert done.code in (1, 2) and said in done.err and done.err.count("\n") == 1, done.err
    assert not (tmp_path / "d").exists()


def copies(raw, folder, count):
    """Fills a new folder with good clips, in number `count`. Returns the folder."""
    folder.mkdir()
    for number in range(count):
        name = NAMES[number % len(NAMES)]
        copy_with_other_bytes(raw / name, folder / f"{number}_{name}")
    return folder


def test_the_command_after_a_killed_driver_repeats_no_finished_span(raw, tmp_path):
    import psutil

    many, out = copies(raw, tmp_path / "many", 40), tmp_path / "d"
    process = start(
        [LIDO, "ingest", many, "--out", out, *SMALL, "--on", "ray", "--quiet"],
        env={**os.environ, **HERE},
    )
    wait_until(lambda: parts_done(out) >= 3, process)
    family = psutil.Process(process.pid).children(recursive=True)
    [driver] = psutil.Process(process.pid).children()
    driver.kill()
    process.kill()
    process.wait()
    # Ray's workers end with their driver: no process writes when the next command begins.
    _, alive = psutil.wait_procs(family, timeout=120)
    assert len(family) > 3 and not alive
    assert not list(out.glob("generations/*/generation.json"))
    done = ingest(many, out, *SMALL, "--on", "ray", env=HERE)
    assert 3 <= done["spans_resumed"] < done["spans"] == 40
    ingest(many, tmp_path / "here", *SMALL)
    assert content(out) == content(tmp_path / "here")


@pytest.mark.parametrize("doing", ["parts/*", "runs/*/rows/*"])  # spans, shards
def test_an_interrupted_driver_stops_and_the_same_command_goes_on(raw, tmp_path, doing):
    import psutil

    many = copies(raw, tmp_path / "many", 60)
    out, small = tmp_path / "d", [*SMALL, "--shard-mb", 0.001]
    process = subprocess.Popen(
        [
            str(one)
            for one in (LIDO, "ingest", many, "--out", out, *small, "--on", "ray", "--quiet")
        ],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **HERE},
    )
    until = time.monotonic() + 120
    while not any((out / ".work").glob(doing)):
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.005)
    started = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert (
        process.returncode == 130 and said == "lido: stopped; the same command resumes from here\n"
    )
    assert len(started) > 3  # the driver, and Ray's own
    _, alive = psutil.wait_procs(
        started, timeout=120
    )  # Ray's agents take a minute where Ray aborts
    assert not alive
    assert not any((out / "generations").glob("*/generation.json"))
    assert "rows" in doing or not (out / "generations").exists()
    assert ingest(many, out, *small, "--on", "ray", env=HERE)["clips"] == 60
    ingest(many, tmp_path / "here", *small)
    assert content(out) == content(tmp_path / "here")


def test_how_the_driver_says_that_it_ends_stands(raw, tmp_path):
    python = tmp_path / "python"  # as where Ray aborts when it is shut down
    python.write_text(f'#!/bin/sh\n{sys.executable} "$@"\nexit 1\n')
    python.chmod(0o755)
    good = run(
        "ingest",
        raw,
        "--out",
        tmp_path / "d",
        *SMALL,
        "--on",
        "ray",
        "--quiet",
        env={"LIDO_PYTHON": str(python)},
    )
    assert good.code == 3
    bad = run(
        "ingest",
        raw / "nowhere",
        "--out",
        tmp_path / "e",
        "--on",
        "ray",
        "--quiet",
        env={"LIDO_PYTHON": str(python)},
    )
    assert bad.code == 2 and "nowhere" in bad.err and bad.err.count("\n") == 1


def test_a_python_that_ends_at_once_takes_nothing_with_it(raw, tmp_path):
    many = [f"{raw}/{number}" for number in range(5000)]  # more than a pipe holds
    done = run(
        "ingest",
        *many,
        "--out",
        tmp_path / "d",
        "--on",
        "ray",
        "--quiet",
        env={"LIDO_PYTHON": "/bin/false"},
    )
    assert done.code == 1


def test_shards_are_read_by_ray_data(ray, clips, tmp_path):
    cv2 = pytest.importorskip("cv2")
    import numpy as np

    ingest([clips / "h264_b.mp4", clips / "vp9.webm"], tmp_path / "d", *SMALL)
    rows = {row["sample"]: row for row in table(tmp_path / "d", "manifest")}
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    shards = sorted(str(path) for path in (tmp_path / "d/shards").glob("*.tar"))
    samples = ray.data.read_webdataset(shards, decoder=None).take_all()
    assert {sample["__key__"] for sample in samples} == set(rows)
    for sample in samples:
        assert json.loads(sample["json"])["pts"] == rows[sample["__key__"]]["pts"]
        assert cv2.imdecode(np.frombuffer(sample["003.jpg"], np.uint8), cv2.IMREAD_COLOR).shape == (
            64,
            64,
            3,
        )
