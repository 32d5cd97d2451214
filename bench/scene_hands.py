# SPDX-License-Identifier: Apache-2.0
"""`./dev bench scene --only hands`: the least size of a hand, and landmarks read off by hand.

The demo's clips are made smaller, and the landmarks compared with those of the full size, in shares
of the hand's length: twice the way from the wrist to the knuckle of the middle finger.
"""

import collections
import csv
import math
import statistics

from scene_common import ROOT, ffmpeg, scene_tables, work_file

CAMERAS = ("cam02", "cam03", "cam04")
FACTORS = (0.75, 0.5, 0.375, 0.25, 0.1875)
BINS = (8, 16, 24, 32, 40, 48, 64, 96, 1000)  # source pixels of the square around a hand
OPTIONS = ("--fps", 4, "--poses", "movenet", "--hands", "handlandmark", "--min-hand-px", 8)
PLACES = {"wrist": 0, "thumb_tip": 4, "index_tip": 8}
MIDDLE_KNUCKLE = 9


def points(values):
    return [tuple(values[i : i + 2]) for i in range(0, len(values), 3)]


def square_of(row, side):
    """Side of the square that was looked at, as src/lido/scene/hands.cpp computes it."""
    names = row["names"].split(",")
    at = {n: row["keypoints"][3 * i : 3 * i + 3] for i, n in enumerate(names)}
    shoulder, elbow, wrist = (at[f"{side}_{part}"] for part in ("shoulder", "elbow", "wrist"))
    forearm = math.dist(elbow[:2], wrist[:2])
    upper = math.dist(shoulder[:2], elbow[:2]) if shoulder[2] >= 0.3 else 0
    certain = elbow[2] >= 0.3 and wrist[2] >= 0.3
    return 1.1 * max(forearm, 0.9 * upper) if certain else None


def nearest(rows, row, side, factor):
    """Row of that person in a clip that was made smaller."""
    box = [row[name] * factor for name in ("x", "y", "width", "height")]
    middle = (box[0] + box[2] / 2, box[1] + box[3] / 2)
    now = [one for one in rows if one["k"] == row["k"]]
    best = min(
        now,
        key=lambda one: math.dist(
            middle, (one["x"] + one["width"] / 2, one["y"] + one["height"] / 2)
        ),
        default=None,
    )
    return best if best and square_of(best, side) else None


def smaller():
    found = collections.defaultdict(list)  # (error or None) by bin
    for camera in CAMERAS:
        clip = ROOT / f"build/demo/video/{camera}.mp4"
        full = scene_tables(clip, *OPTIONS)("poses")
        for factor in FACTORS:
            small = work_file(f"{camera}_{factor}.mp4")
            size = f"scale=trunc(iw*{factor}/2)*2:trunc(ih*{factor}/2)*2:flags=area"
            ffmpeg("-i", clip, "-vf", size, "-crf", 12, "-threads", 1, small)
            rows = scene_tables(small, *OPTIONS)("poses")
            small.unlink()
            for row in full:
                for side in ("left", "right"):
                    whole = row[f"{side}_hand"]
                    if not whole or whole[2] < 0.8:
                        continue
                    other = nearest(rows, row, side, factor)
                    if other is None:
                        continue
                    size = square_of(other, side)
                    low = max(limit for limit in BINS if limit <= max(size, BINS[0]))
                    hand, truth = points(other[f"{side}_hand"]), points(whole)
                    length = 2 * math.dist(truth[0], truth[MIDDLE_KNUCKLE])
                    errors = [
                        math.dist((a[0] / factor, a[1] / factor), b) / length
                        for a, b in zip(hand, truth, strict=False)
                    ]
                    found[low].append(statistics.median(errors) if errors else None)
    print("\nHands in clips made smaller, against the full size (score 0.8 or more there)")
    print(f"{'square, pixels':<16}{'hands':>7}{'seen':>7}{'median':>8}{'90%':>8}")
    for low, high in zip(BINS, BINS[1:], strict=False):
        if not found[low]:
            continue
        errors = sorted(one for one in found[low] if one is not None)
        seen = len(errors) / len(found[low])
        middle = statistics.median(errors) if errors else math.nan
        most = errors[int(0.9 * (len(errors) - 1))] if errors else math.nan
        print(f"{f'{low} to {high}':<16}{len(found[low]):>7}{seen:>7.2f}{middle:>8.3f}{most:>8.3f}")


def by_hand():
    """Compares with bench/demo_hands.csv."""
    tables = {
        camera: scene_tables(ROOT / f"build/demo/video/{camera}.mp4", *OPTIONS)("poses")
        for camera in CAMERAS
    }
    print("\nLandmarks read off by hand (demo_hands.csv): distance, pixels")
    with open(ROOT / "bench/demo_hands.csv") as file:
        for row in csv.DictReader(file):
            at = (float(row["x"]), float(row["y"]))
            place = PLACES[row["landmark"]]
            distances = [
                math.dist(points(one[f"{row['hand']}_hand"])[place], at)
                for one in tables[row["camera"]]
                if abs(one["time_s"] - float(row["time_s"])) < 0.01 and one[f"{row['hand']}_hand"]
            ]
            shown = f"{min(distances):.1f}" if distances else "not seen"
            name = " ".join(row[key] for key in ("camera", "person", "hand", "landmark"))
            print(f"{name:<36}{shown:>9}", flush=True)


def hands():
    by_hand()
    smaller()
