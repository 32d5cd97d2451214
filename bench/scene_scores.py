# SPDX-License-Identifier: Apache-2.0
"""`./dev bench scene --only scores`: precision and recall of each detector's boxes by score.

Prints the "scores" of a detector's card.json, chosen on the first half of the street
(bench/labels): `min` has the highest F1 there, `new` a precision of 0.94. `low` is the 0.15 that
keeps swimmers in pools. `--only tracks` also scores the second half, which is held out.
"""

import json

from scene_common import runs_with_trackers

STEPS = [score / 100 for score in range(10, 91, 5)]


def best_matches(truth, boxes):
    """Scores of true and of false boxes; a person is found once, by the surest box at IoU 0.5."""
    from scene_tracks import iou

    right, wrong = [], []
    for people, found in zip(truth, boxes):
        taken = set()
        for *box, score in sorted(found, key=lambda one: -one[4]):
            fit, person = max(
                ((iou(box, other[1:]), i) for i, other in enumerate(people) if i not in taken),
                default=(0, -1),
            )
            if fit >= 0.5:
                taken.add(person)
            (right if fit >= 0.5 else wrong).append(score)
    return right, wrong


def curve(truth, boxes):
    """Rows of (score, precision, recall) for rising scores."""
    right, wrong = best_matches(truth, boxes)
    people = sum(map(len, truth))
    rows = []
    for score in STEPS:
        true = sum(one >= score for one in right)
        false = sum(one >= score for one in wrong)
        if true:
            rows.append((score, round(true / (true + false), 3), round(true / people, 3)))
    return rows


def choose(rows):
    min_score = max(rows, key=lambda row: row[1] * row[2] / (row[1] + row[2]))[0]
    precise = next((row[0] for row in rows if row[1] >= 0.94), rows[-1][0])
    return {"low": 0.15, "min": min_score, "new": max(min_score, precise)}


def scores():
    if not runs_with_trackers("scores"):
        return
    from scene_tracks import DETECTORS, available, clip_rows, half

    for detector in DETECTORS:
        if not available("street", detector):
            print(f"\n{detector}: skipped, the clip or the network is not here")
            continue
        truth, boxes, *_ = half(clip_rows("street", detector, 10), first=True)
        rows = curve(truth, boxes)
        print(f"\n{detector}, first half of the street")
        print(json.dumps({"scores": choose(rows) | {"curve": rows}}, indent=2))
