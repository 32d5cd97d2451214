# SPDX-License-Identifier: Apache-2.0
"""How fast life at a pool is simulated, without pictures: against real time, and against only writing its rows.

The floor writes the same rows with pyarrow, which is all that cannot be left out.
"""

import argparse
import json
import pathlib
import resource
import shutil
import statistics
import subprocess
import tempfile
import time

import pyarrow
import pyarrow.parquet

ROOT = pathlib.Path(__file__).resolve().parents[1]
LIDO = ROOT / "build/release/bin/lido"


def cpu_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def simulate(out, rate_hz, days, seed):
    shutil.rmtree(out, ignore_errors=True)
    before = cpu_s()
    done = subprocess.run([LIDO, "synth", "tracks", "--out", out, "--days", str(days), "--seed", str(seed), "--rate-hz", str(rate_hz), "--workers", "1", "--json"],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout), cpu_s() - before


def write_only(out):
    """The floor: CPU-seconds to write the rows again."""
    tables = [pyarrow.parquet.read_table(path) for path in sorted((out / "tracks").glob("*.parquet"))]
    begun = time.process_time()
    for table in tables:
        pyarrow.parquet.write_table(table, out / "again.parquet", compression="zstd", row_group_size=2048)
    return time.process_time() - begun


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--days", type=int, default=7)
    flags = parser.parse_args()
    print(f"{'rows a second':<16}{'ten people, times real time, one core':>40}{'spread':>16}{'floor: writing alone':>24}")
    for rate_hz in (0.1, 1, 2, 10):
        times, floors = [], []
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "life"
            for round_ in range(flags.rounds):
                summary, used = simulate(out, rate_hz, flags.days, seed=round_)
                people_s = summary["person_hours"] * 3600
                times.append(people_s / 10 / used)
                floors.append(people_s / 10 / max(1e-9, write_only(out)))
        print(f"{rate_hz:<16g}{statistics.median(times):>40.0f}{min(times):>9.0f}-{max(times):<6.0f}{statistics.median(floors):>22.0f}")


if __name__ == "__main__":
    main()
