# SPDX-License-Identifier: Apache-2.0
"""`./dev bench synth --only sheet`: a contact sheet, light by behaviours and cameras."""

import pathlib
import subprocess
import tempfile

from synth_detector import LIGHTS
from synth_film import film

BEHAVIOURS = [
    "front_crawl",
    "floating",
    "instinctive_drowning",
    "motionless_on_bottom",
    "help_both_arms",
]
COLUMNS = len(BEHAVIOURS) + 2
AGES = [30, 8, 9, 5, 40, 20, 20]
SEEDS = [63, 64, 71, 66, 67, 68, 69]
POOL = {
    "outline": [[0, 0], [8, 0], [8, 5], [0, 5]],
    "shallow_m": 0.9,
    "deep_m": 2.0,
    "ways_in": [[0, 2]],
    "gate": [-1.5, 2],
}
OTHERS = [
    (35, [1, -1.2], "standing"),
    (2, [4, 3.5], "splashing"),
    (14, [6, 2], "breaststroke"),
    (66, [2, 3], "treading"),
    (25, [5, -1], "walking"),
]
NEAR = {"at": [1.2, -1.2, 2.2], "looks_at": [3.4, 2.2, -0.3], "degrees": 40}
ON_DECK = {"at": [3.2, 3.4, 1.7], "looks_at": [3, -0.9, 0.9], "degrees": 60}
FISHEYE = {
    "at": [-1.2, -1.6, 3],
    "looks_at": [3.5, 2, 0],
    "degrees": 130,
    "lens": "fisheye",
    "k": [-0.02],
}
DIRTY = {
    "at": [8.6, 5.6, 3],
    "looks_at": [4, 2, 0],
    "degrees": 80,
    "k": [-0.1],
    "dirt": 0.8,
    "noise": 0.03,
}


def people_of(column):
    """People of a column: one from near, or six for the last two cameras."""
    does = BEHAVIOURS[column] if column < len(BEHAVIOURS) else "playing"
    wet = does != "help_both_arms"
    act = {"behaviour": does, "for_s": 60}
    if not wet:
        act = {"behaviour": "standing", "for_s": 60, "signal": does}
    people = [{"age_years": AGES[column], "at": [3.2, 2.2] if wet else [3, -0.9], "does": [act]}]
    if column >= len(BEHAVIOURS):
        people += [
            {"age_years": age, "at": at, "does": [{"behaviour": what, "for_s": 60}]}
            for age, at, what in OTHERS
        ]
    return people


def scene_of(column, light):
    cameras = [*[NEAR] * (len(BEHAVIOURS) - 1), ON_DECK, FISHEYE, DIRTY]
    return {
        "seed": SEEDS[column],
        "duration_s": 3,
        "pool": POOL,
        "people": people_of(column),
        "cameras": [{**cameras[column], "width": 320, "height": 180, "fps": 1}],
        "light": light,
    }


def sheet(flags):
    """Rows: light. Columns: behaviours from near; then a fisheye, and a dirty dome."""
    count = COLUMNS * len(LIGHTS)
    layout = "|".join(f"{320 * (i % COLUMNS)}_{180 * (i // COLUMNS)}" for i in range(count))
    with tempfile.TemporaryDirectory() as folder:
        cells = []
        for y, light in enumerate(LIGHTS):
            for x in range(COLUMNS):
                out, _ = film(pathlib.Path(folder) / f"{y}-{x}", scene_of(x, light))
                cells += ["-ss", "2", "-i", out / "clips/cam1.mp4"]
        stack = ["-filter_complex", f"xstack=inputs={count}:layout={layout}"]
        jpeg = ["-frames:v", "1", "-q:v", "4", flags.out]
        subprocess.run(["ffmpeg", "-v", "error", "-y", *cells, *stack, *jpeg], check=True)
    print(
        f"{flags.out}: rows {', '.join(LIGHTS)}; "
        f"columns {', '.join(BEHAVIOURS)}, fisheye, dirty dome"
    )
