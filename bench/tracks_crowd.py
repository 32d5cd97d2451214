# SPDX-License-Identifier: Apache-2.0
"""A made-up walking crowd and an imperfect detector's boxes of it."""

import math
import random


def new_person(identity, numbers):
    height = numbers.uniform(110, 220)
    return {
        "id": identity,
        "x": numbers.uniform(0, 1920),
        "y": numbers.uniform(300, 1050),
        "h": height,
        "a": numbers.uniform(0, 6.28),
        "v": height * numbers.uniform(0.2, 0.9),
    }


def step(person, fps, numbers):
    """Moves a person by one frame. Returns (identity, x, y, width, height)."""
    person["a"] += numbers.gauss(0, 1.2 / fps**0.5)
    person["x"] += person["v"] * numbers.uniform(0.8, 1.2) / fps * math.cos(person["a"])
    person["y"] += person["v"] * 0.4 / fps * math.sin(person["a"])
    if not 0 < person["x"] < 1920 or not 250 < person["y"] < 1070:
        person["a"] += 3.14159
        person["x"] = min(max(person["x"], 1), 1919)
        person["y"] = min(max(person["y"], 251), 1069)
    width = person["h"] * 0.4
    return (person["id"], person["x"] - width / 2, person["y"] - person["h"], width, person["h"])


def detections(here, numbers):
    """Boxes (x, y, width, height, score) of an imperfect detector: misses, jitter, false boxes."""
    seen = []
    for identity, x, y, w, h in here:
        covered = max(
            (
                overlap_of((x, y, w, h), other[1:])
                for other in here
                if other[0] != identity and other[2] + other[4] > y + h
            ),
            default=0,
        )
        if numbers.random() < 0.12 + (0.8 if covered > 0.5 else 0.3 if covered > 0.25 else 0):
            continue
        score = min(0.98, max(0.12, numbers.gauss(0.7 - 0.5 * covered, 0.13)))
        left, top = x + numbers.gauss(0, 0.04 * w), y + numbers.gauss(0, 0.03 * h)
        width, height = w * numbers.uniform(0.92, 1.08), h * numbers.uniform(0.94, 1.06)
        seen.append((left, top, width, height, score))
    for _ in range(numbers.choice([0, 0, 0, 1])):
        h = numbers.uniform(60, 200)
        left, top = numbers.uniform(0, 1850), numbers.uniform(200, 900)
        score = min(0.9, max(0.12, numbers.gauss(0.35, 0.12)))
        seen.append((left, top, 0.4 * h, h, score))
    return seen


def crowd(fps, seed, people=12, seconds=60):
    """A walking crowd and a detector's boxes of it: (truth, boxes), each by frame."""
    numbers = random.Random(seed)
    state = [new_person(identity, numbers) for identity in range(people)]
    truth, boxes = [], []
    for _ in range(int(seconds * fps)):
        truth.append([step(person, fps, numbers) for person in state])
        boxes.append(detections(truth[-1], numbers))
    return truth, boxes


def overlap_of(a, b):
    """Share of a that b covers."""
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(0, w) * max(0, h) / (a[2] * a[3])
