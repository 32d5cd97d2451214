# SPDX-License-Identifier: Apache-2.0
"""./dev bench synth: speed of the simulator, and a detector's view of simulated people.

tracks     without video, against real time; the floor only writes equal rows with pyarrow
pictures   640x360 with four people in view, and with 33, one core; the floor only encodes them with
           FFmpeg; --against compares with another build of lido, in turns
detector   precision and recall of the default detector on people on the deck, by light
difficulty what simple models learn from the motion; scenes left out whole
waves      displacement of points under water by waves, in pixels
sheet      a contact sheet, light by behaviours and cameras, into --out
times      a contact sheet in time, four a second, behaviours by row, into --out

Measured in simulation.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import tempfile
import time

import duckdb
import pyarrow
import pyarrow.parquet
from ingest import revision
from synth_detector import detector
from synth_difficulty import difficulty
from synth_film import LIDO, cpu_s, film
from synth_sheet import sheet
from synth_times import times

FOUR = {
    "seed": 3,
    "duration_s": 8,
    "pool": {
        "outline": [[0, 0], [10, 0], [10, 5], [0, 5]],
        "shallow_m": 1.0,
        "deep_m": 1.8,
        "ways_in": [[0, 2]],
        "gate": [-1.5, 2],
    },
    "people": [
        {"age_years": 9, "at": [4, 2.5], "does": [{"behaviour": "treading", "for_s": 300}]},
        {"age_years": 35, "at": [3, -1.2], "does": [{"behaviour": "standing", "for_s": 300}]},
        {"age_years": 25, "at": [6, 2], "does": [{"behaviour": "front_crawl", "for_s": 300}]},
        {"age_years": 16, "at": [3, 3.5], "does": [{"behaviour": "splashing", "for_s": 300}]},
    ],
    "cameras": [
        {
            "name": "one",
            "at": [-1.5, -2, 3],
            "looks_at": [4, 2, 0],
            "degrees": 75,
            "k": [-0.08],
            "fps": 25,
        }
    ],
}


def simulate(out, rate_hz, days, seed):
    """Simulates days of tracks with one worker. Returns the summary and CPU-seconds."""
    shutil.rmtree(out, ignore_errors=True)
    before = cpu_s()
    days_and_rate = ["--days", str(days), "--seed", str(seed), "--rate-hz", str(rate_hz)]
    done = subprocess.run(
        [LIDO, "synth", "tracks", "--out", out, *days_and_rate, "--workers", "1", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout), cpu_s() - before


def write_only(out):
    """CPU-seconds to write the rows again: the floor."""
    tables = [
        pyarrow.parquet.read_table(path) for path in sorted((out / "tracks").glob("*.parquet"))
    ]
    begun = time.process_time()
    for table in tables:
        pyarrow.parquet.write_table(
            table, out / "again.parquet", compression="zstd", row_group_size=2048
        )
    return time.process_time() - begun


def tracks(flags):
    print(
        f"{'rows a second':<16}{'ten people, times real time, one core':>40}{'spread':>16}"
        f"{'floor: writing alone':>24}"
    )
    for rate_hz in (0.1, 1, 2, 10):
        times, floors = [], []
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "life"
            for number in range(flags.rounds):
                summary, used = simulate(out, rate_hz, flags.days, seed=number)
                people_s = summary["person_hours"] * 3600
                times.append(people_s / 10 / used)
                floors.append(people_s / 10 / max(1e-9, write_only(out)))
        print(
            f"{rate_hz:<16g}{statistics.median(times):>40.0f}{min(times):>9.0f}-{max(times):<6.0f}"
            f"{statistics.median(floors):>22.0f}"
        )


def encode_only(clip, folder):
    """CPU-seconds to encode a clip's frames again: the floor."""
    raw = folder / "raw.yuv"
    ffmpeg = "ffmpeg -v error -y".split()
    subprocess.run([*ffmpeg, "-i", clip, "-pix_fmt", "yuv420p", raw], check=True)
    source = "-f rawvideo -s 640x360 -pix_fmt yuv420p -r 25 -i".split()
    encoder = "-threads 1 -c:v libx264 -preset veryfast -crf 23".split()
    exact = ["-x264-params", "cpu-independent=1:threads=1"]
    before = cpu_s()
    subprocess.run([*ffmpeg, *source, raw, *encoder, *exact, folder / "again.mp4"], check=True)
    return cpu_s() - before


