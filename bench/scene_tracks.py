# SPDX-License-Identifier: Apache-2.0
"""`./dev bench scene --only tracks`: a simulated crowd, followed by Lido and by ByteTrack."""

import math
import os
import random
import statistics
import subprocess

from ingest import environment
from scene_common import ROOT

TRACKERS = ["trackers==2.6.1", "scipy==1.17.1"]
# As published, and with thresholds for this detector's scores.
BYTETRACK_SETTINGS = [
    {},
    {"track_activation_threshold": 0.45, "high_conf_det_threshold": 0.35, "lost_track_buffer": 90},
]


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


def iou(a, b):
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(0, w) * max(0, h)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def idf1(truth, found):
    """IDF1 and the number of tracks, by the best one-to-one match of identities.

    Source: Ristani et al. 2016.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    ids = sorted({one[0] for frame in truth for one in frame})
    tracks = sorted({one[0] for frame in found for one in frame})
    counts = np.zeros((len(ids), len(tracks)))
    for here, there in zip(truth, found):
        for one in here:
            for other in there:
                if iou(one[1:], other[1:]) >= 0.5:
                    counts[ids.index(one[0]), tracks.index(other[0])] += 1
    rows, columns = linear_sum_assignment(-counts)
    matched = counts[rows, columns].sum()
    return 2 * matched / (sum(map(len, truth)) + sum(map(len, found))), len(tracks)


def follow_lido(boxes, fps):
    lines = "".join(
        f"{k},{x},{y},{w},{h},{s}\n" for k, frame in enumerate(boxes) for x, y, w, h, s in frame
    )
    owners = iter(
        subprocess.run(
            [ROOT / "build/release/bin/track_bench", str(fps)],
            input=lines,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
    )
    return [
        [(track, x, y, w, h) for x, y, w, h, _ in frame if (track := int(next(owners)))]
        for frame in boxes
    ]


def follow_peer(boxes, fps):
    """Yields ByteTrack's tracks for each of its settings."""
    import numpy as np
    import supervision
    from trackers import ByteTrackTracker

    for settings in BYTETRACK_SETTINGS:
        tracker = ByteTrackTracker(frame_rate=fps, **settings)
        out = []
        for frame in boxes:
            corners = [[x, y, x + w, y + h] for x, y, w, h, _ in frame]
            found = tracker.update(
                supervision.Detections(
                    xyxy=np.array(corners, np.float32).reshape(-1, 4),
                    confidence=np.array([box[4] for box in frame], np.float32),
                    class_id=np.zeros(len(frame), int),
                )
            )
            out.append(
                [
                    (int(t), b[0], b[1], b[2] - b[0], b[3] - b[1])
                    for b, t in zip(found.xyxy, found.tracker_id)
                    if t is not None and t >= 0
                ]
            )
        yield out


def tracks():
    if os.environ.get("LIDO_BENCH_TRACKERS") != "1":
        python = environment("trackers", TRACKERS)
        if python is None:
            print("\nTracks: skipped, trackers cannot be installed here")
            return
        subprocess.run(
            [python, ROOT / "bench/scene.py", "--only", "tracks"],
            check=True,
            env=os.environ | {"LIDO_BENCH_TRACKERS": "1"},
        )
        return
    print(
        "\nTracks of a simulated crowd of 12, one minute, with misses, false boxes and jitter: "
        "IDF1 (tracks made); 5 crowds, median (min-max)"
    )
    print(f"{'sampled at':<12}{'lido':>28}{'ByteTrack, as published':>28}{'ByteTrack, tuned':>28}")
    for fps in (30, 10, 4):
        scores = [[], [], []]
        counts = [0, 0, 0]
        for seed in range(5):
            truth, boxes = crowd(fps, seed)
            for i, found in enumerate([follow_lido(boxes, fps), *follow_peer(boxes, fps)]):
                score, made = idf1(truth, found)
                scores[i].append(score)
                counts[i] += made
        cells = [
            f"{statistics.median(s):.3f} ({min(s):.3f}-{max(s):.3f}) {c / 5:.0f}"
            for s, c in zip(scores, counts)
        ]
        print(f"{fps:>3} fps     {cells[0]:>28}{cells[1]:>28}{cells[2]:>28}", flush=True)
