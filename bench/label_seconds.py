# SPDX-License-Identifier: Apache-2.0
"""Person-seconds of a simulation that are in samples of that person.

    .venv/bin/python bench/label_seconds.py SIMULATION DATASET [MIN_HEIGHT_PX]

SIMULATION is a folder of `lido synth pool`, DATASET made from it with `--samples labels`. Each
frame of a camera counts for one frame's time of each person who is visible in it with at least
MIN_HEIGHT_PX (24). The truth is truth/CAMERA.parquet, not the labels.
"""

import collections
import json
import pathlib
import sys

import pyarrow.parquet


def main(simulation, dataset, min_height_px=24):
    simulation, dataset = pathlib.Path(simulation), pathlib.Path(dataset)
    fps = json.loads((dataset / "lido.json").read_text())["options"]["fps"]
    numerator, _, denominator = fps.partition("/")
    tick_s = int(denominator or 1) / float(numerator)
    generation = sorted((dataset / "generations").iterdir())[-1]
    rows = pyarrow.parquet.read_table(generation / "manifest.parquet").to_pylist()
    covered = collections.defaultdict(list)
    for row in rows:
        if row["source"] == "label":
            key = pathlib.Path(row["clip"]).name, row["person"]
            covered[key].append((row["start_s"] - tick_s, row["end_s"] + tick_s))
    seen = collections.Counter()
    for file in sorted((simulation / "truth").glob("*.parquet")):
        columns = ["clip", "frame", "time_s", "person", "behaviour", "visible"]
        truth = pyarrow.parquet.read_table(file, columns=columns).to_pylist()
        times = sorted({row["time_s"] for row in truth})
        frame_s = (times[-1] - times[0]) / (len(times) - 1)
        for row in truth:
            if not row["visible"] or row["visible"][3] < float(min_height_px):
                continue
            key = pathlib.Path(row["clip"]).name, str(row["person"])
            inside = any(start < row["time_s"] < end for start, end in covered[key])
            seen[row["behaviour"], inside] += frame_s
    for behaviour in sorted({name for name, _ in seen}):
        inside, outside = seen[behaviour, True], seen[behaviour, False]
        share = 100 * inside / (inside + outside)
        print(f"{behaviour:32} {inside + outside:9.1f} s, in samples {inside:9.1f} s, {share:.1f}%")
    total = sum(seen.values())
    inside = sum(value for (_, is_inside), value in seen.items() if is_inside)
    print(f"{'all':32} {total:9.1f} s, in samples {inside:9.1f} s, {100 * inside / total:.1f}%")


if __name__ == "__main__":
    main(*sys.argv[1:])
