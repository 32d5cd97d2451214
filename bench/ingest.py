# SPDX-License-Identifier: Apache-2.0
"""./dev bench ingest: raw clips to shards, against a floor and against peers.

The floor is `ffmpeg -threads 1` decoding every frame without output, one process a core. The
peers are in bench/peers.py; FFmpeg's own program doing the same job is one of them. Every
contestant does equal work: frames at the row's rate, short side 256, centre crop 224, JPEG
quality 90, tar; a contestant that writes another number of frames ends the run. Contestants take
turns within each round, so that a noisy machine disturbs all alike; the valid figure is CPU time
as a ratio to the floor of that round. Prints one table; --json FILE keeps all runs.
"""

import argparse
import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "build/bench"
LIDO = ROOT / "build/release/bin/lido"
NUMPY = ["numpy==2.2.6", "pillow==11.3.0"]
PEERS = {  # packages of the environment that each runs in
    "ffmpeg": NUMPY,
    "ffmpeg_noref": NUMPY,
    "torchcodec": ["torch==2.15.0", "torchcodec==0.17.0", *NUMPY],
    "pyav": ["av==17.1.0", *NUMPY],
    "decord": ["decord==0.6.0", *NUMPY],
    "ray_decord": ["ray==2.60.0", "decord==0.6.0", *NUMPY],
}
# Two clips of a real pool, which are not in the repository; see bench/labels/README.md.
REAL = pathlib.Path(os.environ.get("LIDO_DATA", ROOT / "../shared/data")) / "pool"


def scene_graph(kind, seed, rate):
    """A moving scene as an ffmpeg filter graph.

    By kind: test card, fractal zoom, still scene with moving objects, moving camera.
    """
    noise = f"noise=alls={6 + seed % 5}:allf=t:all_seed={seed * 7 + 1},fps={rate},format=yuv420p"
    if kind == 0:
        return (
            f"testsrc2=s=1920x1080:r={rate}[a];"
            f"gradients=s=480x360:r={rate}:seed={seed}:speed=0.05[b];"
            f"[a][b]overlay=x='200+150*sin(t*1.3)':y='300+200*cos(t)',{noise}"
        )
    if kind == 1:
        return (
            f"mandelbrot=s=640x360:r={rate}:start_scale={0.5 / (1 + seed * 3)}:"
            f"end_scale=0.01:end_pts=300:maxiter=200,scale=1920:1080,{noise}"
        )
    still = (
        f"mandelbrot=s=1280x720:r={rate}:start_scale={0.4 / (1 + seed * 2)}:maxiter=300,"
        f"trim=end_frame=1,loop=-1:1:0,setpts=N/{rate}/TB"
    )
    if kind == 2:
        return (
            f"{still},scale=1920:1080[bg];testsrc2=s=160x320:r={rate}[p];"
            f"[bg][p]overlay=x='100+mod(90*t+{seed * 50}\\,1700)':y='400+80*sin(t*2)',{noise}"
        )
    return (
        f"{still},scale=2560:1440,crop=1920:1080:x='320+200*sin(t*0.8)+4*sin(t*25)':"
        f"y='180+100*cos(t*0.6)+3*sin(t*31)',{noise}"
    )


FAST_X264 = "-c:v libx264 -preset veryfast"
X264 = (
    f"{FAST_X264} -profile:v high -refs 3 -keyint_min 60 -sc_threshold 0 "
    "-b:v 6M -maxrate 9M -bufsize 12M"
)
X265 = (
    "-c:v libx265 -preset superfast -tag:v hvc1 -x265-params log-level=none:bframes=2:b-pyramid=1:"
    "keyint=60:min-keyint=60:scenecut=0:bitrate=4000:vbv-maxrate=6000:vbv-bufsize=8000"
)
NO_B = (
    f"{FAST_X264} -profile:v main -bf 0 -refs 1 -g 60 -keyint_min 60 -sc_threshold 0 "
    "-b:v 4M -maxrate 6M -bufsize 8M"
)
B_FRAMES = f"{X264} -bf 2 -b_strategy 1 -g 60"
# name: (clips, seconds of each, rate of the source, encoder, extension)
SETS = {
    "h264_b": (8, 10, 30, B_FRAMES, "mp4"),
    "h264_b_long": (4, 20, 30, B_FRAMES, "mp4"),
    "hevc": (4, 20, 30, X265, "mp4"),
    "h264_no_b": (4, 20, 30, NO_B, "mp4"),
    "h264_cheap": (4, 20, 30, f"{FAST_X264} -bf 0 -refs 1 -g 60 -tune fastdecode -b:v 1M", "mp4"),
    "h264_25_gop50": (4, 20, 25, f"{X264} -bf 2 -g 50", "mp4"),
    "h264_25_gop250": (4, 20, 25, f"{X264} -bf 2 -g 250", "mp4"),
    "real": (8, 20, 10, "", "mp4"),
}
ROWS = [  # name, set, fps, goal
    ("H.264, B-frames, 1080p30", "h264_b_long", "4", 0.75),
    ("HEVC, 1080p30", "hevc", "4", 0.70),
    ("H.264, no B-frames, 1080p30", "h264_no_b", "4", 0.87),
    ("H.264, cheap to decode", "h264_cheap", "4", None),
    ("H.264, 25 fps, GOP 50", "h264_25_gop50", "4", None),
    ("H.264, 25 fps, GOP 250, 3.7 fps", "h264_25_gop250", "3.7", None),
    ("H.264, B-frames, 1 fps", "h264_b_long", "1", None),
    ("H.264, B-frames, 0.5 fps", "h264_b_long", "0.5", None),
    ("real pool, H.264, 480p10", "real", "4", None),
]


