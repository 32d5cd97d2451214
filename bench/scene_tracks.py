# SPDX-License-Identifier: Apache-2.0
"""`./dev bench scene --only tracks`: Lido and PyPI's `trackers` on the same boxes.

Each row is one set of boxes: a detector's on a real clip with labels made by hand
(bench/labels/README.md), or made-up ones of simulated people. Lido sees the clip's pixels too, as
`lido scene` does; BoT-SORT estimates no camera motion, because all of these cameras are at rest.
PyPI's `trackeval` scores. Parts of clips in which a person is half in view are not judged.
"""

import csv
import os
import random
import shutil
import statistics
import subprocess

from ingest import LIDO, WORK, environment
from scene_common import ROOT, SHARED
from tracks_crowd import crowd, detections

TRACKERS = [
    "trackers==2.6.1",
    "scipy==1.17.1",
    "trackeval==1.3.0",
    "pyarrow==26.0.1",
    "opencv-python-headless==5.0.0.93",
]
BENCH = ROOT / "build/release/bin/track_bench"
LABELS = ROOT / "bench/labels"
DETECTORS = {"nanodet": ROOT / "build/models/nanodet", "yolox_nano": WORK / "yolox_nano"}
RATES = (10, 4)
# By clip: its file, the frames that are judged, and its frames a second.
PERSON_WALK = SHARED / "person_walk/one-by-one-person-detection.mp4"
CLIPS = {
    "street": (WORK / "vtest.avi", "vtest", [(0, 600)]),
    "person_walk": (
        PERSON_WALK,
        "person_walk",
        # Between these stretches a person comes in or leaves.
        [(0, 48), (80, 176), (208, 224), (256, 432), (464, 496), (528, 672), (704, 736),
         (768, 848), (880, 912), (944, 1168), (1216, 1232), (1264, 1344), (1376, 1394)],
    ),
    "pool": (SHARED / "pool/randhana_drowning.mp4", "pool_drowning", [(10, 268)]),
}  # fmt: skip
SOURCE_FPS = 10  # of all three
PEERS = ("ByteTrack", "OC-SORT", "BoT-SORT", "C-BIoU")


def fetch_street():
    """Debian's opencv-doc holds the clip. Returns whether it is there."""
    clip = CLIPS["street"][0]
    if not clip.exists():
        folder = WORK / "opencv-doc"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        done = subprocess.run(["apt-get", "download", "-qq", "opencv-doc"], cwd=folder)
        for package in folder.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, folder / "x"], check=True)
        if done.returncode == 0:
            shutil.copy(folder / "x/usr/share/doc/opencv-doc/examples/data/vtest.avi", clip)
        shutil.rmtree(folder)
    return clip.exists()


def yolox_bundle():
    """A bundle of yolox_nano in LIDO_DATA. Returns whether it is there."""
    network = SHARED / "yolox_nano/yolox_nano_416.onnx"
    if not network.exists():
        return False
    shutil.copytree(ROOT / "tests/bundles/yolox_nano", WORK / "yolox_nano", dirs_exist_ok=True)
    shutil.copy(network, WORK / "yolox_nano")
    return True


def true_boxes(name):
    """Labels by frame, as (person, x, y, width, height), linear between keyframes."""
    keyframes = {}
    with open(LABELS / f"{name}.csv") as file:
        for row in csv.DictReader(file):
            box = [float(row[c]) for c in ("x", "y", "width", "height")]
            keyframes.setdefault(int(row["person"]), []).append((int(row["frame"]), box))
    frames = {}
    for person, path in keyframes.items():
        for (first, a), (last, b) in zip(path, path[1:]):
            for frame in range(first, last + (last == path[-1][0])):
                share = (frame - first) / (last - first)
                box = [u + share * (v - u) for u, v in zip(a, b)]
                frames.setdefault(frame, []).append((person, *box))
    return frames


def available(clip, detector):
    """Whether a clip and a detector's network are here."""
    if detector == "yolox_nano" and not yolox_bundle():
        return False
    return fetch_street() if clip == "street" else CLIPS[clip][0].exists()


def half(row, first):
    """One half of a row's frames, where the clip is judged."""
    *sequences, scores, keep = row
    middle = len(keep) // 2
    part = slice(0, middle) if first else slice(middle, None)
    return *(one[part] for one in sequences), scores, keep[part]


