# SPDX-License-Identifier: Apache-2.0
"""Several writers of one dataset, on a disk and in buckets: none loses or doubles a sample."""

import collections
import fcntl
import http.server
import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import threading
import time
import urllib.parse
import urllib.request

import boto3
import pyarrow.parquet
import pytest
from conftest import CLIPS, LIDO, SMALL, content, ingest, parts_done, run

PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
PAIRS = 3
MANY_PAIRS = 50
FIRST, SECOND, THIRD = (str(CLIPS / name) for name in ("h264_b.mp4", "vp9.webm", "hevc_b.mkv"))


class Place:
    """Where datasets are written, read past Lido: a folder, or a bucket's own interface."""

    def __init__(self, uri, env):
        self.uri, self.env = str(uri), env
        if self.uri.startswith("s3"):
            self.s3 = boto3.client(
                "s3",
                endpoint_url=env["AWS_ENDPOINT_URL"],
                aws_access_key_id="a",
                aws_secret_access_key="b",
                region_name="us-east-1",
            )

    def gcs(self, path, method="GET", **query):
        url = f"{self.env['CLOUD_STORAGE_EMULATOR_ENDPOINT']}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(urllib.request.Request(url, method=method)) as answer:
            return answer.read()

    def names(self, dataset):
        """Names of all objects of a dataset."""
        folder = f"{self.uri}/{dataset}/"
        if not self.uri.startswith(("gs:", "s3:")):
            root = pathlib.Path(folder)
            return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())
        bucket, prefix = folder[5:].split("/", 1)
        if self.uri.startswith("s3:"):
            pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            found = [o["Key"] for page in pages for o in page.get("Contents", [])]
        else:
            listed = json.loads(self.gcs(f"/storage/v1/b/{bucket}/o", prefix=prefix))
            found = [o["name"] for o in listed.get("items", [])]
        return sorted(name.removeprefix(prefix) for name in found)

    def read(self, dataset, name):
        path = f"{self.uri}/{dataset}/{name}"
        if not self.uri.startswith(("gs:", "s3:")):
            return pathlib.Path(path).read_bytes()
        bucket, key = path[5:].split("/", 1)
        if self.uri.startswith("s3:"):
            return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return self.gcs(f"/storage/v1/b/{bucket}/o/{urllib.parse.quote(key, safe='')}", alt="media")

    def samples(self, dataset, generation):
        """The keys of a generation's samples, by clip."""
        manifest = self.read(dataset, f"generations/{generation:06}/manifest.parquet")
        rows = pyarrow.parquet.read_table(io.BytesIO(manifest)).to_pylist()
        keys = collections.defaultdict(list)
        for row in rows:
            keys[row["clip"]].append(row["sample"])
        return keys


