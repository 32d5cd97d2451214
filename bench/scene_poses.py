# SPDX-License-Identifier: Apache-2.0
"""`./dev bench scene --only poses`: keypoints against points read off by hand, and against truth.

PCK: share of keypoints that are at most a tenth of the longer side of the person's box away.
"""

import collections
import csv
import math
import pathlib
import statistics
import tempfile

from scene_common import ROOT, WORK, scene_tables

LIMIT = 0.1  # share of the longer side of the box
MIN_IOU = 0.3
SCENES = [(0, "clear"), (3, "dusk")]
GROUPS = {
    "head": ("nose", "eye", "ear"),
    "shoulders, hips": ("shoulder", "hip"),
    "elbows, knees": ("elbow", "knee"),
    "wrists, ankles": ("wrist", "ankle"),
}


class Errors:
    """Distances of keypoints, in shares of the box's longer side, with the network's scores."""

    def __init__(self):
        self.groups = collections.defaultdict(list)

    def add(self, name, error, score):
        group = next(g for g, parts in GROUPS.items() if any(p in name for p in parts))
        self.groups[group].append((error, score))

    def show(self, title):
        print(f"\n{title}")
        print(f"{'keypoints':<20}{'number':>8}{'PCK@0.1':>9}{'median':>8}{'score':>7}")
        everything = [one for group in self.groups.values() for one in group]
        for name, found in [*self.groups.items(), ("all", everything)]:
            if not found:
                continue
            errors = [error for error, _ in found]
            share = sum(error <= LIMIT for error in errors) / len(errors)
            score = statistics.median(score for _, score in found)
            middle = statistics.median(errors)
            print(f"{name:<20}{len(found):>8}{share:>9.3f}{middle:>8.3f}{score:>7.2f}", flush=True)
        sure = [(e, s) for e, s in everything if s >= 0.3]
        if sure:
            share = sum(error <= LIMIT for error, _ in sure) / len(sure)
            print(f"{'with a score of 0.3':<20}{len(sure):>8}{share:>9.3f}", flush=True)


def keypoints_of(row):
    """Position and score by name."""
    values = row["keypoints"]
    return {
        name: tuple(values[3 * i : 3 * i + 3]) for i, name in enumerate(row["names"].split(","))
    }


def iou(a, b):
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(0, width) * max(0, height)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def box_of(row):
    return [row[side] for side in ("x", "y", "width", "height")]


def by_hand():
    """Compares with bench/demo_keypoints.csv."""
    people = collections.defaultdict(dict)
    with open(ROOT / "bench/demo_keypoints.csv") as file:
        for row in csv.DictReader(file):
            person = people[row["camera"], row["person"]]
            person[row["keypoint"]] = (float(row["x"]), float(row["y"]), float(row["time_s"]))
    errors = Errors()
    missed = []
    for camera in sorted({camera for camera, _ in people}):
        clip = ROOT / f"build/demo/video/{camera}.mp4"
        rows = scene_tables(clip, "--fps", 4, "--poses", "movenet")("poses")
        for (of, name), points in people.items():
            if of != camera:
                continue
            xs, ys, (time_s, *_) = zip(*points.values(), strict=True)
            around = [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]
            at = [row for row in rows if abs(row["time_s"] - time_s) < 0.01]
            best = max(at, key=lambda row: iou(box_of(row), around), default=None)
            if best is None or iou(box_of(best), around) < MIN_IOU:
                missed.append((camera, name))
                continue
            found = keypoints_of(best)
            side = max(best["width"], best["height"])
            for keypoint, (x, y, _) in points.items():
                at_x, at_y, score = found[keypoint]
                errors.add(keypoint, math.hypot(at_x - x, at_y - y) / side, score)
    errors.show("The demo's four cameras, against points read off by hand (demo_keypoints.csv)")
    print(f"people without a pose: {missed or 'none'}")


def truth_by_frame(path):
    import pyarrow.parquet as parquet

    frames = collections.defaultdict(list)
    for row in parquet.read_table(path).to_pylist():
        if len(row["visible"]) == 4 and row["share"] > 0.1 and row["visible"][3] > 40:
            frames[row["frame"]].append(row)
    return frames


def compare(rows, truth, names, errors, counts):
    """Adds the poses of one camera to the errors, by where the keypoints are."""
    poses = collections.defaultdict(list)
    for row in rows:
        poses[row["k"]].append(row)
    for frame, people in truth.items():
        for person in people:
            feet = person["keypoints_m"][3 * 15 + 2 :: 3]
            place = "deck" if min(feet) > 0 else "water"
            best = max(
                poses[frame],
                key=lambda row: max(
                    iou(box_of(row), person["visible"]), iou(box_of(row), person["whole"])
                ),
                default=None,
            )
            near = best and max(
                iou(box_of(best), person["visible"]), iou(box_of(best), person["whole"])
            )
            counts[place][1] += 1
            if not near or near < MIN_IOU:
                continue
            counts[place][0] += 1
            found = keypoints_of(best)
            side = max(person["visible"][2:])
            for i, name in enumerate(names):
                if person["visibility"][i] != 2:
                    continue
                x, y = person["through_waves"][2 * i : 2 * i + 2]
                at_x, at_y, score = found[name]
                where = place
                if place == "water":
                    under = person["keypoints_m"][3 * i + 2] < 0
                    where = "water, under it" if under else "water, above it"
                errors[where].add(name, math.hypot(at_x - x, at_y - y) / side, score)


def simulated():
    """Compares with the truth of simulated pools: people on the deck and in the water."""
    from synth_detector import deck_scene
    from synth_film import film

    errors = collections.defaultdict(Errors)
    counts = collections.defaultdict(lambda: [0, 0])
    with tempfile.TemporaryDirectory(dir=WORK) as work:
        for seed, light in SCENES:
            folder, _ = film(pathlib.Path(work) / str(seed), deck_scene(seed, light))
            for clip in sorted((folder / "clips").glob("*.mp4")):
                rows = scene_tables(clip, "--fps", 2, "--poses", "movenet")("poses")
                names = rows[0]["names"].split(",") if rows else []
                truth = truth_by_frame(folder / f"truth/{clip.stem}.parquet")
                compare(rows, truth, names, errors, counts)
    for where in ("deck", "water, above it", "water, under it"):
        errors[where].show(f"Simulated people, visible keypoints: {where}")
    for place, (found, number) in counts.items():
        print(f"{place}: {found} of {number} people over 40 pixels have a pose")


def poses():
    by_hand()
    simulated()
