# SPDX-License-Identifier: Apache-2.0
"""`./dev bench synth --only difficulty`: how hard simulated people make it for simple models.

Random forests on windows of 4 s at 4 frames a second, from one of two cameras. Scenes are left out
whole. Keypoints are the truth through waves, with noise in pixels of 640x360.
"""

import hashlib
import itertools
import pathlib
import random
import tempfile

import duckdb
import numpy
from ingest import ROOT
from synth_film import film

FPS, WINDOW_S = 4, 4
# Frames are drawn small: pixels of the truth are exact at any size.
SIZE, TRUE_WIDTH = (128, 72), 640
# The exam: what people do, and what is drawn at random.
EXAM = ["src/lido/synth/world/behaviours.yaml", "src/lido/synth/film/randomisation.schema.json"]

# Hard negatives of a struggle, all equally frequent.
HARD = [
    "poor_treading",
    "bobbing",
    "dog_paddle",
    "resting_upright",
    "wetting_hair",
    "goggles_off",
    "handstand",
    "dead_mans_float",
    "breath_holding_on_floor",
]
STRUGGLES = ["instinctive_drowning", "backward_water_milling", "ladder_climbing"]


def swimmer(draw, behaviour, at):
    """A person who treads, then does one thing for half a minute."""
    low, high = (5, 40) if behaviour in ("bobbing", "dead_mans_float") else (5, 75)
    if behaviour == "handstand":
        low, high = 6, 17
    if behaviour == "breath_holding_on_floor":
        low, high = 6, 40
    does = [{"behaviour": "treading", "for_s": draw.uniform(2, 5)}]
    does += [{"behaviour": behaviour, "for_s": draw.uniform(18, 26)}]
    return {"age_years": draw.uniform(low, high), "at": at, "does": does}


def scene(seed):
    """A written scene with each behaviour in water that suits it, and two cameras."""
    draw = random.Random(seed)
    long, wide = 24, 10
    deep = draw.uniform(2.0, 2.6)
    pool = {
        "outline": [[0, 0], [long, 0], [long, wide], [0, wide]],
        "shallow_m": 1.0,
        "deep_m": deep,
        "deck_m": 3,
        "ways_in": [[0, 3]],
        "gate": [-2, 2],
    }
    kinds = HARD + STRUGGLES + ["instinctive_drowning"] * 3
    people = []
    for number, kind in enumerate(kinds):
        x = long * (0.68 + 0.28 * draw.random())
        if kind in ("bobbing", "handstand", "wetting_hair", "breath_holding_on_floor"):
            x = long * draw.uniform(0.2, 0.45)
        at = [round(x, 2), round(0.9 + (wide - 1.8) * (number + draw.random()) / len(kinds), 2)]
        people.append(swimmer(draw, kind, at))
    cameras = [
        {
            "name": name,
            "at": [draw.uniform(4, 18), y, draw.uniform(3, 5)],
            "looks_at": [14, wide / 2, -0.3],
            "degrees": 95,
            "fps": FPS,
            "width": SIZE[0],
            "height": SIZE[1],
        }
        for name, y in (("near", -2.5), ("far", wide + 2.5))
    ]
    return {
        "seed": seed,
        "duration_s": 30,
        "pool": pool,
        "people": people,
        "cameras": cameras,
        "light": "cloudy",
        "water": {"wave_m": draw.uniform(0.01, 0.04)},
    }


def tracks(out):
    """Rows of each person and camera in order: behaviour, box, points and the mouth's height."""
    rows = duckdb.sql(f"""
        select regexp_extract(filename, '([a-z]+)\\.parquet', 1), person, behaviour, whole,
               through_waves, mouth_m
        from read_parquet('{out}/truth/*.parquet', filename = true) order by 1, 2, frame""")
    for (camera, person), group in itertools.groupby(rows.fetchall(), key=lambda row: row[:2]):
        yield camera, person, [row[2:] for row in group]


