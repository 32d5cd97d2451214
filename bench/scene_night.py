# SPDX-License-Identifier: Apache-2.0
"""`./dev bench scene --only night`: --fps auto on an hour in which people come for two minutes."""

import shutil
import statistics

from ingest import LIDO, WORK, make_clips, measure
from scene_common import SHARED, ffmpeg, scene_tables

X264 = "-c:v libx264 -preset veryfast"
NIGHT = {  # minutes, encoder
    "H.264, one hour": (60, f"{X264} -crf 24 -g 50 -keyint_min 50 -sc_threshold 0 -bf 2"),
    "HEVC, six minutes": (
        6,
        "-c:v libx265 -preset superfast -tag:v hvc1 -x265-params log-level=none:crf=26:keyint=50:"
        "min-keyint=50:scenecut=0:open-gop=0:bframes=2",
    ),
    "H.264 at 2 Mbit/s constant, six minutes": (
        6,
        f"{X264} -g 50 -keyint_min 50 -sc_threshold 0 -bf 0 -b:v 2M -minrate 2M -maxrate 2M "
        "-bufsize 2M -x264-params nal-hrd=cbr",
    ),
}
# Seconds of person_walk at which a minute with people begins; its first frame is an empty room.
VISITS = [0, 64]
RATE = 8
OUT = WORK / "out"


def make_piece(folder, name, graph, start, encoder):
    """Encodes a minute of the room, without the encoder's first four seconds."""
    noisy = (
        "scale=1920:1080,eq=brightness=-0.15,fps=25,"
        f"noise=alls=6:allf=t:all_seed={len(name) + start},format=yuv420p"
    )
    clip = SHARED / "person_walk/one-by-one-person-detection.mp4"
    begun = folder / "begun.ts"
    graph = f"{graph},{noisy}"
    ffmpeg("-ss", start, "-i", clip, "-vf", graph, "-t", "64", *encoder.split(), begun)
    # An encoder's first frames are worse; a night does not begin anew every minute.
    ffmpeg("-ss", "4", "-i", begun, "-c", "copy", folder / f"{name}.ts")


def make_night(name, minutes, encoder):
    """1080p25 of an empty room with a sensor's noise; in two minutes people walk through it."""
    folder = WORK / "night" / name.replace(" ", "_").replace(",", "").replace("/", "")
    folder.mkdir(parents=True, exist_ok=True)
    clip = folder / "night.mp4"
    if clip.exists():
        return clip
    still = "trim=end_frame=1,setpts=PTS-STARTPTS,loop=-1:1,setpts=N/10/TB"
    make_piece(folder, "empty", still, 0, encoder)
    for i, start in enumerate(VISITS):
        make_piece(folder, f"visit{i}", "null", start, encoder)
    visits = {minutes // 3: "visit0", 2 * minutes // 3: "visit1"}
    pieces = [visits.get(minute, "empty") for minute in range(minutes)]
    (folder / "list.txt").write_text("".join(f"file {piece}.ts\n" for piece in pieces))
    partial = folder / "partial.mp4"
    ffmpeg("-f", "concat", "-i", folder / "list.txt", "-c", "copy", partial)
    partial.rename(clip)
    return clip


def ingest(clip, *options):
    """Returns the measured cost, and the tables manifest and skipped."""
    import pyarrow.parquet as parquet

    shutil.rmtree(OUT, ignore_errors=True)
    fixed = "--scene off --window 16 --stride 8 --workers 1 --quiet".split()
    used = measure([LIDO, "ingest", clip, "--out", OUT, *fixed, *options])
    return used, {
        name: parquet.read_table(OUT / f"generations/000001/{name}.parquet").to_pylist()
        for name in ("manifest", "skipped")
    }


def ticks_with_people(clip, minutes):
    """Ticks of the night at which the detector finds a person with a score of 0.5 or more."""
    found = set()
    for i in range(len(VISITS)):
        start = (i + 1) * minutes // 3 * 60 * RATE
        seen = scene_tables(clip.with_name(f"visit{i}.ts"), "--fps", RATE)("objects")
        found |= {start + o["k"] for o in seen if o["class_name"] == "person" and o["score"] >= 0.5}
    return found


def one_night(name, minutes, encoder):
    clip = make_night(name, minutes, encoder)
    decode = [*"ffmpeg -v error -nostdin -threads 1 -i".split(), clip]
    floor = measure([*decode, *"-map 0:v:0 -f null -".split()])
    used, tables = ingest(clip, "--fps", f"auto:{RATE}")
    skipped = {k for row in tables["skipped"] for k in range(row["first_k"], row["end_k"])}
    people = ticks_with_people(clip, minutes)
    kept = 1 - len(skipped) / (minutes * 60 * RATE)
    goal = "0.15" if minutes == 60 else ""
    print(
        f"{name:<42}{floor['cpu']:>14.1f}{used['cpu']:>14.1f}{used['cpu'] / floor['cpu']:>8.3f}"
        f"{goal:>6}{kept:>8.3f}{len(people):>10}{len(people & skipped):>6}{used['mb']:>6.0f}",
        flush=True,
    )


def all_moving():
    """Prints the cost of --fps auto where it can skip no frame."""
    make_clips("h264_b")
    clip = sorted((WORK / "clips/h264_b").glob("*.mp4"))[3]
    fixed, found = [], []
    for _ in range(5):
        fixed.append(ingest(clip, "--fps", str(RATE))[0]["cpu"])
        used, tables = ingest(clip, "--fps", f"auto:{RATE}")
        found.append(used["cpu"])
        assert not tables["skipped"], "everything moves in this clip"
    ratio = statistics.median(a / b for a, b in zip(found, fixed))
    print(
        f"Where everything moves, 10 s of 1080p30 at {RATE} fps: {statistics.median(found):.2f} "
        f"s CPU, at the fixed rate {statistics.median(fixed):.2f}, ratio {ratio:.3f} (goal 1.07)"
    )


def night():
    """Measures all but the network (--scene off), which saves the share of skipped ticks."""
    print(
        f"\nA night with two visits of a minute, 1080p25, --fps auto:{RATE}, one worker. "
        "Lost: ticks at which the detector finds a person (0.5) and sampling skipped the frame"
    )
    print(
        f"{'clip':<42}{'floor, s CPU':>14}{'lido, s CPU':>14}{'ratio':>8}{'goal':>6}{'kept':>8}"
        f"{'people':>10}{'lost':>6}{'MB':>6}"
    )
    for name, (minutes, encoder) in NIGHT.items():
        one_night(name, minutes, encoder)
    all_moving()
