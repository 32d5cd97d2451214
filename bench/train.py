# SPDX-License-Identifier: Apache-2.0
"""./dev bench train: batches for training, against bare JPEG decoding and against a peer.

loader   a dataset's samples as batches: windows of 16 images of 160 x 160 pixels
step     steps of the network of people, in LibTorch and in eager PyTorch, without loading
gesture  signals from real landmarks of hands, against scikit-learn's forest (train_gesture.py)
ray      two workers on Ray against two separate processes, and restarts (train_ray.py)
memory   the loader's memory and time to the first batch, for 10,000 to 1,000,000 samples

The floor decodes the JPEGs of the split from memory, and does nothing else. The peer is webdataset
in PyTorch's DataLoader with two workers, decoding and augmenting with Pillow (bench/train_peer.py),
on the same shards. Contestants take turns within each round; start-up and imports do not count.
Prints one table; the valid figure is CPU time as a ratio within a round.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys

from ingest import LIDO, REAL, ROOT, WORK, cpu_model, make_clips, measure, revision, spread
from train_gesture import gesture
from train_ray import on_ray

BATCH = 32
BENCH = ROOT / "build/release/bin/loader_bench"
CORES = str(os.cpu_count())


def environment():
    """The peer's Python, with the packages that requirements/bench-train.txt pins."""
    folder, wanted = WORK / "env/train", ROOT / "requirements/bench-train.txt"
    done = folder / "done"
    if not done.exists() or done.read_text() != wanted.read_text():
        print("installing PyTorch and webdataset for the peer (3 GB)", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["/usr/bin/python3", "-m", "venv", folder], check=True)
        install = "install -q --disable-pip-version-check --require-hashes --no-deps -r".split()
        subprocess.run([folder / "bin/pip", *install, wanted], check=True)
        done.write_text(wanted.read_text())
    return folder / "bin/python"