def real_clips(count, seconds):
    """Copies of two real pool clips, joined to `seconds` each so that starting counts for little.

    Their packets are copied, not encoded again. Returns none where the clips are not.
    """
    folder = WORK / "clips/real"
    folder.mkdir(parents=True, exist_ok=True)
    for number, source in zip(range(count), itertools.cycle(sorted(REAL.glob("*.mp4")))):
        out = folder / f"{number:02}.mp4"
        if not out.exists():
            join = f"ffmpeg -v error -nostdin -y -stream_loop -1 -t {seconds} -i".split()
            joined = folder / "joined.mp4"
            subprocess.run([*join, source, *"-an -c copy".split(), joined], check=True)
            copy_with_other_bytes(joined, out)
    return sorted(folder.glob("[0-9]*.mp4"))


def make_clips(name):
    count, seconds, rate, encoder, extension = SETS[name]
    if name == "real":
        return real_clips(count, seconds)
    folder = WORK / "clips" / name
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        out = folder / f"{number:02}.{extension}"
        if out.exists():
            continue
        print(f"making {out.relative_to(ROOT)}", file=sys.stderr)
        partial = out.with_name(f"partial.{extension}")
        subprocess.run(
            [
                *"ffmpeg -v error -nostdin -y -filter_complex".split(),
                scene_graph(number % 4, number, rate),
                "-t",
                str(seconds),
                *encoder.split(),
                "-movflags",
                "+faststart",
                partial,
            ],
            check=True,
        )
        partial.rename(out)
    return sorted(folder.glob(f"[0-9]*.{extension}"))


def copy_with_other_bytes(source, target):
    """Copies an MP4 with a `free` box at its end: equal frames, and no copy by its content."""
    name = target.name.encode()
    box = (8 + len(name)).to_bytes(4, "big") + b"free" + name
    target.write_bytes(source.read_bytes() + box)


