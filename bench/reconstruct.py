# SPDX-License-Identifier: Apache-2.0
"""./dev bench reconstruct: points from several cameras through water, on one core.

Six cameras over a pool of 25 x 12.5 x 2 m (src/lido/reconstruct/test_pool.h) see points under water
with 1 px of noise. The floor is the Cramer-Rao bound of that layout, which no method beats.

people     association and tracks with five cameras: milliseconds a moment by number of people

Measured in simulation.
"""

import argparse
import json
import pathlib
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


def row(name, unit, values):
    middle = statistics.median(values)
    print(f"| {name} | {middle:.3g} ({min(values):.3g}-{max(values):.3g}) | {unit} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--points", type=int, default=50000)
    flags = parser.parse_args()
    program = ROOT / "build" / "release" / "bin" / "reconstruct_bench"
    command = [program, str(flags.points)]
    rounds = [json.loads(subprocess.check_output(command)) for _ in range(flags.rounds)]
    first = rounds[0]
    print(f"{first['points']} points, {first['views_per_point']} cameras a point. In simulation.\n")
    print("| | median (min-max) | |\n|---|---|---|")
    row("projection with derivatives", "us of CPU", [one["projection_us"] for one in rounds])
    row("triangulated point", "us of CPU", [one["point_us"] for one in rounds])
    print(f"| error, RMS | {first['rms_mm']} | mm |")
    print(f"| Cramer-Rao bound, RMS | {first['cramer_rao_mm']} | mm |")
    print(f"| error / bound | {first['ratio']} | |")
    people(flags.rounds)


def people(rounds):
    """Milliseconds a moment of five cameras, by number of people."""
    program = ROOT / "build" / "release" / "bin" / "people_bench"
    lines = [subprocess.check_output([program]).splitlines() for _ in range(rounds)]
    print("\n| people | association, ms of CPU | with tracks | found |\n|---|---|---|---|")
    for same in zip(*lines, strict=True):
        of_rounds = [json.loads(line) for line in same]
        times = [
            statistics.median(one[key] for one in of_rounds) for key in ("associate_ms", "track_ms")
        ]
        count, found = of_rounds[0]["people"], of_rounds[0]["found"]
        print(f"| {count} | {times[0]:.2f} | {times[1]:.2f} | {found} |")


if __name__ == "__main__":
    main()
