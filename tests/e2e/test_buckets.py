# SPDX-License-Identifier: Apache-2.0
"""Real local GCS and S3 servers, also through a proxy that answers 503 and cuts connections."""

import hashlib
import io
import json
import sys
import tarfile
import time
import urllib.parse
import urllib.request

import boto3
import pytest
from bucket_servers import NAMES
from conftest import CLIPS, SMALL, content, hold_port, ingest, port_of, run, table


def object_bytes(uri, env):
    """The objects below a URI by their name, listed and read from the server without Lido."""
    scheme, _, bucket, prefix = uri.split("/", 3)
    if scheme == "s3:":
        client = boto3.client(
            "s3",
            endpoint_url=env["AWS_ENDPOINT_URL"],
            aws_access_key_id="a",
            aws_secret_access_key="b",
            region_name="us-east-1",
        )
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix + "/")
        names = [one["Key"] for page in pages for one in page.get("Contents", [])]

        def read(name):
            return client.get_object(Bucket=bucket, Key=name)["Body"].read()
    else:
        url = f"{env['CLOUD_STORAGE_EMULATOR_ENDPOINT']}/storage/v1/b/{bucket}/o"
        query = urllib.parse.urlencode({"prefix": prefix + "/", "maxResults": 100000})
        with urllib.request.urlopen(f"{url}?{query}") as answer:
            names = [one["name"] for one in json.load(answer).get("items", [])]

        def read(name):
            with urllib.request.urlopen(
                f"{url}/{urllib.parse.quote(name, '')}?alt=media"
            ) as answer:
                return answer.read()

    return {name.removeprefix(prefix + "/"): read(name) for name in names}


def objects(uri, env):
    """Checksums of the objects below a URI by their name; the report, which names the time, is left
    out.
    """
    return {
        name: hashlib.sha256(data).hexdigest()
        for name, data in object_bytes(uri, env).items()
        if not name.endswith("report.html")
    }


def images(dataset):
    """Images of each sample, by what must not depend on a clip's storage. Keys do: they hash the
    clip's URI.
    """
    found = {}
    for row in table(dataset, "manifest"):
        with open(dataset / row["shard"], "rb") as shard:
            shard.seek(row["offset"])
            data = shard.read(row["length"])
        with tarfile.open(fileobj=io.BytesIO(data + bytes(1024))) as tar:
            files = {m.name.split(".", 1)[1]: tar.extractfile(m).read() for m in tar}
        name = row["clip"].rsplit("/")[-1], row["first_k"], tuple(row["pts"])
        found[name] = {k: v for k, v in files.items() if k.endswith("jpg")}
    return found


def test_clips_in_a_bucket_give_the_samples_of_clips_on_disk(bucket, tmp_path):
    uri, env, _ = bucket
    ingest(f"{uri}/raw", tmp_path / "bucket", *SMALL, env=env)
    ingest([CLIPS / n for n in NAMES], tmp_path / "disk", *SMALL)
    here = images(tmp_path / "disk")
    assert len(here) > 50 and all(len(files) == 4 for files in here.values())
    assert images(tmp_path / "bucket") == here
    assert run("inspect", tmp_path / "bucket", "--verify").code == 0


def test_faults_are_retried_and_change_nothing(bucket, tmp_path):
    uri, env, proxy = bucket
    ingest(f"{uri}/raw/*.mp4", tmp_path / "calm", *SMALL, env=env)
    proxy.rate, proxy.faults = 0.5, 0
    # A clear error after all retries is allowed; repeating the command resumes the ingest.
    for _ in range(50):
        done = run(
            "ingest", f"{uri}/raw/*.mp4", "--out", tmp_path / "stormy", *SMALL, "--quiet", env=env
        )
        if done.code == 0:
            break
        assert done.code == 1 and uri[:5] in done.err, done.err
    proxy.rate = 0.0
    assert done.code == 0 and proxy.faults > 0
    assert content(tmp_path / "calm") == content(tmp_path / "stormy")


def jpegs(shard):
    """The images in a shard."""
    with tarfile.open(fileobj=io.BytesIO(shard)) as tar:
        return [tar.extractfile(m).read() for m in tar if m.name.endswith(".jpg")]