def environment(peer, packages):
    """Makes a Python environment for a peer. Returns its Python, or None without a network."""
    folder = WORK / "env" / peer
    done = folder / "done"
    if not done.exists():
        print(f"installing {' '.join(packages)}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["/usr/bin/python3", "-m", "venv", folder], check=True)
        made = subprocess.run(
            [folder / "bin/pip", "install", "-q", "--disable-pip-version-check", *packages]
        )
        if made.returncode != 0:
            return None
        done.touch()
    return folder / "bin/python"


def descendants(root):
    """Processes that `root` started, at any depth, and itself."""
    children = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        children.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found, todo = set(), [root]
    while todo:
        pid = todo.pop()
        found.add(pid)
        todo += children.get(pid, [])
    return found


class Watch(threading.Thread):
    """Measures a process and all it starts, also workers that outlive their parents (Ray)."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.known, self.cpu_of, self.peak_mb, self.ended = (
            pid,
            {pid},
            {},
            0,
            threading.Event(),
        )
        self.start()

    def run(self):
        tick = os.sysconf("SC_CLK_TCK")
        while not self.ended.wait(0.25):
            for pid in list(self.known):
                self.known |= descendants(pid)
            mb = 0
            for pid in self.known:
                try:
                    fields = (
                        pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                    )
                    shares = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
                except OSError:
                    continue
                self.cpu_of[pid] = (int(fields[11]) + int(fields[12])) / tick
                mb += int(re.search(r"^Pss:\s+(\d+)", shares, re.M)[1]) / 1000
            self.peak_mb = max(self.peak_mb, mb)


def measure(command):
    """Runs a command. Returns wall and CPU seconds and peak MB of it and all that it started."""
    start = time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    watch = Watch(process.pid)
    with concurrent.futures.ThreadPoolExecutor(1) as reader:
        printed = reader.submit(process.stdout.read)
        errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    watch.ended.set()
    watch.join()
    if os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError(f"{command[0]} failed: {errors[-2000:]}")
    return {
        "wall": time.monotonic() - start,
        "cpu": max(usage.ru_utime + usage.ru_stime, sum(watch.cpu_of.values())),
        "mb": max(watch.peak_mb, usage.ru_maxrss / 1000),
        "printed": printed.result(),
    }


def run_floor(clips, fps):
    start = time.monotonic()

    def one(clip):
        return measure(
            [
                *"ffmpeg -v error -nostdin -threads 1 -i".split(),
                clip,
                *"-map 0:v:0 -f null -".split(),
            ]
        )

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = list(pool.map(one, clips))
    return {
        "wall": time.monotonic() - start,
        "cpu": sum(r["cpu"] for r in runs),
        "mb": sum(sorted(r["mb"] for r in runs)[-os.cpu_count() :]),
    }


def run_lido(clips, fps):
    out = WORK / "out"
    shutil.rmtree(out, ignore_errors=True)
    result = measure(
        [
            LIDO,
            "ingest",
            *clips,
            "--out",
            out,
            "--fps",
            fps,
            *"--window 1 --stride 1 --scene off --json --workers".split(),
            os.cpu_count(),
        ]
    )
    result["frames"] = json.loads(result["printed"])["samples"]
    return result


def run_peer(python, name, clips, fps):
    out = WORK / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    result = measure([python, ROOT / "bench/peers.py", name, out, fps, *clips])
    result["frames"] = int(result["printed"])
    return result


def spread(values):
    return f"{statistics.median(values):.3f} ({min(values):.3f}-{max(values):.3f})"


def revision():
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    )
    return described.stdout.strip()


def cpu_model():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?"
    )


def run_row(name, clips, fps, peers, rounds):
    """Runs of each contestant, taking turns. One more round at first warms the caches."""
    contestants = {"floor": run_floor, "lido": run_lido}
    for peer, python in peers.items():
        contestants[peer] = lambda c, f, peer=peer, python=python: run_peer(python, peer, c, f)
    runs = {who: [] for who in contestants}
    for number in range(rounds + 1):
        for who, contestant in contestants.items():
            result = contestant(clips, fps)
            refuse_unequal_work(name, who, result, runs["lido"], len(clips))
            if number > 0:
                runs[who].append(result)
    return runs


def refuse_unequal_work(row, who, result, lido, clips):
    """A peer may round the end of a clip another way: one frame a clip. More is other work."""
    if who in ("floor", "lido") or not lido:
        return
    if abs(result["frames"] - lido[0]["frames"]) > clips:
        sys.exit(f"{row}: {who} wrote {result['frames']} frames, Lido {lido[0]['frames']}")


def show_row(row, runs):
    """Prints a line for each contestant of a row."""
    name, clip_set, fps, goal = row
    count, seconds, rate, *_ = SETS[clip_set]
    for who, results in runs.items():
        ratios = [r["cpu"] / f["cpu"] for r, f in zip(results, runs["floor"])]
        wall = statistics.median(r["wall"] for r in results)
        wanted = f"{goal:.2f}" if goal and who == "lido" else ""
        print(
            f"{name:<33}{who:<13}{spread(ratios):<23}{wanted:>6}{wall:>9.2f}{count / wall:>9.2f}"
            f"{count * seconds * rate / wall:>12.0f}{count * seconds * float(fps) / wall:>12.1f}"
            f"{max(r['mb'] for r in results):>9.0f}",
            flush=True,
        )


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--only", help="rows whose name contains this")
    options.add_argument("--no-peers", action="store_true", help="only the floor and Lido")
    options.add_argument("--json", type=pathlib.Path)
    given = options.parse_args()
    peers = {}
    if not given.no_peers:
        made = {name: environment(name, packages) for name, packages in PEERS.items()}
        peers = {name: python for name, python in made.items() if python}
    print(
        f"revision {revision()}, {cpu_model()}, {os.cpu_count()} cores, {given.rounds} rounds; "
        "CPU: ratio to the floor of that round, median (min-max)\n"
    )
    print(
        f"{'row':<33}{'who':<13}{'CPU / floor':<23}{'goal':>6}{'wall s':>9}{'clips/s':>9}"
        f"{'source f/s':>12}{'output f/s':>12}{'peak MB':>9}"
    )
    everything = []
    for row in [row for row in ROWS if not given.only or given.only in row[0]]:
        name, clip_set, fps, _ = row
        clips = make_clips(clip_set)
        if not clips:
            print(f"{name:<33}skipped: no clips in {REAL}")
            continue
        runs = run_row(name, clips, fps, peers, given.rounds)
        show_row(row, runs)
        everything.append({"row": name, "fps": fps, "runs": runs})
    if given.json:
        stored = {"revision": revision(), "cpu": cpu_model(), "rows": everything}
        given.json.write_text(json.dumps(stored, indent=1))


if __name__ == "__main__":
    main()
