# SPDX-License-Identifier: Apache-2.0
"""./dev bench reconstruct: points from several cameras through water, on one core.

Six cameras over a pool of 25 x 12.5 x 2 m (src/lido/reconstruct/test_pool.h) see points under water
with 1 px of noise. The floor is the Cramer-Rao bound of that layout, which no method beats.

people     association and tracks with five cameras: milliseconds a moment by number of people
level      errors of the water's level, and of poses, in many calibrations from clicked points

Measured in simulation.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARTS = ("points", "people", "level")


def row(name, unit, values):
    middle = statistics.median(values)
    print(f"| {name} | {middle:.3g} ({min(values):.3g}-{max(values):.3g}) | {unit} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--points", type=int, default=50000)
    parser.add_argument("--seeds", type=int, default=30, help="calibrations of each layout")
    parser.add_argument("--only", choices=PARTS)
    flags = parser.parse_args()
    parts = (flags.only,) if flags.only else PARTS
    if "points" in parts:
        points(flags)
    if "people" in parts:
        people(flags.rounds)
    if "level" in parts:
        level(flags.seeds)


def points(flags):
    """Microseconds a point, and its error beside the bound."""
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


def six_cameras(text, camera):
    """The scene of the tests with the six cameras of test_pool.h."""
    rows = [
        f"  - {{name: c{3 * (y > 0) + i}, at: [{x}, {y}, 4], "
        f"looks_at: [{(12.5 + x) / 2}, 6.25, -1], degrees: 90, k: [-0.05, 0.01], {camera}}}\n"
        for y in (-1.5, 14)
        for i, x in enumerate((0, 12.5, 25))
    ]
    begin, end = text.index("  - {name: a"), text.index("water:")
    return text[:begin] + "".join(rows) + text[end:]


def level(seeds):
    """Calibrates from points clicked with 1 px of noise, again and again."""
    sys.path.insert(0, str(ROOT / "tests/e2e"))
    import test_calibrate_points as tests

    print("\n| cameras | level, mean mm | deviation | as stated | within 5 mm | worst pose |")
    print("|---|---|---|---|---|---|")
    for scene in (tests.SCENE, six_cameras(tests.SCENE, tests.CAMERA)):
        with tempfile.TemporaryDirectory() as folder:
            levels_mm, stated_mm, poses = calibrations(pathlib.Path(folder), scene, seeds, tests)
        near = sum(abs(one) <= 5 for one in levels_mm) / seeds
        worst = f"{1000 * max(p[0] for p in poses):.0f} mm, {max(p[1] for p in poses):.2f} degrees"
        print(
            f"| {len(poses) // seeds} | {statistics.mean(levels_mm):.1f} | "
            f"{statistics.stdev(levels_mm):.1f} | {statistics.mean(stated_mm):.1f} | "
            f"{near:.0%} | {worst} |"
        )


def calibrations(folder, scene, seeds, tests):
    """Errors of the level and stated deviations, millimetres; errors of all poses."""
    import yaml

    def lido(*arguments):
        done = tests.run(*arguments)
        if done.code:
            sys.exit(done.err)
        return done

    (folder / "scene.yaml").write_text(scene)
    lido("synth", "scene", folder / "scene.yaml", "--out", folder / "film", "--quiet")
    site = yaml.safe_load((folder / "film/site.yaml").read_text())
    levels_mm, stated_mm, poses = [], [], []
    for seed in range(1, seeds + 1):
        tests.write_points(folder / "points.yaml", site, seed=seed)
        done = lido(
            *["calibrate", folder / "film/site.yaml", "--points", folder / "points.yaml"],
            *["--lens", "fixed", "--out", folder / "cal", "--json"],
        )
        levels_mm.append(1000 * done.json["level_m"])
        stated_mm.append(1000 * done.json["level_sigma_m"])
        found = yaml.safe_load((folder / "cal/site.yaml").read_text())
        for one, true in zip(found["cameras"], site["cameras"], strict=True):
            poses.append(tests.pose_error(one, true))
    return levels_mm, stated_mm, poses


if __name__ == "__main__":
    main()
