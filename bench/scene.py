# SPDX-License-Identifier: Apache-2.0
"""./dev bench scene: how well, and at what cost, Lido sees what is in the pictures.

motion   real frames warped by known homographies; cameras that stand still
quality  faults put into real clips
tracks   a simulated crowd with known identities, against ByteTrack of PyPI's `trackers` on the same boxes
people   the demo's four cameras, against a list checked by hand (bench/demo_people.csv)
cost     CPU time of each part, against the network's bare cost in OpenVINO
night    --fps auto on an hour in which somebody is there for two minutes, against decoding all of it

Prints one table for each. What is simulated proves the method, not that anybody is saved.
"""

import argparse
import csv
import itertools
import math
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import tempfile
import time

from ingest import LIDO, ROOT, WORK, environment, make_clips, measure

SHARED = ROOT / "../shared/data"
os.environ["LIDO_MODELS"] = str(ROOT / "build/models")
TRACKERS = ["trackers==2.6.1", "scipy==1.17.1"]


def look(clip, *arguments):
    """Runs `lido scene`. Returns a function that reads a table as a list of dicts."""
    import pyarrow.parquet as parquet

    folder = tempfile.mkdtemp(dir=WORK)
    subprocess.run(
        [LIDO, "scene", clip, "--out", folder, "--quiet", *map(str, arguments)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return lambda table: parquet.read_table(f"{folder}/{table}.parquet").to_pylist()


def read_frame(clip, second):
    import cv2

    capture = cv2.VideoCapture(str(clip))
    capture.set(cv2.CAP_PROP_POS_MSEC, 1000 * second)
    return capture.read()[1]


def encode(frames, path, fps, *options):
    """Raw BGR frames through ffmpeg."""
    height, width = frames[0].shape[:2]
    command = [
        *"ffmpeg -v error -y -f rawvideo -pix_fmt bgr24 -s".split(),
        f"{width}x{height}",
        "-r",
        str(fps),
        "-i",
        "-",
        *options,
        path,
    ]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    for frame in frames:
        process.stdin.write(frame.tobytes())
    process.stdin.close()
    if process.wait() != 0:
        raise RuntimeError(f"ffmpeg failed on {path}")


def motion():
    import cv2
    import numpy as np

    print(
        "\nCamera motion, real frames warped by known homographies: error of the mapped corners, source pixels"
    )
    print(f"{'frames from':<28}{'pictures':>10}{'median':>9}{'95%':>9}{'goal':>16}")
    sources = [
        ("demo camera 1", ROOT / "build/demo/video/cam01.mp4", 0.5),
        ("demo camera 3", ROOT / "build/demo/video/cam03.mp4", 0.5),
        ("charuco camera 0", SHARED / "charuco_4cam/cam_0.mp4", 1),
        ("charuco camera 2", SHARED / "charuco_4cam/cam_2.mp4", 1),
        ("person_walk", next((SHARED / "person_walk").glob("*.mp4")), 5),
        ("pool, under water", SHARED / "pool/randhana_drowning.mp4", 3),
    ]
    everything = []
    for name, clip, second in sources:
        if not clip.exists():
            print(f"{name:<28}skipped: no {clip}")
            continue
        frame = read_frame(clip, second)
        height, width = frame.shape[:2]
        margin = max(width, height) // 20
        w, h = (width - 2 * margin) // 2 * 2, (height - 2 * margin) // 2 * 2
        random_numbers = np.random.default_rng(5)
        corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float64)
        frames, truth = [], []
        for number in range(24):
            moved = corners + (
                0
                if number == 0
                else random_numbers.uniform(-0.5, 0.5, (4, 2)) * margin * 0.5
                + random_numbers.uniform(-0.5, 0.5, (1, 2)) * margin
            )
            frame_from_first = cv2.getPerspectiveTransform(
                corners.astype(np.float32), moved.astype(np.float32)
            ).astype(np.float64)
            # Pixel centres lie half a pixel from their edges; the cut-out begins at the margin.
            centre = np.array([[1, 0, margin - 0.5], [0, 1, margin - 0.5], [0, 0, 1]], np.float64)
            small = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]], np.float64)
            warped = cv2.warpPerspective(
                frame,
                small @ frame_from_first @ np.linalg.inv(centre),
                (w, h),
                flags=cv2.INTER_CUBIC,
            )
            noisy = np.clip(warped + random_numbers.normal(0, 2, warped.shape), 0, 255).astype(
                np.uint8
            )
            frames.append(noisy)
            truth.append(np.linalg.inv(frame_from_first))
        path = WORK / "scene/warped.mkv"
        path.parent.mkdir(parents=True, exist_ok=True)
        encode(frames, path, 4, "-c:v", "ffv1", "-pix_fmt", "yuv420p")
        errors = []
        for row, wanted in zip(look(path, "--fps", 4)("motion")[1:], truth[1:]):
            found = np.array(row["view_from_frame"]).reshape(3, 3)
            a, b = (cv2.perspectiveTransform(corners[None], m)[0] for m in (found, wanted))
            errors.extend(np.hypot(*(a - b).T) if row["view"] == 0 else [float("inf")] * 4)
        everything += errors
        print(
            f"{name:<28}{len(errors) // 4:>10}{np.median(errors):>9.3f}{np.quantile(errors, 0.95):>9.3f}{'0.1, 0.3':>16}"
        )
    print(
        f"{'all':<28}{len(everything) // 4:>10}{np.median(everything):>9.3f}{np.quantile(everything, 0.95):>9.3f}{'0.1, 0.3':>16}"
    )
    print(
        "\nCameras that stand still: share of the samples called still (goal 0.99), at 4 fps; the pool clips are for a person to judge"
    )
    clips = [
        *sorted((ROOT / "build/demo/video").glob("*.mp4")),
        *(SHARED / "person_walk").glob("*.mp4"),
        *sorted((SHARED / "pool").glob("*.mp4")),
    ]
    for clip in clips:
        rows = look(clip, "--fps", 4)("motion")
        kinds = sorted({row["motion"] for row in rows})
        shares = ", ".join(
            f"{kind} {sum(r['motion'] == kind for r in rows) / len(rows):.3f}" for kind in kinds
        )
        print(f"  {clip.name:<40}{len(rows):>6} samples  {shares}", flush=True)
    landmarks()


