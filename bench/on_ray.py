# SPDX-License-Identifier: Apache-2.0
"""./dev bench ray: Ray's cost over the local executor, and how it scales.

overhead   equal clips and cores, here and on a warm Ray; and Ray tasks with decord
tiny       very many clips of a second: time for each beyond the local executor's
nothing    clips of one tiny frame: time of planner and attempts, and the driver's memory
first      from submission to the finished dataset on a warm Ray, one short clip

CPU is the sum of all processes that Ray started, its daemons included.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

from ingest import (
    LIDO,
    PEERS,
    ROOT,
    WORK,
    copy_with_other_bytes,
    descendants,
    environment,
    make_clips,
    measure,
    revision,
    run_peer,
)
from scale import clip_folders, make, short_clips

MODULE = ROOT / "build/release/python"
PYTHON = ROOT / ".venv/bin/python"
FRAMES = {"scene": "off", "fps": "4", "window": 1, "stride": 1}
CORES = os.cpu_count()


def cpu_of_all():
    """CPU seconds of this process and all it started."""
    tick = os.sysconf("SC_CLK_TCK")
    used = 0
    for pid in descendants(os.getpid()):
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        used += sum(map(int, fields[11:15])) / tick  # its own, and its children's that ended
    return used


def inner(jobs, cores):
    """Runs ingests one after another on one Ray; prints a JSON line for each."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import logging
    import resource

    import ray
    from lido.ray import data

    ray.init(
        num_cpus=cores,
        object_store_memory=200_000_000,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    for job in jobs:
        shutil.rmtree(job["out"], ignore_errors=True)
        cpu, begun = cpu_of_all(), time.monotonic()
        marks = {}
        plan = data.plan(job["inputs"], job["out"], sampling=job["sampling"])
        spans = data.read_clips(plan)
        marks["planned"] = time.monotonic() - begun
        held, asked = 0, 0.0

        def told(row):
            nonlocal held, asked
            if time.monotonic() - asked > 0.5:
                asked = time.monotonic()
                held = max(
                    held,
                    ray.cluster_resources()["object_store_memory"]
                    - ray.available_resources()["object_store_memory"],
                )

        summary = data.finish(plan, data.write_parts(spans, plan), told=told)
        marks["parts"] = time.monotonic() - begun
        del plan
        print(
            json.dumps(
                {
                    "wall": time.monotonic() - begun,
                    "cpu": cpu_of_all() - cpu,
                    "clips": summary["clips"],
                    "driver_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
                    **marks,
                    "store_mb": held / 1e6,
                }
            ),
            flush=True,
        )
    ray.shutdown()


def on_ray(jobs, cores=CORES):
    """Costs of each job, in order."""
    environ = {**os.environ, "PYTHONPATH": str(MODULE)}
    lines = subprocess.run(
        [PYTHON, __file__, "--inner", json.dumps({"jobs": jobs, "cores": cores})],
        env=environ,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    ).stdout
    return [json.loads(line) for line in lines.splitlines() if line.startswith("{")]


def job(inputs, sampling=FRAMES):
    return {"inputs": [str(one) for one in inputs], "out": str(WORK / "out"), "sampling": sampling}


def here(inputs, workers=CORES, *extra):
    shutil.rmtree(WORK / "out", ignore_errors=True)
    return measure(
        [
            LIDO,
            "ingest",
            *inputs,
            "--out",
            WORK / "out",
            "--scene",
            "off",
            "--fps",
            FRAMES["fps"],
            *"--window 1 --stride 1 --quiet --workers".split(),
            workers,
            *extra,
        ]
    )


def middle(values):
    return f"{statistics.median(values):8.2f} ({min(values):.2f}-{max(values):.2f})"


def overhead(rounds):
    make_clips("h264_b")
    clips = sorted((WORK / "clips/h264_b").glob("*.mp4"))
    folder = WORK / "many"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for copy in range(6):
        for clip in clips:
            copy_with_other_bytes(clip, folder / f"{copy}-{clip.name}")
    print(
        f"\n{6 * len(clips)} clips of 10 s of 1080p at 4 fps on {CORES} cores; "
        f"{rounds} rounds, taking turns"
    )
    local, warm, ratio, wall = [], [], [], []
    for _ in range(rounds):
        local.append(here([folder]))
        warm.append(on_ray([job(clips[:2]), job([folder])])[1])
        ratio.append(warm[-1]["cpu"] / local[-1]["cpu"])
        wall.append(local[-1]["wall"] / warm[-1]["wall"])
    for name, runs in (("here         ", local), ("on a warm Ray", warm)):
        cpu, wall_s = ([run[key] for run in runs] for key in ("cpu", "wall"))
        print(f"  {name} {middle(cpu)} s CPU{middle(wall_s)} s")
    print(f"  Ray's CPU to the local executor's {middle(ratio)}  (goal 1.10)")
    print(f"  its speed to that of {CORES} local workers {middle(wall)}  (goal 0.93)")
    python = environment("ray_decord", PEERS["ray_decord"])
    if python:
        peer = run_peer(python, "ray_decord", clips, FRAMES["fps"])
        whole = measure(
            [PYTHON, __file__, "--inner", json.dumps({"jobs": [job(clips)], "cores": CORES})]
        )
        print(
            f"  {len(clips)} of them with Ray's start: lido {whole['cpu']:.1f} s CPU, tasks with "
            f"decord {peer['cpu']:.1f}, ratio {whole['cpu'] / peer['cpu']:.3f}  (goal 0.5)"
        )
    shutil.rmtree(folder)


def tiny(min_clips, max_clips):
    print("\nClips of one second, 320x180")
    print(
        f"{'clips':>8}{'here, s':>10}{'on Ray, s':>11}{'more, ms a clip':>17}{'goal':>6}"
        f"{'driver, MB':>12}{'object store, MB':>18}"
    )
    for count, folder in clip_folders(min_clips, max_clips):
        local = here([folder])
        there = on_ray([job(sorted(folder.glob("*/*.mp4"))[:50]), job([folder])])[1]
        more_ms = 1000 * (there["wall"] - local["wall"]) / count
        print(
            f"{count:>8}{local['wall']:>10.1f}{there['wall']:>11.1f}{more_ms:>17.2f}{3:>6}"
            f"{there['driver_mb']:>12.0f}{there['store_mb']:>18.1f}",
            flush=True,
        )


def nothing(min_clips, max_clips):
    """Prints the cost of planner, attempts and tables alone."""
    one = make(
        WORK / "scale/nothing.mp4", *"-f lavfi -i color=s=16x16:r=25:d=0.04 -c:v libx264".split()
    )
    print("\nClips of one frame of 16x16, on Ray")
    print(
        f"{'clips':>8}{'planned after, s':>18}{'done after, s':>15}{'ms a clip':>11}"
        f"{'driver, MB':>12}{'more, kB a clip':>17}{'object store, MB':>18}"
    )
    before = None
    for count, folder in clip_folders(min_clips, max_clips, one):
        run = on_ray([job([folder])])[0]
        more = (
            f"{1000 * (run['driver_mb'] - before[1]) / (count - before[0]):.1f}" if before else ""
        )
        before = count, run["driver_mb"]
        print(
            f"{count:>8}{run['planned']:>18.1f}{run['wall']:>15.1f}"
            f"{1000 * run['wall'] / count:>11.2f}{run['driver_mb']:>12.0f}{more:>17}"
            f"{run['store_mb']:>18.1f}",
            flush=True,
        )


def first():
    folder = short_clips(10)
    runs = on_ray([job([folder])] * 4)[1:]
    print(
        "\nOn a warm Ray, from submission to a finished dataset of ten short clips: "
        f"{middle([r['wall'] for r in runs])} s  (goal 10)"
    )
    shutil.rmtree(folder)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--inner", help=argparse.SUPPRESS)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument(
        "--min", "--least", type=int, default=1000, help="smallest number of short clips"
    )
    options.add_argument(
        "--max",
        "--most",
        type=int,
        default=10000,
        help="largest number of short clips; a million take half an hour with --only nothing",
    )
    options.add_argument("--only", choices=["overhead", "tiny", "nothing", "first"])
    given = options.parse_args()
    if given.inner:
        asked = json.loads(given.inner)
        return inner(asked["jobs"], asked["cores"])
    print(f"revision {revision()}, {CORES} cores")
    WORK.mkdir(parents=True, exist_ok=True)
    os.environ["PYTHONPATH"] = str(MODULE)
    if given.only in (None, "overhead"):
        overhead(given.rounds)
    if given.only in (None, "tiny"):
        tiny(given.min, given.max)
    if given.only in (None, "nothing"):
        nothing(given.min, given.max)
    if given.only in (None, "first"):
        first()


if __name__ == "__main__":
    sys.exit(main())
