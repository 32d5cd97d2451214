# SPDX-License-Identifier: Apache-2.0
"""`./dev bench scene --only quality`: faults put into real clips."""

import itertools
import pathlib
import subprocess

from scene_common import ROOT, SHARED, ffmpeg, scene_tables, work_file

# Faults that --fault asks for; empty for all.
ONLY_FAULTS = []
FPS = 2
FAULT_S = (8, 16)
INSIDE = "enable='between(t,8,15.99)'"
FAULTS = {  # ffmpeg filters between seconds 8 and 16 of a clip
    "black": f"drawbox=c=black:t=fill:{INSIDE}",
    "covered": f"drawbox=c=0x5a4a42:t=fill:{INSIDE},noise=alls=6:allf=t",
    "blurred": "gblur=sigma={blur}:" + INSIDE,
    "dark": f"colorlevels=rimax=0.999:romax=0.09:gomax=0.09:bomax=0.09:{INSIDE}",
    "bright": f"colorlevels=rimax=0.25:gimax=0.25:bimax=0.25:{INSIDE}",
    # In RGB, where white is white whatever the clip's range.
    "glare": "format=gbrp,drawbox=x=iw*0.3:y=ih*0.3:w=iw*0.3:h=ih*0.3:c=white:t=fill:"
    f"{INSIDE},format=yuv420p",
}
# Frame 95 in the place of 96 to 191.
FROZEN = (
    "split=3[p][q][r];[p]trim=end_frame=96[p1];"
    "[q]trim=start_frame=95:end_frame=96,loop=95:1:0,setpts=N/12/TB[q1];"
    "[r]trim=start_frame=192,setpts=PTS-STARTPTS[r1];[p1][q1][r1]concat=3"
)
KINDS = [*FAULTS, "frozen"]
# Seconds from which a clip is good: before, its encoder shows coarse blocks.
GOOD_FROM_S = {"randhana_drowning.mp4": 2, "randhana_notdrowning.mp4": 2}


def clip_groups():
    """Clips used when the thresholds were chosen, and clips held out."""
    return {
        "used": [
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


def width_of(clip):
    probe = "ffprobe -v error -select_streams v -show_entries stream=width -of csv=p=0".split()
    return int(subprocess.run([*probe, clip], capture_output=True, text=True).stdout.split(",")[0])


def with_fault(clip, fault):
    """Writes 24 s of a clip with a fault in the middle third. Returns the path."""
    path = work_file("fault.mp4")
    begin = GOOD_FROM_S.get(clip.name, 0)
    # A short clip is played forwards and backwards, with a camera's noise, until it is long enough.
    chain = (
        f"[0:v]trim={begin}:{begin + 12},setpts=PTS-STARTPTS,fps=12,split[a][b];[b]reverse[c];"
        "[a][c]concat,loop=20:2000,trim=0:24,setpts=N/12/TB,noise=alls=3:allf=t"
    )
    if fault == "frozen":
        chain += "," + FROZEN
    elif fault != "none":
        chain += "," + FAULTS[fault].format(blur=max(2, width_of(clip) / 160))
    encoder = "-an -r 12 -c:v libx264 -preset veryfast -crf 23".split()
    ffmpeg("-i", clip, "-filter_complex", chain, *encoder, path)
    return path


def count_ticks(clip, fault):
    """Returns (ticks with the fault, of these found, good ticks, of these flagged)."""
    rows = scene_tables(with_fault(clip, fault), "--fps", FPS)("quality")
    flagged = {(row["fault"], k) for row in rows for k in range(row["first_k"], row["end_k"])}
    first, end = (FPS * second for second in FAULT_S)
    wanted = found = good = false = 0
    for k in range(24 * FPS):
        if fault != "none" and k in (first - 1, first, end - 1, end):
            continue
        if fault != "none" and first <= k < end:
            wanted += 1
            found += (fault, k) in flagged
        else:
            good += 1
            false += any((kind, k) in flagged for kind in KINDS)
    return wanted, found, good, false


def quality():
    print(
        "\nView quality: faults put into real clips for 8 of 24 seconds "
        "(the good spans are the rest, and the clips as they are)"
    )
    print(f"{'clips':<10}{'fault':<12}{'samples':>9}{'found':>9}{'goal':>7}{'false':>9}{'goal':>7}")
    groups = clip_groups()
    for group, fault in itertools.product(groups, ONLY_FAULTS or ["none", *KINDS]):
        counts = [count_ticks(clip, fault) for clip in filter(pathlib.Path.exists, groups[group])]
        wanted, found, good, false = (sum(column) for column in zip(*counts))
        share = f"{found / wanted:.3f}" if wanted else ""
        print(
            f"{group:<10}{fault:<12}{wanted:>9}{share:>9}{'0.99' if wanted else '':>7}"
            f"{false / good:>9.4f}{'0.01':>7}",
            flush=True,
        )