def landmarks():
    """A place that stands still, read off by hand in pictures two seconds apart, laid into the first picture of its view."""
    import numpy as np

    with open(ROOT / "bench/pool_landmarks.csv") as file:
        rows = list(csv.DictReader(file))
    print(
        "\nHandheld cameras under water: how far a place that stands still moves in the picture, and once the camera's motion is taken out, source pixels"
    )
    print(
        f"{'clip':<28}{'pictures':>10}{'moves, at most':>16}{'left, at most':>16}{'left, median':>14}"
    )
    for name in dict.fromkeys(row["clip"] for row in rows):
        clip = SHARED / f"pool/{name}.mp4"
        if not clip.exists():
            print(f"{name:<28}skipped: no {clip}")
            continue
        found = {row["k"]: row for row in look(clip, "--fps", 4)("motion")}
        seen = {
            round(4 * float(row["time_s"])): np.array([float(row["x"]), float(row["y"]), 1])
            for row in rows
            if row["clip"] == name
        }
        views = [found[k]["view"] for k in seen]
        seen = {
            k: at for k, at in seen.items() if found[k]["view"] == max(set(views), key=views.count)
        }
        laid = []
        for k, at in seen.items():
            x, y, w = np.array(found[k]["view_from_frame"]).reshape(3, 3) @ at
            laid.append((x / w, y / w))
        moves, left = (
            np.linalg.norm(np.array(places) - np.median(places, axis=0), axis=1)
            for places in ([at[:2] for at in seen.values()], laid)
        )
        print(
            f"{name:<28}{len(seen):>7}/{len(views)}{moves.max():>16.1f}{left.max():>16.1f}{np.median(left):>14.1f}",
            flush=True,
        )


