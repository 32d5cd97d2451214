# SPDX-License-Identifier: Apache-2.0
"""`./dev bench scene --only people`: the demo's cameras against positions read off by hand."""

import csv

from scene_common import ROOT, scene_tables

FPS = 12


def match(points, boxes):
    """Indexes of points that can each have a box of their own around them."""
    owner = {}

    def assign(i, tried):
        for j, (x, y, w, h) in enumerate(boxes):
            if j in tried or not (x <= points[i][0] <= x + w and y <= points[i][1] <= y + h):
                continue
            tried.add(j)
            if j not in owner or assign(owner[j], tried):
                owner[j] = i
                return True
        return False

    for i in range(len(points)):
        assign(i, set())
    return set(owner.values())


def position(path, time_s):
    """Linear interpolation in a list of (seconds, x, y)."""
    after = next((i for i, at in enumerate(path) if at[0] >= time_s), len(path) - 1)
    a, b = path[max(0, after - 1)], path[after]
    share = 0 if a[0] == b[0] else min(1, (time_s - a[0]) / (b[0] - a[0]))
    return a[1] + share * (b[1] - a[1]), a[2] + share * (b[2] - a[2])


def positions_by_camera():
    """Positions by camera and person, as lists of (seconds, x, y)."""
    with open(ROOT / "bench/demo_people.csv") as file:
        rows = list(csv.DictReader(file))
    places = {}
    for row in rows:
        places.setdefault(row["camera"], {}).setdefault(row["person"], []).append(
            tuple(float(row[c]) for c in ("time_s", "x", "y"))
        )
    return places


def people():
    print(
        f"\nPeople of the demo's four cameras at {FPS} fps, "
        "against positions of their torsos read off by hand (bench/demo_people.csv)"
    )
    print(f"{'camera':<10}{'person':<12}{'frames':>10}{'found':>8}{'goal':>7}")
    for camera, persons in positions_by_camera().items():
        clip = ROOT / f"build/demo/video/{camera}.mp4"
        objects = scene_tables(clip, "--fps", FPS)("objects")
        times = sorted({row["k"] for row in objects})
        found = dict.fromkeys(persons, 0)
        for k in times:
            points = [position(path, k / FPS) for path in persons.values()]
            boxes = [
                (o["x"], o["y"], o["width"], o["height"])
                for o in objects
                if o["k"] == k and o["class_name"] == "person"
            ]
            for i in match(points, boxes):
                found[list(persons)[i]] += 1
        for name, number in found.items():
            share = number / len(times)
            print(f"{camera:<10}{name:<12}{len(times):>10}{share:>8.3f}{0.95:>7}", flush=True)