def make_dataset(stride):
    """Windows from real pool clips, or from drawn ones where those are not; their kind."""
    clips = sorted(REAL.glob("*.mp4")) + sorted(REAL.parent.glob("person_walk/*.mp4"))
    kind = "real clips" if clips else "drawn clips"
    out = WORK / f"train/{kind.split()[0]}_{stride}"
    if not (out / "generations").exists():
        clips = clips or make_clips("h264_b_long")
        shutil.rmtree(out, ignore_errors=True)
        flags = "--fps 10 --window 16 --size 160 --scene off --split 1/0/0 --shard-mb 16 --quiet"
        command = [LIDO, "ingest", *clips, "--out", out, *flags.split(), "--stride", str(stride)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return out, kind


def contestants(dataset, python, augment):
    """Commands by name: each prints its samples, wall and CPU seconds as JSON."""
    return {
        "floor": [BENCH, "floor", dataset, CORES],
        "lido": [BENCH, "load", dataset, CORES, BATCH, augment],
        "lido, Python": [ROOT / ".venv/bin/python", ROOT / "bench/train_lido.py", dataset, BATCH]
        + [augment],
        "webdataset": [python, ROOT / "bench/train_peer.py", dataset, BATCH, augment],
    }


def run_rounds(commands, rounds):
    """Runs of each contestant, taking turns. One more round at first warms the caches."""
    runs = {who: [] for who in commands}
    for number in range(rounds + 1):
        for who, command in commands.items():
            result = measure(command)
            run = {**json.loads(result["printed"]), "mb": result["mb"]}
            if who == "floor":
                wanted = run["samples"]
            elif run["samples"] != wanted:
                sys.exit(f"{who} gave {run['samples']} samples, the floor has {wanted}")
            if number > 0:
                runs[who].append(run)
    return runs


def show(name, runs):
    for who, results in runs.items():
        each = [1000 * r["cpu_s"] / r["samples"] for r in results]
        to_floor = [r["cpu_s"] / f["cpu_s"] for r, f in zip(results, runs["floor"])]
        to_peer = [r["cpu_s"] / p["cpu_s"] for r, p in zip(results, runs["webdataset"])]
        wall = [f["wall_s"] / r["wall_s"] for r, f in zip(results, runs["floor"])]
        speed = statistics.median(r["samples"] / r["wall_s"] for r in results)
        print(
            f"{name:<20}{who:<14}{spread(each):<24}{spread(to_floor):<24}{spread(to_peer):<24}"
            f"{spread(wall):<24}{speed:>9.0f}{max(r['mb'] for r in results):>9.0f}",
            flush=True,
        )


def loader(rounds):
    os.environ["PYTHONPATH"] = str(ROOT / "build/release/python")
    python = environment()
    _, kind = make_dataset(1)
    print(
        f"revision {revision()}, {cpu_model()}, {CORES} cores, {rounds} rounds, {kind}; "
        "median (min-max)\n"
    )
    print(
        f"{'row':<20}{'who':<14}{'CPU ms a sample':<24}{'CPU / floor':<24}{'CPU / webdataset':<24}"
        f"{'speed / floor':<24}{'samples/s':>9}{'peak MB':>9}"
    )
    # Augmenting takes the peer minutes: half the samples are enough.
    for name, augment, stride in (("decoded", 0, 1), ("decoded, augmented", 1, 2)):
        dataset, _ = make_dataset(stride)
        show(name, run_rounds(contestants(dataset, python, augment), rounds))


def with_rows(dataset, rows):
    """A dataset of the samples of another one again and again: links to its shards, new keys."""
    import pyarrow
    import pyarrow.parquet as parquet

    out = WORK / f"train/rows_{rows}"
    folder = out / "generations/000001"
    if (folder / "generation.json").exists():
        return out
    shutil.rmtree(out, ignore_errors=True)
    folder.mkdir(parents=True)
    (out / "shards").mkdir()
    shutil.copy(dataset / "lido.json", out)
    source = dataset / "generations/000001"
    table = parquet.read_table(source / "manifest.parquet")
    fields = {name: table.schema.get_field_index(name) for name in ("sample", "shard")}
    with parquet.ParquetWriter(folder / "manifest.parquet", table.schema) as writer:
        for first in range(0, rows, len(table)):
            part = table.slice(0, min(len(table), rows - first))
            shards = [f"shards/{first:07}-{name[7:]}" for name in part["shard"].to_pylist()]
            for name in set(shards):
                (out / name).symlink_to(dataset / f"shards/{name[15:]}")
            values = {"sample": [f"{first + i:012x}" for i in range(len(part))], "shard": shards}
            for name, at in fields.items():
                part = part.set_column(at, table.schema.field(at), pyarrow.array(values[name]))
            writer.write_table(part, 2048)
    generation = json.loads((source / "generation.json").read_text())
    (folder / "generation.json").write_text(json.dumps({**generation, "samples": rows}))
    return out


def memory(_):
    dataset, kind = make_dataset(2)
    print(f"revision {revision()}, {cpu_model()}, {CORES} cores, {kind}; one run each\n")
    print(f"{'samples':>10}{'first batch, s':>16}{'peak MB':>9}  after 100 batches of {BATCH}")
    for rows in (10_000, 100_000, 1_000_000):
        whole = with_rows(dataset, rows)
        runs = [
            json.loads(measure([BENCH, "load", whole, CORES, BATCH, 0, batches])["printed"])
            for batches in (1, 100)
        ]
        print(f"{rows:>10,}{runs[0]['wall_s']:>16.2f}{runs[1]['peak_mb']:>9.0f}", flush=True)


def step(rounds):
    """Steps of both, taking turns; the same layers, batch and number of threads."""
    python = environment()
    lido = ROOT / "build/release/bin/step_bench"
    print(
        f"revision {revision()}, {cpu_model()}, {CORES} cores, {rounds} rounds; median (min-max)\n"
    )
    heading = f"{'windows a second':<24}{'CPU ms a window':<24}{'CPU / PyTorch':<24}"
    print(f"{'row':<26}{'who':<14}{heading}{'time / PyTorch':<24}")
    for windows, frames, side, threads in ((16, 16, 96, CORES), (16, 16, 96, 1), (16, 6, 48, 1)):
        shape = [10, windows, frames, side, threads]
        commands = {
            "lido": [lido, *shape],
            "PyTorch": [python, ROOT / "bench/train_step_peer.py", *shape],
        }
        runs = {who: [] for who in commands}
        for number in range(rounds + 1):  # the first round warms the caches
            for who, command in commands.items():
                result = json.loads(measure(command)["printed"])
                if number > 0:
                    runs[who].append(result)
        name = f"{frames} x {side} x {side}, {threads} thread(s)"
        for who, results in runs.items():
            speed = [r["samples"] / r["wall_s"] for r in results]
            each = [1000 * r["cpu_s"] / r["samples"] for r in results]
            cpu = [r["cpu_s"] / p["cpu_s"] for r, p in zip(results, runs["PyTorch"])]
            wall = [r["wall_s"] / p["wall_s"] for r, p in zip(results, runs["PyTorch"])]
            columns = "".join(f"{spread(values):<24}" for values in (speed, each, cpu, wall))
            print(f"{name:<26}{who:<14}{columns}", flush=True)


PARTS = {"loader": loader, "step": step, "gesture": gesture, "memory": memory, "ray": on_ray}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--only", choices=PARTS, help="run one part")
    given = options.parse_args()
    for name, part in PARTS.items():
        if given.only in (None, name):
            part(given.rounds)


if __name__ == "__main__":
    main()