ONLY_FAULTS = []
FAULTS = {  # ffmpeg filters between seconds 8 and 16 of a clip
    "black": "drawbox=c=black:t=fill:enable='between(t,8,15.99)'",
    "covered": "drawbox=c=0x5a4a42:t=fill:enable='between(t,8,15.99)',noise=alls=6:allf=t",
    "blurred": "gblur=sigma={blur}:enable='between(t,8,15.99)'",
    "dark": "colorlevels=rimax=0.999:romax=0.09:gomax=0.09:bomax=0.09:enable='between(t,8,15.99)'",
    "bright": "colorlevels=rimax=0.25:gimax=0.25:bimax=0.25:enable='between(t,8,15.99)'",
    # In RGB, where white is white whatever the clip's range.
    "glare": "format=gbrp,drawbox=x=iw*0.3:y=ih*0.3:w=iw*0.3:h=ih*0.3:c=white:t=fill:enable='between(t,8,15.99)',format=yuv420p",
}


def quality():
    print(
        "\nView quality: faults put into real clips for 8 of 24 seconds (the good spans are the rest, and the clips as they are)"
    )
    print(f"{'clips':<10}{'fault':<12}{'samples':>9}{'found':>9}{'goal':>7}{'false':>9}{'goal':>7}")
    groups = {  # The thresholds were chosen looking at the first.
        "seen": [
            ROOT / "build/demo/video/cam02.mp4",
            next((SHARED / "person_walk").glob("*.mp4")),
            SHARED / "charuco_4cam/cam_1.mp4",
            SHARED / "asl/book.mkv",
            SHARED / "pool/randhana_drowning.mp4",
        ],
        "held out": [
            ROOT / "build/demo/video/cam03.mp4",
            SHARED / "charuco_4cam/cam_3.mp4",
            SHARED / "asl/walk.mkv",
            SHARED / "pool/randhana_notdrowning.mp4",
        ],
    }
    sound = {
        "randhana_drowning.mp4": 2,
        "randhana_notdrowning.mp4": 2,
    }  # before that second the encoder shows coarse blocks, as anybody sees
    fps = 2
    for group, fault in itertools.product(groups, ONLY_FAULTS or ["none", *FAULTS, "frozen"]):
        found = wanted = false = good = 0
        for clip in filter(pathlib.Path.exists, groups[group]):
            path = WORK / "scene/fault.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            width = int(
                subprocess.run(
                    [
                        *"ffprobe -v error -select_streams v -show_entries stream=width -of csv=p=0".split(),
                        clip,
                    ],
                    capture_output=True,
                    text=True,
                ).stdout.split(",")[0]
            )
            # A short clip is played to and fro until it is long enough, as a camera with some noise would.
            begin = sound.get(clip.name, 0)
            chain = f"[0:v]trim={begin}:{begin + 12},setpts=PTS-STARTPTS,fps=12,split[a][b];[b]reverse[c];[a][c]concat,loop=20:2000,trim=0:24,setpts=N/12/TB,noise=alls=3:allf=t"
            if fault == "frozen":  # picture 95 stands in the place of 96 to 191
                chain += (
                    ",split=3[p][q][r];[p]trim=end_frame=96[p1];[q]trim=start_frame=95:end_frame=96,loop=95:1:0,setpts=N/12/TB[q1];"
                    "[r]trim=start_frame=192,setpts=PTS-STARTPTS[r1];[p1][q1][r1]concat=3"
                )
            elif fault != "none":
                chain += "," + FAULTS[fault].format(blur=max(2, width / 160))
            subprocess.run(
                [
                    *"ffmpeg -v error -y -i".split(),
                    clip,
                    "-filter_complex",
                    chain,
                    *"-an -r 12 -c:v libx264 -preset veryfast -crf 23".split(),
                    path,
                ],
                check=True,
            )
            rows = look(path, "--fps", fps)("quality")
            flagged = {
                (row["fault"], k) for row in rows for k in range(row["first_k"], row["end_k"])
            }
            for k in range(24 * fps):
                inside = fault != "none" and 8 * fps <= k < 16 * fps
                edge = fault != "none" and k in (8 * fps - 1, 8 * fps, 16 * fps - 1, 16 * fps)
                if edge:
                    continue
                if inside:
                    wanted += 1
                    found += (fault, k) in flagged
                else:
                    good += 1
                    false += any((kind, k) in flagged for kind in [*FAULTS, "frozen"])
        share = f"{found / wanted:.3f}" if wanted else ""
        print(
            f"{group:<10}{fault:<12}{wanted:>9}{share:>9}{'0.99' if wanted else '':>7}{false / good:>9.4f}{'0.01':>7}",
            flush=True,
        )


