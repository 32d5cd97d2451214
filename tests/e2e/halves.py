# SPDX-License-Identifier: Apache-2.0
"""A small dataset whose answer is known, and training runs on it.

Films of noise, 64 pixels wide, of which the left half is bright for some seconds, then the right
one; the label names it. All figures are of simulated footage.
"""

import json
import os
import pathlib
import random
import socket
import subprocess
import time

import yaml
from conftest import LIDO, ingest, run

TRAIN = pathlib.Path(LIDO).with_name("lido-train")
# Groups whose hash puts them into the split train and val, of shares 60/20/20.
GROUPS = [f"pool_{number}" for number in (1, 5, 6, 7, 8, 9)]
SECONDS = 10  # for each half
OPTIONS = {"samples": "frame", "no_augment": True, "threads": 1, "batch_size": 16}
OPTIONS |= {"average": 0.8, "patience": 0}
RESULTS = ("model/model.onnx", "metrics.parquet")


def make(folder, size=64):
    """Writes the dataset of some 150 samples of train and 30 of val. Returns its folder."""
    folder.mkdir(exist_ok=True)
    clips, labels = ["clip,group"], ["clip,start_s,end_s,task,label"]
    for number, group in enumerate(GROUPS):
        box = f"y=0:w=32:h=64:color=white@0.5:t=fill:enable='{{}}(t,{SECONDS})'"
        left, right = "drawbox=x=0:" + box.format("lt"), "drawbox=x=32:" + box.format("gte")
        source = f"color=gray:s=64x64:r=6:d={2 * SECONDS},{left},{right}"
        clip = folder / f"{group}.mp4"
        command = ["ffmpeg", *"-v error -nostdin -f lavfi -i".split(), source]
        noise = f"noise=alls=60:allf=t:all_seed={number}"
        command += ["-vf", noise, *"-c:v libx264 -preset ultrafast -threads 1".split(), clip]
        subprocess.run(command, check=True)
        clips.append(f"{clip},{group}")
        labels.append(f"{clip},0,{SECONDS},side,left")
        labels.append(f"{clip},{SECONDS},{2 * SECONDS},side,right")
    (folder / "clips.csv").write_text("\n".join(clips) + "\n")
    (folder / "labels.csv").write_text("\n".join(labels) + "\n")
    shape = f"--fps 6 --size {size} --window 4 --stride 4 --split 60/20/20".split()
    ingest(folder / "clips.csv", folder / "d", *shape, "--labels", folder / "labels.csv")
    return folder / "d"


def flags_of(options):
    """Options of a run as flags of lido train."""
    flags = []
    for name, value in options.items():
        flags += ["--" + name.replace("_", "-"), *([] if value is True else [value])]
    return flags


def train(data, out, *flags, code=0, env=None, **options):
    """Runs lido train to its end."""
    asked = ["--data", data, "--out", out, "--json", "--quiet", *flags_of(OPTIONS | options)]
    done = run("train", "people", *asked, *flags, env=env)
    assert done.code == code, done.err + done.out
    return done


def results(out):
    """Reads the model, the metrics and the last checkpoint of a finished run."""
    last = max(pathlib.Path(out).glob("checkpoints/*.ckpt"))
    model = json.loads((pathlib.Path(out) / "model/model.json").read_text())
    del model["revision"]  # that of the program that began the run
    files = {name: (pathlib.Path(out) / name).read_bytes() for name in RESULTS}
    return files | {last.name: last.read_bytes(), "model": model}


def steps_done(out):
    """Steps in the last checkpoint of a run."""
    return max((int(path.stem) for path in pathlib.Path(out).glob("checkpoints/*.ckpt")), default=0)


def make_points(folder):
    """Writes a table of motions to the left and to the right, and its classes. Returns both."""
    draw = random.Random(1)
    rows = []
    for i in range(120):
        label = i // 60
        xs = [0.5 + (0.01 if label else -0.01) * k + draw.uniform(-0.02, 0.02) for k in range(16)]
        rows.append(",".join([str(label), *(f"{x:.4f},{draw.uniform(0.4, 0.6):.4f}" for x in xs)]))
    (folder / "points.csv").write_text("\n".join(rows) + "\n")
    (folder / "names.csv").write_text("left\nright\n")
    return folder / "points.csv", folder / "names.csv"


def prepare(data, out, network="people", points="", or_resume=False, **options):
    """Begins the folder of a run for several workers. Returns the plan."""
    asked = {"out": str(out), "revision": "test", "network": network, "data": str(data)}
    asked["points"] = str(points)
    asked |= {"resume": False, "dry_run": False, "json": True, "quiet": True, "prepare": True}
    asked["or_resume"] = or_resume
    asked["options"] = OPTIONS | options
    done = subprocess.run([TRAIN, json.dumps(asked)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def start_workers(out, count, timeout_s=50):
    """Starts the workers of a prepared run, which meet at a free port. Returns their processes."""
    config = yaml.safe_load((pathlib.Path(out) / "config.yaml").read_text())
    asked = {name: config.pop(name, "") for name in ("network", "data", "points")}
    asked |= {"out": str(out), "revision": "test", "options": config}
    asked |= {"resume": True, "dry_run": False, "json": True, "quiet": True}
    listener = socket.create_server(("127.0.0.1", 0))
    worker = {"workers": count, "host": "127.0.0.1", "port": listener.getsockname()[1]}
    worker |= {"attempt": str(time.monotonic()), "timeout_ms": timeout_s * 1000}
    worker |= {"parent": os.getpid()}
    processes = []
    for rank in range(count):
        fds = [listener.fileno()] if rank == 0 else []
        place = {"rank": rank, "listen_fd": fds[0] if fds else -1}
        text = json.dumps(asked | {"worker": worker | place})
        processes.append(
            subprocess.Popen([TRAIN, text], pass_fds=fds, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
        )  # fmt: skip
    listener.close()
    return processes
