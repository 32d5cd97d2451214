# SPDX-License-Identifier: Apache-2.0
"""`./dev bench scene --only motion`: camera motion against known homographies and landmarks."""

import csv
import subprocess

from scene_common import ROOT, SHARED, scene_tables, work_file

FRAMES = 24


def read_frame(clip, second):
    import cv2

    capture = cv2.VideoCapture(str(clip))
    capture.set(cv2.CAP_PROP_POS_MSEC, 1000 * second)
    return capture.read()[1]


def encode(frames, path, fps, *options):
    """Encodes BGR frames with ffmpeg."""
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


def warp(frame, corners, moved, margin, random_numbers):
    """Warps a frame so that `corners` of its inner part are shown at `moved`, and adds noise.

    Returns the frame and the homography from its pixels to those of the inner part.
    """
    import cv2
    import numpy as np

    size = tuple(int(x) for x in corners[2])
    frame_from_first = cv2.getPerspectiveTransform(
        corners.astype(np.float32), moved.astype(np.float32)
    ).astype(np.float64)
    # Pixel centres are half a pixel from their edges; the inner part begins at the margin.
    centre = np.array([[1, 0, margin - 0.5], [0, 1, margin - 0.5], [0, 0, 1]], np.float64)
    small = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]], np.float64)
    matrix = small @ frame_from_first @ np.linalg.inv(centre)
    warped = cv2.warpPerspective(frame, matrix, size, flags=cv2.INTER_CUBIC)
    noise = random_numbers.normal(0, 2, warped.shape)
    return np.clip(warped + noise, 0, 255).astype(np.uint8), np.linalg.inv(frame_from_first)


def warped_clip(frame):
    """Writes a clip of warped copies of a frame. Returns (path, corners, homographies)."""
    import numpy as np

    height, width = frame.shape[:2]
    margin = max(width, height) // 20
    w, h = (width - 2 * margin) // 2 * 2, (height - 2 * margin) // 2 * 2
    random_numbers = np.random.default_rng(5)
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float64)
    frames, truth = [], []
    for number in range(FRAMES):
        moved = corners + (
            0
            if number == 0
            else random_numbers.uniform(-0.5, 0.5, (4, 2)) * margin * 0.5
            + random_numbers.uniform(-0.5, 0.5, (1, 2)) * margin
        )
        warped, first_from_frame = warp(frame, corners, moved, margin, random_numbers)
        frames.append(warped)
        truth.append(first_from_frame)
    path = work_file("warped.mkv")
    encode(frames, path, 4, "-c:v", "ffv1", "-pix_fmt", "yuv420p")
    return path, corners, truth


def corner_errors(path, corners, truth):
    """Distances of mapped corners, pixels; infinite where the camera is taken for another view."""
    import cv2
    import numpy as np

    errors = []
    for row, wanted in zip(scene_tables(path, "--fps", 4)("motion")[1:], truth[1:]):
        found = np.array(row["view_from_frame"]).reshape(3, 3)
        a, b = (cv2.perspectiveTransform(corners[None], m)[0] for m in (found, wanted))
        errors.extend(np.hypot(*(a - b).T) if row["view"] == 0 else [float("inf")] * 4)
    return errors


def homographies():
    import numpy as np

    def show(name, errors):
        print(
            f"{name:<28}{len(errors) // 4:>10}{np.median(errors):>9.3f}"
            f"{np.quantile(errors, 0.95):>9.3f}{'0.1, 0.3':>16}",
            flush=True,
        )

    print(
        "\nCamera motion, real frames warped by known homographies: "
        "error of the mapped corners, source pixels"
    )
    print(f"{'frames from':<28}{'frames':>10}{'median':>9}{'95%':>9}{'goal':>16}")
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
        errors = corner_errors(*warped_clip(read_frame(clip, second)))
        everything += errors
        show(name, errors)
    show("all", everything)


def still_cameras():
    print(
        "\nCameras at rest: share of the samples classified as still (goal 0.99), at 4 fps; "
        "the pool clips are for a person to judge"
    )
    clips = [
        *sorted((ROOT / "build/demo/video").glob("*.mp4")),
        *(SHARED / "person_walk").glob("*.mp4"),
        *sorted((SHARED / "pool").glob("*.mp4")),
    ]
    for clip in clips:
        rows = scene_tables(clip, "--fps", 4)("motion")
        kinds = sorted({row["motion"] for row in rows})
        shares = ", ".join(
            f"{kind} {sum(r['motion'] == kind for r in rows) / len(rows):.3f}" for kind in kinds
        )
        print(f"  {clip.name:<40}{len(rows):>6} samples  {shares}", flush=True)


def landmark_error(clip, rows):
    """Distances from the median position, pixels, in the frame and in the view's first frame.

    Returns (distances in the frame, distances with motion removed, number of read-off frames).
    """
    import numpy as np

    found = {row["k"]: row for row in scene_tables(clip, "--fps", 4)("motion")}
    seen = {
        round(4 * float(row["time_s"])): np.array([float(row["x"]), float(row["y"]), 1])
        for row in rows
    }
    views = [found[k]["view"] for k in seen]
    view = max(set(views), key=views.count)
    seen = {k: at for k, at in seen.items() if found[k]["view"] == view}
    in_view = []
    for k, at in seen.items():
        x, y, w = np.array(found[k]["view_from_frame"]).reshape(3, 3) @ at
        in_view.append((x / w, y / w))
    moves, left = (
        np.linalg.norm(np.array(places) - np.median(places, axis=0), axis=1)
        for places in ([at[:2] for at in seen.values()], in_view)
    )
    return moves, left, len(views)


def landmarks():
    """Prints how far a fixed point, read off by hand every two seconds, moves in its view."""
    import numpy as np

    with open(ROOT / "bench/pool_landmarks.csv") as file:
        rows = list(csv.DictReader(file))
    print(
        "\nHandheld cameras under water: movement of a fixed point in the frame, and the rest "
        "once the camera's motion is removed, source pixels"
    )
    print(
        f"{'clip':<28}{'frames':>10}{'moves, at most':>16}{'left, at most':>16}{'left, median':>14}"
    )
    for name in dict.fromkeys(row["clip"] for row in rows):
        clip = SHARED / f"pool/{name}.mp4"
        if not clip.exists():
            print(f"{name:<28}skipped: no {clip}")
            continue
        moves, left, total = landmark_error(clip, [row for row in rows if row["clip"] == name])
        print(
            f"{name:<28}{len(moves):>7}/{total}{moves.max():>16.1f}{left.max():>16.1f}"
            f"{np.median(left):>14.1f}",
            flush=True,
        )


def motion():
    homographies()
    still_cameras()
    landmarks()