def crowd():
    """FOUR's camera at a pool of 25 x 12 m with 33 people."""
    draw = random.Random(1)
    does = ["treading", "playing", "splashing", "breaststroke"]
    people = [
        {
            "age_years": draw.choice([6, 9, 14, 30, 50]),
            "at": [draw.uniform(1, 14), draw.uniform(1, 11)],
            "does": [{"behaviour": draw.choice(does), "for_s": 300}],
        }
        for _ in range(33)
    ]
    pool = {**FOUR["pool"], "outline": [[0, 0], [25, 0], [25, 12], [0, 12]]}
    return {**FOUR, "pool": pool, "people": people}


def against(flags):
    """CPU-seconds a frame of four people and of 33, of this build and of --against, in turns."""
    print("\nCPU-ms a frame, start-up taken off: four people, 33 people, and their ratio")
    times = collections.defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        for _ in range(flags.rounds):
            for program in [LIDO, *([flags.against] if flags.against else [])]:
                for scene_name, scene in (("four", FOUR), ("crowd", crowd())):
                    short, long = ({**scene, "duration_s": s} for s in (1, 3))
                    folder = pathlib.Path(name) / "film"
                    used = [film(folder, which, program)[1] for which in (short, long)]
                    times[program, scene_name].append(1000 * (used[1] - used[0]) / 50)
    for program in dict.fromkeys(program for program, _ in times):
        four, many = times[program, "four"], times[program, "crowd"]
        ratio = statistics.median(many) / statistics.median(four)
        cells = " ".join(
            f"{statistics.median(ms):6.0f} ({min(ms):.0f}-{max(ms):.0f})" for ms in (four, many)
        )
        print(f"  {program}: {cells} {ratio:.2f}")


def pictures(flags):
    against(flags)
    print("\n640x360, four people in view, frames a CPU-second (goal 15)")
    rates, floors = [], []
    count = FOUR["duration_s"] * 25
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for _ in range(flags.rounds):
            out, used = film(folder, FOUR)
            rates.append(count / used)
            floors.append(count / encode_only(out / "clips/one.mp4", folder))
    for name, values in (
        ("drawn, encoded, with their truth", rates),
        ("floor: encoding alone           ", floors),
    ):
        middle = statistics.median(values)
        print(f"  {name} {middle:6.1f} ({min(values):.1f}-{max(values):.1f})")


def waves(flags):
    print("\nPoints under water, through waves against still water, pixels at 640x360: median, 95%")
    for wave_m in (0.01, 0.03, 0.06):
        with tempfile.TemporaryDirectory() as folder:
            out, _ = film(pathlib.Path(folder), {**FOUR, "water": {"wave_m": wave_m}})
            (found,) = duckdb.sql(f"""
                select quantile_cont(d, 0.5), quantile_cont(d, 0.95)
                from (select sqrt(power(keypoints[2*i+1] - through_waves[2*i+1], 2)
                                  + power(keypoints[2*i+2] - through_waves[2*i+2], 2)) d
                      from '{out}/truth/one.parquet', range(17) t(i)
                      where keypoints_m[3*i+3] < 0)""").fetchall()
            print(f"  waves of {wave_m:g} m: {found[0]:.2f}, {found[1]:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument(
        "--scenes", type=int, default=6, help="scenes of each light, for the detector"
    )
    parser.add_argument("--against", type=pathlib.Path, help="another build of lido, for pictures")
    parser.add_argument("--exam", type=int, default=30, help="scenes of the difficulty")
    parts = [tracks, pictures, detector, waves, difficulty, sheet, times]
    parser.add_argument("--only", choices=[part.__name__ for part in parts])
    parser.add_argument("--out", default="simulated.jpg", help="file of the contact sheet")
    flags = parser.parse_args()
    print(f"revision {revision()}, {os.cpu_count()} cores. Measured in simulation.")
    for part in parts:
        if flags.only == part.__name__ or (not flags.only and part not in (sheet, times)):
            part(flags)


if __name__ == "__main__":
    main()
