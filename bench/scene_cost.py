# SPDX-License-Identifier: Apache-2.0
"""`./dev bench scene --only cost`: CPU time of each part, against the network's bare cost."""

import shutil
import statistics
import subprocess
import time

from ingest import LIDO, WORK, make_clips, measure
from scene_common import ROOT

ROUNDS = 3
FRAMES = 40
OUT = WORK / "out"


def bare_network():
    """Returns a function that measures the CPU seconds of OpenVINO alone on FRAMES images."""
    import numpy as np
    import openvino

    core = openvino.Core()
    model = core.read_model(ROOT / "build/models/nanodet/model.pb")
    model.reshape([1, 3, 416, 416])
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "EXECUTION_MODE_HINT": "ACCURACY",
        "INFERENCE_NUM_THREADS": 1,
        "NUM_STREAMS": 1,
    }
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    image = np.random.default_rng(1).random((1, 3, 416, 416), np.float32)

    def run():
        for _ in range(2):
            request.infer([image])
        begun = time.process_time()
        for _ in range(FRAMES):
            request.infer([image])
        return time.process_time() - begun

    return run


def ingest(clips, workers, *options):
    shutil.rmtree(OUT, ignore_errors=True)
    sampling = "--fps 4 --window 8 --stride 8 --quiet".split()
    return measure(
        [LIDO, "ingest", *clips, "--out", OUT, *sampling, "--workers", str(workers), *options]
    )


def cost():
    """Measures one worker over one 1080p clip; each part's cost is the difference without it."""
    make_clips("h264_b")
    clips = sorted((WORK / "clips/h264_b").glob("*.mp4"))
    network = bare_network()
    print(f"\nCost on one core, 10 s of 1080p at 4 fps ({FRAMES} frames), three rounds, median")
    bare, off, on = [], [], []
    for _ in range(ROUNDS):
        bare.append(network())
        off.append(ingest(clips[2:3], 1, "--scene", "off")["cpu"])
        on.append(ingest(clips[2:3], 1, "--samples", "frame"))
    # Parts on a real view: moving objects are masked for the camera's motion.
    real = ROOT / "build/demo/video/cam01.mp4"
    parts = subprocess.run(
        [
            ROOT / "build/release/bin/scene_bench",
            real,
            ROOT / "build/models/nanodet",
            ROOT / "build/models/movenet",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    people = ingest(clips[2:6], 2)

    def show(name, cpu, memory=""):
        print(f"{name:<44}{cpu:>8.2f} s CPU{memory}")

    show("the network, bare, in OpenVINO", statistics.median(bare))
    show("ingest --scene off", statistics.median(off))
    on_mb = statistics.median(run["mb"] for run in on)
    show("ingest --scene on", statistics.median(run["cpu"] for run in on), f"{on_mb:>8.0f} MB")
    show(
        "four clips on two workers, people cut out",
        people["cpu"],
        f"{people['mb']:>8.0f} MB (goal 400)",
    )
    print(f"one of the demo's cameras, 1088x1920, at 4 fps\n{parts.stdout}", end="")