def crowd(fps, seed, people=12, seconds=60):
    """A crowd that walks about, and what a detector would make of it: (truth, boxes), each by frame."""
    numbers = random.Random(seed)
    state = []
    for identity in range(people):
        height = numbers.uniform(110, 220)
        state.append(
            {
                "id": identity,
                "x": numbers.uniform(0, 1920),
                "y": numbers.uniform(300, 1050),
                "h": height,
                "a": numbers.uniform(0, 6.28),
                "v": height * numbers.uniform(0.2, 0.9),
            }
        )
    truth, boxes = [], []
    for _frame in range(int(seconds * fps)):
        here = []
        for one in state:
            one["a"] += numbers.gauss(0, 1.2 / fps**0.5)
            one["x"] += one["v"] * numbers.uniform(0.8, 1.2) / fps * math.cos(one["a"])
            one["y"] += one["v"] * 0.4 / fps * math.sin(one["a"])
            if not 0 < one["x"] < 1920 or not 250 < one["y"] < 1070:
                one["a"] += 3.14159
                one["x"], one["y"] = min(max(one["x"], 1), 1919), min(max(one["y"], 251), 1069)
            w = one["h"] * 0.4
            here.append((one["id"], one["x"] - w / 2, one["y"] - one["h"], w, one["h"]))
        truth.append(here)
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
            seen.append(
                (
                    x + numbers.gauss(0, 0.04 * w),
                    y + numbers.gauss(0, 0.03 * h),
                    w * numbers.uniform(0.92, 1.08),
                    h * numbers.uniform(0.94, 1.06),
                    score,
                )
            )
        for _ in range(numbers.choice([0, 0, 0, 1])):
            h = numbers.uniform(60, 200)
            seen.append(
                (
                    numbers.uniform(0, 1850),
                    numbers.uniform(200, 900),
                    0.4 * h,
                    h,
                    min(0.9, max(0.12, numbers.gauss(0.35, 0.12))),
                )
            )
        boxes.append(seen)
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
    """Ristani et al. 2016: the best one-to-one match of identities over the whole sequence."""
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
    import numpy as np
    import supervision
    from trackers import ByteTrackTracker

    # As published, and with thresholds for this detector's scores: the better one counts.
    for settings in (
        {},
        {
            "track_activation_threshold": 0.45,
            "high_conf_det_threshold": 0.35,
            "lost_track_buffer": 90,
        },
    ):
        tracker = ByteTrackTracker(frame_rate=fps, **settings)
        out = []
        for frame in boxes:
            array = np.array([[x, y, x + w, y + h] for x, y, w, h, _ in frame], np.float32).reshape(
                -1, 4
            )
            found = tracker.update(
                supervision.Detections(
                    xyxy=array,
                    confidence=np.array([one[4] for one in frame], np.float32),
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
            [python, __file__, "--only", "tracks"],
            check=True,
            env=os.environ | {"LIDO_BENCH_TRACKERS": "1"},
        )
        return
    print(
        "\nTracks of a simulated crowd of 12, one minute, with misses, false boxes and jitter: IDF1 (tracks made); 5 crowds, median (least-most)"
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


def match(points, boxes):
    """How many points can each have a box of their own around them, and which."""
    owner = {}

    def settle(i, tried):
        for j, (x, y, w, h) in enumerate(boxes):
            if j in tried or not (x <= points[i][0] <= x + w and y <= points[i][1] <= y + h):
                continue
            tried.add(j)
            if j not in owner or settle(owner[j], tried):
                owner[j] = i
                return True
        return False

    for i in range(len(points)):
        settle(i, set())
    return set(owner.values())


def people():
    print(
        "\nPeople of the demo's four cameras at 12 fps, against places of their torsos read off by hand (bench/demo_people.csv)"
    )
    print(f"{'camera':<10}{'person':<12}{'pictures':>10}{'found':>8}{'goal':>7}")
    fps = 12
    with open(ROOT / "bench/demo_people.csv") as file:
        rows = list(csv.DictReader(file))
    places = {}
    for row in rows:
        places.setdefault(row["camera"], {}).setdefault(row["person"], []).append(
            tuple(float(row[c]) for c in ("time_s", "x", "y"))
        )
    for camera, persons in places.items():
        clip = ROOT / f"build/demo/video/{camera}.mp4"
        objects = look(clip, "--fps", fps)("objects")
        times = sorted({row["k"] for row in objects})
        found = dict.fromkeys(persons, 0)
        for k in times:
            points = []
            for path in persons.values():
                after = next((i for i, one in enumerate(path) if one[0] >= k / fps), len(path) - 1)
                a, b = path[max(0, after - 1)], path[after]
                share = 0 if a[0] == b[0] else min(1, (k / fps - a[0]) / (b[0] - a[0]))
                points.append((a[1] + share * (b[1] - a[1]), a[2] + share * (b[2] - a[2])))
            boxes = [
                (o["x"], o["y"], o["width"], o["height"])
                for o in objects
                if o["k"] == k and o["kind"] == "person"
            ]
            for i in match(points, boxes):
                found[list(persons)[i]] += 1
        for name, number in found.items():
            print(
                f"{camera:<10}{name:<12}{len(times):>10}{number / len(times):>8.3f}{0.95:>7}",
                flush=True,
            )


def cost():
    """One worker over one 1080p clip; CPU seconds of each part by leaving it out."""
    import numpy as np
    import openvino

    make_clips("h264_b")
    clip = sorted((WORK / "clips/h264_b").glob("*.mp4"))[2]
    core = openvino.Core()
    model = core.read_model(ROOT / "build/models/nanodet/model.pb")
    model.reshape([1, 3, 416, 416])
    compiled = core.compile_model(
        model,
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": "f32",
            "EXECUTION_MODE_HINT": "ACCURACY",
            "INFERENCE_NUM_THREADS": 1,
            "NUM_STREAMS": 1,
        },
    )
    request = compiled.create_infer_request()
    picture = np.random.default_rng(1).random((1, 3, 416, 416), np.float32)
    out = WORK / "out"

    def ingest(*options):
        shutil.rmtree(out, ignore_errors=True)
        return measure(
            [
                LIDO,
                "ingest",
                clip,
                "--out",
                out,
                *"--fps 4 --window 8 --stride 8 --workers 1 --quiet".split(),
                *options,
            ]
        )

    print("\nCost on one core, 10 s of 1080p at 4 fps (40 pictures), three rounds, median")
    bare, off, on = [], [], []
    for _ in range(3):
        for _ in range(2):
            request.infer([picture])
        begun = time.process_time()
        for _ in range(40):
            request.infer([picture])
        bare.append(time.process_time() - begun)
        off.append(ingest("--scene", "off")["cpu"])
        on.append(ingest("--samples", "frame"))
    # Parts on a real view: what moves in it is left out of the camera's motion.
    real = ROOT / "build/demo/video/cam01.mp4"
    bench = subprocess.run(
        [ROOT / "build/release/bin/scene_bench", real, ROOT / "build/models/nanodet"],
        capture_output=True,
        text=True,
        check=True,
    )
    shutil.rmtree(out, ignore_errors=True)
    both = sorted((WORK / "clips/h264_b").glob("*.mp4"))[2:6]
    people = measure(
        [
            LIDO,
            "ingest",
            *both,
            "--out",
            out,
            *"--fps 4 --window 8 --stride 8 --workers 2 --quiet".split(),
        ]
    )
    print(f"{'the network, bare, in OpenVINO':<44}{statistics.median(bare):>8.2f} s CPU")
    print(f"{'ingest --scene off':<44}{statistics.median(off):>8.2f} s CPU")
    print(
        f"{'ingest --scene on':<44}{statistics.median(r['cpu'] for r in on):>8.2f} s CPU{statistics.median(r['mb'] for r in on):>8.0f} MB"
    )
    print(
        f"{'four clips on two workers, people cut out':<44}{people['cpu']:>8.2f} s CPU{people['mb']:>8.0f} MB (goal 400)"
    )
    print(f"one of the demo's cameras, 1088x1920, at 4 fps\n{bench.stdout}", end="")


NIGHT = {  # minutes, encoder
    "H.264, one hour": (
        60,
        "-c:v libx264 -preset veryfast -crf 24 -g 50 -keyint_min 50 -sc_threshold 0 -bf 2",
    ),
    "HEVC, six minutes": (
        6,
        "-c:v libx265 -preset superfast -tag:v hvc1 -x265-params log-level=none:crf=26:keyint=50:min-keyint=50:scenecut=0:open-gop=0:bframes=2",
    ),
    "H.264 at 2 Mbit/s constant, six minutes": (
        6,
        "-c:v libx264 -preset veryfast -g 50 -keyint_min 50 -sc_threshold 0 -bf 0 -b:v 2M -minrate 2M -maxrate 2M -bufsize 2M -x264-params nal-hrd=cbr",
    ),
}
# Seconds of person_walk at which a minute begins in which people come and go; the room is empty in its first picture.
VISITS = [0, 64]


def make_night(name, minutes, encoder):
    """1080p25 of an empty room with a sensor's noise; in two of its minutes people of a real clip walk through it."""
    folder = WORK / "night" / name.replace(" ", "_").replace(",", "").replace("/", "")
    folder.mkdir(parents=True, exist_ok=True)
    clip = folder / "night.mp4"
    if clip.exists():
        return clip
    look = (
        "scale=1920:1080,eq=brightness=-0.15,fps=25,noise=alls=6:allf=t:all_seed={},format=yuv420p"
    )
    still = "trim=end_frame=1,setpts=PTS-STARTPTS,loop=-1:1,setpts=N/10/TB"
    for piece, (graph, start) in {
        "empty": (still, 0),
        **{f"visit{i}": ("null", s) for i, s in enumerate(VISITS)},
    }.items():
        subprocess.run(
            [
                *"ffmpeg -v error -nostdin -y -ss".split(),
                str(start),
                "-i",
                SHARED / "person_walk/one-by-one-person-detection.mp4",
                "-vf",
                f"{graph},{look.format(len(piece) + start)}",
                "-t",
                "64",
                *encoder.split(),
                folder / "begun.ts",
            ],
            check=True,
        )
        # An encoder begins with worse pictures; a night does not begin anew every minute.
        subprocess.run(
            [
                *"ffmpeg -v error -nostdin -y -ss 4 -i".split(),
                folder / "begun.ts",
                "-c",
                "copy",
                folder / f"{piece}.ts",
            ],
            check=True,
        )
    visits = {minutes // 3: "visit0", 2 * minutes // 3: "visit1"}
    pieces = [visits.get(minute, "empty") for minute in range(minutes)]
    (folder / "list.txt").write_text("".join(f"file {piece}.ts\n" for piece in pieces))
    subprocess.run(
        [
            *"ffmpeg -v error -nostdin -y -f concat -i".split(),
            folder / "list.txt",
            "-c",
            "copy",
            folder / "partial.mp4",
        ],
        check=True,
    )
    (folder / "partial.mp4").rename(clip)
    return clip


def night():
    """Everything but the network: --scene off. What it saves of the network's time is the share of pictures kept."""
    import pyarrow.parquet as parquet

    out = WORK / "out"
    rate = 8

    def ingest(clip, *options):
        shutil.rmtree(out, ignore_errors=True)
        used = measure(
            [
                LIDO,
                "ingest",
                clip,
                "--out",
                out,
                *"--scene off --window 16 --stride 8 --workers 1 --quiet".split(),
                *options,
            ]
        )
        return used, {
            name: parquet.read_table(out / f"generations/000001/{name}.parquet").to_pylist()
            for name in ("manifest", "skipped")
        }

    print(
        f"\nA night with two visits of a minute, 1080p25, --fps auto:{rate}, one worker. Lost: times at which the detector sees somebody (0.5) and nobody looked"
    )
    print(
        f"{'clip':<42}{'floor, s CPU':>14}{'lido, s CPU':>14}{'ratio':>8}{'goal':>6}{'kept':>8}{'somebody':>10}{'lost':>6}{'MB':>6}"
    )
    for name, (minutes, encoder) in NIGHT.items():
        clip = make_night(name, minutes, encoder)
        floor = measure(
            [
                *"ffmpeg -v error -nostdin -threads 1 -i".split(),
                clip,
                *"-map 0:v:0 -f null -".split(),
            ]
        )
        used, tables = ingest(clip, "--fps", f"auto:{rate}")
        skipped = {k for row in tables["skipped"] for k in range(row["first_k"], row["end_k"])}
        there = set()
        for i in range(len(VISITS)):
            start = (i + 1) * minutes // 3 * 60 * rate
            seen = look(clip.with_name(f"visit{i}.ts"), "--fps", rate)("objects")
            there |= {start + o["k"] for o in seen if o["kind"] == "person" and o["score"] >= 0.5}
        ratio = used["cpu"] / floor["cpu"]
        kept = 1 - len(skipped) / (minutes * 60 * rate)
        goal = "0.15" if minutes == 60 else ""
        print(
            f"{name:<42}{floor['cpu']:>14.1f}{used['cpu']:>14.1f}{ratio:>8.3f}{goal:>6}{kept:>8.3f}{len(there):>10}{len(there & skipped):>6}{used['mb']:>6.0f}",
            flush=True,
        )

    make_clips("h264_b")
    clip = sorted((WORK / "clips/h264_b").glob("*.mp4"))[3]
    fixed, found = [], []
    for _ in range(5):
        fixed.append(ingest(clip, "--fps", str(rate))[0]["cpu"])
        used, tables = ingest(clip, "--fps", f"auto:{rate}")
        found.append(used["cpu"])
        assert not tables["skipped"], "everything moves in this clip"
    print(
        f"Where everything moves, 10 s of 1080p30 at {rate} fps: {statistics.median(found):.2f} s CPU, at the fixed rate {statistics.median(fixed):.2f}, "
        f"ratio {statistics.median(a / b for a, b in zip(found, fixed)):.3f} (goal 1.07)"
    )


PARTS = {
    "motion": motion,
    "quality": quality,
    "tracks": tracks,
    "people": people,
    "cost": cost,
    "night": night,
}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--only", choices=PARTS, help="one part")
    options.add_argument(
        "--fault",
        action="append",
        choices=["none", *FAULTS, "frozen"],
        help="of quality: these alone",
    )
    given = options.parse_args()
    ONLY_FAULTS.extend(given.fault or [])
    revision = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    if not os.environ.get("LIDO_BENCH_TRACKERS"):
        print(f"revision {revision}, {os.cpu_count()} cores")
    WORK.mkdir(parents=True, exist_ok=True)
    for name, part in PARTS.items():
        if given.only in (None, name):
            part()


if __name__ == "__main__":
    main()