def iou(a, b):
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(0, w) * max(0, h)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def inside(box, width, height):
    """The part of a labelled box in the frame; None for less than a third."""
    person, x, y, w, h = box
    left, top, right, bottom = max(0, x), max(0, y), min(width, x + w), min(height, y + h)
    if right <= left or bottom <= top or (right - left) * (bottom - top) < w * h / 3:
        return None
    return person, left, top, right - left, bottom - top


def clip_rows(clip, detector, fps):
    """Runs Lido on a clip. Returns (truth, boxes, Lido's tracks, scores), by judged frame."""
    file, labels, judged = CLIPS[clip]
    lines = subprocess.run(
        [BENCH, file, DETECTORS[detector], str(fps), "1"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    size = tuple(map(int, lines[-1].split()[3:]))
    return parse_rows(lines, labels, judged, fps, size)


def parse_rows(lines, labels, judged, fps, size):
    scores = tuple(map(float, lines[-1].split()[1:3]))
    count = int(judged[-1][1] * fps / SOURCE_FPS)
    boxes, found = [[] for _ in range(count)], [[] for _ in range(count)]
    for line in lines[:-1]:
        k, *box, track = line.split(",")
        if int(k) < count:
            boxes[int(k)].append(tuple(map(float, box)))
            if int(track):
                found[int(k)].append((int(track), *map(float, box[:4])))
    labelled = true_boxes(labels)
    truth, keep = [], []
    for k in range(count):
        # The frame that is shown at tick k.
        frame = int(k * SOURCE_FPS / fps + 1e-6)
        keep.append(any(a <= frame < b for a, b in judged))
        people = [inside(box, *size) for box in labelled.get(frame, [])]
        truth.append([box for box in people if box])
    return truth, boxes, found, scores, keep


def follow_lido(boxes, fps, scores):
    lines = "".join(
        f"{k},{x},{y},{w},{h},{s}\n" for k, frame in enumerate(boxes) for x, y, w, h, s in frame
    )
    owners = iter(
        subprocess.run(
            [BENCH, str(fps), *map(str, scores)],
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


def peers(fps, scores):
    """The peers by name: at their defaults, and with Lido's thresholds and patience."""
    import trackers

    kinds = dict(
        zip(
            PEERS,
            (
                trackers.ByteTrackTracker,
                trackers.OCSORTTracker,
                trackers.BoTSORTTracker,
                trackers.CBIoUTracker,
            ),
        )
    )
    min_score, new_score = scores
    for name, kind in kinds.items():
        plain = {"enable_cmc": False} if name == "BoT-SORT" else {}
        ours = plain | {"high_conf_det_threshold": min_score, "lost_track_buffer": 90}
        if name != "OC-SORT":
            ours["track_activation_threshold"] = new_score
        yield name, kind(frame_rate=fps, **plain)
        yield f"{name}, our scores", kind(frame_rate=fps, **ours)


def follow_peer(tracker, boxes):
    import numpy as np
    import supervision

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
                (int(t), *map(float, (b[0], b[1], b[2] - b[0], b[3] - b[1])))
                for b, t in zip(found.xyxy, found.tracker_id)
                if t is not None and t >= 0
            ]
        )
    return out


def score(truth, found, keep=None):
    """Scores of trackeval: HOTA, IDF1, MOTA, precision, recall, switches."""
    import numpy as np
    import trackeval

    if keep is not None:
        truth = [frame for frame, kept in zip(truth, keep) if kept]
        found = [frame for frame, kept in zip(found, keep) if kept]

    def numbered(frames):
        ids = {i: n for n, i in enumerate(sorted({box[0] for f in frames for box in f}))}
        return [np.array([ids[box[0]] for box in f], int) for f in frames], len(ids)

    def overlaps(here, there):
        a = np.array([box[1:] for box in here], float).reshape(-1, 1, 4)
        b = np.array([box[1:] for box in there], float).reshape(1, -1, 4)
        low = np.maximum(a[..., :2], b[..., :2])
        high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
        both = np.prod(np.maximum(0, high - low), axis=2)
        return both / (np.prod(a[..., 2:], axis=2) + np.prod(b[..., 2:], axis=2) - both)

    true_ids, people = numbered(truth)
    track_ids, tracks = numbered(found)
    data = {
        "num_timesteps": len(truth),
        "num_gt_ids": people,
        "num_tracker_ids": tracks,
        "num_gt_dets": sum(map(len, truth)),
        "num_tracker_dets": sum(map(len, found)),
        "gt_ids": true_ids,
        "tracker_ids": track_ids,
        "similarity_scores": [overlaps(a, b) for a, b in zip(truth, found)],
    }
    quiet = {"PRINT_CONFIG": False}
    hota = trackeval.metrics.HOTA().eval_sequence(data)
    clear = trackeval.metrics.CLEAR(quiet).eval_sequence(data)
    identity = trackeval.metrics.Identity(quiet).eval_sequence(data)
    return {
        "HOTA": float(np.mean(hota["HOTA"])),
        "IDF1": identity["IDF1"],
        "MOTA": clear["MOTA"],
        "precision": clear["CLR_Pr"],
        "recall": clear["CLR_Re"],
        "switches": int(clear["IDSW"]),
        "tracks": tracks,
    }


def show(name, results):
    """Prints one tracker's results: of one sequence, or the median and range of several."""
    cells = []
    for key in results[0]:
        values = sorted(result[key] for result in results)
        middle, digits = statistics.median(values), 0 if key in ("switches", "tracks") else 3
        text = f"{middle:.{digits}f}"
        if len(values) > 1:
            text += f" ({values[0]:.{digits}f}-{values[-1]:.{digits}f})"
        cells.append(f"{text:>{9 if len(values) == 1 else 21}}")
    print(f"  {name:<24}" + "".join(cells), flush=True)


def heading(title, wide):
    width = 21 if wide else 9
    names = ("HOTA", "IDF1", "MOTA", "precision", "recall", "switches", "tracks")
    print(f"\n{title}\n  {'tracker':<24}" + "".join(f"{n:>{width}}" for n in names))


def compare(title, sequences, fps):
    """Prints a table for sequences of (truth, boxes, Lido's tracks, scores, keep)."""
    heading(title, len(sequences) > 1)
    results = {"lido": [score(truth, found, keep) for truth, _, found, _, keep in sequences]}
    for truth, boxes, _, scores, keep in sequences:
        for name, tracker in peers(fps, scores):
            results.setdefault(name, []).append(score(truth, follow_peer(tracker, boxes), keep))
    for name, result in results.items():
        show(name, result)


def swimmers(seed):
    """People of a simulated pool by frame, as (person, x, y, width, height), 10 a second."""
    import pyarrow.parquet as parquet

    folder = WORK / f"tracks_pool_{seed}"
    if not (folder / "truth").exists():
        shutil.rmtree(folder, ignore_errors=True)
        flags = f"--hours 0.0125 --cameras 1 --fps 10 --busy 3 --light clear --seed {seed} --quiet"
        subprocess.run([LIDO, "synth", "pool", "--out", folder, *flags.split()], check=True)
    frames = []
    for row in parquet.read_table(next((folder / "truth").glob("*.parquet"))).to_pylist():
        frames += [[] for _ in range(row["frame"] + 1 - len(frames))]
        if row["visible"] and row["visible"][3] > 20:
            frames[row["frame"]].append((row["person"], *row["visible"]))
    return frames


def made_up(frames, fps, seed):
    """Made-up boxes of simulated people, and Lido's tracks of these."""
    numbers = random.Random(seed)
    step = SOURCE_FPS / fps
    truth = [frames[int(k * step)] for k in range(int(len(frames) / step))]
    boxes = [detections(frame, numbers) for frame in truth]
    scores = (0.35, 0.45)
    return truth, boxes, follow_lido(boxes, fps, scores), scores, None


def simulated():
    for fps in RATES:
        rows = []
        for seed in range(5):
            truth, boxes = crowd(fps, seed)
            scores = (0.35, 0.45)
            rows.append((truth, boxes, follow_lido(boxes, fps, scores), scores, None))
        title = "a made-up crowd of 12 for a minute, 5 crowds: median (range)"
        compare(f"Simulated: {title}, {fps} fps", rows, fps)
    pools = [swimmers(seed) for seed in (1, 2)]
    for fps in RATES:
        rows = [made_up(frames, fps, seed) for seed, frames in enumerate(pools)]
        compare(f"Simulated: lido synth pool, 45 s, 2 pools, {fps} fps", rows, fps)


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
    simulated()
    for clip in CLIPS:
        for detector in DETECTORS:
            if not available(clip, detector):
                print(f"\n{clip}, {detector}: skipped, the clip or the network is not here")
                continue
            for fps in RATES:
                row = clip_rows(clip, detector, fps)
                compare(f"Real: {clip}, {detector}, {fps} fps", [row], fps)
                held_out = half(row, first=False)
                heading("its second half, which was held out", wide=False)
                show("lido", [score(held_out[0], held_out[2], held_out[4])])