def test_a_dataset_in_a_bucket(bucket, tmp_path):
    uri, env, _ = bucket
    out = f"{uri}/train"
    ingest(f"{uri}/raw/h264_b.mp4", out, *SMALL, env=env)
    ingest(f"{uri}/raw/h264_b.mp4", tmp_path / "d", *SMALL, env=env)
    first = objects(out, env)
    assert first == content(tmp_path / "d")
    assert (
        ingest([f"{uri}/raw/h264_b.mp4", f"{uri}/raw/vp9.webm"], out, *SMALL, env=env)["generation"]
        == 2
    )
    # Published objects never change.
    second = objects(out, env)
    assert first.items() <= second.items() and len(second) > len(first)
    found = run("inspect", out, "--json", "--verify", env=env)
    assert found.code == 0 and found.json["clips"] == 2, found.err
    before = object_bytes(out, env)
    gone = run("forget", out, "--clip", "vp9.webm", "--time", "all", "--json", env=env)
    assert gone.code == 0 and gone.json["samples_removed"] > 0, gone.err
    assert "version" in gone.json["kept_by_bucket"]
    after = object_bytes(out, env)
    assert not [name for name in after if "generations/000002" in name or ".work" in name]
    # The second generation's shards are of vp9.webm alone.
    frames = [
        f for name, data in before.items() if name.startswith("shards/g000002") for f in jpegs(data)
    ]
    assert frames and not [f for f in frames if any(f in data for data in after.values())]
    assert run("inspect", out, "--json", env=env).json["generation"] == 3


def test_a_crash_is_survived_in_a_bucket_too(bucket):
    uri, env, _ = bucket
    fault = {"LIDO_TEST_FAULT": "crash:span:vp9"}
    arguments = [f"{uri}/raw", "--out", f"{uri}/crashed", *SMALL, "--json", "--quiet"]
    done = run("ingest", *arguments, env=env | fault)
    assert done.code == 3 and done.err.count("ended by signal 6") == 3, done.err
    assert done.json["clips"] == len(NAMES) and done.json["rejected"] == 1
    (lost,) = done.json["faults"]
    assert lost["clip"] == f"{uri}/raw/vp9.webm" and not lost["retried"]
    assert lost["reason"] == "its worker process crashed 3 times"


def test_on_ray_from_bucket_to_bucket_it_is_the_same(bucket, tmp_path):
    uri, env, _ = bucket
    ingest(f"{uri}/raw", tmp_path / "here", *SMALL, "--span-s", 2, env=env)
    on_ray = {**env, "LIDO_PYTHON": sys.executable, "RAY_USAGE_STATS_ENABLED": "0"}
    done = run(
        "ingest",
        f"{uri}/raw",
        "--out",
        f"{uri}/from-ray",
        *SMALL,
        "--span-s",
        2,
        *"--on ray --json --quiet".split(),
        env=on_ray,
    )
    assert done.code == 0, done.err
    here, there = (
        run("inspect", folder, "--json", "--verify", env=env)
        for folder in (tmp_path / "here", f"{uri}/from-ray")
    )
    assert here.code == there.code == 0, there.err
    for name in ("clips", "samples", "splits"):  # shards and bytes of each split too
        assert there.json[name] == here.json[name], name
    assert objects(f"{uri}/from-ray", env) == content(tmp_path / "here")


def test_what_is_not_needed_is_not_fetched(bucket, long_clip, tmp_path):
    uri, env, proxy = bucket
    size = long_clip.stat().st_size
    proxy.sent = 0
    plan = run("ingest", f"{uri}/long", "--out", tmp_path / "d", "--dry-run", "--json", env=env)
    assert plan.code == 0 and plan.json["clips"] == 1
    planned = proxy.sent
    proxy.sent = 0
    ingest(f"{uri}/long", tmp_path / "d", *SMALL, env=env)
    # The index when planning, one pass when working.
    print(
        f"{uri}: sent {planned / size:.2f} when planning, {proxy.sent / size:.2f} in all when "
        "working"
    )
    assert planned < 0.1 * size and proxy.sent < 1.3 * size


def test_missing_buckets_and_objects_are_wrong_use(bucket, tmp_path):
    uri, env, _ = bucket
    for missing in (f"{uri}/nothing/here", f"{uri[:5]}no-such-bucket/raw"):
        done = run("ingest", missing, "--out", tmp_path / "d", *SMALL, env=env)
        listing, error = done.err.splitlines()
        assert done.code == 2 and missing in listing and missing in error, done.err


@pytest.mark.parametrize("scheme", ["gs", "s3"])
def test_without_credentials_a_bucket_is_refused_within_ten_seconds(scheme, tmp_path):
    # No credentials in the environment, in files or at a metadata server; the provider is
    # unreachable.
    held = hold_port()
    dead = f"127.0.0.1:{port_of(held)}"
    env = {
        "HOME": str(tmp_path),
        "GCE_METADATA_ROOT": dead,
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{dead}",
        "HTTPS_PROXY": f"http://{dead}",
        "https_proxy": f"http://{dead}",
    }
    start = time.monotonic()
    done = run("ingest", f"{scheme}://pool-a", "--out", tmp_path / "d", *SMALL, env=env)
    seconds = time.monotonic() - start
    held.close()
    listing, error = done.err.splitlines()
    assert done.code == 2 and "listing" in listing and len(error) < 250, done.err
    assert {"gs": "gcloud auth application-default login", "s3": "aws configure"}[
        scheme
    ] in error, error
    assert seconds < 10, seconds