@pytest.fixture(params=["disk", "gcs", "s3"])
def place(request, tmp_path):
    if request.param == "disk":
        return Place(tmp_path, {})
    uri, env, proxy = request.getfixturevalue(request.param)
    proxy.rate = 0.0
    return Place(f"{uri}/{request.node.name.replace('[', '-').replace(']', '')}", env)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The keys that each clip gives when one process ingests it."""
    folder = tmp_path_factory.mktemp("alone")
    ingest([FIRST, SECOND, THIRD], folder / "d", *SMALL)
    return {clip: sorted(keys) for clip, keys in Place(folder, {}).samples("d", 1).items()}


# The spans of the third clip never end: the writer is in mid-work until it is killed.
HANGS = {"LIDO_TEST_FAULT": f"hang:span:{pathlib.Path(THIRD).name}"}


def start(place, dataset, *clips, env=None):
    return subprocess.Popen(
        [LIDO, "ingest", *clips, "--out", f"{place.uri}/{dataset}", *SMALL, "--json", "--quiet"],
        **PIPES,
        env={**os.environ, **place.env, **(env or {})},
    )


def end(place, writer):
    """Waits for a writer. One that waited for the other in vain is started again, as it asks for.

    @return Its summary, and the number of times that it was started again.
    """
    for again in range(10):
        out, err = writer.communicate(timeout=120)
        if writer.returncode == 0:
            return json.loads(out), again
        assert writer.returncode == 1 and "is writing here. Wait for it" in err, err
        writer = subprocess.Popen(writer.args, **PIPES, env={**os.environ, **place.env})
    raise AssertionError(err)


def check_pairs(place, alone, pairs):
    """Starts two writers at once, again and again. Their clips overlap in every second pair.

    @return How many datasets have which number of generations, and how many writers were started
    again, which a slow machine needs.
    """
    generations, repeated = collections.Counter(), 0
    for pair in range(pairs):
        lists = [(FIRST, SECOND), (SECOND, THIRD)] if pair % 2 else [(FIRST,), (SECOND, THIRD)]
        writers = [start(place, f"d{pair}", *clips) for clips in lists]
        ends = [end(place, writer) for writer in writers]
        repeated += sum(again for _, again in ends)
        summaries = [summary for summary, _ in ends]
        assert [s["rejected"] for s in summaries] == [0, 0], (pair, summaries)
        assert sum(s["clips"] for s in summaries) == 3, (pair, summaries)
        found = run("inspect", f"{place.uri}/d{pair}", "--verify", "--json", env=place.env)
        assert found.code == 0, (pair, found.err)
        assert found.json["clips"] == 3 and found.json["orphans"] == [], (pair, found.json)
        generations[found.json["generation"]] += 1
        keys = place.samples(f"d{pair}", found.json["generation"])
        assert {clip: sorted(found) for clip, found in keys.items()} == alone, pair
        assert not [n for n in place.names(f"d{pair}") if ".work" in n or n.endswith(".lease")]
    return generations, repeated


def test_two_writers_started_at_once_lose_and_double_nothing(place, alone):
    assert check_pairs(place, alone, PAIRS)[0] == {2: PAIRS}


@pytest.mark.slow
def test_fifty_pairs_of_writers_lose_and_double_nothing(place, alone):
    generations, repeated = check_pairs(place, alone, MANY_PAIRS)
    print(f"{place.uri[:5]}: {MANY_PAIRS} pairs, generations {dict(generations)}, {repeated} again")
    assert generations == {2: MANY_PAIRS}


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def kill_in_mid_work(writer, place):
    """Kills a writer of dataset "d", which has published nothing yet."""
    writer.send_signal(signal.SIGKILL)
    assert writer.wait() == -signal.SIGKILL
    assert not any(name.endswith("generation.json") for name in place.names("d"))


def test_a_writer_right_after_a_killed_one_resumes(place, alone):
    whole = start(place, "whole", FIRST, SECOND, THIRD)
    assert whole.communicate()[1] == "" and whole.returncode == 0
    killed = start(place, "d", FIRST, SECOND, THIRD, env=HANGS)
    wait_until(lambda: any(n.startswith(".work/parts") for n in place.names("d")))
    kill_in_mid_work(killed, place)
    again = start(place, "d", FIRST, SECOND, THIRD)
    out, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    for name in place.names("whole"):
        if name != "report.html":
            assert place.read("d", name) == place.read("whole", name), name
    assert place.names("d") == place.names("whole")


def test_on_a_disk_a_writer_waits_for_one_that_ends(tmp_path):
    ingest(FIRST, tmp_path / "d", *SMALL)
    with open(tmp_path / "d/lido.json") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        writer = start(Place(tmp_path, {}), "d", SECOND)
        said = writer.stderr.readline()
        assert f"{tmp_path}/d: another process is writing here; waiting up to 10 s" in said
        assert writer.poll() is None
        fcntl.flock(held, fcntl.LOCK_UN)
        assert json.loads(writer.communicate()[0])["clips"] == 1 and writer.returncode == 0


def test_a_replaced_lock_file_lets_nobody_in(tmp_path):
    """A lock on a file that lost its name keeps no process out; a lock on the name does."""
    ingest(FIRST, tmp_path / "d", *SMALL)
    with open(tmp_path / "d/lido.json") as old:
        fcntl.flock(old, fcntl.LOCK_EX)
        shutil.copy(tmp_path / "d/lido.json", tmp_path / "d/new")
        (tmp_path / "d/new").rename(tmp_path / "d/lido.json")
        assert run("ingest", SECOND, "--out", tmp_path / "d", *SMALL).code == 0
    with open(tmp_path / "d/lido.json") as current:
        fcntl.flock(current, fcntl.LOCK_EX)
        began = time.monotonic()
        refused = run("label", tmp_path / "d", "--labels", labels_file(tmp_path))
        assert refused.code == 1 and "another process is writing here" in refused.err
        assert 9 < time.monotonic() - began < 20


def labels_file(folder):
    labels = folder / "labels.csv"
    labels.write_text(f"clip,start_s,end_s,task,label\n{FIRST},0,1,behaviour,swimming\n")
    return labels


def test_labels_that_change_nothing_leave_no_object(place, tmp_path):
    ingest(FIRST, f"{place.uri}/d", *SMALL, env=place.env)
    labels = labels_file(tmp_path)
    assert run("label", f"{place.uri}/d", "--labels", labels, env=place.env).code == 0
    before = place.names("d")
    again = run("label", f"{place.uri}/d", "--labels", labels, "--json", env=place.env)
    assert again.code == 0 and again.json["samples_changed"] == 0, again.err
    assert place.names("d") == before
    assert "generations/000002/generation.json" in before
    assert not [name for name in before if name.startswith("generations/000003")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_writer_leaves_whole_objects_alone(place, number):
    whole = start(place, "whole", FIRST, SECOND, THIRD)
    assert whole.wait() == 0
    expected = {name: place.read("whole", name) for name in place.names("whole")}
    stopped = start(place, "d", FIRST, SECOND, THIRD)
    wait_until(lambda: any(n.startswith(".work/parts") for n in place.names("d")))
    stopped.send_signal(number)
    out, err = stopped.communicate(timeout=30)
    assert stopped.returncode in (0, 130), err  # it may have been at its end
    for name in place.names("d"):
        if name in expected and name != "report.html":
            assert place.read("d", name) == expected[name], name
    assert not [name for name in place.names("d") if name.endswith((".lease", ".partial"))]


@pytest.mark.parametrize("scheme", ["gs", "s3"])
def test_retries_end_when_the_job_is_stopped(scheme, tmp_path):
    requests = []

    class Failing(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            self.send_error(503)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    dead = f"http://127.0.0.1:{server.server_port}"
    env = {
        "CLOUD_STORAGE_EMULATOR_ENDPOINT": dead,
        "AWS_ENDPOINT_URL": dead,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
    }
    writer = start(Place(tmp_path, env), "d", f"{scheme}://pool-a/raw")
    wait_until(lambda: len(requests) >= 2)  # it retries
    assert writer.poll() is None, writer.communicate()
    before, began = len(requests), time.monotonic()
    writer.terminate()
    writer.communicate(timeout=30)
    seconds = time.monotonic() - began
    server.shutdown()
    assert writer.returncode == 130 and seconds < 2 and len(requests) <= before + 1, requests


def test_verify_finds_samples_that_stand_twice(tmp_path):
    ingest(FIRST, tmp_path / "d", *SMALL)
    manifest = tmp_path / "d/generations/000001/manifest.parquet"
    rows = pyarrow.parquet.read_table(manifest)
    key = rows["sample"][3].as_py()
    pyarrow.parquet.write_table(pyarrow.concat_tables([rows, rows.slice(3, 1)]), manifest)
    found = run("inspect", tmp_path / "d", "--verify", "--json")
    assert found.code == 3 and f"1 sample has two rows in generation 1; the first is {key}" in (
        found.err
    ), found.err
    assert found.json["duplicates"] == [key] and found.json["damaged"]["samples"] == 0


def test_verify_names_files_that_no_generation_uses_and_an_ingest_removes_its_own(tmp_path):
    ingest(FIRST, tmp_path / "d", *SMALL)
    calm = content(tmp_path / "d")
    left = ["shards/g000002-train-000099.tar", "scenes/g000002/objects.parquet"]
    left += ["generations/000002/manifest.parquet", "shards/.g000001-train-000000.tar.partial"]
    for name in left:
        (tmp_path / "d" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "d" / name).write_text("half")
    (tmp_path / "d/notes.txt").write_text("mine")
    found = run("inspect", tmp_path / "d", "--verify", "--json")
    assert found.code == 0 and found.json["orphans"] == sorted(left), found.err
    assert "warning" in found.err and "4 files belong to no generation" in found.err
    ingest(SECOND, tmp_path / "d", *SMALL)
    found = run("inspect", tmp_path / "d", "--verify", "--json")
    assert found.json["generation"] == 2
    assert found.json["orphans"] == []
    assert calm.items() <= content(tmp_path / "d").items()
    assert (tmp_path / "d/notes.txt").read_text() == "mine"


def test_names_that_lead_out_of_a_dataset_are_refused(tmp_path):
    ingest(FIRST, tmp_path / "d", *SMALL)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/pictures.json").write_text('{"views": [], "plates": []}')
    generation = tmp_path / "d/generations/000001/generation.json"
    told = json.loads(generation.read_text())
    generation.write_text(json.dumps({**told, "scenes": ["../outside"]}))
    labels = labels_file(tmp_path)
    done = run("label", tmp_path / "d", "--labels", labels)
    assert done.code == 2 and '"../outside/pictures.json" leads out of this folder' in done.err
    manifest = tmp_path / "d/generations/000001/manifest.parquet"
    rows = pyarrow.parquet.read_table(manifest)
    shards = [["/etc/passwd"] * rows.num_rows]
    at = rows.schema.get_field_index("shard")
    rows = rows.set_column(at, rows.schema.field(at), pyarrow.array(shards[0]))
    pyarrow.parquet.write_table(rows, manifest)
    done = run("inspect", tmp_path / "d", "--verify", "--generation", 1)
    assert done.code == 2 and '"/etc/passwd" leads out of this folder' in done.err, done.err


def test_a_part_with_lost_blocks_is_made_again(tmp_path, alone):
    """As a power cut can leave it: whole in length and record, zeros where samples were."""
    whole = Place(tmp_path, {})
    killed = start(whole, "d", FIRST, SECOND, THIRD, env=HANGS)
    wait_until(lambda: parts_done(tmp_path / "d") == 2)  # the third hangs
    kill_in_mid_work(killed, whole)
    torn = min(p for p in (tmp_path / "d/.work/parts").iterdir() if "." not in p.name)
    data = bytearray(torn.read_bytes())
    assert len(data) > 20000
    data[4096:8192] = bytes(4096)
    torn.write_bytes(data)
    summary = ingest([FIRST, SECOND, THIRD], tmp_path / "d", *SMALL)
    assert summary["spans_resumed"] == 1 and summary["spans"] == 3
    keys = whole.samples("d", 1)
    assert {clip: sorted(found) for clip, found in keys.items()} == alone
    assert run("inspect", tmp_path / "d", "--verify").code == 0


def tool_commands():
    """Commands that write a folder, by name, without --out."""
    return {
        "tracks": ["synth", "tracks", "--days", 1, "--rate-hz", 0.01, "--quiet"],
        "scene": ["scene", FIRST, "--fps", 2, "--quiet"],
    }


@pytest.mark.parametrize("tool", ["tracks", "scene"])
def test_tools_refuse_a_folder_with_other_files(tmp_path, tool):
    command = tool_commands()[tool]
    ingest(FIRST, tmp_path / "dataset", *SMALL)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/events.parquet").write_text("mine")
    (tmp_path / "mine/objects.parquet").write_text("mine")
    for folder in ("dataset", "mine"):
        before = content(tmp_path / folder)
        refused = run(*command, "--out", tmp_path / folder)
        assert refused.code == 2 and "did not write. Give an empty folder" in refused.err
        assert content(tmp_path / folder) == before
    assert run(*command, "--out", tmp_path / "new").code == 0
    other = tool_commands()["scene" if tool == "tracks" else "tracks"]
    before = content(tmp_path / "new")
    refused = run(*other, "--out", tmp_path / "new")
    assert refused.code == 2 and "holds the output of lido" in refused.err
    assert content(tmp_path / "new") == before


def test_tools_replace_their_own_output(tmp_path):
    tracks = tool_commands()["tracks"]
    longer = [*tracks[:2], "--days", 2, *tracks[4:]]
    assert run(*longer, "--out", tmp_path / "d").code == 0
    assert (tmp_path / "d/tracks/day_00001.parquet").exists()
    for folder in ("d", "fresh"):
        assert run(*tracks, "--out", tmp_path / folder).code == 0
    assert content(tmp_path / "d") == content(tmp_path / "fresh")
    scene = tool_commands()["scene"]
    assert run(*scene, "--draw", "--out", tmp_path / "s").code == 0
    assert (tmp_path / "s/drawn.mp4").exists()
    assert run(*scene, "--out", tmp_path / "s").code == 0
    assert not (tmp_path / "s/drawn.mp4").exists()