def windows(seed):
    """Windows of one scene in which a person does one thing throughout."""
    with tempfile.TemporaryDirectory() as name:
        out, _ = film(pathlib.Path(name), scene(seed))
        found = list(tracks(out))
    count, scale = FPS * WINDOW_S, TRUE_WIDTH / SIZE[0]
    for camera, _, rows in found:
        for begin in range(0, len(rows) - count + 1, count // 2):
            part = rows[begin : begin + count]
            if len({row[0] for row in part}) > 1 or any(len(row[1]) != 4 for row in part):
                continue
            points = scale * numpy.array([row[2] for row in part]).reshape(count, 17, 2)
            if numpy.isnan(points).any():
                continue
            yield {
                "scene": seed,
                "camera": camera,
                "label": part[0][0],
                "box": scale * numpy.array([row[1] for row in part]),
                "points": points,
                "mouth": numpy.array([row[3] for row in part]),
            }


def moments(values):
    """Mean, deviation, extremes and mean step of each column through time."""
    steps = numpy.abs(numpy.diff(values, axis=0)).mean(0)
    return numpy.concatenate(
        [values.mean(0), values.std(0), values.min(0), values.max(0), steps], axis=None
    )


def mouth_features(window, _):
    mouth = window["mouth"][:, None]
    return numpy.append(moments(mouth), (mouth < 0).mean())


def box_features(window, noise):
    box = window["box"] + noise.normal(0, 2, window["box"].shape)
    centre = box[:, :2] + box[:, 2:] / 2
    shape = numpy.stack([box[:, 2], box[:, 3], box[:, 2] / numpy.maximum(1, box[:, 3])], 1)
    speed = numpy.linalg.norm(numpy.diff(centre, axis=0), axis=1)[:, None] / box[:, 2:].mean()
    return numpy.concatenate([moments(shape), moments(speed)])


def point_features(window, noise, deviation_px=5):
    points = window["points"] + noise.normal(0, deviation_px, window["points"].shape)
    middle = points[:, [5, 6, 11, 12]].mean(1, keepdims=True)
    size = numpy.median(numpy.ptp(points[:, :, 1], axis=1)) + numpy.median(
        numpy.ptp(points[:, :, 0], axis=1)
    )
    around = ((points - middle) / size).reshape(len(points), -1)
    moved = numpy.linalg.norm(numpy.diff(middle[:, 0], axis=0), axis=1)[:, None] / size
    return numpy.concatenate([moments(around), moments(moved), [size]])


def auc(found, features, positive, trees=150):
    """Area under the ROC curve, from scenes that the forest has not seen: all, and its range."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold

    noise = numpy.random.default_rng(1)
    x = numpy.array([features(window, noise) for window in found])
    y = numpy.array([window["label"] == positive for window in found])
    groups = numpy.array([window["scene"] for window in found])
    scores, folds = numpy.zeros(len(y)), []
    for train, test in GroupKFold(4).split(x, y, groups):
        forest = RandomForestClassifier(
            trees, min_samples_leaf=3, class_weight="balanced", random_state=1, n_jobs=1
        )
        scores[test] = forest.fit(x[train], y[train]).predict_proba(x[test])[:, 1]
        folds.append(roc_auc_score(y[test], scores[test]))
    return roc_auc_score(y, scores), min(folds), max(folds)


def ages(flags):
    """Balanced accuracy of age groups by stature alone, days left out whole."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from synth import simulate

    with tempfile.TemporaryDirectory() as name:
        out = pathlib.Path(name) / "life"
        simulate(out, 0.01, 8 * flags.days, seed=7)
        rows = duckdb.sql(
            f"select day, stature_m, age_group from '{out}/visitors.parquet'"
        ).fetchall()
    days, statures, groups = (numpy.array(column) for column in zip(*rows, strict=True))
    forest = RandomForestClassifier(
        100, min_samples_leaf=5, class_weight="balanced", random_state=1, n_jobs=1
    )
    guessed = cross_val_predict(forest, statures[:, None], groups, groups=days, cv=GroupKFold(4))
    return balanced_accuracy_score(groups, guessed), len(groups)


TASKS = [
    ("instinctive drowning", "mouth's height alone", mouth_features, (0.80, 0.90)),
    ("instinctive drowning", "17 points, 5 px noise", point_features, (0.90, 0.96)),
    ("instinctive drowning", "box and speed", box_features, None),
    ("backward water milling", "mouth's height alone", mouth_features, None),
    ("backward water milling", "17 points, 5 px noise", point_features, None),
    ("ladder climbing", "17 points, 5 px noise", point_features, None),
]


def difficulty(flags):
    print()
    for path in EXAM:
        print(f"sha256 {hashlib.sha256((ROOT / path).read_bytes()).hexdigest()}  {path}")
    found = [window for seed in range(flags.exam) for window in windows(seed)]
    print(f"{len(found)} windows of {WINDOW_S} s, {flags.exam} scenes, each left out whole")
    print(f"{'against its hard negatives':<28}{'seen':<24}{'AUC':>7}{'folds':>14}  goal")
    for kind, seen, features, goal in TASKS:
        label = kind.replace(" ", "_")
        chosen = [one for one in found if one["label"] in (*HARD, label)]
        whole, low, high = auc(chosen, features, label)
        goal_text = f"{goal[0]:.2f}-{goal[1]:.2f}" if goal else ""
        print(f"{kind:<28}{seen:<24}{whole:>7.3f}{low:>8.3f}-{high:.3f}  {goal_text}")
    accuracy, count = ages(flags)
    print(f"age group by stature alone: balanced accuracy {accuracy:.3f} of {count} visitors")
