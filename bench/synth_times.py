# SPDX-License-Identifier: Apache-2.0
"""`./dev bench synth --only times`: a contact sheet in time, four images a second."""

import pathlib
import subprocess
import tempfile

from synth_film import film

# Behaviour, age, near, far or under water, light. Danger first, then what looks like it.
ROWS = [
    ("instinctive_drowning", 9, "near", "clear"),
    ("instinctive_drowning", 30, "far", "night_lamps"),
    ("instinctive_drowning", 9, "under", "clear"),
    ("backward_water_milling", 30, "near", "cloudy"),
    ("ladder_climbing", 12, "near", "night_lamps"),
    ("distress", 14, "far", "clear"),
    ("sinking", 25, "near", "clear"),
    ("motionless_at_surface", 40, "near", "low_sun"),
    ("motionless_on_bottom", 8, "far", "cloudy"),
    ("poor_treading", 9, "near", "clear"),
    ("poor_treading", 30, "far", "night_lamps"),
    ("bobbing", 14, "near", "clear"),
    ("resting_upright", 30, "near", "night_lamps"),
    ("dead_mans_float", 12, "near", "low_sun"),
    ("breath_holding_on_floor", 12, "under", "cloudy"),
    ("handstand", 10, "far", "clear"),
    ("treading", 30, "near", "cloudy"),
    ("splashing", 10, "near", "infrared"),
]
COUNT, SIZE = 12, (112, 84)
# Behaviours that need a floor within reach.
SHALLOW = ("bobbing", "breath_holding_on_floor", "handstand")
CAMERAS = {
    "near": {"at": [3, -1.2, 2], "looks_at": [4.5, 2.2, -0.2], "degrees": 32},
    "far": {"at": [-3, -3, 4], "looks_at": [4.5, 2.2, -0.2], "degrees": 24},
    "under": {"at": [2.4, 2, -0.7], "looks_at": [4.5, 2.2, -0.75], "degrees": 75},
}


def scene_of(number, behaviour, age, view, light):
    size = {"width": SIZE[0] * 2, "height": SIZE[1] * 2}
    note = {"kind": "note", "corner": "top_left", "text": str(number)}
    return {
        "seed": 5,
        "duration_s": COUNT / 4 + 1.5,
        "pool": {
            "outline": [[0, 0], [9, 0], [9, 5], [0, 5]],
            "shallow_m": 1.3 if behaviour in SHALLOW else 1.9,
            "deep_m": 1.5 if behaviour in SHALLOW else 2.4,
            "ways_in": [[0, 2]],
            "gate": [-1.5, 2],
        },
        "people": [
            {"age_years": age, "at": [4.5, 2.2], "does": [{"behaviour": behaviour, "for_s": 60}]}
        ],
        "cameras": [{**CAMERAS[view], **size, "fps": 4, "overlay": [note]}],
        "light": light,
        "water": {"wave_m": 0.02},
    }


def times(flags):
    """Rows: behaviours, near, far and under water, by day and night. Columns: time."""
    wide, high = SIZE
    with tempfile.TemporaryDirectory() as name:
        strips = []
        for number, row in enumerate(ROWS, 1):
            out, _ = film(pathlib.Path(name) / str(number), scene_of(number, *row))
            strips += ["-i", out / "clips/cam1.mp4"]
        tiles = "".join(
            f"[{i}:v]select=gte(n\\,6),scale={wide}:{high},tile={COUNT}x1[r{i}];"
            for i in range(len(ROWS))
        )
        stack = "".join(f"[r{i}]" for i in range(len(ROWS))) + f"vstack=inputs={len(ROWS)}"
        command = ["ffmpeg", "-v", "error", "-y", *strips, "-filter_complex", tiles + stack]
        subprocess.run([*command, "-frames:v", "1", "-q:v", "5", flags.out], check=True)
    for number, (behaviour, age, view, light) in enumerate(ROWS):
        print(f"  row {number + 1}: {behaviour}, {age} years, {view}, {light}")
